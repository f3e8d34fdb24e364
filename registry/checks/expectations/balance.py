"""Balance of classes within splits.

>>> entropy([5, 5]), round(entropy([9, 1]), 4), entropy([10, 0]), imbalance([8, 2])
(1.0, 0.469, 0.0, 4.0)
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from registry.checks.core import COLUMN, ExpectationForm
from registry.checks.expectations.leakage import SPLITS
from registry.checks.kwargs import Kwarg
from registry.checks.specs import Counts, Facts, Measure, Spec, Unmeasured
from registry.checks.sql import missing, type_of
from registry.tables.duck import quote_ident, quote_text
from registry.tables.engine import text_of

LISTED = 100  # classes up to which each share is part of the evidence
LIMITS = ("min_share", "min_entropy", "max_imbalance_ratio")


def entropy(counts: Sequence[int]) -> float:
    """Shannon entropy over its greatest value: 1 for equal classes, 0 for one class."""
    total = sum(counts)
    if len(counts) < 2 or not total:
        return 0.0
    return abs(-math.fsum(n / total * math.log(n / total) for n in counts if n) / math.log(len(counts)))


def imbalance(counts: Sequence[int]) -> float:
    """The most frequent class over the rarest one; infinite where a class has no row."""
    return max(counts) / min(counts) if min(counts) else math.inf


def _balance(kwargs: Mapping[str, Any], facts: Facts) -> Measure | Unmeasured:
    column = kwargs["column"]
    splits = facts.chosen(kwargs.get("splits"))
    lacking = [split for split in kwargs.get("splits") or () if split not in splits]
    if lacking:
        return Unmeasured(f"the data has no split {', '.join(lacking)}; it has {', '.join(facts.splits)}")
    declared = facts.schema.column(column)
    number = float if facts.columns.get(column) in ("DOUBLE", "FLOAT") else str
    classes = tuple(str(number(name)) for name in declared.classes) if declared else ()
    limit = next(name for name in LIMITS if kwargs.get(name) is not None)
    return Measure(
        columns=(column,),
        count_sql=count_sql(column, splits, facts),
        reduce=partial(REDUCERS[limit], classes=classes, splits=splits, limit=kwargs[limit]),
        what=WHAT[limit],
        threshold={limit: kwargs[limit]},
        hint="collect more rows of the rare classes, or lower the limit",
    )


def count_sql(column: str, splits: Sequence[str], facts: Facts) -> str:
    """Rows by split and class; rows without a class are left out."""
    chosen = ", ".join(quote_text(split) for split in splits)
    name = text_of(quote_ident(column), type_of(facts.columns, column))
    return f"""SELECT split, {name} AS class, count(*) AS n FROM data
WHERE split IN ({chosen}) AND NOT {missing(facts.columns, column)} GROUP BY ALL ORDER BY ALL"""  # noqa: S608 (all parts are quoted)


def tables_of(
    rows: Sequence[Mapping[str, Any]], classes: Sequence[str], splits: Sequence[str]
) -> dict[str, dict[str, int]]:
    """Rows by split and class: the declared classes, then those that occur besides; no row counts 0."""
    found = {(row["split"], row["class"]): int(row["n"]) for row in rows}
    names = tuple(dict.fromkeys((*map(value_name, classes), *sorted({name for _, name in found}))))
    return {split: {name: found.get((split, name), 0) for name in names} for split in splits}


def value_name(value: object) -> str:
    """A declared value as SQL writes it.

    >>> value_name(True), value_name(3), value_name("긍정")
    ('true', '3', '긍정')
    """
    name = str(value)
    return name.lower() if name in ("True", "False") else name


def _shares(
    rows: Sequence[Mapping[str, Any]], *, classes: Sequence[str], splits: Sequence[str], limit: float
) -> Counts:
    tables = tables_of(rows, classes, splits)
    units: list[dict[str, Any]] = [
        {"split": split, "class": name, "rows": n, "share": n / sum(table.values())}
        for split, table in tables.items()
        if sum(table.values())
        for name, n in table.items()
    ]
    if units:  # a split without any class is the rarest of all
        bare = [split for split, table in tables.items() if not sum(table.values())]
        units += [{"split": split, "class": None, "rows": 0, "share": 0.0} for split in bare]
    rare = sorted((unit for unit in units if unit["share"] < limit), key=lambda unit: unit["share"])
    observed: dict[str, Any] = {"min_share": min((unit["share"] for unit in units), default=None)}
    if all(len(table) <= LISTED for table in tables.values()):
        observed["splits"] = {split: _share_of(table) for split, table in tables.items()}
    return Counts(len(units), len(rare), observed, tuple(rare), _lone(tables))


def _share_of(table: Mapping[str, int]) -> dict[str, float]:
    total = sum(table.values())
    return {name: n / total for name, n in table.items()} if total else {}


def _one_figure(
    rows: Sequence[Mapping[str, Any]],
    *,
    classes: Sequence[str],
    splits: Sequence[str],
    limit: float,
    figure: Callable[[Sequence[int]], float],
    name: str,
    least: bool,
) -> Counts:
    tables = tables_of(rows, classes, splits)
    values = {split: figure(list(table.values())) for split, table in tables.items() if sum(table.values())}
    outside = [split for split, value in values.items() if (value < limit if least else value > limit)]
    if values:  # a split without any class has no balance to speak of
        outside += [split for split in tables if split not in values]
    worst = (min if least else max)(values.values(), default=None)
    samples = tuple({"split": split, name: values.get(split)} for split in outside)
    return Counts(len(tables) if values else 0, len(outside), {name: worst, "splits": values}, samples, _lone(tables))


def _lone(tables: Mapping[str, Mapping[str, int]]) -> str:
    """Why no figure would mean anything, or nothing: of one class alone every share is 1 and every ratio."""
    classes = {name for table in tables.values() for name in table}
    return (
        f"`{classes.pop()}` is the one class there is, so that nothing is to be balanced" if len(classes) == 1 else ""
    )


REDUCERS: Mapping[str, Callable[..., Counts]] = {
    "min_share": _shares,
    "min_entropy": partial(_one_figure, figure=entropy, name="min_entropy", least=True),
    "max_imbalance_ratio": partial(_one_figure, figure=imbalance, name="max_imbalance_ratio", least=False),
}
WHAT = {
    "min_share": "classes of a split are rarer than allowed",
    "min_entropy": "splits have less entropy than allowed",
    "max_imbalance_ratio": "splits have a greater imbalance than allowed",
}

SPECS = (
    Spec(
        ExpectationForm(
            "expect_class_balance_to_be_at_least",
            "No class is too rare in a split.",
            (
                COLUMN,
                Kwarg("min_share", "share", "least share of each class in each split"),
                Kwarg("min_entropy", "share", "least Shannon entropy of a split over its greatest value"),
                Kwarg("max_imbalance_ratio", "ratio", "greatest ratio of the most frequent class to the rarest"),
                SPLITS,
            ),
            exactly_one=LIMITS,
        ),
        _balance,
        unit="(split, class) for min_share, else splits; unexpected: those outside the limit. "
        "Classes are the declared ones, else those that occur anywhere",
        source="He & Garcia 2009, Learning from imbalanced data (imbalance ratio); Shannon 1948 (entropy)",
    ),
)
