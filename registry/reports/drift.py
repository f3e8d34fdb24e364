"""How far each column moved since the release before: from the two profiles alone.

>>> column = {"index": 0, "name": "n", "kind": "number", "role": None, "overall": {"null_share": 0.0}}
>>> column["histogram"] = {"edges": [0, 1], "counts": {"train": [5]}, "below": {"train": 0}, "above": {"train": 0}}
>>> profile = {"columns": [column], "rows": 5}
>>> drift_of(profile, profile).columns[0].divergence
0.0
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from registry.checks.distances import aligned, distance

Profile = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Moved:
    """One column: divergence in bits (0 equal, 1 disjoint; None: not comparable), share missing before and now."""

    index: int
    name: str
    divergence: float | None
    missing_before: float | None
    missing: float | None


@dataclass(frozen=True, slots=True)
class Drift:
    """The columns that both profiles hold, the furthest first, and those that only one holds."""

    columns: tuple[Moved, ...]
    added: tuple[str, ...]
    removed: tuple[str, ...]
    rows: int


def drift_of(before: Profile, now: Profile) -> Drift:
    """What moved between two `registry.profile/1` documents."""
    old = {column["name"]: column for column in before["columns"]}
    new = {column["name"]: column for column in now["columns"]}
    moved = [_moved(old[name], column) for name, column in new.items() if name in old]
    moved.sort(key=lambda m: (-(m.divergence if m.divergence is not None else -1.0), m.name))
    added, removed = ([n for n in one if n not in other] for one, other in ((new, old), (old, new)))
    return Drift(tuple(moved), tuple(added), tuple(removed), now["rows"] - before["rows"])


def _moved(old: Profile, new: Profile) -> Moved:
    shares = old["overall"]["null_share"], new["overall"]["null_share"]
    return Moved(new["index"], new["name"], distance("js", aligned(old, new)), *shares)
