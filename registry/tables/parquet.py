"""Parquet files: footers, rows by row group, and how converted rows are written.

>>> from tempfile import TemporaryDirectory
>>> import pyarrow as pa
>>> with TemporaryDirectory() as directory:
...     write(Path(directory, "a.parquet"), pa.schema({"n": pa.int64()}), pa.table({"n": [1, 2]}).to_batches())
...     footer(Path(directory, "a.parquet"), "a.csv")
Footer(columns=(('n', 'int64'),), rows=2, groups=1)
"""

from __future__ import annotations

import errno
import os
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from registry.errors import DataError, EnvironmentFailed
from registry.tables.types import format_type, normal_table

if TYPE_CHECKING:
    import pyarrow as pa

GROUP_ROWS = 100_000  # rows of a row group
GROUP_BYTES = 64 << 20  # bytes in memory of a row group


@dataclass(frozen=True, slots=True)
class Footer:
    """What the end of a Parquet file says: columns as (name, Arrow type name), rows, row groups."""

    columns: tuple[tuple[str, str], ...]
    rows: int
    groups: int


def footer(file: Path, path: str) -> Footer:
    """The footer of `file`; a broken one raises `DataError` that names `path`."""
    with opened(file, path) as parquet:
        columns = tuple((field.name, format_type(field.type)) for field in parquet.schema_arrow)
        return Footer(columns, parquet.metadata.num_rows, parquet.metadata.num_row_groups)


def tables(file: Path, path: str, groups: Iterable[int] | None = None) -> Iterator[pa.Table]:
    """An empty table, then one of each row group (or of those in `groups`), in normal types.

    A broken row group raises `DataError` that names it.
    """
    import pyarrow as pa

    with opened(file, path) as parquet:
        yield normal_table(pa.Table.from_batches([], parquet.schema_arrow))
        for group in range(parquet.metadata.num_row_groups) if groups is None else groups:
            try:
                table = parquet.read_row_group(group)
                table.validate(full=True)
            except MemoryError:
                raise
            except (OSError, pa.ArrowException, UnicodeDecodeError) as error:
                where = _unreadable(parquet, group)
                raise broken(path, f"row group {group} cannot be read{where}", group=group) from error
            yield normal_table(table)


def _unreadable(parquet: pa.parquet.ParquetFile, group: int) -> str:
    """The column of a row group that cannot be read, as `: column `x``; nothing where none can, or all can alone."""
    import pyarrow as pa

    names, bad = parquet.schema_arrow.names, []
    for name in names:
        try:
            parquet.read_row_group(group, [name]).validate(full=True)
        except (OSError, pa.ArrowException, UnicodeDecodeError):
            bad.append(name)
    return f": column `{bad[0]}`" if bad and (len(names) == 1 or len(bad) < len(names)) else ""


def broken_part(parts: Iterable[tuple[Path, str]]) -> DataError | None:
    """The error of the first of (file, path) that cannot be read to its end."""
    for file, path in parts:
        try:
            for _ in tables(file, path):
                pass
        except DataError as error:
            return error
    return None


def write(target: Path, schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> None:
    """Writes `batches` to `target`, whole or not at all; several processes may write the same file."""
    import pyarrow.parquet as pq

    target.parent.mkdir(parents=True, exist_ok=True)
    beside = beside_of(target)
    try:
        with pq.ParquetWriter(beside, schema, compression="zstd", compression_level=1) as writer:
            for table in _groups(schema, batches):
                writer.write_table(table, row_group_size=GROUP_ROWS)
        os.replace(beside, target)  # noqa: PTH105 (atomic, over an existing file)
    except OSError as error:
        if error.errno == errno.EFBIG:
            raise
        why = error.strerror or str(error)
        raise EnvironmentFailed("converted rows cannot be written", why=why, hint="registry cache prune") from error
    finally:
        beside.unlink(missing_ok=True)


def beside_of(target: Path) -> Path:
    """Where this process writes what will be `target`; `sweep` finds it by the process."""
    return target.with_name(f".{target.name}.{os.getpid()}.{uuid.uuid4().hex}")


def sweep(cache: Path, pid: int) -> None:
    """Removes what the process `pid` began to write below `cache` and did not finish."""
    for file in cache.glob(f"*/.*.{pid}.*"):
        file.unlink(missing_ok=True)


def _groups(schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
    """Batches gathered to tables of about a row group."""
    import pyarrow as pa

    gathered: list[pa.RecordBatch] = []
    rows = size = 0
    for batch in batches:
        gathered.append(batch)
        rows, size = rows + batch.num_rows, size + batch.nbytes
        if rows >= GROUP_ROWS or size >= GROUP_BYTES:
            yield pa.Table.from_batches(gathered, schema)
            gathered, rows, size = [], 0, 0
    if gathered:
        yield pa.Table.from_batches(gathered, schema)


def opened(file: Path, path: str) -> pa.parquet.ParquetFile:
    """The Parquet file, its footer read; a missing or broken one raises `DataError` that names `path`."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.ParquetFile(file)
    except FileNotFoundError as error:
        raise DataError(f"`{path}` is missing", hint="restore the file, then run the same command again") from error
    except MemoryError:
        raise
    except (OSError, pa.ArrowException, UnicodeDecodeError) as error:
        raise broken(path, "its footer cannot be read") from error


def broken(path: str, why: str, **fields: object) -> DataError:
    """The error of a Parquet file that cannot be read."""
    hint = "restore the file, then run the same command again"
    return DataError(f"`{path}` is no sound Parquet file", why=why, hint=hint, path=path, **fields)
