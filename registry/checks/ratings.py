"""Ratings of annotators → counts of pairs, in SQL; and the table of figures that follow from the counts.

Data is wide (a column for each annotator) or long (a row for each rating: item, annotator,
label). An item is named by the place of its first row. What is null, NaN or empty is no rating;
of an annotator's ratings of one item the first counts.

>>> wide = Layout(annotators=("a", "b"))
>>> wide.columns, Layout(item="i", annotator="who", label="l").columns
(('a', 'b'), ('i', 'who', 'l'))
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from registry.checks.coefficients import Method, figured, schema
from registry.model.digest import digest_of
from registry.tables.duck import quote_text
from registry.tables.engine import PLACE, Engine
from registry.tables.keys import canonical_sql
from registry.tables.table import FILE, ROW

PLACES = 2**40  # rows of a file at most, so that a place is one number
SPOT = f"(CAST({PLACE} AS BIGINT) * {PLACES} + {ROW})"
DISPUTED = 20  # items that are named


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the ratings stand: in `annotators`, or in the columns `item`, `annotator` and `label`."""

    annotators: tuple[str, ...] = ()
    item: str = ""
    annotator: str = ""
    label: str = ""

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns that are read."""
        return self.annotators or (self.item, self.annotator, self.label)

    @property
    def values(self) -> tuple[str, ...]:
        """The columns that hold ratings."""
        return self.annotators or (self.label,)

    def sql(self, kinds: Mapping[str, str]) -> str:
        """CTEs that end in `ratings(item, who, value)` and `repeated(n)`, ratings left out since they came later."""
        if self.annotators:
            each = " UNION ALL ".join(
                f"SELECT item, {quote_text(name)} AS who, value FROM "  # noqa: S608 (quoted)
                f"(SELECT {SPOT} AS item, {canonical_sql(name, kinds[name])} AS value FROM data) WHERE value <> ''"
                for name in self.annotators
            )
            return f"WITH ratings AS ({each}), repeated AS (SELECT 0 AS n)"
        named = zip((self.item, self.annotator, self.label), ("name", "who", "value"), strict=True)
        wanted = ", ".join(f"{canonical_sql(column, kinds[column])} AS {name}" for column, name in named)
        return f"""WITH given AS (
  SELECT * FROM (SELECT {wanted}, {SPOT} AS spot FROM data) WHERE name <> '' AND who <> '' AND value <> ''
), numbered AS (
  SELECT min(spot) OVER (PARTITION BY name) AS item, who, value,
    row_number() OVER (PARTITION BY name, who ORDER BY spot) AS nth
  FROM given
), ratings AS (
  SELECT item, who, value FROM numbered WHERE nth = 1
), repeated AS (
  SELECT count(*) AS n FROM numbered WHERE nth > 1
)"""  # noqa: S608 (all parts are quoted)


@dataclass(frozen=True, slots=True)
class AgreementRequest:
    """The figures of agreement, computed once: `{part, name, other, n, value, low, high}`.

    Parts: `coefficient`, `raw`, `alone` (items of one rating), `repeated`, `people`, `class`, `annotator`,
    `pair` (of annotators), `confusion` (of classes), `disputed` (`n` is the item's place, `value` its
    rank), or `nothing` with the reason as its name.
    """

    layout: Layout
    method: Method

    @property
    def name(self) -> str:
        """Name of the table in a session."""
        method = self.method
        chosen = [method.metric, method.level, method.weights, list(method.order), method.seed]
        return f"agreement_{digest_of([list(self.layout.columns), bool(self.layout.item), *chosen])[:16]}"

    def make(self, engine: Engine) -> None:
        """Counts pairs where the rows are, and makes figures of them."""
        sql = _counts_sql(self.layout.sql(dict(engine.columns)), cross=self.method.metric == "cohen")
        engine.derive(self.name, sql, partial(figured, method=self.method), schema(), whole=True)


def disputed_sql(name: str) -> str:
    """The most disputed items of the figures `name`, by the place of their first row, with what was said of them."""
    return f"""SELECT data.{FILE}, data.{ROW}, CAST(found.value AS BIGINT) AS rank, found.name AS ratings
