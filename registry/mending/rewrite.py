"""Writes a dataset anew: each row to one of the new files, or to none, in the order and the writing it has.

Rows are streamed, a chunk at a time; files that hold no rows (notes, licences) travel along.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from registry.content.hashing import Snapshot
from registry.errors import InternalError
from registry.mending.chunks import Chunk, Edit, Form, Place, Value, form_of
from registry.mending.draw import Flags, Ints
from registry.mending.units import begins
from registry.tables.formats import is_auxiliary
from registry.tables.table import Table

Progress = Callable[[int, int], None]
NOWHERE = -1
KEEP = -1


@dataclass(frozen=True, slots=True)
class Original:
    """The data as it is: its bytes, the table they make, and the encoding of its texts."""

    snapshot: Snapshot
    table: Table
    encoding: str = "utf-8"

    def places(self) -> list[Place]:
        """Where the rows of each part lie."""
        base, kind = self.snapshot.base, self.table.format
        return [Place(part.path, base / part.path, kind, self.encoding) for part in self.table.parts]


class Rewriting(Protocol):
    """What becomes of each row, in the form of the data: records in files, or pictures in directories."""

    @property
    def files(self) -> tuple[str, ...]:
        """The new files, or the directories of pictures."""

    def stays(self, original: Original) -> bool:
        """Whether every row stays in the file that it is in."""

    def write(self, original: Original, folder: Path, progress: Progress | None = None) -> None:
        """Writes the new data, and the files that hold no rows, below the empty directory `folder`."""


class Setting(Protocol):
    """What becomes of one column."""

    @property
    def kind(self) -> Value:
        """A value of the kind that a column gets that is not there yet."""

    def fresh(self, row: int) -> Value:
        """The value of a row (in the order of parts) that has none of this column yet."""

    def set(self, name: str, chunk: Chunk, rows: Sequence[int]) -> Chunk:
        """The chunk with this column; `rows` are the places of its rows in the order of parts."""


@dataclass(frozen=True, slots=True)
class Edited:
    """A column whose texts are edited where they stand, in the rows (in the order of parts) that are `wanted`."""

    wanted: Flags
    edit: Edit

    @property
    def kind(self) -> Value:
        """A text."""
        return ""

    def fresh(self, row: int) -> Value:
        """None: there is nothing to edit."""
        return None

    def set(self, name: str, chunk: Chunk, rows: Sequence[int]) -> Chunk:
        """The chunk with the texts of this column edited."""
        chosen = np.flatnonzero(self.wanted[np.asarray(rows, np.int64)]).tolist()
        return chunk.edit(name, chosen, self.edit) if chosen else chunk


@dataclass(frozen=True, slots=True)
class Column:
    """A column to set: of each row (in the order of parts) the place of its value among `values`, or `KEEP`."""

    of_row: Ints
    values: Sequence[Value]

    @property
    def kind(self) -> Value:
        """The first of the values."""
        return self.values[0]

    def fresh(self, row: int) -> Value:
        """The value of the row."""
        return self.values[int(self.of_row[row])]

    def set(self, name: str, chunk: Chunk, rows: Sequence[int]) -> Chunk:
        """The chunk with this column; `rows` are the places of its rows in the order of parts."""
        codes = self.of_row[np.asarray(rows, np.int64)].tolist()
        chosen = {at: self.values[code] for at, code in enumerate(codes) if code != KEEP}
        if len(chosen) == len(chunk):
            return chunk.put(name, list(chosen.values()))
        return chunk.amend(name, chosen)


@dataclass(frozen=True, slots=True)
class Routing:
    """Of each row (in the order of parts) the place of its new file among `files`, or `NOWHERE`; columns to set."""

    files: tuple[str, ...]
    of_row: Ints
    columns: Mapping[str, Setting] = field(default_factory=dict)

    def stays(self, original: Original) -> bool:
        """Whether the files are called as before."""
        return sorted(self.files) == sorted(part.path for part in original.table.parts)

    def write(self, original: Original, folder: Path, progress: Progress | None = None) -> None:
        """As `rewrite`, then the files that hold no rows."""
        rewrite(original, self, folder, progress)
        copy_along(original, folder)


def rewrite(original: Original, routing: Routing, folder: Path, progress: Progress | None = None) -> None:
    """Writes the new files below the empty directory `folder`.

    Raises what the readers of record raise; a count of rows that differs from theirs is
    `InternalError`, and nothing may be kept of what was written.
    """
    form, places = form_of(original.table.format), original.places()
    writers: dict[int, Any] = {}
    for at, (file, like, source) in enumerate(_outlines(form, original, routing, places)):
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        writers[at] = form.writer(folder / file, like, source)
    start = begins(original.table)
    for part, place in enumerate(places):
        row = int(start[part])
        for chunk in form.read(place):
            _route(chunk, routing, row, writers)
            row += len(chunk)
        if row != start[part + 1]:
            raise InternalError(f"`{place.path}` was cut into {row - start[part]:,} rows", why="the reader sees others")
        if progress:
            progress(1, place.file.stat().st_size)
    for writer in writers.values():
        writer.close()


def copy_along(original: Original, folder: Path) -> None:
    """Copies the files that hold no rows to the same paths below `folder`."""
    for entry in original.snapshot.files:
        if is_auxiliary(entry.path):
            (folder / entry.path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(original.snapshot.file(entry), folder / entry.path)


def _route(chunk: Chunk, routing: Routing, row: int, writers: Mapping[int, Any]) -> None:
    span = slice(row, row + len(chunk))
    target = routing.of_row[span]
    whole = _with_columns(chunk, routing, span)
    for at in np.unique(target).tolist():
        if at != NOWHERE:
            writers[at].write(whole.take(np.flatnonzero(target == at).tolist()))


def _with_columns(chunk: Chunk, routing: Routing, span: slice) -> Chunk:
    for name, column in routing.columns.items():
        chunk = column.set(name, chunk, range(span.start, span.stop))
    return chunk


def _outlines(
    form: Form, original: Original, routing: Routing, places: Sequence[Place]
) -> list[tuple[str, list[Chunk], Place]]:
    """Of each new file its path, empty chunks of the files that it gets rows from, and the file it is written like."""
    heads = []
    for place in places:
        with closing(form.read(place)) as chunks:  # type: ignore[type-var]
            heads.append(next(chunks).head({name: column.kind for name, column in routing.columns.items()}))
    start = begins(original.table)
    found = []
    for at, file in enumerate(routing.files):
        from_parts = [
            part for part in range(len(places)) if (routing.of_row[start[part] : start[part + 1]] == at).any()
        ] or [part for part, place in enumerate(places) if place.path == file or len(places) == 1]
        chosen = from_parts or list(range(len(places)))
        found.append((file, [heads[part] for part in chosen], places[chosen[0]]))
    return found
