"""Leakage between splits: rows of a later split that stand in an earlier one already.

>>> spec = SPECS[0]
>>> spec.form.type, spec.form.kwarg("max_share").default
('expect_splits_to_be_disjoint', 0)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from registry.checks.core import ExpectationForm
from registry.checks.kwargs import Kwarg
from registry.checks.specs import Facts, Measure, Relation, Spec, Unmeasured, place, rank, relation, summed
from registry.tables.duck import quote_text

COLUMNS = Kwarg("columns", "columns", "compared columns; by default the text role, else all but key and split")
FOLDED = "`text`: NFKC, case-fold, spaces and invisible characters collapsed"
NORMALIZE = Kwarg("normalize", "choice", FOLDED, "none", ("none", "text"))
SPLITS = Kwarg("splits", "names", "splits that are looked at; all by default")
MAX_SHARE = Kwarg("max_share", "share", "allowed share: unexpected / total", 0)


def default_columns(facts: Facts) -> tuple[str, ...]:
    """The columns with role text, else all but keys and the split column."""
    texts = tuple(column.name for column in facts.schema.columns_of_role("text") if column.name in facts.columns)
    return texts or all_but_keys(facts)


def all_but_keys(facts: Facts) -> tuple[str, ...]:
    """All columns of the data but keys, primary keys, and the split column."""
    schema = facts.schema
    left_out = {column.name for column in schema.columns if column.primary_key or column.role in ("key", "split")}
    return tuple(name for name in facts.columns if name not in left_out and name != "split")


def _disjoint(kwargs: Mapping[str, Any], facts: Facts) -> Measure | Unmeasured:
    splits = facts.chosen(kwargs.get("splits"))
    wanted = kwargs.get("splits") or facts.splits
    if len(splits) < 2:
        have = ", ".join(facts.splits) or "none"
        if len(wanted) < 2:
            return Unmeasured(f"the data has one split only ({have}), so nothing can leak", "not_applicable")
        return Unmeasured(f"of the splits {', '.join(wanted)} the data has fewer than two (it has {have})")
    columns = tuple(kwargs.get("columns") or default_columns(facts))
    if not columns:
        return Unmeasured("there is no column to compare beside keys and split")
    where = relation(columns, kwargs.get("normalize", "none"), facts)
    max_share = kwargs.get("max_share", 0)
    return Measure(
        columns=columns,
        count_sql=_count_sql(where, splits),
        reduce=summed,
        what=f"rows of a later split also stand in an earlier one ({' < '.join(splits)})",
        threshold={"max_share": max_share},
        max_share=max_share,
        rows_sql=_rows_sql(where, splits, facts),
        keys=where.needs,
        hint="remove those rows from the later split",
    )


def _candidates(where: Relation, splits: tuple[str, ...]) -> str:
    """CTEs: `ranked` counts rows by hash and split; `shared` are the hashes in two splits; a hash is a candidate only.

    Equal values have equal hashes: without a shared hash nothing leaks, and the values are
    never grouped. Where there are any, only their rows are compared by value.
    """
    return f"""WITH ranked AS (
  SELECT hash({where.keys}) AS h, {rank(splits)} AS rank, {where.present} AS present, count(*) AS n
  FROM {where.source} GROUP BY ALL
), shared AS (
  SELECT h FROM ranked WHERE present AND rank IS NOT NULL GROUP BY ALL HAVING min(rank) < max(rank)
)"""  # noqa: S608 (all parts are quoted)


def _count_sql(where: Relation, splits: tuple[str, ...]) -> str:
    return f"""{_candidates(where, splits)}, exact AS (
  SELECT {where.keys}, {rank(splits)} AS rank, count(*) AS n FROM {where.source}
  WHERE {where.present} AND hash({where.keys}) IN (SELECT h FROM shared) GROUP BY ALL
), found AS (
  SELECT rank, n, min(rank) OVER (PARTITION BY {where.keys}) AS first FROM exact WHERE rank IS NOT NULL
), leaked AS (
  SELECT rank, sum(n) AS unexpected FROM found WHERE rank > first GROUP BY rank
), totals AS (
  SELECT rank, coalesce(sum(n) FILTER (present), 0) AS total, coalesce(sum(n) FILTER (NOT present), 0) AS empty
  FROM ranked WHERE rank IS NOT NULL GROUP BY rank
)
SELECT {_names(splits)} AS split, total, coalesce(unexpected, 0) AS unexpected, empty, rank > 0 AS counted
FROM totals LEFT JOIN leaked USING (rank) ORDER BY rank"""  # noqa: S608 (all parts are quoted)


def _rows_sql(where: Relation, splits: tuple[str, ...], facts: Facts) -> str:
    """Each leaked row with its witness: the first row of the same value in the earliest split."""
    return f"""{_candidates(where, splits)}, ordered AS (
  SELECT __file, __row, {rank(splits)} AS rank, {place(facts)} AS part, {where.keys} FROM {where.source}
  WHERE {where.present} AND hash({where.keys}) IN (SELECT h FROM shared)
), found AS (
  SELECT __file, __row, rank, min(rank) OVER same AS first,
    arg_min({{'file': __file, 'row': __row}}, (rank, part, __row)) OVER same AS witness
  FROM ordered WHERE rank IS NOT NULL WINDOW same AS (PARTITION BY {where.keys})
)
SELECT __file, __row, witness.file AS other_file, witness.row AS other_row FROM found WHERE rank > first"""  # noqa: S608 (all parts are quoted)


def _names(splits: tuple[str, ...]) -> str:
    return f"list_extract([{', '.join(quote_text(split) for split in splits)}], CAST(rank + 1 AS BIGINT))"


SPECS = (
    Spec(
        ExpectationForm(
            "expect_splits_to_be_disjoint",
            "No row of a split also stands in an earlier one.",
            (COLUMNS, NORMALIZE, SPLITS, MAX_SHARE),
        ),
        _disjoint,
        unit="rows of every split but the first; unexpected: those that also stand in any earlier split, each once",
        source="Elangovan et al. 2021 (arXiv:2102.01818) on leaked test rows; Unicode NFKC: UAX #15",
    ),
)
