"""Duplicates within a dataset, and what their labels say.

>>> SPECS[0].form.names
('columns', 'normalize', 'max_share')
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from registry.checks.chance import by_chance
from registry.checks.core import ExpectationForm
from registry.checks.expectations.leakage import MAX_SHARE, NORMALIZE, all_but_keys, default_columns
from registry.checks.kwargs import Kwarg
from registry.checks.specs import (
    Counts,
    Facts,
    Measure,
    Relation,
    Spec,
    Unmeasured,
    place,
    relation,
    summed,
    value_sql,
)
from registry.checks.sql import type_of
from registry.tables.table import FILE, ROW

COLUMNS = Kwarg("columns", "columns", "compared columns; by default all but key and split")


def _unique(kwargs: Mapping[str, Any], facts: Facts) -> Measure | Unmeasured:
    """Rows beyond the first of each group of equal rows; coincidence is told as for disjoint splits."""
    columns = tuple(kwargs.get("columns") or all_but_keys(facts))
    if not columns:
        return Unmeasured("there is no column to compare beside keys and split")
    where = relation(columns, kwargs.get("normalize", "none"), facts)
    max_share = kwargs.get("max_share", 0)
    return Measure(
        columns=columns,
        count_sql=_count_sql(where, facts),
        reduce=summed,
        what="rows repeat an earlier one",
        threshold={"max_share": max_share},
        max_share=max_share,
        rows_sql=_rows_sql(where, facts),
        keys=where.needs,
        hint="keep the first row of each group",
        doubt=None if kwargs.get("columns") else by_chance(columns, facts),
    )


def _repeated(where: Relation, facts: Facts) -> str:
    """CTEs: `counted` counts rows by hash; `later` holds the rows beyond the first of each group of equal values."""
    return f"""WITH counted AS (
  SELECT hash({where.keys}) AS h, split, {where.present} AS present, count(*) AS n FROM {where.source} GROUP BY ALL
), shared AS (
  SELECT h FROM counted WHERE present GROUP BY ALL HAVING sum(n) > 1
), ordered AS (
  SELECT __file, __row, split, {place(facts)} AS part, {where.keys} FROM {where.source}
  WHERE {where.present} AND hash({where.keys}) IN (SELECT h FROM shared)
), numbered AS (
  SELECT __file, __row, split, row_number() OVER same AS nth,
    first_value({{'file': __file, 'row': __row}}) OVER same AS witness
  FROM ordered WINDOW same AS (PARTITION BY {where.keys} ORDER BY part, __row)
), later AS (
  SELECT * FROM numbered WHERE nth > 1
)"""  # noqa: S608 (all parts are quoted)


def _count_sql(where: Relation, facts: Facts) -> str:
    return f"""{_repeated(where, facts)}, found AS (
  SELECT split, count(*) AS unexpected FROM later GROUP BY split
), totals AS (
  SELECT split, coalesce(sum(n) FILTER (present), 0) AS total, coalesce(sum(n) FILTER (NOT present), 0) AS empty
  FROM counted GROUP BY split
)
SELECT totals.split, total, coalesce(unexpected, 0) AS unexpected, empty, TRUE AS counted
FROM totals LEFT JOIN found ON totals.split IS NOT DISTINCT FROM found.split ORDER BY totals.split"""  # noqa: S608 (all parts are quoted)


def _rows_sql(where: Relation, facts: Facts) -> str:
    return f"""{_repeated(where, facts)}
