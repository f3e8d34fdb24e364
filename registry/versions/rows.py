"""Rows of two tables compared: added, removed, edited, relabelled, moved between splits.

By key where one is declared, else as multisets of values; the order of rows, files, compression
and format play no part. Rows are told by 64-bit hashes of their values, so that a million edits
hide one with probability 5e-14; whether a split changed at all is told by its sha256 elsewhere.

>>> pair = Pair((("id", "BIGINT"), ("y", "VARCHAR")), (("id", "INTEGER"), ("y", "VARCHAR")))
>>> pair.columns, pair.same("id"), pair.same("y")
(('id', 'y'), False, True)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from registry.checks.discreet import discreet
from registry.checks.samples import called, is_public
from registry.model.difference import RowChanges
from registry.model.evidence import MAX_SAMPLES as SAMPLES
from registry.model.schema import DatasetSchema
from registry.tables import digests
from registry.tables.digests import kind_of, text_sql
from registry.tables.duck import quote_ident
from registry.tables.images import IMAGE
from registry.tables.table import SPLIT

if TYPE_CHECKING:
    from registry.tables.duck import Session

CONTENTS = {"data": digests.CONTENTS, "before": f"{digests.CONTENTS}_before"}
"""The names of the tables of image files that a session of image folders was given, by view."""
LABELS = 1000  # pairs of labels listed, the most frequent first
CLASSES = 100  # labels up to which a column holds classes, of which one may be missed


@dataclass(frozen=True, slots=True)
class Pair:
    """The columns of two tables with their DuckDB types."""

    before: tuple[tuple[str, str], ...]
    after: tuple[tuple[str, str], ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns whose values can be compared: in both, and of one kind (whatever its width)."""
        old = dict(self.before)
        return tuple(name for name, kind in self.after if name in old and kind_of(kind) == kind_of(old[name]))

    def same(self, name: str) -> bool:
        """Whether a column has one type in both."""
        return dict(self.before)[name] == dict(self.after)[name]

    def value(self, name: str) -> str:
        """SQL for a value that both sides write alike: -0.0 as 0.0, integers of any width as text."""
        kind = dict(self.after)[name]
        if not self.same(name):
            return text_sql(quote_ident(name), kind)
        return f"({quote_ident(name)} + 0.0::{kind})" if kind in ("FLOAT", "DOUBLE") else quote_ident(name)


@dataclass(frozen=True, slots=True)
class _Question:
    """What is compared by what: the pair, the key (may be empty), the label (may be none)."""

    session: Session
    pair: Pair
    key: tuple[str, ...]
    label: str | None
    nameable: bool = True

    @property
    def values(self) -> tuple[str, ...]:
        """All compared columns beside key and label."""
        return tuple(name for name in self.pair.columns if name not in (*self.key, self.label, SPLIT))

    def hashed(self, names: Sequence[str]) -> str:
        """SQL for the hash of some columns."""
        return f"hash({', '.join(map(self.pair.value, names))})" if names else "0::UBIGINT"

    def label_text(self) -> str:
        """SQL for the label as text."""
        return f"CAST({quote_ident(self.label)} AS VARCHAR)" if self.label else "NULL::VARCHAR"

    def side(self, view: str) -> str:
        """A query for key, split, label and the hash of the rest of each row."""
        keys = "".join(f"{self.pair.value(name)} AS k{at}, " for at, name in enumerate(self.key))
        source = self.source(view)
        return f"SELECT {keys}{SPLIT} AS s, {self.label_text()} AS y, {self.hashed(self.values)} AS h FROM {source}"  # noqa: S608

    def source(self, view: str) -> str:
        """SQL for the rows of a view; an image is its bytes, whatever its path."""
        if not self.session.has(CONTENTS[view]):
            return view
        told = f"REPLACE (c.sha256 AS {IMAGE})"
        return f"(SELECT {view}.* {told} FROM {view} JOIN {CONTENTS[view]} c ON c.path = {view}.{IMAGE})"  # noqa: S608


