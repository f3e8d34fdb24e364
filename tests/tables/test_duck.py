"""A session: what its view shows, what it refuses, how it fails."""

from __future__ import annotations

import os
import signal
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.errors import DataError, RegistryError, UsageError
from registry.tables.duck import QueryError, Session, quote_ident, quote_text
from registry.tables.table import Part, Table


def part(path: Path, name: str | None, columns: Mapping[str, Sequence[object]]) -> Part:
    table = pa.table(dict(columns))
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path)
    return Part(path.name, path, name, table.num_rows)


def two_splits(tmp_path: Path) -> Table:
    parts = (
        part(tmp_path / "train.parquet", "train", {"text": ["좋아요", "it's"], "n": [1, 2]}),
        part(tmp_path / "test[1].parquet", "test", {"text": ["나빠요"], "n": [3]}),
    )
    return Table(parts, (("text", "string"), ("n", "int64")), ("train", "test"), None, "parquet")


def test_the_view_has_split_file_and_row(tmp_path: Path) -> None:
    with Session(two_splits(tmp_path)) as session:
        rows = session.rows("SELECT text, n, split, __file, __row FROM data ORDER BY n")
        assert session.columns == (("text", "VARCHAR"), ("n", "BIGINT"))
    assert [(r["text"], r["split"], Path(r["__file"]).name, r["__row"]) for r in rows] == [
        ("좋아요", "train", "train.parquet", 0),
        ("it's", "train", "train.parquet", 1),
        ("나빠요", "test", "test[1].parquet", 0),
    ]


def test_a_filter_on_split_reads_only_the_files_of_that_split(tmp_path: Path) -> None:
    with Session(two_splits(tmp_path)) as session:
        plan = session.rows("EXPLAIN ANALYZE SELECT text FROM data WHERE split = 'test'")[0]["explain_value"]
        assert plan.count("READ_PARQUET") == 1
        assert session.value("SELECT count(*) FROM data WHERE split = 'test'") == 1


def test_a_column_gives_the_split(tmp_path: Path) -> None:
    named = part(tmp_path / "a.parquet", None, {"fold": ["train", "test"], "n": [1, 2]})
    with Session(
        Table((named,), (("fold", "string"), ("n", "int64")), ("train", "test"), "fold", "parquet")
    ) as session:
        assert session.rows("SELECT n, split FROM data ORDER BY n") == [
            {"n": 1, "split": "train"},
            {"n": 2, "split": "test"},
        ]
    same = part(tmp_path / "b.parquet", None, {"split": ["train", "test"]})
    with Session(Table((same,), (("split", "string"),), ("train", "test"), "split", "parquet")) as session:
        assert [r["split"] for r in session.rows("SELECT * FROM data ORDER BY split")] == ["test", "train"]


def test_columns_missing_from_one_file_are_null(tmp_path: Path) -> None:
    parts = (
        part(tmp_path / "a.parquet", "train", {"a": [1], "b": ["x"]}),
        part(tmp_path / "b.parquet", "train", {"a": [2]}),
    )
    with Session(Table(parts, (("a", "int64"), ("b", "string")), ("train",), None, "parquet")) as session:
        assert session.rows("SELECT a, b FROM data ORDER BY a") == [{"a": 1, "b": "x"}, {"a": 2, "b": None}]


