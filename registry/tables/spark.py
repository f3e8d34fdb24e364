"""The one door to Spark: the parts of a table as the view `data` of a Spark session.

The same statements as on DuckDB are answered, translated by `registry.tables.dialect`. Rows stay
on the workers: functions over them run there (`mapInArrow`), and what comes back to the driver
are the answers to statements that count, or name at most 20 rows.

A part is known by its place in the order of files, written as text: that is `__file` here.

>>> SparkSettings.of({"master": "local[2]", "spark": {"executor": {"memory": "4g"}}}, {}).options
{'spark.executor.memory': '4g'}
"""

from __future__ import annotations

import atexit
import logging
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from functools import reduce
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from weakref import WeakSet

from registry.errors import ConfigError, DataError, EnvironmentFailed, MissingExtraError
from registry.tables.dialect import FLOAT_TEXT, to_spark
from registry.tables.duck import QueryError
from registry.tables.engine import Batches
from registry.tables.frames import DUCKDB, Group, groups_of
from registry.tables.parquet import broken_part
from registry.tables.table import Table

if TYPE_CHECKING:
    import pyarrow as pa

LOCAL = "local[*]"
_SHIPPED: WeakSet[Any] = WeakSet()  # sessions whose workers have this package
RUNTIME = {  # of the session: what makes an answer the same as DuckDB's
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.caseSensitive": "true",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.legacy.parquet.nanosAsLong": "true",
    "spark.sql.timeType.enabled": "true",
}
PYTHON, VARIABLE = "spark.pyspark.python", "PYSPARK_PYTHON"
SHUFFLE = "spark.sql.shuffle.partitions"
QUIET = {"spark.ui.enabled": "false", "spark.ui.showConsoleProgress": "false", "spark.log.level": "ERROR"}


@dataclass(frozen=True, slots=True)
class SparkSettings:
    """Where Spark runs: `master`, or a server at `remote` (`sc://…`); `options` are passed through."""

    master: str = LOCAL
    remote: str = ""
    options: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, table: Mapping[str, Any], environ: Mapping[str, str] = os.environ) -> SparkSettings:
        """From the table `[spark]` of registry.toml; `SPARK_REMOTE` and `SPARK_MASTER` come before it.

        Raises `ConfigError` for a key that is neither `master`, `remote` nor a setting `spark.…`.
        """
        flat = dict(_flat(table, ""))
        given = {name: flat.pop(name, "") for name in ("master", "remote")}
        wrong = next((name for name in flat if not name.startswith("spark.")), None)
        if wrong is not None:
            why = "known are master, remote and every key spark.…"
            raise ConfigError(f"registry.toml: [spark] does not know `{wrong}`", why=why, hint="mend registry.toml")
        if given["master"] and given["remote"]:
            raise ConfigError("registry.toml: [spark] has a master and a remote", hint="leave one of them out")
        remote = environ.get("SPARK_REMOTE") or ("" if environ.get("SPARK_MASTER") else given["remote"])
        return cls(environ.get("SPARK_MASTER") or given["master"] or LOCAL, remote, flat)

    @property
    def is_local(self) -> bool:
        """Whether the workers are of this machine."""
        return not self.remote and (self.master == "local" or self.master.startswith("local["))


def _flat(table: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, str]]:
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield prefix + key, str(value).lower() if isinstance(value, bool) else str(value)


