"""How far each column moved since the release before: from the two profiles alone.

Histograms of both are laid on one set of edges, each bin's share spread evenly over it;
of categories the values that both list are compared, the rest as one.

>>> one = {"edges": [0, 1, 2], "counts": {"train": [5, 5]}, "below": {"train": 0}, "above": {"train": 0}}
>>> far = {"edges": [2, 3, 4], "counts": {"train": [5, 5]}, "below": {"train": 0}, "above": {"train": 0}}
>>> between_histograms(one, one), between_histograms(one, far)
(0.0, 1.0)
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from registry.reports.numbers import js_divergence, rounded

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
    return Moved(new["index"], new["name"], _divergence(old, new), *shares)


def _divergence(old: Profile, new: Profile) -> float | None:
    if old["kind"] != new["kind"] or new["role"] in ("key", "split"):
        return None
    if old.get("histogram") and new.get("histogram"):
        return between_histograms(old["histogram"], new["histogram"])
    if old.get("top") and new.get("top") and old["kind"] in ("category", "boolean", "integer"):
        return _between_values(old, new)
    return None


def _between_values(old: Profile, new: Profile) -> float | None:
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
    return js_divergence(*counts)


def between_histograms(old: Profile, new: Profile) -> float | None:
    """Jensen-Shannon divergence of two histograms over all splits."""
    edges = [[_number(edge) for edge in histogram["edges"]] for histogram in (old, new)]
    cuts = sorted({*edges[0], *edges[1]})
    vectors = []
    for own, histogram in zip(edges, (old, new), strict=True):
        bins = [sum(counts) for counts in zip(*histogram["counts"].values(), strict=True)]
        # NOTE: what lies beyond an axis was gathered in its outer bins, and is drawn there.
        bins[0] += sum(histogram["below"].values())
        bins[-1] += sum(histogram["above"].values())
        total = sum(bins)
        if not total:
            return None
        vectors.append(_spread(own, [b / total for b in bins], cuts))
    return _divergence_of(*vectors)


def _spread(edges: Sequence[float], shares: Sequence[float], cuts: Sequence[float]) -> list[float]:
    """The shares of bins, spread evenly, in the finer bins between `cuts`."""
    found = [0.0] * (len(cuts) - 1)
    at = {cut: i for i, cut in enumerate(cuts)}
    for low, high, part in zip(edges, edges[1:], shares, strict=False):
        for i in range(at[low], at[high]):
            found[i] += part * (cuts[i + 1] - cuts[i]) / (high - low)
    return found


def _divergence_of(left: Sequence[float], right: Sequence[float]) -> float:
    terms = []
    for p, q in zip(left, right, strict=True):
        middle = (p + q) / 2
        terms += [x / 2 * math.log2(x / middle) for x in (p, q) if x > 0]
    return rounded(min(1.0, max(0.0, math.fsum(terms))))


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
