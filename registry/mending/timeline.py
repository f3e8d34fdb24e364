"""Splits in the order of time: cut only where every unit lies wholly before or wholly after.

>>> import numpy as np
>>> units = Spans(np.array([1, 2, 5, 6]), np.array([3, 4, 5, 6]), np.array([1, 1, 1, 1]))
>>> cuts = moments(units, {"train": 0.5, "test": 0.5})
>>> cuts, places_in_time(units, cuts).tolist()
((5,), [0, 0, 1, 1])
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from registry.errors import UsageError
from registry.mending.draw import Ints, bounds_of

Moments = np.ndarray[Any, Any]
_HINT = "drop what ties early to late rows first (registry drop NAME --check duplicates), or leave out --time"


@dataclass(frozen=True, slots=True)
class Spans:
    """Units in time: the moment of the first and of the last row of each, and its number of rows."""

    first: Moments
    last: Moments
    rows: Ints


def moments(units: Spans, shares: Mapping[str, float]) -> tuple[Any, ...]:
    """The moments at which the later splits begin, as near to the shares as whole units allow.

    Rows of one moment stay together, since the later split must be later. Raises
    `UsageError` where there are too few places to cut.
    """
    order = np.argsort(units.first, kind="stable")
    first, rows = units.first[order], units.rows[order]
    reached = np.maximum.accumulate(units.last[order]) if len(order) else first
    at = np.flatnonzero(reached[:-1] < first[1:]) + 1
    before = np.cumsum(rows)[at - 1] / max(int(rows.sum()), 1)
    chosen: list[int] = []
    for bound in bounds_of(shares):
        least = chosen[-1] + 1 if chosen else 0
        left = len(shares) - 2 - len(chosen)  # cuts that still have to come
        free = before[least : len(before) - left]
        if not len(free):
            why = f"{len(at)} moments part the units, {len(shares) - 1} are needed"
            raise UsageError("the splits cannot follow time", why=why, hint=_HINT)
        chosen.append(least + int(np.argmin(np.abs(free - bound))))
    return tuple(first[at[one]].item() for one in chosen)


def places_in_time(units: Spans, cuts: tuple[Any, ...]) -> Ints:
    """The place of each unit among the splits, from 0; a unit on both sides of a cut raises `UsageError`."""
    bounds = np.asarray(cuts, units.first.dtype)
    early, late = (np.searchsorted(bounds, some, side="right") for some in (units.first, units.last))
    if crossing := int((early != late).sum()):
        why = f"{crossing:,} units (groups, or equal rows) lie on both sides of a moment cut before"
        raise UsageError("the splits cannot follow time", why=why, hint=_HINT)
    found: Ints = early
    return found
