"""How far two distributions of a column lie apart, from what profiles hold of it: bins, or counts of values.

Histograms of both are laid on one set of edges, each bin's share spread evenly over it, what lies
beyond an axis between it and the extreme; of categories the values that both list are compared, the
rest as one. Rows without a value count too: a column that is emptied has moved.

>>> one = {"edges": [0, 1, 2], "counts": {"train": [5, 5]}, "below": {"train": 0}, "above": {"train": 0}}
>>> far = {"edges": [2, 3, 4], "counts": {"train": [5, 5]}, "below": {"train": 0}, "above": {"train": 0}}
>>> [round(distance(measure, between_histograms(one, far)), 3) for measure in MEASURES]
[17.031, 1.0, 1.0, 3.464]
>>> [distance(measure, between_histograms(one, one)) for measure in MEASURES]
[0.0, 0.0, 0.0, 0.0]
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any, TypeAlias

from registry.checks.numbers import rounded

LEAST = 1e-4  # the share of an empty bin in the population stability index, whose logarithm knows no zero
EMPTIED = 0.1  # of the rows lost or gained a value: the column has moved, however few values are left
Column: TypeAlias = Mapping[str, Any]
Figures: TypeAlias = tuple[Column, Column]
Axis: TypeAlias = tuple[list[float], list[int]]


@dataclass(frozen=True, slots=True)
class Aligned:
    """Shares of the values, before and now, in the same bins; `cuts` are the edges of an axis, empty for categories.

    `missing` are the shares of the rows without a value, `rows` the rows, before and now; 0 where they are not known.
    """

    before: tuple[float, ...]
    now: tuple[float, ...]
    cuts: tuple[float, ...] = ()
    missing: tuple[float, float] = (0.0, 0.0)
    rows: tuple[int, int] = (0, 0)

    @property
    def emptied(self) -> float:
        """How far the share of the rows without a value moved."""
        return abs(self.missing[1] - self.missing[0])

    @property
    def shares(self) -> list[tuple[float, float]]:
        """Of all rows, those without a value first."""
        p, q = (1 - share for share in self.missing)
        return [self.missing, *((one * p, other * q) for one, other in zip(self.before, self.now, strict=True))]


def psi(pair: Aligned) -> float:
    """Population stability index, Σ (now - before) ln(now / before): 0 equal; above 0.2 the shift is taken for major.

    Siddiqi 2006, Credit Risk Scorecards; an empty bin counts as a share of 1e-4.
    """
    shares = [(max(p, LEAST), max(q, LEAST)) for p, q in pair.shares]
    return math.fsum((q - p) * math.log(q / p) for p, q in shares)


def js(pair: Aligned) -> float:
    """Jensen-Shannon divergence in bits: 0 equal, 1 disjoint. Lin 1991, doi:10.1109/18.61115."""
    terms = [x / 2 * math.log2(x / ((p + q) / 2)) for p, q in pair.shares for x in (p, q) if x]
    return min(1.0, max(0.0, math.fsum(terms)))


def ks(pair: Aligned) -> float | None:
    """Kolmogorov-Smirnov distance, the greatest gap of the two distribution functions at an edge; None of categories.

    Rows without a value come before all others. As an effect size, without a p-value: with many rows every
    p-value is small.
    """
    return max(map(abs, _gaps(pair.shares))) if pair.cuts else None


def wasserstein(pair: Aligned) -> float | None:
    """Wasserstein-1 distance (earth mover's) in standard deviations of before; None of categories and of one value.

    No value lies nowhere on the axis: where the share of such rows moved further, that is the distance.
    """
    if not pair.cuts:
        return None
    if 1 in pair.missing:
        return pair.emptied
    widths = [high - low for low, high in zip(pair.cuts, pair.cuts[1:], strict=False)]
    middles = [low + (high - low) / 2 for low, high in zip(pair.cuts, pair.cuts[1:], strict=False)]
    mean = math.fsum(p * x for p, x in zip(pair.before, middles, strict=True))
    # Sheppard: the values of a bin lie all over it.
    spread = math.fsum(p * ((x - mean) ** 2 + w * w / 12) for p, x, w in zip(pair.before, middles, widths, strict=True))
    gaps = [0.0, *_gaps(list(zip(pair.before, pair.now, strict=True)))]
    moved = math.fsum((abs(a) + abs(b)) / 2 * w for a, b, w in zip(gaps, gaps[1:], widths, strict=False))
    return max(moved / math.sqrt(spread), pair.emptied) if spread else None


def _gaps(shares: Sequence[tuple[float, float]]) -> list[float]:
    """The difference of the two distribution functions after each bin."""
    steps = [q - p for p, q in shares]
    return [math.fsum(steps[: i + 1]) for i in range(len(steps))]


MEASURES: Mapping[str, Callable[[Aligned], float | None]] = {"psi": psi, "js": js, "ks": ks, "wasserstein": wasserstein}


def distance(measure: str, pair: Aligned | None) -> float | None:
    """The distance, rounded to ten digits; None where the two cannot be compared by it."""
    found = MEASURES[measure](pair) if pair else None
    return None if found is None else rounded(found)


def chance(measure: str, pair: Aligned) -> float:
    """About the distance of two samples of so many rows from one distribution; 0 where their numbers are not known.

    Yurdakul 2018 (doi:10.2139/ssrn.3311465) for the index, an eighth of it in nats for Jensen-Shannon; Kolmogorov's
    distribution has the mean 0.87; samples of a normal one lie about as far apart as one standard error of the mean.
    """
    if not all(pair.rows):
        return 0.0
    held = [n * (1 - share) for n, share in zip(pair.rows, pair.missing, strict=True)]
    by_values = measure == "wasserstein" and pair.emptied <= EMPTIED
    scatter = sum(1 / n for n in (held if by_values else pair.rows))
    index = (sum(p + q > 0 for p, q in pair.shares) - 1) * scatter
    told = {"psi": index, "js": index / 8 / math.log(2), "ks": 0.87 * math.sqrt(scatter)}
    return told.get(measure, math.sqrt(scatter))


def aligned(old: Column, new: Column) -> Aligned | None:
    """The column's distributions in two profiles over all splits; None where they cannot be compared."""
    if new["role"] in ("key", "split"):
        return None
    figures = old["overall"], new["overall"]
    counts = [side.get("count") for side in figures]
    if 0 in counts and any(counts):  # of the one nothing is known but that it is empty
        return _among(Aligned((1.0,), (1.0,), (0.0, 1.0)), figures, [count or 0 for count in counts])
    if old["kind"] != new["kind"]:
        return None
    if old.get("histogram") and new.get("histogram"):
        return between_histograms(old["histogram"], new["histogram"], figures)
    if old.get("top") and new.get("top") and old["kind"] in ("category", "boolean", "integer"):
        return _between_values(old, new)
    return None


def between_splits(column: Column, before: str, now: str) -> Aligned | None:
    """The column's distributions in two splits of one profile; None where they cannot be compared."""
    if column["role"] in ("key", "split"):
        return None
    figures = column["splits"].get(before, {}), column["splits"].get(now, {})
    histogram, top = column.get("histogram"), column.get("top")
    if histogram:
        axes = [_axis(histogram, side, [split]) for side, split in zip(figures, (before, now), strict=True)]
        return _laid(axes, figures)
    if top and column["kind"] in ("category", "boolean", "integer") and not top["withheld"]:
        counts = [[value["splits"].get(split, 0) for value in top["values"]] for split in (before, now)]
        for listed, side in zip(counts, figures, strict=True):
            listed.append(side["count"] - sum(listed))
        return _of_counts(counts, figures)
    return None


def between_histograms(old: Column, new: Column, figures: Figures = ({}, {})) -> Aligned | None:
    """Two histograms over all splits, on the edges of both; None where one holds nothing.

    `figures` are those of the columns, which know the extremes.
    """
    return _laid([_axis(histogram, known) for histogram, known in zip((old, new), figures, strict=True)], figures)


def _laid(axes: Sequence[Axis], figures: Figures) -> Aligned | None:
    """Histograms on the edges of both, the share of a bin spread evenly over it."""
    cuts = sorted({edge for edges, _ in axes for edge in edges})
    finer = [_spread(edges, bins, cuts) for edges, bins in axes]
    return _of_counts(finer, figures, cuts)


def _axis(histogram: Column, figures: Column, splits: Sequence[str] = ()) -> Axis:
    """Edges, and counts over `splits` (all by default); what was gathered beyond has a bin up to the extreme.

    Where that is not known it stands in the outer bins, as it is drawn.
    """
    splits = splits or list(histogram["counts"])
    edges = [_number(edge) for edge in histogram["edges"]]
    bins = [sum(counts) for counts in zip(*(histogram["counts"][split] for split in splits), strict=True)]
    known = figures.get("length", {}) if histogram.get("of") == "length" else figures
    for side, name in (("below", "min"), ("above", "max")):
        beyond = sum(histogram[side][split] for split in splits)
        end = _number(known[name]) if known.get(name) is not None else math.nan
        if beyond and end < edges[0] and math.isfinite(end):
            edges, bins = [end, *edges], [beyond, *bins]
        elif beyond and end > edges[-1] and math.isfinite(end):
            edges, bins = [*edges, end], [*bins, beyond]
        else:
            bins[0 if side == "below" else -1] += beyond
    return edges, bins


def _between_values(old: Column, new: Column) -> Aligned | None:
    lists = [{v["value"]: v["count"] for v in column["top"]["values"]} for column in (old, new)]
    if None in lists[0] or None in lists[1]:
        return None  # withheld
    hidden = [column["top"]["others"] for column in (old, new)]
    # NOTE: a value that one list lacks while hiding others may stand among those.
    known = [
        v
        for v in sorted({*lists[0], *lists[1]})
        if all(v in one or not more for one, more in zip(lists, hidden, strict=True))
    ]
    counts = [
        [*(one.get(v, 0) for v in known), column["overall"]["count"] - sum(one.get(v, 0) for v in known)]
        for one, column in zip(lists, (old, new), strict=True)
    ]
    return _of_counts(counts, (old["overall"], new["overall"]))


def _of_counts(
    counts: Sequence[Sequence[float]], figures: Figures = ({}, {}), cuts: Sequence[float] = ()
) -> Aligned | None:
    """None where one side holds nothing, unless it is known to have rows, which are then without a value."""
    totals = [math.fsum(side) for side in counts]
    if not any(totals) or not all(total or side.get("rows") for total, side in zip(totals, figures, strict=True)):
        return None
    before, now = (tuple(n / (total or 1) for n in side) for side, total in zip(counts, totals, strict=True))
    return _among(Aligned(before, now, tuple(cuts)), figures, [round(total) for total in totals])


def _among(pair: Aligned, figures: Figures, values: Sequence[int]) -> Aligned:
    """With the share of the rows that have no value, where the figures of the columns tell how many rows there are."""
    rows = [int(side.get("rows") or 0) for side in figures]
    shares = [1 - n / of if of else 0.0 for n, of in zip(values, rows, strict=True)]
    return replace(pair, missing=(shares[0], shares[1]), rows=(rows[0], rows[1]))


def _spread(edges: Sequence[float], shares: Sequence[float], cuts: Sequence[float]) -> list[float]:
    """The shares of bins, spread evenly, in the finer bins between `cuts`."""
    found = [0.0] * (len(cuts) - 1)
    at = {cut: i for i, cut in enumerate(cuts)}
    for low, high, part in zip(edges, edges[1:], shares, strict=False):
        for i in range(at[low], at[high]):
            found[i] += part * (cuts[i + 1] - cuts[i]) / (high - low)
    return found


def _number(edge: Any) -> float:
    """An edge as a number: moments of time in seconds since 1970."""
    if not isinstance(edge, str):
        return float(edge)
    if edge.endswith("s") and edge[:-1].lstrip("-").isdigit():
        return float(edge[:-1])
    if "T" in edge:
        return datetime.fromisoformat(edge).replace(tzinfo=UTC).timestamp()
    if ":" in edge:
        hours, minutes, seconds = edge.split(":")
        return int(hours) * 3600 + int(minutes) * 60 + float(seconds)
    return (date.fromisoformat(edge) - date(1970, 1, 1)).days * 86400.0
