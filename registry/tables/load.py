"""Reads a dataset into memory with Arrow alone: what a consumer needs, with the readers of record.

>>> from tempfile import TemporaryDirectory
>>> with TemporaryDirectory() as name:
...     _ = Path(name, "평가.tsv").write_text("id\\ttext\\n1\\t안녕\\n", "utf-8")
...     read_arrow(Path(name), FileList.of([FileEntry("평가.tsv", 0, "", "")]), None, "test").to_pylist()
[{'id': 1, 'text': '안녕'}]
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from registry.errors import NotFoundError
from registry.model.files import FileEntry, FileList
from registry.model.schema import DatasetSchema
from registry.tables.columns import UndeclaredColumnsError, vet_columns, vet_split_column
from registry.tables.pieces import TYPED, Cut, Piece, cut

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["FileEntry", "FileList", "fitted", "of_split", "read_arrow"]


def read_arrow(root: Path, files: FileList, schema: DatasetSchema | None, split: str | None) -> pa.Table:
    """The rows of `split` (None: of all splits) in order of path and row, as one Arrow table.

    Values and types are those that `registry.tables.read.open_table` gives; the columns
    are the table's own, without the `split` of its view. Errors are those of `open_table`;
    a split that the dataset does not have raises `NotFoundError`.
    """
    found = cut(root.absolute(), files, schema)
    wanted = [piece for piece in found.pieces if split is None or piece.split in (split, None)]
    closed = schema is not None and not schema.open
    try:
        types = found.declared if closed or found.format in TYPED else {**found.declared, **found.guess()}
        table = _rows(found, wanted, types)
    except UndeclaredColumnsError:
        table = _rows(found, wanted, {**found.declared, **found.guess()})
    if split is not None and found.split_column is not None:
        table = of_split(table, found.split_column, split)
    if split is not None and (not wanted or (found.split_column and not table.num_rows)):
        known = ", ".join(dict.fromkeys(str(piece.split) for piece in found.pieces if piece.split))
        raise NotFoundError(f"there is no split `{split}`", why=f"the splits are {known}" if known else "")
    return table


def _rows(found: Cut, wanted: Sequence[Piece], types: Mapping[str, pa.DataType]) -> pa.Table:
    """The rows of the wanted pieces; columns and their types are those of the whole dataset."""
    target = _target(found, [next(found.batches(piece, types)).schema for piece in found.pieces])
    return _concatenated([_read(found, piece, types, target) for piece in wanted], target)


def _read(found: Cut, piece: Piece, types: Mapping[str, pa.DataType], target: pa.Schema) -> pa.Table:
    return _concatenated([fitted(table, target) for table in found.batches(piece, types)], target)


def _target(found: Cut, heads: list[pa.Schema]) -> pa.Schema:
    import pyarrow as pa

    kinds: dict[str, pa.DataType] = {}
    for piece, head in zip(found.pieces, heads, strict=True):
        vet_columns(head.names, piece.path)
        vet_split_column(head.names, found.split_column, piece.path)
        for field in head:
            if pa.types.is_null(kinds.get(field.name, pa.null())):
                kinds[field.name] = field.type
    ordered = dict.fromkeys([*(name for name in found.declared if name in kinds), *kinds])
    return pa.schema([(name, kinds[name]) for name in ordered])


def fitted(table: pa.Table, target: pa.Schema) -> pa.Table:
    """`table` with the columns and types of `target`; those it lacks are null."""
    import pyarrow as pa

    names = set(table.column_names)
    columns = [
        table[field.name].cast(field.type) if field.name in names else pa.nulls(table.num_rows, field.type)
        for field in target
    ]
    return pa.Table.from_arrays(columns, schema=target)


def _concatenated(tables: list[pa.Table], target: pa.Schema) -> pa.Table:
    import pyarrow as pa

    return pa.concat_tables(tables) if tables else pa.Table.from_batches([], target)


def of_split(table: pa.Table, column: str, split: str) -> pa.Table:
    """The rows of `table` whose `column` says that they are of `split`."""
    import pyarrow as pa
    import pyarrow.compute as pc

    return table.filter(pc.equal(table[column].cast(pa.string()), split))