BEYOND = (
    "SELECT * FROM '{root}/secret.parquet'",
    "SELECT * FROM read_parquet('{root}/*.parquet')",
    "SELECT * FROM read_parquet('{root}/sub/../secret.parquet')",
    "SELECT * FROM read_parquet('{root}/link.parquet')",
    "SELECT * FROM read_parquet('{root}/train.parquet.more')",
    "SELECT * FROM parquet_metadata('{root}/secret.parquet')",
    "SELECT * FROM read_csv('/etc/passwd')",
    "SELECT * FROM sniff_csv('/etc/passwd')",
    "SELECT * FROM read_json('/etc/passwd')",
    "SELECT * FROM read_text('/etc/hostname')",
    "SELECT * FROM read_blob('/etc/hostname')",
    "SELECT * FROM query('SELECT * FROM read_text(''/etc/hostname'')')",
    "SELECT * FROM glob('/*')",
    "SELECT * FROM 'https://example.org/a.parquet'",
    "SELECT * FROM read_parquet('s3://bucket/a.parquet')",
    "SELECT getenv('HOME')",
    "SELECT * FROM leak",
    "COPY data TO '/tmp/leak.csv'",
    "COPY (SELECT 1 AS n) TO '{root}/train.parquet'",
    "COPY (SELECT 1 AS n) TO '{root}/train.parquet' (USE_TMP_FILE false)",
    "COPY (SELECT 1 AS n) TO '{root}/train.parquet' (FORMAT csv, USE_TMP_FILE false)",
    "EXPORT DATABASE '{root}/out'",
    "IMPORT DATABASE '{root}/out'",
    "ATTACH '{root}/x.db'",
    "ATTACH '{root}/train.parquet' AS again",
    "ATTACH ':memory:' AS more",
    "INSTALL httpfs",
    "FORCE INSTALL json",
    "LOAD httpfs",
    "LOAD '/tmp/x.duckdb_extension'",
    "CREATE SECRET (TYPE s3, KEY_ID 'x', SECRET 'y')",
    "SET enable_external_access=true",
    "SET GLOBAL enable_external_access=true",
    "PRAGMA enable_external_access=true",
    "RESET enable_external_access",
    "SET lock_configuration=false",
    "RESET lock_configuration",
    "SET allowed_paths=['/']",
    "SET threads=1",
    "SET temp_directory='/'",
    "SET VARIABLE v=1",
    "PRAGMA memory_limit='1GB'",
    "PRAGMA profiling_output='{root}/profile'",
    "CALL enable_logging(storage='file', storage_path='{root}/log')",
    "DROP VIEW data",
    "CREATE TABLE more(n INT)",
    "SELECT 1; DROP VIEW data",
    "",
)


@pytest.mark.parametrize("sql", BEYOND)
def test_nothing_but_the_parts_can_be_reached(tmp_path: Path, sql: str) -> None:
    leak = pa.table({"n": [1]})  # DuckDB would find it by its name
    table = two_splits(tmp_path)
    pq.write_table(leak, tmp_path / "secret.parquet")
    pq.write_table(leak, tmp_path / "train.parquet.more")
    (tmp_path / "sub").mkdir()
    (tmp_path / "link.parquet").symlink_to(tmp_path / "secret.parquet")
    before = {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}
    for ask in (Session.rows, lambda session, text: list(session.arrow(text))):
        with Session(table) as session, pytest.raises(RegistryError):
            ask(session, sql.format(root=tmp_path))
    assert {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()} == before


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), min_size=1, max_size=20))
@settings(max_examples=25)
def test_a_name_is_a_name_and_nothing_else(name: str) -> None:
    """Whatever a column or a file is called: the statement stays one question about it."""
    with tempfile.TemporaryDirectory() as root:
        one = part(Path(root) / "a.parquet", "train", {"n": [1]})
        with Session(Table((one,), (("n", "int64"),), ("train",), None, "parquet")) as session:
            sql = f"SELECT {quote_text(name)} AS __asked, n AS {quote_ident(name)} FROM data"
            assert list(session.row(sql).items()) == [("__asked", name), (name, 1)]


def test_errors_are_ours(tmp_path: Path) -> None:
    table = two_splits(tmp_path)
    with Session(table) as session:
        with pytest.raises(QueryError) as wrong:
            session.rows("SELECT avg(text) FROM data")
        assert wrong.value.fields["sql"] == "SELECT avg(text) FROM data"
        with pytest.raises(QueryError, match="3 rows"):
            session.row("SELECT * FROM data")
        table.parts[0].parquet.write_bytes(b"PAR1" + b"\0" * 200 + b"PAR1")
        with pytest.raises(DataError, match=r"train\.parquet.*footer"):
            session.rows("SELECT * FROM data")


def test_queries_are_counted(tmp_path: Path) -> None:
    with Session(two_splits(tmp_path)) as session:
        assert session.queries == 0
        session.value("SELECT count(*) FROM data")
        assert sum(batch.num_rows for batch in session.arrow("SELECT * FROM data")) == 3
        assert session.queries == 2


def test_threads_and_memory_come_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGISTRY_THREADS", "3")
    monkeypatch.setenv("REGISTRY_MEMORY", "512MiB")
    with Session(two_splits(tmp_path)) as session:
        assert session.value("SELECT current_setting('threads')") == 3
        assert session.value("SELECT current_setting('memory_limit')") == "512.0 MiB"
    monkeypatch.setenv("REGISTRY_THREADS", "viele")
    with pytest.raises(UsageError, match="viele"):
        Session(two_splits(tmp_path))
    with pytest.raises(UsageError, match="lots"):
        Session(two_splits(tmp_path), threads=1, memory="lots")


