"""Rows that equal another one: found once for each set of compared columns, whatever then asks for them.

Rows are counted by a hash first; a hash is a candidate only. Without a common hash nothing
repeats, and no value is ever grouped; where there are some, only their rows are compared by value.

>>> equal = EqualRequest("t", "k0", "(k0 IS NOT NULL)", ())
>>> equal.name.startswith("equal_"), equal.counts == equal.name + "_counts"
(True, True)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from registry.checks.specs import Facts, Relation, relation
from registry.model.digest import digest_of
from registry.tables.engine import PLACE, Engine
from registry.tables.keys import TableRequest, make_keys
from registry.tables.table import FILE, ROW, SPLIT

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
    needs: tuple[TableRequest, ...]

    @classmethod
    def of(cls, columns: Sequence[str], normalize: str, facts: Facts) -> EqualRequest:
        """The request for `columns`, compared as they are (`none`) or as normalised text (`text`)."""
        where: Relation = relation(columns, normalize, facts)
        return cls(where.source, where.keys, where.present, where.needs)

    @property
    def name(self) -> str:
        """Name of the table of rows."""
        return f"equal_{digest_of([self.source, self.keys])[:16]}"

    @property
    def counts(self) -> str:
        """Name of the table of counts."""
        return f"{self.name}_counts"

    def make(self, engine: Engine) -> None:
        """Both tables; what they need is made first."""
        import pyarrow as pa

        for request in self.needs:
            make_keys(engine, request)
        labels = pa.dictionary(pa.int32(), pa.string())
        rows = pa.schema([("spot", pa.int64()), ("k", pa.int64()), (SPLIT, labels), (FILE, labels), (ROW, pa.int64())])
        counts = pa.schema([(SPLIT, pa.string()), ("total", pa.int64()), ("empty", pa.int64())])
        engine.keep(self.name, self.rows_sql(), rows)
        engine.keep(self.counts, self.counts_sql(), counts)

    def rows_sql(self) -> str:
        """The rows whose values occur more than once."""
        return f"""WITH shared AS (
  SELECT {HASH}({self.keys}) AS h FROM {self.source} WHERE {self.present} GROUP BY h HAVING count(*) > 1
), candidates AS (
  SELECT {self.keys}, {PLACE} * {PART} + {ROW} AS spot, {SPLIT}, {FILE}, {ROW} FROM {self.source}
  WHERE {self.present} AND {HASH}({self.keys}) IN (SELECT h FROM shared)
), counted AS (
  SELECT *, min(spot) OVER same AS k, count(*) OVER same AS times FROM candidates
  WINDOW same AS (PARTITION BY {self.keys})
)
SELECT spot, k, CAST({SPLIT} AS VARCHAR) AS {SPLIT}, {FILE}, {ROW} FROM counted WHERE times > 1"""  # noqa: S608 (all parts are quoted)

    def counts_sql(self) -> str:
        """Rows with a value and without, by split."""
        return f"""SELECT CAST({SPLIT} AS VARCHAR) AS {SPLIT}, count(*) FILTER ({self.present}) AS total,
  count(*) FILTER (NOT {self.present}) AS empty FROM {self.source} GROUP BY ALL"""  # noqa: S608 (all parts are quoted)
