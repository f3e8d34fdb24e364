"""Leakage between splits: rows, or groups of rows, of a later split that stand in an earlier one already.

>>> spec = SPECS[0]
>>> spec.form.type, spec.form.kwarg("max_share").default
('expect_splits_to_be_disjoint', 0)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from registry.checks.chance import by_chance
from registry.checks.core import ExpectationForm
from registry.checks.equal import EqualRequest
from registry.checks.kwargs import Kwarg
from registry.checks.specs import Counts, Facts, Measure, Spec, Unmeasured, rank, summed
from registry.tables.duck import quote_text
from registry.tables.table import FILE, ROW

COLUMNS = Kwarg("columns", "columns", "compared columns; by default the text role, else all but key and split")
FOLDED = "`text`: NFKC, case-fold, spaces and invisible characters collapsed"
NORMALIZE = Kwarg("normalize", "choice", FOLDED, "none", ("none", "text"))
SPLITS = Kwarg("splits", "names", "splits that are looked at; all by default")
SIDES = "drop them from the later split or, where that one is frozen, from the earlier"
MAX_SHARE = Kwarg("max_share", "share", "allowed share: unexpected / total", 0)


def default_columns(facts: Facts) -> tuple[str, ...]:
    """The columns with role text, else an image folder's pictures, else all but keys and the split column."""
    texts = tuple(column.name for column in facts.schema.columns_of_role("text") if column.name in facts.columns)
    return texts or ((facts.image,) if facts.image else all_but_keys(facts))


def all_but_keys(facts: Facts) -> tuple[str, ...]:
    """All columns of the data but keys, primary keys, the split column, and those that a branch adds."""
    schema = facts.schema
    left_out = {column.name for column in schema.columns if column.primary_key or column.role in ("key", "split")}
    left_out |= {"split", *_unmerged(facts)}
    return tuple(name for name in facts.columns if name not in left_out)


def _unmerged(facts: Facts) -> list[str]:
    """The columns of the data that a branch adds, declared or not."""
    merged = facts.schema.merged
    return [name for name in facts.columns if merged and name not in (*merged, "split")]


def but_for(columns: Sequence[str], facts: Facts) -> str:
    """That rows were compared without the columns that a branch adds, where they were; else nothing."""
    fresh = [name for name in _unmerged(facts) if name not in columns]
    return f", but for the new {', '.join(f'`{name}`' for name in fresh)}" if fresh else ""


def two_splits(wanted: Sequence[str] | None, facts: Facts) -> tuple[str, ...] | Unmeasured:
    """The splits of the data among `wanted` (all if None), or why there are not two to compare."""
    splits = facts.chosen(wanted)
    absent = [name for name in wanted or () if name not in facts.splits]
    if absent and len(facts.splits) > 1:
        return Unmeasured(f"the data has no split {', '.join(absent)}; it has {', '.join(facts.splits)}")
    if len(splits) > 1:
        return splits
    have = ", ".join(facts.splits) or "none"
    if len(facts.splits) < 2 and len(wanted or facts.splits) < 2:
        return Unmeasured(f"the data has one split only ({have}), so nothing can leak", "not_applicable")
    return Unmeasured(f"of the splits {', '.join(wanted or ())} the data has fewer than two (it has {have})")


def _disjoint(kwargs: Mapping[str, Any], facts: Facts) -> Measure | Unmeasured:
    """Rows of a later split whose compared values stand in an earlier one too, by value or by normalised text.

    Where nothing names the columns and there is no text, equal rows may be coincidence: then the
    number that chance explains is estimated (`registry.checks.chance`) before anything fails.
    """
    splits = two_splits(kwargs.get("splits"), facts)
    if isinstance(splits, Unmeasured):
        return splits
    columns = tuple(kwargs.get("columns") or default_columns(facts))
    if not columns:
        return Unmeasured("there is no column to compare beside keys and split")
    equal = EqualRequest.of(columns, kwargs.get("normalize", "none"), facts)
    max_share = kwargs.get("max_share", 0)
    return Measure(
        columns=columns,
        count_sql=_count_sql(equal, splits),
        reduce=summed,
        what=f"rows of a later split also stand in an earlier one ({' < '.join(splits)}){but_for(columns, facts)}",
        threshold={"max_share": max_share},
        max_share=max_share,
        rows_sql=_rows_sql(equal, splits),
        keys=(equal,),
        hint=SIDES,
        doubt=None if kwargs.get("columns") else by_chance(columns, facts, splits),
    )


