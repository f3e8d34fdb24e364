"""Equal rows by coincidence: how many a table of few different values has without anything having been copied.

A survey of nine questions with three answers each repeats itself. Rows are modelled by a
tree of dependent columns (Chow & Liu 1968, doi:10.1109/TIT.1968.1054142): each column given the
one it depends on most, where the rows suffice to tell, else by its distribution alone. Of rows
drawn from that model so many repeat; only more than that speaks of copies. A value seen fewer
than five times excuses nothing: its own copies would be the evidence.

>>> import numpy as np
>>> coins = np.arange(8000).reshape(-1, 1) // np.array([1, 2, 4, 8]) % 2  # four fair coins, 8,000 throws
>>> model = likelihoods(coins)
>>> float(model[0]), round(expected_repeats(model, 8000))
(0.0625, 7984)
>>> ids = np.column_stack([np.arange(800), np.arange(800)])
>>> round(expected_repeats(likelihoods(ids), 800))
0
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from registry.checks.specs import Doubt, Facts, sampled
from registry.checks.sql import INTEGERS
from registry.model.digest import digest_of
from registry.tables.duck import quote_ident
from registry.tables.engine import Engine
from registry.tables.keys import canonical_sql
from registry.tables.table import SPLIT

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

FEWEST = 100  # rows from which distributions say something
SAMPLE = 20_000  # rows that the model is made of
MOST = 200  # columns up to which chance is considered
CELL = 5  # rows of a value from which it is no rarity; of combinations, from which dependence is believed


def by_chance(
    columns: Sequence[str], facts: Facts, splits: Sequence[str] = (), figure: str = "unexpected"
) -> Doubt | None:
    """A doubt for equal rows over `columns`: between `splits`, or within all; `figure` counts them.

    None where chance is no explanation: free text, pictures, a small table.
    """
    texts = any(column.name in columns for column in facts.schema.columns_of_role("text"))
    if texts or facts.image in columns or len(columns) > MOST or facts.rows < FEWEST:
        return None

    def doubt(engine: Engine, found: Mapping[str, Any]) -> str:
        expected = _expected([name for name in columns if not _is_count(name, facts, engine)], facts, splits, engine)
        count = int(found[figure])
        if count > plausible(expected):
            return ""
        s = "s" * (count == 1)
        what = f"stand{s} in two splits" if splits else f"repeat{s} another"
        named = ", ".join(columns[:4]) + (", …" if len(columns) > 4 else "")
        return (
            f"{count:,} row{'s' * (count != 1)} {what}, and chance alone gives about {expected:,.0f}: "
            f"columns of few values ({named}) repeat by themselves, so that copies cannot be told from coincidence; "
            "name `columns` that identify a row to have every equal row counted"
        )

    return doubt


def plausible(expected: float) -> float:
    """The greatest count that is still no news: half as many again for what the model misses, and three deviations.

    >>> plausible(0.0), plausible(100.0), plausible(0.2) < 2
    (0.0, 180.0, True)
    """
    return 1.5 * expected + 3 * math.sqrt(expected)


def _is_count(name: str, facts: Facts, engine: Engine) -> bool:
    """Whether a column counts the rows of each split: that its values are rare, and meet, is no evidence of copies."""
    if facts.columns[name] not in INTEGERS or len(facts.splits) < 2:
        return False
    value = quote_ident(name)
    figures = f"count(*) AS n, count(DISTINCT {value}) AS different, min({value}) AS low, max({value}) AS high"
    rows = engine.rows(f"SELECT {figures} FROM data GROUP BY {SPLIT}")  # noqa: S608 (all names are quoted)
    return all(row["different"] == row["n"] == row["high"] - row["low"] + 1 for row in rows)


def _expected(columns: Sequence[str], facts: Facts, splits: Sequence[str], engine: Engine) -> float:
    """How many rows repeat by chance, computed where the sampled rows are."""
    import pyarrow as pa

    if not columns:
        return float(facts.rows)

    sizes = {row["split"]: int(row["n"]) for row in engine.rows("SELECT split, count(*) AS n FROM data GROUP BY ALL")}
    drawn = _Drawn(len(columns), facts.rows, facts.splits, tuple((split, sizes.get(split, 0)) for split in splits))
    name = f"chance_{digest_of([list(columns), list(splits)])[:16]}"
    if not engine.has(name):
        values = [f"coalesce({canonical_sql(one, facts.columns[one])}, '') AS c{i}" for i, one in enumerate(columns)]
        where = sampled(facts, SAMPLE)
        sql = f"SELECT {', '.join(values)}, CAST({SPLIT} AS VARCHAR) AS split FROM data WHERE {where}"  # noqa: S608
        engine.derive(name, sql, drawn.batches, pa.schema([("expected", pa.float64())]), whole=True)
    return float(engine.row(f"SELECT expected FROM {name}")["expected"])  # noqa: S608 (a digest)


@dataclass(frozen=True, slots=True)
class _Drawn:
    """What is known of the table that rows were drawn from; `sizes` are the rows of compared splits in order."""

    columns: int
    rows: int
    splits: tuple[str, ...]
    sizes: tuple[tuple[str, int], ...]

    def batches(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """One row, one column: how many rows repeat by chance, judged by those drawn."""
        import pyarrow as pa

        drawn = pa.Table.from_batches(list(batches), _texts(self.columns))
        yield pa.RecordBatch.from_arrays([pa.array([self.expected(drawn)], pa.float64())], names=["expected"])

    def expected(self, drawn: pa.Table) -> float:
        """As `batches`."""
        codes, ranks = self._codes(drawn)
        if not codes.any():  # rows that are all alike are copies, or no data: nothing was drawn
            return 0.0
        share = likelihoods(codes)
        if not self.sizes:
            return expected_repeats(share, self.rows)
        total, earlier = 0.0, 0
        for split, rows in self.sizes:
            total += expected_leaks(share[ranks == self.splits.index(split)], earlier, rows)
            earlier += rows
        return total

    def _codes(self, drawn: pa.Table) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Rows as numbers, shape (rows, columns), equal where values are; and the place of their split."""
        import numpy as np

        coded = [_numbered(drawn.column(i)) for i in range(self.columns)]
        names = drawn.column("split").combine_chunks().dictionary_encode()
        places = np.array([self.splits.index(name) for name in names.dictionary.to_pylist()], np.int64)
        return np.column_stack(coded), places[np.asarray(names.indices.to_pylist(), np.int64)]


