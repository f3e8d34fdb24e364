"""A copy of a dataset in memory, in its own writing, that defects are planted into.

The copy is whole, or of large data the first rows of every file: a gate that is blind to a
defect is blind to it in 20,000 rows too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from pathlib import Path
from typing import Any, NamedTuple

from registry.mending.chunks import Chunk, Value, form_of
from registry.mending.rewrite import Original
from registry.model.schema import DatasetSchema
from registry.tables.duck import Session, quote_ident, quote_text
from registry.tables.table import FILE, ROW, SPLIT

MOST = 20_000  # rows of a copy


class NotApplicableError(Exception):
    """A defect cannot be planted into this dataset; the message says why."""


class Place(NamedTuple):
    """A row of the copy: its part and its row there."""

    part: int
    row: int


class Copy:
    """The first rows of every part, with what a defect must know of them; it does not change."""

    def __init__(self, original: Original, schema: DatasetSchema, session: Session) -> None:
        self.original, self.schema = original, schema
        self._session = session
        self._kinds = dict(session.columns)
        share = min(1.0, MOST / max(original.table.rows, 1))
        self.sizes = [min(part.rows, max(1, round(part.rows * share))) for part in original.table.parts]
        form = form_of(original.table.format)
        self.chunks = [
            _first(form.read(place), size) for place, size in zip(original.places(), self.sizes, strict=True)
        ]
        self._values: dict[str, list[list[Any]]] = {}

    @property
    def rows(self) -> int:
        """Rows of the copy."""
        return sum(self.sizes)

    def has(self, column: str) -> bool:
        """Whether the data has the column."""
        return column in self._kinds or column == SPLIT

    def values(self, column: str) -> list[list[Any]]:
        """The values of a column, by part and row."""
        if column not in self._values:
            self._values[column] = [
                [row["v"] for row in self._session.rows(self._sql(column, part))] for part in range(len(self.sizes))
            ]
        return self._values[column]

    def _sql(self, column: str, part: int) -> str:
        file = quote_text(str(self.original.table.parts[part].parquet))
        value = quote_ident(column)
        where = f"{FILE} = {file} AND {ROW} < {self.sizes[part]}"
        return f"SELECT {value} AS v FROM data WHERE {where} ORDER BY {ROW}"  # noqa: S608 (all parts are quoted)


class Draft:
    """A copy being changed."""

    def __init__(self, copy: Copy) -> None:
        self._copy = copy
        self._chunks = list(copy.chunks)
        self.schema = copy.schema
        self.format = copy.original.table.format
        self.splits = tuple(split for split in copy.original.table.splits if self.rows(split))

    def has(self, column: str) -> bool:
        """Whether the data has the column."""
        return self._copy.has(column)

    def value(self, column: str, place: Place) -> Any:
        """The value of a row of the copy."""
        return self._copy.values(column)[place.part][place.row]

    def rows(self, split: str) -> list[Place]:
        """The rows of a split, in the order of file and row."""
        values = self._copy.values(SPLIT)
        return [Place(p, row) for p, rows in enumerate(values) for row, name in enumerate(rows) if name == split]

    def copy(self, rows: Sequence[Place], split: str, changed: Mapping[str, Sequence[Value]] | None = None) -> int:
        """Appends copies of `rows` to `split` under new keys, with other values in some columns; how many."""
        table = self._copy.original.table
        target = self.rows(split)[0].part
        values: dict[str, Sequence[Value]] = {**self._fresh(rows), **(changed or {})}
        if table.split_column is not None:
            values[table.split_column] = [split] * len(rows)
        for at, place in enumerate(rows):
            one: Chunk = self._copy.chunks[place.part].take([place.row])
            for column, given in values.items():
                one = one.put(column, [given[at]])
            self._chunks[target] = self._chunks[target].plus(one)
        return len(rows)

    def remove(self, rows: Iterable[Place]) -> int:
        """Takes rows away; how many. It must be the first change."""
        gone = set(rows)
        for part, size in enumerate(self._copy.sizes):
            kept = [row for row in range(size) if Place(part, row) not in gone]
            self._chunks[part] = self._chunks[part].take(kept)
        return len(gone)

    def set(self, column: str, rows: Sequence[Place], value: Value) -> int:
        """Sets one value in all of `rows`; how many."""
        return self.set_each(column, rows, [value] * len(rows))

    def set_each(self, column: str, rows: Sequence[Place], values: Sequence[Value]) -> int:
        """Sets a value in each of `rows`; how many. Of a file in full, the column may change its type."""
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
        """Writes the data below `root`, as it lies in the dataset."""
        original = self._copy.original
        form = form_of(original.table.format)
        for place, chunk in zip(original.places(), self._chunks, strict=True):
            file = root / place.path
            file.parent.mkdir(parents=True, exist_ok=True)
            writer = form.writer(file, [chunk.take([])], place)
            writer.write(chunk)
            writer.close()

    def _fresh(self, rows: Sequence[Place]) -> dict[str, Sequence[Value]]:
        """Values of columns that must be unique, for copies of `rows`: beyond the greatest number, or longer texts."""
        names = [c.name for c in self.schema.columns if (c.unique or c.name in self.schema.keys) and self.has(c.name)]
        found: dict[str, Sequence[Value]] = {}
        for name in names:
            known = [value for values in self._copy.values(name) for value in values]
            if all(isinstance(value, int) for value in known):
                found[name] = [max(known) + 1 + at for at in range(len(rows))]
            elif any(isinstance(value, str) for value in known):
                found[name] = [f"{self.value(name, place)}-planted-{at}" for at, place in enumerate(rows)]
        return found


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
