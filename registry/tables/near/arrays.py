"""Small functions over arrays that numpy lacks.

>>> ranges(np.array([5, 0]), np.array([2, 3])).tolist()
[5, 6, 0, 1, 2]
>>> begins(np.array([3, 3, 7, 9, 9])).tolist()
[0, 2, 3]
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Words: TypeAlias = NDArray[np.uint64]
Codes: TypeAlias = NDArray[np.uint32]
Ints: TypeAlias = NDArray[np.int64]
Flags: TypeAlias = NDArray[np.bool_]
Floats: TypeAlias = NDArray[np.float64]

_CELLS = 1 << 15  # of a matrix that is sorted: half a megabyte with its flags and places


def starts_of(sizes: NDArray[Any]) -> Ints:
    """Where each of consecutive runs of `sizes` begins, and where the last ends: n + 1 numbers."""
    out = np.zeros(len(sizes) + 1, np.int64)
    np.cumsum(sizes, out=out[1:])
    return out


def ranges(lows: Ints, sizes: Ints) -> Ints:
    """The numbers `low, low + 1, …` of each range, end to end."""
    starts = starts_of(sizes)
    return np.arange(starts[-1]) + np.repeat(lows - starts[:-1], sizes)


def begins(ordered: NDArray[Any]) -> Ints:
    """Where each run of equal values begins in a sorted array."""
    if not len(ordered):
        return np.zeros(0, np.int64)
    return np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))


def sort_runs(values: Words, sizes: Ints) -> None:
    """Sorts each of consecutive runs of `sizes`, in place.

    Rows of a matrix sort many times faster than a flat array: a short row never leaves the registers.

    >>> values = np.array([9, 2, 7, 5, 4], np.uint64)
    >>> sort_runs(values, np.array([1, 0, 4]))
    >>> values.tolist()
    [9, 2, 4, 5, 7]
    """
    order = np.argsort(sizes, kind="stable")
    starts, ordered = starts_of(sizes)[:-1][order], sizes[order]
    for cut in _alike(ordered):
        wide = ordered[cut]
        inside = np.arange(wide[-1]) < wide[:, None]
        places = ranges(starts[cut], wide)
        rows = np.full(inside.shape, ~np.uint64(0))
        rows[inside] = values[places]
        rows.sort(axis=1)
        values[places] = rows[inside]


def _alike(ordered: Ints) -> Iterator[slice]:
    """Consecutive slices of ascending sizes, each so that the longest as often as there are items fits the cache."""
    at, count = 0, len(ordered)
    while at < count:
        some = ordered[at : at + _CELLS]
        cells = np.arange(1, len(some) + 1) * some
        to = at + max(int(np.searchsorted(cells, _CELLS, "right")), 1)
        yield slice(at, to)
        at = to


def cuts(sizes: Ints, most: int, longest: int) -> Iterator[slice]:
    """Consecutive slices of at most `longest` items whose sizes sum up to at most `most`, or of one item.

    >>> [(cut.start, cut.stop) for cut in cuts(np.array([4, 4, 9, 1, 1, 1]), 8, 2)]
    [(0, 2), (2, 3), (3, 5), (5, 6)]
    """
    ends = starts_of(sizes)
    at, count = 0, len(sizes)
    while at < count:
        fits = int(np.searchsorted(ends, ends[at] + most, "right")) - 1
        to = min(max(fits, at + 1), at + longest, count)
        yield slice(at, to)
        at = to