def compare_rows(session: Session, before: DatasetSchema, after: DatasetSchema) -> RowChanges:
    """How the rows of the view `data` differ from those of the view `before`.

    `session` was opened with the earlier table; the schemas name key and label.
    A key that is not the same in both, or is empty or repeated in one, is not used, and `note` says so.
    """
    pair = Pair(session.earlier, session.columns)
    labels = [column.name for schema in (before, after) if (column := schema.column_of_role("label"))]
    label = labels[0] if len(labels) == 2 and labels[0] == labels[1] and labels[0] in pair.columns else None
    left = sorted({name for name, _ in pair.before} & {name for name, _ in pair.after} - set(pair.columns))
    notes = [f"not compared, for its type changed: {', '.join(left)}"] if left else []
    key = tuple(after.keys) if after.keys == before.keys and set(after.keys) <= set(pair.columns) else ()
    if before.keys and not key:
        notes.append("rows are compared by their values: the key is not the same in both")
    gone = _gone(_Question(session, pair, key, label))
    if key:
        open_ = all(is_public(schema, key) for schema in (before, after))
        found = _keyed(_Question(session, pair, key, label, open_), "; ".join(notes))
        if found is not None:
            return replace(found, gone=gone)
        notes.append(f"rows are compared by their values: {', '.join(key)} is empty or repeated in some rows")
    return replace(_keyless(_Question(session, pair, (), label), "; ".join(notes)), gone=gone)


def _gone(question: _Question) -> dict[tuple[str, str], int]:
    """The rows before of each label that a split, which is still there, has no row of now."""
    if question.label is None:
        return {}
    counted = f"SELECT {SPLIT} AS s, {question.label_text()} AS y, count(*) AS n FROM {{}} GROUP BY ALL"  # noqa: S608
    found = question.session.rows(
        f"""WITH o AS ({counted.format("before")}), n AS ({counted.format("data")})
        SELECT s, y, o.n AS rows FROM o ANTI JOIN n USING (s, y)
        WHERE y IS NOT NULL AND s IN (SELECT s FROM n) AND (SELECT count(DISTINCT y) FROM o) <= {CLASSES}
        ORDER BY s, y"""  # noqa: S608
    )
    return _added_up(((row["s"], discreet(row["y"])), row["rows"]) for row in found)


def _keyed(question: _Question, note: str) -> RowChanges | None:
    """The comparison by key; None if the key does not tell rows."""
    session = question.session
    found = session.rows(_by_key(question))
    pairs = [row for row in found if row["kind"] == "rows"]
    if any(row["empty"] for row in pairs):
        return None
    both = [row for row in pairs if row["a"] is not None and row["b"] is not None]
    counts = {side: sum(row["n"] for row in pairs if row[side] is not None) for side in ("a", "b")}
    if counts["a"] != session.sizes["before"] or counts["b"] != session.sizes["data"]:
        return None  # a key that stands twice meets its partner twice
    return RowChanges(
        added=_summed([row for row in pairs if row["a"] is None], "b", "n"),
        removed=_summed([row for row in pairs if row["b"] is None], "a", "n"),
        edited=_summed(both, "b", "edited"),
        relabelled=_summed(both, "b", "relabelled"),
        moved={(row["a"], row["b"]): int(row["n"]) for row in both if row["a"] != row["b"]},
        labels=_labels(found),
        columns={question.values[int(row["a"])]: int(row["n"]) for row in found if row["kind"] == "columns"},
        keyed=True,
        note=note,
        samples=_samples(question, pairs),
    )


def _samples(question: _Question, pairs: Sequence[Mapping[str, Any]]) -> dict[str, tuple[str, ...]]:
    """The first keys of each kind of change, as evidence names rows; none where a key is confidential."""
    both = [row for row in pairs if row["a"] is not None and row["b"] is not None]
    kinds = {
        "added": ("first_rows", [row for row in pairs if row["a"] is None]),
        "removed": ("first_rows", [row for row in pairs if row["b"] is None]),
        "edited": ("first_edited", both),
        "relabelled": ("first_labels", both),
        "moved": ("first_rows", [row for row in both if row["a"] != row["b"]]),
    }
    keys = {kind: sorted(key for row in rows for key in map(_key, row[of] or ())) for kind, (of, rows) in kinds.items()}
    return {kind: tuple(called(key, question.key) for key in first[:SAMPLES]) for kind, first in keys.items() if first}


