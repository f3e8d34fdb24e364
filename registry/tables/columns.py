"""Names of columns that every reader, query and report can rely on.

>>> vet_columns(["id", "본문"], "a.csv")
>>> vet_columns(["id", "ID"], "a.csv")
Traceback (most recent call last):
registry.errors.DataError: `a.csv` has the columns `id` and `ID`: names that differ only by case are one name in SQL
"""

from __future__ import annotations

import unicodedata
from array import array
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from registry.errors import ConfigError, DataError
from registry.tables.table import FILE, ROW, SPLIT

if TYPE_CHECKING:
    import pyarrow as pa

MOST = 5_000  # columns of a table; beyond it every check of each would be without end
RESERVED = (FILE, ROW, "file_row_number")  # what a session's view adds, and where DuckDB finds it


class UndeclaredColumnsError(Exception):
    """A file has columns without a known type: `names` in order. Caught by the reader that infers them."""

    def __init__(self, names: Iterable[str]) -> None:
        self.names = tuple(names)
        super().__init__(", ".join(self.names))


def vet_columns(names: Sequence[str], path: str) -> None:
    """Raises `DataError` for a name that is empty, given twice, reserved or holds NUL; `path` names the file."""
    if not names:
        raise DataError(f"`{path}` has no columns", hint="write at least one column", path=path)
    if len(names) > MOST:
        why = f"a table has {MOST:,} at most"
        hint = "write the many numbers of a row as one list, as JSON Lines or Parquet"
        raise DataError(f"`{path}` has {len(names):,} columns", why=why, hint=hint, path=path)
    seen: dict[str, str] = {}
    for index, name in enumerate(names, 1):
        if not name.strip():
            raise DataError(
                f"column {index} of `{path}` has no name",
                why="an index written along with the table looks like this",
                hint="write the file without its index, or name the column",
                path=path,
            )
        if _fold(name) in RESERVED or "\0" in name:
            raise DataError(f"`{path}` has the reserved column {name!r}", hint="rename the column", path=path)
        twin = seen.setdefault(_fold(name), name)
        if names.index(name) != index - 1:
            raise DataError(f"`{path}` has the column `{name}` twice", hint="rename or remove one", path=path)
        if twin != name:
            why = "names that differ only by case are one name in SQL"
            raise DataError(f"`{path}` has the columns `{twin}` and `{name}`", why=why, hint="rename one", path=path)


def vet_split_column(names: Sequence[str], split_column: str | None, path: str) -> None:
    """Raises `ConfigError` for a column called `split` that is not the one with that role."""
    found = next((name for name in names if _fold(name) == SPLIT), None)
    if found is not None and found != SPLIT and found == split_column:
        raise ConfigError(
            f"`{path}` has the split column `{found}`",
            why="names that differ only by case are one name in SQL, and `split` is the view's own",
            hint="rename the column to `split`",
            path=path,
        )
    if found is not None and found != split_column:
        raise ConfigError(
            f"`{path}` has a column `{found}` whose role is not split",
            why="checks see the split of each row in a column of that name",
            hint=f"declare `role: split` for it (registry add PATH --split-column {found}), or rename the column",
            path=path,
        )


def in_order(names: Sequence[str], types: Mapping[str, pa.DataType]) -> dict[str, pa.DataType]:
    """The types of `names`, in the order of `names`; `UndeclaredColumnsError` where one has none."""
    unknown = [name for name in names if name not in types]
    if unknown:
        raise UndeclaredColumnsError(unknown)
    return {name: types[name] for name in names}


def strings(values: Iterable[str]) -> pa.Array:
    """An Arrow array of texts, made without `pyarrow.array`, which imports pandas to look at a list.

    >>> strings(["가", "b"]).to_pylist()
    ['가', 'b']
    """
    import pyarrow as pa

    builder = pa.lib.StringBuilder()
    builder.append_values(list(values))
    return builder.finish()


def integers(values: Iterable[int]) -> pa.Array:
    """An Arrow array of 64-bit integers, as `strings`."""
    import pyarrow as pa

    numbers = array("q", values)
    return pa.Array.from_buffers(pa.int64(), len(numbers), [None, pa.py_buffer(numbers)])


def _fold(name: str) -> str:
    """How SQL compares names: ASCII letters without case; and as a reader sees them, in NFC."""
    return "".join(c.lower() if c.isascii() else c for c in unicodedata.normalize("NFC", name))
