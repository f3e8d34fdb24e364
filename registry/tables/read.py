"""Opens a dataset as one table: Parquet as it lies, everything else through a cache.

What is not Parquet is converted once. A converted file is found again by the digest of
its bytes, the types it was read with and the version of the readers, so that a second
look costs next to nothing, and a changed file converts anew alone.

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

import hashlib
import json
import os
import uuid
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from registry.errors import ConfigError, DataError, MovedError
from registry.model.digest import canonical, digest_of
from registry.model.files import FileList
from registry.model.schema import DatasetSchema
from registry.model.splits import ordered_splits
from registry.tables.columns import UndeclaredColumnsError, vet_columns, vet_split_column
from registry.tables.images import vet_image
from registry.tables.parquet import Footer, footer, write
from registry.tables.pieces import TYPED, Cut, Piece, cut
from registry.tables.table import Part, Table
from registry.tables.types import format_type, parse_type

if TYPE_CHECKING:
    import pyarrow as pa

READER = 1  # version of the readers: raise it when they read the same bytes differently
SPLIT_TYPES = ("string", "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")


def open_table(root: Path, files: FileList, schema: DatasetSchema | None, cache: Path) -> Table:
    """The dataset of `files`, whose paths are relative to `root`, as one table.

    Without a schema (or for columns that an open schema does not declare) types are
    guessed from all values. Columns come in the order of the schema, then of the files;
    a column that one file lacks is null there.

    Raises `DataError` for what is wrong in the data (unreadable, ragged, a value not of
    its type), naming file and row; `ConfigError` for what the schema must declare (an
    encoding, the splits); `MovedError` if a file changed while it was read.
    """
    found = cut(root.absolute(), files, schema)
    if found.format == "parquet":
        parts = [(piece, found.root / piece.path) for piece in found.pieces]
    else:
        parts = _converted(found, cache.absolute())
    footers = [footer(file, piece.path) for piece, file in parts]
    columns = _columns(found, [piece.path for piece, _ in parts], footers)
    opened = tuple(
        Part(piece.path, file, piece.split, foot.rows) for (piece, file), foot in zip(parts, footers, strict=True)
    )
    splits = _splits(found, opened, schema, dict(columns))
    return Table(opened, columns, splits, found.split_column, found.format, found.root)


def _converted(found: Cut, cache: Path) -> list[tuple[Piece, Path]]:
    """The pieces with the Parquet of each; missing ones are converted."""
    if found.format in TYPED:
        return [(piece, _convert(found, piece, {}, cache)) for piece in found.pieces]
    settled = _settled_file(found, cache)
    types = _settled(settled) or found.declared
    try:
        return [(piece, _convert(found, piece, types, cache)) for piece in found.pieces]
    except UndeclaredColumnsError:
        types = {**found.declared, **found.guess()}
    settled.parent.mkdir(parents=True, exist_ok=True)
    beside = settled.with_name(f".{settled.name}.{uuid.uuid4().hex}")
    beside.write_bytes(canonical([[name, format_type(kind)] for name, kind in types.items()]))
    os.replace(beside, settled)  # noqa: PTH105 (atomic, over an existing file)
    return [(piece, _convert(found, piece, types, cache)) for piece in found.pieces]


def _convert(found: Cut, piece: Piece, types: Mapping[str, pa.DataType], cache: Path) -> Path:
    """The Parquet of one piece, made now unless it is there and sound."""
    key = digest_of({"reader": READER, "piece": _identity(found, piece), "types": _named(types)})
    target = cache / key[:2] / f"{key}.parquet"
    if _is_sound(target):
        return target
    if piece.folder is not None:
        for image in piece.folder.images:
            vet_image(found.root / image, image)
    tables = found.batches(piece, types)
    first = next(tables)
    batches = chain.from_iterable(table.to_batches() for table in _unmoved(found, piece, tables))
    write(target, first.schema, batches)
    return target


def _unmoved(found: Cut, piece: Piece, tables: Iterator[pa.Table]) -> Iterator[pa.Table]:
    """The rows; then the files must still have the digests that the cache knows them by."""
    yield from tables
    for entry in piece.entries:
        with (found.root / entry.path).open("rb") as stream:
            if hashlib.file_digest(stream, "sha256").hexdigest() != entry.sha256:
                hint = "wait until nothing writes to it, then run the same command again"
                raise MovedError(f"`{entry.path}` changed while it was read", hint=hint, path=entry.path)


def _identity(found: Cut, piece: Piece) -> object:
    return [found.format, found.encoding, piece.path, [[entry.path, entry.sha256] for entry in piece.entries]]


def _settled_file(found: Cut, cache: Path) -> Path:
    """Where the types of a dataset with undeclared columns are kept."""
    pieces = [_identity(found, piece) for piece in found.pieces]
    key = digest_of({"reader": READER, "pieces": pieces, "types": _named(found.declared)})
    return cache / key[:2] / f"{key}.types.json"


def _settled(file: Path) -> dict[str, pa.DataType] | None:
    try:
        return {name: parse_type(kind) for name, kind in json.loads(file.read_bytes())}
    except (FileNotFoundError, ValueError, ConfigError):  # a broken file of the cache is made anew
        return None


def _named(types: Mapping[str, pa.DataType]) -> list[list[str]]:
    return [[name, format_type(kind)] for name, kind in types.items()]


def _is_sound(target: Path) -> bool:
    if not target.exists():
        return False
    try:
        footer(target, target.name)
    except DataError:  # a broken file of the cache is made anew
        return False
    return True


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