SELECT __file, __row, witness.file AS other_file, witness.row AS other_row FROM later"""  # noqa: S608 (all parts are quoted)


def _agreeing(kwargs: Mapping[str, Any], facts: Facts) -> Measure | Unmeasured:
    """Rows of groups of equal inputs that carry more than one label; rows without a label are left out."""
    label = facts.role("label", kwargs.get("label"))
    if not label:
        return Unmeasured("no column has the role label: declare it, or name `label`")
    columns = tuple(kwargs.get("columns") or (name for name in default_columns(facts) if name != label))
    if not columns:
        return Unmeasured("there is no input to compare beside keys, split and label")
    where = relation(columns, kwargs.get("normalize", "none"), facts)
    max_share = kwargs.get("max_share", 0)
    return Measure(
        columns=(*columns, label),
        count_sql=_label_sql(where, label, facts),
        reduce=_labelled,
        what="labelled rows have the inputs of another row and a different label",
        threshold={"max_share": max_share},
        max_share=max_share,
        rows_sql=_label_rows_sql(where, label, facts),
        keys=where.needs,
        hint="decide which label is right, or remove those rows",
        witness="contradicts",
        doubt=None if kwargs.get("columns") else by_chance(columns, facts, figure="repeated"),
    )


def _labels(where: Relation, label: str, facts: Facts) -> str:
    """CTEs: `labelled` are all rows with their label; `suspects` those with input and label whose inputs repeat."""
    value = value_sql(label, type_of(facts.columns, label))
    return f"""WITH labels AS (
  SELECT {value} AS label, {FILE}, {ROW} FROM data
), labelled AS (
  SELECT source.*, label, {where.present} AS present, hash({where.keys}) AS h
  FROM {where.source} AS source JOIN labels USING ({FILE}, {ROW})
), shared AS (
  SELECT h FROM labelled WHERE present AND label IS NOT NULL GROUP BY h HAVING count(*) > 1
), suspects AS (
  SELECT * FROM labelled WHERE present AND label IS NOT NULL AND h IN (SELECT h FROM shared)
), judged AS (
  SELECT *, min(label) OVER same IS DISTINCT FROM max(label) OVER same AS conflict, row_number() OVER same AS nth
  FROM suspects WINDOW same AS (PARTITION BY {where.keys})
)"""  # noqa: S608 (all parts are quoted)


def _label_sql(where: Relation, label: str, facts: Facts) -> str:
    """By split: rows with input and label, those in conflict, those without; and how many repeat others' inputs."""
    return f"""{_labels(where, label, facts)}, found AS (
  SELECT split, count(*) FILTER (conflict) AS unexpected, count(*) FILTER (nth > 1) AS repeated
  FROM judged GROUP BY split
), totals AS (
  SELECT split, count(*) FILTER (present AND label IS NOT NULL) AS total, count(*) FILTER (NOT present) AS empty,
    count(*) FILTER (label IS NULL) AS unlabelled FROM labelled GROUP BY split
)
SELECT totals.split, total, coalesce(unexpected, 0) AS unexpected, coalesce(repeated, 0) AS repeated, empty,
  unlabelled, TRUE AS counted
FROM totals LEFT JOIN found ON totals.split = found.split ORDER BY totals.split"""  # noqa: S608 (all parts are quoted)


def _label_rows_sql(where: Relation, label: str, facts: Facts) -> str:
    """Each row in conflict with its witness: the first row of the same inputs that carries another label."""
    return f"""{_labels(where, label, facts)}, torn AS (
  SELECT *, {place(facts)} AS part FROM judged WHERE conflict
), firsts AS (
  SELECT {where.keys}, label, min({{'part': part, 'row': {ROW}, 'file': {FILE}}}) AS place
  FROM torn GROUP BY {where.keys}, label
), pairs AS (
  SELECT one.{FILE}, one.{ROW}, min(firsts.place) AS other FROM torn AS one
  JOIN firsts ON {_same("one", "firsts", where.keys)} AND one.label <> firsts.label GROUP BY ALL
)
SELECT {FILE}, {ROW}, other.file AS other_file, other.row AS other_row FROM pairs"""  # noqa: S608 (all parts are quoted)


def _same(one: str, other: str, keys: str) -> str:
    return " AND ".join(f"{one}.{key} IS NOT DISTINCT FROM {other}.{key}" for key in keys.split(", "))


def _labelled(rows: Sequence[Mapping[str, Any]]) -> Counts:
    counts = summed(rows)
    further = {name: sum(int(row[name]) for row in rows) for name in ("unlabelled", "repeated")}
    return replace(counts, observed={**counts.observed, **further})


SPECS = (
    Spec(
        ExpectationForm(
            "expect_rows_to_be_unique", "No row repeats another of the dataset.", (COLUMNS, NORMALIZE, MAX_SHARE)
        ),
        _unique,
        unit="all rows; unexpected: those beyond the first of each group of equal rows, in order of file and row",
        source="Lee et al. 2022, Deduplicating training data makes language models better (arXiv:2107.06499)",
    ),
    Spec(
        ExpectationForm(
            "expect_duplicates_to_agree_on_label",
            "Rows with equal inputs carry one label.",
            (
                Kwarg("columns", "columns", "the inputs; by default the text role, else all but key, split and label"),
                Kwarg("label", "column", "the label; by default the role label"),
                NORMALIZE,
                MAX_SHARE,
            ),
        ),
        _agreeing,
        unit="rows with an input and a label; unexpected: those in groups of equal inputs with more than one label",
        source="Northcutt et al. 2021, Pervasive label errors in test sets (arXiv:2103.14749)",
    ),
)
