"""How far annotators agree beyond chance: coefficients from counts of pairs of ratings.

Ratings of one item are paired, each pair in both orders; an item of m ratings gives m - 1
pairs to each of them, so a pair weighs 1 / (m - 1) (Krippendorff's coincidences). Items stand in
blocks, which are what the bootstrap draws anew: up to 997 items each is a block of its own.

Sources: Krippendorff 2011, Computing Krippendorff's alpha-reliability; Fleiss 1971
(doi:10.1037/h0031619); Cohen 1960 (doi:10.1177/001316446002000104) and 1968, weighted
(doi:10.1037/h0026256); Light 1971 (doi:10.1037/h0031643) for the mean over pairs of annotators;
Efron & Tibshirani 1993 for percentiles of a bootstrap.

>>> import numpy as np
>>> pairs = Pairs.of([["a", "a"], ["a", "b"], ["b", "b"], ["b", "b"]])
>>> round(alpha(pairs, pairs.scale("nominal")).value, 4)
0.5333
>>> round(kappa(np.array([[1, 1], [0, 2]]), "none"), 4)
0.5
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from registry.checks.draws import resamples

Ints: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]
Level = Literal["nominal", "ordinal", "interval", "ratio"]
Weights = Literal["none", "linear", "quadratic"]

BLOCKS = 997  # a prime, so that items that come in steps fall into all blocks
DRAWS = 1000  # resamples of the bootstrap
FEWEST = 10  # blocks below which an interval would say nothing
WIDEST = 10_000  # classes up to which marginals are drawn anew
RATIOS = 500  # values up to which ratios are


@dataclass(frozen=True, slots=True)
class Interval:
    """A coefficient and the 95 % interval of its bootstrap; None where there is none to speak of."""

    value: float | None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Scale:
    """What the distance of two classes is: whether they are the same, of positions, or of ratios."""

    kind: Literal["same", "position", "ratio"]
    at: Floats

    def distance(self, c: Ints, k: Ints) -> Floats:
        """The squared difference of classes, by code."""
        if self.kind == "same":
            return np.asarray(c != k, np.float64)
        one, other = self.at[c], self.at[k]
        if self.kind == "position":
            return np.square(one - other)
        both = one + other
        share: Floats = (one - other) / np.where(both == 0, 1, both)
        return share**2


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs of ratings: `c` and `k` (c <= k) are codes of `classes`, `n` pairs in items of `m` ratings in a block.

    Unlike pairs are counted once, equal ones in both orders. `margins` are the ratings of such
    items by block and class, as (block, class, n).
    """

    classes: tuple[str, ...]
    block: Ints
    m: Ints
    c: Ints
    k: Ints
    n: Ints
    margins: tuple[Ints, Ints, Ints]

    @classmethod
    def of(cls, items: Sequence[Sequence[str | None]]) -> Pairs:
        """The pairs of items given as lists of ratings, None for none."""
        rated = [[value for value in item if value is not None] for item in items]
        rated = [item for item in rated if len(item) > 1]
        classes = tuple(sorted({value for item in rated for value in item}))
        code = {name: at for at, name in enumerate(classes)}
        cells: Counter[tuple[int, int, int, int]] = Counter()
        margins: Counter[tuple[int, int]] = Counter()
        for at, item in enumerate(rated):
            counts = Counter(code[value] for value in item)
            for value, n in counts.items():
                margins[at % BLOCKS, value] += n
            for c, k in combinations_with_replacement(sorted(counts), 2):
                cells[at % BLOCKS, len(item), c, k] += counts[c] * (counts[c] - 1 if c == k else counts[k])
        columns: Ints = np.array([[*cell, n] for cell, n in cells.items()], np.int64).reshape(-1, 5).T
        rest: Ints = np.array([[*cell, n] for cell, n in margins.items()], np.int64).reshape(-1, 3).T
        return cls(classes, columns[0], columns[1], columns[2], columns[3], columns[4], (rest[0], rest[1], rest[2]))

    @property
    def blocks(self) -> int:
        """How many blocks there are room for."""
        return int(self.margins[0].max()) + 1 if len(self.margins[0]) else 0

    @property
    def totals(self) -> Ints:
        """Ratings by class, those of items with one rating left out."""
        return _summed(self.margins[1], self.margins[2], len(self.classes))

    @property
    def weights(self) -> Floats:
        """The weight of each cell: both orders of a pair, over m - 1."""
        return self.n * np.where(self.c == self.k, 1, 2) / (self.m - 1)

    def agreeing(self) -> Floats:
        """The diagonal of the coincidences, by class."""
        same = self.c == self.k
        return np.bincount(self.c[same], self.weights[same], len(self.classes)).astype(np.float64)

    def scale(self, level: Level, values: Sequence[float] = ()) -> Scale:
        """The distance of the `level`; `values` are the classes as numbers, or their places in an order.

        Ordinal positions are mid-ranks: the squared difference of two classes is that of the
        number of ratings between their middles, as Krippendorff defines it.
        """
        if level == "nominal":
            return Scale("same", np.zeros(0))
        at = np.array(values, np.float64)
        if level == "ordinal":
            order = np.argsort(at, kind="stable")
            sizes = self.totals[order]
            at = at.copy()
            at[order] = np.cumsum(sizes) - sizes / 2
        if level == "ratio":
            return Scale("ratio", at)
        mean = math.fsum(self.totals * at) / max(int(self.totals.sum()), 1)
        return Scale("position", at - mean)


