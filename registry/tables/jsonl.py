"""The reader of record of JSON Lines: one object a line, read in blocks of whole lines.

Types come from the schema; where there is none they are what Arrow sees in all lines
together: numbers, booleans, lists, objects, text, and `timestamp[ms]` where every text of
a column is an ISO date or time, which is also what `datasets` makes of it.

>>> import pyarrow as pa
>>> str(unified(pa.int64(), pa.float64())), str(unified(pa.timestamp("s"), pa.string()))
('double', 'string')
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from registry.errors import ConfigError, DataError
from registry.tables.columns import UndeclaredColumnsError
from registry.tables.source import Source
from registry.tables.types import format_type, normal_type

if TYPE_CHECKING:
    import pyarrow as pa

BLOCK = 8 << 20  # bytes of lines that are read at once
LONGEST = 256 << 20  # bytes of one line
_UNSUPPORTED = ("time32", "time64", "duration", "map<", "fixed_size_binary")
_ONE_A_LINE = "each line is one object"
_BY_FORM = {
    _ONE_A_LINE: _ONE_A_LINE,
    "twice": "an object has the same key twice",
    "surrogate": "a text holds half a surrogate pair",
    "unexpected field": "an object within it has an undeclared field",
}  # by what Arrow's message says
_MEND = "mend the line, then run the same command again"


@dataclass(frozen=True, slots=True)
class _Block:
    """Whole lines, and the number of the first (from 1)."""

    data: bytes
    first: int


def batches(source: Source, types: Mapping[str, pa.DataType]) -> Iterator[pa.RecordBatch]:
    """The rows, streamed, with `types`, which must know every field (`UndeclaredColumnsError`)."""
    import pyarrow as pa

    for name, kind in types.items():
        _vet_type(source, name, kind)
    schema = pa.schema(list(types.items()))
    wire = pa.schema([(name, _wire(kind)) for name, kind in types.items()])
    for block in _blocks(source):
        if not types:
            raise UndeclaredColumnsError(guess(source))
        try:
            table = _parsed(block.data, wire, "error").cast(schema)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise _explained(source, block, schema, wire, error) from error
        yield from table.to_batches()


def present(source: Source, names: Sequence[str]) -> set[str]:
    """Those of `names` that stand somewhere in the file as a key (or, harmlessly, as a text)."""
    forms = {name: _spellings(name) for name in names}
    found: set[str] = set()
    escapes = False
    for block in _blocks(source):
        found |= {name for name in forms.keys() - found if any(form in block.data for form in forms[name])}
        if len(found) == len(forms):
            return found
        escapes = escapes or b"\\u" in block.data
    if escapes:  # a key may be spelt in a way that only a parser sees
        for block in _blocks(source):
            found |= _keys(block.data) & set(names)
    return found


def _keys(data: bytes) -> set[str]:
    import pyarrow as pa

    try:
        return set(_parsed(data, None, "infer").schema.names)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):  # what is wrong is said when the rows are read
        return set()


def _spellings(name: str) -> set[bytes]:
    """The usual ways to write `name` in JSON."""
    return {json.dumps(name).encode(), json.dumps(name, ensure_ascii=False).encode()}


def guess(source: Source) -> dict[str, pa.DataType]:
    """The type of each field, from all lines; a field with values of several kinds raises `DataError`."""
    import pyarrow as pa

    types: dict[str, pa.DataType] = {}
    for block in _blocks(source):
        try:
            seen = _parsed(block.data, None, "infer").schema
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise _explained(source, block, None, None, error) from error
        for field in seen:
            types[field.name] = joined(source.path, field.name, types.get(field.name), field.type)
    return types


def joined(path: str, name: str, one: pa.DataType | None, other: pa.DataType) -> pa.DataType:
    """The type that holds the values of both; where there is none `DataError` names file and field."""
    found = other if one is None else unified(one, other)
    if found is None:
        raise DataError(
            f"`{path}` has values of several kinds in `{name}`",
            why=f"{format_type(one)} and {format_type(other)}",
            hint="write one kind of value, or declare the column as string and quote them",
            path=path,
            column=name,
        )
    return found


def unified(one: pa.DataType, other: pa.DataType) -> pa.DataType | None:
    """The narrowest type that loses nothing of either, or None."""
    import pyarrow as pa
    import pyarrow.types as t

    if one == other or t.is_null(other):
        return one
    if t.is_null(one):
        return other
    pair = {str(one), str(other)}
    if pair == {"int64", "double"}:
        return pa.float64()
    if "string" in pair and (t.is_timestamp(one) or t.is_timestamp(other)):
        return pa.string()
    if t.is_list(one) and t.is_list(other):
        inner = unified(one.value_type, other.value_type)
        return None if inner is None else pa.list_(inner)
    if t.is_struct(one) and t.is_struct(other):
        return _unified_structs(one, other)
    return None


def settled(kind: pa.DataType) -> pa.DataType:
    """`kind` with text where no value was seen; an object without fields has no column form."""
    import pyarrow as pa
    import pyarrow.types as t

    if t.is_null(kind) or (t.is_struct(kind) and not kind.num_fields):
        return pa.string()
    if t.is_list(kind):
        return pa.list_(settled(kind.value_type))
    if t.is_struct(kind):
        return pa.struct([(field.name, settled(field.type)) for field in kind])
    return normal_type(kind)


def _unified_structs(one: pa.DataType, other: pa.DataType) -> pa.DataType | None:
    import pyarrow as pa

    fields = {field.name: field.type for field in one}
    for field in other:
        kind = unified(fields.get(field.name, pa.null()), field.type)
        if kind is None:
            return None
        fields[field.name] = kind
    return pa.struct(list(fields.items()))


def _wire(kind: pa.DataType) -> pa.DataType:
    """How Arrow's JSON reader can read `kind`: what it does not know comes as text and is cast."""
    import pyarrow as pa
    import pyarrow.types as t

    if t.is_list(kind) or t.is_fixed_size_list(kind):
        return pa.list_(_wire(kind.value_type))
    if t.is_struct(kind):
        return pa.struct([(field.name, _wire(field.type)) for field in kind])
    if t.is_float16(kind):
        return pa.float32()
    return pa.string() if t.is_date(kind) or t.is_binary(kind) else kind


