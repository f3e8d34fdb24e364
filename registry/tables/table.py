"""One dataset as one table: which Parquet holds which rows of which split.

A `Table` is a value; `registry.tables.read.open_table` makes it from files,
`registry.tables.duck.Session` queries it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

SPLIT = "split"
FILE = "__file"  # column of a session's view: absolute path of the Parquet part
ROW = "__row"  # column of a session's view: row in that part, from 0


@dataclass(frozen=True, slots=True)
class Part:
    """One data file: `path` as in the file list, the Parquet that holds its rows, its split, its rows.

    `split` is None where a column decides.
    """

    path: str
    parquet: Path
    split: str | None
    rows: int


@dataclass(frozen=True, slots=True)
class Table:
    """Parts in order of path, columns as (name, Arrow type name), split names in order.

    `split_column` is the column whose values are the splits, or None where paths decide;
    `format` is csv, tsv, jsonl, parquet, arrow or imagefolder; `root` is where the data's
    paths begin, for those who need more than its rows.
    """

    parts: tuple[Part, ...]
    columns: tuple[tuple[str, str], ...]
    splits: tuple[str, ...]
    split_column: str | None
    format: str
    root: Path | None = None

    @property
    def rows(self) -> int:
        """Rows of all parts."""
        return sum(part.rows for part in self.parts)

    def path_of(self, parquet: str) -> str:
        """The data path that the Parquet file `parquet` stands for."""
        return next(part.path for part in self.parts if str(part.parquet) == parquet)
