"""Where Spark runs, and what stands in its way."""

from __future__ import annotations

import os

import pytest

from registry.cli.app import app
from registry.errors import ConfigError, DataError, EnvironmentFailed, UsageError
from registry.tables.frames import groups_of
from registry.tables.regex import to_java
from registry.tables.spark import SparkSettings, connect
from tests.checks.tables import table_of


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


def test_where_spark_does_not_start_the_error_says_why(monkeypatch):
    """The first line of an error of Java's names only what was called."""
    pyspark = pytest.importorskip("pyspark.sql")
    text = "An error occurred while calling None.X.\n: X: Could not parse Master URL: 'sparks://a'\n\tat X.y(X.scala:1)"

    def fails(builder):
        raise ValueError(text)

    monkeypatch.setattr(pyspark.SparkSession.Builder, "getOrCreate", fails)
    monkeypatch.setattr("registry.tables.spark._vet_java", lambda: None)
    with pytest.raises(EnvironmentFailed, match="does not start at sparks://a") as caught:
        connect(SparkSettings("sparks://a"))
    assert caught.value.why == "X: Could not parse Master URL: 'sparks://a'"


@pytest.mark.parametrize("left", [0, 40])
def test_a_file_that_changed_since_it_was_opened_is_named(tmp_path, left):
    table = table_of(tmp_path, {"train": {"본문": ["가", "나"]}})
    file = tmp_path / "train.parquet"
    whole = file.read_bytes()
    file.write_bytes(whole[:left])
    with pytest.raises(DataError, match=r"`train\.parquet`"):
        groups_of(table)
    file.unlink()
    with pytest.raises(DataError, match=r"`train\.parquet` is missing"):
        groups_of(table)


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [("a$", r"(?du)a\z"), ("[$]", "(?du)[$]"), ("(?m)a$", "(?du)(?m)a$"), (r"\$", r"(?du)\$"), ("[]a]", r"(?du)[\]a]")],
)
def test_patterns_of_java(pattern, expected):
    assert to_java(pattern) == expected


def test_an_unknown_engine_is_refused(tmp_path):
    with pytest.raises(UsageError, match="no engine `polars`"):
        app(["check", "-C", str(tmp_path), "--engine", "polars"], standalone_mode=False)
