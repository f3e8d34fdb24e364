"""How deep a column may nest: no table of rows needs more, and what comes after recurses into it.

>>> import pyarrow as pa
>>> vet_depth(pa.list_(pa.struct({"답": pa.string()})), "a.parquet", "answers")
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from registry.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

DEPTH = 32  # lists and objects within one another


def vet_depth(kind: pa.DataType, path: str, name: str) -> None:
    """Raises `DataError` for a type of more than 32 levels; nothing after this has to recurse further."""
    level: list[pa.DataType] = [kind]
    for _ in range(DEPTH):
        level = [inner.field(index).type for inner in level for index in range(inner.num_fields)]
        if not level:
            return
    raise DataError(
        f"`{path}` nests more than {DEPTH} levels in `{name}`",
        why="no table needs that",
        hint="flatten the column, or write it as text",
        path=path,
        column=name,
    )
