"""Labels of inputs that nearly equal one another.

>>> SPECS[0].form.names
('column', 'label', 'threshold', 'max_share')
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from registry.checks.core import ExpectationForm
from registry.checks.expectations.leakage import MAX_SHARE
from registry.checks.expectations.near import COLUMN, SOURCE, THRESHOLD, near_within
from registry.checks.kwargs import Kwarg
from registry.checks.specs import Counts, Facts, Measure, Spec, Unmeasured, value_sql
from registry.checks.sql import type_of
from registry.tables.table import FILE, ROW


def _agreeing(kwargs: Mapping[str, Any], facts: Facts) -> Measure | Unmeasured:
    """Rows that nearly equal an earlier one of their split and carry another label; unlabelled rows are left out."""
    label = facts.role("label", kwargs.get("label"))
    if not label:
        return Unmeasured("no column has the role label: declare it, or name `label`")
    near = near_within(kwargs, facts)
    if isinstance(near, Unmeasured):
        return near
    value = value_sql(label, type_of(facts.columns, label))
    pairs = f"""labels AS (SELECT {value} AS label, {FILE}, {ROW} FROM data), conflicts AS (
  SELECT pairs.{FILE}, pairs.{ROW}, pairs.other_file, pairs.other_row
  FROM ({near.rows_sql}) AS pairs
  JOIN labels AS mine ON mine.{FILE} = pairs.{FILE} AND mine.{ROW} = pairs.{ROW}
  JOIN labels AS first ON first.{FILE} = pairs.other_file AND first.{ROW} = pairs.other_row
  WHERE mine.label <> first.label
)"""  # noqa: S608 (all parts are quoted)

    def reduce(rows: Sequence[Mapping[str, Any]]) -> Counts:
        counts = near.reduce(rows)
        conflicts = max((int(row["conflicts"]) for row in rows), default=0)
        if counts.nothing:
            return counts
        share = conflicts / counts.total if counts.total else 0.0
        observed = {**counts.observed, "near": counts.unexpected, "share": share}
        del observed["splits"]
        return replace(counts, unexpected=conflicts, observed=observed)

    return replace(
        near,
        columns=(*near.columns, label),
        count_sql=f"WITH {pairs} SELECT *, (SELECT count(*) FROM conflicts) AS conflicts FROM ({near.count_sql})",  # noqa: S608
        reduce=reduce,
        what="rows nearly equal an earlier one of their split and carry another label",
        rows_sql=f"WITH {pairs} SELECT * FROM conflicts",  # noqa: S608 (all parts are quoted)
        hint="decide which label is right: `registry relabel` takes the decisions",
        witness="contradicts",
    )


SPECS = (
    Spec(
        ExpectationForm(
            "expect_near_duplicates_to_agree_on_label",
            "Rows that nearly equal one another carry one label.",
            (COLUMN, Kwarg("label", "column", "the label; by default the role label"), THRESHOLD, MAX_SHARE),
        ),
        _agreeing,
        unit="assessed rows; unexpected: those whose first near-duplicate earlier in their split carries another label",
        source=SOURCE,
    ),
)
