"""What was done to the data between two releases, as records of `registry split`, `drop`, `relabel` and `mask` tell.

>>> state = {"sha256": "0" * 64, "md5": "0" * 32, "rows": 9, "splits": {"train": 7, "test": 2}}
>>> drop = {"checks": {"leakage-exact": 1}, "rows": {"train": 0, "test": 1}, "samples": []}
>>> record = {"kind": "drop", "why": "copied", "before": state, "after": state, "drop": drop}
>>> found = Mended.of("changes/x/0001-drop.json", record)
>>> found.rows, found.splits, found.checks
(1, {'test': 1}, {'leakage-exact': 1})
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from registry.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Mended:
    """One change: the path of its record, its kind, and the reason that a person gave (or nothing).

    `rows` were moved to another split, dropped, given another label, or masked; `splits` are the rows
    of each split afterwards, or of each in which some were changed, `checks` the rows that each
    named check found, `people` the labels that each person set, `kinds` what was masked of each.
    `together` says what kept rows in one split. `before` and `after` are the digests of the data.
    """

    record: str
    kind: Literal["split", "drop", "relabel", "mask"]
    why: str
    rows: int
    splits: Mapping[str, int]
    before: str
    after: str
    checks: Mapping[str, int] = field(default_factory=dict)
    stratify: str = ""
    time: str = ""
    group: str = ""
    near: bool = False
    folds: int = 0
    people: Mapping[str, int] = field(default_factory=dict)
    kinds: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, record: str, document: Mapping[str, Any]) -> Mended:
        """The change that a `registry.change/1` document records; raises `ConfigError` for a broken one."""
        try:
            return cls._read(record, document)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            why = f"{type(error).__name__}: {error}"
            hint = f"git checkout -- {record}"
            raise ConfigError(f"{record} is no record of a change", why=why, hint=hint) from error

    @classmethod
    def _read(cls, record: str, document: Mapping[str, Any]) -> Mended:
        before, after = (str(document[state]["sha256"]) for state in ("before", "after"))
        why = str(document["why"])
        if document["kind"] == "drop":
            dropped = {str(split): int(rows) for split, rows in document["drop"]["rows"].items() if rows}
            checks = {str(check): int(rows) for check, rows in document["drop"]["checks"].items()}
            return cls(record, "drop", why, sum(dropped.values()), dropped, before, after, checks)
        if document["kind"] == "relabel":
            told = document["relabel"]
            rows, people = ({str(key): int(n) for key, n in told[part].items()} for part in ("rows", "by"))
            return cls(record, "relabel", why, sum(rows.values()), rows, before, after, people=people)
        if document["kind"] == "mask":
            told = document["mask"]
            rows, kinds = ({str(key): int(n) for key, n in told[part].items() if n} for part in ("rows", "kinds"))
            return cls(record, "mask", why, sum(rows.values()), rows, before, after, kinds=kinds)
        if document["kind"] != "split":
            raise ValueError(f"unknown kind {document['kind']!r}")
        plan, together = document["split"]["plan"], document["split"]["together"]
        return cls(
            record,
            "split",
            why,
            int(document["moved"]),
            {str(split): int(rows) for split, rows in document["after"]["splits"].items()},
            before,
            after,
            stratify=plan["stratify"] or "",
            time=plan["time"] or "",
            group=together["group"] or "",
            near=bool(together["near"]),
            folds=int(plan["folds"] or 0),
        )
