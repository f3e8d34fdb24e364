"""Every expectation gives the same check on DuckDB and on Spark, field by field."""

from __future__ import annotations

import pytest

from registry.checks import run
from registry.checks.expectations import FORMS, OURS, SPREAD
from registry.checks.run import run_checks
from registry.tables.spark import SparkTables
from tests.checks.planting import KINDS, World
from tests.checks.tables import schema_of, table_of
from tests.checks.test_parity import CASES, ROWS
from tests.spark.both import assert_equal, both, suite

pytestmark = pytest.mark.slow


def planted(shape, language):
    """A world with every defect that suits its shape."""
    world = World(3, shape, language)
    for index, (name, kind) in enumerate(KINDS.items()):
        if shape in kind.shapes and name != "giveaway":
            kind.plant(world, 3 + index)
    return world


def entries(world):
    """The expectations of the planted defects, and what further arguments they take."""
    for kind in KINDS.values():
        kwargs = {name: world.inputs if value == "inputs" else value for name, value in kind.kwargs.items()}
        yield kind.type, {**({"column": "note"} if world.shape not in kind.shapes else {}), **kwargs}
    yield "expect_class_balance_to_be_at_least", {"column": "l", "min_entropy": 0.99}
    yield "expect_class_balance_to_be_at_least", {"column": "l", "max_imbalance_ratio": 1.1, "splits": ["test"]}
    yield "expect_counts_to_meet_targets", {"column": "l", "targets": {"긍정": 90, "positive": 90}}
    yield "expect_shares_to_overlap", {"column": "l", "shares": {"긍정": 0.5, "부정": 0.5}, "min_overlap": 0.99}
    yield "expect_rows_to_be_unique", {"columns": world.inputs, "normalize": "text"}


def test_planted_defects_and_no_row_on_the_driver(tmp_path, spark_settings, monkeypatch):
    """Samples come back, and counts by split and class; no rows."""
    answers = []
    collected = SparkTables._collected
    monkeypatch.setattr(SparkTables, "_collected", lambda *given: answers.append(collected(*given)) or answers[-1])
    world = planted("text", "ko")
    table = table_of(tmp_path, world.tables())
    here, there = both(suite(entries(world)), table, schema_of(table, **world.roles), spark_settings)
    assert sum(check.status == "fail" for check in here) >= 12
    assert_equal(here, there)
    assert max(map(len, answers)) <= 20


def test_clean_numbers(tmp_path, spark_settings):
    world = World(5, "tabular", "en")
    table = table_of(tmp_path, world.tables())
    here, there = both(suite(entries(world)), table, schema_of(table, **world.roles), spark_settings)
    assert sum(check.status == "pass" for check in here) >= 12
    assert_equal(here, there)


def test_core_expectations(tmp_path, spark_settings):
    table = table_of(tmp_path, {"train": ROWS.slice(0, 7), "test": ROWS.slice(7)})
    here, there = both(suite(CASES), table, schema_of(table), spark_settings)
    assert {check.status for check in here} == {"pass", "fail"}
    assert_equal(here, there)


def test_nothing_is_left_out():
    """The cases above hold every expectation of the table that both engines measure."""
    known = {kind for kind, _ in CASES} | {kind for kind, _ in entries(World(1, "text", "ko"))}
    assert set(FORMS) - set(OURS) <= known
    assert set(SPREAD) <= known


def test_what_spark_does_not_measure_names_duckdb(tmp_path, spark_settings, monkeypatch):
    monkeypatch.setattr(run, "SPREAD", frozenset())
    table = table_of(tmp_path, {"train": {"본문": ["가"]}})
    with SparkTables(table, spark_settings) as tables:
        (check,) = run_checks(suite([("expect_rows_to_be_unique", {})]), table, schema_of(table), tables)
    assert check.status == "not_measured"
    assert "--engine duckdb" in check.message
