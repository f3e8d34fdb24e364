"""Bins, and the second pass that fills them and measures the spread, per split.

>>> bins_of(0, 9, {"p01": 0, "p99": 9}, step=1).edges()
[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
>>> bins_of(0.0, 1.0, {"p01": 0.0, "p99": 1.0}).count
30
>>> bins_of(5, 5, {"p01": 5, "p99": 5}) is None
True
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from registry.reports.aggregates import BATCH, QUANTILES, TEMPORAL, Pass, moment, source_sql
from registry.reports.kinds import Measured
from registry.reports.numbers import tidy
from registry.tables.duck import Session, quote_text

MOST = 30  # bins
LEAST = 5  # bins of few values
TAIL = 0.5  # a tail longer than this part of the range p01…p99 is gathered in the outer bin
DAY = 86_400_000_000  # microseconds
PERIODS = 60  # of a calendar
_FIRST, _LAST = -719_162 * DAY, 2_932_530 * DAY  # years 1 and 9998, between which there is a calendar


@dataclass(frozen=True, slots=True)
class Bins:
    """`count` bins of `width` from `start`; values outside are counted apart."""

    start: float
    width: float
    count: int

    @property
    def end(self) -> float:
        """The upper edge of the last bin."""
        return self.start + self.count * self.width

    def edges(self) -> list[Any]:
        """`count + 1` edges."""
        return [self.start + i * self.width for i in range(self.count)] + [self.end]


def bins_of(low: float, high: float, quantiles: Mapping[str, float], step: int = 0, most: int = MOST) -> Bins | None:
    """At most `most` bins from `low` to `high`; `step` > 0 makes edges multiples of it (1: whole numbers).

    A long tail is gathered in the outer bin, unless every whole number has a bin of its own.
    None for a single value, or a range too wide for floating-point numbers.
    """
    if step and math.isfinite(high - low) and high > low and high // step - low // step < most:
        start = math.floor(low / step) * step
        return Bins(start, step, math.floor(high / step) - start // step + 1)
    span = quantiles["p99"] - quantiles["p01"]
    if span > 0 and high - quantiles["p99"] > TAIL * span:
        high = quantiles["p99"]
    if span > 0 and quantiles["p01"] - low > TAIL * span:
        low = quantiles["p01"]
    if not math.isfinite(high - low) or high <= low:
        return None
    if step:
        start = math.floor(low / step) * step
        steps = math.floor(high / step) - start // step + 1
        each = max(1, math.ceil(steps / most))
        return Bins(start, step * each, math.ceil(steps / each))
    width = (high - low) / most
    return Bins(low, width, most) if width > 0 and low + width > low else None


def most_of(values: int) -> int:
    """How many bins `values` can fill: twice their root, since more would be a comb of single values.

    >>> most_of(2), most_of(12), most_of(100), most_of(10_000)
    (5, 7, 20, 30)
    """
    return min(MOST, max(LEAST, math.ceil(2 * math.sqrt(values))))


def step_of(column: Measured, low: float, high: float) -> int:
    """The step of the edges: whole numbers, whole days, or none."""
    if column.storage == "date":
        return DAY
    return 1 if column.storage in ("integer", "string", "list", "binary") else 0


@dataclass(frozen=True, slots=True)
class Months:
    """`count` bins of `each` months from month `first` (year × 12 + month − 1)."""

    first: int
    each: int
    count: int

    def edges(self) -> list[int]:
        """`count + 1` edges in microseconds since 1970."""
        return [_microseconds(self.first + i * self.each) for i in range(self.count + 1)]


def _microseconds(month: int) -> int:
    year, rest = divmod(month, 12)
    return (date(year, rest + 1, 1) - date(1970, 1, 1)).days * DAY


def calendar(low: float, high: float) -> tuple[Bins | Months, str]:
    """Bins for moments from `low` to `high` (microseconds), and what each holds: day, week, month or years.

    >>> calendar(0, 20 * DAY)[1], calendar(0, 200 * DAY)[1], calendar(0, 900 * DAY)[1]
    ('day', 'week', 'month')
    >>> calendar(0, 900 * DAY)[0].edges()[:2]
    [0, 2678400000000]
    """
    first, last = int(low // DAY), int(high // DAY)
    if last - first < PERIODS:
        return Bins(first * DAY, DAY, last - first + 1), "day"
    monday, final = (first + 3) // 7, (last + 3) // 7  # NOTE: 1970-01-01 was a Thursday
    if final - monday < PERIODS:
        return Bins((monday * 7 - 3) * DAY, 7 * DAY, final - monday + 1), "week"
    months = [_month(day) for day in (first, last)]
    each = 1 if months[1] - months[0] < PERIODS else 12 * -(-(months[1] // 12 - months[0] // 12 + 1) // PERIODS)
    start = months[0] if each == 1 else months[0] // 12 * 12
    return Months(start, each, (months[1] - start) // each + 1), "month" if each == 1 else "years"


def _month(day: int) -> int:
    at = date(1970, 1, 1) + timedelta(days=day)
    return at.year * 12 + at.month - 1


@dataclass(frozen=True, slots=True)
class Spread:
    """What the second pass knows of one column: its histogram document, and standard deviations by split."""

    histogram: dict[str, Any] | None
    std: Mapping[str | None, float | None]


def second_pass(session: Session, columns: Sequence[Measured], first: Pass) -> dict[int, Spread]:
    """Histograms and standard deviations of every column that has numbers."""
    measured = [c for c in columns if first.overall.get(f"{c.index}_quantiles")]
    found: dict[int, Spread] = {}
    for start in range(0, len(measured), BATCH):
        found |= _batch(session, measured[start : start + BATCH], first)
    return found


def _batch(session: Session, columns: Sequence[Measured], first: Pass) -> dict[int, Spread]:
    plans = [(column, _bins(column, first)) for column in columns]
    select = ["split"]
    for column, bins in plans:
        select.append(f"{_deviation_sql(column, first)} AS d{column.index}")
        if bins:
            select.append(f"histogram({_bin_sql(column, bins)}) AS h{column.index}")
    sql = f"SELECT {', '.join(select)} FROM {source_sql(session, columns)} GROUP BY split"  # noqa: S608 (names quoted)
    answers = {row["split"]: row for row in session.rows(sql) if row["split"] is not None}
    return {
        column.index: Spread(_histogram(column, bins, answers) if bins else None, _deviations(column, first, answers))
        for column, bins in plans
    }


def _bins(column: Measured, first: Pass) -> Bins | Months | None:
    raw, i = first.overall, column.index
    low, high = float(raw[f"{i}_min"]), float(raw[f"{i}_max"])
    if _by_calendar(column, low, high):
        return calendar(low, high)[0]
    quantiles = dict(zip(QUANTILES, raw[f"{i}_quantiles"], strict=True))
    return bins_of(low, high, quantiles, step_of(column, low, high), most_of(_finite(column, raw)))


def _by_calendar(column: Measured, low: float, high: float) -> bool:
    """Whether days, weeks, months or years are the bins: of a range of ten days or more, within the calendar."""
    return column.storage in ("date", "datetime") and high - low >= 10 * DAY and low > _FIRST and high < _LAST


def _bin_sql(column: Measured, bins: Bins | Months) -> str:
    value = f"v{column.index}"
    if isinstance(bins, Months):
        at = f"make_timestamp(CAST({value} AS BIGINT))"
        return f"CAST((year({at}) * 12 + month({at}) - 1 - {bins.first}) // {bins.each} AS INTEGER)"
    inside = f"least({bins.count - 1}, floor(({value} - {bins.start!r}) / {bins.width!r}))"
    return (
        f"CAST(CASE WHEN {value} IS NULL THEN NULL WHEN {value} < {bins.start!r} THEN -1 "
        f"WHEN {value} > {bins.end!r} THEN {bins.count} ELSE {inside} END AS INTEGER)"
    )


def _deviation_sql(column: Measured, first: Pass) -> str:
    """Sum of squared deviations from the split's own mean."""
    means = {split: raw.get(f"{column.index}_mean") for split, raw in first.splits.items()}
    usable = {split: mean for split, mean in means.items() if mean is not None and math.isfinite(mean)}
    if not usable or column.storage in TEMPORAL:
        return "NULL"
    cases = " ".join(f"WHEN {quote_text(split)} THEN {mean!r}::DOUBLE" for split, mean in usable.items())
    return f"fsum(pow(CAST(v{column.index} AS DOUBLE) - CASE split {cases} END, 2))"