def _vet_type(source: Source, name: str, kind: pa.DataType) -> None:
    written = format_type(kind)
    unfit = next((one for one in _UNSUPPORTED if one in written), None)
    if unfit:
        raise ConfigError(
            f"`{source.path}` cannot hold the column `{name}` of type {written}",
            why=f"JSON has no {unfit}",
            hint="declare it as string, or write the data as Parquet",
            column=name,
        )


def _parsed(data: bytes, schema: pa.Schema | None, unexpected: str) -> pa.Table:
    import pyarrow as pa
    import pyarrow.json as pajson

    lines = [line for line in data.split(b"\n") if line.strip()]
    if not lines:
        return pa.Table.from_batches([], pa.schema([]) if schema is None else schema)
    # NOTE: a line that is `null` makes the parser read past its memory; nothing but objects reaches it.
    for number, line in enumerate(lines):
        if not line.lstrip().startswith(b"{"):
            raise pa.ArrowInvalid(f"JSON parse error: a line is no object in row {number}")
    table = pajson.read_json(
        pa.BufferReader(data),
        read_options=pajson.ReadOptions(use_threads=False, block_size=len(data) + 1),
        parse_options=pajson.ParseOptions(explicit_schema=schema, unexpected_field_behavior=unexpected),
    )
    if table.num_rows != len(lines):
        raise pa.ArrowInvalid(_ONE_A_LINE)
    return table


def _blocks(source: Source) -> Iterator[_Block]:
    """Blocks of whole lines; a line longer than a block makes its block longer."""
    with source.open() as stream:
        rest, first = b"", 1
        while data := stream.read(BLOCK):
            head, newline, tail = data.rpartition(b"\n")
            if not newline:
                rest += data
                if len(rest) > LONGEST:
                    why = f"line {first} is longer than {LONGEST >> 20} MiB"
                    raise DataError(f"`{source.path}` cannot be read", why=why, hint=_MEND, path=source.path)
                continue
            block = _Block(rest + head + newline, first)
            yield block
            first += block.data.count(b"\n")
            rest = tail
        if rest:
            yield _Block(rest, first)


