"""Digests of splits: equal exactly when the logical rows are, whatever their order, files and encoding.

Each row is written canonically (columns by name; each value tagged with its kind and
length, so that no two rows share a writing) and hashed; the digest is the sha256 over
the names of the columns and the sorted hashes.

>>> writing("n", "INTEGER") == writing("n", "BIGINT")
True
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from registry.model.digest import canonical
from registry.tables.duck import Session, is_instant, quote_ident, quote_text
from registry.tables.table import SPLIT

if TYPE_CHECKING:
    import pyarrow as pa

HEX = 64  # characters of a sha256
_INTEGERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT")


def split_digests(session: Session, columns: Sequence[str]) -> dict[str, tuple[int, str]]:
    """Rows and digest of each split, in the order of the table's splits, over those of `columns` that it has.

    The row hashes are sorted by DuckDB, which spills what does not fit into memory, and
    streamed into the digest.
    """
    types = dict(session.columns)
    names = sorted(name for name in columns if name in types)
    # NOTE: one call, not a chain of ||, whose depth DuckDB limits to a thousand columns.
    texts = f"concat({', '.join(writing(name, types[name]) for name in names)})" if names else "''"
    return {split: _digest(session, split, names, texts) for split in session.table.splits}


def writing(name: str, kind: str) -> str:
    """SQL for the canonical writing of column `name` of the DuckDB type `kind`."""
    value = quote_ident(name)
    tag, text = _text(value, kind)
    return f"(CASE WHEN {value} IS NULL THEN '-' ELSE '{tag}' || strlen({text}) || ':' || {text} END)"


def _text(value: str, kind: str) -> tuple[str, str]:
    """A tag, and SQL for the text of a value: the same for every width of a kind."""
    if kind in _INTEGERS:
        return "i", f"CAST({value} AS VARCHAR)"
    if kind in ("FLOAT", "DOUBLE"):  # 17 digits tell any two doubles apart; adding 0 makes -0 the same as 0
        return "f", f"format('{{:.17g}}', CAST({value} AS DOUBLE) + 0.0::DOUBLE)"
    if kind == "BLOB":
        return "b", f"hex({value})"
    if is_instant(kind):  # a session's zone is UTC
        return "z", f"CAST({value} AS VARCHAR)"
    if kind.startswith("TIMESTAMP"):  # every precision prints the same instant in the same way
        return "t", f"CAST({value} AS VARCHAR)"
    if kind.endswith("]") or kind.startswith(("STRUCT", "MAP")):
        return "j", f"CAST(to_json({value}) AS VARCHAR)"
    return {"VARCHAR": "s", "BOOLEAN": "o", "DATE": "d"}.get(kind, "v"), f"CAST({value} AS VARCHAR)"


def _digest(session: Session, split: str, names: Sequence[str], texts: str) -> tuple[int, str]:
    digest = hashlib.sha256(canonical(list(names)))
    rows = 0
    sql = f"SELECT sha256({texts}) AS h FROM data WHERE {SPLIT} = {quote_text(split)} ORDER BY h"  # noqa: S608
    for batch in session.arrow(sql):
        rows += batch.num_rows
        digest.update(_characters(batch.column(0)))
    return rows, digest.hexdigest()


def _characters(hashes: pa.StringArray) -> memoryview:
    """The text of all hashes in a row, without a copy: each has the same length."""
    import pyarrow as pa

    plain = hashes.cast(pa.string())
    start = plain.offset * HEX
    return memoryview(plain.buffers()[2])[start : start + len(plain) * HEX] if len(plain) else memoryview(b"")
