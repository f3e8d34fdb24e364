"""Parquet and Arrow files: rows keep the types that their file gives them.

>>> import pyarrow as pa
>>> Rows(pa.table({"a": [1, 2]})).take([1, 1]).put("fold", [0, 1]).table.to_pylist()
[{'a': 2, 'fold': 0}, {'a': 2, 'fold': 1}]
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from registry.mending.chunks import Chunk, Edit, Place, Value
from registry.tables.arrow import MAGIC
from registry.tables.parquet import GROUP_BYTES, GROUP_ROWS

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows as an Arrow table in the types of their file."""

    table: pa.Table

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def take(self, rows: Sequence[int]) -> Rows:
        """The rows at these places."""
        import numpy as np
        import pyarrow as pa

        if len(rows) == len(self) and all(at == row for at, row in enumerate(rows)):
            return self
        return Rows(self.table.take(pa.array(np.asarray(rows, np.int64))))

    def get(self, column: str) -> list[Any]:
        """The values of one column."""
        present = column in self.table.column_names
        return self.table[column].to_pylist() if present else [None] * len(self)

    def put(self, column: str, values: Sequence[Value]) -> Rows:
        """The rows with one column set: of its type where the values fit it, else of their own."""
        import pyarrow as pa

        # What other libraries noted about the columns would not be true of the new ones.
        table = self.table.replace_schema_metadata(None)
        found = pa.array(list(values))
        at = table.schema.get_field_index(column)
        if at < 0:
            return Rows(table.append_column(column, found))
        kind = table.schema.field(at).type
        plain = kind.value_type if pa.types.is_dictionary(kind) else kind
        try:
            found = found.cast(plain)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            plain = found.type
        return Rows(table.set_column(at, pa.field(column, plain), found))

    def amend(self, column: str, values: Mapping[int, Value]) -> Rows:
        """The rows with one column set at these places."""
        every = self.get(column)
        for row, value in values.items():
            every[row] = value
        return self.put(column, every)

    def edit(self, column: str, rows: Sequence[int], edit: Edit) -> Rows:
        """The rows with every text of one column edited at these places: the column keeps its type."""
        import numpy as np
        import pyarrow as pa

        if column not in self.table.column_names or not len(rows):
            return self
        at = self.table.schema.get_field_index(column)
        field = self.table.schema.field(at)
        kind = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
        found = self.table[column].cast(kind).combine_chunks()
        chosen = np.asarray(rows, np.int64)
        values = [edited(value, edit) for value in found.take(pa.array(chosen)).to_pylist()]
        places = np.arange(len(self))
        places[chosen] = len(self) + np.arange(len(chosen))
        whole = pa.concat_arrays([found, pa.array(values, kind)]).take(pa.array(places))
        table = self.table.replace_schema_metadata(None)
        return Rows(table.set_column(at, field.with_type(kind), whole))

    def head(self, columns: Mapping[str, Value]) -> Rows:
        """No rows; a column that is new has the type of the value given."""
        import pyarrow as pa

        rows = Rows(self.table.slice(0, 0))
        for name, value in columns.items():
            known = name in self.table.column_names
            kind = pa.scalar(value).type
            rows = rows.put(name, ()) if known else Rows(rows.table.append_column(name, pa.array([], kind)))
        return rows

    def plus(self, other: Rows) -> Rows:
        """These rows, then those of `other` in the same columns."""
        import pyarrow as pa

        return Rows(pa.concat_tables([self.table, _fitted(other.table, self.table.schema)]))


def edited(value: Any, edit: Edit, around: str = "") -> Any:
    """A value with all its texts edited, the keys of maps among them; names of fields stay.

    >>> edited([{"a": "x", "n": 1}, [("k", "y")]], lambda text, around: text.upper())
    [{'a': 'X', 'n': 1}, [('K', 'Y')]]
    """
    if isinstance(value, str):
        return edit(value, around)
    within = around or str(value)
    if isinstance(value, Mapping):
        return {name: edited(item, edit, within) for name, item in value.items()}
    if isinstance(value, list):
        return [edited(item, edit, within) for item in value]
    return tuple(edited(item, edit, within) for item in value) if isinstance(value, tuple) else value