def _key(found: Any) -> tuple[Any, ...]:
    """A key that DuckDB gave as a row: its values, in order."""
    return tuple(found.values()) if isinstance(found, Mapping) else tuple(found)


def _by_key(question: _Question) -> str:
    """One statement for everything that a key tells: each side is hashed once, each edited row alone read once more.

    `g` counts the pairs of rows and lists the hashes of edited keys: rows that share one by chance are equal, and add
    nothing to the edits of a column. Keys that may be named stand there in the first lines of each kind.
    """
    keys = [f"{question.pair.value(name)} AS k{at}" for at, name in enumerate(question.key)]
    using = ", ".join(f"k{at}" for at in range(len(question.key)))
    values = [f"{question.pair.value(name)} AS v{at}" for at, name in enumerate(question.values)]

    def edited(view: str) -> str:
        chosen = f"SELECT {', '.join([*keys, *values])} FROM {question.source(view)}"  # noqa: S608
        return f"(SELECT * FROM ({chosen}) SEMI JOIN e ON hash({using}) = e.k)"  # noqa: S608

    named = f"row({using})" if question.nameable else "NULL::STRUCT(a INTEGER)"
    first = f"min(key, {SAMPLES}) FILTER"
    listed = "flatten(list({0}) FILTER ({0} IS NOT NULL)) AS {0}"
    nothing = ", ".join(["NULL"] * 6)
    places = range(len(values))
    differ = ", ".join(f"count(*) FILTER (o.v{at} IS DISTINCT FROM n.v{at})" for at in places)
    empty = " OR ".join(f"k{at} IS NULL" for at in range(len(question.key)))
    by_column = f"""UNION ALL SELECT 'columns', CAST(column_at AS VARCHAR), NULL, n, {nothing} FROM (
          SELECT unnest(range({len(values)})) AS column_at, unnest([{differ}]) AS n
          FROM {edited("before")} o JOIN {edited("data")} n USING ({using})) WHERE n > 0"""  # noqa: S608
    return f"""WITH o AS ({question.side("before")}), n AS ({question.side("data")}),
        j AS (SELECT hash({using}) AS k, {named} AS key, {empty} AS empty, o.s AS a, n.s AS b, o.y AS y0, n.y AS y1,
          o.h <> n.h AS edited, a IS NOT NULL AND b IS NOT NULL AND y0 IS DISTINCT FROM y1 AS relabelled
          FROM o FULL JOIN n USING ({using})),
        g AS MATERIALIZED (SELECT a, b, relabelled, CASE WHEN relabelled THEN y0 END AS y0,
          CASE WHEN relabelled THEN y1 END AS y1, count(*) AS n, count(*) FILTER (edited) AS edited,
          count(*) FILTER (empty) AS empty, list(k) FILTER (edited) AS keys,
          {first} (a IS DISTINCT FROM b) AS first_rows, {first} (edited) AS first_edited,
          {first} (relabelled) AS first_labels FROM j GROUP BY ALL),
        e AS (SELECT unnest(keys) AS k FROM g)
        SELECT 'rows' AS kind, a, b, sum(n) AS n, sum(edited) AS edited, sum(n) FILTER (relabelled) AS relabelled,
          sum(empty) AS empty, {listed.format("first_rows")}, {listed.format("first_edited")},
          {listed.format("first_labels")} FROM g GROUP BY ALL
        UNION ALL (SELECT 'labels', y0, y1, sum(n) AS n, {nothing} FROM g WHERE relabelled
          GROUP BY ALL ORDER BY n DESC, y0, y1 LIMIT {LABELS}) {by_column if values else ""}"""  # noqa: S608


def _pairs(rows: Sequence[Mapping[str, Any]], kind: str) -> dict[tuple[Any, Any], int]:
    """The counts of one kind by pair, the most frequent first."""
    found = sorted((row for row in rows if row["kind"] == kind), key=lambda row: (-row["n"], str((row["a"], row["b"]))))
    return {(row["a"], row["b"]): int(row["n"]) for row in found}


def _labels(rows: Sequence[Mapping[str, Any]]) -> dict[tuple[Any, Any], int]:
    """The counts of pairs of labels, as a manifest and a changelog tell them for good: what is personal is hidden."""
    return _added_up(((discreet(old), discreet(new)), n) for (old, new), n in _pairs(rows, "labels").items())


