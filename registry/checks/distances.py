"""How far two distributions of a column lie apart, from what profiles hold of it: bins, or counts of values.

Histograms of both are laid on one set of edges, each bin's share spread evenly over it; of
categories the values that both list are compared, the rest as one.

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
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from registry.checks.numbers import rounded

LEAST = 1e-4  # the share of an empty bin in the population stability index, whose logarithm knows no zero
Column = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Aligned:
    """Shares before and now in the same bins; `cuts` are the edges of bins along an axis, empty for categories."""

    before: tuple[float, ...]
    now: tuple[float, ...]
    cuts: tuple[float, ...] = ()


def psi(pair: Aligned) -> float:
    """Population stability index, Σ (now - before) ln(now / before): 0 equal; above 0.2 the shift is taken for major.

    Siddiqi 2006, Credit Risk Scorecards; an empty bin counts as a share of 1e-4.
    """
    shares = [(max(p, LEAST), max(q, LEAST)) for p, q in zip(pair.before, pair.now, strict=True)]
    return math.fsum((q - p) * math.log(q / p) for p, q in shares)


def js(pair: Aligned) -> float:
    """Jensen-Shannon divergence in bits: 0 equal, 1 disjoint. Lin 1991, doi:10.1109/18.61115."""
    terms = [
        x / 2 * math.log2(x / ((p + q) / 2)) for p, q in zip(pair.before, pair.now, strict=True) for x in (p, q) if x
    ]
    return min(1.0, max(0.0, math.fsum(terms)))


def ks(pair: Aligned) -> float | None:
    """Kolmogorov-Smirnov distance, the greatest gap of the two distribution functions at an edge; None of categories.

    As an effect size, without a p-value: with many rows every p-value is small.
    """
    return max(map(abs, _gaps(pair)), default=None) if pair.cuts else None


def wasserstein(pair: Aligned) -> float | None:
    """Wasserstein-1 distance (earth mover's) in standard deviations of before; None of categories and of one value."""
    if not pair.cuts:
        return None
    widths = [high - low for low, high in zip(pair.cuts, pair.cuts[1:], strict=False)]
    middles = [(low + high) / 2 for low, high in zip(pair.cuts, pair.cuts[1:], strict=False)]
    mean = math.fsum(p * x for p, x in zip(pair.before, middles, strict=True))
    # Sheppard: the values of a bin lie all over it.
    spread = math.fsum(p * ((x - mean) ** 2 + w * w / 12) for p, x, w in zip(pair.before, middles, widths, strict=True))
    gaps = [0.0, *_gaps(pair)]
    moved = math.fsum((abs(a) + abs(b)) / 2 * w for a, b, w in zip(gaps, gaps[1:], widths, strict=False))
    return moved / math.sqrt(spread) if spread else None


def _gaps(pair: Aligned) -> list[float]:
    """The difference of the two distribution functions at each inner and the last edge."""
    steps = [q - p for p, q in zip(pair.before, pair.now, strict=True)]
    return [math.fsum(steps[: i + 1]) for i in range(len(steps))]


MEASURES: Mapping[str, Callable[[Aligned], float | None]] = {"psi": psi, "js": js, "ks": ks, "wasserstein": wasserstein}


def distance(measure: str, pair: Aligned | None) -> float | None:
    """The distance, rounded to ten digits; None where the two cannot be compared by it."""
    found = MEASURES[measure](pair) if pair else None
    return None if found is None else rounded(found)


def aligned(old: Column, new: Column) -> Aligned | None:
    """The column's distributions in two profiles over all splits; None where they cannot be compared."""
    if old["kind"] != new["kind"] or new["role"] in ("key", "split"):
        return None
    if old.get("histogram") and new.get("histogram"):
        return between_histograms(old["histogram"], new["histogram"])
    if old.get("top") and new.get("top") and old["kind"] in ("category", "boolean", "integer"):
        return _between_values(old, new)
    return None


def between_splits(column: Column, before: str, now: str) -> Aligned | None:
    """The column's distributions in two splits of one profile; None where they cannot be compared."""
    if column["role"] in ("key", "split"):
        return None
    histogram, top = column.get("histogram"), column.get("top")
    if histogram:
        one, other = (_bins(histogram, [split]) for split in (before, now))
        return _of_counts(one, other, [_number(edge) for edge in histogram["edges"]])
    if top and column["kind"] in ("category", "boolean", "integer") and not top["withheld"]:
        counts = [[value["splits"].get(split, 0) for value in top["values"]] for split in (before, now)]
        for listed, split in zip(counts, (before, now), strict=True):
            listed.append(column["splits"][split]["count"] - sum(listed))
        return _of_counts(*counts)
    return None


def between_histograms(old: Column, new: Column) -> Aligned | None:
    """Two histograms over all splits, on the edges of both; None where one holds nothing."""
    edges = [[_number(edge) for edge in histogram["edges"]] for histogram in (old, new)]
    cuts = sorted({*edges[0], *edges[1]})
    vectors = []
    for own, histogram in zip(edges, (old, new), strict=True):
        bins = _bins(histogram, histogram["counts"])
        total = sum(bins)
        if not total:
            return None
        vectors.append(_spread(own, [b / total for b in bins], cuts))
    return Aligned(tuple(vectors[0]), tuple(vectors[1]), tuple(cuts))


def _bins(histogram: Column, splits: Sequence[str] | Mapping[str, Any]) -> list[int]:
    """Counts of the bins over `splits`."""
    bins = [sum(counts) for counts in zip(*(histogram["counts"][split] for split in splits), strict=True)]
    # NOTE: what lies beyond an axis was gathered in its outer bins, and is drawn there.
    bins[0] += sum(histogram["below"][split] for split in splits)
    bins[-1] += sum(histogram["above"][split] for split in splits)
    return bins


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
    return _of_counts(*counts)


def _of_counts(before: Sequence[int], now: Sequence[int], cuts: Sequence[float] = ()) -> Aligned | None:
    totals = sum(before), sum(now)
    if not all(totals):
        return None
    return Aligned(tuple(n / totals[0] for n in before), tuple(n / totals[1] for n in now), tuple(cuts))


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
