"""The one set of facts that every document of a release is made from.

Card, reports, Croissant metadata and changelog read a `ReleaseFacts` and nothing
else, so that a number cannot differ between two of them.

>>> card = Declared(fields={"summary": "Reviews.", "language": ["ko"]}, sections={"purpose": "Sentiment."})
>>> card.has("summary"), card.has("purpose"), card.has("contact")
(True, True, False)
>>> Declared.from_json(card.to_json()) == card
True
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from registry.model.changes import Mended
from registry.model.evidence import Evidence
from registry.model.files import FileList
from registry.model.process import Process
from registry.model.release import ChangeFact, Level
from registry.model.schema import DatasetSchema


@dataclass(frozen=True, slots=True)
class Declared:
    """What people state about a dataset: fields of the front matter, and prose by section.

    Keys of `fields` are written with underscores (`pretty_name`, `personal_data`), keys
    of `sections` with hyphens (`personal-data`). `extra` holds sections of other names
    as (heading, text). `template` is the text of a card's own template, or empty, and
    `template_file` its place. `process` says how it was made and from which sources, with
    the files attached. Nothing here is measured.
    """

    fields: Mapping[str, Any] = field(default_factory=dict)
    sections: Mapping[str, str] = field(default_factory=dict)
    extra: tuple[tuple[str, str], ...] = ()
    template: str = ""
    template_file: str = ""
    process: Process = field(default_factory=Process)

    def text(self, name: str) -> str:
        """The field `name` as text, or the empty string."""
        value = self.fields.get(name.replace("-", "_"))
        return "" if value is None or isinstance(value, list | tuple | dict) else str(value)

    def values(self, name: str) -> tuple[str, ...]:
        """The field `name` as a tuple; a single value counts as one."""
        value = self.fields.get(name.replace("-", "_"))
        if value is None or value == "":
            return ()
        return tuple(str(v) for v in value) if isinstance(value, list | tuple) else (str(value),)

    @property
    def terms(self) -> str:
        """The licence by its name, which `license: other` has in `license_name`; empty if none is declared."""
        named = self.text("license_name") if self.text("license") == "other" else ""
        return named or self.text("license")

    def section(self, name: str) -> str:
        """The prose of section `name`, or the empty string."""
        return self.sections.get(name.replace("_", "-"), "")

    def has(self, name: str) -> bool:
        """Whether anything was declared under `name`: a field, a section, `sources`, or `process.<record>[.<key>]`."""
        if name == "sources" or name.startswith("process."):
            return self.process.has(name.removeprefix("process."))
        return bool(self.values(name) or self.section(name).strip())

    def to_json(self) -> dict[str, Any]:
        """A JSON value that holds everything; it takes part in a release's `content` digest."""
        document: dict[str, Any] = {"fields": dict(self.fields), "sections": dict(self.sections)}
        if self.extra:
            document["extra"] = [list(pair) for pair in self.extra]
        if self.template:
            document["template"] = self.template
        if self.process:
            document["process"] = self.process.to_json()
        return document

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Declared:
        """The value that `to_json` wrote."""
        extra = tuple((heading, text) for heading, text in document.get("extra", ()))
        process = Process.from_json(document["process"]) if "process" in document else Process()
        template = document.get("template", "")
        return cls(dict(document["fields"]), dict(document["sections"]), extra, template, process=process)


@dataclass(frozen=True, slots=True)
class ReleaseFacts:
    """Everything the documents of one release need.

    `profile` is the `registry.profile/1` document. `split_files` maps each split to its
    data paths (files, or of images the folder) where paths decide, and `split_bytes` to their bytes; where the column
    `split_column` decides both are empty. `date` is the ISO date of the commit that
    last touched the dataset, or empty: documents know no other clock. `level` and
    `changes` say what differs from `previous`; `before` is the previous release's profile,
    `history` the key figures of the releases before this one, the oldest first (empty where
    there are none), `mended` how the data was mended, the oldest first. `required` names the
    declarations without which a release fails. `store` is the address that others reach the
    release at (empty where it is this machine's alone), `endpoint` that of an S3 other than AWS,
    `hub` the repository of its mirror on the Hub.
    """

    name: str
    schema: DatasetSchema
    profile: Mapping[str, Any]
    files: FileList
    format: str
    declared: Declared = field(default_factory=Declared)
    evidence: Evidence | None = None
    version: str | None = None
    previous: str | None = None
    title: str = ""
    license: str = ""
    split_files: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    split_bytes: Mapping[str, int] = field(default_factory=dict)
    split_column: str | None = None
    released_by: str = ""
    date: str = ""
    repository: str = ""
    level: Level = "none"
    changes: tuple[ChangeFact, ...] = ()
    before: Mapping[str, Any] | None = None
    history: tuple[Mapping[str, Any], ...] = ()
    mended: tuple[Mended, ...] = ()
    required: tuple[str, ...] = ()
    store: str = ""
    endpoint: str = ""
    hub: str = ""

    @property
    def heading(self) -> str:
        """The title for people: as declared, else of the schema, else the name."""
        return self.title or self.declared.text("pretty_name") or self.schema.title or self.name

    @property
    def license_id(self) -> str:
        """The licence: as given, else of the card, else of the schema; empty if none is declared."""
        return self.license or self.declared.terms or self.schema.license

    @property
    def ref(self) -> str:
        """`name@version`, or the name alone before a release."""
        return f"{self.name}@{self.version}" if self.version else self.name

    @property
    def rows(self) -> int:
        """Rows of all splits."""
        return int(self.profile["rows"])

    @property
    def splits(self) -> tuple[tuple[str, int], ...]:
        """(split, rows) in split order."""
        return tuple((split["name"], split["rows"]) for split in self.profile["splits"])


def split_paths(files: FileList, split_files: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """Each split's files, where `split_files` names files or the folders that hold them (`.` is the root).

    A file below several folders belongs to the deepest.

    >>> from registry.model.files import FileEntry
    >>> names = ("a/0.png", "a/b/1.png")
    >>> listed = FileList.of(FileEntry(name, 1, "0" * 32, "0" * 64) for name in names)
    >>> split_paths(listed, {"train": ("a",), "test": ("a/b",)})
    {'train': ('a/0.png',), 'test': ('a/b/1.png',)}
    """
    owner = {path: split for split, paths in split_files.items() for path in paths}
    found: dict[str, list[str]] = {split: [] for split in split_files}
    for entry in files:
        place = next((place for place in _upwards(entry.path) if place in owner), None)
        if place is not None:
            found[owner[place]].append(entry.path)
    return {split: tuple(paths) for split, paths in found.items()}


def _upwards(path: str) -> Iterator[str]:
    """The path, its folders from the deepest, and the root."""
    while path:
        yield path
        path = path.rpartition("/")[0]
    yield "."


def split_bytes(files: FileList, split_files: Mapping[str, tuple[str, ...]]) -> dict[str, int]:
    """Bytes of each split's files; `split_files` as for `split_paths`."""
    sizes = {entry.path: entry.size for entry in files}
    return {split: sum(sizes[path] for path in paths) for split, paths in split_paths(files, split_files).items()}
