"""Figures of the evidence: ten significant digits, so that the last bits of a sum never show.

>>> rounded(0.1 + 0.2), rounded(1 / 3)
(0.3, 0.3333333333)
>>> plain({"a": [float("nan"), float("inf")], "b": 2})
{'a': [None, 'Infinity'], 'b': 2}
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

DIGITS = 10


def rounded(value: Any) -> Any:
    """A float at ten significant digits, zero without a sign; anything else as it is."""
    if isinstance(value, float) and math.isfinite(value):
        return float(f"{value:.{DIGITS}g}") + 0.0
    return value


def plain(value: Any) -> Any:
    """A JSON value: floats rounded, NaN as null, infinities and moments as text, decimals as numbers."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item) for item in value]
    if isinstance(value, Decimal):
        whole = value == value.to_integral_value() if value.is_finite() else False
        return int(value) if whole else plain(float(value))
    if isinstance(value, float):
        if math.isfinite(value):
            return rounded(value)
        return None if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")
    if value is None or isinstance(value, (str, int, bool)):
        return value
    return value.isoformat() if isinstance(value, (dt.date, dt.time)) else str(value)


def percent(share: float) -> str:
    """A share in percent with at most three significant digits.

    >>> percent(0.015), percent(1), percent(0.00012345)
    ('1.5%', '100%', '0.0123%')
    """
    return f"{100 * share:.3g}%"
