"""How ODCS's logical types and Arrow's types agree.

>>> logical_type("list<int32>"), logical_type("timestamp[us]"), physical_type("integer")
('array', 'timestamp', 'int64')
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from registry.tables.types import format_type, is_type, parse_type

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["LOGICAL", "format_type", "is_type", "logical_type", "parse_type", "physical_type", "written_as"]

LOGICAL: Mapping[str, str] = {
    "string": "string",
    "integer": "int64",
    "number": "double",
    "boolean": "bool",
    "date": "date32",
    "timestamp": "timestamp[us]",
    "time": "time64[us]",
}  # the Arrow type of a logical type that stands alone


def physical_type(logical: str) -> str | None:
    """The Arrow type name that a scalar logical type means by itself, or None."""
    return LOGICAL.get(logical)


def written_as(name: str) -> str:
    """The logical type that stands in a file beside the Arrow type name: the nearest where ODCS has none.

    >>> written_as("int8"), written_as("binary"), written_as("map<string, int64>")
    ('integer', 'string', 'object')
    """
    return logical_type(name) or ("object" if name.startswith("map<") else "string")


def logical_type(name: str) -> str | None:
    """The logical type of an Arrow type name; None where ODCS v3.1 has none (binary, duration, map)."""
    import pyarrow.types as t

    kind = parse_type(name)
    tests = (
        ("string", t.is_string),
        ("integer", t.is_integer),
        ("number", _is_number),
        ("boolean", t.is_boolean),
        ("date", t.is_date),
        ("timestamp", t.is_timestamp),
        ("time", t.is_time),
        ("array", _is_list),
        ("object", t.is_struct),
    )
    return next((logical for logical, is_one in tests if is_one(kind)), None)


def _is_number(kind: pa.DataType) -> bool:
    import pyarrow.types as t

    return bool(t.is_floating(kind) or t.is_decimal(kind))


def _is_list(kind: pa.DataType) -> bool:
    import pyarrow.types as t

    return bool(t.is_list(kind) or t.is_fixed_size_list(kind))
