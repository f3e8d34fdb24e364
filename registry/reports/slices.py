"""Groups of rows and how labels differ between them: by sensitive columns first, then by other categories.

One statement counts rows by group, split and class for all columns at once. A label rate is the share of a class
among the labelled rows of a group, with its Wilson interval; `registry.checks.disparity` says how far rates lie apart.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from registry.checks.disparity import SMALL, disparities
from registry.checks.intervals import LEVEL, wilson
from registry.privacy.mask import is_withheld, shown
from registry.reports.kinds import MANY, Measured
from registry.reports.numbers import share
from registry.tables.duck import Session, quote_ident

COLUMNS = 10  # columns that are looked at
CLASSES = 20  # classes whose rates are told, the most frequent ones
CUT = 60  # characters of a group's or a class's name
_ORDER = ("sensitive", "quasi-identifier", "provenance", None)
_NEVER = ("label", "split", "annotator", "key", "text", "image", "weight", "time", "group")


@dataclass(frozen=True, slots=True)
class Label:
    """The label column that rates are of: its most frequent values as DuckDB writes them, the most frequent first."""

    column: Measured
    values: tuple[str, ...]


def slices(
    session: Session,
    columns: Sequence[Measured],
    entries: Sequence[Mapping[str, Any]],
    labels: Sequence[Mapping[str, Any]],
    splits: Sequence[str],
) -> dict[str, Any]:
    """The document's entry: groups of each column with counts and rates, and which columns were left out and why."""
    wanted, left_out = _chosen(columns, entries)
    label = _label(session, columns, labels)
    counts = _counts(session, wanted, label) if wanted else {}
    return {
        "small": SMALL,
        "level": LEVEL,
        "label": label.column.name if label else None,
        "classes": [shown(value, CUT) for value in label.values] if label else [],
        "columns": [_column(column, counts.get(at, {}), label, splits) for at, column in enumerate(wanted)],
        "left_out": left_out,
    }


def _chosen(
    columns: Sequence[Measured], entries: Sequence[Mapping[str, Any]]
) -> tuple[list[Measured], list[dict[str, Any]]]:
    """The columns that make groups, sensitive ones first; those that should and do not, with the reason."""
    apt: list[Measured] = []
    left_out: list[dict[str, Any]] = []
    for column, entry in zip(columns, entries, strict=True):
        declared = column.role in _ORDER[:-1]
        listed = column.declared is not None and bool(column.declared.enum or column.declared.classes)
        if column.role in _NEVER or not (declared or listed or entry["kind"] in ("category", "boolean")):
            continue
        distinct = entry["overall"]["distinct"]
        if 0 < distinct <= MANY and column.storage not in ("list", "struct", "binary"):
            apt.append(column)
        elif declared:
            left_out.append(_left_out(column, "many-values" if distinct else "no-values", distinct))
    apt.sort(key=lambda c: (_ORDER.index(c.role) if c.role in _ORDER else len(_ORDER), c.index))
    left_out += [_left_out(column, "many-columns", None) for column in apt[COLUMNS:]]
    return apt[:COLUMNS], left_out


def _left_out(column: Measured, why: str, distinct: int | None) -> dict[str, Any]:
    return {"column": column.name, "role": column.role, "why": why, "distinct": distinct}


def _label(session: Session, columns: Sequence[Measured], labels: Sequence[Mapping[str, Any]]) -> Label | None:
    """The first label of one class a row."""
    name = next((label["column"] for label in labels if not label["multi"] and label["labels"]), None)
    column = next((c for c in columns if c.name == name), None)
    if column is None:
        return None
    rows = session.rows(_told_sql(session, column))
    return Label(column, tuple(row["v"] for row in rows))


