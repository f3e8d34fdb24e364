"""Duplicates within a dataset.

>>> SPECS[0].form.names
('columns', 'normalize', 'max_share')
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from registry.checks.core import ExpectationForm
from registry.checks.expectations.leakage import MAX_SHARE, NORMALIZE, all_but_keys
from registry.checks.kwargs import Kwarg
from registry.checks.specs import Facts, Measure, Relation, Spec, Unmeasured, place, relation, summed

COLUMNS = Kwarg("columns", "columns", "compared columns; by default all but key and split")


def _unique(kwargs: Mapping[str, Any], facts: Facts) -> Measure | Unmeasured:
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


SPECS = (
    Spec(
        ExpectationForm(
            "expect_rows_to_be_unique", "No row repeats another of the dataset.", (COLUMNS, NORMALIZE, MAX_SHARE)
        ),
        _unique,
        unit="all rows; unexpected: those beyond the first of each group of equal rows, in order of file and row",
        source="Lee et al. 2022, Deduplicating training data makes language models better (arXiv:2107.06499)",
    ),
)
