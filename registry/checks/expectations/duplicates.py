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
from registry.checks.equal import EqualRequest
from registry.checks.expectations.leakage import MAX_SHARE, NORMALIZE, all_but_keys, but_for, default_columns
from registry.checks.kwargs import Kwarg
from registry.checks.specs import Counts, Facts, Measure, Spec, Unmeasured, summed, value_sql
from registry.checks.sql import type_of
from registry.tables.table import FILE, ROW

COLUMNS = Kwarg("columns", "columns", "compared columns; by default all but key and split")


def _unique(kwargs: Mapping[str, Any], facts: Facts) -> Measure | Unmeasured:
    """Rows beyond the first of each group of equal rows; coincidence is told as for disjoint splits."""
    columns = tuple(kwargs.get("columns") or all_but_keys(facts))
    if not columns:
        return Unmeasured("there is no column to compare beside keys and split")
    equal = EqualRequest.of(columns, kwargs.get("normalize", "none"), facts)
    max_share = kwargs.get("max_share", 0)
    return Measure(
        columns=columns,
        count_sql=_count_sql(equal),
        reduce=summed,
        what=f"rows repeat an earlier one{but_for(columns, facts)}",
        threshold={"max_share": max_share},
        max_share=max_share,
        rows_sql=_rows_sql(equal),
        keys=(equal,),
        hint="keep the first row of each group",
        doubt=None if kwargs.get("columns") else by_chance(columns, facts),
    )


def _count_sql(equal: EqualRequest) -> str:
    return f"""WITH found AS (
  SELECT split, count(*) AS unexpected FROM {equal.name} WHERE spot > k GROUP BY split
)
SELECT totals.split, total, coalesce(unexpected, 0) AS unexpected, empty, TRUE AS counted
FROM {equal.counts} AS totals LEFT JOIN found ON totals.split = found.split ORDER BY totals.split"""  # noqa: S608 (digests)


def _rows_sql(equal: EqualRequest) -> str:
    """The rows beyond the first of each group of equal values, with that first row."""
    return f"""SELECT later.{FILE}, later.{ROW}, first.{FILE} AS other_file, first.{ROW} AS other_row
FROM {equal.name} AS later JOIN {equal.name} AS first ON first.spot = later.k WHERE later.spot > later.k"""  # noqa: S608 (digests)


def _agreeing(kwargs: Mapping[str, Any], facts: Facts) -> Measure | Unmeasured:
    """Rows of groups of equal inputs that carry more than one label; rows without a label are left out."""
    label = facts.role("label", kwargs.get("label"))
    if not label:
        return Unmeasured("no column has the role label: declare it, or name `label`")
    columns = tuple(kwargs.get("columns") or (name for name in default_columns(facts) if name != label))
    if not columns:
        return Unmeasured("there is no input to compare beside keys, split and label")
    equal = EqualRequest.of(columns, kwargs.get("normalize", "none"), facts)
    max_share = kwargs.get("max_share", 0)
    return Measure(
        columns=(*columns, label),
        count_sql=_label_sql(equal, label, facts),
        reduce=_labelled,
        what="labelled rows have the inputs of another row and a different label",
        threshold={"max_share": max_share},
        max_share=max_share,
        rows_sql=_label_rows_sql(equal, label, facts),
        keys=(equal,),
        hint="decide which label is right, or remove those rows",
        witness="contradicts",
        doubt=None if kwargs.get("columns") else by_chance(columns, facts, figure="repeated"),
    )


def _labels(equal: EqualRequest, label: str, facts: Facts) -> str:
    """CTEs: `labels` are all labels; `judged` the rows with a label whose inputs repeat, and whether they conflict."""
    value = value_sql(label, type_of(facts.columns, label))
    return f"""WITH labels AS (
  SELECT {value} AS label, {FILE}, {ROW} FROM data
), judged AS (
  SELECT suspects.*, label, min(label) OVER same IS DISTINCT FROM max(label) OVER same AS conflict,
    spot > min(spot) OVER same AS later
  FROM {equal.name} AS suspects JOIN labels USING ({FILE}, {ROW}) WHERE label IS NOT NULL
  WINDOW same AS (PARTITION BY k)
)"""  # noqa: S608 (all parts are quoted)


def _label_sql(equal: EqualRequest, label: str, facts: Facts) -> str:
    """By split: rows with input and label, those in conflict, those without; and how many repeat others' inputs."""
    return f"""{_labels(equal, label, facts)}, found AS (
  SELECT split, count(*) FILTER (conflict) AS unexpected, count(*) FILTER (later) AS repeated
  FROM judged GROUP BY split
), totals AS (
  SELECT CAST(split AS VARCHAR) AS split, count(*) FILTER ({equal.present} AND label IS NOT NULL) AS total,
    count(*) FILTER (NOT {equal.present}) AS empty, count(*) FILTER (label IS NULL) AS unlabelled
  FROM {equal.source} AS source JOIN labels USING ({FILE}, {ROW}) GROUP BY ALL
)
SELECT totals.split, total, coalesce(unexpected, 0) AS unexpected, coalesce(repeated, 0) AS repeated, empty,
  unlabelled, TRUE AS counted
FROM totals LEFT JOIN found ON totals.split = found.split ORDER BY totals.split"""  # noqa: S608 (all parts are quoted)


def _label_rows_sql(equal: EqualRequest, label: str, facts: Facts) -> str:
    """Each row in conflict with its witness: the first row of the same inputs that carries another label."""
    return f"""{_labels(equal, label, facts)}, firsts AS (
  SELECT k, label, min(spot) AS spot FROM judged WHERE conflict GROUP BY k, label
), pairs AS (
  SELECT one.{FILE}, one.{ROW}, min(firsts.spot) AS other FROM judged AS one
  JOIN firsts ON one.k = firsts.k AND one.label <> firsts.label WHERE one.conflict GROUP BY ALL
)
SELECT pairs.{FILE}, pairs.{ROW}, witness.{FILE} AS other_file, witness.{ROW} AS other_row
FROM pairs JOIN {equal.name} AS witness ON witness.spot = pairs.other"""  # noqa: S608 (all parts are quoted)


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
