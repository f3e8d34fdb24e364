"""How two states of a dataset differ: rows counted by split, labels, columns, and the facts that decide a version.

>>> rows = RowChanges(added={"train": 12}, moved={("train", "test"): 2}, keyed=True)
>>> rows.total("added"), rows.total("moved"), rows.of("train")
(12, 2, {'added': 12})
>>> RowChanges().any
False
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from registry.model.names import Version
from registry.model.release import ChangeFact, Level

Kind = Literal["added", "removed", "edited", "relabelled"]
KINDS: tuple[Kind, ...] = ("added", "removed", "edited", "relabelled")
PAIRS = ("moved", "labels", "gone")
FROZEN = "frozen-"
"""How the kinds of facts begin that are about frozen splits."""
GRAVE = frozenset({"class-without-rows"})
"""Kinds of facts that nobody may overlook, whatever version they demand."""
WORDS: Mapping[str, str] = {"edited": "changed"}  # of the documents, where another word is promised


@dataclass(frozen=True, slots=True)
class RowChanges:
    """Rows that differ. By split: `added`, `removed`, `edited` (another value beside the label), `relabelled`.

    `edited` and `relabelled` count by the split of the newer state; a row may be both, and moved.
    `moved` counts by (old split, new split), `labels` by (old label, new label), `columns` the edited
    values of each column, `gone` by (split, label) the rows of labels that the newer state has none of.
    With `keyed` rows are the same row by their key; without, rows are equal by their values: an edit is
    one row removed and one added, and a row is relabelled if all but its label stays. `note` says why a
    declared key was not used, or what was left out. `samples` are the first keys, at most 20, of each
    kind (and of `moved`), as evidence names rows.
    """

    added: Mapping[str, int] = field(default_factory=dict)
    removed: Mapping[str, int] = field(default_factory=dict)
    edited: Mapping[str, int] = field(default_factory=dict)
    relabelled: Mapping[str, int] = field(default_factory=dict)
    moved: Mapping[tuple[str, str], int] = field(default_factory=dict)
    labels: Mapping[tuple[str | None, str | None], int] = field(default_factory=dict)
    columns: Mapping[str, int] = field(default_factory=dict)
    gone: Mapping[tuple[str, str], int] = field(default_factory=dict)
    keyed: bool = False
    note: str = ""
    samples: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def any(self) -> bool:
        """Whether any row differs."""
        return bool(self.moved) or any(self.total(kind) for kind in KINDS)

    def total(self, kind: str) -> int:
        """Rows of a kind (one of `KINDS`, or `moved`) in all splits."""
        counts: Mapping[Any, int] = getattr(self, kind)
        return sum(counts.values())

    def of(self, split: str) -> dict[str, int]:
        """What changed in a split, by kind; moved rows are counted nowhere here."""
        found = {kind: getattr(self, kind).get(split, 0) for kind in KINDS}
        return {kind: count for kind, count in found.items() if count}

    def to_json(self) -> dict[str, Any]:
        """The part `rows` of a `registry.diff/1` document."""
        totals = {WORDS.get(kind, kind): self.total(kind) for kind in (*KINDS, "moved")}
        splits = sorted({split for kind in KINDS for split, count in getattr(self, kind).items() if count})
        return {
            **totals,
            "keyed": self.keyed,
            "note": self.note,
            "splits": {s: {WORDS.get(kind, kind): n for kind, n in self.of(s).items()} for s in splits},
            "moves": [{"from": old, "to": new, "count": n} for (old, new), n in sorted(self.moved.items())],
            "gone": [{"split": split, "label": label, "count": n} for (split, label), n in sorted(self.gone.items())],
            "samples": {WORDS.get(kind, kind): list(keys) for kind, keys in sorted(self.samples.items())},
        }

    def kept(self) -> dict[str, Any]:
        """A JSON value that holds everything.

        >>> changes = RowChanges(relabelled={"test": 2}, labels={("a", None): 2}, moved={("a", "b"): 1})
        >>> RowChanges.of_kept(changes.kept()) == changes
        True
        """
        counts = {kind: dict(getattr(self, kind)) for kind in (*KINDS, "columns")}
        pairs = {kind: [[*pair, n] for pair, n in getattr(self, kind).items()] for kind in PAIRS}
        samples = {kind: list(keys) for kind, keys in self.samples.items()}
        return {**counts, **pairs, "keyed": self.keyed, "note": self.note, "samples": samples}

    @classmethod
    def of_kept(cls, document: Mapping[str, Any]) -> RowChanges:
        """The value that `kept` gave."""
        pairs = {kind: {(old, new): n for old, new, n in document[kind]} for kind in PAIRS}
        samples = {kind: tuple(keys) for kind, keys in document["samples"].items()}
        return cls(**{**document, **pairs, "samples": samples})


@dataclass(frozen=True, slots=True)
class Shift:
    """How far the values of a column moved: divergence in bits (0 equal, 1 disjoint; None: not comparable).

    `missing_before` and `missing` are the shares of rows without a value.
    """

    column: str
    divergence: float | None
    missing_before: float | None = None
    missing: float | None = None

    @property
    def moved(self) -> bool:
        """Whether anything moved."""
        return bool(self.divergence) or self.missing_before != self.missing

    def to_json(self) -> dict[str, Any]:
        """Its entry in a `registry.diff/1` document."""
        missing = {"before": self.missing_before, "after": self.missing}
        return {"column": self.column, "divergence": self.divergence, "missing": missing}


@dataclass(frozen=True, slots=True)
class Difference:
    """What tells the state `after` from `before` (both in words); `rows` is None where rows were not compared.

    `label` is the column that `rows.labels` is about; `unread` says why rows were not compared; `shifts`
    are the columns whose distribution moved, the furthest first, where both profiles are known.
    """

    before: str
    after: str
    level: Level
    facts: tuple[ChangeFact, ...] = ()
    rows: RowChanges | None = None
    label: str | None = None
    unread: str = ""
    shifts: tuple[Shift, ...] = ()

    @property
    def thawed(self) -> tuple[str, ...]:
        """The frozen splits that changed, by name: scores published on them compare no longer."""
        return tuple(sorted({fact.split or "" for fact in self.facts if fact.kind.startswith(FROZEN)}))

    @property
    def grave(self) -> tuple[ChangeFact, ...]:
        """What nobody may overlook, the gravest first: of frozen splits, what is major, classes left without rows."""
        chosen = (fact for fact in self.facts if fact.level == "major" or fact.kind in GRAVE)
        return tuple(sorted(chosen, key=lambda fact: (not fact.kind.startswith(FROZEN), fact.level != "major")))

    @property
    def least(self) -> Version | None:
        """The least version that a release of `after` may have; None where `before` is no release of it, or is equal.

        >>> str(Difference("reviews@1.0.0", "reviews", "minor").least)
        '1.1.0'
        >>> Difference("voters@1.0.0", "electors", "minor").least is None
        True
        """
        name, _, released = self.before.partition("@")
        same = self.after.partition("@")[0].partition(" ")[0] == name
        known = same and self.level != "none" and Version.is_version(released)
        return Version.parse(released).bump(self.level) if known else None

    def to_json(self) -> dict[str, Any]:
        """The `registry.diff/1` document."""
        rows = self.rows
        labels = [] if rows is None else [
            {"from": old, "to": new, "count": n}
            for (old, new), n in sorted(rows.labels.items(), key=lambda item: (-item[1], str(item[0])))
        ]  # fmt: skip
        return {
            "format": "registry.diff/1",
            "from": self.before,
            "to": self.after,
            "level": self.level,
            "facts": [fact.to_json() for fact in self.facts],
            "rows": None if rows is None else rows.to_json(),
            "columns": {} if rows is None else dict(sorted(rows.columns.items())),
            "labels": {self.label: labels} if self.label and labels else {},
            "unread": self.unread,
            "shifts": [shift.to_json() for shift in self.shifts],
        }
