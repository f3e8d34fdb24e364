"""Defects in a table: rows of files that hold records, copied as they are written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from pathlib import Path
from typing import Any

from registry.mending.chunks import Chunk, Value, form_of
from registry.mending.draft import Copy, Draft, NotApplicableError, Place, Subject
from registry.mending.rewrite import Original
from registry.model.schema import DatasetSchema
from registry.tables.duck import Session
from registry.tables.keys import normalise_text
from registry.tables.near.definition import SHORTEST

FULL_WIDTH = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}


class Pages(Copy):
    """The first rows of every file."""

    most = 20_000

    def __init__(self, original: Original, schema: DatasetSchema, session: Session) -> None:
        super().__init__(original, schema, session)
        form = form_of(original.table.format)
        self.chunks = [
            _first(form.read(place), size) for place, size in zip(original.places(), self.sizes, strict=True)
        ]

    def chosen(self, part: int) -> Sequence[int]:
        """The first ones."""
        return range(self.sizes[part])

    def draft(self) -> Sheet:
        """A draft of these rows."""
        return Sheet(self)


class Sheet(Draft):
    """A copy of a table being changed."""

    def __init__(self, copy: Pages) -> None:
        super().__init__(copy)
        self._original = copy.original
        self._kept = copy.chunks
        self._chunks = list(copy.chunks)
        self.typed = copy.original.table.format not in ("csv", "tsv")
        self.one_type_a_file = copy.original.table.format in ("parquet", "arrow")

    @property
    def subject(self) -> Subject:
        """The first text."""
        found = [column.name for column in self.schema.columns_of_role("text") if column.type == "string"]
        if not found:
            raise NotApplicableError("no column has the role text")
        return Subject(found[0], _disguised, _nudged, f"a text in `{found[0]}` of {SHORTEST} characters or more")

    def copy(self, rows: Sequence[Place], split: str, changed: Mapping[str, Sequence[Any]] | None = None) -> int:
        """The copies come last in the first file that has rows of the split."""
        table = self._original.table
        target = self.rows(split)[0].part
        values: dict[str, Sequence[Value]] = {**self._of.fresh(rows), **(changed or {})}
        if table.split_column is not None:
            values[table.split_column] = [split] * len(rows)
        for at, place in enumerate(rows):
            one: Chunk = self._kept[place.part].take([place.row])
            for column, given in values.items():
                one = one.put(column, [given[at]])
            self._chunks[target] = self._chunks[target].plus(one)
        return len(rows)

    def remove(self, rows: Iterable[Place]) -> int:
        """Takes rows away; how many."""
        gone = set(rows)
        for part, size in enumerate(self._of.sizes):
            kept = [row for row in range(size) if Place(part, row) not in gone]
            self._chunks[part] = self._chunks[part].take(kept)
        return len(gone)

    def set_each(self, column: str, rows: Sequence[Place], values: Sequence[Any]) -> int:
        """Of a file in full, the column may change its type."""
        wanted = dict(zip(rows, values, strict=True))
        for part in sorted({place.part for place in rows}):
            places = [place for place in rows if place.part == part]
            chunk = self._chunks[part]
            chosen = chunk.take([place.row for place in places]).put(column, [wanted[place] for place in places])
            if len(places) == len(chunk):
                self._chunks[part] = chosen
                continue
            taken = {place.row for place in places}
            self._chunks[part] = chunk.take([row for row in range(len(chunk)) if row not in taken]).plus(chosen)
        return len(rows)

    def write(self, root: Path) -> None:
        """Each file at its path."""
        form = form_of(self._original.table.format)
        for place, chunk in zip(self._original.places(), self._chunks, strict=True):
            file = root / place.path
            file.parent.mkdir(parents=True, exist_ok=True)
            writer = form.writer(file, [chunk.take([])], place)
            writer.write(chunk)
            writer.close()


def _disguised(text: Any) -> str | None:
    """In full-width letters, with spaces and invisible characters.

    >>> _disguised("ab")
    ' ａｂ\\u200b '
    """
    return f" {text.translate(FULL_WIDTH)}\u200b " if isinstance(text, str) and text else None


def _nudged(text: Any) -> str | None:
    """With two characters more, if it is long enough for them to make no difference."""
    long = isinstance(text, str) and len(normalise_text(text)) >= SHORTEST + 10
    return f"{text}!?" if long else None


def _first(chunks: Iterable[Chunk], size: int) -> Chunk:
    """The first `size` rows as one chunk."""
    held: list[Chunk] = []
    rows = 0
    for chunk in chunks:
        held.append(chunk.take(list(range(min(len(chunk), size - rows)))))
        rows += len(held[-1])
        if rows == size and size:
            break
    return reduce(lambda one, other: one.plus(other), held)
