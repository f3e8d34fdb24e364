"""The record of a change to the data: what was done and why, from which bytes to which.

`changes/<name>/<number>-<kind>.json`, committed together with the pointer. It names the data
before and after by digest, so that a changelog can cite it and a reader can check it; it
holds no clock, and the same change gives the same bytes. The record is written before the
data is swapped: a run that was killed between finds it again and goes on.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from registry.checks.discreet import discreet
from registry.content.hashing import Snapshot
from registry.errors import ConfigError
from registry.model.changes import Mended
from registry.workspace.files import write_bytes
from registry.workspace.workspace import CHANGES, Workspace

FORMAT = "registry.change/1"


@dataclass(frozen=True, slots=True)
class State:
    """Data by digest, with its rows by split."""

    sha256: str
    md5: str
    splits: Mapping[str, int]

    @classmethod
    def of(cls, snapshot: Snapshot, splits: Mapping[str, int]) -> State:
        """The state of a snapshot."""
        return cls(snapshot.files.sha256, snapshot.md5, dict(splits))

    def to_json(self) -> dict[str, Any]:
        """The `before` or `after` of a record."""
        return {"sha256": self.sha256, "md5": self.md5, "rows": sum(self.splits.values()), "splits": dict(self.splits)}


@dataclass(frozen=True, slots=True)
class Change:
    """One change of `dataset`: its kind (`split`, `drop` or `mask`), why it was made, the states, further details."""

    dataset: str
    kind: str
    why: str
    before: State
    after: State
    details: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The `registry.change/1` document, which is committed and cited: what is personal is hidden in it."""
        return {
            "format": FORMAT,
            "dataset": self.dataset,
            "kind": self.kind,
            "why": discreet(self.why),
            "before": self.before.to_json(),
            "after": self.after.to_json(),
            **discreet(self.details),
        }


def records_of(workspace: Workspace, dataset: str) -> list[tuple[Path, dict[str, Any]]]:
    """The records of a dataset, oldest first; a broken one raises `ConfigError`."""
    found = []
    for file in workspace.records(dataset):
        try:
            document = json.loads(file.read_bytes())
        except ValueError as error:
            raise ConfigError(f"{file} is no JSON", why=str(error), hint=f"git checkout -- {file}") from error
        if not isinstance(document, dict) or document.get("format") != FORMAT:
            raise ConfigError(f"{file} is no record of a change", hint=f"git checkout -- {file}")
        found.append((file, document))
    return found


def mended_of(workspace: Workspace, dataset: str) -> tuple[Mended, ...]:
    """What was done to the data of a dataset, the oldest first; a broken record raises `ConfigError`."""
    found = records_of(workspace, dataset)
    return tuple(Mended.of(file.relative_to(workspace.root).as_posix(), document) for file, document in found)


def keep(workspace: Workspace, change: Change) -> Path:
    """Writes the record of `change`, unless the last one says the same; where it lies."""
    known = records_of(workspace, change.dataset)
    document = change.to_json()
    if known and known[-1][1] == json.loads(_text(document)):
        return known[-1][0]
    number = _number(known[-1][0]) + 1 if known else 1
    file = workspace.root / CHANGES / change.dataset / f"{number:04}-{change.kind}.json"
    write_bytes(file, _text(document))
    return file


def _text(document: Mapping[str, Any]) -> bytes:
    """JSON that a person reads in a pull request."""
    return (json.dumps(document, ensure_ascii=False, sort_keys=True, indent=2) + "\n").encode()


def _number(file: Path) -> int:
    found = re.match(r"\d+", file.name)
    return int(found[0]) if found else 0
