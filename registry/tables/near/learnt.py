"""What an earlier search learnt of texts that are still there, so that only new texts are compared with all others.

Texts are known again by their digests, whatever became of files and places of rows. What was
learnt holds between two texts as long as both are there and stand in the same order; whatever
does not is new. The answer is that of a search that knows nothing.

>>> recall(None, np.zeros((2, 2), np.uint64), np.array([0, 1])).fresh.tolist()
[True, True]
"""

from __future__ import annotations

import io
from bisect import bisect_left
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from registry.tables.near.arrays import Flags, Floats, Ints, Words
from registry.workspace.files import read_sealed, write_sealed

LEARNT = 2  # version of what is kept: raise it when the search or the form changes
_SHARE = 4  # with more than one in so many texts new, knowing the others saves nothing
_SPREAD = np.uint64(0x9E3779B97F4A7C15)  # tells the splits of one text apart


@dataclass(frozen=True, slots=True)
class Learnt:
    """Of the texts of a search, in their order: digests (n, 2), ranks of splits, the place of the witness or -1.

    `similarities` are those with the witnesses, 0 where there is none.
    """

    digests: Words
    ranks: Ints
    witnesses: Ints
    similarities: Floats

    def save(self, file: Path) -> None:
        """Writes it with its digest, whole or not at all."""
        found = np.flatnonzero(self.witnesses >= 0)
        out = io.BytesIO()
        np.savez(
            out,
            digests=self.digests,
            ranks=self.ranks.astype(np.int32),
            found=found,
            witnesses=self.witnesses[found],
            similarities=self.similarities[found],
        )
        write_sealed(file, out.getvalue())

    @classmethod
    def load(cls, file: Path) -> Learnt | None:
        """What `save` wrote, or None where it is missing or broken."""
        data = read_sealed(file)
        if data is None:
            return None
        with np.load(io.BytesIO(data), allow_pickle=False) as kept:
            digests, ranks, found = kept["digests"], kept["ranks"].astype(np.int64), kept["found"]
            witnesses, similarities = np.full(len(ranks), -1), np.zeros(len(ranks))
            witnesses[found], similarities[found] = kept["witnesses"], kept["similarities"]
        return cls(digests, ranks, witnesses, similarities)


@dataclass(frozen=True, slots=True)
class Known:
    """Of the texts of a new search: which are `fresh`, and of the others the known witness (a place) or -1.

    `anew` are those to be compared with all texts: the fresh ones, and those whose witness
    is there no more. The others need to be compared with fresh ones only.
    """

    fresh: Flags
    anew: Flags
    witnesses: Ints
    similarities: Floats


def recall(learnt: Learnt | None, digests: Words, ranks: Ints) -> Known:
    """What `learnt` says of texts with these digests in splits of these ranks."""
    count = len(ranks)
    was = np.full(count, -1) if learnt is None else _places(learnt, digests, ranks)
    if learnt is None or (was < 0).sum() * _SHARE > count:
        everything = np.ones(count, bool)
        return Known(everything, everything, np.full(count, -1), np.zeros(count))
    now = np.full(len(learnt.ranks) + 1, -1)  # the last is that of no witness
    old = np.flatnonzero(was >= 0)
    now[was[old]] = old
    fresh = was < 0
    before = np.where(fresh, -1, learnt.witnesses[was])
    witnesses = now[before]
    similarities = np.where(witnesses >= 0, learnt.similarities[was], 0.0)
    return Known(fresh, fresh | ((before >= 0) & (witnesses < 0)), witnesses, similarities)


def _places(learnt: Learnt, digests: Words, ranks: Ints) -> Ints:
    """The earlier place of each text, or -1; ascending, so that any two stand as they stood."""
    keys = _keys(learnt.digests, learnt.ranks)
    order = np.argsort(keys)
    if not len(order):
        return np.full(len(ranks), -1)
    at = np.searchsorted(keys[order], _keys(digests, ranks))
    was = order[np.minimum(at, len(order) - 1)]
    same = (learnt.digests[was] == digests).all(axis=1) & (learnt.ranks[was] == ranks)
    was = np.where(same, was, -1)
    there = np.flatnonzero(same)
    moved = np.ones(len(there), bool)
    moved[_ascending(was[there])] = False
    was[there[moved]] = -1
    return was


def _keys(digests: Words, ranks: Ints) -> Words:
    """64 bits of each text in its split; two texts that share them are told apart afterwards."""
    return np.asarray(digests[:, 0] ^ (ranks.astype(np.uint64) * _SPREAD))


def _ascending(values: Ints) -> Ints:
    """Places of a longest ascending run of `values`, which are all different (Fredman 1975, patience sorting).

    >>> _ascending(np.array([5, 0, 1, 2])).tolist()
    [1, 2, 3]
    """
    if (values[1:] > values[:-1]).all():
        return np.arange(len(values))
    tails: list[int] = []
    ends: list[int] = []
    before = np.full(len(values), -1)
    for place, value in enumerate(values.tolist()):
        length = bisect_left(tails, value)
        tails[length : length + 1], ends[length : length + 1] = [value], [place]
        before[place] = ends[length - 1] if length else -1
    chain, at = [], ends[-1]
    while at >= 0:
        chain.append(at)
        at = int(before[at])
    return np.array(chain[::-1])