def test_larger_data_spills_to_the_given_directory(tmp_path: Path) -> None:
    texts = [f"{i * 7919 % 300_000:0100}" for i in range(300_000)]
    table = Table(
        (part(tmp_path / "big.parquet", "train", {"t": texts}),), (("t", "string"),), ("train",), None, "parquet"
    )
    with Session(table, threads=1, memory="24MB", temp=tmp_path / "spill") as session:
        first = next(session.arrow("SELECT t FROM data ORDER BY t"))
        assert first.column(0)[0].as_py() == "0" * 100
        assert list((tmp_path / "spill").iterdir())


def test_quoting_survives_sql(tmp_path: Path) -> None:
    name = 'a"; DROP VIEW data; --'
    one = part(tmp_path / "o'brien.parquet", "t'est", {name: ["x"]})
    with Session(Table((one,), ((name, "string"),), ("t'est",), None, "parquet")) as session:
        sql = f"SELECT {quote_ident(name)} AS v FROM data WHERE split = {quote_text(chr(116) + chr(39) + 'est')}"
        assert session.rows(sql) == [{"v": "x"}]
    with pytest.raises(UsageError):
        quote_ident("a\0b")


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
def test_instants_come_in_utc_without_further_libraries(tmp_path: Path, unit: Literal["ms", "us", "ns"]) -> None:
    at = pa.array([0, None], pa.timestamp(unit, "Asia/Seoul"))
    pq.write_table(pa.table({"at": at, "n": [1, 2]}), tmp_path / "a.parquet")
    named = Part("a.parquet", tmp_path / "a.parquet", "train", 2)
    with Session(
        Table((named,), (("at", "timestamp[us, tz=Asia/Seoul]"), ("n", "int64")), ("train",), None, "parquet")
    ) as session:
        row = session.row('SELECT max("at") AS last, [max("at")] AS every, sum(n) AS n FROM data')
        assert row["last"].isoformat() == "1970-01-01T00:00:00+00:00" == row["every"][0].isoformat()
        assert row["n"] == 3 and isinstance(row["n"], int)


def test_a_stream_left_early_does_not_block_the_session(tmp_path: Path) -> None:
    big = part(tmp_path / "a.parquet", "train", {"n": list(range(300_000))})
    with Session(Table((big,), (("n", "int64"),), ("train",), None, "parquet")) as session:
        stream = session.arrow("SELECT n FROM data")
        assert next(stream).num_rows
        del stream
        assert session.value("SELECT count(*) FROM data") == 300_000


@pytest.mark.parametrize("values", [[float("nan"), 1.0], [float("nan")] * 3 + [1.0] * 3, [2.0, float("nan"), None]])
def test_values_are_grouped_whatever_the_statistics_say(tmp_path, values):
    """Statistics without NaN say that all values are one number; a grouping by hash then failed."""
    file = tmp_path / "x.parquet"
    pq.write_table(pa.table({"x": pa.array(values, pa.float64())}), file)
    table = Table((Part("x.parquet", file, "train", len(values)),), (("x", "double"),), ("train",), None, "parquet")
    with Session(table) as session:
        assert len(session.rows("SELECT hash(x) AS h, count(*) AS n FROM data GROUP BY h")) == len(
            set(map(str, values))
        )


@pytest.mark.parametrize("way", ["rows", "arrow"])
def test_a_signal_during_a_statement_is_an_interruption(tmp_path: Path, way: str) -> None:
    """DuckDB drops what a handler raises and says `RuntimeError: Query interrupted`."""

    def handle(_signal: int, _frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, handle)
    timer = threading.Timer(0.4, os.kill, (os.getpid(), signal.SIGTERM))
    try:
        with Session(two_splits(tmp_path), threads=1) as session, pytest.raises(KeyboardInterrupt):
            timer.start()
            list(getattr(session, way)("SELECT count(*) AS n FROM range(100000000000) AS t(i) WHERE i % 7 = 1"))
    finally:
        timer.join()
        signal.signal(signal.SIGTERM, before)


def test_a_failing_statement_names_its_columns(tmp_path: Path) -> None:
    with Session(two_splits(tmp_path)) as session, pytest.raises(QueryError) as caught:
        session.rows('SELECT CAST("text" AS BIGINT) FROM data')
    assert str(caught.value).startswith("a statement of `text` cannot be computed")
