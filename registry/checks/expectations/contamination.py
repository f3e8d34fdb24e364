"""Rows of this data that stand in a held-out split of another release, by that release's fingerprint alone.

Whoever is tested on a benchmark must not have learnt from it. The benchmark's rows are not needed,
and are not disclosed: `registry.tables.fingerprints`.

>>> SPECS[0].form.kwarg("near").default
True
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
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
from registry.tables.keys import KeyRequest, canonical_sql, make_keys
from registry.tables.table import FILE, ROW, SPLIT

if TYPE_CHECKING:
    import pyarrow as pa

Find = Callable[["pa.RecordBatch", Sequence[Marked]], Iterator[Any]]
CONTAMINATION = "expect_no_contamination_with"
NEAR = 0.72  # agreement of two sketches from which texts count as alike: 0.9 of a similarity of 0.8

THREADS = 4  # at most: each holds what it computes of some texts
TOGETHER = 25_000  # texts that a thread looks up at a time


@dataclass(frozen=True, slots=True)
class OverlapRequest:
    """A table of the rows found: `split`, `__file`, `__row`, the `reference`, and whether they are only `near`."""

    columns: tuple[str, ...]
    near: bool
    digest: str
    marked: tuple[Marked, ...] = field(compare=False)

    @property
    def name(self) -> str:
        """Name of the table."""
        return f"overlap_{digest_of([*self.columns, self.near, self.digest])[:16]}"

    def make(self, engine: Engine) -> None:
        """Looks the key of every row up in every fingerprint; then, of one column, its text, some rows at a time."""
        keys = make_keys(engine, KeyRequest(self.columns))
        places = f"CAST({SPLIT} AS VARCHAR) AS split, {FILE}, {ROW}"
        sql = f"SELECT k1, {places} FROM {keys} WHERE k1 IS NOT NULL"  # noqa: S608 (a digest)
        engine.derive(f"{self.name}_exact", sql, partial(_look_up, marked=self.marked, find=_exact), _schema())
        found = f"SELECT *, FALSE AS near FROM {self.name}_exact"  # noqa: S608 (a digest)
        if self.near and len(self.columns) == 1:
            (name,) = self.columns
            text = canonical_sql(name, dict(engine.columns)[name])
            sql = f"SELECT {text} AS text, {places} FROM data WHERE {quote_ident(name)} IS NOT NULL"  # noqa: S608 (quoted)
            find = partial(_near, threads=min(engine.threads, THREADS))
            engine.derive(f"{self.name}_near", sql, partial(_look_up, marked=self.marked, find=find), _schema())
            found += f" UNION ALL SELECT *, TRUE AS near FROM {self.name}_near"  # noqa: S608 (a digest)
        sql = f"SELECT split, {FILE}, {ROW}, reference, bool_and(near) AS near FROM ({found}) GROUP BY ALL"  # noqa: S608
        engine.keep(self.name, sql, _schema(near=True))


def _schema(*, near: bool = False) -> pa.Schema:
    import pyarrow as pa

    schema = pa.schema([(SPLIT, pa.string()), (FILE, pa.string()), (ROW, pa.int64()), ("reference", pa.string())])
    return schema.append(pa.field("near", pa.bool_())) if near else schema


def _look_up(batches: Iterator[pa.RecordBatch], *, marked: Sequence[Marked], find: Find) -> Iterator[pa.RecordBatch]:
    import numpy as np
    import pyarrow as pa

    for batch in batches:
        places = [batch.column(name) for name in (SPLIT, FILE, ROW)]
        for one, found in zip(marked, find(batch, marked), strict=True):
            hits = pa.array(np.flatnonzero(found))
            if len(hits):
                kinds = zip(places, _schema().types, strict=False)
                at = [column.take(hits).cast(kind) for column, kind in kinds]
                yield pa.RecordBatch.from_arrays([*at, pa.array([one.name] * len(hits))], schema=_schema())


def _exact(batch: pa.RecordBatch, marked: Sequence[Marked]) -> Iterator[Any]:
    from registry.tables.fingerprints import salted

    halves = batch.column("k1").to_numpy().view("u8")  # Spark has them as signed numbers
    return (one.fingerprint.holds(salted(halves, one.fingerprint.salt)) for one in marked)


def _near(batch: pa.RecordBatch, marked: Sequence[Marked], threads: int) -> Iterator[Any]:
    import numpy as np

    texts = [batch.column("text").slice(start, TOGETHER) for start in range(0, max(len(batch), 1), TOGETHER)]
    with ThreadPoolExecutor(threads) as pool:
        return iter(np.hstack(list(pool.map(partial(_alike, marked=marked), texts))))


def _alike(texts: pa.Array, marked: Sequence[Marked]) -> Any:
    """Which texts are alike to one of each fingerprint, shape (fingerprints, texts)."""
    import numpy as np

    from registry.tables.fingerprints import Shingled
    from registry.tables.keys import normalised

    found = np.zeros((len(marked), len(texts)), bool)
    some = Shingled.of(normalised(texts.to_pylist()))
    for one, row in zip(marked, found, strict=True):
        row[some.places] = one.fingerprint.alike(some, NEAR)
    return found


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
    if not marked:
        return Unmeasured("there is no previous release to compare with", "not_applicable")
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
        reduce=partial(_judge, others=_others(columns, marked)),
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


def _others(columns: Sequence[str], marked: Sequence[Marked]) -> dict[str, list[str]]:
    """The columns of fingerprints that were made of others than are compared."""
    return {
        one.name: list(one.fingerprint.names)
        for one in marked
        if one.fingerprint.names and one.fingerprint.names != tuple(columns)
    }


def _judge(rows: Sequence[Mapping[str, Any]], others: Mapping[str, Sequence[str]]) -> Counts:
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
    notes = [f"{near:,} of them are only near"] if near else []
    if others:
        observed["other_columns"] = dict(others)
        notes += [f"the fingerprint of {name} was made of {', '.join(names)}" for name, names in others.items()]
    return Counts(total, unexpected, observed, note="; ".join(notes))


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
