"""Arithmetic that gives the same digits everywhere.

>>> tidy(0.1 + 0.2), tidy(float("nan")), share(1, 3), share(0, 0)
(0.3, None, 0.3333333333, None)
>>> js_divergence([10, 0], [0, 10]), js_divergence([1, 1], [5, 5])
(1.0, 0.0)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

DIGITS = 10  # significant digits of every float in a document


def tidy(value: Any) -> Any:
    """`value`; a float rounded to 10 significant digits, and None where it is not finite."""
    if not isinstance(value, float):
        return value
    return rounded(value) if math.isfinite(value) else None


def rounded(value: float) -> float:
    """A finite `value` at 10 significant digits, without a negative zero."""
    return float(f"{value:.{DIGITS}g}") + 0.0


def share(part: int, whole: int) -> float | None:
    """`part / whole`, or None of nothing."""
    return rounded(part / whole) if whole else None


def js_divergence(left: Sequence[int], right: Sequence[int]) -> float | None:
    """Jensen-Shannon divergence of two count vectors in bits: 0 equal, 1 disjoint; None if one is empty.

    Lin, J. (1991): Divergence measures based on the Shannon entropy.
    """
    total_left, total_right = sum(left), sum(right)
    if not total_left or not total_right:
        return None
    terms = []
    for count_left, count_right in zip(left, right, strict=True):
        p, q = count_left / total_left, count_right / total_right
        middle = (p + q) / 2
        terms += [x / 2 * math.log2(x / middle) for x in (p, q) if x > 0]
    return rounded(min(1.0, max(0.0, math.fsum(terms))))


def entropy(counts: Sequence[int]) -> float | None:
    """Shannon entropy over its maximum, log of the number of classes: 1 is even; None below two classes."""
    total = sum(counts)
    if not total or len(counts) < 2:
        return None
    bits = -math.fsum(n / total * math.log2(n / total) for n in counts if n)
    return rounded(bits / math.log2(len(counts)) + 0.0)
