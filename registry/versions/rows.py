"""Rows of two tables compared: added, removed, edited, relabelled, moved between splits.

By key where one is declared, else as multisets of values; the order of rows, files, compression
and format play no part. Rows are told by 64-bit hashes of their values, so that a million edits
hide one with probability 5e-14; whether a split changed at all is told by its sha256 elsewhere.

>>> pair = Pair((("id", "BIGINT"), ("y", "VARCHAR")), (("id", "INTEGER"), ("y", "VARCHAR")))
>>> pair.columns, pair.same("id"), pair.same("y")
(('id', 'y'), False, True)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from registry.model.difference import RowChanges
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
        found = _keyed(_Question(session, pair, key, label), "; ".join(notes))
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
    return {(row["s"], row["y"]): int(row["rows"]) for row in found}


def _keyed(question: _Question, note: str) -> RowChanges | None:
    """The comparison by key; None if the key does not tell rows."""
    session, places = question.session, range(len(question.key))
    empty = " OR ".join(f"{quote_ident(name)} IS NULL" for name in question.key)
    rows = {}
    for view in ("before", "data"):
        seen = session.row(f"SELECT count(*) AS rows, count(*) FILTER ({empty}) AS empty FROM {view}")  # noqa: S608
        if seen["empty"]:
            return None
        rows[view] = seen["rows"]
    sides = f"WITH o AS ({question.side('before')}), n AS ({question.side('data')})"
    using = f"USING ({', '.join(f'k{at}' for at in places)})"
    found = session.rows(
        f"""{sides} SELECT o.s AS old, n.s AS new, count(*) AS rows, count(*) FILTER (o.h <> n.h) AS edited,
        count(*) FILTER (o.y IS DISTINCT FROM n.y) AS relabelled FROM o FULL JOIN n {using} GROUP BY ALL"""  # noqa: S608
    )
    both = [row for row in found if row["old"] is not None and row["new"] is not None]
    counts = {side: sum(row["rows"] for row in found if row[side] is not None) for side in ("old", "new")}
    if counts["old"] != rows["before"] or counts["new"] != rows["data"]:
        return None  # a key that stands twice meets its partner twice
    relabelled = _summed(both, "new", "relabelled")
    edited = _summed(both, "new", "edited")
    return RowChanges(
        added=_summed([row for row in found if row["old"] is None], "new", "rows"),
        removed=_summed([row for row in found if row["new"] is None], "old", "rows"),
        edited=edited,
        relabelled=relabelled,
        moved={(row["old"], row["new"]): row["rows"] for row in both if row["old"] != row["new"]},
        labels=_labels(session, sides + _BOTH.format(using=using), "d") if relabelled else {},
        columns=_edited(question) if edited else {},
        keyed=True,
        note=note,
    )


_BOTH = ", d AS (SELECT o.y AS old, n.y AS new, 1 AS count FROM o JOIN n {using})"


def _edited(question: _Question) -> dict[str, int]:
    """The edited values of each column."""
    names = question.values
    values = [f"{question.pair.value(name)} AS v{at}" for at, name in enumerate(names)]
    keys = [f"{question.pair.value(name)} AS k{at}" for at, name in enumerate(question.key)]
    chosen = ", ".join([*keys, *values, f"{question.hashed(names)} AS h"])
    counts = ", ".join(f"count(*) FILTER (o.v{at} IS DISTINCT FROM n.v{at}) AS c{at}" for at in range(len(names)))
    found = question.session.row(
        f"""SELECT {counts} FROM (SELECT {chosen} FROM {question.source("before")}) o
        JOIN (SELECT {chosen} FROM {question.source("data")}) n
        USING ({", ".join(f"k{at}" for at in range(len(question.key)))}) WHERE o.h <> n.h"""  # noqa: S608
    )
    return {name: found[f"c{at}"] for at, name in enumerate(names) if found[f"c{at}"]}


# Rows as multisets. `d` holds by split, values and label how many rows there are more than before; in a split,
# rows that differ in the label alone are relabelled; of what remains, what one split lost another may have got.
_MULTISETS = """WITH d AS (
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
), m AS (
  SELECT s, h, n, passed, greatest(least(abs(n), moved - passed), 0) AS moved FROM p
)"""
_RELABELLED = "SELECT s AS split, sum(least(more, less)) AS rows FROM r GROUP BY s HAVING sum(least(more, less)) > 0"
_REST = """SELECT s AS split, sum(n - moved) FILTER (n > 0) AS added, sum(-n - moved) FILTER (n < 0) AS removed
  FROM m GROUP BY s"""
_MOVED = """SELECT o.s AS old, n.s AS new,
  sum(least(o.passed + o.moved, n.passed + n.moved) - greatest(o.passed, n.passed)) AS rows FROM m o JOIN m n USING (h)
  WHERE o.n < 0 AND n.n > 0
  AND least(o.passed + o.moved, n.passed + n.moved) > greatest(o.passed, n.passed) GROUP BY ALL"""
# In what is relabelled, the labels that came are dealt to those that went in their order.
_PAIRED = """, g AS (
  SELECT s, h, y, n, coalesce(sum(abs(n)) OVER (
    PARTITION BY s, h, n > 0 ORDER BY y ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
  ), 0) AS passed FROM d
), e AS (
  SELECT o.y AS old, n.y AS new,
    least(o.passed - o.n, n.passed + n.n) - greatest(o.passed, n.passed) AS count
  FROM g o JOIN g n USING (s, h) WHERE o.n < 0 AND n.n > 0
), l AS (SELECT old, new, count FROM e WHERE count > 0)"""


def _keyless(question: _Question, note: str) -> RowChanges:
    session = question.session
    sets = _MULTISETS.format(after=question.side("data"), before=question.side("before"))
    rest = session.rows(f"{sets} {_REST}")
    relabelled = {row["split"]: int(row["rows"]) for row in session.rows(f"{sets} {_RELABELLED}")}
    return RowChanges(
        added=_summed(rest, "split", "added"),
        removed=_summed(rest, "split", "removed"),
        relabelled=relabelled,
        moved={(row["old"], row["new"]): int(row["rows"]) for row in session.rows(f"{sets} {_MOVED}")},
        labels=_labels(session, f"{sets}{_PAIRED}", "l") if relabelled else {},
        note=note,
    )


def _labels(session: Session, tables: str, name: str) -> dict[tuple[str | None, str | None], int]:
    """Rows by old and new label, where they differ."""
    rows = session.rows(
        f"""{tables} SELECT old, new, sum(count) AS rows FROM {name} WHERE old IS DISTINCT FROM new
        GROUP BY ALL ORDER BY rows DESC, old, new LIMIT {LABELS}"""  # noqa: S608
    )
    return {(row["old"], row["new"]): int(row["rows"]) for row in rows}


def _summed(rows: Sequence[Mapping[str, Any]], by: str, of: str) -> dict[str, int]:
    """The sums of `of` by `by` that are not 0, in order."""
    found: dict[str, int] = {}
    for row in rows:
        found[row[by]] = found.get(row[by], 0) + int(row[of] or 0)
    return {name: found[name] for name in sorted(found) if found[name]}
