"""Conditions on single rows: which rows a check considers, and which of them it does not expect.

`NOT (x IN ('a', NULL))` is null and so finds nothing: every condition here is made true or
false with `IS TRUE` before it is negated.

>>> domain = domain_of("column_values.in_set", {"column": "label"}, {"label": "VARCHAR"})
>>> unexpected_count("column_values.in_set", domain, {"value_set": ["a", None]}, {"label": "VARCHAR"})
'(NOT ("label" IS NULL)) AND NOT ((("label" IN (\\'a\\')) IS TRUE) IS TRUE)'
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from registry.checks.regex import to_re2
from registry.checks.sql import PlanError, is_number, is_text, literal, literals, missing, one_of, type_of
from registry.tables.duck import quote_ident, quote_text

Columns = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Domain:
    """The columns a check reads and the condition that a row is considered."""

    columns: tuple[str, ...]
    considered: str


@dataclass(frozen=True, slots=True)
class Row:
    """What a condition is built from: the quoted columns, their types, the check's arguments."""

    names: tuple[str, ...]
    types: Columns
    value: Mapping[str, Any]

    @property
    def column(self) -> str:
        """The first column in SQL."""
        return quote_ident(self.names[0])

    @property
    def kind(self) -> str:
        """Type of the first column."""
        return type_of(self.types, self.names[0])

    @property
    def text(self) -> str:
        """The first column; another type than text raises `PlanError`."""
        if not is_text(self.kind):
            raise PlanError(f"`{self.names[0]}` is of type {self.kind}; a text is needed")
        return self.column


def domain_of(base: str, domain: Mapping[str, Any], columns: Columns) -> Domain:
    """The domain of the map metric `base`; a column absent from the data raises `PlanError`."""
    if "column" in domain:
        name = str(domain["column"])
        absent = missing(columns, name)
        every = base in ("column_values.nonnull", "column_values.null")
        return Domain((name,), "TRUE" if every else f"(NOT {absent})")
    names = tuple(domain["column_list"]) if "column_list" in domain else (domain["column_A"], domain["column_B"])
    absent_all = [missing(columns, name) for name in names]
    rule = str(domain.get("ignore_row_if") or "")
    if rule in ("both_values_are_missing", "all_values_are_missing"):
        return Domain(names, f"NOT ({' AND '.join(absent_all)})")
    if rule in ("either_value_is_missing", "any_value_is_missing"):
        return Domain(names, f"NOT ({' OR '.join(absent_all)})")
    if rule in ("neither", "never"):
        return Domain(names, "TRUE")
    raise PlanError(f"unknown ignore_row_if `{rule}`")


def unexpected_count(base: str, domain: Domain, value: Mapping[str, Any], columns: Columns) -> str:
    """The condition that a row is considered and not as expected."""
    expected = MAPS[base](Row(domain.columns, columns, value))
    return f"{domain.considered} AND NOT ({expected} IS TRUE)"


def _between(row: Row, what: str, kind: str) -> str:
    low, high = row.value.get("min_value"), row.value.get("max_value")
    parts = []
    if low is not None:
        parts.append(f"{what} {'>' if row.value.get('strict_min') else '>='} {literal(low, kind)}")
    if high is not None:
        parts.append(f"{what} {'<' if row.value.get('strict_max') else '<='} {literal(high, kind)}")
    if not parts:
        raise PlanError("neither min_value nor max_value is given")
    return f"({' AND '.join(parts)})"


def _pair(row: Row, operator: str) -> str:
    comparable(row)
    first, second = (quote_ident(name) for name in row.names)
    return f"({first} {operator} {second})"


def comparable(row: Row) -> None:
    """Raises `PlanError` where columns of different kinds would be compared by a silent cast."""
    kinds = [type_of(row.types, name) for name in row.names]
    same = all(map(is_number, kinds)) or all(map(is_text, kinds)) or len(set(kinds)) == 1
    dated = all(kind.startswith(("DATE", "TIMESTAMP")) for kind in kinds)
    if not (same or dated):
        named = ", ".join(f"`{name}` {kind}" for name, kind in zip(row.names, kinds, strict=True))
        raise PlanError(f"columns of different types are compared: {named}")


def _within(row: Row) -> str:
    comparable(row)
    pairs = combinations([quote_ident(name) for name in row.names], 2)
    return "(" + " AND ".join(f"{a} IS DISTINCT FROM {b}" for a, b in pairs) + ")" if len(row.names) > 1 else "TRUE"


def _regex(row: Row) -> str:
    try:
        pattern = to_re2(row.value["regex"])
    except ValueError as error:
        raise PlanError(str(error)) from error
    return f"regexp_matches({row.text}, {quote_text(pattern)})"


def _or_equal(row: Row) -> str:
    return _pair(row, ">=" if row.value.get("or_equal") else ">")


def _options(row: Row) -> str:
    return one_of(row.column, literals(row.value["value_set"], row.kind))


def _length(row: Row) -> str:
    return f"(length({row.text}) = {int(row.value['value'])})"


MAPS: Mapping[str, Callable[[Row], str]] = {
    "column_values.nonnull": lambda row: f"(NOT {missing(row.types, row.names[0])})",
    "column_values.null": lambda row: missing(row.types, row.names[0]),
    "column_values.in_set": _options,
    "column_values.not_in_set": lambda row: f"(NOT {_options(row)})",
    "column_values.between": lambda row: _between(row, row.column, row.kind),
    "column_values.match_regex": _regex,
    "column_values.not_match_regex": lambda row: f"(NOT {_regex(row)})",
    "column_values.value_length.between": lambda row: _between(row, f"length({row.text})", "BIGINT"),
    "column_values.value_length.equals": _length,
    "column_values.unique": lambda _: "TRUE",
    "column_pair_values.equal": lambda row: _pair(row, "="),
    "column_pair_values.a_greater_than_b": _or_equal,
    "compound_columns.unique": lambda _: "TRUE",
    "select_column_values.unique.within_record": _within,
}

METRICS: Mapping[str, str] = {
    "expect_column_values_to_not_be_null": "column_values.nonnull",
    "expect_column_values_to_be_null": "column_values.null",
    "expect_column_values_to_be_unique": "column_values.unique",
    "expect_column_values_to_be_in_set": "column_values.in_set",
    "expect_column_values_to_not_be_in_set": "column_values.not_in_set",
    "expect_column_values_to_be_between": "column_values.between",
    "expect_column_values_to_match_regex": "column_values.match_regex",
    "expect_column_values_to_not_match_regex": "column_values.not_match_regex",
    "expect_column_value_lengths_to_be_between": "column_values.value_length.between",
    "expect_column_value_lengths_to_equal": "column_values.value_length.equals",
    "expect_column_pair_values_to_be_equal": "column_pair_values.equal",
    "expect_column_pair_values_a_to_be_greater_than_b": "column_pair_values.a_greater_than_b",
    "expect_compound_columns_to_be_unique": "compound_columns.unique",
    "expect_select_column_values_to_be_unique_within_record": "select_column_values.unique.within_record",
}