def _summed(places: Ints, n: Ints, length: int) -> Ints:
    """Whole numbers added up exactly by place."""
    found = np.zeros(length, np.int64)
    np.add.at(found, places, n)
    return found


def alpha(pairs: Pairs, scale: Scale, seed: int = 0) -> Interval:
    """Krippendorff's alpha: 1 - observed over expected disagreement; None where only one class occurs.

    In resamples the positions of classes stay those of all ratings.
    """
    weight = pairs.weights * scale.distance(pairs.c, pairs.k)
    by_block = np.bincount(pairs.block, weight, pairs.blocks)
    expected = _expected(pairs, scale)

    def of(drawn: Floats) -> Floats:
        n, spread = expected(drawn)
        return 1 - _over((n - 1) * (drawn * by_block).sum(axis=1), spread)

    drawable = len(pairs.classes) <= {"same": WIDEST, "position": math.inf, "ratio": RATIOS}[scale.kind]
    return _interval(of, pairs, seed, drawable=drawable)


def fleiss(pairs: Pairs, seed: int = 0) -> Interval:
    """Fleiss' kappa, for items of equally many ratings; None where only one class occurs."""
    same = pairs.c == pairs.k
    by_block = np.bincount(pairs.block[same], pairs.weights[same], pairs.blocks)
    expected = _expected(pairs, Scale("same", np.zeros(0)))

    def of(drawn: Floats) -> Floats:
        n, spread = expected(drawn)
        return 1 - _over(n * (n - (drawn * by_block).sum(axis=1)), spread)

    return _interval(of, pairs, seed, drawable=len(pairs.classes) <= WIDEST)


def _expected(pairs: Pairs, scale: Scale) -> Callable[[Floats], tuple[Floats, Floats]]:
    """For rows of block weights: the ratings, and the sum of distances over all pairs of all ratings.

    Products with marginals are of whole numbers, exact in any order, so that threads do not show.
    """
    block, code, n = pairs.margins
    sizes = np.bincount(block, n, pairs.blocks)
    if scale.kind == "position":
        first, second = (np.bincount(block, n * scale.at[code] ** power, pairs.blocks) for power in (1, 2))

        def positions(drawn: Floats) -> tuple[Floats, Floats]:
            total, one, two = ((drawn * part).sum(axis=1) for part in (sizes, first, second))
            return total, 2 * (total * two - one**2)

        return positions
    table = np.zeros((pairs.blocks, len(pairs.classes)))
    np.add.at(table, (block, code), n)
    codes = np.arange(len(pairs.classes))

    def classes(drawn: Floats) -> tuple[Floats, Floats]:
        total, margins = (drawn * sizes).sum(axis=1), drawn @ table
        if scale.kind == "same":
            return total, total**2 - (margins**2).sum(axis=1)
        spread = sum(
            ((margins * margins[:, [c]]) * scale.distance(np.full_like(codes, c), codes)).sum(axis=1) for c in codes
        )
        return total, np.asarray(spread)

    return classes


