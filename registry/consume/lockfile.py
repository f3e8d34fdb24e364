"""`registry.lock`: which releases a project uses, each pinned by the digest of its manifest.

>>> entry = Locked("reviews", "^1.2", "1.2.0", "s3://bucket/data", "0" * 64, "1" * 64, "cc-by-4.0", "data/reviews")
>>> Lockfile((entry,)).to_bytes() == Lockfile.parse(Lockfile((entry,)).to_bytes()).to_bytes()
True

It is meant for git: one entry a dataset, in order of name, a field a line. Addresses of local
stores inside the project are relative to it, so that it means the same in another clone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any, Self

from registry.errors import ConfigError, NotFoundError
from registry.model.digest import is_sha256
from registry.model.names import Version, is_dataset_name, is_spec
from registry.workspace.files import write_bytes

FILE = "registry.lock"
FORMAT = "registry.lock/1"
_DIGESTS = ("manifest", "data")
_AWRY = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Locked:
    """One dataset: what was asked for (`spec`), the release that it gave, and where it goes.

    `manifest` and `data` are the sha256 of the release's manifest and of its file list; `path` is
    relative to the lockfile. An entry that somebody wrote by hand may lack `version` and what follows it.
    """

    name: str
    spec: str
    version: str = ""
    store: str = ""
    manifest: str = ""
    data: str = ""
    license: str = ""
    path: str = ""

    @property
    def pinned(self) -> bool:
        """Whether it names one release."""
        return bool(self.version and self.manifest and self.data)

    def to_json(self) -> dict[str, Any]:
        """Its entry in the document."""
        fields: dict[str, Any] = {key: value for key, value in asdict(self).items() if value}
        return {key: f"sha256:{value}" if key in _DIGESTS else value for key, value in fields.items()}

    @classmethod
    def parse(cls, raw: Any, where: str) -> Self:
        """Reads an entry; anything irregular raises `ConfigError` that names the field."""
        if not isinstance(raw, dict):
            raise _wrong(where, "an entry is an object")
        unknown = sorted(set(raw) - set(cls.__dataclass_fields__))
        if unknown:
            raise _wrong(where, f"unknown field `{unknown[0]}`")
        fields = {"spec": "latest", **raw}
        for key, value in fields.items():
            if not isinstance(value, str):
                raise _wrong(where, f"`{key}` is no text")
            if _AWRY.search(value):
                raise _wrong(where, f"`{key}` has a character that no address and no path has")
        for key in _DIGESTS:
            if key in fields:
                fields[key] = fields[key].removeprefix("sha256:")
                if not is_sha256(fields[key]):
                    raise _wrong(where, f"`{key}` is no sha256")
        if not is_dataset_name(fields.get("name", "")):
            raise _wrong(where, "`name` is no dataset name")
        if not is_spec(fields["spec"]) or ("version" in fields and not Version.is_version(fields["version"])):
            raise _wrong(where, "`spec` or `version` selects no version")
        fields["path"] = fields.get("path") or fields["name"]
        if not _is_inside(fields["path"]):
            raise _wrong(where, "`path` leads out of the project")
        return cls(**fields)


@dataclass(frozen=True, slots=True)
class Lockfile:
    """All entries, by name."""

    entries: tuple[Locked, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "entries", tuple(sorted(self.entries, key=lambda entry: entry.name)))

    def get(self, name: str) -> Locked | None:
        """The entry of a dataset, if there is one."""
        return next((entry for entry in self.entries if entry.name == name), None)

    def with_entries(self, found: Iterable[Locked]) -> Lockfile:
        """With these entries instead of those of the same names."""
        return Lockfile(tuple({entry.name: entry for entry in (*self.entries, *found)}.values()))

    def to_json(self) -> dict[str, Any]:
        """The `registry.lock/1` document."""
        return {"format": FORMAT, "datasets": [entry.to_json() for entry in self.entries]}

    def to_bytes(self) -> bytes:
        """The document, a field a line."""
        return (json.dumps(self.to_json(), ensure_ascii=False, indent=2) + "\n").encode()

    @classmethod
    def parse(cls, data: bytes, where: str = FILE) -> Lockfile:
        """Reads the document; anything irregular raises `ConfigError`."""
        try:
            raw = json.loads(data)
        except (ValueError, RecursionError) as error:
            raise _wrong(where, f"no JSON: {str(error)[:120]}") from error
        if not isinstance(raw, dict) or raw.get("format") != FORMAT or not isinstance(raw.get("datasets"), list):
            raise _wrong(where, f"not of the format {FORMAT}")
        entries = [Locked.parse(entry, f"{where}, entry {at}") for at, entry in enumerate(raw["datasets"], 1)]
        for what, values in (
            ("name", [e.name for e in entries]),
            ("path", [str(PurePosixPath(e.path)) for e in entries]),
        ):
            twice = sorted({value for value in values if values.count(value) > 1})
            if twice:
                raise _wrong(where, f"two entries have the {what} `{twice[0]}`")
        paths = {PurePosixPath(entry.path) for entry in entries}
        for path in sorted(paths):
            if outer := paths.intersection(path.parents):
                raise _wrong(where, f"the path `{path}` is inside `{min(outer)}`")
        return cls(tuple(entries))

    @classmethod
    def load(cls, folder: Path) -> Lockfile:
        """The lockfile of a project; `NotFoundError` where there is none."""
        file = folder / FILE
        try:
            data = file.read_bytes()
        except FileNotFoundError as error:
            raise NotFoundError(f"there is no {FILE} in {folder}", hint="registry lock NAME@^1.2") from error
        found = cls.parse(data, str(file))
        return cls(tuple(replace(entry, store=_absolute(entry.store, folder)) for entry in found.entries))

    def save(self, folder: Path) -> None:
        """Writes it, whole or not at all."""
        relative = tuple(replace(entry, store=_relative(entry.store, folder)) for entry in self.entries)
        write_bytes(folder / FILE, Lockfile(relative).to_bytes())


def _wrong(where: str, why: str) -> ConfigError:
    return ConfigError(f"{where} cannot be read", why=why, hint="mend it, or make it anew: registry lock NAME@SPEC")


def _is_inside(path: str) -> bool:
    parts = PurePosixPath(path).parts
    return bool(parts) and not path.startswith("/") and ".." not in parts and not set(path) & {"\\", "\0"}


def _absolute(url: str, folder: Path) -> str:
    path = url.removeprefix("file:")
    return f"file:{folder.absolute() / path}" if url.startswith("file:") and not path.startswith("/") else url


def _relative(url: str, folder: Path) -> str:
    path = Path(url.removeprefix("file:"))
    inside = url.startswith("file:") and path.is_relative_to(folder.absolute())
    return f"file:{path.relative_to(folder.absolute())}" if inside else url
