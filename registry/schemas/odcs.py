"""Schema files: a documented subset of the Open Data Contract Standard v3.1, read strictly.

A file is validated with the standard's own JSON Schema, then with closed lists of
fields, roles and properties, so that a misspelt rule is an error and never a rule
that is not applied. https://bitol-io.github.io/open-data-contract-standard/v3.1.0/

>>> text = '''
... apiVersion: v3.1.0
... kind: DataContract
... id: reviews
... version: 1.0.0
... status: active
... schema:
... - name: reviews
...   properties:
...   - {name: text, logicalType: string, required: true, customProperties: [{property: role, value: text}]}
... '''
>>> [(c.name, c.type, c.required, c.role) for c in parse_schema(text, "schemas/reviews.yaml").columns]
[('text', 'string', True, 'text')]
"""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from registry.errors import ConfigError, MissingExtraError
from registry.model.schema import ROLES, Column, DatasetSchema
from registry.schemas import fields
from registry.schemas.fields import ENTRY, OPTIONS, PROPERTY, TOP, custom_properties, fail, vet_fields, vet_list
from registry.schemas.types import LOGICAL, format_type, is_type, parse_type, physical_type, written_as
from registry.schemas.values import bounds, choices
from registry.tables.source import text_encoding
from registry.tables.splits import glob_matches
from registry.workspace.yamls import Places, load_yaml, parse_yaml

API_VERSIONS = ("v3.1.0",)
REQUIRED = ("apiVersion", "kind", "id", "version", "status", "schema")
_SPLIT_NAME = re.compile(r"\w+([.-]\w+)*\Z")


def load_schema(path: Path) -> DatasetSchema:
    """The schema in the file at `path`; `ConfigError` names file, line, field, what is allowed and what is near."""
    value, places = load_yaml(path)
    return _schema(_jsonable(value), places)


def parse_schema(text: str, file: str) -> DatasetSchema:
    """As `load_schema`, from text; `file` names it in messages."""
    value, places = parse_yaml(text, file)
    return _schema(_jsonable(value), places)


def _schema(value: Any, places: Places) -> DatasetSchema:
    top = vet_fields(value, places, (), TOP)
    for name in REQUIRED:
        if name not in top:
            fail(places, (), f"the field {name} is missing")
    if top["apiVersion"] not in API_VERSIONS:
        got = top["apiVersion"]
        fail(places, ("apiVersion",), f"unknown version {got}", got=got, allowed=API_VERSIONS)
    entries = vet_list(top["schema"], places, ("schema",))
    if len(entries) != 1:
        fail(places, ("schema",), f"one entry is expected under schema, not {len(entries)}")
    at: fields.Path = ("schema", 0)
    entry = vet_fields(entries[0], places, at, ENTRY)
    columns = vet_list(entry.get("properties"), places, (*at, "properties"))
    if not columns:
        fail(places, at, "the schema declares no column")
    for index, column in enumerate(columns):
        _vet_property(column, places, (*at, "properties", index), PROPERTY)
    _vet_standard(value, places)
    description = top.get("description") or {}
    custom = custom_properties(entry, places, at, ("splits", "open", "encoding"))
    schema = DatasetSchema(
        name=entry["name"],
        columns=tuple(_column(column, places, (*at, "properties", i)) for i, column in enumerate(columns)),
        splits=_splits(*custom["splits"], places) if "splits" in custom else {},
        open=_open(*custom["open"], places) if "open" in custom else False,
        encoding=_encoding(*custom["encoding"], places) if "encoding" in custom else "utf-8",
        license=_license(top, places),
        title=top.get("name", ""),
        description=entry.get("description") or description.get("purpose", ""),
    )
    _vet_columns(schema, places)
    return schema


def _vet_property(value: Any, places: Places, path: fields.Path, allowed: tuple[str, ...]) -> None:
    """Closed fields, of a column and of what nests in it."""
    one = vet_fields(value, places, path, allowed)
    if "logicalTypeOptions" in one:
        options = vet_fields(one["logicalTypeOptions"], places, (*path, "logicalTypeOptions"), OPTIONS)
        if options and "logicalType" not in one:
            fail(places, (*path, "logicalTypeOptions"), "logicalTypeOptions need a logicalType")
    if "items" in one:
        _vet_property(one["items"], places, (*path, "items"), allowed)
    for index, inner in enumerate(vet_list(one.get("properties"), places, (*path, "properties"))):
        _vet_property(inner, places, (*path, "properties", index), allowed)


def _column(value: Mapping[str, Any], places: Places, path: fields.Path) -> Column:
    name = value["name"]
    kind = _type(value, places, path)
    custom = custom_properties(value, places, path, ("role", "classes", "enum"))
    role = None
    if "role" in custom:
        role, at = custom["role"]
        if role not in ROLES:
            fail(places, at, f"unknown role {role}", got=role, allowed=ROLES)
    listed = {key: choices(custom[key], kind, places) for key in ("classes", "enum") if key in custom}
    options = value.get("logicalTypeOptions") or {}
    at_options = (*path, "logicalTypeOptions")
    bounds(options, kind, places, at_options)
    return Column(
        name=name,
        type=kind,
        required=value.get("required", False),
        unique=value.get("unique", False),
        primary_key=value.get("primaryKey", False),
        role=role,
        classes=listed.get("classes", ()),
        enum=listed.get("enum", ()),
        minimum=options.get("minimum"),
        maximum=options.get("maximum"),
        min_length=options.get("minLength"),
        max_length=options.get("maxLength"),
        pattern=options.get("pattern"),
        description=value.get("description", ""),
        classification=str(value.get("classification", "")),
    )


