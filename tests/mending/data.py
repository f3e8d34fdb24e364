"""Small tables for the tests of mending."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from registry.mending.assign import Assignment, assign
from registry.mending.options import SplitOptions
from registry.model.files import FileEntry, FileList
from registry.model.schema import Column, DatasetSchema
from registry.tables.duck import Session
from registry.tables.read import open_table
from registry.tables.table import Table

SCHEMA = DatasetSchema(
    "reviews",
    (
        Column("id", "string", role="key"),
        Column("text", "string", role="text"),
        Column("label", "string", role="label"),
    ),
)


def table_of(
    root: Path, schema: DatasetSchema, rows: Sequence[Mapping[str, Any]], name: str = "train.parquet"
) -> Table:
    """A table of one Parquet file."""
    file = root / name
    fields = [(column.name, {"int64": pa.int64()}.get(column.type, pa.string())) for column in schema.columns]
    pq.write_table(pa.Table.from_pylist(list(rows), schema=pa.schema(fields)), file)
    data = file.read_bytes()
    digests = hashlib.md5(data, usedforsecurity=False).hexdigest(), hashlib.sha256(data).hexdigest()
    return open_table(root, FileList.of([FileEntry(name, len(data), *digests)]), schema, root / "cache")


def assigned(
    root: Path,
    rows: Sequence[Mapping[str, Any]],
    options: SplitOptions,
    schema: DatasetSchema = SCHEMA,
    known: Mapping[str, Any] | None = None,
) -> Assignment:
    """The assignment of `rows`, without a suite."""
    with Session(table_of(root, schema, rows), threads=1) as session:
        return assign(session, schema, (), options, known or {})


def splits_of(assignment: Assignment) -> list[str]:
    """The split of each row."""
    return [assignment.splits[place] for place in assignment.of_row.tolist()]
