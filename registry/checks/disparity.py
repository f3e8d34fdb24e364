"""How far the label rates of groups lie apart.

The disparity of a class is the greatest rate of a group less the least (demographic parity difference, Newcombe's
interval) and the least over the greatest (ratio, Katz's interval). The two groups are chosen by their rates, so among
many groups a gap is expected by chance alone.

>>> [entry["class"] for entry in disparities([[(40, 100), (60, 100)], [(50, 100), (50, 100)]], [100, 100])]
[0, 1]
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from registry.checks.intervals import Part, difference, ratio

SMALL = 30  # labelled rows below which a group is small: its rates say little, and it is not compared


def disparities(
    rates: Sequence[Sequence[Part]], labelled: Sequence[int], *, least: int = SMALL
) -> list[dict[str, Any]]:
    """The disparity of each class over the groups of `least` labelled rows or more, the greatest difference first.

    `rates` hold (rows of the class, labelled rows) by group and class. Nothing where fewer than two groups compare.
    """
    compared = [at for at, whole in enumerate(labelled) if whole >= least]
    if len(compared) < 2:
        return []
    found = [_disparity(place, {at: rates[at][place] for at in compared}) for place in range(len(rates[compared[0]]))]
    return sorted(found, key=lambda entry: (-entry["difference"], entry["class"]))


def _disparity(place: int, parts: Mapping[int, Part]) -> dict[str, Any]:
    def rate(at: int) -> float:
        return parts[at][0] / parts[at][1]

    highest, lowest = max(parts, key=lambda at: (rate(at), -at)), min(parts, key=lambda at: (rate(at), at))
    gap, gap_low, gap_high = difference(parts[highest], parts[lowest])
    quotient, *bounds = ratio(parts[lowest], parts[highest])
    return {
        "class": place,
        "highest": highest,
        "lowest": lowest,
        "difference": gap,
        "interval": [gap_low, gap_high],
        "ratio": quotient,
        "ratio_interval": None if bounds[0] is None else bounds,
    }
