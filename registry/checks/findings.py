"""What was found in texts: a table with a row for each row, column and kind, and the counts that follow from it.

No value stands in it: `told` may be shown, and stands in one of the rows of each row found.

>>> look = lambda texts: [("본문", "email", "h***@***.kr")] if texts[0] else []
>>> found = list(rows_found([("train", "a.parquet", 3)], [("hong@a.kr",)], look))
>>> found[0]["kind"], found[0]["found"], found[0]["told"]
('email', 1, '본문: email h***@***.kr')
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from registry.checks.samples import Examples
from registry.checks.specs import Counts, Facts, by_split
from registry.checks.sql import is_text, type_of
from registry.tables.duck import quote_ident
from registry.tables.engine import PLACE
from registry.tables.table import FILE, ROW, SPLIT

if TYPE_CHECKING:
    import pyarrow as pa

TOLD = 3  # findings of a row that a sample shows
RANK = f"{PLACE} * 1000000000000 + {ROW} AS rank"  # of a row among all, in the order of files
Texts = Sequence[str | None]
Look = Callable[[Texts], Iterable[tuple[str, str, str]]]  # the texts of a row: column, kind, what may be shown


def schema() -> pa.Schema:
    """The columns of the table."""
    import pyarrow as pa

    label = pa.dictionary(pa.int32(), pa.string())
    labels = [(name, label) for name in (SPLIT, FILE)]
    texts = [(name, pa.string()) for name in ("field", "kind", "told")]
    return pa.schema([*labels, (ROW, pa.int64()), *texts, ("found", pa.int64())])


def texts_sql(texts: Sequence[str]) -> str:
    """`c0` … of those rows that have any of these texts, with their places."""
    named = ", ".join(f"{text} AS c{at}" for at, text in enumerate(texts))
    some = " OR ".join(f"c{at} IS NOT NULL" for at in range(len(texts)))
    start = f"SELECT {named}, {SPLIT}, {FILE}, {ROW} FROM data"  # noqa: S608 (all names are quoted)
    return f"SELECT * FROM ({start}) AS texts WHERE {some}"  # noqa: S608 (as above)


def batches_found(batches: Iterator[pa.RecordBatch], columns: int, look: Look) -> Iterator[pa.RecordBatch]:
    """What is found in each batch of `texts_sql` of so many columns."""
    import pyarrow as pa

    for batch in batches:
        places = zip(*(batch.column(name).to_pylist() for name in (SPLIT, FILE, ROW)), strict=True)
        texts = zip(*(batch.column(f"c{at}").to_pylist() for at in range(columns)), strict=True)
        yield pa.RecordBatch.from_pylist(list(rows_found(places, texts, look)), schema())


def rows_found(places: Iterable[tuple[str, str, int]], texts: Iterable[Texts], look: Look) -> Iterator[dict[str, Any]]:
    """The rows of the table for some rows of the data."""
    for (split, file, row), values in zip(places, texts, strict=True):
        found = list(look(values))
        if not found:
            continue
        told: str | None = "; ".join(f"{field}: {kind} {shown}".rstrip() for field, kind, shown in found[:TOLD])
        for (field, kind), count in Counter((field, kind) for field, kind, _ in found).items():
            place = {SPLIT: split, FILE: file, ROW: row}
            yield {**place, "field": field, "kind": kind, "found": count, "told": told}
            told = None


def held_sql(table: str) -> str:
    """A statement that names the rows in which something was found."""
    return f"SELECT {FILE}, {ROW} FROM {table} WHERE told IS NOT NULL"  # noqa: S608 (a digest)


def examples(table: str) -> Examples:
    """The first rows in which something was found, with what may be shown of it."""
    sql = f"SELECT {FILE}, {ROW}, told AS found, {RANK} FROM {table} WHERE told IS NOT NULL"  # noqa: S608 (a digest)
    return Examples(sql, ("found",), values=False)


def count_sql(table: str, columns: Sequence[str], facts: Facts) -> str:
    """Rows by split; and by kind and by column the things found (`total`) and the rows that hold them."""
    present = " OR ".join(_present(name, type_of(facts.columns, name)) for name in columns)
    by = [
        f"SELECT '{what}' AS what, {what} AS name, sum(n) AS total, count(*) AS unexpected, 0 AS empty FROM "  # noqa: S608
        f"(SELECT {what}, sum(found) AS n FROM {table} GROUP BY {what}, {FILE}, {ROW}) AS each GROUP BY {what}"
        for what in ("field", "kind")
    ]
    return f"""WITH hits AS (
  SELECT CAST({SPLIT} AS VARCHAR) AS name, count(*) AS n FROM {table} WHERE told IS NOT NULL GROUP BY ALL
), totals AS (
  SELECT CAST({SPLIT} AS VARCHAR) AS name, count(*) FILTER ({present}) AS total,
    count(*) FILTER (NOT ({present})) AS empty FROM data GROUP BY ALL
)
SELECT 'split' AS what, totals.name, total, coalesce(n, 0) AS unexpected, empty
FROM totals LEFT JOIN hits ON totals.name = hits.name UNION ALL
{" UNION ALL ".join(by)} ORDER BY what, name"""  # noqa: S608 (all parts are quoted)


def _present(name: str, kind: str) -> str:
    quoted = quote_ident(name)
    return f"({quoted} IS NOT NULL AND {quoted} <> '')" if is_text(kind) else f"{quoted} IS NOT NULL"


def counted(rows: Sequence[Mapping[str, Any]], kinds: str) -> Counts:
    """The counts of `count_sql`; `kinds` is what observations call the kinds."""
    splits = [{**row, "split": row["name"]} for row in rows if row["what"] == "split"]
    total, unexpected, empty = (sum(int(row[name]) for row in splits) for name in ("total", "unexpected", "empty"))
    by: dict[str, dict[str, dict[str, int]]] = {"kind": {}, "field": {}}
    for row in rows:
        if row["what"] in by:
            by[row["what"]][row["name"]] = {"found": int(row["total"]), "rows": int(row["unexpected"])}
    share = unexpected / total if total else 0.0
    observed = {"empty": empty, "share": share, kinds: by["kind"], "columns": by["field"], "splits": by_split(splits)}
    return Counts(total, unexpected, observed)
