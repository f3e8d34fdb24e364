"""The same rows, values and places on Spark as on DuckDB, whatever files are called and hold."""

from __future__ import annotations

import datetime as dt
import math
import os
import sys
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from registry.checks.specs import value_sql
from registry.errors import ConfigError, EnvironmentFailed, RegistryError
from registry.tables.duck import QueryError, Session
from registry.tables.engine import PLACE, text_of
from registry.tables.keys import canonical_sql
from registry.tables.regex import to_java
from registry.tables.spark import SparkSettings, SparkTables, connect
from registry.tables.table import Part, Table
from tests.checks.tables import schema_of, table_of
from tests.spark.both import assert_equal, both, suite

slow = pytest.mark.slow
MOMENTS = [
    "2024-01-31", "2024-1-5", "2024/01/31", "2024-02-30", "2024-01-31 09:00", "2024-01-31T09:00:00.123456789Z",
    "2024-01-31T09:00:00+09:00", "2024-01-31 09:00:00+0900", "2024-01-31 9:5:1+09", "2024-01-31T09:00:00 Z",
    "2024-01-31T09:00:00 +09:00", "2024-01-31 09:00:00 UTC", "2024-01-31 09:00:00 Asia/Seoul", "2024-01", "어제",
    "2024-01-31+09:00", "20240131", " 2024-01-31 ", "", "2024-01-31T09:00:00+9",
]  # fmt: skip
FLOATS = [1e-9, 1e20, 0.1, 1 / 3, 5e-324, 1.7e308, 1e15, 1e16, -0.0, 123456.789, math.nan, math.inf, -math.inf, None]
PATTERNS = ["^a.b$", "가+", "a$", "[&^b]+$", "(?i)É", "x{2}", "a{", r"\v", "^[^a]*$", "(?P<x_y>b)$", r"\.", "(?m)^b$"]
TEXTS = ["a\nb", "가가", "a\n", "b&", "é", "xx", "a{", "\v", "", "b", "a.b", "a\u2028b", "a\rb"]


def table_kinds(table):
    with Session(table) as session:
        return session.columns


def parts_of(root, files):
    """A table of one Parquet file each of (path, split, rows), in order of path."""
    parts, kinds = [], {}
    for path, split, rows in sorted(files, key=lambda file: file[0].encode()):
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(rows, target, row_group_size=3)
        parts.append(Part(path, target, split, rows.num_rows))
        for column in rows.schema:
            if kinds.get(column.name, "null") == "null":
                kinds[column.name] = str(column.type)
    splits = tuple(dict.fromkeys(split for _, split, _ in files))
    return Table(tuple(parts), tuple(kinds.items()), splits, None, "parquet")


@slow
def test_files_of_any_name_and_of_different_columns(tmp_path, spark_settings):
    def rows(*texts, **more):
        return pa.table({"본문": list(texts), **more})

    files = [
        ("train/a b+c%20.parquet", "train", rows(*"가나다라마바사", n=pa.array(range(7), pa.uint8()))),
        ("train/*[x]{y}&=.parquet", "train", rows("가", "b", n=pa.nulls(2))),
        ("학습 'q'.parquet", "train", rows("바", "c")),
        ("test/평가.parquet", "test", rows("d", "가", "마", "마", n=pa.array([1, None, 3, 3], pa.uint8()))),
    ]
    table = parts_of(tmp_path / "한글 %41", files)
    wanted = suite(
        [
            ("expect_splits_to_be_disjoint", {"columns": ["본문"]}),
            ("expect_rows_to_be_unique", {}),
            ("expect_rows_to_be_unique", {"columns": ["본문"], "normalize": "text"}),
            ("expect_column_values_to_not_be_null", {"column": "n"}),
            ("expect_column_sum_to_be_between", {"column": "n", "min_value": 100}),
        ]
    )
    here, there = both(wanted, table, schema_of(table), spark_settings)
    assert [check.unexpected for check in here] == [3, 2, 5, 5, 1]
    assert_equal(here, there)


@slow
def test_values_of_every_type(tmp_path, spark_settings):
    """Equal rows are equal rows on both, floats of any sign of zero, lists and structs included."""
    moment = dt.datetime(2024, 1, 31, 9, 0, 0, 500000)
    table = table_of(
        tmp_path,
        {
            "train": pa.table(
                {
                    "x": pa.array([0.0, -0.0, math.nan, None, 1e300], pa.float64()),
                    "f": pa.array([0.1, 0.1, math.nan, math.nan, None], pa.float32()),
                    "m": pa.array([Decimal("1.50"), Decimal("1.5"), None, None, Decimal(2)], pa.decimal128(20, 2)),
                    "l": pa.array([["a, b"], ["a", "b"], [], None, ["a, b"]]),
                    "s": pa.array([{"가": 1, "b": None}, {"가": 1, "b": None}, None, {"가": 2, "b": "x"}, None]),
                    "at": pa.array([moment, moment, None, moment, None], pa.timestamp("ns")),
                    "z": pa.array([moment, moment, None, moment, None], pa.timestamp("us", "Asia/Seoul")),
                    "u": pa.array([2**64 - 1, 2**64 - 1, 0, None, 7], pa.uint64()),
                    "b": pa.array([b"\xff", b"\xff", None, b"", b"a"]),
                    "none": pa.nulls(5),
                }
            )
        },
    )
    kinds = dict(table_kinds(table))
    pairs = []
    for at, (name, kind) in enumerate(kinds.items()):
        one, other = (f"{side}.{name}" for side in "ab")
        texts = (canonical_sql(name, kind).replace(f'"{name}"', side) for side in (one, other))
        values = (value_sql(name, kind).replace(f'"{name}"', side) for side in (one, other))
        for what, (left, right) in {"v": values, "t": texts}.items():
            pairs.append(f"({left} IS NOT DISTINCT FROM {right}) AS {what}{at}")
        pairs.append(f"(hash({one}) = hash({other}) OR {one} IS DISTINCT FROM {other}) AS h{at}")
    sql = f"SELECT a.__row AS r, b.__row AS s, {', '.join(pairs)} FROM data AS a JOIN data AS b ON a.__row < b.__row"
    with Session(table) as session, SparkTables(table, spark_settings) as tables:
        expected = session.rows(f"{sql} ORDER BY r, s")
        assert tables.rows(f"{sql} ORDER BY r, s") == expected
    assert sum(row["v0"] for row in expected) == 2, "0 equals -0, and NaN null"
    bounds = [("expect_column_max_to_be_between", {"column": name, "min_value": 10**3}) for name in ("x", "m", "u")]
    names = list(kinds)
    rows = [("expect_rows_to_be_unique", {"columns": names, "normalize": fold}) for fold in ("none", "text")]
    here, there = both(suite([*bounds, *rows]), table, schema_of(table), spark_settings)
    assert_equal(here, there)


