"""A copy of a part of a dataset, in its own writing, that defects are planted into.

Of large data the copy holds some rows of every file: a gate that is blind to a defect is
blind to it in few rows too. Tables and image folders are copied in their own ways
(`registry.mending.sheet`, `registry.mending.album`); what a defect may do is the same.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from registry.mending.rewrite import Original
from registry.model.schema import DatasetSchema
from registry.tables.duck import Session, quote_ident, quote_text
from registry.tables.table import FILE, ROW, SPLIT


class NotApplicableError(Exception):
    """A defect cannot be planted into this dataset; the message says why."""


class Place(NamedTuple):
    """A row of the copy: its part and its row there."""

    part: int
    row: int


@dataclass(frozen=True, slots=True)
class Subject:
    """What makes two rows the same: a column, and how its values are disguised.

    `disguised` gives a value that is the same once normalised, `nudged` one that nearly is;
    both give None for a value that is too little for it, and `needs` says what it takes.
    """

    column: str
    disguised: Callable[[Any], Any]
    nudged: Callable[[Any], Any]
    needs: str


class Copy(ABC):
    """Rows of every part, and what a defect must know of them; it does not change."""

    def __init__(self, original: Original, schema: DatasetSchema, session: Session) -> None:
        self.original, self.schema = original, schema
        self._session = session
        self._kinds = dict(session.columns)
        share = min(1.0, self.most / max(original.table.rows, 1))
        self.sizes = [min(part.rows, max(1, round(part.rows * share))) for part in original.table.parts]
        self._values: dict[str, list[list[Any]]] = {}

    @property
    @abstractmethod
    def most(self) -> int:
        """Rows of a copy at most, where every part has more than one."""

    @abstractmethod
    def chosen(self, part: int) -> Sequence[int]:
        """The rows of a part that are copied, ascending."""

    @abstractmethod
    def draft(self) -> Draft:
        """A draft to plant a defect into."""

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
        chosen = self.chosen(part)
        rows = f"{ROW} < {len(chosen)}"
        if chosen and chosen[-1] != len(chosen) - 1:
            rows = f"{ROW} IN ({', '.join(map(str, chosen))})"
        value = quote_ident(column)
        return f"SELECT {value} AS v FROM data WHERE {FILE} = {file} AND {rows} ORDER BY {ROW}"  # noqa: S608 (all parts are quoted)

    def fresh(self, rows: Sequence[Place]) -> dict[str, Sequence[Any]]:
        """Values of columns that must be unique, for copies of `rows`: beyond the greatest number, or longer texts."""
        names = [c.name for c in self.schema.columns if (c.unique or c.name in self.schema.keys) and self.has(c.name)]
        found: dict[str, Sequence[Any]] = {}
        for name in names:
            known = [value for values in self.values(name) for value in values]
            if all(isinstance(value, int) for value in known):
                found[name] = [max(known) + 1 + at for at in range(len(rows))]
            elif any(isinstance(value, str) for value in known):
                given = (self.values(name)[place.part][place.row] for place in rows)
                found[name] = [f"{value}-planted-{at}" for at, value in enumerate(given)]
        return found


class Draft(ABC):
    """A copy being changed; `typed`: its writing tells a number from a text; `pictured`: its rows are files.

    `one_type_a_file` says that no two rows of a file can differ in the type of a column.
    """

    typed: bool
    one_type_a_file = False
    pictured = False

    def __init__(self, copy: Copy) -> None:
        self._of = copy
        self.schema = copy.schema

    @cached_property
    def splits(self) -> tuple[str, ...]:
        """The splits that have rows, in order."""
        return tuple(split for split in self._of.original.table.splits if self.rows(split))

    def has(self, column: str) -> bool:
        """Whether the data has the column."""
        return self._of.has(column)

    def value(self, column: str, place: Place) -> Any:
        """The value of a row of the copy."""
        return self._of.values(column)[place.part][place.row]

    def rows(self, split: str) -> list[Place]:
        """The rows of a split, in the order of file and row."""
        values = self._of.values(SPLIT)
        return [Place(p, row) for p, rows in enumerate(values) for row, name in enumerate(rows) if name == split]

    def set(self, column: str, rows: Sequence[Place], value: Any) -> int:
        """Sets one value in all of `rows`; how many."""
        return self.set_each(column, rows, [value] * len(rows))

    @property
    @abstractmethod
    def subject(self) -> Subject:
        """What leaks; raises `NotApplicableError` where nothing is compared but by value."""

    @abstractmethod
    def copy(self, rows: Sequence[Place], split: str, changed: Mapping[str, Sequence[Any]] | None = None) -> int:
        """Appends copies of `rows` to `split` under new keys, with other values in some columns; how many."""

    @abstractmethod
    def remove(self, rows: Iterable[Place]) -> int:
        """Takes rows away; how many. It must be the first change."""

    @abstractmethod
    def set_each(self, column: str, rows: Sequence[Place], values: Sequence[Any]) -> int:
        """Sets a value in each of `rows`; how many."""

    @abstractmethod
    def write(self, root: Path) -> None:
        """Writes the data below `root`, as it lies in the dataset."""
