"""`load(…, streaming=True)`: rows as they come from the store, of this rank and worker alone, nothing kept on disk.

Every shard takes other rows, and all shards together take each row once: files or row
groups where there are enough of them, else rows in turn.

>>> Shard(1, 4).of("abcdef")
('b', 'f')
>>> [part for k in range(3) for part in Shard(k, 3).of("ab")]
['a', 'b']
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, cast

from registry.consume.opened import OpenedFiles
from registry.errors import UsageError
from registry.model.files import FileList
from registry.model.names import Version
from registry.model.schema import DatasetSchema

if TYPE_CHECKING:
    import pyarrow as pa

    from registry.tables.pieces import Cut, Piece

T = TypeVar("T")
MANY = 8  # files for each rank, above which row groups need not be told apart


@dataclass(frozen=True, slots=True)
class Shard:
    """The share `index` of `count` equal ones."""

    index: int = 0
    count: int = 1

    @classmethod
    def of_rank(cls) -> Shard:
        """The share of this process by `RANK` and `WORLD_SIZE`, which torch's launcher sets; without them the whole."""
        try:
            found = cls(int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1")))
        except ValueError:
            found = cls(0, 0)
        if not 0 <= found.index < found.count:
            raise UsageError("RANK and WORLD_SIZE name no share", why="RANK is from 0 and below WORLD_SIZE")
        return found

    def of_worker(self) -> Shard:
        """The share of this worker of torch's DataLoader in the share of its rank."""
        torch = sys.modules.get("torch.utils.data")  # in a worker it is loaded
        info = torch.get_worker_info() if torch else None
        if info is None:
            return self
        return Shard(self.index * info.num_workers + info.id, self.count * info.num_workers)

    def of(self, things: Sequence[T]) -> tuple[T, ...]:
        """The things of this share."""
        return tuple(things[self.index :: self.count])

    def of_rows(self, table: pa.Table, before: int) -> pa.Table:
        """The rows of this share of a table before which so many others came."""
        if self.count == 1:
            return table
        import pyarrow as pa

        return table.take(pa.array(range((self.index - before) % self.count, table.num_rows, self.count), pa.int64()))

    def deal(self, units: Sequence[Unit]) -> tuple[Sequence[Unit], Shard]:
        """The units to read, and which rows of each: all, or where there are fewer units than shares those in turn."""
        return (self.of(units), Shard()) if len(units) >= self.count else (units, self)


@dataclass(frozen=True, slots=True)
class Unit:
    """What one shard reads at once: a data file, or one row group of it."""

    path: str
    group: int | None = None


@dataclass(frozen=True)
class RowStream:
    """The rows of a split as they come; iterating gives `pyarrow.RecordBatch`es of this rank's and worker's share.

    It holds no connection and may be pickled; each process that iterates opens its own.
    """

    url: str
    start: Path
    release: tuple[str, Version]
    files: FileList = field(repr=False)
    schema: DatasetSchema | None = field(repr=False)
    split: str | None
    rank: Shard

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        units, rows = self.rank.of_worker().deal(self.units())
        for table in self.tables(units, rows):
            yield from table.to_batches()

    def units(self) -> tuple[Unit, ...]:
        """Everything that can be dealt out: files, or their row groups where these are Parquet and few."""
        found = self._cut()
        pieces = self._wanted(found)
        if found.format != "parquet" or len(pieces) >= MANY * self.rank.count:
            return tuple(Unit(piece.path) for piece in pieces)
        from registry.tables.parquet import footer

        groups = [(p.path, footer(found.root / p.path, p.path).groups) for p in pieces]
        return tuple(Unit(path, group) for path, count in groups for group in range(count))

    def tables(self, units: Sequence[Unit], rows: Shard) -> Iterator[pa.Table]:
        """Of each of `units` the rows that `rows` takes."""
        found = self._cut()
        pieces = {piece.path: piece for piece in self._wanted(found)}
        target = None
        for unit in units:
            seen = 0
            for table in self._read(found, pieces[unit.path], unit.group):
                target = target or self._target(found, table.schema)
                part = self._fitted(found, rows.of_rows(table, seen), target)
                seen += table.num_rows
                if part.num_rows:
                    yield part

    def head(self) -> pa.Schema:
        """The columns of the rows."""
        found = self._cut()
        pieces = self._wanted(found)
        return self._target(found, next(self._read(found, pieces[0], 0)).schema)

    def _cut(self) -> Cut:
        from registry.tables.formats import IMAGES
        from registry.tables.pieces import TYPED, cut

        opened = OpenedFiles.of(self.url, self.start, self.files, self.release)
        found = cut(cast(Path, opened), self.files, self.schema)
        if found.format == IMAGES or not (found.format in TYPED or (self.schema and not self.schema.open)):
            why = "the rows of an image folder are its files" if found.format == IMAGES else _ALL_ROWS
            raise UsageError("the dataset cannot be streamed", why=why, hint="load it without streaming=True")
        return found

    def _wanted(self, found: Cut) -> list[Piece]:
        return [piece for piece in found.pieces if self.split is None or piece.split in (self.split, None)]

    def _read(self, found: Cut, piece: Piece, group: int | None) -> Iterator[pa.Table]:
        from registry.tables.columns import UndeclaredColumnsError
        from registry.tables.parquet import tables

        if group is not None and found.format == "parquet":
            return tables(found.root / piece.path, piece.path, (group,))
        try:
            return found.batches(piece, found.declared)
        except UndeclaredColumnsError as error:
            raise UsageError("the dataset cannot be streamed", why=_ALL_ROWS, hint="load it without it") from error

    def _target(self, found: Cut, head: pa.Schema) -> pa.Schema:
        """The columns that the schema declares, and those that it does not know, as the first file has them."""
        import pyarrow as pa

        kinds = {**found.declared, **{field.name: field.type for field in head}}
        return pa.schema(list(kinds.items()))

    def _fitted(self, found: Cut, table: pa.Table, target: pa.Schema) -> pa.Table:
        from registry.tables.load import fitted, of_split

        if self.split is not None and found.split_column is not None:
            table = of_split(table, found.split_column, self.split)
        return fitted(table, target)


_ALL_ROWS = "the types of its columns follow from all of its rows"
