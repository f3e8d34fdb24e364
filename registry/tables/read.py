"""Opens a dataset as one table: Parquet as it lies, everything else through a cache.

Files that were not seen before are read by a process of their own under limits
(`registry.tables.apart`): it vets Parquet and converts what is not Parquet, once.

>>> from tempfile import TemporaryDirectory
>>> from registry.model.digest import sha256_of
>>> from registry.model.files import FileEntry
>>> with TemporaryDirectory() as name:
...     root = Path(name)
...     _ = (root / "test.csv").write_bytes(b"id,text\\n1,hello\\n")
...     files = FileList.of([FileEntry("test.csv", 16, "0" * 32, sha256_of(b"id,text\\n1,hello\\n"))])
...     table = open_table(root, files, None, root / "cache")
>>> table.columns, table.splits, table.rows
((('id', 'int64'), ('text', 'string')), ('test',), 1)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path

from registry.errors import DataError, InternalError
from registry.model.files import FileList
from registry.model.schema import DatasetSchema
from registry.model.splits import ordered_splits
from registry.tables.apart import Job, prepare_apart
from registry.tables.columns import vet_columns, vet_split_column
from registry.tables.convert import ready
from registry.tables.limits import Limits
from registry.tables.parquet import Footer, footer
from registry.tables.pieces import Cut, cut
from registry.tables.table import Part, Table

SPLIT_TYPES = ("string", "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")


def open_table(root: Path, files: FileList, schema: DatasetSchema | None, cache: Path) -> Table:
    """The dataset of `files`, whose paths are relative to `root`, as one table.

    Without a schema (or for columns that an open schema does not declare) types are
    guessed from all values. Columns come in the order of the schema, then of the files;
    a column that one file lacks is null there.

    Raises `DataError` for what is wrong in the data (unreadable, ragged, a value not of
    its type, a file that cannot be read within the limits), naming file and row;
    `ConfigError` for what the schema must declare (an encoding, the splits); `MovedError`
    if a file changed while it was read.
    """
    found = cut(root.absolute(), files, schema)
    parts = ready(found, cache.absolute())
    if parts is None:
        prepare_apart(Job(found.root, files, schema, cache.absolute()), Limits.of(found))
        parts = ready(found, cache.absolute())
    if parts is None:
        raise InternalError("what was read just now is not in the cache", why=f"{cache} is emptied by someone")
    footers = [footer(file, piece.path) for piece, file in parts]
    columns = _columns(found, [piece.path for piece, _ in parts], footers)
    opened = tuple(
        Part(piece.path, file, piece.split, foot.rows) for (piece, file), foot in zip(parts, footers, strict=True)
    )
    splits = _splits(found, opened, schema, dict(columns))
    return Table(opened, columns, splits, found.split_column, found.format, found.root)


def _columns(found: Cut, paths: Sequence[str], footers: Sequence[Footer]) -> tuple[tuple[str, str], ...]:
    """Columns of all parts, in the order of the schema, then of the files; types must agree."""
    kinds: dict[str, tuple[str, str]] = {}
    for path, foot in zip(paths, footers, strict=True):
        names = [name for name, _ in foot.columns]
        vet_columns(names, path)
        vet_split_column(names, found.split_column, path)
        for name, kind in foot.columns:
            other, known = kinds.get(name, (path, kind))
            if "null" not in (known, kind) and known != kind:
                raise DataError(
                    f"the column `{name}` is {known} in `{other}` but {kind} in `{path}`",
                    why="a column has one type in all files",
                    hint="write the files with one schema",
                    path=path,
                    column=name,
                )
            if name not in kinds or known == "null":
                kinds[name] = (path, kind)
    vet_columns(list(kinds), paths[0])
    ordered = dict.fromkeys(chain((name for name in found.declared if name in kinds), kinds))
    return tuple((name, kinds[name][1]) for name in ordered)


def _splits(
    found: Cut, parts: Sequence[Part], schema: DatasetSchema | None, columns: Mapping[str, str]
) -> tuple[str, ...]:
    declared = tuple(schema.splits) if schema else ()
    if found.split_column is None:
        return ordered_splits((part.split or "train" for part in parts), declared)
    column = schema.column(found.split_column) if schema else None
    listed = (column.classes or column.enum) if column else ()
    values = _split_values(parts, found.split_column, columns.get(found.split_column))
    return ordered_splits(values, tuple(str(value) for value in listed))


def _split_values(parts: Sequence[Part], column: str, kind: str | None) -> set[str]:
    """The names in the split column; a missing column, an unfit type or an empty name raise `DataError`."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    if kind is None or kind not in SPLIT_TYPES:
        problem = "is missing from the data" if kind is None else f"is {kind}, not text"
        raise DataError(f"the column `{column}` with role split {problem}", hint="mend the data or the schema")
    values: set[str] = set()
    for part in parts:
        reader = pq.ParquetFile(part.parquet)
        if column not in reader.schema_arrow.names:
            raise DataError(f"`{part.path}` lacks the column `{column}` with role split", path=part.path)
        for batch in reader.iter_batches(columns=[column]):
            found = pc.unique(batch.column(0))
            if found.null_count or "" in (names := found.cast(pa.string()).to_pylist()):
                why = f"the column `{column}` is empty there"
                raise DataError(f"`{part.path}` has rows without a split", why=why, path=part.path, column=column)
            values.update(names)
    return values
