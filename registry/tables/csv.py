"""The reader of record of CSV and TSV, after RFC 4180.

The first record names the columns. An unquoted empty field is null and nothing else
is: `""` is the empty text, `NA` and `null` are text. Blank lines are passed over. A
record with too many or too few fields, a value that is not of its type and a quote
that never ends are errors that name file, row and column.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from typing import IO, TYPE_CHECKING, Any

from registry.errors import ConfigError, DataError
from registry.privacy.mask import outline
from registry.tables.columns import in_order, strings, vet_columns
from registry.tables.guess import Guess
from registry.tables.source import Source
from registry.tables.types import format_type

if TYPE_CHECKING:
    import pyarrow as pa

BLOCK = 16 << 20  # bytes; also the longest record
SEPARATORS = (";", "\t", "|", ",")
DELIMITERS: Mapping[str, str] = {"csv": ",", "tsv": "\t"}
_CONVERSION = re.compile(r"In CSV column #(\d+): CSV conversion error to (.+?): (.*)", re.DOTALL)
_QUOTED = re.compile(r"'(.*?)'(?:$|\. )", re.DOTALL)
_UNSUPPORTED = ("list", "struct", "map", "fixed_size_list", "duration", "fixed_size_binary")
# A last record of our own tells whether the one before it ended: inside an open quote it is swallowed.
_DAY, _TIME = "1970-01-01", "00:00:00"
_SENTINELS = {"bool": "false", "date32": _DAY, "time32": _TIME, "time64": _TIME}


def columns(source: Source, delimiter: str) -> tuple[str, ...]:
    """The names in the first record; an empty file, an empty or a repeated name raise `DataError`."""
    with source.open() as stream:
        names = next(_records(stream, delimiter, source), None)
    if names is None:
        hint = "write at least the names of the columns"
        raise DataError(f"`{source.path}` is empty", why="not even its columns are named", hint=hint, path=source.path)
    vet_columns(names, source.path)
    _vet_separator(names, delimiter, source)
    return tuple(names)


def _vet_separator(names: list[str], delimiter: str, source: Source) -> None:
    """One column whose name holds the separator of other dialects is several columns, read wrongly."""
    others = [mark for mark in SEPARATORS if mark != delimiter and mark in names[0]]
    if len(names) == 1 and others:
        kind = "tabs: name it .tsv" if others[0] == "\t" else f"`{others[0]}`"
        raise DataError(
            f"`{source.path}` would be one column, `{names[0][:80]}`",
            why=f"its fields seem to be separated by {kind}",
            hint="write the file with commas (.csv) or tabs (.tsv)",
            path=source.path,
        )


def batches(source: Source, types: Mapping[str, pa.DataType], delimiter: str) -> Iterator[pa.RecordBatch]:
    """The rows, streamed, with `types`, which must know every column of the file (`UndeclaredColumnsError`)."""
    import pyarrow as pa

    wanted = in_order(columns(source, delimiter), types)
    for name, kind in wanted.items():
        _vet_type(source, name, kind)
    tail, marker = _sentinel(list(wanted.values()), delimiter)
    held: pa.RecordBatch | None = None
    try:
        with source.open(tail) as stream:
            for batch in _reader(stream, wanted, delimiter):
                if not batch.num_rows:
                    continue
                if held is not None:
                    yield held
                held = batch
    except pa.ArrowInvalid as error:
        raise _explained(source, wanted, delimiter, str(error)) from error
    if held is None or (marker and _last_values(held) != marker):
        why = "a quote is opened and never closed"
        raise DataError(f"`{source.path}` ends within a value", why=why, hint=_MEND, path=source.path)
    yield held.slice(0, held.num_rows - 1)


def guess(source: Source, delimiter: str) -> dict[str, Guess]:
    """What each column can be, from all its values."""
    import pyarrow as pa

    names = columns(source, delimiter)
    guesses = dict.fromkeys(names, Guess())
    for batch in batches(source, dict.fromkeys(names, pa.string()), delimiter):
        guesses = {name: guesses[name].seeing(batch.column(index)) for index, name in enumerate(names)}
    return guesses


_MEND = "mend the file, then run the same command again"


def _reader(stream: IO[bytes], types: Mapping[str, pa.DataType], delimiter: str) -> Iterator[pa.RecordBatch]:
    import pyarrow.csv as pacsv

    return iter(
        pacsv.open_csv(
            stream,
            read_options=pacsv.ReadOptions(block_size=BLOCK),
            parse_options=pacsv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
            convert_options=pacsv.ConvertOptions(
                column_types=dict(types),
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
            ),
        )
    )


def _sentinel(kinds: list[pa.DataType], delimiter: str) -> tuple[bytes, list[Any]]:
    """The bytes of the last record, and the values by which it is known (none: it only has to convert)."""
    import pyarrow as pa

    if len(kinds) > 1:
        return b"\n" + delimiter.encode() * (len(kinds) - 1) + b"\n", [None] * len(kinds)
    kind = kinds[0]
    if pa.types.is_timestamp(kind):
        text = "1970-01-01 00:00:00" + ("Z" if kind.tz else "")
    else:
        text = _SENTINELS.get(format_type(kind).split("[")[0], "" if pa.types.is_null(kind) else "0")
    comparable = pa.types.is_string(kind) or pa.types.is_binary(kind)  # else the value would not convert
    return f"\n{text}\n".encode(), [strings([text]).cast(kind)[0].as_py()] if comparable else []


def _last_values(batch: pa.RecordBatch) -> list[Any]:
    return [column[batch.num_rows - 1].as_py() for column in batch.columns]


def _vet_type(source: Source, name: str, kind: pa.DataType) -> None:
    if format_type(kind).startswith(_UNSUPPORTED):
        raise ConfigError(
            f"`{source.path}` cannot hold the column `{name}` of type {format_type(kind)}",
            why="a field of CSV is a number, a text, a date or a time",
            hint="declare it as string, or write the data as JSON Lines or Parquet",
            column=name,
        )


def _explained(source: Source, types: Mapping[str, pa.DataType], delimiter: str, message: str) -> DataError:
    """The error with file, row and column; only now is the file read a second time, slowly."""
    found = _CONVERSION.match(message)
    if found:
        name = list(types)[int(found[1])]
        value = _QUOTED.search(found[3])
        return _misfit(source, name, types[name], value[1] if value else None, delimiter)
    if "straddling" in message or "no single row" in message.lower():
        why = f"a record is longer than {BLOCK >> 20} MiB, or a quote is opened and never closed"
        return DataError(f"`{source.path}` cannot be read", why=why, hint=_MEND, path=source.path)
    ragged = _ragged(source, len(types), delimiter)
    if ragged:
        row, line, fields = ragged
        return DataError(
            f"`{source.path}` has {fields} fields instead of {len(types)} in row {row} (line {line})",
            why="a delimiter or a quote is missing or too many",
            hint=_MEND,
            path=source.path,
            row=row,
            line=line,
        )
    return DataError(f"`{source.path}` cannot be read", why=message.splitlines()[0][:80], hint=_MEND, path=source.path)


def _misfit(source: Source, name: str, kind: pa.DataType, value: str | None, delimiter: str) -> DataError:
    place = _find(source, name, value, delimiter) if value is not None else None
    where = f" in row {place[0]} (line {place[1]})" if place else ""
    return DataError(
        f"`{source.path}` column `{name}`{where} is no {format_type(kind)}",
        why=f"it holds a {outline(value)}" if value is not None else "the value does not convert",
        hint="mend the value, or declare the column as string in the schema",
        path=source.path,
        column=name,
        row=place[0] if place else None,
    )


def _find(source: Source, name: str, value: str, delimiter: str) -> tuple[int, int] | None:
    """Row (from 1) and line of the first record that holds `value` in column `name`."""
    with source.open() as stream:
        reader = _numbered(stream, delimiter, source)
        index = next(reader)[1].index(name)
        for row, (line, record) in enumerate(reader, 1):
            if len(record) > index and record[index] == value:
                return row, line
    return None


def _ragged(source: Source, width: int, delimiter: str) -> tuple[int, int, int] | None:
    """Row (from 1), line and number of fields of the first record of another width."""
    with source.open() as stream:
        for row, (line, record) in enumerate(_numbered(stream, delimiter, source)):
            if len(record) != width:
                return row, line, len(record)
    return None


def _records(stream: IO[bytes], delimiter: str, source: Source) -> Iterator[list[str]]:
    return (record for _, record in _numbered(stream, delimiter, source))


def _numbered(stream: IO[bytes], delimiter: str, source: Source) -> Iterator[tuple[int, list[str]]]:
    """Records that are not blank, each with the line where it ends."""
    reader = csv.reader(io.TextIOWrapper(stream, "utf-8", newline=""), delimiter=delimiter)
    limit = csv.field_size_limit(BLOCK)
    try:
        for record in reader:
            if record:
                yield reader.line_num, record
    except csv.Error as error:
        place = f"line {reader.line_num}: {error}"
        raise DataError(f"`{source.path}` cannot be read", why=place, hint=_MEND, path=source.path) from error
    finally:
        csv.field_size_limit(limit)
