"""What structs and lists hold: their fields, two levels deep, each counted like a column.

>>> import pyarrow as pa
>>> kind = pa.struct([("at", pa.int64()), ("place", pa.struct([("zip", pa.string())]))])
>>> [(path, str(found)) for path, found in leaves(kind)]
[(('at',), 'int64'), (('place', 'zip'), 'string')]
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from registry.reports.kinds import Measured
from registry.reports.numbers import share
from registry.tables.duck import Session, quote_ident, quote_text
from registry.tables.table import Table

if TYPE_CHECKING:
    import pyarrow as pa

DEPTH = 2
FIELDS = 20  # of a column


def nested(session: Session, table: Table, columns: Sequence[Measured]) -> dict[int, list[dict[str, Any]]]:
    """The fields of every struct, and the elements of every list, by column index."""
    wanted = [c for c in columns if c.storage in ("struct", "list") and not c.type.startswith("map")]
    types = _types(table) if wanted else {}
    return {c.index: _fields(session, c, types[c.name]) for c in wanted if c.name in types}


def _types(table: Table) -> dict[str, pa.DataType]:
    import pyarrow.parquet as pq

    found: dict[str, pa.DataType] = {}
    for part in table.parts:
        for field in pq.read_schema(part.parquet):
            known = found.get(field.name)
            found[field.name] = field.type if known is None else _wider(known, field.type)
    return found


def _wider(one: pa.DataType, other: pa.DataType) -> pa.DataType:
    """The type that holds both: a file without any value says `null`, of a column or of what it holds."""
    import pyarrow as pa

    if one == other:
        return one
    try:
        schemas = [pa.schema([("v", kind)]) for kind in (one, other)]
        return pa.unify_schemas(schemas, promote_options="permissive").field("v").type
    except pa.ArrowTypeError:
        return one


def _fields(session: Session, column: Measured, kind: pa.DataType) -> list[dict[str, Any]]:
    name, listed = quote_ident(column.name), column.storage == "list"
    inner = kind.value_type if listed else kind
    source = f"(SELECT unnest({name}) AS v FROM data)" if listed else f"(SELECT {name} AS v FROM data)"  # noqa: S608
    found = list(leaves(inner))[:FIELDS]
    values = [_value(path) for path, _ in found]
    select = ", ".join(f"count({v}) AS c{i}, count(DISTINCT {v}) AS d{i}" for i, v in enumerate(values))
    row = session.row(f"SELECT count(*) AS n, {select} FROM {source}")  # noqa: S608 (names quoted)
    return [
        {
            "path": list(path),
            "type": str(leaf),
            "of": "elements" if listed else "rows",
            "count": row[f"c{i}"],
            "null_share": share(row["n"] - row[f"c{i}"], row["n"]),
            "distinct": row[f"d{i}"],
        }
        for i, (path, leaf) in enumerate(found)
    ]


def _value(path: Sequence[str]) -> str:
    value = "v"
    for name in path:
        value = f"struct_extract({value}, {quote_text(name)})"
    return value


def leaves(kind: pa.DataType, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], pa.DataType]]:
    """(path, type) of the fields of a struct, two levels deep; of anything else itself."""
    import pyarrow as pa

    if not pa.types.is_struct(kind) or len(path) >= DEPTH or not kind.num_fields:
        yield path, kind
        return
    for field in kind:
        yield from leaves(field.type, (*path, field.name))
