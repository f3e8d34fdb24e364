"""One locked DuckDB connection over the Parquet parts of one table.

A session sees the parts of its table and nothing else: no other file, no network, no
extension, no setting can be reached from its SQL. All rows stand in the view `data`:
the columns of the table, `split`, `__file` (the Parquet part) and `__row` (from 0).

>>> quote_ident('a"b c'), quote_text("it's")
('"a""b c"', "'it''s'")
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from registry.errors import DataError, EnvironmentFailed, MissingExtraError, UsageError
from registry.tables.engine import Batches
from registry.tables.parquet import broken_part
from registry.tables.parts import PartMemory
from registry.tables.table import FILE, ROW, SPLIT, Part, Table

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

T = TypeVar("T")
BATCH = 100_000  # rows of one Arrow batch
WIDE = 64  # columns from which a statement is planned over those that it needs only
FILES = 64  # parts up to which it is known what each holds
NAMED = 3  # columns that an error names
QUESTIONS = ("SELECT", "EXPLAIN")  # kinds of statements that a session answers


class QueryError(DataError):
    """A statement cannot be computed on this data; `fields["sql"]` holds it."""

    code = "query"


def quote_ident(name: str) -> str:
    """`name` as an SQL identifier; the only way a name gets into a statement."""
    if "\0" in name:
        raise UsageError("a name holds the character NUL", hint="rename the column")
    return '"' + name.replace('"', '""') + '"'


def quote_text(text: str) -> str:
    """`text` as an SQL string literal; the only way a text gets into a statement."""
    if "\0" in text:
        raise UsageError("a text holds the character NUL", hint="remove it from the declaration")
    return "'" + text.replace("'", "''") + "'"


def is_instant(kind: str) -> bool:
    """Whether the DuckDB type holds timestamps with a zone, by itself or within.

    >>> is_instant("TIMESTAMP WITH TIME ZONE"), is_instant("TIMESTAMPTZ_NS"), is_instant("TIMESTAMP")
    (True, True, False)
    """
    return "TIME ZONE" in kind or "TIMESTAMPTZ" in kind


class Session:
    """A context manager that answers SQL over the view `data` of one table.

    `threads` and `memory` (such as `2GB`) default to `REGISTRY_THREADS` and
    `REGISTRY_MEMORY`, else to DuckDB's own; `temp` is where larger data spills to, by
    default a directory of this session; `learnt` is where is kept what the next version
    of the data need not do again, if anywhere. `columns` are the table's columns with their
    DuckDB types; `queries` counts the statements answered. With an `earlier` state of the table
    its rows stand in the view `before`, its columns in `earlier`; `sizes` counts the rows of each view.
    It is an `Engine`.

    Every failure is a `RegistryError`: `QueryError` where the statement does not suit the
    data, `DataError` where a part is broken, `EnvironmentFailed` where memory ran out.
    """

    name = "duckdb"
    spread = False

    def __init__(
        self,
        table: Table,
        *,
        threads: int | None = None,
        memory: str | None = None,
        temp: Path | None = None,
        learnt: Path | None = None,
        earlier: Table | None = None,
    ) -> None:
        self.table = table
        self.learnt = learnt
        self.parts = None if learnt is None else PartMemory(learnt / "parts")
        self.queries = 0
        self.files: Mapping[str, str] = {str(part.parquet): part.path for part in table.parts}
        self._added: set[str] = set()
        self._kept: dict[str, Any] = {}
        self._held: Mapping[str, frozenset[str]] | None = None
        self._open = ExitStack()
        directory = str(temp or self._open.enter_context(tempfile.TemporaryDirectory(prefix="registry-duck-")))
        try:
            self._connection = _connect(threads, memory)
            self._open.callback(self._connection.close)
            with _translated(table, ""):
                parts = (*table.parts, *(earlier.parts if earlier else ()))
                views = {"data": table} | ({"before": earlier} if earlier else {})
                self.sizes: Mapping[str, int] = {name: seen.rows for name, seen in views.items()}
                made = (f"CREATE VIEW {name} AS {view_sql(seen)}" for name, seen in views.items())
                for statement in (*_words(table), *_lock(parts, directory), *made):
                    self._connection.execute(statement)
                self.columns = self._described("data", table)
                self.earlier = self._described("before", earlier) if earlier else ()
        except BaseException:
            self._open.close()
            raise

    @property
    def threads(self) -> int:
        """How many threads DuckDB was given."""
        return int(self._connection.execute("SELECT current_setting('threads')").fetchall()[0][0])

    def _described(self, view: str, table: Table) -> tuple[tuple[str, str], ...]:
        types = {name: kind for name, kind, *_ in self._connection.execute(f"DESCRIBE {view}").fetchall()}
        return tuple((name, types[name]) for name, _ in table.columns)

    def rows(self, sql: str) -> list[dict[str, Any]]:
        """All rows of `sql`, in its order, as dictionaries of Python values."""
        self.queries += 1
        with _translated(self.table, sql):
            self._vet(sql)
            answer = self._connection.execute(sql)
            described = answer.description or []
            if any(is_instant(str(column[1])) for column in described):
                self._connection.abort()
                return self._zoned_rows(sql, [column[0] for column in described if str(column[1]) == "HUGEINT"])
            names = [column[0] for column in described]
            return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]

    def _vet(self, sql: str) -> None:
        """A session answers questions: the lock admits the parts to be read, and so to be overwritten by COPY."""
        kinds = [str(statement.type).rpartition(".")[2] for statement in self._connection.extract_statements(sql)]
        if len(kinds) != 1 or kinds[0] not in QUESTIONS:
            why = f"it is {' and '.join(kinds) or 'empty'}"
            raise QueryError("a statement does more than ask", why=why, hint="ask with one SELECT", sql=sql)

    def _zoned_rows(self, sql: str, whole: list[str]) -> list[dict[str, Any]]:
        """Rows with instants, through Arrow: DuckDB's own way to Python needs pytz for them.

        `whole` are the columns of 128-bit integers, for which Arrow has decimals only.
        """
        rows: list[dict[str, Any]] = self._connection.sql(sql).to_arrow_table().to_pylist()
        for row in rows:
            row.update({name: None if row[name] is None else int(row[name]) for name in whole})
        return rows

    def row(self, sql: str) -> dict[str, Any]:
        """The only row of `sql`; any other number of rows raises `QueryError`."""
        found = self.rows(sql)
        if len(found) != 1:
            raise QueryError(f"a statement gave {len(found)} rows where one was expected", sql=sql)
        return found[0]

    def value(self, sql: str) -> Any:
        """The only value of the only row of `sql`."""
        return next(iter(self.row(sql).values()))

    def arrow(self, sql: str) -> Iterator[pa.RecordBatch]:
        """The rows of `sql` as Arrow batches, streamed; exhaust it before the next statement."""
        self.queries += 1
        with _translated(self.table, sql):
            self._vet(sql)
            relation = self._connection.sql(sql)
            if relation is not None:
                yield from relation.to_arrow_reader(BATCH)

    def add(self, name: str, rows: pa.Table) -> None:
        """Lets statements read `rows` of ours under `name`; they stay in memory, and no file is opened to them."""
        with _translated(self.table, ""):
            self._connection.register(name, rows)
        self._added.add(name)

    def keep(self, name: str, sql: str, schema: pa.Schema) -> None:
        """Lets statements read the rows of `sql` under `name`, as columns of `schema`; they stay in memory."""
        import pyarrow as pa

        batches = []
        for batch in self.arrow(sql):
            columns = [_cast(batch.column(field.name), field.type) for field in schema]
            batches.append(pa.RecordBatch.from_arrays(columns, schema=schema))
        self.add(name, pa.Table.from_batches(batches, schema))

    def derive(
        self, name: str, sql: str, function: Batches, schema: pa.Schema, *, whole: bool = False,
        reads: Sequence[str] | None = None,
    ) -> None:  # fmt: skip
        """Lets statements read what `function` makes of all rows of `sql` under `name`; it stays in memory.

        Of parts whose columns `reads` are known from before the rows come from the session's `learnt`.
        """
        import pyarrow as pa

        def of(parts: Sequence[Part]) -> pa.Table:
            files = ", ".join(quote_text(str(part.parquet)) for part in parts)
            some = sql if len(parts) == len(self.table.parts) else f"SELECT * FROM ({sql}) WHERE {FILE} IN ({files})"  # noqa: S608
            return pa.Table.from_batches(list(function(self.arrow(some))), schema)

        if reads is None or self.parts is None:
            self.add(name, of(self.table.parts))
        else:
            kinds = dict(self.columns)
            rule = [name, sql, [[column, kinds[column]] for column in reads]]
            self.add(name, self.parts.derived(self.table, rule, reads, of))

    def over(self, columns: Sequence[str]) -> str:
        """What a statement that needs `columns` and the split reads from: `data`, of a wide table those alone.

        A statement is planned over every column that it could see, which of a thousand takes longer than to answer it.
        """
        if len(self.columns) < WIDE or len(self.table.parts) > FILES:
            return "data"
        if self._held is None:
            self._held = _held(self.table)
        known = {name for names in self._held.values() for name in names}
        return f"({view_sql(self.table, columns, self._held)})" if known.issuperset(columns) else "data"

    def has(self, name: str) -> bool:
        """Whether there is a table `name` that was made before."""
        return name in self._added

    def kept(self, key: str, opened: Callable[[], AbstractContextManager[T]]) -> T:
        """What `opened` gives, entered once a session under `key` and left with it."""
        if key not in self._kept:
            self._kept[key] = self._open.enter_context(opened())
        value: T = self._kept[key]
        return value

    def close(self) -> None:
        """Ends the connection and removes what it spilled."""
        self._open.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _cast(column: pa.Array, kind: pa.DataType) -> pa.Array:
    """Texts as a dictionary where one is wanted: one copy of each name."""
    import pyarrow as pa

    return (column.dictionary_encode() if pa.types.is_dictionary(kind) else column).cast(kind)


def _words(table: Table) -> list[str]:
    """The functions that all engines have (see `registry.tables.engine`)."""
    files = ", ".join(quote_text(str(part.parquet)) for part in table.parts)
    return [
        f"CREATE MACRO place_of(file) AS list_position([{files}], file)",
        "CREATE MACRO text_of(value, kind) AS CAST(value AS VARCHAR)",
    ]


def view_sql(
    table: Table, columns: Sequence[str] | None = None, held: Mapping[str, frozenset[str]] = MappingProxyType({})
) -> str:
    """The query behind `data`: one branch a split, with the split as a constant so that filters prune.

    Of `columns` only, where they are given with what each part holds.
    """
    if table.split_column is not None:
        paths = [str(part.parquet) for part in table.parts]
        own = [SPLIT, *columns] if columns is not None and table.split_column == SPLIT else columns
        return _scan(paths, _split_of_column(table.split_column), own and list(dict.fromkeys(own)), held)
    grouped: dict[str, list[str]] = {}
    for part in table.parts:
        grouped.setdefault(part.split or "train", []).append(str(part.parquet))
    branches = [_scan(paths, f", {quote_text(split)} AS {SPLIT}", columns, held) for split, paths in grouped.items()]
    return " UNION ALL BY NAME ".join(branches)


def _held(table: Table) -> dict[str, frozenset[str]]:
    """The names of the columns that each part holds."""
    import pyarrow.parquet as pq

    with _translated(table, ""):
        return {str(part.parquet): frozenset(pq.read_schema(part.parquet).names) for part in table.parts}


def _split_of_column(column: str) -> str:
    return "" if column == SPLIT else f", CAST({quote_ident(column)} AS VARCHAR) AS {SPLIT}"


def _scan(
    paths: list[str], split: str, columns: Sequence[str] | None = None, held: Mapping[str, frozenset[str]] | None = None
) -> str:
    files = ", ".join(quote_text(path) for path in paths)
    source = f"read_parquet([{files}], filename={quote_text(FILE)}, union_by_name=true)"
    here = {name for path in paths for name in (held or {}).get(path, ())}
    chosen = "*" if columns is None else ", ".join([FILE, *(quote_ident(name) for name in columns if name in here)])
    return f"SELECT {chosen}{split}, file_row_number AS {ROW} FROM {source}"  # noqa: S608 (all names quoted)


def _lock(parts: Sequence[Part], temp: str) -> list[str]:
    """Settings, then the lock. The order matters: nothing can be set after the last one."""
    allowed = ", ".join(quote_text(str(part.parquet)) for part in parts)
    return [
        "SET TimeZone='UTC'",
        "SET preserve_insertion_order=false",
        # Parquet's statistics leave NaN out, and DuckDB 2.0 believes them: where least and greatest are
        # one number, expressions are answered as if every value were it, and a grouping by hash fails.
        "SET disabled_optimizers='statistics_propagation'",
        "SET parquet_metadata_cache=true",
        "SET enable_progress_bar=false",
        "SET autoinstall_known_extensions=false",
        "SET autoload_known_extensions=false",
        f"SET temp_directory={quote_text(temp)}",
        f"SET allowed_paths=[{allowed}]",
        "SET enable_external_access=false",
        "SET lock_configuration=true",
    ]


def _connect(threads: int | None, memory: str | None) -> duckdb.DuckDBPyConnection:
    try:
        import duckdb
    except ImportError as error:
        raise MissingExtraError(
            "reading tables needs an extra", hint="pip install 'dataset-release-registry[author]'"
        ) from error
    wanted = str(threads or "") or os.environ.get("REGISTRY_THREADS", "")
    limit = memory or os.environ.get("REGISTRY_MEMORY", "")
    if wanted and not (wanted.isascii() and wanted.isdigit() and int(wanted) > 0):
        raise UsageError(f"`{wanted}` is no number of threads", hint="export REGISTRY_THREADS=2")
    config: dict[str, str | bool | int | float | list[str]] = {}
    if wanted:
        config["threads"] = int(wanted)
    if limit:
        config["memory_limit"] = limit
    try:
        return duckdb.connect(":memory:", config=config)
    except duckdb.Error as error:
        raise UsageError(
            f"`{limit}` is no amount of memory", why=_first_line(error), hint="export REGISTRY_MEMORY=2GB"
        ) from error


@contextmanager
def _translated(table: Table, sql: str) -> Iterator[None]:
    """Turns DuckDB's errors into ours."""
    import duckdb

    by_statement = (
        duckdb.ParserException,
        duckdb.BinderException,
        duckdb.CatalogException,
        duckdb.PermissionException,
        duckdb.ConversionException,
        duckdb.OutOfRangeException,
    )
    try:
        yield
    except duckdb.OutOfMemoryException as error:
        raise EnvironmentFailed(
            "the memory limit does not suffice", why=_first_line(error), hint="export REGISTRY_MEMORY=4GB"
        ) from error
    except by_statement as error:
        raise QueryError(_failed(table, sql), why=_first_line(error), sql=sql) from error
    except (duckdb.InterruptException, RuntimeError) as error:  # a signal's own exception is lost on the way
        if "interrupted" not in str(error).casefold():
            raise
        raise KeyboardInterrupt from error
    except duckdb.Error as error:  # of the statement, or of a file: the files tell
        broken = broken_part((part.parquet, part.path) for part in table.parts)
        raise broken or QueryError(_failed(table, sql), why=_first_line(error), sql=sql) from error


def _failed(table: Table, sql: str) -> str:
    """That a statement failed, and the columns that it is about, where they are few."""
    named = [name for name, _ in table.columns if quote_ident(name) in sql]
    about = f" of {', '.join(f'`{name}`' for name in named)}" if 0 < len(named) <= NAMED else ""
    return f"a statement{about} cannot be computed"


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)
