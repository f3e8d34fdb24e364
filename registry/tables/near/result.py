"""What a search found, or that it was given up.

>>> NearSplit("test", rows=10, empty=1, short=2, near=3).assessed
7
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

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
class NearResult:
    """Every row that has a near-duplicate, and the counts of each split, in the order of splits.

    `unexpected` rows of `total` have one. `total` is, between splits, the rows with text of all
    splits but the first, and within splits the assessed rows. `not_assessed` (under 20
    characters) and `empty` (no text) are of the same splits as `total`. `found` has one row for
    each, in the order of file and row: `path`, `row`, `split`, `witness_path`, `witness_row`,
    `witness_split`, `similarity`. `work` counts comparisons.
    """

    total: int
    unexpected: int
    not_assessed: int
    empty: int
    splits: tuple[NearSplit, ...]
    found: pa.Table
    work: int

    @property
    def samples(self) -> tuple[NearPair, ...]:
        """The first 20 pairs."""
        return tuple(self.pairs(SAMPLES))

    def pairs(self, most: int | None = None) -> Iterator[NearPair]:
        """The pairs, in the order of file and row."""
        for row in self.found.slice(0, most).to_pylist():
            yield NearPair(
                NearRow(row["path"], row["row"], row["split"]),
                NearRow(row["witness_path"], row["witness_row"], row["witness_split"]),
                row["similarity"],
            )


@dataclass(frozen=True, slots=True)
class NearNotMeasured:
    """The search was given up after `work` comparisons, beyond `limit`; there are no counts, not even partial."""

    work: int
    limit: int
