"""Writes a schema as a file that a person goes on editing.

>>> schema = DatasetSchema("reviews", (Column("text", "string", required=True, role="text"),), license="cc-by-4.0")
>>> print(write_schema(schema).split("\\nschema:")[1].strip())
- name: reviews
  logicalType: object
  properties:
  - name: text
    logicalType: string
    physicalType: string
    required: true
    customProperties:
    - property: role
      value: text
"""

from __future__ import annotations

from typing import Any

from registry.model.schema import ROLES, Column, DatasetSchema
from registry.schemas.types import written_as
from registry.workspace.yamls import write_yaml

HEADER = f"""\
# The columns of this dataset: what every row must hold. Open Data Contract Standard v3.1,
# https://bitol-io.github.io/open-data-contract-standard/v3.1.0/
#
# physicalType is an Arrow type name (int64, double, string, timestamp[us], list<string> …).
# required: no nulls; unique, primaryKey: no duplicates; logicalTypeOptions: minimum, maximum,
# minLength, maxLength, pattern. In customProperties of a column:
#   role     {", ".join(ROLES)}
#   classes  the closed, ordered set of labels;  enum  the closed set of values
# and of the schema: splits (split: glob), open (true admits undeclared columns), encoding.
# Types were read from the data; edit what was guessed wrong, then run `registry check`.
"""


def write_schema(schema: DatasetSchema) -> str:
    """The YAML text; `load_schema` reads the same value back from it."""
    document: dict[str, Any] = {
        "apiVersion": "v3.1.0",
        "kind": "DataContract",
        "id": schema.name,
        "version": "1.0.0",
        "status": "active",
    }
    if schema.title:
        document["name"] = schema.title
    if schema.license:
        document["customProperties"] = _custom({"license": schema.license})
    entry: dict[str, Any] = {"name": schema.name, "logicalType": "object"}
    if schema.description:
        entry["description"] = schema.description
    encoding = schema.encoding if schema.encoding != "utf-8" else None
    custom = _custom({"splits": dict(schema.splits), "open": schema.open, "encoding": encoding})
    if custom:
        entry["customProperties"] = custom
    entry["properties"] = [_property(column) for column in schema.columns]
    document["schema"] = [entry]
    return HEADER + write_yaml(document)


def _property(column: Column) -> dict[str, Any]:
    flags = {"required": column.required, "unique": column.unique, "primaryKey": column.primary_key}
    options = {
        "minimum": column.minimum,
        "maximum": column.maximum,
        "minLength": column.min_length,
        "maxLength": column.max_length,
        "pattern": column.pattern,
    }
    found = {
        "name": column.name,
        "logicalType": written_as(column.type),
        "physicalType": column.type,
        **{name: True for name, value in flags.items() if value},
        "description": column.description or None,
        "classification": column.classification or None,
        "logicalTypeOptions": {name: value for name, value in options.items() if value is not None} or None,
        "customProperties": _custom({"role": column.role, "classes": list(column.classes), "enum": list(column.enum)})
        or None,
    }
    return {name: value for name, value in found.items() if value is not None}


def _custom(values: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"property": name, "value": value} for name, value in values.items() if value]
