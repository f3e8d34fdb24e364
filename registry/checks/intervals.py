"""Intervals of shares, and of what lies between two of them, at 95 %.

Wilson, E. B. (1927): Probable inference. Newcombe, R. G. (1998): Interval estimation for the difference between
independent proportions (method 10). Katz, D. et al. (1978): Obtaining confidence intervals for the risk ratio.

>>> wilson(8, 10), wilson(0, 0)
([0.4901624715, 0.9433178485], None)
>>> difference((56, 70), (48, 80))
(0.2, 0.0524314724, 0.333872654)
>>> ratio((0, 50), (25, 50))
(0.0, None, None)
"""

from __future__ import annotations

import math

from registry.checks.numbers import rounded

LEVEL = 0.95
Z = 1.959963984540054  # the normal quantile that leaves 2.5 % beyond it

Part = tuple[int, int]  # of a whole


def wilson(part: int, whole: int) -> list[float] | None:
    """The score interval of `part / whole`; None of nothing."""
    if not whole:
        return None
    low, high = _score(part, whole)
    return [rounded(low), rounded(high)]


def _score(part: int, whole: int) -> tuple[float, float]:
    """As `wilson`, unrounded; exact at the ends."""
    share, square = part / whole, Z * Z
    middle = share + square / (2 * whole)
    reach = Z * math.sqrt(share * (1 - share) / whole + square / (4 * whole * whole))
    scale = 1 + square / whole
    low = 0.0 if part == 0 else max(0.0, (middle - reach) / scale)
    return low, 1.0 if part == whole else min(1.0, (middle + reach) / scale)


def difference(high: Part, low: Part) -> tuple[float, float, float]:
    """The first share less the second, and its interval; wholes are above nothing."""
    shares = high[0] / high[1], low[0] / low[1]
    (one_low, one_high), (other_low, other_high) = _score(*high), _score(*low)
    found = shares[0] - shares[1]
    below = math.hypot(shares[0] - one_low, other_high - shares[1])
    above = math.hypot(one_high - shares[0], shares[1] - other_low)
    return rounded(found), rounded(max(-1.0, found - below)), rounded(min(1.0, found + above))


def ratio(low: Part, high: Part) -> tuple[float | None, float | None, float | None]:
    """The first share over the second, and its interval; None where a share of nothing leaves it undefined."""
    if not high[0]:
        return None, None, None
    found = (low[0] / low[1]) / (high[0] / high[1])
    if not low[0]:
        return 0.0, None, None
    reach = Z * math.sqrt(1 / low[0] - 1 / low[1] + 1 / high[0] - 1 / high[1])
    return rounded(found), rounded(found * math.exp(-reach)), rounded(found * math.exp(reach))