def _told_sql(session: Session, column: Measured) -> str:
    """The most frequent labels `v` with their rows `n`, ties by value."""
    name = f"CAST({quote_ident(column.name)} AS VARCHAR)"
    return (
        f"SELECT {name} AS v, count(*) AS n FROM {session.over([column.name])} "  # noqa: S608 (names quoted)
        f"WHERE {name} IS NOT NULL GROUP BY ALL ORDER BY n DESC, v LIMIT {CLASSES}"
    )


Tally = dict[tuple[str | None, int], int]  # (split, class) → rows
Counts = dict[str | None, Tally]  # by group


def _counts(session: Session, columns: Sequence[Measured], label: Label | None) -> dict[int, Counts]:
    """Rows by the place of the column, group, split and class: -1 has no label, 0 one beyond those told."""
    names = [c.name for c in columns] + ([label.column.name] if label else [])
    values = "".join(f", CAST({quote_ident(c.name)} AS VARCHAR) AS g{at}" for at, c in enumerate(columns))
    groups = [f"g{at}" for at in range(len(columns))]
    sets = ", ".join(f"(split, class, {group})" for group in groups)
    # Every row of the answer is of one column: all others are left out of its grouping, and have their bit set.
    every = (1 << len(columns)) - 1
    places = {every ^ (1 << (len(columns) - 1 - at)): at for at in range(len(columns))}
    found: dict[int, Counts] = {}
    for row in session.rows(
        f"SELECT split, class, {', '.join(groups)}, grouping({', '.join(groups)}) AS others, count(*) AS n "  # noqa: S608
        f"FROM (SELECT split, {_class_sql(session, label)} AS class{values} FROM {session.over(names)}) "
        f"GROUP BY GROUPING SETS ({sets})"
    ):
        place = places[row["others"]]
        found.setdefault(place, {}).setdefault(row[f"g{place}"], {})[row["split"], row["class"]] = row["n"]
    return found


def _class_sql(session: Session, label: Label | None) -> str:
    """The place of a row's label among those told, from 1. No label becomes text of the statement: one may hold NUL."""
    if label is None:
        return "-1"
    name = f"CAST({quote_ident(label.column.name)} AS VARCHAR)"
    told = f"(SELECT list(v ORDER BY n DESC, v) FROM ({_told_sql(session, label.column)}))"  # noqa: S608
    return f"CASE WHEN {name} IS NULL THEN -1 ELSE coalesce(list_position({told}, {name}), 0) END"


def _column(column: Measured, counts: Counts, label: Label | None, splits: Sequence[str]) -> dict[str, Any]:
    named = sorted((group for group in counts if group is not None), key=lambda g: (-sum(counts[g].values()), g))
    rows = sum(sum(found.values()) for found in counts.values())
    hidden = column.declared is not None and is_withheld(column.declared.classification)
    groups = [_group(group, counts[group], label, splits, rows, hidden=hidden) for group in named]
    rates = [[(rate["count"], group["labelled"]) for rate in group["rates"]] for group in groups]
    return {
        "column": column.name,
        "role": column.role,
        "withheld": hidden,
        "missing": sum(counts.get(None, {}).values()),
        "groups": groups,
        "disparity": disparities(rates, [group["labelled"] for group in groups]),
    }


def _group(
    name: str, counts: Tally, label: Label | None, splits: Sequence[str], rows: int, *, hidden: bool
) -> dict[str, Any]:
    by_split = {split: sum(n for (of, _), n in counts.items() if of == split) for split in splits}
    by_class: Counter[int] = Counter()
    for (_, place), n in counts.items():
        by_class[place] += n
    labelled = by_class.total() - by_class[-1]
    told = [by_class[place] for place in range(1, len(label.values) + 1)] if label else []
    return {
        "value": None if hidden else shown(name, CUT),
        "count": by_class.total(),
        "share": share(by_class.total(), rows),
        "splits": by_split,
        "small": [split for split, n in by_split.items() if 0 < n < SMALL],
        "labelled": labelled,
        "rates": [{"count": n, "rate": share(n, labelled), "interval": wilson(n, labelled)} for n in told],
    }