def _histogram(column: Measured, bins: Bins | Months, answers: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    found = {split: row[f"h{column.index}"] or {} for split, row in answers.items()}
    temporal = column.storage in TEMPORAL
    edges = [moment(int(edge), column.storage) if temporal else tidy(edge) for edge in bins.edges()]
    return {
        "of": "length" if column.storage in ("string", "list", "binary") else "value",
        "edges": edges,
        "whole": isinstance(bins, Bins) and step_of(column, bins.start, bins.end) == 1,
        "period": _period(column, bins),
        "counts": {split: [by_bin.get(b, 0) for b in range(bins.count)] for split, by_bin in found.items()},
        "below": {split: by_bin.get(-1, 0) for split, by_bin in found.items()},
        "above": {split: by_bin.get(bins.count, 0) for split, by_bin in found.items()},
    }


def _period(column: Measured, bins: Bins | Months) -> str | None:
    """The calendar's period that each bin holds, or None."""
    if isinstance(bins, Months):
        return "month" if bins.each == 1 else "years"
    whole = column.storage in ("date", "datetime") and bins.width in (DAY, 7 * DAY)
    return ("day" if bins.width == DAY else "week") if whole else None


def _deviations(
    column: Measured, first: Pass, answers: Mapping[str, Mapping[str, Any]]
) -> dict[str | None, float | None]:
    """Sample standard deviation by split; None is the whole table, combined from the splits."""
    found: dict[str | None, float | None] = {}
    whole, total = first.overall.get(f"{column.index}_mean"), 0
    parts: list[float] = []
    for split, row in answers.items():
        raw = first.splits[split]
        n, mean, squares = _finite(column, raw), raw[f"{column.index}_mean"], row[f"d{column.index}"]
        if squares is None or mean is None or whole is None:
            continue
        found[split] = math.sqrt(squares / (n - 1)) if n > 1 and math.isfinite(squares) else None
        total += n
        parts += [squares, n * (mean - whole) ** 2 if abs(mean - whole) < 1e150 else math.inf]
    squares = math.fsum(parts) if all(math.isfinite(p) for p in parts) else math.inf
    found[None] = math.sqrt(squares / (total - 1)) if total > 1 and math.isfinite(squares) else None
    return found


def _finite(column: Measured, raw: Mapping[str, Any]) -> int:
    i = column.index
    return int(raw[f"{i}_count"] - raw.get(f"{i}_nan", 0) - raw.get(f"{i}_inf", 0))
