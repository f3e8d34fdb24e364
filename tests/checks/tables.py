"""Small tables for the tests of checks: rows by split → Parquet → `Table` and `Session`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from registry.checks.references import Marked, References
from registry.checks.run import run_checks
from registry.checks.suite import Expectation, expectations_of
from registry.model.evidence import Check
from registry.model.schema import Column, DatasetSchema
from registry.model.splits import ordered_splits
from registry.reports.profile import profile
from registry.tables.duck import Session
from registry.tables.table import Part, Table

Splits = Mapping[str, Mapping[str, Any] | pa.Table]


def table_of(root: Path, splits: Splits) -> Table:
    """A table of one Parquet file a split; values are columns of values, or an Arrow table."""
    parts: list[Part] = []
    columns: tuple[tuple[str, str], ...] = ()
    for split, data in sorted(splits.items()):
        rows = data if isinstance(data, pa.Table) else pa.table(dict(data))
        path = root / f"{split}.parquet"
        pq.write_table(rows, path)
        parts.append(Part(f"{split}.parquet", path, split, rows.num_rows))
        columns = tuple((field.name, str(field.type)) for field in rows.schema)
    return Table(tuple(parts), columns, ordered_splits(splits), None, "parquet")


def schema_of(table: Table, **roles: str) -> DatasetSchema:
    """A schema of the table's columns; `roles` gives roles by column."""
    return DatasetSchema("t", tuple(Column(name, kind, role=roles.get(name)) for name, kind in table.columns))


def judged(
    root: Path,
    splits: Splits,
    *configs: Mapping[str, Any],
    threads: int | None = None,
    fingerprints: Callable[[str], Sequence[Marked]] | None = None,
    **roles: str,
) -> dict[str, Check]:
    """The checks of the configurations on the table, by id."""
    table = table_of(root, splits)
    with Session(table, threads=threads) as session:
        schema = schema_of(table, **roles)
        own = References(profile=lambda: profile(session, table, schema))
        own = replace(own, fingerprints=fingerprints) if fingerprints else own
        found = run_checks(expectations_of(configs, "suite"), table, schema, session, own)
    return {check.id: check for check in found}


def one(root: Path, splits: Splits, kind: str, kwargs: Mapping[str, Any] | None = None, **roles: str) -> Check:
    """The check of one expectation."""
    (check,) = judged(root, splits, {"type": kind, "kwargs": dict(kwargs or {})}, **roles).values()
    return check


def expectation(kind: str, **kwargs: Any) -> Expectation:
    """One expectation, as a suite would hold it."""
    (found,) = expectations_of([{"type": kind, "kwargs": kwargs}], "suite")
    return found