def _texts(columns: int) -> Any:
    import pyarrow as pa

    return pa.schema([*((f"c{i}", pa.string()) for i in range(columns)), ("split", pa.string())])


def _numbered(column: Any) -> NDArray[np.int64]:
    import numpy as np

    return np.asarray(column.combine_chunks().dictionary_encode().indices.to_pylist(), np.int64)


def likelihoods(codes: NDArray[np.int64]) -> NDArray[np.float64]:
    """The probability of each row under a tree of the columns of `codes` (codes from 0), shape (rows,).

    A row that holds a rare value has 0.
    """
    import numpy as np

    rows, columns = codes.shape
    parents = _tree(codes)
    share = np.ones(rows)
    for column in range(columns):
        own = np.bincount(codes[:, column])
        share[own[codes[:, column]] < CELL] = 0
        if parents[column] < 0:
            share *= own[codes[:, column]] / rows
            continue
        parent = codes[:, parents[column]]
        _, cell, counts = np.unique(parent * len(own) + codes[:, column], return_inverse=True, return_counts=True)
        share *= counts[cell] / np.bincount(parent)[parent]
    return share


def _tree(codes: NDArray[np.int64]) -> list[int]:
    """The parent of each column (-1 for none): a greatest spanning forest by mutual information (Prim)."""
    import numpy as np

    columns = codes.shape[1]
    best, parents = np.zeros(columns), [-1] * columns
    left = set(range(columns))
    while left:
        column = max(sorted(left), key=lambda index: float(best[index]))
        left.remove(column)
        for other in left:
            shared = _information(codes[:, column], codes[:, other])
            if shared > best[other]:
                best[other], parents[other] = shared, column
    return parents


def _information(one: NDArray[np.int64], other: NDArray[np.int64]) -> float:
    """Mutual information of two columns in nats; 0 where the rows are too few for the combinations seen."""
    import numpy as np

    rows, width = len(one), int(other.max()) + 1
    cells, counts = np.unique(one * width + other, return_counts=True)
    if len(cells) * CELL > rows:
        return 0.0
    first, second = np.bincount(one), np.bincount(other)
    odds = counts * rows / (first[cells // width] * second[cells % width])
    return max(math.fsum(counts / rows * np.log(odds)), 0.0)


def expected_leaks(share: NDArray[np.float64], earlier: int, rows: int) -> float:
    """How many of `rows` later rows stand among `earlier` ones by chance; `share` is the likelihood of some of them."""
    import numpy as np

    return rows * math.fsum(-np.expm1(-earlier * share)) / len(share) if len(share) else 0.0


def expected_repeats(share: NDArray[np.float64], rows: int) -> float:
    """How many of `rows` rows lie beyond the first of their kind by chance."""
    import numpy as np

    expected = np.maximum(rows * share, 1e-9)
    return rows * (1 - math.fsum(-np.expm1(-expected) / expected) / len(share))
