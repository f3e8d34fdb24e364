"""How far the values of each group of rows are from those of all rows: the earth mover's distance of t-closeness.

Li et al. 2007 (doi:10.1109/ICDE.2007.367856), section 4: of values in an order, the sum over all
values but the last of the difference of cumulative shares, over their number less one; of values
without order, half the sum of differences of shares. Salaries of 3 to 11 thousand, one each:

>>> import numpy as np
>>> whole = np.arange(1, 10) / 9
>>> low, high = np.array([0, 1, 2]), np.array([1, 2, 9])
>>> round(float(_moved(np.array([1, 2, 3]) / 3, low, high, whole).sum() / 8), 9)
0.375
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from registry.checks.sql import PlanError
from registry.model.digest import digest_of
from registry.tables.engine import Engine

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

MOST = 100_000  # different numbers
UNIT = 10**15  # of a distance: parts are added as whole numbers, in any order the same


def groups_by_category(rows: str, keys: str) -> str:
    """A statement of groups `{n, spot, score}` over `rows` of `keys`, `s`, `spot`: values without an order.

    Half the sum of differences is the sum of those values that the group has more of, which it holds.
    """
    return f"""SELECT max(size) AS n, min(spot) AS spot,
  CAST(sum(CASE WHEN n * every > value * size THEN n * every - value * size ELSE 0 END) AS DOUBLE)
    / (CAST(max(size) AS DOUBLE) * CAST(max(every) AS DOUBLE)) AS score
FROM (
  SELECT {keys}, n, spot, CAST(sum(n) OVER (PARTITION BY {keys}) AS BIGINT) AS size,
    CAST(sum(n) OVER (PARTITION BY s) AS BIGINT) AS value, CAST(sum(n) OVER () AS BIGINT) AS every
  FROM (SELECT {keys}, s, count(*) AS n, min(spot) AS spot FROM ({rows}) AS rows GROUP BY {keys}, s) AS cells
) AS sized GROUP BY {keys}"""  # noqa: S608 (made of quoted parts)


@dataclass(frozen=True, slots=True)
class ClosenessRequest:
    """The table of groups `{n, spot, score}` over `rows` of `keys`, `s`, `spot`: numbers in their order.

    Raises `PlanError` for a column `sensitive` of more different numbers than are looked at.
    """

    rows: str
    keys: str
    sensitive: str

    @property
    def name(self) -> str:
        """Name of the table in a session; that of the ranks of numbers ends in `_ranks`, of parts in `_parts`."""
        return f"close_{digest_of([self.rows, self.keys])[:16]}"

    def make(self, engine: Engine) -> None:
        """Ranks the numbers, measures between each number of a group and its next one, adds up."""
        import numpy as np
        import pyarrow as pa

        sql = f"SELECT CAST(s AS DOUBLE) AS s, count(*) AS n FROM ({self.rows}) AS rows GROUP BY 1 ORDER BY 1"  # noqa: S608
        values = engine.rows(f"{sql} LIMIT {MOST + 1}")
        if len(values) > MOST:
            why = f"`{self.sensitive}` has more than {MOST:,} different numbers"
            raise PlanError(why, hint="group them into ranges first")
        told = engine.rows(f"SELECT count(DISTINCT s) AS n FROM ({self.rows}) AS rows")[0]["n"]  # noqa: S608
        if told != len(values):
            why = f"`{self.sensitive}` has numbers of more digits than can be told apart in their order"
            raise PlanError(why, hint="group them into ranges first")
        counts = np.array([row["n"] for row in values], np.int64)
        whole = np.cumsum(counts) / max(1, counts.sum())
        kinds = [("s", pa.float64()), ("rank", pa.int64())]
        ranks = {"s": [row["s"] for row in values], "rank": list(range(len(values)))}
        engine.add(f"{self.name}_ranks", pa.table(ranks, schema=pa.schema(kinds)))
        engine.derive(f"{self.name}_parts", self._steps(len(values)), partial(_parts, whole=whole), _schema())
        score = f"CAST(sum(part) AS DOUBLE) / {UNIT} AS score"
        summed = f"SELECT max(n) AS n, spot, {score} FROM {self.name}_parts GROUP BY spot"  # noqa: S608 (a digest)
        engine.keep(self.name, summed, pa.schema([("n", pa.int64()), ("spot", pa.int64()), ("score", pa.float64())]))

    def _steps(self, last: int) -> str:
        """Of each group the ranks at which its cumulative share rises: to `share`, from `low` on, before `high`."""
        cells = (
            f"SELECT {self.keys}, CAST(s AS DOUBLE) AS s, count(*) AS n, min(spot) AS spot FROM ({self.rows}) AS rows"  # noqa: S608
        )
        of = f"PARTITION BY {self.keys}"
        return f"""SELECT CAST(sum(n) OVER ({of}) AS BIGINT) AS n, min(spot) OVER ({of}) AS spot,
  CAST(sum(n) OVER ({of} ORDER BY rank) AS DOUBLE) / CAST(sum(n) OVER ({of}) AS DOUBLE) AS share, rank AS low,
  coalesce(lead(rank) OVER ({of} ORDER BY rank), {last}) AS high, lag(rank) OVER ({of} ORDER BY rank) IS NULL AS first
FROM (SELECT {self.keys}, n, spot, ranks.rank AS rank
  FROM ({cells} GROUP BY ALL) AS cells JOIN {self.name}_ranks AS ranks ON cells.s = ranks.s) AS ranked"""  # noqa: S608


def _schema() -> pa.Schema:
    import pyarrow as pa

    return pa.schema([("n", pa.int64()), ("spot", pa.int64()), ("part", pa.int64())])


def _parts(batches: Iterator[pa.RecordBatch], whole: NDArray[np.float64]) -> Iterator[pa.RecordBatch]:
    import numpy as np
    import pyarrow as pa

    for batch in batches:
        share, low, high = (np.array(batch.column(name).to_pylist()) for name in ("share", "low", "high"))
        first = np.array(batch.column("first").to_pylist(), bool)
        moved = _moved(share, low, high, whole) if len(batch) else np.zeros(0)
        before = np.where(first, np.concatenate(([0.0], np.cumsum(whole)))[low.astype(np.int64)], 0.0)
        part = np.rint((moved + before) / max(1, len(whole) - 1) * UNIT).astype(np.int64)
        columns: list[Any] = [batch.column("n"), batch.column("spot"), pa.array(part)]
        yield pa.RecordBatch.from_arrays(columns, schema=_schema())


def _moved(
    share: NDArray[Any], low: NDArray[Any], high: NDArray[Any], whole: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The sum of |share - whole| from rank `low` on, before `high`; `whole` ascends, so that the sign changes once."""
    import numpy as np

    sums = np.concatenate(([0.0], np.cumsum(whole)))
    low, high = low.astype(np.int64), high.astype(np.int64)
    turn = np.clip(np.searchsorted(whole, share, "right"), low, high)
    above = share * (turn - low) - (sums[turn] - sums[low])
    below = (sums[high] - sums[turn]) - share * (high - turn)
    found: NDArray[np.float64] = above + below
    return found
