"""Pseudo-random draws that are the same for ever: on every machine, of every version of numpy, at any thread count.

SplitMix64 (Steele, Lea & Flood 2014, doi:10.1145/2660193.2660195) of a seed and a place.

>>> resamples(4, 2, seed=1).sum(axis=1)
array([4., 4.])
>>> np.sort(shuffled(5, seed=7)), bool((shuffled(50, seed=7) == shuffled(50, seed=8)).all())
(array([0, 1, 2, 3, 4]), False)
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Ints: TypeAlias = NDArray[np.int64]
STEP = np.uint64(0x9E3779B97F4A7C15)


def draws(count: int, seed: int) -> NDArray[np.uint64]:
    """`count` numbers of 64 bits."""
    with np.errstate(over="ignore"):
        state = (np.arange(1, count + 1, dtype=np.uint64) + np.uint64(seed) * np.uint64(0xD1342543DE82EF95)) * STEP
        state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return state ^ (state >> np.uint64(31))


def resamples(size: int, count: int, seed: int) -> NDArray[np.float64]:
    """How often each of `size` units is in each of `count` samples of that size, drawn with replacement."""
    chosen = (draws(size * count, seed) % np.uint64(size)).astype(np.int64)
    flat = chosen + np.repeat(np.arange(count) * size, size)
    return np.bincount(flat, minlength=size * count).reshape(count, size).astype(np.float64)


def shuffled(size: int, seed: int) -> Ints:
    """The numbers below `size` in a drawn order."""
    return np.argsort(draws(size, seed), kind="stable")