def _interval(of: Callable[[Floats], Floats], pairs: Pairs, seed: int, *, drawable: bool) -> Interval:
    present = np.unique(pairs.margins[0])
    whole = np.zeros((1, pairs.blocks))
    whole[0, present] = 1
    value = float(of(whole)[0]) if len(present) else math.nan
    if math.isnan(value):
        return Interval(None)
    if not drawable or len(present) < FEWEST:
        return Interval(value)
    drawn = np.zeros((DRAWS, pairs.blocks))
    drawn[:, present] = resamples(len(present), DRAWS, seed)
    return Interval(value, *_percentiles(of(drawn)))


def _percentiles(values: Floats) -> tuple[float | None, float | None]:
    """The 2.5th and 97.5th percentile; none where more than a twentieth of the resamples has no value."""
    found = np.sort(values[np.isfinite(values)])
    if len(found) < 0.95 * len(values):
        return None, None
    low, high = np.quantile(found, [0.025, 0.975])
    return float(low), float(high)


def _over(above: Floats, below: Floats) -> Floats:
    return np.divide(above, below, out=np.full_like(below, np.nan), where=below > 0)


def by_class(pairs: Pairs) -> list[tuple[int, float, float | None]]:
    """Of each class its ratings, the share of their partners that agree, and alpha of this class against the rest."""
    found: list[tuple[int, float, float | None]] = []
    total = int(pairs.totals.sum())
    for n, same in zip(pairs.totals.tolist(), pairs.agreeing().tolist(), strict=True):
        rest = n * (total - n)
        found.append((n, same / n, 1 - (total - 1) * (n - same) / rest if rest else None))
    return found


def raw(pairs: Pairs) -> float:
    """The share of pairs that agree, each rating weighing the same."""
    return math.fsum(pairs.agreeing()) / int(pairs.totals.sum())


def penalties(size: int, weights: Weights) -> Floats:
    """What it costs to say the i-th class where the other says the j-th, shape (size, size)."""
    apart = np.abs(np.subtract.outer(np.arange(size), np.arange(size))).astype(np.float64)
    return {"none": (apart > 0).astype(np.float64), "linear": apart, "quadratic": apart**2}[weights]


def kappa(table: Ints, weights: Weights) -> float | None:
    """Cohen's kappa of two annotators; `table[i, j]` items the one calls i and the other j. None where undefined."""
    value = float(_kappas(table[None].astype(np.float64), penalties(len(table), weights))[0])
    return None if math.isnan(value) else value


def _kappas(tables: Floats, cost: Floats) -> Floats:
    """Of each table (the first axis); all sums are of whole numbers."""
    rows, columns = tables.sum(axis=2), tables.sum(axis=1)
    expected = ((rows @ cost) * columns).sum(axis=1)
    return 1 - _over(tables.sum(axis=(1, 2)) * (tables * cost).sum(axis=(1, 2)), expected)


def light(tables: Sequence[Floats], weights: Weights, seed: int = 0) -> Interval:
    """The mean of Cohen's kappa over pairs of annotators; `tables` holds (block, i, j) items of each pair.

    Pairs for which it is undefined are left out; None where it is for all.
    """
    cost = penalties(tables[0].shape[1], weights)

    def of(drawn: Floats) -> Floats:
        each = [
            _kappas((drawn @ table.reshape(len(table), -1)).reshape(len(drawn), *cost.shape), cost) for table in tables
        ]
        values = np.array(each)
        known = np.isfinite(values)
        return _over(np.where(known, values, 0).sum(axis=0), known.sum(axis=0).astype(np.float64))

    present = np.flatnonzero(sum(table.sum(axis=(1, 2)) for table in tables))
    value = float(of(np.ones((1, len(tables[0]))))[0])
    if math.isnan(value):
        return Interval(None)
    if len(present) < FEWEST:
        return Interval(value)
    drawn = np.zeros((DRAWS, len(tables[0])))
    drawn[:, present] = resamples(len(present), DRAWS, seed)
    return Interval(value, *_percentiles(of(drawn)))