class SparkTables:
    """A context manager that answers SQL over the view `data` of one table; an `Engine`.

    Every failure is a `RegistryError`: `QueryError` where a statement does not suit the data,
    `DataError` where a part is broken, `EnvironmentFailed` where Spark cannot run.
    """

    name = "spark"
    spread = True
    threads = 1  # a function runs in as many workers as there are

    def __init__(self, table: Table, settings: SparkSettings | None = None) -> None:
        self.table = table
        self.queries = 0
        self.files: Mapping[str, str] = {str(at): part.path for at, part in enumerate(table.parts, 1)}
        self.columns = _kinds(table)
        self._spark = connect(settings or SparkSettings())
        self._made: dict[str, Any] = {}
        with self._translated(""):
            self._open(groups_of(table))

    def _open(self, groups: tuple[Group, ...]) -> None:
        frames = [group.frame(self._spark) for group in groups]
        reduce(lambda one, other: one.unionByName(other), frames).createOrReplaceTempView("data")
        seen = self._collected("SELECT count(*) AS n FROM data")[0]["n"]
        if seen != self.table.rows:
            raise DataError(
                f"Spark sees {seen:,} of {self.table.rows:,} rows",
                why="files whose names begin with `_` or `.` are hidden from it",
                hint=DUCKDB,
            )

    def rows(self, sql: str) -> list[dict[str, Any]]:
        """All rows of `sql`, in its order, as dictionaries of Python values."""
        self.queries += 1
        with self._translated(sql):
            return self._collected(to_spark(sql))

    def _collected(self, sql: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self._spark.sql(sql).toArrow().to_pylist(maps_as_pydicts="lossy")
        return [{name: _whole(value) for name, value in row.items()} for row in rows]

    def row(self, sql: str) -> dict[str, Any]:
        """The only row of `sql`; any other number of rows raises `QueryError`."""
        found = self.rows(sql)
        if len(found) != 1:
            raise QueryError(f"a statement gave {len(found)} rows where one was expected", sql=sql)
        return found[0]

    def value(self, sql: str) -> Any:
        """The only value of the only row of `sql`."""
        return next(iter(self.row(sql).values()))

    def add(self, name: str, rows: pa.Table) -> None:
        """Lets statements read `rows` of ours, which are few, under `name`."""
        with self._translated(""):
            self._name(name, self._spark.createDataFrame(rows))

    def keep(self, name: str, sql: str, schema: pa.Schema) -> None:
        """Lets statements read the rows of `sql` under `name`; they are computed once, and stay on the workers."""
        self.queries += 1
        with self._translated(sql):
            columns = ", ".join(schema.names)
            self._name(name, self._spark.sql(f"SELECT {columns} FROM ({to_spark(sql)})").persist())  # noqa: S608

    def derive(
        self, name: str, sql: str, function: Batches, schema: pa.Schema, *, whole: bool = False,
        reads: Sequence[str] | None = None,
    ) -> None:  # fmt: skip
        """Lets statements read what `function` makes of the rows of `sql` under `name`; it runs on the workers.

        Nothing is kept for another run, whatever it `reads`.
        """
        self.queries += 1
        with self._translated(sql):
            rows = self._spark.sql(to_spark(sql))
            self._name(name, self.mapped(rows.coalesce(1) if whole else rows, function, schema).persist())

    def mapped(self, frame: Any, function: Batches, schema: pa.Schema) -> Any:
        """The frame of what `function` makes of the batches of each partition."""
        return frame.mapInArrow(_Plain(function), _spark_schema(schema))

    def frame(self, sql: str) -> Any:
        """The rows of `sql` as a frame that is not computed yet."""
        self.queries += 1
        with self._translated(sql):
            return self._spark.sql(to_spark(sql))

    def keep_frame(self, name: str, frame: Any) -> None:
        """Lets statements read a frame under `name`; it is computed now, and stays on the workers."""
        with self._translated(""):
            self._name(name, frame.persist())
            frame.count()

    def has(self, name: str) -> bool:
        """Whether there is a table `name` that was made before."""
        return name in self._made

    def _name(self, name: str, frame: Any) -> None:
        frame.createOrReplaceTempView(name)
        self._made[name] = frame

    def close(self) -> None:
        """Frees what was kept. Spark itself goes on: it may be another's, and starting it takes seconds."""
        with self._translated(""):
            for frame in self._made.values():  # each may name others, and a server asks for them again
                frame.unpersist()
            for name in (*self._made, "data"):
                self._spark.catalog.dropTempView(name)
            self._made.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def _translated(self, sql: str) -> Iterator[None]:
        """Turns Spark's errors into ours."""
        from py4j.protocol import Py4JError
        from pyspark.errors import PySparkException

        try:
            yield
        except (PySparkException, Py4JError) as error:
            broken = broken_part((part.parquet, part.path) for part in self.table.parts)
            raise broken or QueryError("a statement cannot be computed", why=_first_line(error), sql=sql) from error


@dataclass(frozen=True, slots=True)
class _Plain:
    """A function of batches whose answer has types that Spark knows; it travels to the workers."""

    function: Batches

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        return map(_plain, self.function(batches))


def _plain(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Texts without dictionaries; unsigned numbers by their bits."""
    import pyarrow as pa

    columns = []
    for column in batch.columns:
        if pa.types.is_dictionary(column.type):
            column = column.dictionary_decode()
        columns.append(column.view(pa.int64()) if column.type == pa.uint64() else column)
    return pa.RecordBatch.from_arrays(columns, names=batch.schema.names)


def _spark_schema(schema: pa.Schema) -> str:
    """As Spark writes the columns of `schema`, which are of the few types that our functions give."""
    import pyarrow as pa

    kinds = {pa.int64(): "BIGINT", pa.uint64(): "BIGINT", pa.float64(): "DOUBLE", pa.bool_(): "BOOLEAN"}
    found = []
    for column in schema:
        binary = pa.types.is_binary(column.type) or pa.types.is_fixed_size_binary(column.type)
        found.append(f"`{column.name}` {kinds.get(column.type, 'BINARY' if binary else 'STRING')}")
    return ", ".join(found)


def _whole(value: Any) -> Any:
    """Decimals without a fraction are whole numbers: sums of them have 38 digits in Spark."""
    return int(value) if isinstance(value, Decimal) and value.as_tuple().exponent == 0 else value


def _kinds(table: Table) -> tuple[tuple[str, str], ...]:
    """The DuckDB types of the columns: as DuckDB names those of an empty part."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from registry.tables.duck import Session
    from registry.tables.table import Part
    from registry.tables.types import parse_type

    schema = pa.schema([(name, parse_type(kind)) for name, kind in table.columns])
    with tempfile.TemporaryDirectory(prefix="registry-spark-") as directory:
        file = Path(directory, "empty.parquet")
        pq.write_table(schema.empty_table(), file)
        empty = Table((Part("empty", file, None, 0),), table.columns, table.splits, table.split_column, table.format)
        with Session(empty, threads=1) as session:
            return session.columns


def connect(settings: SparkSettings) -> Any:
    """A Spark session of ours on the server, cluster or machine of `settings`; started where none runs."""
    spark = _started(settings)
    logging.getLogger("SQLQueryContextLogger").setLevel(logging.CRITICAL)  # it repeats what the errors say
    session = spark if settings.remote else spark.newSession()
    for key, value in RUNTIME.items():
        session.conf.set(key, value)
    if settings.is_local and SHUFFLE not in settings.options:  # its own default is 200 tasks, whatever the machine
        session.conf.set(SHUFFLE, str(session.sparkContext.defaultParallelism))
    session.udf.register(FLOAT_TEXT, float_text)
    return session


def _started(settings: SparkSettings) -> Any:
    try:
        from pyspark.sql import SparkSession
    except ImportError as error:
        raise MissingExtraError(
            "checking on Spark needs an extra", hint="pip install 'dataset-release-registry[spark]'"
        ) from error
    builder = SparkSession.builder.appName("registry")
    if settings.remote:
        builder = builder.remote(settings.remote)
    else:
        if SparkSession.getActiveSession() is None:
            _vet_java()
        builder = builder.master(settings.master)
    for key, value in {**(_local() if settings.is_local else {}), **settings.options}.items():
        builder = builder.config(key, value)
    try:
        with _python_of_workers(settings):
            spark = builder.getOrCreate()
    except Exception as error:  # (of Java's, of gRPC's, of Python's: whatever keeps Spark from starting)
        place = settings.remote or settings.master
        raise EnvironmentFailed(f"Spark does not start at {place}", why=_first_line(error), hint=DUCKDB) from error
    if not settings.is_local:
        _ship(spark, remote=bool(settings.remote))
    return spark


def _local() -> dict[str, str]:
    """Workers of this machine; nothing listens beyond it."""
    address = "127.0.0.1"
    return {**QUIET, "spark.driver.host": address, "spark.driver.bindAddress": address}


@contextmanager
def _python_of_workers(settings: SparkSettings) -> Iterator[None]:
    """While Spark starts: where its workers are of this machine they run this Python, not the PATH's `python3`.

    Spark obeys `spark.pyspark.python` only where `spark-submit` starts it; otherwise it reads the environment.
    """
    chosen = settings.options.get(PYTHON) or (sys.executable if settings.is_local else "")
    if not chosen or VARIABLE in os.environ:
        yield
        return
    os.environ[VARIABLE] = chosen
    try:
        yield
    finally:
        del os.environ[VARIABLE]


def _vet_java() -> None:
    home = os.environ.get("JAVA_HOME")
    if not (home and Path(home, "bin", "java").exists()) and shutil.which("java") is None:
        raise EnvironmentFailed(
            "Spark needs Java 17 or newer", why="no `java` is found", hint="apt-get install default-jre-headless"
        )


def _ship(spark: Any, *, remote: bool) -> None:
    """Sends this package to the workers, once a session; Python, numpy and pyarrow they have."""
    if spark in _SHIPPED:
        return
    root = Path(__file__).parents[1]
    directory = tempfile.TemporaryDirectory(prefix="registry-ship-")
    atexit.register(directory.cleanup)  # a worker that joins later asks for it again
    package = shutil.make_archive(str(Path(directory.name, "registry")), "zip", root.parent, root.name)
    if remote:
        spark.addArtifacts(package, pyfile=True)
    else:
        spark.sparkContext.addPyFile(package)
    _SHIPPED.add(spark)


def float_text(value: float | None, single: bool) -> str | None:
    """A float as DuckDB writes it: the shortest text that reads as the same number.

    >>> float_text(1e-9, False), float_text(68.0, False), float_text(0.10000000149011612, True)
    ('1e-09', '68.0', '0.1')
    """
    if value is None:
        return None
    if not single or not 0 < abs(value) < float("inf"):
        return str(value)
    import numpy as np

    if 1e-4 <= abs(value) < 1e16:
        return np.format_float_positional(np.float32(value), trim="0")
    return np.format_float_scientific(np.float32(value), trim="-", exp_digits=2)


def _first_line(error: Exception) -> str:
    """What happened; of an error of Java's the first line says only what was called."""
    lines = str(error).splitlines() or [type(error).__name__]
    return lines[1].removeprefix(": ") if len(lines) > 1 and lines[0].startswith("An error occurred") else lines[0]
