"""How a dataset was made, as people record it: typed records, sources, and the files that go with them.

>>> guide = Attachment.of("guideline.md", b"Label every review.")
>>> made = Process({"guideline": {"version": "2.1", "file": "guideline.md"}}, (), (guide,))
>>> made.has("guideline"), made.has("guideline.version"), made.has("annotators.pay"), made.has("sources")
(True, True, False, False)
>>> Process.from_json(made.to_json()) == made
True
>>> [str(change) for change in changes(Process(), made)]
['process-changed: guideline: declared', 'attachment-added: guideline.md']
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

from registry.model.digest import sha256_of

Kind = Literal["text", "count", "share", "coefficient", "date", "file", "sha256", "url"]

# Record → its keys and what each holds. The steps of DMOps (Choi & Park 2023, arXiv:2301.01228) that a person
# answers for; what a machine can measure is measured and has no place here.
RECORDS: Mapping[str, Mapping[str, Kind]] = {
    "guideline": {"version": "text", "title": "text", "file": "file", "url": "url", "sha256": "sha256"},
    "annotators": {
        "count": "count",
        "recruitment": "text",
        "demographics": "text",
        "training": "text",
        "pay": "text",
        "platform": "text",
        "per_item": "count",
    },
    "review": {"method": "text", "reviewers": "count", "share": "share", "rejected": "share", "file": "file"},
    "ethics": {"board": "text", "decision": "text", "number": "text", "date": "date", "file": "file"},
    "pilot": {
        "items": "count",
        "rounds": "count",
        "agreement": "coefficient",
        "metric": "text",
        "findings": "text",
        "file": "file",
    },
    "consent": {"basis": "text", "withdrawal": "text", "until": "date", "file": "file"},
    "retention": {"until": "date", "policy": "text"},
}
SOURCE: Mapping[str, Kind] = {"name": "text", "version": "text", "digest": "text", "license": "text", "url": "url"}
# All that a policy may require: `sources`, a record, or a key of one.
NAMES: tuple[str, ...] = (
    "sources",
    *(f"process.{record}" for record in RECORDS),
    *(f"process.{record}.{key}" for record, keys in RECORDS.items() for key in keys),
)
CUT = 60  # characters of a value in a change


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that ships with a release: path in the card's folder, digest, size, and its bytes where they are known."""

    path: str
    sha256: str
    size: int
    data: bytes = field(default=b"", compare=False, repr=False)

    @classmethod
    def of(cls, path: str, data: bytes) -> Attachment:
        """The attachment of these bytes."""
        return cls(path, sha256_of(data), len(data), data)


@dataclass(frozen=True, slots=True)
class Process:
    """Records by name (keys and kinds as `RECORDS` says), source datasets (keys of `SOURCE`), attached files.

    Dates are ISO text, shares lie in 0…1.
    """

    records: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    sources: tuple[Mapping[str, str], ...] = ()
    attachments: tuple[Attachment, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.records or self.sources or self.attachments)

    def has(self, name: str) -> bool:
        """Whether `sources`, a record, or a key of one (`annotators.pay`) is declared."""
        record, _, key = name.partition(".")
        if record == "sources":
            return bool(self.sources)
        return key in self.records.get(record, {}) if key else record in self.records

    def day(self, record: str) -> date | None:
        """The day through which `record` holds, if it says one."""
        until = self.records.get(record, {}).get("until")
        return date.fromisoformat(until) if until else None

    def attachment(self, record: str) -> Attachment | None:
        """The file of `record`, if it names one."""
        path = self.records.get(record, {}).get("file")
        return next((one for one in self.attachments if one.path == path), None)

    def to_json(self) -> dict[str, Any]:
        """The `registry.process/1` document; it holds the digests of attached files, and not their bytes."""
        return {
            "format": "registry.process/1",
            "records": {name: dict(record) for name, record in self.records.items()},
            "sources": [dict(source) for source in self.sources],
            "attachments": [{"path": a.path, "sha256": a.sha256, "bytes": a.size} for a in self.attachments],
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Process:
        """The value that `to_json` wrote, without the bytes of attached files."""
        return cls(
            {name: dict(record) for name, record in document["records"].items()},
            tuple(dict(source) for source in document["sources"]),
            tuple(Attachment(a["path"], a["sha256"], a["bytes"]) for a in document["attachments"]),
        )


@dataclass(frozen=True, slots=True)
class ProcessChange:
    """One difference of two processes: `kind` is a stable word, `detail` says what."""

    kind: str
    detail: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.detail}"


def changes(before: Process, after: Process) -> Iterator[ProcessChange]:
    """What tells `after` from `before`: a change a record, a source, and an attached file."""
    for name in RECORDS:
        old, new = before.records.get(name, {}), after.records.get(name, {})
        if old != new:
            yield ProcessChange("process-changed", f"{name}: {_told(old, new)}")
    yield from _sources(before.sources, after.sources)
    files, now = ({a.path: a.sha256 for a in side.attachments} for side in (before, after))
    for path in sorted(files.keys() | now.keys()):
        if files.get(path) != now.get(path):
            word = "added" if path not in files else "changed" if path in now else "removed"
            yield ProcessChange(f"attachment-{word}", path)


def _told(old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    if not old or not new:
        return "declared" if new else "no longer declared"
    keys = [key for key in {**old, **new} if old.get(key) != new.get(key)]
    return ", ".join(f"{key} {_value(old.get(key))} → {_value(new.get(key))}" for key in keys)


def _value(value: Any) -> str:
    text = "none" if value is None else " ".join(str(value).split())
    return text if len(text) <= CUT else f"{text[: CUT - 1]}…"


def _sources(before: tuple[Mapping[str, str], ...], after: tuple[Mapping[str, str], ...]) -> Iterator[ProcessChange]:
    """Sources of one name are one source that moved from version to version, where each side has one of that name."""
    for name in dict.fromkeys(source["name"] for source in (*before, *after)):
        old, new = ([s for s in side if s["name"] == name] for side in (before, after))
        if old == new:
            continue
        if len(old) == len(new) == 1:
            yield ProcessChange("source-changed", f"{_value(name)}: {_told(old[0], new[0])}")
            continue
        for word, gone, other in (("removed", old, new), ("added", new, old)):
            for source in gone:
                if source not in other:
                    version = f" {_value(source['version'])}" if "version" in source else ""
                    yield ProcessChange(f"source-{word}", f"{_value(name)}{version}")
