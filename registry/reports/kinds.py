"""What kind of column it is decides what is measured and how it is drawn.

>>> [storage_of(t) for t in ("BIGINT", "DECIMAL(10,2)", "VARCHAR[]", "TIMESTAMP WITH TIME ZONE")]
['integer', 'decimal', 'list', 'datetime']
"""

from __future__ import annotations

from dataclasses import dataclass

from registry.model.schema import Column

_INTEGERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT")
_EXACT = {
    **dict.fromkeys(_INTEGERS, "integer"),
    "HUGEINT": "decimal",
    "UHUGEINT": "decimal",
    "FLOAT": "number",
    "DOUBLE": "number",
    "BOOLEAN": "boolean",
    "VARCHAR": "string",
    "UUID": "string",
    "JSON": "string",
    "DATE": "date",
    "BLOB": "binary",
    "NULL": "null",
    '"NULL"': "null",
}
_PREFIXES = (
    ("DECIMAL", "decimal"),
    ("ENUM", "string"),
    ("STRUCT", "struct"),
    ("MAP", "struct"),
    ("UNION", "struct"),
    ("TIMESTAMP", "datetime"),
    ("TIME", "time"),
)
MANY = 50  # a string column with more distinct values is not a category
LONG = 40  # mean characters; a string column above it is prose


@dataclass(frozen=True, slots=True)
class Measured:
    """A column to measure: index, name, Arrow type, storage, what the schema says of it.

    `composed` says that all its texts are in NFC already.
    """

    index: int
    name: str
    type: str
    storage: str
    declared: Column | None
    composed: bool = False

    @property
    def role(self) -> str | None:
        """The declared role."""
        return self.declared.role if self.declared else None


def storage_of(duck_type: str) -> str:
    """How values of a DuckDB type are measured."""
    if duck_type.endswith("]"):
        return "list"
    exact = _EXACT.get(duck_type)
    if exact:
        return exact
    return next((kind for prefix, kind in _PREFIXES if duck_type.startswith(prefix)), "other")


def kind_of(column: Measured, *, distinct: int, count: int, mean_length: float | None) -> str:
    """The kind shown to a reader: storage, with strings told apart as text, category or string."""
    if column.storage != "string":
        return column.storage
    declared = column.declared
    if column.role == "text":
        return "text"
    if column.role in ("label", "split", "provenance", "sensitive") or (
        declared and (declared.classes or declared.enum)
    ):
        return "category"
    if column.role == "image":
        return "image"
    if distinct <= MANY and (distinct * 2 <= count or (distinct <= 2 < count)):
        return "category"
    return "text" if (mean_length or 0) >= LONG else "string"
