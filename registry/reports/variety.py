"""How varied words are: growth of the vocabulary, and how many runs of words differ.

The growth is what is expected of a part of the text drawn at random, from how often each word occurs alone
(binomial interpolation; Good & Toulmin 1956, Baayen 2001): it hangs on no order of rows. Heaps' law, types = k ·
tokens ^ beta, is fitted to it. distinct-n is the share of different runs of n words among all (Li et al. 2016).

>>> growth([1, 1, 2])
[[1, 0.9375], [2, 1.75], [4, 3.0]]
>>> heaps([[100 * 4**n, 10 * 2**n] for n in range(7)])
{'k': 1.0, 'beta': 0.5}
>>> runs = Runs()
>>> runs.add("a b a b".split())
>>> runs.to_json()
{'rows': 1, 'words': 4, 'distinct': {'1': 0.5, '2': 0.6666666667, '3': 1.0}}
"""

from __future__ import annotations

import math
from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

from registry.reports.numbers import rounded, share

STEPS = 12  # points of the curve, each half as far as the next
FITTED = 7  # points, the last ones, that a law is fitted to: where a text is short, every word is new
FEWEST = 1000  # tokens below which none is
ROWS = 10_000  # rows of which runs are counted
WORDS = 100  # words of a row
RUNS = (1, 2, 3)


def growth(counts: Iterable[int]) -> list[list[float]]:
    """[tokens, expected types] of ever larger parts, the last one the whole; empty of no words."""
    spectrum = sorted(Counter(counts).items())
    tokens, types = sum(m * n for m, n in spectrum), sum(n for _, n in spectrum)
    if not tokens:
        return []
    sizes = sorted({max(1, tokens >> step) for step in range(STEPS)})
    points: list[list[float]] = []
    for size in sizes:
        unseen = 1 - size / tokens
        missing = math.fsum(n * unseen**m for m, n in spectrum) if size < tokens else 0.0
        points.append([size, rounded(types - missing)])
    return points


def heaps(points: Sequence[Sequence[float]]) -> dict[str, float] | None:
    """`k` and `beta` by least squares on logarithms of the last points; None of too few words."""
    if not points or points[-1][0] < FEWEST:
        return None
    logs = [(math.log(size), math.log(types)) for size, types in points[-FITTED:]]
    x, y = (math.fsum(pair[axis] for pair in logs) / len(logs) for axis in (0, 1))
    spread = math.fsum((a - x) ** 2 for a, _ in logs)
    beta = math.fsum((a - x) * (b - y) for a, b in logs) / spread
    return {"k": rounded(math.exp(y - beta * x)), "beta": rounded(beta)}


class Runs:
    """Counts runs of words; a row's words are cut at `WORDS`."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._words = array("q")
        self._sizes = array("q")

    def add(self, words: Iterable[str]) -> None:
        """The words of one row."""
        numbers, before = self._numbers, len(self._words)
        self._words.extend(numbers.setdefault(word, len(numbers)) for word in islice(words, WORDS))
        self._sizes.append(len(self._words) - before)

    def to_json(self) -> dict[str, Any]:
        """The document's entry: rows and words looked at, distinct-n for n = 1, 2, 3 (None of no run)."""
        distinct = {str(length): self._distinct(length) for length in RUNS}
        return {"rows": len(self._sizes), "words": len(self._words), "distinct": distinct}

    def _distinct(self, length: int) -> float | None:
        import numpy as np

        words, sizes = np.array(self._words, np.int64), np.array(self._sizes, np.int64)
        runs = np.maximum(0, sizes - length + 1)  # of each row
        total = int(runs.sum())
        if not total:
            return None
        first = np.cumsum(sizes) - sizes  # the place of each row's first word
        within = np.arange(total) - np.repeat(np.cumsum(runs) - runs, runs)
        starts = np.repeat(first, runs) + within
        found = words[starts]
        for at in range(1, length):
            # Pairs are numbered anew before the next word, so that no number outgrows its half.
            found = np.unique(found << 32 | words[starts + at], return_inverse=True)[1]
        return share(len(np.unique(found)), total)
