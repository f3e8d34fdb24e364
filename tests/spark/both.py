"""The same expectations on the same table by both engines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from registry.checks.references import References
from registry.checks.run import run_checks
from registry.checks.suite import Expectation, expectations_of
from registry.model.evidence import Check
from registry.model.schema import DatasetSchema
from registry.tables.duck import Session
from registry.tables.spark import SparkSettings, SparkTables
from registry.tables.table import Table


def suite(entries: Iterable[tuple[str, Mapping[str, Any]]]) -> list[Expectation]:
    """Expectations of (type, kwargs), each with an id of its place."""
    configs = [
        {"type": kind, "kwargs": dict(kwargs), "meta": {"check_id": f"{at:03} {kind}"}}
        for at, (kind, kwargs) in enumerate(entries)
    ]
    return list(expectations_of(configs, "suite"))


def both(
    expectations: list[Expectation],
    table: Table,
    schema: DatasetSchema,
    settings: SparkSettings,
    references: References | None = None,
) -> tuple[list[Check], list[Check]]:
    """The checks by DuckDB, and by Spark."""
    with Session(table) as session:
        here = run_checks(expectations, table, schema, session, references)
    with SparkTables(table, settings) as tables:
        there = run_checks(expectations, table, schema, tables, references)
    return here, there


def assert_equal(here: list[Check], there: list[Check]) -> None:
    """Every field of every check is the same."""
    assert {one.id: one.to_json() for one in there} == {one.id: one.to_json() for one in here}
