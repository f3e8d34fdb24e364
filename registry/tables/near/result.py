"""What a search found, or that it was given up.

>>> NearSplit("test", rows=10, empty=1, short=2, near=3).assessed
7
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from registry.tables.near.arrays import Floats, Ints

SAMPLES = 20


@dataclass(frozen=True, slots=True)
class NearSplit:
    """Rows of one split: all, those without text, those under 20 characters, those with a near-duplicate."""

    split: str
    rows: int
    empty: int
    short: int
    near: int

    @property
    def assessed(self) -> int:
        """Rows that were compared."""
        return self.rows - self.empty - self.short


@dataclass(frozen=True, slots=True)
class NearRow:
    """A row: the path of its data file, its row there from 0, its split."""

    path: str
    row: int
    split: str

    def __str__(self) -> str:
        return f"{self.path}#{self.row}"


@dataclass(frozen=True, slots=True)
class NearPair:
    """A row, its earliest witness, and their Jaccard similarity."""

    row: NearRow
    witness: NearRow
    similarity: float


@dataclass(frozen=True, slots=True)
class NearPlaces:
    """Where rows lie: of each its part (a place in `paths`), its row there and its split (a place in `splits`)."""

    parts: Ints
    rows: Ints
    ranks: Ints
    paths: tuple[str, ...]
    splits: tuple[str, ...]

    def __getitem__(self, at: int) -> NearRow:
        return NearRow(self.paths[self.parts[at]], int(self.rows[at]), self.splits[self.ranks[at]])

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True, slots=True)
class NearResult:
    """Every row that has a near-duplicate, and the counts of each split, in the order of splits.

    `unexpected` rows of `total` have one. `total` is, between splits, the rows with text of all
    splits but the first, and within splits the assessed rows. `not_assessed` (under 20
    characters) and `empty` (no text) are of the same splits as `total`. `found` are all these
    rows in the order of file and row, `witnesses` the earliest witness of each, `similarities`
    their Jaccard similarity. `work` counts comparisons.
    """

    total: int
    unexpected: int
    not_assessed: int
    empty: int
    splits: tuple[NearSplit, ...]
    found: NearPlaces
    witnesses: NearPlaces
    similarities: Floats
    work: int

    @property
    def samples(self) -> tuple[NearPair, ...]:
        """The first 20 pairs."""
        return tuple(islice(self.pairs(), SAMPLES))

    def pairs(self) -> Iterator[NearPair]:
        """All pairs, in the order of file and row."""
        for at in range(len(self.found)):
            yield NearPair(self.found[at], self.witnesses[at], float(self.similarities[at]))


@dataclass(frozen=True, slots=True)
class NearNotMeasured:
    """The search was given up after `work` comparisons, beyond `limit`; there are no counts, not even partial."""

    work: int
    limit: int
