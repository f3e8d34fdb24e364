"""Values of a suite as SQL literals of a column's own type, so that nothing is compared by an implicit cast.

A text in a numeric column's `value_set` would otherwise match by a silent cast, where pandas
finds no match at all: a false pass. Here it is an error of that check, and says so.

>>> literal("it's", "VARCHAR"), literal(3, "BIGINT"), literal("2024-01-31", "DATE")
("'it''s'", '3', "DATE '2024-01-31'")
>>> literal("3", "BIGINT")
Traceback (most recent call last):
registry.checks.sql.PlanError: the text '3' is compared with a column of type BIGINT
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from registry.errors import DataError
from registry.tables.duck import quote_ident, quote_text
from registry.tables.keys import is_nan

INTEGERS = frozenset(
    f"{sign}{size}" for sign in ("", "U") for size in ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")
)
FLOATS = frozenset(("FLOAT", "DOUBLE"))
MOMENTS = frozenset(
    ("DATE", "TIME", "TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS", "TIMESTAMP WITH TIME ZONE")
)


class PlanError(DataError):
    """A check cannot be expressed on this table: the check is in error, the others are judged."""

    code = "check-unplanned"


def is_text(kind: str) -> bool:
    """Whether the DuckDB type `kind` holds text."""
    return kind == "VARCHAR" or kind.startswith("ENUM")


def is_number(kind: str) -> bool:
    """Whether the DuckDB type `kind` is an integer, float or decimal."""
    return kind in INTEGERS or kind in FLOATS or kind.startswith("DECIMAL")


def type_of(columns: Mapping[str, str], name: str) -> str:
    """DuckDB type of the column `name`; a missing one raises `PlanError`."""
    if name not in columns:
        raise PlanError(f"the data has no column `{name}`", hint="registry report card")
    return columns[name]


def missing(columns: Mapping[str, str], name: str) -> str:
    """The condition that a value of the column is missing: null, or NaN in a float column."""
    quoted = quote_ident(name)
    kind = type_of(columns, name)
    return f"({quoted} IS NULL OR {is_nan(quoted)})" if kind in FLOATS else f"({quoted} IS NULL)"


def literal(value: Any, kind: str) -> str:
    """`value` as a literal of the DuckDB type `kind`; a value of another kind raises `PlanError`."""
    plain = isinstance(value, (int, float, Decimal)) and not isinstance(value, bool)
    if plain and is_number(kind) and math.isfinite(value):
        return f"CAST({quote_text(str(value))} AS {kind})" if kind in FLOATS else _number(value)
    if isinstance(value, bool) and kind == "BOOLEAN":
        return str(value).upper()
    if isinstance(value, str) and is_text(kind):
        return quote_text(value)
    if isinstance(value, (str, dt.date, dt.time)) and kind in MOMENTS:
        text = value if isinstance(value, str) else value.isoformat()
        return f"{kind} {quote_text(text)}"
    what = "the text" if isinstance(value, str) else "the value"
    raise PlanError(f"{what} {value!r} is compared with a column of type {kind}")


def _number(value: float | Decimal) -> str:
    text = str(value) if isinstance(value, Decimal) else repr(value)
    return text.removesuffix(".0")


def literals(values: Iterable[Any], kind: str) -> tuple[str, ...]:
    """The distinct literals of a value set in order; nulls are left out, since no value equals null."""
    return tuple(dict.fromkeys(literal(value, kind) for value in values if value is not None))


def one_of(quoted: str, options: tuple[str, ...]) -> str:
    """The condition that the column `quoted` holds one of `options`; never null, false for no options."""
    return f"(({quoted} IN ({', '.join(options)})) IS TRUE)" if options else "FALSE"
