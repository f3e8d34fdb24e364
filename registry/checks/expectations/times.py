"""Splits in time: what is tested must come after what was learnt from.

>>> SPECS[0].form.kwarg("order").text
'splits from the earliest to the latest; by default train, validation, test'
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from registry.checks.core import ExpectationForm
from registry.checks.expectations.leakage import split_names, two_splits
from registry.checks.kwargs import Kwarg
from registry.checks.specs import Counts, Facts, Measure, Spec, Unmeasured, rank, summed, value_sql
from registry.checks.sql import MOMENTS, PlanError, is_number, is_text, type_of
from registry.model.splits import STANDARD
from registry.tables.duck import is_instant, quote_ident
from registry.tables.engine import PLACE, text_of
from registry.tables.table import FILE, ROW

INSTANT = "TIMESTAMP WITH TIME ZONE"  # what a text is read as
ZONE = "([zZ]|[+-][0-9]{2}(:?[0-9]{2})?)$"  # of a text that holds a time of day


def _follow(kwargs: Mapping[str, Any], facts: Facts) -> Measure | Unmeasured:
    """Rows of a later split whose time is not after the last one of every earlier split.

    Texts are read as ISO 8601; instants of different zones are compared as instants. Texts
    that are no times, or of which some name a zone and some do not, cannot be ordered.
    """
    column = facts.role("time", kwargs.get("column"))
    if not column:
        return Unmeasured("no column has the role time: declare when each row arose, or name `column`")
    order = tuple(kwargs.get("order") or (split for split in STANDARD if split in facts.splits))
    if len(order) < 2 <= len(facts.splits):
        return Unmeasured(f"which of {', '.join(facts.splits)} comes first is not said: name `order`")
    splits = two_splits(order or None, facts)
    if isinstance(splits, Unmeasured):
        return splits
    splits = tuple(split for split in order if split in splits)
    return Measure(
        columns=(column,),
        count_sql=_count_sql(column, splits, facts),
        reduce=partial(_reduce, column=column),
        what=f"rows of a later split are not after the last row of an earlier one ({' < '.join(splits)})",
        threshold={"max_share": 0},
        rows_sql=_rows_sql(column, splits, facts),
        hint="split by time, or leave this check out where time does not matter",
        witness="not_after",
    )


def _timed(column: str, splits: tuple[str, ...], facts: Facts) -> str:
    """CTEs: `timed` are rows with their time and rank; `bounds` the last time of all earlier splits, and its row."""
    time, broken, zoned = _time_sql(column, facts)
    return f"""WITH timed AS (
  SELECT {time} AS t, {broken} AS broken, {zoned} AS zoned, {rank(splits)} AS rank,
    {{'part': {PLACE}, 'row': {ROW}, 'file': {FILE}}} AS place, {FILE}, {ROW}
  FROM data WHERE {rank(splits)} IS NOT NULL
), latest AS (
  SELECT rank, max(t) AS t FROM timed WHERE t IS NOT NULL GROUP BY rank
), ends AS (
  SELECT timed.rank, t, min(place) AS place FROM timed JOIN latest USING (rank, t) GROUP BY ALL
), bounds AS (
  SELECT later.rank, max(ends.t) AS bound FROM (SELECT DISTINCT rank FROM timed) AS later
  JOIN ends ON ends.rank < later.rank GROUP BY later.rank
)"""  # noqa: S608 (all parts are quoted)


def _time_sql(column: str, facts: Facts) -> tuple[str, str, str]:
    """A time to compare; whether a value is none; whether it names a zone (null where that is no question)."""
    kind, quoted = type_of(facts.columns, column), quote_ident(column)
    if kind in MOMENTS or is_instant(kind) or is_number(kind):
        return value_sql(column, kind), "FALSE", "CAST(NULL AS BOOLEAN)"
    if not is_text(kind):
        raise PlanError(f"`{column}` is of type {kind} and holds no times", hint="name a column of dates or times")
    text = f"nullif(trim({quoted}), '')"
    parsed = f"TRY_CAST({text} AS {INSTANT})"
    zoned = f"CASE WHEN contains({text}, ':') THEN regexp_matches({text}, '{ZONE}') END"
    return parsed, f"({text} IS NOT NULL AND {parsed} IS NULL)", zoned


def _count_sql(column: str, splits: tuple[str, ...], facts: Facts) -> str:
    kind = type_of(facts.columns, column)
    first, last = (text_of(f"{name}(t)", INSTANT if is_text(kind) else kind) for name in ("min", "max"))
    return f"""{_timed(column, splits, facts)}
SELECT {split_names(splits)} AS split, count(*) FILTER (t IS NOT NULL AND bound IS NOT NULL) AS total,
  count(*) FILTER (t <= bound) AS unexpected, count(*) FILTER (t IS NULL) AS empty, rank > 0 AS counted,
  count(*) FILTER (broken) AS broken, count(*) FILTER (zoned) AS zoned, count(*) FILTER (NOT zoned) AS naive,
  {first} AS first, {last} AS last
FROM timed LEFT JOIN bounds USING (rank) GROUP BY rank ORDER BY rank"""  # noqa: S608 (all parts are quoted)


def _rows_sql(column: str, splits: tuple[str, ...], facts: Facts) -> str:
    """Each row that is not after, with its witness: the first of the last rows of the earlier splits."""
    return f"""{_timed(column, splits, facts)}, witnesses AS (
  SELECT bounds.rank, bound, min(ends.place) AS place FROM bounds
  JOIN ends ON ends.rank < bounds.rank AND ends.t = bound GROUP BY ALL
)
SELECT {FILE}, {ROW}, witnesses.place.file AS other_file, witnesses.place.row AS other_row
FROM timed JOIN witnesses USING (rank) WHERE t <= bound"""  # noqa: S608 (all parts are quoted)


def _reduce(rows: Sequence[Mapping[str, Any]], *, column: str) -> Counts:
    counts = summed(rows)
    broken, zoned, naive = (sum(int(row[name]) for row in rows) for name in ("broken", "zoned", "naive"))
    spans = {row["split"]: {"first": row["first"], "last": row["last"]} for row in rows}
    observed = {**counts.observed, "times": spans}
    if broken:
        why = f"{broken:,} values of `{column}` are no times: write them as 2024-01-31 or 2024-01-31T09:00:00+09:00"
        return Counts(counts.total, 0, {"empty": observed["empty"], "broken": broken}, nothing=why)
    if zoned and naive:
        why = f"{naive:,} times of `{column}` name no zone while {zoned:,} do, so that their order is unknown: "
        why += "write every time with its zone"
        return Counts(counts.total, 0, {"empty": observed["empty"], "zoned": zoned, "naive": naive}, nothing=why)
    return Counts(counts.total, counts.unexpected, observed)


SPECS = (
    Spec(
        ExpectationForm(
            "expect_splits_to_follow_time",
            "Every row of a split is later than all rows of the splits before it.",
            (
                Kwarg("column", "column", "when a row arose: dates, times, numbers; by default the role time"),
                Kwarg("order", "names", "splits from the earliest to the latest; by default train, validation, test"),
            ),
        ),
        _follow,
        unit="rows with a time of every split but the first; unexpected: those not after the last of an earlier one",
        source="Kaufman et al. 2012, Leakage in data mining (doi:10.1145/2382577.2382579); ISO 8601",
    ),
)
