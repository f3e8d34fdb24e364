"""Which split a draw falls to: pure numbers, no data.

A draw is the first 48 bits of the sha256 of seed and name, so that anybody can compute it:

>>> import numpy as np
>>> shares = {"train": 0.8, "validation": 0.1, "test": 0.1}
>>> [list(shares)[place] for place in places(np.array([draw(7, f"k2:r{i}") for i in range(6)]), plain_cuts(shares))]
['train', 'train', 'validation', 'train', 'validation', 'train']

Where each split begins is a cut. Plain cuts follow from the shares alone. Fair cuts are laid
within each stratum so that its shares are met as closely as whole units allow; once laid they
are kept, and so a unit stays where it is while others come.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from registry.errors import UsageError
from registry.model.splits import ordered_splits

SPAN = 1 << 48  # draws are below; a float holds every one of them
Ints = np.ndarray[Any, np.dtype[np.int64]]
Flags = np.ndarray[Any, np.dtype[np.bool_]]
Cuts = tuple[int, ...]
_HINT = "registry split NAME --shares train=0.8,validation=0.1,test=0.1"


@dataclass(frozen=True, slots=True)
class Strata:
    """Of each unit the place of its stratum among `names`."""

    of_unit: Ints
    names: tuple[str, ...]


def draw(seed: int, name: str) -> int:
    """The draw of a unit called `name`; SQL computes the same in `registry.mending.units`."""
    return int(hashlib.sha256(f"{seed}:{name}".encode()).hexdigest()[:12], 16)


def parse_shares(text: str, declared: tuple[str, ...] = ()) -> dict[str, float]:
    """`train=0.8,test=0.2` as shares in the order of splits; what does not add up to 1 raises `UsageError`.

    >>> parse_shares("test=0.25,train=0.75")
    {'train': 0.75, 'test': 0.25}
    """
    found: dict[str, float] = {}
    for item in text.split(","):
        name, equals, share = (part.strip() for part in item.partition("="))
        try:
            value = float(share)
        except ValueError:
            value = math.nan
        if not name or not equals or not 0 < value <= 1 or name in found:
            why = "a share reads name=number, each name once, each number above 0 and at most 1"
            raise UsageError(f"`{item}` is no share of a split", why=why, hint=_HINT)
        found[name] = value
    total = math.fsum(found.values())
    if abs(total - 1) > 1e-6:
        raise UsageError(f"the shares add up to {total:.6g}, not to 1", hint=_HINT)
    return {name: found[name] for name in ordered_splits(found, declared)}


def plain_cuts(shares: Mapping[str, float]) -> Cuts:
    """The cuts that the shares alone give: one fewer than splits, ascending.

    >>> [round(cut / SPAN, 3) for cut in plain_cuts({"train": 0.8, "test": 0.2})]
    [0.8]
    """
    return tuple(round(bound * SPAN) for bound in bounds_of(shares))


def fair_cuts(draws: Ints, rows: Ints, shares: Mapping[str, float]) -> Cuts:
    """The cuts that give units of so many `rows` as nearly as they can to the shares, in the order of their draws.

    A unit belongs to the split in which its middle row lies. Fewer units than can fill the
    least share are cut plainly: they would all fall to the first split.

    >>> units = np.arange(0, 100) * (SPAN // 100)
    >>> np.bincount(places(units, fair_cuts(units, np.ones(100), {"train": 0.7, "test": 0.3}))).tolist()
    [70, 30]
    """
    if len(draws) < 1 / min(shares.values()):
        return plain_cuts(shares)
    order = np.argsort(draws, kind="stable")
    middle = np.cumsum(rows[order]) - rows[order] / 2
    first = [int(np.searchsorted(middle, bound * rows.sum(), side="left")) for bound in bounds_of(shares)]
    return tuple(int(draws[order[at]]) if at < len(order) else SPAN for at in first)


def places(draws: Ints, cuts: Cuts) -> Ints:
    """The place of each draw among the splits, from 0."""
    found: Ints = np.searchsorted(np.asarray(cuts, np.int64), draws, side="right")
    return found


def places_by_stratum(
    draws: Ints, rows: Ints, strata: Strata, shares: Mapping[str, float], known: Mapping[str, Cuts]
) -> tuple[Ints, dict[str, Cuts]]:
    """The place of each unit, cut within its stratum, and the cuts by name of stratum; `known` ones are kept."""
    found = np.zeros(len(draws), np.int64)
    laid = dict(known)
    order = np.argsort(strata.of_unit, kind="stable")
    starts = np.searchsorted(strata.of_unit[order], np.arange(len(strata.names) + 1))
    for stratum, name in enumerate(strata.names):
        members = order[starts[stratum] : starts[stratum + 1]]
        if len(members):
            if name not in laid:
                laid[name] = fair_cuts(draws[members], rows[members], shares)
            found[members] = places(draws[members], laid[name])
    return found, laid


def bounds_of(shares: Mapping[str, float]) -> list[float]:
    """Where each split but the first begins, from 0 to 1."""
    values = list(shares.values())
    return [math.fsum(values[:count]) for count in range(1, len(values))]