def _type(value: Mapping[str, Any], places: Places, path: fields.Path) -> str:
    """The Arrow type name: the physical type, else what the logical one means; both must agree."""
    logical, physical = value.get("logicalType"), value.get("physicalType")
    if physical is None and logical is None:
        fail(places, path, f"the column {value.get('name')} has neither physicalType nor logicalType")
    if physical is None:
        return _logical_only(value, str(logical), places, path)
    try:
        name = format_type(parse_type(physical))
    except ConfigError as error:
        problem = f"{str(physical)[:60]} is no Arrow type name"
        hint = "write an Arrow type name, or leave physicalType out"
        fail(places, (*path, "physicalType"), f"{problem}: {error.why}", hint=hint)
    if logical is not None and written_as(name) != logical:
        fail(places, (*path, "logicalType"), f"logicalType {logical} does not fit: {name} is {written_as(name)}")
    if logical in ("array", "object") and ("items" in value or "properties" in value):
        described = _logical_only(value, str(logical), places, path)
        if described != name:
            fail(places, (*path, "physicalType"), f"{name} is not what items and properties describe, {described}")
    return name


def _logical_only(value: Mapping[str, Any], logical: str, places: Places, path: fields.Path) -> str:
    if logical == "array" and "items" in value:
        return f"list<{_type(value['items'], places, (*path, 'items'))}>"
    if logical == "object" and value.get("properties"):
        import pyarrow as pa

        inner = [
            (one["name"], parse_type(_type(one, places, (*path, "properties", index))))
            for index, one in enumerate(value["properties"])
        ]
        return format_type(pa.struct(inner))
    found = physical_type(logical)
    if found is None:
        fail(places, (*path, "logicalType"), f"{logical} needs a physicalType", allowed=LOGICAL)
    return found


def _splits(value: Any, path: fields.Path, places: Places) -> dict[str, str]:
    if not isinstance(value, dict) or not value:
        fail(places, path, "splits is a mapping from split to glob, such as {train: train/*.csv}")
    for split, pattern in value.items():
        if not isinstance(split, str) or not _SPLIT_NAME.match(split):
            fail(places, (*path, split), f"{split!s:.60} is no name of a split")
        if not isinstance(pattern, str) or not pattern or pattern.startswith("/"):
            fail(places, (*path, split), "a glob is a text relative to the dataset, such as train/*.csv")
        glob_matches(pattern, "")
    return dict(value)


def _open(value: Any, path: fields.Path, places: Places) -> bool:
    if not isinstance(value, bool):
        fail(places, path, f"open is true or false, not {value!s:.60}", got=value, allowed=(True, False))
    return value


def _encoding(value: Any, path: fields.Path, places: Places) -> str:
    try:
        return text_encoding(str(value))
    except ConfigError as error:
        fail(places, path, f"{error.message}; {error.why}")


def _license(top: Mapping[str, Any], places: Places) -> str:
    custom = custom_properties(top, places, (), ("license",))
    if "license" not in custom:
        return ""
    value, path = custom["license"]
    if not isinstance(value, str):
        fail(places, path, "license is a text, such as cc-by-4.0")
    return value


def _vet_columns(schema: DatasetSchema, places: Places) -> None:
    at: fields.Path = ("schema", 0, "properties")
    seen: set[str] = set()
    for index, column in enumerate(schema.columns):
        if column.name.casefold() in seen:
            fail(places, (*at, index, "name"), f"the column {column.name} is declared twice (case does not count)")
        seen.add(column.name.casefold())
    splits = schema.columns_of_role("split")
    if len(splits) > 1 or (splits and schema.splits):
        fail(places, at, "splits come from one column with role split, or from `splits`, not from two places")


def _vet_standard(value: Any, places: Places) -> None:
    """Validates with the JSON Schema of the standard."""
    from jsonschema.exceptions import best_match

    error = best_match(_validator().iter_errors(_completed(value)))
    if error is None:
        return
    path = tuple(error.absolute_path)
    if error.validator in ("enum", "const"):
        allowed = error.validator_value if isinstance(error.validator_value, list) else [error.validator_value]
        fail(places, path, f"{str(error.instance)[:60]} is not allowed", got=error.instance, allowed=allowed)
    fail(places, path, f"not valid by the Open Data Contract Standard: {str(error.message)[:160]}")


def _completed(value: Any) -> Any:
    """`value` with the logicalType of every column: without one, the JSON Schema takes a column for a map."""
    entry = value["schema"][0]
    columns = [one if "logicalType" in one else {**one, "logicalType": _nearest(one)} for one in entry["properties"]]
    return {**value, "schema": [{**entry, "properties": columns}]}


def _nearest(column: Mapping[str, Any]) -> str:
    name = str(column.get("physicalType"))
    return written_as(name) if is_type(name) else "string"


@cache
def _validator() -> Any:
    """The standard's JSON Schema as its package ships it, compiled once."""
    from importlib.util import find_spec

    try:
        from jsonschema.validators import validator_for
    except ImportError as error:
        raise _missing() from error
    spec = find_spec("open_data_contract_standard")  # found, not imported: its model is not needed
    if spec is None or not spec.submodule_search_locations:
        raise _missing()
    document = json.loads(Path(next(iter(spec.submodule_search_locations)), "schema.json").read_bytes())
    return validator_for(document)(document)


def _missing() -> MissingExtraError:
    return MissingExtraError("reading a schema needs an extra", hint="pip install 'dataset-release-registry[author]'")


def _jsonable(value: Any) -> Any:
    """YAML's dates as the ISO texts that the standard expects."""
    if isinstance(value, dict):
        return {key: _jsonable(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_jsonable(one) for one in value]
    return value.isoformat() if isinstance(value, datetime.date | datetime.time) else value
