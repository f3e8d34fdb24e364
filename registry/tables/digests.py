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
from registry.model.files import FileList
from registry.tables.duck import Session, is_instant, quote_ident, quote_text
from registry.tables.table import SPLIT

if TYPE_CHECKING:
    import pyarrow as pa

HEX = 64  # characters of a sha256
_INTEGERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT")
_KINDS = {"FLOAT": "f", "DOUBLE": "f", "BLOB": "b", "VARCHAR": "s", "BOOLEAN": "o", "DATE": "d"}


CONTENTS = "contents"
"""Name of the table (path, sha256) of image files that `split_digests` and comparisons of rows read."""


def split_digests(session: Session, columns: Sequence[str]) -> dict[str, tuple[int, str]]:
    """Rows and digest of each split, in the order of the table's splits, over those of `columns` that it has.

    The row hashes are sorted by DuckDB, which spills what does not fit into memory, and
    streamed into the digest. Where the session has the table `CONTENTS`, an image stands for its bytes too.
    """
    types = dict(session.columns)
    names = sorted(name for name in columns if name in types)
    # NOTE: one call, not a chain of ||, whose depth DuckDB limits to a thousand columns.
    texts = f"concat({', '.join(writing(name, types[name]) for name in names)})" if names else "''"
    source = "data"
    if session.has(CONTENTS):
        source, texts = f"data LEFT JOIN {CONTENTS} ON image = {CONTENTS}.path", f"concat({texts}, {CONTENTS}.sha256)"
    return {split: _digest(session, split, names, (texts, source)) for split in session.table.splits}


def contents_of(files: FileList) -> pa.Table:
    """The table `CONTENTS` of a file list."""
    import pyarrow as pa

    return pa.table({"path": [entry.path for entry in files], "sha256": [entry.sha256 for entry in files]})


def writing(name: str, kind: str) -> str:
    """SQL for the canonical writing of column `name` of the DuckDB type `kind`."""
    value = quote_ident(name)
    tag, text = kind_of(kind), text_sql(value, kind)
    return f"(CASE WHEN {value} IS NULL THEN '-' ELSE '{tag}' || strlen({text}) || ':' || {text} END)"


def kind_of(kind: str) -> str:
    """A letter for all DuckDB types whose values are written alike: `i` for integers of any width.

    >>> kind_of("BIGINT"), kind_of("FLOAT"), kind_of("VARCHAR[]"), kind_of("TIMESTAMP_NS")
    ('i', 'f', 'j', 't')
    """
    if is_instant(kind):
        return "z"
    if kind.startswith("TIMESTAMP"):
        return "t"
    if kind.endswith("]") or kind.startswith(("STRUCT", "MAP")):
        return "j"
    return "i" if kind in _INTEGERS else _KINDS.get(kind, "v")


def text_sql(value: str, kind: str) -> str:
    """SQL for the text of a value: the same for every width of a kind."""
    letter = kind_of(kind)
    if letter == "f":  # 17 digits tell any two doubles apart; adding 0 makes -0 the same as 0
        return f"format('{{:.17g}}', CAST({value} AS DOUBLE) + 0.0::DOUBLE)"
    if letter == "b":
        return f"hex({value})"
    # Of times: a session's zone is UTC, and every precision prints the same instant in the same way.
    return f"CAST(to_json({value}) AS VARCHAR)" if letter == "j" else f"CAST({value} AS VARCHAR)"


def _digest(session: Session, split: str, names: Sequence[str], asked: tuple[str, str]) -> tuple[int, str]:
    texts, source = asked
    digest = hashlib.sha256(canonical(list(names)))
    rows = 0
    sql = f"SELECT sha256({texts}) AS h FROM {source} WHERE {SPLIT} = {quote_text(split)} ORDER BY h"  # noqa: S608
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