FROM data JOIN {name} AS found ON found.part = 'disputed' AND found.n = {SPOT}"""  # noqa: S608 (a digest)


def _counts_sql(ratings: str, *, cross: bool) -> str:
    """Rows `{part, block, m, c, k, who, other, n, hits}`, from which all figures follow.

    Most disputed are items whose ratings lie furthest apart (numbers), then those where the fewest pairs agree.
    """
    number = "TRY_CAST(value AS DOUBLE)"
    return f"""{ratings}, counts AS (
  SELECT item, value, count(*) AS n FROM ratings GROUP BY ALL
), items AS (
  SELECT item, sum(n) AS m FROM counts GROUP BY item
), rated AS (
  SELECT counts.item, value, n, m, counts.item % 997 AS block
  FROM counts JOIN items ON counts.item = items.item WHERE m > 1
), pairs AS (
  SELECT one.block, one.m, one.value AS c, other.value AS k,
    sum(CASE WHEN one.value = other.value THEN one.n * (one.n - 1) ELSE one.n * other.n END) AS n
  FROM rated AS one JOIN rated AS other ON one.item = other.item AND one.value <= other.value GROUP BY ALL
), margins AS (
  SELECT block, value AS c, sum(n) AS n FROM rated GROUP BY ALL
), met AS (
  SELECT who, m, count(*) AS n, sum(rated.n - 1) AS hits
  FROM ratings JOIN rated ON ratings.item = rated.item AND ratings.value = rated.value GROUP BY ALL
), disputes AS (
  SELECT item, m, sum(n * (n - 1)) AS same, coalesce(max({number}) - min({number}), 0) AS width
  FROM rated GROUP BY item, m HAVING count(*) > 1
), disputed AS (
  SELECT item, row_number() OVER (ORDER BY width DESC, same / CAST(m * (m - 1) AS DOUBLE), item) AS rank FROM disputes
), {_crossed(cross)}
SELECT part, CAST(block AS BIGINT) AS block, CAST(m AS BIGINT) AS m, c, k, who, other, CAST(n AS BIGINT) AS n,
  CAST(hits AS BIGINT) AS hits
FROM (
  SELECT 'pair' AS part, block, m, c, k, NULL AS who, NULL AS other, n, 0 AS hits FROM pairs
  UNION ALL SELECT 'margin', block, 0, c, NULL, NULL, NULL, n, 0 FROM margins
  UNION ALL SELECT 'overlap', 0, m, NULL, NULL, who, NULL, n, hits FROM met
  UNION ALL SELECT 'annotator', 0, 0, NULL, NULL, who, NULL, count(*), 0 FROM ratings GROUP BY who
  UNION ALL SELECT 'items', 0, m, NULL, NULL, NULL, NULL, count(*), 0 FROM items GROUP BY m
  UNION ALL SELECT 'repeated', 0, 0, NULL, NULL, NULL, NULL, n, 0 FROM repeated
  UNION ALL SELECT 'disputed', disputed.item, rank, value, NULL, NULL, NULL, n, 0
    FROM disputed JOIN counts ON disputed.item = counts.item WHERE rank <= {DISPUTED}
  UNION ALL SELECT 'cross', block, 0, c, k, who, other, n, 0 FROM crossed
)
ORDER BY part, who, other, m, c, k, block"""  # noqa: S608 (all parts are quoted)


def _crossed(cross: bool) -> str:
    condition = "one.item = other.item AND one.who < other.who" if cross else "FALSE"
    return f"""crossed AS (
  SELECT one.item % 997 AS block, one.value AS c, other.value AS k, one.who, other.who AS other, count(*) AS n
  FROM ratings AS one JOIN ratings AS other ON {condition} GROUP BY ALL
)"""  # noqa: S608 (constants)
