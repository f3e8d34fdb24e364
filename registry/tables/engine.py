"""What answers SQL over a table: DuckDB on this machine, Spark on many, with the same numbers.

SQL is DuckDB's dialect, over the view `data` and the tables that were made before. Two
functions are ours, since the engines have no common word for them:

- `place_of(__file)`: the place of a row's file in the order of files, from 1;
- `text_of(value, 'DOUBLE')`: a value of that DuckDB type as DuckDB writes it.

Whatever must see rows in Python is a function from Arrow batches to Arrow batches, which an
engine runs where its rows are; only counts, figures and at most 20 sampled rows come back.

>>> PLACE, text_of('"x"', "DOUBLE"), text_of('"n"', "BIGINT")
('place_of(__file)', 'text_of("x", \\'DOUBLE\\')', 'CAST("n" AS VARCHAR)')
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from registry.tables.table import FILE, Table

if TYPE_CHECKING:
    import pyarrow as pa

Batches = Callable[[Iterator["pa.RecordBatch"]], Iterator["pa.RecordBatch"]]


def place_of(file: str) -> str:
    """The place of a file, given by a column such as `__file`, in SQL."""
    return f"place_of({file})"


PLACE = place_of(FILE)


class Engine(Protocol):
    """Answers statements over the view `data`: the columns of `table`, `split`, `__file`, `__row`.

    `name` is `duckdb` or `spark`; `columns` are the table's with their DuckDB types, `files` the
    values of `__file` in order, each with the path of its data; `queries` counts the statements
    answered. Whether rows of many machines are `spread` decides how near-duplicates are searched;
    `threads` says how many a function may use where it is called.
    """

    name: str
    table: Table
    columns: tuple[tuple[str, str], ...]
    files: Mapping[str, str]
    spread: bool
    queries: int

    @property
    def threads(self) -> int:
        """How many threads a function of `derive` may use."""

    def rows(self, sql: str) -> list[dict[str, Any]]:
        """All rows of a statement of few rows, as dictionaries of Python values."""

    def row(self, sql: str) -> dict[str, Any]:
        """The only row of `sql`."""

    def add(self, name: str, rows: pa.Table) -> None:
        """Lets statements read `rows` of ours, which are few, under `name`."""

    def keep(self, name: str, sql: str, schema: pa.Schema) -> None:
        """Lets statements read the rows of `sql` under `name`, as columns of `schema`."""

    def derive(
        self, name: str, sql: str, function: Batches, schema: pa.Schema, *, whole: bool = False,
        reads: Sequence[str] | None = None,
    ) -> None:  # fmt: skip
        """Lets statements read what `function` makes of the rows of `sql` under `name`.

        With `whole` it is called once, with all rows in the order of `sql`; else any number
        of times, each time with some. Rows that follow from the columns `reads` of their own
        part alone may be kept until these columns of that part change.
        """

    def has(self, name: str) -> bool:
        """Whether there is a table `name` that was made before."""


def text_of(sql: str, kind: str) -> str:
    """A value of the DuckDB type `kind` as text, in SQL; equal on all engines."""
    if kind.endswith("]") or kind.startswith(("STRUCT", "MAP", "UNION")):
        return f"text_of({sql}, 'NESTED')"
    apart = kind in ("FLOAT", "DOUBLE", "BLOB") or kind.startswith("TIME")
    return f"text_of({sql}, '{kind}')" if apart else f"CAST({sql} AS VARCHAR)"
