"""The data against its schema: columns and types from the files' own footers, values by derived expectations.

>>> from registry.tables.table import Table
>>> schema = DatasetSchema("reviews", (Column("text", "string", required=True), Column("label", "int64")))
>>> table = Table((), (("text", "string"), ("lable", "int64")), ("train",), None, "csv")
>>> print(verify_schema(schema, table)[0].message)
`label` is missing (did you mean `lable`?); `lable` is not declared
>>> [config["type"] for config in derived_suite(schema)]
['expect_column_values_to_not_be_null']
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any

from registry.model.evidence import MAX_SAMPLES, Check
from registry.model.schema import Column, DatasetSchema
from registry.tables.parquet import footer
from registry.tables.table import Table
from registry.tables.types import format_type, parse_type

Config = dict[str, Any]


def verify_schema(schema: DatasetSchema, table: Table) -> list[Check]:
    """`schema:columns` (none missing, none undeclared), `schema:types`, and `schema:files`; no row is read.

    `schema:files` warns of columns that some files have and others lack: there they read as null.
    """
    return [_columns(schema, table), _types(schema, table), _files(table)]


def _columns(schema: DatasetSchema, table: Table) -> Check:
    declared, present = [c.name for c in schema.columns], [name for name, _ in table.columns]
    missing = [name for name in declared if name not in present]
    undeclared = [] if schema.open else [name for name in present if name not in declared]
    problems = [f"`{name}` is missing{_near(name, undeclared or present)}" for name in missing]
    problems += [f"`{name}` is not declared" for name in undeclared]
    return Check(
        id="schema:columns",
        type="schema",
        status="fail" if problems else "pass",
        columns=tuple(declared),
        total=len(declared),
        unexpected=len(missing) + len(undeclared),
        observed={"missing": missing, "undeclared": undeclared},
        threshold={"open": schema.open},
        message="; ".join(problems),
    )


def _files(table: Table) -> Check:
    held = [(part.path, {name for name, _ in footer(part.parquet, part.path).columns}) for part in table.parts]
    everywhere = {name for _, names in held for name in names}
    lacking = [(path, sorted(everywhere - names)) for path, names in held if everywhere - names]
    shown = "; ".join(f"`{path}` has no {', '.join(f'`{name}`' for name in names)}" for path, names in lacking[:3])
    return Check(
        id="schema:files",
        type="schema",
        status="fail" if lacking else "pass",
        severity="warning",
        total=len(held),
        unexpected=len(lacking),
        observed={"files_lacking_columns": len(lacking)},
        samples=tuple({"file": path, "lacks": names} for path, names in lacking[:MAX_SAMPLES]),
        message=f"{shown}; their rows read as null there" if lacking else "",
    )


def _near(name: str, among: list[str]) -> str:
    found = get_close_matches(name, among, 1, 0.6)
    return f" (did you mean `{found[0]}`?)" if found else ""


def _types(schema: DatasetSchema, table: Table) -> Check:
    present = dict(table.columns)
    wrong = [
        {"column": column.name, "declared": column.type, "found": present[column.name]}
        for column in schema.columns
        if column.name in present and not _agree(column, present[column.name])
    ]
    checked = tuple(column.name for column in schema.columns if column.name in present)
    return Check(
        id="schema:types",
        type="schema",
        status="fail" if wrong else "pass",
        columns=checked,
        total=len(checked),
        unexpected=len(wrong),
        observed=wrong,
        samples=tuple(wrong[:MAX_SAMPLES]),
        message="; ".join(f"`{one['column']}` is {one['found']}, not {one['declared']}" for one in wrong),
    )


def _agree(column: Column, found: str) -> bool:
    """Equal types; a column without any value has none to disagree with."""
    return found == "null" or format_type(parse_type(column.type)) == found


def derived_suite(schema: DatasetSchema) -> list[Config]:
    """The expectations that the schema implies, as configurations of a suite: all critical, ids `schema:…`."""
    found = [config for column in schema.columns for config in _of_column(column)]
    primary = [column.name for column in schema.columns if column.primary_key]
    if len(primary) == 1:
        found.append(_config("expect_column_values_to_be_unique", "primary-key", column=primary[0]))
    elif primary:
        found.append(_config("expect_compound_columns_to_be_unique", "primary-key", column_list=primary))
    elif (keys := list(schema.keys)) and not any(schema.column(key).unique for key in keys):  # type: ignore[union-attr]
        # Rows are named by their key: one that repeats names none of them.
        single = len(keys) == 1
        kind = "expect_column_values_to_be_unique" if single else "expect_compound_columns_to_be_unique"
        found.append(_config(kind, "key", **({"column": keys[0]} if single else {"column_list": keys})))
    return found


def _of_column(column: Column) -> list[Config]:
    name = column.name
    found: list[Config] = []
    if column.required or column.primary_key:
        found.append(_config("expect_column_values_to_not_be_null", "required", column=name))
    if column.unique:
        found.append(_config("expect_column_values_to_be_unique", "unique", column=name))
    for rule, values in (("classes", column.classes), ("enum", column.enum)):
        if values:
            found.append(_config("expect_column_values_to_be_in_set", rule, column=name, value_set=list(values)))
    limits = _set(min_value=column.minimum, max_value=column.maximum)
    if limits:
        found.append(_config("expect_column_values_to_be_between", "range", column=name, **limits))
    lengths = _set(min_value=column.min_length, max_value=column.max_length)
    if lengths:
        found.append(_config("expect_column_value_lengths_to_be_between", "length", column=name, **lengths))
    if column.pattern:
        found.append(_config("expect_column_values_to_match_regex", "pattern", column=name, regex=column.pattern))
    if not (column.required or column.primary_key):
        # A column that may be null may be null throughout: its rules then have nothing to measure.
        for config in found:
            config["meta"]["when_not_measured"] = "allow"
    return found


def _set(**values: Any) -> Config:
    return {name: value for name, value in values.items() if value is not None}


def _config(kind: str, rule: str, **kwargs: Any) -> Config:
    place = kwargs.get("column")
    place = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in place) if place else None
    check_id = f"schema:{rule}:{place}" if place and rule != "primary-key" else f"schema:{rule}"
    return {"type": kind, "kwargs": kwargs, "severity": "critical", "meta": {"check_id": check_id}}