@slow
def test_texts_of_floats_and_moments_and_patterns(tmp_path, spark_settings):
    rows = [(m, f, t) for m, f, t in zip(MOMENTS, [*FLOATS, *FLOATS], [*TEXTS, *TEXTS], strict=False)]
    table = table_of(
        tmp_path,
        {
            "train": {
                "m": [row[0] for row in rows],
                "f": [row[1] for row in rows],
                "g": pa.array([None if row[1] is None else row[1] for row in rows], pa.float32()),
                "t": [row[2] for row in rows],
            }
        },
    )
    instant = text_of("TRY_CAST(nullif(trim(m), '') AS TIMESTAMP WITH TIME ZONE)", "TIMESTAMP WITH TIME ZONE")
    found = [f"regexp_matches(t, '{pattern}') AS p{at}" for at, pattern in enumerate(PATTERNS)]
    wanted = [f"{instant} AS m", f"{text_of('f', 'DOUBLE')} AS f", f"{text_of('g', 'FLOAT')} AS g", *found]
    sql = f"SELECT {', '.join(wanted)}, {PLACE} AS part, __row FROM data ORDER BY part, __row"
    with Session(table) as session, SparkTables(table, spark_settings) as tables:
        assert tables.rows(sql) == session.rows(sql)
        assert tables.columns == session.columns


@slow
def test_finer_times_and_hidden_files_are_errors_never_other_numbers(tmp_path, spark_settings):
    at = pa.array([1], pa.timestamp("ns"))
    table = parts_of(tmp_path, [("a.parquet", "train", pa.table({"at": at, "n": [1]}))])
    with SparkTables(table, spark_settings) as tables:
        assert tables.value("SELECT max(n) AS n FROM data") == 1
        with pytest.raises(QueryError, match="finer than the microseconds"):
            tables.rows("SELECT max(at) AS at FROM data")
    hidden = parts_of(tmp_path / "h", [("_a.parquet", "train", pa.table({"n": [1]}))])
    with pytest.raises(RegistryError, match="0 of 1 rows"):
        SparkTables(hidden, spark_settings)


@slow
def test_the_settings_of_another_session_stay(spark_settings):
    from pyspark.sql import SparkSession

    ours = connect(spark_settings)
    assert ours.conf.get("spark.sql.caseSensitive") == "true"
    assert SparkSession.builder.getOrCreate().conf.get("spark.sql.caseSensitive") == "false"


@slow
def test_the_workers_run_the_python_of_this_process(spark_settings):
    """The PATH may name one without pyarrow: `.venv/bin/registry` is often called where nothing is activated."""
    assert connect(spark_settings).sparkContext.pythonExec == sys.executable
    assert "PYSPARK_PYTHON" not in os.environ


def test_settings_of_registry_toml():
    table = {"master": "spark://head:7077", "spark": {"executor": {"memory": "4g"}, "ui": {"enabled": True}}}
    settings = SparkSettings.of(table, {})
    assert (settings.master, settings.remote, settings.is_local) == ("spark://head:7077", "", False)
    assert settings.options == {"spark.executor.memory": "4g", "spark.ui.enabled": "true"}
    assert SparkSettings.of({}, {}).master == "local[*]"
    assert SparkSettings.of({"master": "local[2]"}, {"SPARK_REMOTE": "sc://head"}).remote == "sc://head"
    assert SparkSettings.of({"remote": "sc://a"}, {"SPARK_MASTER": "local[1]"}).remote == ""
    with pytest.raises(ConfigError, match="does not know `memory`"):
        SparkSettings.of({"memory": "4g"}, {})
    with pytest.raises(ConfigError, match="master and a remote"):
        SparkSettings.of({"master": "local", "remote": "sc://a"}, {})


def test_without_java_the_error_says_what_to_install(monkeypatch):
    pyspark = pytest.importorskip("pyspark.sql")
    monkeypatch.setattr(pyspark.SparkSession, "getActiveSession", staticmethod(lambda: None))
    monkeypatch.setenv("PATH", os.devnull)
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with pytest.raises(EnvironmentFailed, match="needs Java") as caught:
        connect(SparkSettings())
    assert "default-jre-headless" in caught.value.hint


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [("a$", r"(?du)a\z"), ("[$]", "(?du)[$]"), ("(?m)a$", "(?du)(?m)a$"), (r"\$", r"(?du)\$"), ("[]a]", r"(?du)[\]a]")],
)
def test_patterns_of_java(pattern, expected):
    assert to_java(pattern) == expected