def _explained(
    source: Source, block: _Block, schema: pa.Schema | None, wire: pa.Schema | None, error: Exception
) -> Exception:
    """The error with its line, found by halving the block."""

    def fails(lines: list[bytes]) -> Exception | None:
        return _failure(b"\n".join(lines) + b"\n", schema, wire)

    lines = block.data.splitlines()
    start, end = 0, len(lines)
    while end - start > 1:
        middle = (start + end) // 2
        start, end = (start, middle) if fails(lines[start:middle]) else (middle, end)
    alone = fails(lines[start:end])
    line = block.first + start
    if wire is not None and "unexpected field" in str(alone or error):
        unknown = _unknown(lines[start], wire)
        if unknown:
            return UndeclaredColumnsError(unknown)
    return _line_error(source, line, lines[start], wire, alone, str(error))


def _failure(data: bytes, schema: pa.Schema | None, wire: pa.Schema | None) -> Exception | None:
    import pyarrow as pa

    failure: Exception | None = None
    try:
        table = _parsed(data, wire, "infer" if wire is None else "error")
        if schema is not None:
            table.cast(schema)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        failure = error
    return failure


def _unknown(line: bytes, schema: pa.Schema) -> list[str]:
    try:
        return [name for name in json.loads(line) if name not in schema.names]
    except (ValueError, RecursionError):
        return []  # the line is no JSON; the error about it follows


def _line_error(
    source: Source, line: int, text: bytes, wire: pa.Schema | None, alone: Exception | None, whole: str
) -> DataError:
    path, where = source.path, f"`{source.path}` line {line}"
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as broken:
        return DataError(f"{where} is no JSON", why=getattr(broken, "msg", ""), hint=_MEND, path=path, line=line)
    if not isinstance(value, dict):
        return DataError(f"{where} is no JSON object", why=_ONE_A_LINE, hint=_MEND, path=path, line=line)
    fields = () if wire is None or _by_form(alone) else wire
    field = next((field for field in fields if field.name in value and _misfits(value[field.name], field)), None)
    if field is None:
        why = _reason(alone, _column_of(whole))
        return DataError(f"{where} cannot be read", why=why, hint=_MEND, path=path, line=line)
    return DataError(
        f"{where}: `{field.name}` is no {format_type(field.type)}",
        why=f"it holds {_kind_of(value[field.name])}",
        hint="mend the value, or declare the column with another type in the schema",
        path=path,
        line=line,
        column=field.name,
    )


def _column_of(message: str) -> str:
    """The column that Arrow's message names, as ` of `x``; nothing where it names none.

    >>> _column_of("JSON parse error: Column(/글/점수) changed from number to string in row 1")
    ' of `글`'
    """
    found = re.search(r"Column\(/([^/]+?)(?:/.*)?\) changed from", message)
    return f" of `{found[1]}`" if found else ""


def _reason(alone: Exception | None, column: str = "") -> str:
    """Why a line fails, without its values."""
    if alone is None:
        return f"its values{column} are of other kinds than those of the lines before"
    several = f"a list{column} holds values of several kinds" if "changed from" in str(alone) else ""
    return _by_form(alone) or several or "a value does not convert"


def _by_form(alone: Exception | None) -> str | None:
    """The reason that lies in no type."""
    return next((why for sign, why in _BY_FORM.items() if sign in str(alone)), None)


def _misfits(value: object, field: pa.Field) -> bool:
    import pyarrow as pa

    try:
        _parsed(json.dumps({field.name: value}).encode() + b"\n", pa.schema([field]), "error")
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return True
    return False


def _kind_of(value: object) -> str:
    kinds = {str: "a text", bool: "a boolean", int: "an integer", float: "a number", list: "a list", dict: "an object"}
    return kinds.get(type(value), "null")
