"""Some rows of a data file in the file's own writing, and where they are written to.

What is mended is copied as it stands: a chunk holds the text of records or an Arrow table,
and knows how to take rows, and to read and to set one column, nothing more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, Self

Value = str | int | float | bool | None
Edit = Callable[[str, str], str]
"""What a text becomes, given what stands around it: nothing, or the value whose text it is one of."""


class Chunk(Protocol):
    """Rows of one file."""

    def __len__(self) -> int: ...

    def take(self, rows: Sequence[int]) -> Self:
        """The rows at these places, in this order; a place may come twice."""

    def get(self, column: str) -> list[Any]:
        """The values of one column; None where there is none. Text files give what they say, of no type."""

    def put(self, column: str, values: Sequence[Value]) -> Self:
        """The same rows with `column` set, a value a row; a column that is not there comes last."""

    def amend(self, column: str, values: Mapping[int, Value]) -> Self:
        """The same rows, `column` set at the places of `values`; all else as it is written."""

    def edit(self, column: str, rows: Sequence[int], edit: Edit) -> Self:
        """The same rows, every text of `column` edited in those at these places; all else as it is written."""

    def head(self, columns: Mapping[str, Value]) -> Self:
        """No rows, with these columns to be set, each to values of the kind of the one given."""

    def plus(self, other: Self) -> Self:
        """These rows, then those of `other`."""


class Writer(Protocol):
    """One file being written."""

    def write(self, chunk: Chunk) -> None:
        """Appends rows."""

    def close(self) -> None:
        """Ends the file."""


@dataclass(frozen=True, slots=True)
class Place:
    """A data file: its `path` in messages and names of rows, where it lies, its format and its encoding."""

    path: str
    file: Path
    format: str
    encoding: str = "utf-8"


class Form(Protocol):
    """How files of one format are read and written."""

    def read(self, place: Place) -> Iterator[Chunk]:
        """An empty chunk, which knows the columns, then all rows in order."""

    def writer(self, target: Path, like: Sequence[Chunk], source: Place) -> Writer:
        """A new file at `target` that can hold rows of every chunk of `like`, written as `source` is."""


def form_of(name: str) -> Form:
    """The form of a format that `registry.tables.formats` names: csv, tsv, jsonl, parquet or arrow."""
    if name in ("csv", "tsv"):
        from registry.mending.delimited import Delimited

        return Delimited("," if name == "csv" else "\t")
    if name == "jsonl":
        from registry.mending.lines import Lines

        return Lines()
    from registry.mending.columnar import Arrow, Parquet

    return Parquet() if name == "parquet" else Arrow()
