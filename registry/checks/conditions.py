"""Row conditions: the text in a suite → a small tree → SQL, and the shape Great Expectations reads.

Read is what stands in suites: `col("x") == "y"` with `== != < <= > >=`, `.is_in([…])`,
`.is_not_in([…])`, `.is_null()`, `.is_not_null()` (also `.notnull()`), joined by `and` or by
`or` (an `or` of `and`s too, as Great Expectations allows). Nothing is evaluated.

>>> tree = parse('col("split") == "test" and col("n") > 3')
>>> to_sql(tree, {"split": "VARCHAR", "n": "BIGINT"})
'(("split" = \\'test\\') AND ("n" > 3))'
>>> columns_of(tree)
('split', 'n')
>>> parse('__import__("os")')
Traceback (most recent call last):
ValueError: `__import__('os')` is no condition
"""

from __future__ import annotations

import ast
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from registry.checks.sql import FLOATS, literal, missing, one_of, type_of
from registry.tables.duck import quote_ident
from registry.tables.keys import is_nan

_COMPARE: dict[type[ast.cmpop], str] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
}
_SQL = {"==": "=", "!=": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_METHODS = {"is_null": True, "isnull": True, "is_not_null": False, "notnull": False, "notNull": False}
_SETS = {"is_in": "IN", "is_not_in": "NOT_IN"}


@dataclass(frozen=True, slots=True)
class Comparison:
    """`column operator value`; the operators IN and NOT_IN take a tuple."""

    column: str
    operator: str
    value: Any


@dataclass(frozen=True, slots=True)
class Nullity:
    """The column is null, or is not."""

    column: str
    is_null: bool


@dataclass(frozen=True, slots=True)
class Junction:
    """`and` or `or` of conditions."""

    kind: str
    parts: tuple[Condition, ...]


Condition = Comparison | Nullity | Junction


def parse(text: str) -> Condition:
    """The tree of a condition's text; anything else raises `ValueError` naming the part."""
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError) as error:
        raise ValueError(f"`{text}` is no condition") from error
    return _node(tree.body, nested=False)


def _node(node: ast.expr, *, nested: bool) -> Condition:
    if isinstance(node, ast.BoolOp):
        kind = "and" if isinstance(node.op, ast.And) else "or"
        if nested and kind == "or":
            raise ValueError(f"`{ast.unparse(node)}`: an `or` cannot stand within `and` or `or`")
        return Junction(kind, tuple(_node(part, nested=True) for part in node.values))
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in _COMPARE:
        column, value = _column(node.left), _value(node.comparators[0])
        if column is not None and value is not None and not isinstance(value, tuple):
            return Comparison(column, _COMPARE[type(node.ops[0])], value)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and not node.keywords:
        found = _method(node, node.func)
        if found is not None:
            return found
    raise ValueError(f"`{ast.unparse(node)}` is no condition")


def _method(node: ast.Call, func: ast.Attribute) -> Condition | None:
    column = _column(func.value)
    if column is None:
        return None
    if func.attr in _METHODS and not node.args:
        return Nullity(column, _METHODS[func.attr])
    if func.attr in _SETS and len(node.args) == 1:
        value = _value(node.args[0])
        if isinstance(value, tuple) and value:
            return Comparison(column, _SETS[func.attr], value)
    return None


def _column(node: ast.expr) -> str | None:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "col" and len(node.args) == 1:
        name = _value(node.args[0])
        return name if isinstance(name, str) else None
    return None


def _value(node: ast.expr) -> Any:
    try:
        value = ast.literal_eval(node)
    except (ValueError, TypeError, RecursionError):
        return None
    if isinstance(value, (list, tuple)):
        return tuple(value) if all(isinstance(item, (str, int, float)) for item in value) else None
    return value if isinstance(value, (str, int, float)) else None


def columns_of(condition: Condition) -> tuple[str, ...]:
    """Names of the columns a condition reads, in order, each once."""
    if isinstance(condition, Junction):
        return tuple(dict.fromkeys(name for part in condition.parts for name in columns_of(part)))
    return (condition.column,)


def to_sql(condition: Condition, columns: Mapping[str, str]) -> str:
    """The condition as SQL on columns of the given DuckDB types; a missing value satisfies no comparison."""
    if isinstance(condition, Junction):
        return "(" + f" {condition.kind.upper()} ".join(to_sql(part, columns) for part in condition.parts) + ")"
    name, quoted = condition.column, quote_ident(condition.column)
    if isinstance(condition, Nullity):
        return missing(columns, name) if condition.is_null else f"(NOT {missing(columns, name)})"
    kind = type_of(columns, name)
    if condition.operator in ("IN", "NOT_IN"):
        inside = one_of(quoted, tuple(literal(value, kind) for value in condition.value))
        return inside if condition.operator == "IN" else f"(NOT {missing(columns, name)} AND NOT {inside})"
    compared = f"({quoted} {_SQL[condition.operator]} {literal(condition.value, kind)})"
    return f"({compared} AND NOT {is_nan(quoted)})" if kind in FLOATS else compared


def to_text(condition: Condition) -> str:
    """The condition as a suite writes it.

    >>> to_text(parse('col("n")>3 and col("x").is_in(["가"])'))
    'col("n") > 3 and col("x").is_in(["가"])'
    """
    if isinstance(condition, Junction):
        return f" {condition.kind} ".join(to_text(part) for part in condition.parts)
    column = f"col({json.dumps(condition.column, ensure_ascii=False)})"
    if isinstance(condition, Nullity):
        return f"{column}.{'is_null' if condition.is_null else 'is_not_null'}()"
    value = json.dumps(condition.value, ensure_ascii=False)
    method = {"IN": "is_in", "NOT_IN": "is_not_in"}.get(condition.operator)
    return f"{column}.{method}({value})" if method else f"{column} {condition.operator} {value}"


def to_gx(condition: Condition) -> dict[str, Any]:
    """The dictionary from which Great Expectations builds its own condition."""
    if isinstance(condition, Junction):
        return {"type": condition.kind, "conditions": [to_gx(part) for part in condition.parts]}
    column = {"name": condition.column}
    if isinstance(condition, Nullity):
        return {"type": "nullity", "column": column, "is_null": condition.is_null}
    value = list(condition.value) if isinstance(condition.value, tuple) else condition.value
    return {"type": "comparison", "column": column, "operator": condition.operator, "parameter": value}


def from_gx(raw: Mapping[str, Any]) -> Condition:
    """The tree of a dictionary in the shape of `to_gx`; anything else raises `ValueError`."""
    try:
        if raw["type"] in ("and", "or"):
            return Junction(raw["type"], tuple(from_gx(part) for part in raw["conditions"]))
        column = raw["column"] if isinstance(raw["column"], str) else raw["column"]["name"]
        if raw["type"] == "nullity":
            return Nullity(column, bool(raw["is_null"]))
        operator, value = str(getattr(raw["operator"], "value", raw["operator"])), raw["parameter"]
        if raw["type"] == "comparison" and operator in (*_SQL, "IN", "NOT_IN"):
            return Comparison(column, operator, tuple(value) if isinstance(value, (list, tuple)) else value)
    except (KeyError, TypeError) as error:
        raise ValueError(f"`{raw}` is no condition") from error
    raise ValueError(f"`{raw}` is no condition")
