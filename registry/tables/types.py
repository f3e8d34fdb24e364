"""Arrow type names, as schemas and tables write them, and the types they mean.

A name is what Arrow prints, without what carries no meaning: `list<int32>`, not
`list<item: int32>`; `date32`, not `date32[day]`. Names nest and read back.

>>> format_type(parse_type("list<struct<start: int32, text: utf8>>"))
'list<struct<start: int32, text: string>>'
>>> format_type(parse_type("timestamp[us, tz=Asia/Seoul]"))
'timestamp[us, tz=Asia/Seoul]'
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from registry.errors import ConfigError

if TYPE_CHECKING:
    import pyarrow as pa

INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
FLOATS = ("halffloat", "float", "double")
PLAIN = (*INTEGERS, *FLOATS, "string", "binary", "bool", "date32", "null")
ALIASES = {
    "float16": "halffloat",
    "float32": "float",
    "float64": "double",
    "utf8": "string",
    "large_string": "string",
    "large_utf8": "string",
    "large_binary": "binary",
    "boolean": "bool",
    "date32[day]": "date32",
    "date64": "date32",
}
KNOWN = (
    *PLAIN,
    "decimal128(p, s)",
    "decimal256(p, s)",
    "timestamp[ms|us|ns]",
    "timestamp[us, tz=UTC]",
    "time32[ms]",
    "time64[us|ns]",
    "duration[s|ms|us|ns]",
    "fixed_size_binary[n]",
    "list<type>",
    "fixed_size_list<type>[n]",
    "struct<name: type, …>",
    "map<key, value>",
    "dictionary<type>",
)

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[<>\[\](),:=]|[^<>\[\](),:="\s][^<>\[\](),:="]*')
_WORD = re.compile(r"[^\W\d]\w*\Z")
_UNITS = {"time32": ("s", "ms"), "time64": ("us", "ns"), "duration": ("s", "ms", "us", "ns")}


def parse_type(name: str) -> pa.DataType:
    """The Arrow type that `name` means; an unknown name raises `ConfigError` with those known.

    Large and view variants mean their plain type, and `dictionary<…>` its value type: they
    differ in layout, not in values. Seconds are milliseconds and date64 is date32, since
    Parquet knows no other.
    """
    try:
        parser = _Parser(name)
        found = parser.type()
        parser.end()
    except (_UnknownTypeError, ValueError, RecursionError) as error:
        raise ConfigError(
            f"`{name[:100]}` is no Arrow type name", why=f"known are {', '.join(KNOWN)}", hint="write for example int64"
        ) from error
    return found


def is_type(name: str) -> bool:
    """Whether `name` is an Arrow type name that we know."""
    try:
        parse_type(name)
    except ConfigError:
        return False
    return True


def format_type(kind: pa.DataType) -> str:
    """The name of `kind` after `normal_type`."""
    import pyarrow.types as t

    kind = normal_type(kind)
    if t.is_fixed_size_list(kind):
        return f"fixed_size_list<{format_type(kind.value_type)}>[{kind.list_size}]"
    if t.is_list(kind):
        return f"list<{format_type(kind.value_type)}>"
    if t.is_struct(kind):
        return f"struct<{', '.join(f'{_field(f.name)}: {format_type(f.type)}' for f in kind)}>"
    if t.is_map(kind):
        return f"map<{format_type(kind.key_type)}, {format_type(kind.item_type)}>"
    return ALIASES.get(str(kind), str(kind))


def normal_type(kind: pa.DataType) -> pa.DataType:
    """`kind` without what does not change values: large and view layouts, dictionaries, extensions, field names."""
    import pyarrow as pa
    import pyarrow.types as t

    if isinstance(kind, pa.BaseExtensionType):
        return normal_type(kind.storage_type)
    if t.is_dictionary(kind) or t.is_run_end_encoded(kind):
        return normal_type(kind.value_type)
    if t.is_fixed_size_list(kind):
        return pa.list_(normal_type(kind.value_type), kind.list_size)
    if any(is_one(kind) for is_one in (t.is_list, t.is_large_list, t.is_list_view, t.is_large_list_view)):
        return pa.list_(normal_type(kind.value_type))
    if t.is_struct(kind):
        return pa.struct([(f.name, normal_type(f.type)) for f in kind])
    if t.is_map(kind):
        return pa.map_(normal_type(kind.key_type), normal_type(kind.item_type))
    return _normal_scalar(kind)


def _normal_scalar(kind: pa.DataType) -> pa.DataType:
    import pyarrow as pa
    import pyarrow.types as t

    if t.is_timestamp(kind):
        return pa.timestamp(_kept_unit("timestamp", kind.unit), kind.tz)
    same = (
        (pa.string(), (t.is_large_string, t.is_string_view)),
        (pa.binary(), (t.is_large_binary, t.is_binary_view)),
        (pa.date32(), (t.is_date64,)),
        (pa.time32("ms"), (t.is_time32,)),
    )
    return next((normal for normal, tests in same if any(is_one(kind) for is_one in tests)), kind)


def normal_table(table: pa.Table) -> pa.Table:
    """`table` with every column in its normal type."""
    import pyarrow as pa

    wanted = pa.schema([(field.name, normal_type(field.type)) for field in table.schema])
    return table.cast(wanted) if table.schema != wanted else table.replace_schema_metadata(None)


def _kept_unit(word: str, unit: str) -> str:
    """The unit that Parquet keeps: it has no seconds."""
    return "ms" if unit == "s" and word != "duration" else unit


def _field(name: str) -> str:
    if _WORD.match(name):
        return name
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


class _UnknownTypeError(Exception):
    """The text is no type name."""


class _Parser:
    """Recursive descent over the tokens of one name."""

    def __init__(self, text: str) -> None:
        self._tokens = list(_tokens(text))
        self._at = 0

    def end(self) -> None:
        if self._at != len(self._tokens):
            raise _UnknownTypeError

    def type(self) -> pa.DataType:
        import pyarrow as pa

        word = self._next()
        word = ALIASES.get(word, word)
        if word == "date32" and self._peek() == "[":
            self._argument()
        if word in PLAIN:
            return _plain_type(word)
        if word in ("decimal128", "decimal256"):
            precision, scale = self._numbers("(", ")")
            return getattr(pa, word)(precision, scale)
        if word == "timestamp":
            return self._timestamp()
        if word in _UNITS:
            unit = self._argument()
            if unit not in _UNITS[word]:
                raise _UnknownTypeError
            return getattr(pa, word)(_kept_unit(word, unit))
        if word == "fixed_size_binary":
            return pa.binary(int(self._argument()))
        return self._nested(word)

    def _nested(self, word: str) -> pa.DataType:
        import pyarrow as pa

        self._expect("<")
        if word == "struct":
            fields = self._fields()
            self._expect(">")
            return pa.struct(fields)
        if word in ("list", "large_list", "fixed_size_list"):
            element = self._element("item", "element")
            self._expect(">")
            return pa.list_(element, int(self._argument())) if word == "fixed_size_list" else pa.list_(element)
        if word == "dictionary":
            return self._dictionary()
        if word == "map":
            key = self.type()
            self._expect(",")
            value = self.type()
            self._expect(">")
            return pa.map_(key, value)
        raise _UnknownTypeError

    def _element(self, *labels: str) -> pa.DataType:
        if self._peek() in labels and self._peek(1) == ":":
            self._at += 2
        return self.type()

    def _fields(self) -> list[tuple[str, pa.DataType]]:
        fields: list[tuple[str, pa.DataType]] = []
        while self._peek() != ">":
            if fields:
                self._expect(",")
            name = self._next()
            if name.startswith('"'):
                name = re.sub(r"\\(.)", r"\1", name[1:-1])
            self._expect(":")
            fields.append((name, self.type()))
        if not fields or len({name for name, _ in fields}) != len(fields):
            raise _UnknownTypeError
        return fields

    def _dictionary(self) -> pa.DataType:
        if self._peek() == "values" and self._peek(1) == "=":
            self._at += 2
        values = self.type()
        while self._next() != ">":  # indices and order do not change values
            pass
        return values

    def _timestamp(self) -> pa.DataType:
        import pyarrow as pa

        self._expect("[")
        unit = self._next()
        zone = None
        if self._peek() == ",":
            self._at += 1
            if self._peek() == "tz" and self._peek(1) == "=":
                self._at += 2
            zone = self._next()
            while self._peek() == ":":  # an offset such as +09:00
                self._at += 1
                zone += ":" + self._next()
        self._expect("]")
        return pa.timestamp(_kept_unit("timestamp", unit), zone)

    def _argument(self) -> str:
        self._expect("[")
        found = self._next()
        self._expect("]")
        return found

    def _numbers(self, start: str, end: str) -> tuple[int, int]:
        self._expect(start)
        first = int(self._next())
        second = 0
        if self._peek() == ",":
            self._at += 1
            second = int(self._next())
        self._expect(end)
        return first, second

    def _peek(self, ahead: int = 0) -> str | None:
        index = self._at + ahead
        return self._tokens[index] if index < len(self._tokens) else None

    def _next(self) -> str:
        found = self._peek()
        if found is None:
            raise _UnknownTypeError
        self._at += 1
        return found

    def _expect(self, token: str) -> None:
        if self._next() != token:
            raise _UnknownTypeError


def _tokens(text: str) -> Iterator[str]:
    at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        found = _TOKEN.match(text, at)
        if found is None:
            raise _UnknownTypeError
        yield found[0].strip()
        at = found.end()


def _plain_type(word: str) -> pa.DataType:
    import pyarrow as pa

    names = {"halffloat": "float16", "float": "float32", "double": "float64", "bool": "bool_"}
    return getattr(pa, names.get(word, word))()
