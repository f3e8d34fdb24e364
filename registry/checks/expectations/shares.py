"""Sizes and mixes: shares of splits, label mixes of splits, planned counts and planned shares.

>>> divergence([5, 5], [5, 5]), divergence([5, 0], [0, 5]), round(divergence([9, 1], [5, 5]), 4)
(0.0, 1.0, 0.1468)
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from registry.checks.core import COLUMN, ExpectationForm
from registry.checks.expectations.balance import count_sql, tables_of, value_name
from registry.checks.expectations.leakage import two_splits
from registry.checks.kwargs import REQUIRED, Kwarg
from registry.checks.numbers import rounded
from registry.checks.specs import Counts, Facts, Measure, Spec, Unmeasured
from registry.checks.sql import missing, type_of
from registry.tables.duck import quote_ident
from registry.tables.engine import text_of
from registry.tables.table import SPLIT

ROWS = "rows"  # the target of all rows, where no column is named
Rows = Sequence[Mapping[str, Any]]


def divergence(one: Sequence[int], other: Sequence[int]) -> float:
    """Jensen–Shannon divergence of two distributions given as counts, in bits: 0 for equal ones, at most 1."""
    n, m = sum(one), sum(other)
    pairs = [(a / n, b / m) for a, b in zip(one, other, strict=True)]
    parts = [x * math.log2(2 * x / (a + b)) for a, b in pairs for x in (a, b) if x]
    return min(max(math.fsum(parts) / 2, 0.0), 1.0)


def _split_shares(kwargs: Mapping[str, Any], facts: Facts) -> Measure | Unmeasured:
    """Rows of each named split over all rows; a split that the data lacks has none."""
    return Measure(
        columns=(),
        count_sql=f"SELECT CAST({SPLIT} AS VARCHAR) AS value, count(*) AS n FROM data GROUP BY ALL ORDER BY ALL",  # noqa: S608
        reduce=partial(_judge_shares, shares=kwargs["shares"]),
        what="splits have a share of rows outside their range",
        threshold={"shares": kwargs["shares"]},
        hint="split anew, or change the ranges",
    )


def _judge_shares(rows: Rows, *, shares: Mapping[Any, Sequence[float]]) -> Counts:
    counts = _counts(rows)
    total = sum(counts.values())
    units = [
        {
            "split": str(name),
            "rows": counts.get(str(name), 0),
            "share": counts.get(str(name), 0) / total if total else 0,
        }
        for name in shares
    ]
    outside = [unit for unit, (low, high) in zip(units, shares.values(), strict=True) if not _in(unit, low, high)]
    observed = {"shares": {name: n / total for name, n in counts.items()}}
    return Counts(len(units), len(outside), observed, tuple(outside))


def _in(unit: Mapping[str, Any], low: float, high: float) -> bool:
    return bool(low <= rounded(unit["share"]) <= high)


def _counts(rows: Rows) -> dict[str, int]:
    return {str(row["value"]): int(row["n"]) for row in rows}


def _mix(kwargs: Mapping[str, Any], facts: Facts) -> Measure | Unmeasured:
    """Jensen–Shannon divergence (base 2) of the label mix of each later split from that of the first."""
    column = facts.role("label", kwargs.get("column"))
    if not column:
        return Unmeasured("no column has the role label: declare it, or name `column`")
    splits = two_splits(None, facts)
    if isinstance(splits, Unmeasured):
        return splits
    limit = kwargs.get("max_divergence", 0.05)
    return Measure(
        columns=(column,),
        count_sql=count_sql(column, splits, facts),
        reduce=partial(_judge_mix, splits=splits, limit=limit),
        what=f"splits have another mix of labels than {splits[0]}",
        threshold={"max_divergence": limit},
        hint="stratify the splits by label",
    )


def _judge_mix(rows: Rows, *, splits: Sequence[str], limit: float) -> Counts:
    tables = {split: table for split, table in tables_of(rows, (), splits).items() if sum(table.values())}
    if splits[0] not in tables:
        return Counts(0, 0)
    first = list(tables[splits[0]].values())
    found = {split: rounded(divergence(first, list(table.values()))) for split, table in tables.items()}
    del found[splits[0]]
    outside = tuple({"split": split, "divergence": value} for split, value in found.items() if value > limit)
    return Counts(
        len(found), len(outside), {"max_divergence": max(found.values(), default=None), "splits": found}, outside
    )


def _targets(kwargs: Mapping[str, Any], facts: Facts) -> Measure | Unmeasured:
    """Rows of each value over those planned (achievement); without a column of splits, or of all (`rows`)."""
    column, targets = kwargs.get("column"), kwargs["targets"]
    least = kwargs.get("min_achievement", 1.0)
    return Measure(
        columns=(column,) if column else (),
        count_sql=_value_sql(column or SPLIT, facts),
        reduce=partial(_judge_targets, targets=targets, least=least, whole=column is None),
        what="targets are missed",
        threshold={"targets": targets, "min_achievement": least},
        hint="collect the rows that lack, or change the plan",
    )


def _value_sql(column: str, facts: Facts) -> str:
    value = text_of(quote_ident(column), type_of(facts.columns, column))
    present = f"NOT {missing(facts.columns, column)}"
    return f"SELECT {value} AS value, count(*) AS n FROM data WHERE {present} GROUP BY ALL ORDER BY ALL"  # noqa: S608


def _judge_targets(rows: Rows, *, targets: Mapping[Any, int], least: float, whole: bool) -> Counts:
    counts = _counts(rows)
    if whole and ROWS not in counts:
        counts[ROWS] = sum(counts.values())
    units: list[dict[str, Any]] = [
        {"value": value_name(name), "rows": counts.get(value_name(name), 0), "target": n} for name, n in targets.items()
    ]
    for unit in units:
        unit["achievement"] = unit["rows"] / unit["target"]
    missed = sorted((unit for unit in units if unit["achievement"] < least), key=lambda unit: unit["achievement"])
    achieved = {unit["value"]: unit["achievement"] for unit in units}
    observed = {"achievement": achieved, "min_achievement": min(achieved.values())}
    return Counts(len(units), len(missed), observed, tuple(missed))


def _overlap(kwargs: Mapping[str, Any], facts: Facts) -> Measure | Unmeasured:
    """The sum over values of the lesser of planned and actual share: 1 where the plan is met exactly."""
    column, shares, least = kwargs["column"], kwargs["shares"], kwargs["min_overlap"]
    return Measure(
        columns=(column,),
        count_sql=_value_sql(column, facts),
        reduce=partial(_judge_overlap, shares=shares, least=least),
        what="columns overlap too little with their planned shares",
        threshold={"shares": shares, "min_overlap": least},
        hint="collect more of what lacks, or change the plan",
    )


def _judge_overlap(rows: Rows, *, shares: Mapping[Any, float], least: float) -> Counts:
    counts = _counts(rows)
    total = sum(counts.values())
    if not total:
        return Counts(0, 0)
    planned = {value_name(name): share for name, share in shares.items()}
    actual = {name: n / total for name, n in counts.items()}
    overlap = rounded(math.fsum(min(share, actual.get(name, 0.0)) for name, share in planned.items()))
    units: list[dict[str, Any]] = [
        {"value": name, "planned": planned.get(name, 0), "actual": actual.get(name, 0.0)}
        for name in sorted({*planned, *actual})
    ]
    furthest = sorted(units, key=lambda unit: unit["actual"] - unit["planned"])
    failed = overlap < least
    return Counts(1, int(failed), {"overlap": overlap, "shares": actual}, tuple(furthest) if failed else ())


SPECS = (
    Spec(
        ExpectationForm(
            "expect_split_shares_to_be_between",
            "Each split has its share of the rows.",
            (Kwarg("shares", "ranges", "least and greatest share of rows by split: `{train: [0.7, 0.9]}`", REQUIRED),),
        ),
        _split_shares,
        unit="splits with a range; unexpected: those whose share of all rows lies outside it",
        source="Hastie et al. 2009, The elements of statistical learning, 7.2 (shares of a split)",
    ),
    Spec(
        ExpectationForm(
            "expect_split_class_distributions_to_match",
            "The splits have the label mix of the first one.",
            (
                Kwarg("column", "column", "the label; by default the role label"),
                Kwarg(
                    "max_divergence", "share", "greatest Jensen–Shannon divergence from the first split, in bits", 0.05
                ),
            ),
        ),
        _mix,
        unit="splits with labels but the first; unexpected: those further from the first than allowed",
        source="Lin 1991, Divergence measures based on the Shannon entropy (doi:10.1109/18.61115)",
    ),
    Spec(
        ExpectationForm(
            "expect_counts_to_meet_targets",
            "There are as many rows of each value as planned (정량목표 · 달성률).",
            (
                Kwarg(
                    "column", "column", "the column of the values; without it targets are of splits, or of all `rows`"
                ),
                Kwarg("targets", "targets", "planned rows by value: `{positive: 5000}`", REQUIRED),
                Kwarg("min_achievement", "achievement", "least share of the plan that must be there", 1.0),
            ),
        ),
        _targets,
        unit="targets; unexpected: those with fewer rows than planned × min_achievement",
        source="NIA, 인공지능 학습용 데이터 품질관리 가이드라인 (정량목표)",
    ),
    Spec(
        ExpectationForm(
            "expect_shares_to_overlap",
            "The values come in the planned shares (구성비 중첩률).",
            (
                COLUMN,
                Kwarg("shares", "plan", "planned share by value: `{남: 0.5, 여: 0.5}`", REQUIRED),
                Kwarg("min_overlap", "share", "least sum of the lesser of planned and actual share", REQUIRED),
            ),
        ),
        _overlap,
        unit="the column; unexpected: 1 where the overlap is too little",
        source="NIA, 인공지능 학습용 데이터 품질관리 가이드라인 (구성비 중첩률); Swain & Ballard 1991, Color indexing "
        "(histogram intersection)",
    ),
)
