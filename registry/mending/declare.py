"""Declares the fold column in the schema's file, keeping its comments and order."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

from registry.mending.options import FOLD
from registry.model.schema import Column, DatasetSchema
from registry.workspace.files import write_text

COLUMN = Column(FOLD, "int64", required=True, description="Fold of cross-validation, from 0; drawn by registry split")


def with_fold(schema: DatasetSchema) -> DatasetSchema:
    """The schema with the fold column, last where it is new.

    >>> [column.name for column in with_fold(DatasetSchema("x", (Column("text", "string"),))).columns]
    ['text', 'fold']
    """
    from dataclasses import replace

    return schema if schema.column(FOLD) else replace(schema, columns=(*schema.columns, COLUMN))


def declare_fold(file: Path, schema: DatasetSchema) -> bool:
    """Adds the fold column to the ODCS document `file`; whether it was not there. `schema` is what it says now."""
    if schema.column(FOLD):
        return False
    from ruamel.yaml import YAML

    yaml = YAML(typ="rt", pure=True)
    yaml.width = 4096
    document = yaml.load(file.read_text("utf-8"))
    document["schema"][0]["properties"].append(
        {
            "name": COLUMN.name,
            "logicalType": "integer",
            "physicalType": COLUMN.type,
            "required": True,
            "description": COLUMN.description,
        }
    )
    out = StringIO()
    yaml.dump(document, out)
    write_text(file, out.getvalue())
    return True
