"""The reader of record of Arrow IPC: files (Feather 2) and streams, batch by batch.

>>> MAGIC, STREAM
(b'ARROW1', b'\\xff\\xff\\xff\\xff')
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from registry.errors import DataError
from registry.tables.shape import vet_depth
from registry.tables.types import normal_table

if TYPE_CHECKING:
    import pyarrow as pa

MAGIC = b"ARROW1"  # first bytes of the file format
STREAM = b"\xff\xff\xff\xff"  # first bytes of the stream format


def tables(file: Path, path: str) -> Iterator[pa.Table]:
    """An empty table of the file's columns, then the rows of each batch, in normal types.

    A broken or unknown file raises `DataError` that names `path` and the batch.
    """
    import pyarrow as pa

    count = 0
    try:
        with pa.OSFile(str(file)) if isinstance(file, Path) else pa.PythonFile(file) as source:
            schema, batches = _opened(source, path)
            for field in schema:
                vet_depth(field.type, path, field.name)
            yield normal_table(pa.Table.from_batches([], schema))
            for batch in batches:
                batch.validate(full=True)
                yield normal_table(pa.Table.from_batches([batch]))
                count += 1
    except FileNotFoundError as error:
        raise DataError(f"`{path}` is missing", hint="restore the file, then run the same command again") from error
    except MemoryError:
        raise
    except (OSError, pa.ArrowException, UnicodeDecodeError) as error:
        raise _broken(path, f"record batch {count} cannot be read") from error


def _opened(source: pa.NativeFile, path: str) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
    import pyarrow as pa

    start = source.read(len(MAGIC))
    source.seek(0)
    if start == MAGIC:
        reader = pa.ipc.open_file(source)
        return reader.schema, (reader.get_batch(index) for index in range(reader.num_record_batches))
    if start.startswith(STREAM):
        stream = pa.ipc.open_stream(source)
        return stream.schema, iter(stream)
    raise _broken(path, "it begins as neither an Arrow file nor an Arrow stream")


def _broken(path: str, why: str) -> DataError:
    hint = "restore the file, then run the same command again"
    return DataError(f"`{path}` is no sound Arrow file", why=why, hint=hint, path=path)
