"""`registry cite`: a release as a citation that names its exact bytes.

>>> import tempfile
>>> from registry.stores import open_store
>>> from registry.testing.releases import make_release
>>> with tempfile.TemporaryDirectory() as folder:
...     store = open_store(folder + "/store")
...     _ = make_release(store, "reviews", "1.2", {"a.csv": b"id\\n1\\n"})
...     print(cite(store, Ref.parse("reviews@1.2")).bibtex.splitlines()[0])
@misc{reviews-1.2.0,
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from registry.consume.resolve import Released, resolve
from registry.errors import NotFoundError
from registry.model.names import Ref
from registry.stores.base import Store
from registry.stores.layout import read_object

CROISSANT = "croissant.json"
_LATEX = {char: f"\\{char}" for char in "&%$#_{}"} | {
    "\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Citation:
    """A release: name, version, title, year, who released it, licence, manifest digest, what its card asks to cite."""

    name: str
    version: str
    title: str
    year: str
    publisher: str
    license: str
    manifest: str
    url: str
    text: str

    @property
    def bibtex(self) -> str:
        """An entry of kind `misc`; text that LaTeX would take for commands is escaped."""
        fields = {
            "title": f"{{{_escaped(self.title or self.name)}}}",
            "author": f"{{{_escaped(self.publisher)}}}" if self.publisher else "",
            "year": self.year,
            "version": self.version,
            "note": _escaped(f"{self.name}@{self.version}, manifest sha256:{self.manifest}"),
            "license": _escaped(self.license),
            "url": _escaped(self.url),
        }
        lines = [f"  {key} = {{{value}}}" for key, value in fields.items() if value]
        return "\n".join([f"@misc{{{self.name}-{self.version},", ",\n".join(lines), "}"])

    def to_json(self) -> dict[str, Any]:
        """The `registry.cite/1` document."""
        fields = ("name", "version", "title", "year", "publisher", "license", "url", "text")
        digest = {"manifest": f"sha256:{self.manifest}", "bibtex": self.bibtex}
        return {"format": "registry.cite/1", **{key: getattr(self, key) for key in fields}, **digest}


def cite(store: Store, ref: Ref) -> Citation:
    """The citation of the release that `ref` selects; raises what `resolve` raises."""
    released = resolve(store, ref)
    manifest, described = released.manifest, _croissant(store, released)
    return Citation(
        released.name, str(released.version), manifest.title, released.reference.at[:4], manifest.released_by,
        manifest.license, released.reference.manifest, _text(described.get("url")), _text(described.get("citeAs")),
    )  # fmt: skip


def _croissant(store: Store, released: Released) -> dict[str, Any]:
    artefact = released.manifest.artefacts.get(CROISSANT)
    if artefact is None:
        return {}
    try:
        found = json.loads(read_object(store, artefact.sha256))
    except NotFoundError:
        return {}
    return found if isinstance(found, dict) else {}


def _text(value: object) -> str:
    return re.sub(r"\s+", " ", value).strip() if isinstance(value, str) else ""


def _escaped(text: str) -> str:
    return "".join(_LATEX.get(char, char) for char in _text(text))