def _added_up(counts: Iterable[tuple[tuple[Any, Any], Any]]) -> dict[tuple[Any, Any], int]:
    """The counts by pair, in the order in which each pair comes first."""
    found: dict[tuple[Any, Any], int] = {}
    for pair, n in counts:
        found[pair] = found.get(pair, 0) + int(n)
    return found


# Rows as multisets. `d` holds by split, values and label how many rows there are more than before; in a split,
# rows that differ in the label alone are relabelled; of what remains, what one split lost another may have got.
_MULTISETS = """WITH d AS MATERIALIZED (
  SELECT s, h, y, sum(n) AS n FROM (
    SELECT s, h, y, 1 AS n FROM ({after}) UNION ALL SELECT s, h, y, -1 AS n FROM ({before})
  ) GROUP BY ALL HAVING sum(n) <> 0
), r AS (
  SELECT s, h, sum(greatest(n, 0)) AS more, -sum(least(n, 0)) AS less FROM d GROUP BY ALL
), q AS (
  SELECT s, h, more - less AS n FROM r WHERE more <> less
), f AS (
  SELECT h, least(sum(greatest(n, 0)), -sum(least(n, 0))) AS moved FROM q GROUP BY h
), p AS (
  SELECT s, h, n, moved, coalesce(sum(abs(n)) OVER (
    PARTITION BY h, n > 0 ORDER BY s ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
  ), 0) AS passed FROM q JOIN f USING (h)
), m AS MATERIALIZED (
  SELECT s, h, n, passed, greatest(least(abs(n), moved - passed), 0) AS moved FROM p
)"""
# In what is relabelled, the labels that came are dealt to those that went in their order.
_ALL = """, g AS (
  SELECT s, h, y, n, coalesce(sum(abs(n)) OVER (
    PARTITION BY s, h, n > 0 ORDER BY y ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
  ), 0) AS passed FROM d
), e AS (
  SELECT o.y AS old, n.y AS new,
    least(o.passed - o.n, n.passed + n.n) - greatest(o.passed, n.passed) AS count
  FROM g o JOIN g n USING (s, h) WHERE o.n < 0 AND n.n > 0
)
SELECT 'relabelled' AS kind, s AS a, NULL AS b, sum(least(more, less)) AS n FROM r GROUP BY ALL
UNION ALL SELECT 'added', s, NULL, sum(n - moved) FROM m WHERE n > 0 GROUP BY ALL
UNION ALL SELECT 'removed', s, NULL, sum(-n - moved) FROM m WHERE n < 0 GROUP BY ALL
UNION ALL SELECT 'moved', o.s, n.s,
    sum(least(o.passed + o.moved, n.passed + n.moved) - greatest(o.passed, n.passed)) FROM m o JOIN m n USING (h)
  WHERE o.n < 0 AND n.n > 0
  AND least(o.passed + o.moved, n.passed + n.moved) > greatest(o.passed, n.passed) GROUP BY ALL
UNION ALL (SELECT 'labels', old, new, sum(count) AS n FROM e WHERE count > 0 AND old IS DISTINCT FROM new
  GROUP BY ALL ORDER BY n DESC, old, new LIMIT {labels})"""


def _keyless(question: _Question, note: str) -> RowChanges:
    statement = _MULTISETS.format(after=question.side("data"), before=question.side("before"))
    found = question.session.rows(statement + _ALL.format(labels=LABELS))

    def by_split(kind: str) -> dict[str, int]:
        return _summed([row for row in found if row["kind"] == kind], "a", "n")

    return RowChanges(
        added=by_split("added"),
        removed=by_split("removed"),
        relabelled=by_split("relabelled"),
        moved=_pairs(found, "moved"),
        labels=_labels(found),
        note=note,
    )


def _summed(rows: Sequence[Mapping[str, Any]], by: str, of: str) -> dict[str, int]:
    """The sums of `of` by `by` that are not 0, in order."""
    found: dict[str, int] = {}
    for row in rows:
        found[row[by]] = found.get(row[by], 0) + int(row[of] or 0)
    return {name: found[name] for name in sorted(found) if found[name]}