def _groups(kwargs: Mapping[str, Any], facts: Facts) -> Measure | Unmeasured:
    """Rows of a later split whose group (a person, a document, a site) has rows in an earlier one too."""
    column = facts.role("group", kwargs.get("column"))
    if not column:
        return Unmeasured("no column has the role group: declare which rows belong together, or name `column`")
    splits = two_splits(None, facts)
    if isinstance(splits, Unmeasured):
        return splits
    equal = EqualRequest.of((column,), "none", facts)
    return Measure(
        columns=(column,),
        count_sql=_group_sql(equal, splits),
        reduce=_grouped,
        what=f"rows of a later split belong to a group with rows in an earlier one ({' < '.join(splits)})",
        threshold={"max_share": 0},
        rows_sql=_rows_sql(equal, splits),
        keys=(equal,),
        hint="keep all rows of a group in one split",
        witness="same_group_as",
    )


def _group_sql(equal: EqualRequest, splits: tuple[str, ...]) -> str:
    """As for rows; and how many groups there are, how many of them cross, how many have more than one row."""
    return f"""WITH plural AS (
  SELECT k, min({rank(splits)}) AS first, max({rank(splits)}) AS last FROM {equal.name} GROUP BY k
), named AS (
  SELECT DISTINCT {equal.keys} FROM {equal.source} WHERE {equal.present} AND {rank(splits)} IS NOT NULL
), counted AS ({_count_sql(equal, splits)})
SELECT counted.*, (SELECT count(*) FROM named) AS groups, (SELECT count(*) FROM plural) AS plural,
  (SELECT count(*) FROM plural WHERE first < last) AS crossing
FROM counted ORDER BY counted.split"""  # noqa: S608 (all parts are quoted)


def _grouped(rows: Sequence[Mapping[str, Any]]) -> Counts:
    counts = summed(rows)
    found = {name: int(rows[0][name]) for name in ("groups", "crossing", "plural")} if rows else {}
    note = f"{found['crossing']:,} of {found['groups']:,} groups cross" if found.get("crossing") else ""
    if found and found["groups"] and not found["plural"]:
        note = "every group has one row, so that none can cross: is this the column of groups?"
    observed = {**counts.observed, "groups": found.get("groups", 0), "crossing": found.get("crossing", 0)}
    return replace(counts, observed=observed, note=note)


def _count_sql(equal: EqualRequest, splits: tuple[str, ...]) -> str:
    return f"""WITH ranked AS (
  SELECT k, {rank(splits)} AS rank, count(*) AS n FROM {equal.name} GROUP BY ALL
), found AS (
  SELECT rank, n, min(rank) OVER (PARTITION BY k) AS first FROM ranked WHERE rank IS NOT NULL
), leaked AS (
  SELECT rank, sum(n) AS unexpected FROM found WHERE rank > first GROUP BY rank
), totals AS (
  SELECT {rank(splits)} AS rank, total, empty FROM {equal.counts}
)
SELECT {split_names(splits)} AS split, total, coalesce(unexpected, 0) AS unexpected, empty, rank > 0 AS counted
FROM totals LEFT JOIN leaked USING (rank) WHERE rank IS NOT NULL ORDER BY rank"""  # noqa: S608 (all parts are quoted)


def _rows_sql(equal: EqualRequest, splits: tuple[str, ...]) -> str:
    """Each leaked row with its witness: the first row of the same value in the earliest split."""
    return f"""WITH ranked AS (
  SELECT {FILE}, {ROW}, spot, k, {rank(splits)} AS rank FROM {equal.name}
), found AS (
  SELECT {FILE}, {ROW}, rank, min(rank) OVER same AS first,
    arg_min({{'file': {FILE}, 'row': {ROW}}}, {{'rank': rank, 'spot': spot}}) OVER same AS witness
  FROM ranked WHERE rank IS NOT NULL WINDOW same AS (PARTITION BY k)
)
SELECT {FILE}, {ROW}, witness.file AS other_file, witness.row AS other_row FROM found WHERE rank > first"""  # noqa: S608 (all parts are quoted)


def split_names(splits: tuple[str, ...]) -> str:
    """The name of the split whose place is `rank`, as SQL."""
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
        source="Elangovan et al. 2021 (arXiv:2102.01818) on leaked test rows; Unicode NFKC: UAX #15. Without "
        "`columns` and without text, no more equal rows than columns of few values give by chance are `not_measured`",
    ),
    Spec(
        ExpectationForm(
            "expect_groups_not_to_cross_splits",
            "No group of rows (a person, a document) has rows in two splits.",
            (Kwarg("column", "column", "the group of each row; by default the role group"),),
        ),
        _groups,
        unit="rows with a group of every split but the first; unexpected: those whose group stands in an earlier split",
        source="Kaufman et al. 2012, Leakage in data mining (doi:10.1145/2382577.2382579); Roberts et al. 2017, "
        "Cross-validation strategies for data with group structure",
    ),
)
