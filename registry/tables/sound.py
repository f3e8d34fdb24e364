"""Vets a Parquet file by reading all of it, and measures how far a file expands.

Nothing that a footer says is believed: 119 KB can claim 5 MB and hold 5 TB, one text
written once and meant fifty million times. So rows are read to the end, a batch at a
time, and what they take in memory is counted.

>>> Meter("a.parquet", 119_000).count(5_000_000_000)
Traceback (most recent call last):
registry.errors.DataError: `a.parquet` holds more than 1,000 times its size: 119,000 bytes become over 5,000,000,000
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from registry.errors import DataError
from registry.tables.columns import vet_columns
from registry.tables.parquet import broken, opened
from registry.tables.shape import vet_depth

if TYPE_CHECKING:
    import pyarrow as pa

FREE = 1 << 30  # bytes of rows below which expansion does not matter
EXPANSION = 1000  # times; one-hot columns reach 500, attacks 40 million
GROUPS = 100_000  # row groups of one file
BATCH_ROWS, BATCH_BYTES = 8192, 32 << 20  # what is read at once, by the footer's word
LOOK = "look at the file before you trust it; if it is sound, write it anew without compression"


@dataclass(slots=True)
class Meter:
    """Counts the bytes that the rows of `path` take, a file of `size` bytes; too many raise `DataError`."""

    path: str
    size: int
    held: int = 0

    def counted(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """The batches, each counted; a row takes a byte at least."""
        for batch in batches:
            self.count(sum(map(taken, batch.columns)) + batch.num_rows)
            yield batch

    def count(self, taken: int) -> None:
        """Adds `taken` bytes."""
        self.held += taken
        if self.held > FREE and self.held > EXPANSION * self.size:
            raise DataError(
                f"`{self.path}` holds more than {EXPANSION:,} times its size",
                why=f"{self.size:,} bytes become over {self.held:,}",
                hint=LOOK,
                path=self.path,
            )


def vet_parquet(file: Path, path: str) -> None:
    """Reads `file` to its end; what is broken, endless or absurdly shaped raises `DataError` naming `path`."""
    import pyarrow as pa

    with opened(file, path) as parquet:
        known = parquet.metadata
        vet_columns(parquet.schema_arrow.names, path)
        for field in parquet.schema_arrow:
            vet_depth(field.type, path, field.name)
        if known.num_row_groups > GROUPS:
            why = f"it has {known.num_row_groups:,} row groups; {GROUPS:,} is the most"
            raise broken(path, why)
        meter = Meter(path, file.stat().st_size)
        size = _rows_at_once(known)
        for group in range(known.num_row_groups):
            try:
                batches = parquet.iter_batches(batch_size=size, row_groups=[group], use_threads=False)
                rows = sum(batch.num_rows for batch in meter.counted(batches))
            except MemoryError:
                raise
            except (OSError, pa.ArrowException, UnicodeDecodeError) as error:
                raise broken(path, f"row group {group} cannot be read", group=group) from error
            if rows != known.row_group(group).num_rows:
                raise broken(path, f"row group {group} holds {rows:,} rows, not those it promises", group=group)


def taken(values: pa.Array) -> int:
    """Bytes of `values` when each stands by itself: those of a dictionary count as often as they are meant.

    >>> import pyarrow as pa
    >>> taken(pa.array(["가나다"] * 1000).dictionary_encode())
    9000
    """
    import pyarrow as pa
    import pyarrow.types as t

    if t.is_dictionary(values.type):
        import pyarrow.compute as pc  # it takes long to import, and few files need it

        if isinstance(values, pa.DictionaryArray) and _has_lengths(values.dictionary.type):
            return int(pc.sum(pc.binary_length(values.dictionary).take(values.indices)).as_py() or 0)
        return int(8 * len(values))
    if t.is_struct(values.type):
        return sum(taken(inner) for inner in values.flatten())
    if t.is_list(values.type) or t.is_large_list(values.type):
        return int(4 * len(values)) + taken(values.flatten())
    return int(values.nbytes)


def _has_lengths(kind: pa.DataType) -> bool:
    import pyarrow.types as t

    return bool(t.is_string(kind) or t.is_binary(kind) or t.is_large_string(kind) or t.is_large_binary(kind))


def _rows_at_once(known: pa.parquet.FileMetaData) -> int:
    claimed: int = sum(known.row_group(index).total_byte_size for index in range(known.num_row_groups))
    return max(16, min(BATCH_ROWS, BATCH_BYTES * int(known.num_rows) // max(claimed, 1)))
