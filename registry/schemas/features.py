"""The schema as others write it: Hugging Face `features`, an Arrow schema.

>>> label = Column("label", "string", role="label", classes=("neg", "pos"))
>>> features(DatasetSchema("reviews", (Column("text", "string"), label)))[1]
{'name': 'label', 'dtype': {'class_label': {'names': {'0': 'neg', '1': 'pos'}}}}
>>> features(DatasetSchema("spans", (Column("spans", "list<struct<start: int32>>"),)))
[{'name': 'spans', 'list': [{'name': 'start', 'dtype': 'int32'}]}]
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from registry.model.schema import Column, DatasetSchema
from registry.tables.types import parse_type

if TYPE_CHECKING:
    import pyarrow as pa

_NAMES = {
    "halffloat": "float16",
    "float": "float32",
    "double": "float64",
    "date32[day]": "date32",
}  # where `datasets` names a type otherwise than Arrow


def features(schema: DatasetSchema) -> list[dict[str, Any]]:
    """The `dataset_info.features` of a dataset card, as `datasets` itself writes them.

    A label becomes a `class_label` where its classes are texts, or the integers 0, 1, 2 …
    in order: else `datasets` would number them anew.
    """
    return [{"name": column.name, **_feature(column)} for column in schema.columns]


def arrow_schema(schema: DatasetSchema) -> pa.Schema:
    """The Arrow schema; required columns are not nullable."""
    import pyarrow as pa

    return pa.schema([pa.field(c.name, parse_type(c.type), nullable=not c.required) for c in schema.columns])


def _feature(column: Column) -> dict[str, Any]:
    if column.role == "image":
        return {"dtype": "image"}
    names = _class_names(column)
    if names:
        return {"dtype": {"class_label": {"names": {str(index): name for index, name in enumerate(names)}}}}
    return _nested(parse_type(column.type))


def _class_names(column: Column) -> list[str]:
    if column.role != "label" or not column.classes:
        return []
    texts = all(isinstance(one, str) for one in column.classes)
    numbered = list(column.classes) == list(range(len(column.classes)))
    plain = all(not isinstance(one, bool) for one in column.classes)
    return [str(one) for one in column.classes] if texts or (numbered and plain) else []


def _nested(kind: pa.DataType) -> dict[str, Any]:
    """`{dtype: …}`, `{list: …}` or `{struct: […]}`."""
    import pyarrow as pa
    import pyarrow.types as t

    if t.is_map(kind):  # `datasets` has no maps: a list of pairs, as Arrow stores them
        kind = pa.list_(pa.struct([("key", kind.key_type), ("value", kind.item_type)]))
    if t.is_list(kind) or t.is_fixed_size_list(kind):
        found: dict[str, Any] = {"list": _element(kind.value_type)}
        return found | ({"length": kind.list_size} if t.is_fixed_size_list(kind) else {})
    if t.is_struct(kind):
        return {"struct": _fields(kind)}
    return {"dtype": _NAMES.get(str(kind), str(kind))}


def _element(kind: pa.DataType) -> Any:
    inner = _nested(kind)
    if set(inner) <= {"dtype", "struct"}:
        return next(iter(inner.values()))
    return inner


def _fields(kind: pa.DataType) -> list[dict[str, Any]]:
    return [{"name": field.name, **_nested(field.type)} for field in kind]
