"""Rows that equal another one: found once for each set of compared columns, whatever then asks for them.

Rows are counted by a hash first; a hash is a candidate only. Without a common hash nothing
repeats, and no value is ever grouped; where there are some, only their rows are compared by value.

>>> equal = EqualRequest("t", "k0", "(k0 IS NOT NULL)", "1", ())
>>> equal.name.startswith("equal_"), equal.counts == equal.name + "_counts"
(True, True)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from registry.checks.specs import Facts, Relation, place, relation
from registry.model.digest import digest_of
from registry.tables.duck import Session
from registry.tables.keys import TableRequest, make_keys
from registry.tables.table import FILE, ROW, SPLIT

if TYPE_CHECKING:
    import pyarrow as pa

HASH = "hash"  # of DuckDB, 64 bits
PART = 2**40  # rows of a file at most


@dataclass(frozen=True, slots=True)
class EqualRequest:
    """Two tables: the rows whose compared values occur more than once, and how many rows each split has.

    The first has `spot` (the place of a row in the order of file and row, as a number), `k` (the
    place of the first row of its kind, which so names the kind), `split`, `__file`, `__row`; the
    second `split`, `total` (rows with a value) and `empty` (rows without).
    """

    source: str
    keys: str
    present: str
    place: str
    needs: tuple[TableRequest, ...]

    @classmethod
    def of(cls, columns: Sequence[str], normalize: str, facts: Facts) -> EqualRequest:
        """The request for `columns`, compared as they are (`none`) or as normalised text (`text`)."""
        where: Relation = relation(columns, normalize, facts)
        return cls(where.source, where.keys, where.present, place(facts), where.needs)

    @property
    def name(self) -> str:
        """Name of the table of rows."""
        return f"equal_{digest_of([self.source, self.keys])[:16]}"

    @property
    def counts(self) -> str:
        """Name of the table of counts."""
        return f"{self.name}_counts"

    def tables(self, session: Session) -> Mapping[str, pa.Table]:
        """Both tables; what they need is made first."""
        import pyarrow as pa

        for request in self.needs:
            make_keys(session, request)
        labels = pa.dictionary(pa.int32(), pa.string())
        rows = pa.schema([("spot", pa.int64()), ("k", pa.int64()), (SPLIT, labels), (FILE, labels), (ROW, pa.int64())])
        counts = pa.schema([(SPLIT, pa.string()), ("total", pa.int64()), ("empty", pa.int64())])
        return {
            self.name: _table(session, self.rows_sql(), rows),
            self.counts: _table(session, self.counts_sql(), counts),
        }

    def rows_sql(self) -> str:
        """The rows whose values occur more than once."""
        return f"""WITH shared AS (
  SELECT {HASH}({self.keys}) AS h FROM {self.source} WHERE {self.present} GROUP BY h HAVING count(*) > 1
), candidates AS (
  SELECT {self.keys}, {self.place} * {PART} + {ROW} AS spot, {SPLIT}, {FILE}, {ROW} FROM {self.source}
  WHERE {self.present} AND {HASH}({self.keys}) IN (SELECT h FROM shared)
)
SELECT spot, min(spot) OVER same AS k, CAST({SPLIT} AS VARCHAR) AS {SPLIT}, {FILE}, {ROW} FROM candidates
WINDOW same AS (PARTITION BY {self.keys}) QUALIFY count(*) OVER same > 1"""  # noqa: S608 (all parts are quoted)

    def counts_sql(self) -> str:
        """Rows with a value and without, by split."""
        return f"""SELECT CAST({SPLIT} AS VARCHAR) AS {SPLIT}, count(*) FILTER ({self.present}) AS total,
  count(*) FILTER (NOT {self.present}) AS empty FROM {self.source} GROUP BY ALL"""  # noqa: S608 (all parts are quoted)


def _table(session: Session, sql: str, schema: pa.Schema) -> pa.Table:
    """The rows of a statement, texts as dictionaries: one copy of each name."""
    import pyarrow as pa

    batches = []
    for batch in session.arrow(sql):
        columns = [_cast(batch.column(field.name), field.type) for field in schema]
        batches.append(pa.RecordBatch.from_arrays(columns, schema=schema))
    return pa.Table.from_batches(batches, schema)


def _cast(column: pa.Array, kind: pa.DataType) -> pa.Array:
    import pyarrow as pa

    return (column.dictionary_encode() if pa.types.is_dictionary(kind) else column).cast(kind)