@dataclass(frozen=True, slots=True)
class Parquet:
    """Parquet files, a row group at a time."""

    def read(self, place: Place) -> Iterator[Rows]:
        """An empty chunk, then the row groups."""
        import pyarrow.parquet as pq

        with pq.ParquetFile(place.file) as parquet:
            yield Rows(parquet.schema_arrow.empty_table())
            for group in range(parquet.metadata.num_row_groups):
                yield Rows(parquet.read_row_group(group))

    def writer(self, target: Path, like: Sequence[Chunk], source: Place) -> TableFile:
        """A new file, compressed as `source` is."""
        import pyarrow.parquet as pq

        with pq.ParquetFile(source.file) as parquet:
            meta = parquet.metadata
            has_columns = meta.num_row_groups and meta.num_columns
            codec = str(meta.row_group(0).column(0).compression).lower() if has_columns else "zstd"
        schema = _schema(like)
        known = "none" if codec == "uncompressed" else codec
        return TableFile(pq.ParquetWriter(target, schema, compression=known), schema)


@dataclass(frozen=True, slots=True)
class Arrow:
    """Arrow IPC files and streams, a record batch at a time; dictionaries are written as their values."""

    def read(self, place: Place) -> Iterator[Rows]:
        """An empty chunk, then the batches."""
        import pyarrow as pa

        with pa.OSFile(str(place.file)) as source:
            if _is_file(place.file):
                reader = pa.ipc.open_file(source)
                batches = (reader.get_batch(index) for index in range(reader.num_record_batches))
            else:
                stream = pa.ipc.open_stream(source)
                reader, batches = stream, iter(stream)
            schema = _decoded(reader.schema)
            yield Rows(schema.empty_table())
            for batch in batches:
                yield Rows(pa.Table.from_batches([batch]).cast(schema))

    def writer(self, target: Path, like: Sequence[Chunk], source: Place) -> TableFile:
        """A new file, or stream where `source` is one."""
        import pyarrow as pa

        schema = _schema(like)
        make: Any = pa.ipc.new_file if _is_file(source.file) else pa.ipc.new_stream
        return TableFile(make(str(target), schema), schema)


class TableFile:
    """A file of tables being written, in groups of a size that reads well."""

    def __init__(self, out: Any, schema: pa.Schema) -> None:
        self._out, self._schema = out, schema
        self._held: list[pa.Table] = []
        self._rows = self._bytes = 0

    def write(self, chunk: Chunk) -> None:
        """Appends rows; columns that they lack are null."""
        assert isinstance(chunk, Rows)
        self._held.append(_fitted(chunk.table, self._schema))
        self._rows, self._bytes = self._rows + len(chunk), self._bytes + chunk.table.nbytes
        if self._rows >= GROUP_ROWS or self._bytes >= GROUP_BYTES:
            self._flush()

    def close(self) -> None:
        """Ends the file."""
        self._flush()
        self._out.close()

    def _flush(self) -> None:
        import pyarrow as pa

        if self._held:
            self._out.write_table(pa.concat_tables(self._held).combine_chunks())
        self._held, self._rows, self._bytes = [], 0, 0


def _fitted(table: pa.Table, schema: pa.Schema) -> pa.Table:
    import pyarrow as pa

    names = set(table.column_names)
    columns = [
        table[field.name].cast(field.type) if field.name in names else pa.nulls(len(table), field.type)
        for field in schema
    ]
    return pa.Table.from_arrays(columns, schema=schema)


def _schema(like: Sequence[Chunk]) -> pa.Schema:
    """The columns of all chunks, in the first type that each has beside null."""
    import pyarrow as pa

    schemas = [chunk.table.schema for chunk in like if isinstance(chunk, Rows)]
    fields: dict[str, pa.Field] = {}
    for schema in schemas:
        for field in schema:
            if field.name not in fields or pa.types.is_null(fields[field.name].type):
                fields[field.name] = field.with_nullable(True)
    return pa.schema(list(fields.values()), metadata=schemas[0].metadata)


def _decoded(schema: pa.Schema) -> pa.Schema:
    import pyarrow as pa

    plain = [
        field.with_type(field.type.value_type) if pa.types.is_dictionary(field.type) else field for field in schema
    ]
    return pa.schema(plain, metadata=schema.metadata)


def _is_file(file: Path) -> bool:
    with file.open("rb") as stream:
        return stream.read(len(MAGIC)) == MAGIC
