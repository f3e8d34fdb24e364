"""Datasets for tests: files written below a directory, and tables that hypothesis makes."""

from __future__ import annotations

import csv
import datetime
import gzip
import hashlib
import io
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import strategies as st

from registry.model.files import FileEntry, FileList
from registry.model.schema import Column, DatasetSchema
from registry.tables.duck import Session, quote_ident
from registry.tables.read import open_table
from registry.tables.table import Table
from registry.tables.types import format_type


def lay(root: Path, files: Mapping[str, bytes | str]) -> FileList:
    """Writes `files` below `root` and lists them."""
    entries = []
    for path, content in files.items():
        data = content.encode() if isinstance(content, str) else content
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)
        entries.append(FileEntry(path, len(data), hashlib.md5(data).hexdigest(), hashlib.sha256(data).hexdigest()))
    return FileList.of(entries)


def opened(root: Path, files: Mapping[str, bytes | str], schema: DatasetSchema | None = None) -> Table:
    """The table of `files`, laid below `root`/data, with a cache beside."""
    return open_table(root / "data", lay(root / "data", files), schema, root / "cache")


def rows(table: Table, order: str = "__file, __row") -> list[dict[str, Any]]:
    """All rows in order of part and row, with the table's columns and `split`."""
    names = [quote_ident(name) for name, _ in table.columns if name != "split"]
    with Session(table, threads=1) as session:
        found = session.rows(f"SELECT {', '.join([*names, 'split'])}, __file FROM data ORDER BY {order}")
    rank = {str(part.parquet): index for index, part in enumerate(table.parts)}
    found.sort(key=lambda row: rank[row["__file"]])
    return [{name: value for name, value in row.items() if name != "__file"} for row in found]


def schema_of(table: pa.Table, **fields: Any) -> DatasetSchema:
    """The schema with the columns of an Arrow table."""
    return DatasetSchema("x", tuple(Column(f.name, format_type(f.type)) for f in table.schema), **fields)


def as_csv(table: pa.Table, delimiter: str = ",") -> bytes:
    """CSV in which null is an unquoted empty field and an empty text is quoted."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\n")
    writer.writerow(table.column_names)
    for row in table.to_pylist():
        out.write(delimiter.join(_field(value) for value in row.values()) + "\n")
    return out.getvalue().encode()


def _field(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return '"' + value.replace('"', '""') + '"'
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, datetime.date) else repr(value)


def as_jsonl(table: pa.Table) -> bytes:
    """JSON Lines; dates as ISO texts."""
    lines = (json.dumps(row, ensure_ascii=False, default=lambda value: value.isoformat()) for row in table.to_pylist())
    return "".join(line + "\n" for line in lines).encode()


def as_parquet(table: pa.Table, **options: Any) -> bytes:
    """A Parquet file."""
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, **options)
    return bytes(sink.getvalue())


def as_arrow(table: pa.Table, *, stream: bool = True) -> bytes:
    """An Arrow stream, or an Arrow file."""
    sink = pa.BufferOutputStream()
    with (pa.ipc.new_stream if stream else pa.ipc.new_file)(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=3)
    return bytes(sink.getvalue())


WRITERS: dict[str, Callable[[pa.Table], bytes]] = {
    "a.csv": as_csv,
    "a.csv.gz": lambda table: gzip.compress(as_csv(table), mtime=0),
    "a.tsv": lambda table: as_csv(table, "\t"),
    "a.jsonl": as_jsonl,
    "a.jsonl.gz": lambda table: gzip.compress(as_jsonl(table), mtime=0),
    "a.parquet": as_parquet,
    "a.arrow": as_arrow,
    "a.feather": lambda table: as_arrow(table, stream=False),
}

FIRST_DAY = datetime.date(2024, 1, 1)
NAMES = st.sampled_from(["id", "본문", "a b", 'q"uote', "semi;colon", "select", "filename", "x'y", "🙂"])
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "string": TEXTS
    | st.sampled_from(["", "NA", "null", "01", "1e5", '"', "a,b", "a\tb", "첫 줄\n둘째 줄", "\r\n", "2024-01-01"]),
    "int64": st.integers(-(2**63), 2**63 - 1),
    "double": st.floats(allow_nan=False, allow_infinity=False, width=64),
    "bool": st.booleans(),
    "date32": st.dates(datetime.date(1700, 1, 1), datetime.date(2200, 1, 1)),
    "timestamp[us]": st.datetimes(datetime.datetime(1700, 1, 1), datetime.datetime(2200, 1, 1)),
}
NESTED: dict[str, st.SearchStrategy[Any]] = {
    "list<int64>": st.lists(st.none() | st.integers(-5, 5), max_size=3),
    "struct<a: string, b: list<double>>": st.fixed_dictionaries(
        {"a": st.none() | TEXTS, "b": st.none() | st.lists(st.floats(-5, 5), max_size=2)}
    ),
}


@st.composite
def tables(draw: st.DrawFn, *, nested: bool = False, min_columns: int = 2) -> pa.Table:
    """A table of a few columns and rows, nulls included."""
    from registry.tables.types import parse_type

    kinds = VALUES | (NESTED if nested else {})
    names = draw(st.lists(NAMES, min_size=min_columns, max_size=4, unique=True))
    count = draw(st.integers(0, 8))
    columns = {}
    for name in names:
        kind = draw(st.sampled_from(sorted(kinds)))
        values = draw(st.lists(st.none() | kinds[kind], min_size=count, max_size=count))
        columns[name] = pa.array(values, parse_type(kind))
    return pa.table(columns)
