"""Rows of this data that stand in a held-out split of another release, by that release's fingerprint alone.

Whoever is tested on a benchmark must not have learnt from it. The benchmark's rows are not needed,
and are not disclosed: `registry.tables.fingerprints`.

>>> SPECS[0].form.kwarg("near").default
True
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from registry.checks.core import ExpectationForm
from registry.checks.expectations.leakage import COLUMNS, MAX_SHARE, SPLITS, default_columns
from registry.checks.kwargs import REQUIRED, Kwarg
from registry.checks.references import Marked
from registry.checks.specs import Counts, Facts, Measure, Spec, Unmeasured, by_split
from registry.checks.sql import PlanError, is_text, type_of
from registry.model.digest import digest_of
from registry.tables.duck import quote_ident, quote_text
from registry.tables.engine import Engine
from registry.tables.keys import canonical_sql
from registry.tables.table import FILE, ROW, SPLIT

if TYPE_CHECKING:
    import pyarrow as pa

CONTAMINATION = "expect_no_contamination_with"
NEAR = 0.72  # agreement of two sketches from which texts count as alike: 0.9 of a similarity of 0.8


@dataclass(frozen=True, slots=True)
class OverlapRequest:
    """A table of the rows found: `split`, `__file`, `__row`, the `reference` and whether only `near`."""

    columns: tuple[str, ...]
    near: bool
    digest: str
    marked: tuple[Marked, ...] = field(compare=False)

    @property
    def name(self) -> str:
        """Name of the table."""
        return f"overlap_{digest_of([*self.columns, self.near, self.digest])[:16]}"

    def make(self, engine: Engine) -> None:
        """Looks every row up in every fingerprint, some rows at a time."""
        kinds = dict(engine.columns)
        texts = ", ".join(f"{canonical_sql(name, kinds[name])} AS c{i}" for i, name in enumerate(self.columns))
        sql = f"SELECT {texts}, {SPLIT}, {FILE}, {ROW} FROM data"  # noqa: S608 (all names are quoted)
        look = partial(_look_up, marked=self.marked, columns=len(self.columns), near=self.near)
        engine.derive(self.name, sql, look, _schema())


def _schema() -> pa.Schema:
    import pyarrow as pa

    names = [(SPLIT, pa.string()), (FILE, pa.string()), (ROW, pa.int64())]
    return pa.schema([*names, ("reference", pa.string()), ("near", pa.bool_())])


def _look_up(
    batches: Iterator[pa.RecordBatch], *, marked: Sequence[Marked], columns: int, near: bool
) -> Iterator[pa.RecordBatch]:
    import numpy as np
    import pyarrow as pa

    from registry.tables.fingerprints import Lookup

    for batch in batches:
        lookup = Lookup([batch.column(f"c{i}").to_pylist() for i in range(columns)])
        places = [batch.column(name) for name in (SPLIT, FILE, ROW)]
        for one in marked:
            exact, alike = lookup.among(one.fingerprint, NEAR if near and columns == 1 else None)
            hits = np.flatnonzero(exact | alike)
            if len(hits):
                taken = [column.take(pa.array(hits)) for column in places]
                reference = pa.array([one.name] * len(hits))
                yield pa.RecordBatch.from_arrays(
                    [
                        taken[0].cast(pa.string()),
                        taken[1].cast(pa.string()),
                        taken[2],
                        reference,
                        pa.array(~exact[hits]),
                    ],
                    schema=_schema(),
                )


def _overlap(kwargs: Mapping[str, Any], facts: Facts) -> Measure | Unmeasured:
    """Rows whose normalised texts are those of a row of a referenced split, or whose text is nearly one of it."""
    columns = tuple(kwargs.get("columns") or default_columns(facts))
    if not columns:
        return Unmeasured("there is no column to compare beside keys and split")
    for name in columns:
        type_of(facts.columns, name)
    splits = facts.chosen(kwargs.get("splits"))
    if absent := [name for name in kwargs.get("splits") or () if name not in splits]:
        return Unmeasured(f"the data has no split {', '.join(absent)}; it has {', '.join(facts.splits)}")
    marked = tuple(one for reference in kwargs["references"] for one in facts.references.fingerprints(reference))
    for one in marked:
        if one.fingerprint.columns != len(columns):
            raise PlanError(
                f"{one.name} is marked by {one.fingerprint.columns} columns and compared with {len(columns)}",
                hint="name as many `columns`, in their order",
            )
    request = OverlapRequest(columns, kwargs["near"], digest_of([[one.name, one.digest] for one in marked]), marked)
    return Measure(
        columns=columns,
        count_sql=_count_sql(request, splits, facts),
        reduce=_judge,
        what=f"rows stand in a held-out split of another release ({', '.join(one.name for one in marked)})",
        threshold={"max_share": kwargs["max_share"]},
        max_share=kwargs["max_share"],
        rows_sql=f"SELECT DISTINCT {FILE}, {ROW} FROM {request.name} WHERE {_chosen(splits)}",  # noqa: S608 (a digest)
        keys=(request,),
        hint="remove those rows",
        witness="",
    )


def _chosen(splits: Sequence[str]) -> str:
    return f"CAST({SPLIT} AS VARCHAR) IN ({', '.join(map(quote_text, splits))})"


def _present(name: str, facts: Facts) -> str:
    quoted = quote_ident(name)
    return f"({quoted} IS NOT NULL" + (f" AND {quoted} <> '')" if is_text(facts.columns[name]) else ")")


def _count_sql(request: OverlapRequest, splits: Sequence[str], facts: Facts) -> str:
    present = " OR ".join(_present(name, facts) for name in request.columns)
    chosen = _chosen(splits)
    return f"""WITH found AS (
SELECT {FILE}, {ROW}, bool_and(near) AS near FROM {request.name} WHERE {chosen} GROUP BY {FILE}, {ROW}),
own AS (SELECT CAST({SPLIT} AS VARCHAR) AS split, {FILE}, {ROW}, ({present}) AS present FROM data WHERE {chosen})
SELECT split, NULL AS reference, count(*) FILTER (WHERE present) AS total, count(found.near) AS unexpected,
count(*) FILTER (WHERE NOT present) AS empty, count(*) FILTER (WHERE found.near) AS near
FROM own LEFT JOIN found USING ({FILE}, {ROW}) GROUP BY split
UNION ALL
SELECT NULL, reference, 0, count(*), 0, count(*) FILTER (WHERE near) FROM {request.name} WHERE {chosen}
GROUP BY reference ORDER BY ALL"""  # noqa: S608 (all parts are quoted)


def _judge(rows: Sequence[Mapping[str, Any]]) -> Counts:
    splits = [row for row in rows if row["split"] is not None]
    total, unexpected, empty, near = (
        sum(int(row[name]) for row in splits) for name in ("total", "unexpected", "empty", "near")
    )
    observed = {
        "empty": empty,
        "near": near,
        "share": unexpected / total if total else 0.0,
        "splits": by_split(splits),
        "references": {row["reference"]: int(row["unexpected"]) for row in rows if row["reference"] is not None},
    }
    return Counts(total, unexpected, observed, note=f"{near:,} of them are only near" if near else "")


SPECS = (
    Spec(
        ExpectationForm(
            CONTAMINATION,
            "No row stands in a held-out split of another release.",
            (
                Kwarg("references", "references", "`[korquad@^1:dev]`; without `:SPLIT` its frozen splits", REQUIRED),
                COLUMNS,
                MAX_SHARE,
                Kwarg(
                    "near",
                    "flag",
                    "also texts of a similarity of about 0.8 or more, of one compared column",
                    True,
                ),
                SPLITS,
            ),
        ),
        _overlap,
        unit="rows with a value; unexpected: those that stand in any of the referenced splits, each counted once",
        source="Brown et al. 2020, Language models are few-shot learners, appendix C (contamination of benchmarks); "
        "one-permutation hashing: Li, Owen, Zhang 2012; b-bit minwise hashing: Li & König 2010",
    ),
)
