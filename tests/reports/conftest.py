"""Tables over Parquet files made here, without the readers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from registry.model.splits import ordered_splits
from registry.tables.table import Part, Table

Build = Callable[..., Table]


@pytest.fixture
def build(tmp_path: Path) -> Build:
    """`build({"train": arrow_table}, split_column=None)` writes Parquet and gives the `Table`."""

    def make(splits: Mapping[str, pa.Table], split_column: str | None = None) -> Table:
        parts = []
        for name, rows in splits.items():
            path = tmp_path / f"{name}.parquet"
            pq.write_table(rows, path, row_group_size=512)
            parts.append(Part(f"data/{name}.parquet", path, None if split_column else name, rows.num_rows))
        schema = next(iter(splits.values())).schema
        columns = tuple((field.name, str(field.type)) for field in schema)
        names: Any = splits
        if split_column:
            names = {v for rows in splits.values() for v in rows[split_column].to_pylist() if v is not None}
        return Table(tuple(parts), columns, ordered_splits(names), split_column, "parquet")

    return make
