"""Every expectation gives the same check on DuckDB and on Spark, field by field."""

from __future__ import annotations

import pytest

from registry.checks.expectations import FORMS, OURS
from tests.checks.planting import KINDS, World, duplicate, exact_leak
from tests.checks.tables import schema_of, table_of
from tests.checks.test_parity import CASES, ROWS
from tests.spark.both import assert_equal, both, suite

pytestmark = pytest.mark.slow


def planted(shape, language):
    """A world with every defect that suits its shape."""
    world = World(3, shape, language)
    for index, kind in enumerate(KINDS.values()):
        if shape in kind.shapes and kind.plant.__name__ != "giveaway":
            kind.plant(world, 3 + index)
    return world


def entries(world):
    """The expectations of the planted defects, and what further arguments they take."""
    for kind in KINDS.values():
        kwargs = {name: world.inputs if value == "inputs" else value for name, value in kind.kwargs.items()}
        yield kind.type, {**({"column": world.inputs[-1]} if world.shape not in kind.shapes else {}), **kwargs}
    yield "expect_class_balance_to_be_at_least", {"column": "l", "min_entropy": 0.99}
    yield "expect_class_balance_to_be_at_least", {"column": "l", "max_imbalance_ratio": 1.1, "splits": ["test"]}
    yield "expect_counts_to_meet_targets", {"column": "l", "targets": {"긍정": 90, "positive": 90}}
    yield "expect_shares_to_overlap", {"column": "l", "shares": {"긍정": 0.5, "부정": 0.5}, "min_overlap": 0.99}
    yield "expect_rows_to_be_unique", {"columns": world.inputs, "normalize": "text"}


@pytest.mark.parametrize(("shape", "language"), [("text", "ko"), ("tabular", "en")])
def test_planted_defects(tmp_path, spark_settings, shape, language):
    world = planted(shape, language)
    table = table_of(tmp_path, world.tables())
    here, there = both(suite(entries(world)), table, schema_of(table, **world.roles), spark_settings)
    assert {check.status for check in here} <= {"pass", "fail", "not_measured"}
    assert sum(check.status == "fail" for check in here) >= 8
    assert_equal(here, there)


def test_clean_data(tmp_path, spark_settings):
    world = World(5, "text", "ko")
    table = table_of(tmp_path, world.tables())
    here, there = both(suite(entries(world)), table, schema_of(table, **world.roles), spark_settings)
    assert sum(check.status == "pass" for check in here) >= 12
    assert_equal(here, there)


def test_core_expectations(tmp_path, spark_settings):
    table = table_of(tmp_path, {"train": ROWS.slice(0, 7), "test": ROWS.slice(7)})
    here, there = both(suite(CASES), table, schema_of(table), spark_settings)
    assert_equal(here, there)


def test_nothing_is_left_out():
    """The cases above hold every expectation of the table that both engines measure."""
    known = {kind for kind, _ in CASES} | {kind for kind, _ in entries(World(1, "text", "ko"))}
    assert set(FORMS) - set(OURS) <= known
    assert set(OURS) <= known


_ = (duplicate, exact_leak)
