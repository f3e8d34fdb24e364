"""What follows from some columns of one part of the data, kept until the bytes of those columns change.

A part is known by its rows and by the bytes that its Parquet file holds for the columns: another
file that changed, or another column, changes nothing. Files are vetted by digest when they are
found again.

>>> from tempfile import TemporaryDirectory
>>> import pyarrow as pa, pyarrow.parquet as pq
>>> with TemporaryDirectory() as name:
...     one, other = Path(name, "one.parquet"), Path(name, "other.parquet")
...     pq.write_table(pa.table({"text": ["가", "b"], "label": [0, 1]}), one)
...     pq.write_table(pa.table({"text": ["가", "b"], "label": [1, 1]}), other)
...     [bytes_of(one, columns) == bytes_of(other, columns) for columns in (["text"], ["text", "label"])]
[True, False]
"""

from __future__ import annotations

import hashlib
import os
import time
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from registry.errors import DataError
from registry.model.digest import canonical, digest_of
from registry.tables.table import FILE, Part, Table
from registry.workspace.files import read_sealed, write_sealed

if TYPE_CHECKING:
    import pyarrow as pa

KEPT = 2  # version of what is kept: raise it when the same columns give other rows
UNUSED = 30 * 86_400  # seconds after which what nobody asked for is removed
_CHUNK = 1 << 20


@dataclass(slots=True)
class PartMemory:
    """Rows derived from single parts, in `root`; counts how many parts were `known` and how many `new`."""

    root: Path
    known: int = 0
    new: int = 0

    def derived(
        self, table: Table, rule: object, reads: Sequence[str], derive: Callable[[Sequence[Part]], pa.Table]
    ) -> pa.Table:
        """The rows that `derive` gives for all parts: only those of parts that are not known are asked for.

        `rule` is whatever besides the columns `reads` decides on the rows, which have a column `__file`.
        """
        import pyarrow as pa

        names = sorted({*reads, *filter(None, [table.split_column])})
        files = {part: self._file(part, rule, names) for part in table.parts}
        kept = {part: rows for part, file in files.items() if (rows := _read(file)) is not None}
        missing = [part for part in table.parts if part not in kept]
        self.known, self.new = self.known + len(kept), self.new + len(missing)
        fresh = derive(missing) if missing else None
        if fresh is not None:
            for part, rows in _by_part(fresh, missing):
                _write(files[part], rows)
        found = [] if fresh is None else [fresh]
        found += [_with_file(rows, part) for part, rows in kept.items()]
        return pa.concat_tables([rows.select(found[0].column_names) for rows in found]).unify_dictionaries()

    def _file(self, part: Part, rule: object, names: Sequence[str]) -> Path:
        key = digest_of([KEPT, unicodedata.unidata_version, rule, part.split, bytes_of(part.parquet, names)])
        return self.root / key[:2] / f"{key}.arrow"

    def prune(self, now: float | None = None) -> None:
        """Removes what was not asked for in 30 days."""
        before = (time.time() if now is None else now) - UNUSED
        for file in self.root.glob("??/*.arrow"):
            try:
                if file.stat().st_mtime < before:
                    file.unlink()
            except OSError:  # another process was quicker, or may not: it costs disk, nothing else
                continue


def bytes_of(file: Path, columns: Sequence[str]) -> str:
    """A sha256 over the rows of each row group and the stored bytes of `columns`, types included.

    Raises `DataError` for a file that has changed beyond recognition.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    digest = hashlib.sha256()
    try:
        with file.open("rb") as stream:
            meta = pq.read_metadata(stream)
            paths = [meta.schema.column(at).path for at in range(meta.num_columns)]
            wanted = [at for at, path in enumerate(paths) if any(f"{path}.".startswith(f"{name}.") for name in columns)]
            kinds = {field.name: str(field.type) for field in meta.schema.to_arrow_schema()}
            digest.update(canonical([[name, kinds.get(name)] for name in columns]))
            for group in map(meta.row_group, range(meta.num_row_groups)):
                digest.update(canonical([group.num_rows, [paths[at] for at in wanted]]))
                for column in map(group.column, wanted):
                    begin = min(column.data_page_offset, column.dictionary_page_offset or column.data_page_offset)
                    _update(digest, stream, begin, column.total_compressed_size)
    except (OSError, pa.ArrowException) as error:
        raise DataError(f"{file.name} cannot be read", why=str(error), hint="registry check") from error
    return digest.hexdigest()


def _update(digest: hashlib._Hash, stream: IO[bytes], begin: int, size: int) -> None:
    stream.seek(begin)
    while size > 0:
        chunk = stream.read(min(size, _CHUNK))
        if not chunk:
            raise OSError("the file ends too early")
        digest.update(chunk)
        size -= len(chunk)


def _by_part(rows: pa.Table, parts: Sequence[Part]) -> Iterator[tuple[Part, pa.Table]]:
    """The rows of each part, less the name of its file, which may lie elsewhere the next time."""
    import numpy as np
    import pyarrow as pa

    named = rows.column(FILE).combine_chunks()
    labels = {label: at for at, label in enumerate(named.dictionary.to_pylist())}
    codes = named.indices.to_numpy(zero_copy_only=False)
    order = np.argsort(codes, kind="stable")
    bare = rows.drop_columns([FILE]).take(pa.array(order))
    bounds = np.searchsorted(codes[order], np.arange(len(labels) + 1))
    for part in parts:
        at = labels.get(str(part.parquet))
        yield part, bare.slice(0, 0) if at is None else bare.slice(bounds[at], bounds[at + 1] - bounds[at])


def _with_file(rows: pa.Table, part: Part) -> pa.Table:
    import numpy as np
    import pyarrow as pa

    codes = pa.array(np.zeros(rows.num_rows, np.int32))
    label = pa.DictionaryArray.from_arrays(codes, pa.array([str(part.parquet)]))
    return rows.append_column(pa.field(FILE, label.type), label)


def _read(file: Path) -> pa.Table | None:
    import pyarrow as pa

    body = read_sealed(file)
    if body is None:
        return None
    os.utime(file)  # it was asked for
    return pa.ipc.open_stream(pa.py_buffer(body)).read_all()


def _write(file: Path, rows: pa.Table) -> None:
    import pyarrow as pa

    out = pa.BufferOutputStream()
    with pa.ipc.new_stream(out, rows.schema) as writer:
        writer.write_table(rows)
    write_sealed(file, out.getvalue())
