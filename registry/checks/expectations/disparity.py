"""Differences between groups: how far the share of a label lies apart among people of different kinds.

A difference is no verdict: it may be what the world is like, what was collected, or chance. The threshold says how
much of it a release may hand on to a model without somebody looking.

>>> SPECS[0].form.exactly_one
('max_difference', 'min_ratio')
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from registry.checks.core import ExpectationForm
from registry.checks.disparity import SMALL, disparities
from registry.checks.expectations.balance import value_name
from registry.checks.kwargs import Kwarg
from registry.checks.specs import Counts, Facts, Measure, Spec, Unmeasured
from registry.checks.sql import is_text, missing, type_of
from registry.privacy.mask import is_withheld, shown
from registry.tables.duck import quote_ident
from registry.tables.engine import text_of

MOST = 1000  # groups, and classes, beyond which a column is no category
CUT = 60  # characters of a group's or a class's name
LIMITS = ("max_difference", "min_ratio")
Rows = Sequence[Mapping[str, Any]]
Tables = dict[str, dict[str, int]]  # labelled rows by group and class


def _disparity(kwargs: Mapping[str, Any], facts: Facts) -> Measure | Unmeasured:
    """The widest gap between label rates of two groups, column by column and class by class.

    Groups of fewer than `min_rows` labelled rows are not compared: their rates are mostly chance.
    """
    sensitive = (column.name for column in facts.schema.columns_of_role("sensitive") if column.name in facts.columns)
    columns = tuple(kwargs.get("columns") or sensitive)
    if not columns:
        return Unmeasured("no column has the role sensitive: declare it, or name `columns`")
    label = facts.role("label", kwargs.get("label"))
    if not label:
        return Unmeasured("no column has the role label: declare it, or name `label`")
    limit = next(name for name in LIMITS if kwargs.get(name) is not None)
    declared = {column.name: column.classification for column in facts.schema.columns}
    judge = partial(
        _judge,
        columns=columns,
        classes=[value_name(one) for one in kwargs.get("classes") or ()],
        least=kwargs["min_rows"],
        limit=(limit, kwargs[limit]),
        withheld=frozenset(name for name in (*columns, label) if is_withheld(declared.get(name, ""))),
        label=label,
    )
    return Measure(
        columns=(*columns, label),
        count_sql=" UNION ALL ".join(_count_sql(at, name, label, facts) for at, name in enumerate(columns)),
        reduce=judge,
        what="rates of a class differ too much between groups",
        threshold={limit: kwargs[limit]},
        hint="look at the groups in the quality report; collect what is missing, or say on the card why they differ",
    )


def _count_sql(at: int, column: str, label: str, facts: Facts) -> str:
    """Rows by group and class of one column; rows without either are left out."""
    named = [text_of(quote_ident(name), type_of(facts.columns, name)) for name in (column, label)]
    present = " AND ".join(_present(name, facts) for name in (column, label))
    return f"""SELECT {at} AS place, {named[0]} AS part, {named[1]} AS class, count(*) AS n
FROM data WHERE {present} GROUP BY ALL"""  # noqa: S608 (all parts are quoted)


def _present(name: str, facts: Facts) -> str:
    filled = f" AND {quote_ident(name)} <> ''" if is_text(type_of(facts.columns, name)) else ""
    return f"(NOT {missing(facts.columns, name)}{filled})"


def _judge(
    rows: Rows,
    *,
    columns: Sequence[str],
    classes: Sequence[str],
    least: int,
    limit: tuple[str, float],
    withheld: frozenset[str],
    label: str,
) -> Counts:
    found: dict[str, list[dict[str, Any]]] = {}
    reasons = []
    for at, column in enumerate(columns):
        tables = _tables(row for row in rows if int(row["place"]) == at)
        compared = {group: table for group, table in tables.items() if sum(table.values()) >= least}
        occur = sorted({name for table in tables.values() for name in table})
        names = [name for name in occur if name in classes or not classes]
        if max(len(tables), len(names)) > MOST:
            reasons.append(f"`{column}` makes {len(tables):,} groups of {len(names):,} classes, beyond {MOST:,}")
        elif len(compared) < 2 or not names:
            reasons.append(f"`{column}` makes fewer than two groups of {least:,} labelled rows")
        else:
            found[column] = _gaps(compared, names, hidden=(column in withheld, label in withheld))
    if not found:
        return Counts(0, 0, nothing="; ".join(reasons))
    units = [{"column": column, **gap} for column, gaps in found.items() for gap in gaps]
    outside = sorted((unit for unit in units if _beyond(unit, *limit)), key=lambda unit: -unit["difference"])
    ratios = [unit["ratio"] for unit in units if unit["ratio"] is not None]
    observed = {
        "difference": max(unit["difference"] for unit in units),
        "ratio": min(ratios, default=None),
        "columns": {column: gaps[0] for column, gaps in found.items()},
    }
    return Counts(len(units), len(outside), observed, tuple(outside), note="; ".join(reasons))


def _tables(rows: Iterator[Mapping[str, Any]]) -> Tables:
    found: Tables = {}
    for row in rows:
        found.setdefault(str(row["part"]), {})[str(row["class"])] = int(row["n"])
    return dict(sorted(found.items(), key=lambda one: (-sum(one[1].values()), one[0])))


def _gaps(tables: Tables, names: Sequence[str], *, hidden: tuple[bool, bool]) -> list[dict[str, Any]]:
    """The gap of each class, the widest first; names that the schema withholds are numbers."""
    groups, labelled = list(tables), [sum(table.values()) for table in tables.values()]
    rates = [[(table.get(name, 0), n) for name in names] for table, n in zip(tables.values(), labelled, strict=True)]
    return [
        {
            "class": _named(names, gap["class"], hidden[1]),
            "difference": gap["difference"],
            "interval": gap["interval"],
            "ratio": gap["ratio"],
            "highest": _named(groups, gap["highest"], hidden[0]),
            "lowest": _named(groups, gap["lowest"], hidden[0]),
        }
        for gap in disparities(rates, labelled, least=0)
    ]


def _named(names: Sequence[str], at: int, hidden: bool) -> str | None:
    return f"group {at + 1}" if hidden else shown(names[at], CUT)


def _beyond(unit: Mapping[str, Any], name: str, limit: float) -> bool:
    if name == "max_difference":
        return bool(unit["difference"] > limit)
    return unit["ratio"] is not None and bool(unit["ratio"] < limit)


SPECS = (
    Spec(
        ExpectationForm(
            "expect_group_disparity_at_most",
            "No class is much more frequent in one group than in another.",
            (
                Kwarg("columns", "columns", "columns whose values are the groups; by default those of role sensitive"),
                Kwarg("label", "column", "the label; by default the role label"),
                Kwarg("classes", "set", "classes whose rates are compared; all by default"),
                Kwarg("max_difference", "share", "greatest rate of a group less the least (demographic parity)"),
                Kwarg("min_ratio", "share", "least rate of a group over the greatest (0.8: the four-fifths rule)"),
                Kwarg("min_rows", "whole", "labelled rows from which a group is compared", SMALL),
            ),
            exactly_one=LIMITS,
        ),
        _disparity,
        unit="(column, class) with two groups large enough; unexpected: those whose rates lie further apart. "
        "The interval of 95 % is that of two given groups, and here the two are the extreme ones",
        source="Barocas, Hardt, Narayanan 2023, Fairness and machine learning (demographic parity); "
        "Newcombe 1998, method 10 (interval); 29 CFR 1607.4 D (four-fifths rule)",
    ),
)
