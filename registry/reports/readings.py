"""What a check measured, and within which bounds it may lie: numbers with a unit, never words.

Evidence holds `observed` and `threshold` as each check sees fit. A reading brings both on
one scale, so that a page can set a value beside its limit and draw them on one track.

>>> from registry.model.evidence import Check
>>> rows = Check("rows", "expect_table_row_count_to_be_between", "pass", total=1, unexpected=0,
...              observed=7094, threshold={"min_value": 3553})
>>> reading_of(rows)
Reading(value=7094, low=3553, high=None, unit='rows', strict=False)
>>> nulls = Check("n", "expect_column_values_to_not_be_null", "fail", total=200, unexpected=3,
...               observed={"missing": 3, "share": 0.015}, threshold={"mostly": 1})
>>> reading_of(nulls)
Reading(value=3, low=None, high=0, unit='rows', strict=False)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from registry.model.evidence import Check
from registry.reports.numbers import rounded, share, tidy

Unit = Literal["rows", "columns", "files", "share", "points", "number", "units"]
_SHARES = ("share", "achievement", "overlap", "proportion")
_POINTS = ("difference", "gain")
_FIGURES = ("value", "score", "alpha", "kappa", "agreement", "distance", "divergence", "max", "min", "worst")


@dataclass(frozen=True, slots=True)
class Reading:
    """A measured value and its bounds on the same scale; None is no bound. `strict` leaves the bounds out."""

    value: int | float | None
    low: int | float | None = None
    high: int | float | None = None
    unit: Unit = "number"
    strict: bool = False

    @property
    def achievement(self) -> float | None:
        """Value over the lower bound (달성률); None where there is none."""
        return rounded(self.value / self.low) if self.value is not None and self.low and self.low > 0 else None

    @property
    def missed(self) -> bool:
        """Whether the value lies beyond a bound."""
        if self.value is None:
            return False
        return (self.low is not None and self.value < self.low) or (self.high is not None and self.value > self.high)

    def to_json(self) -> dict[str, Any]:
        """The reading's part of `quality.json`."""
        return {"value": self.value, "low": self.low, "high": self.high, "unit": self.unit}


def reading_of(check: Check) -> Reading | None:
    """The reading of `check`, or None where nothing was measured."""
    if check.status in ("not_measured", "not_applicable", "error"):
        return None
    threshold = check.threshold if isinstance(check.threshold, Mapping) else {}
    for rule in (_share, _count, _schema, _between, _named):
        found = rule(check, threshold)
        if found is not None:
            return found
    return Reading(check.unexpected, high=0, unit="units") if check.unexpected is not None else None


def _share(check: Check, threshold: Mapping[str, Any]) -> Reading | None:
    """Rows that are not as expected, as a share of those looked at; a count where none is allowed."""
    most = threshold.get("max_share")
    if most is None and _number(threshold.get("mostly")) is not None:
        most = rounded(1 - threshold["mostly"])
    if most is None or check.unexpected is None or "min_share" in threshold:
        return None
    if not most:
        return Reading(check.unexpected, high=0, unit="rows")
    return Reading(_observed(check, "share") or share(check.unexpected, check.total or 0), high=most, unit="share")


def _count(check: Check, threshold: Mapping[str, Any]) -> Reading | None:
    most = _number(threshold.get("max_count"))
    return None if most is None else Reading(check.unexpected, high=most, unit="rows")


def _schema(check: Check, _: Mapping[str, Any]) -> Reading | None:
    """Columns that are as declared."""
    if check.type != "schema" or check.total is None or check.unexpected is None:
        return None
    unit: Unit = "files" if check.id == "schema:files" else "columns"
    return Reading(check.total - check.unexpected, low=check.total, unit=unit)


def _between(check: Check, threshold: Mapping[str, Any]) -> Reading | None:
    """One figure between bounds, as Great Expectations and our own aggregates write them."""
    low, high = (_number(threshold.get(f"{side}_value", threshold.get(side))) for side in ("min", "max"))
    exact = _number(threshold.get("value"))
    low, high = (low, high) if exact is None else (exact, exact)
    value = _figure(check.observed)
    if value is None or (low is None and high is None):
        return None
    strict = bool(threshold.get("strict_min") or threshold.get("strict_max"))
    return Reading(value, low, high, "rows" if check.type == "data" else _unit(check.type), strict)


def _named(check: Check, threshold: Mapping[str, Any]) -> Reading | None:
    """A figure that its bound names (`min_share`, `max_imbalance_ratio`, `k`); of several the first that is missed."""
    readings = list(_each(check, threshold))
    return next((one for one in readings if one.missed), readings[0] if readings else None)


def _each(check: Check, threshold: Mapping[str, Any]) -> Iterator[Reading]:
    for name, bound in sorted(threshold.items()):
        if name == "max_share" and "min_share" in threshold:
            continue  # the same bound, seen from the rows that are not as expected
        side, _, rest = str(name).partition("_")
        limit, what = _number(bound), rest if side in ("min", "max") and rest else str(name)
        if limit is None:
            continue
        value = _observed(check, name)
        value = _observed(check, what) if value is None else value
        value = _figure(check.observed) if value is None else value
        if value is not None:
            upper = side == "max" or name == "t"
            unit: Unit = "points" if what.endswith(_POINTS) else "share" if what.endswith(_SHARES) else "number"
            yield Reading(value, None if upper else limit, limit if upper else None, unit)


def _unit(kind: str) -> Unit:
    if "row_count" in kind:
        return "rows"
    if "column_count" in kind:
        return "columns"
    return "share" if any(word in kind for word in _SHARES) else "number"


def _observed(check: Check, name: str) -> int | float | None:
    return _number(check.observed.get(name)) if isinstance(check.observed, Mapping) else None


def _figure(observed: Any) -> int | float | None:
    """A single figure: the value itself, else the one that carries a usual name, else the only number."""
    if not isinstance(observed, Mapping):
        return _number(observed)
    numbers = {name: n for name, item in observed.items() if (n := _number(item)) is not None}
    named = next((numbers[name] for name in _FIGURES if name in numbers), None)
    if named is not None:
        return named
    return next(iter(numbers.values())) if len(numbers) == 1 else None


def _number(value: Any) -> int | float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    found: int | float | None = tidy(value)
    return found
