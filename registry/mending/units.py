"""Which rows must share a split, and by what name that split is drawn.

A row is called by its group, else its key, else its normalised text, else all that it holds.
Rows whose compared columns are equal as normalised text are tied together, whatever they are
called, as are the rows of a group and, where asked, near-duplicates. What is tied is a unit;
it is drawn by the least of its names (the shorter first, so that `r9` comes before `r10`): rows
that come later, with later keys, then join a unit without moving it.

>>> print(name_sql("k", ("id",), {"id": "VARCHAR"}))
'k' || strlen(CAST("id" AS VARCHAR)) || ':' || CAST("id" AS VARCHAR)
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import numpy as np

from registry.errors import UsageError
from registry.mending.draw import Ints
from registry.mending.ties import Ties
from registry.tables.duck import Session, is_instant, quote_ident, quote_text
from registry.tables.images_hash import ImageRequest
from registry.tables.keys import BYTES, KeyRequest, canonical_sql, make_keys, normalised
from registry.tables.table import FILE, ROW, Table

if TYPE_CHECKING:
    import pyarrow as pa

    from registry.tables.near import NearOptions

CONTENT = "contents_named"  # a table of a session


@dataclass(frozen=True, slots=True)
class Wanted:
    """What units are made of: `group` and `key` name a row, `groups` and the sets `compared` tie rows.

    `near` are columns whose near-duplicates stay together, those of texts found as `options`
    say. What is `ignored` names no row: columns whose values are drawn here. `image` is the
    column of an image folder's pictures, or empty: a path says nothing, bytes and pixels do.
    """

    group: str | None = None
    key: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    compared: tuple[tuple[str, ...], ...] = ()
    near: tuple[str, ...] = ()
    options: NearOptions | None = None
    ignored: tuple[str, ...] = ()
    image: str = ""


@dataclass(frozen=True, slots=True)
class Units:
    """Of each row its unit; of each unit its draws (for splits, for folds), its rows and its first row."""

    of_row: Ints
    draws: Ints
    fold_draws: Ints
    rows: Ints
    first: Ints

    def __len__(self) -> int:
        return len(self.rows)


def begins(table: Table) -> Ints:
    """The place of the first row of each part among all rows, in the order of parts, and the number of all rows."""
    return np.concatenate(([0], np.cumsum([part.rows for part in table.parts]))).astype(np.int64)


def place_sql(table: Table, alias: str = "", file: str = FILE, row: str = ROW) -> str:
    """SQL for the place of a row among all rows of `table`, in the order of parts."""
    files = ", ".join(quote_text(str(part.parquet)) for part in table.parts)
    starts = ", ".join(str(start) for start in begins(table)[:-1])
    dot = f"{alias}." if alias else ""
    return f"CAST(list_extract([{starts}], list_position([{files}], {dot}{file})) AS BIGINT) + {dot}{row}"


def by_row(session: Session, values: Mapping[str, str], source: str = "data") -> dict[str, np.ndarray[Any, Any]]:
    """Arrays over all rows, in the order of parts, of SQL expressions that give int64 or double without nulls."""
    named = "".join(f", {sql} AS {name}" for name, sql in values.items())
    sql = f"SELECT {place_sql(session.table)} AS place{named} FROM {source}"  # noqa: S608 (all parts are quoted)
    return _placed(session, sql, list(values))


def units_of(session: Session, wanted: Wanted, seed: int) -> Units:
    """The units of all rows of the session's table, drawn with `seed`."""
    named = _named(session, wanted, seed)
    ids, names = named["id"], int(named["id"].max(initial=-1)) + 1
    ties = Ties(names)
    for column in wanted.groups:
        _tie(session, ties, ids, _as_they_are(column))
    for columns in wanted.compared:
        _tie(session, ties, ids, _folded(session, columns, wanted.image))
    for column in wanted.near:
        from registry.mending.nearness import tie_alike, tie_near

        if column == wanted.image:
            tie_alike(session, ties, ids)
        else:
            tie_near(session, column, ties, ids, wanted.options)
    roots = ties.roots()
    found, first, of_row, rows = np.unique(roots[ids], return_index=True, return_inverse=True, return_counts=True)
    at = np.zeros(names, np.int64)
    at[ids] = np.arange(len(ids))
    chosen = at[found]  # a row that bears the unit's name
    return Units(of_row, named["draw"][chosen], named["fold"][chosen], rows, first)


def name_sql(letter: str, columns: Sequence[str], kinds: Mapping[str, str]) -> str:
    """SQL for a text that names a row by `columns`, null where one of them is null; no two values share a text."""
    texts = [canonical_sql(column, kinds[column]) for column in columns]
    return " || ".join([quote_text(letter), *(f"strlen({text}) || ':' || {text}" for text in texts)])


def _named(session: Session, wanted: Wanted, seed: int) -> dict[str, np.ndarray[Any, Any]]:
    """Of each row the rank of its name and the draws that the name gives."""
    kinds = dict(session.columns)
    place = place_sql(session.table, "d")
    sources, texts = "data AS d", []
    if wanted.group:
        texts.append(name_sql("g", (wanted.group,), kinds))
    if wanted.key:
        texts.append(name_sql("k", wanted.key, kinds))
    elif wanted.compared:
        session.add(CONTENT, _contents(session, wanted.compared[0], wanted.image))
        sources += f" JOIN {CONTENT} ON {CONTENT}.__place = {place}"
        texts.append(f"{CONTENT}.__name")
    every = [f"coalesce({canonical_sql(name, kind)}, '')" for name, kind in kinds.items() if name not in wanted.ignored]
    texts.append(" || ".join(["'r'", *(f"strlen({text}) || ':' || {text}" for text in every)]))
    sql = f"""WITH named AS (SELECT {place} AS place, coalesce({", ".join(texts)}) AS name FROM {sources})
SELECT place, dense_rank() OVER (ORDER BY left(name, 1), strlen(name), name) - 1 AS id,
  {_draw_sql(seed, "name")} AS draw, {_draw_sql(seed, "'fold:' || name")} AS fold FROM named"""  # noqa: S608 (all parts are quoted)
    return _placed(session, sql, ["id", "draw", "fold"])


def _contents(session: Session, columns: Sequence[str], image: str) -> pa.Table:
    """Of each row its place, and `c` with the sha256 of its normalised texts; null where all are null or empty.

    NOTE: Not the keys that checks compare by, which may change: by these names rows keep
    their splits for ever. For the same reason a picture counts by the sha256 of its file,
    not by its pixels: decoders change.
    """
    import pyarrow as pa

    kinds = dict(session.columns)
    values = [BYTES if name == image else canonical_sql(name, kinds[name]) for name in columns]
    texts = ", ".join(f"{value} AS c{at}" for at, value in enumerate(values))
    source = "data"
    if image in columns:
        source = f"data JOIN {make_keys(session, ImageRequest())} USING ({FILE}, {ROW})"
    sql = f"SELECT {place_sql(session.table)} AS place, {texts} FROM {source}"  # noqa: S608 (all parts are quoted)
    schema = pa.schema([("__place", pa.int64()), ("__name", pa.string())])  # no names of the data's columns
    batches = []
    for batch in session.arrow(sql):
        rows = zip(*(normalised(batch[f"c{at}"].to_pylist()) for at in range(len(columns))), strict=True)
        names = pa.array([_content_name(row) for row in rows], pa.string())
        batches.append(pa.RecordBatch.from_arrays([batch["place"], names], schema=schema))
    return pa.Table.from_batches(batches, schema)


def _content_name(texts: tuple[str | None, ...]) -> str | None:
    if not any(texts):
        return None
    joined = "\x1f".join("\x1e" if text is None else text for text in texts)  # white space: no normalised text has it
    return "c" + hashlib.sha256(joined.encode("utf-8", "surrogatepass")).hexdigest()


def _draw_sql(seed: int, name: str) -> str:
    return f"CAST('0x' || substr(sha256('{int(seed)}:' || {name}), 1, 12) AS BIGINT)"


@dataclass(frozen=True, slots=True)
class _Equal:
    """What makes two rows equal: two keys, found in `source` of the rows for which `present` holds."""

    source: str
    keys: tuple[str, str]
    present: str


def _as_they_are(column: str) -> _Equal:
    key = f"hash({quote_ident(column)})"
    return _Equal("data", (key, key), f"{quote_ident(column)} IS NOT NULL")


def _folded(session: Session, columns: tuple[str, ...], image: str) -> _Equal:
    """Folded to normalised text; pictures as their pixels."""
    pictured = image in columns
    if pictured:
        make_keys(session, ImageRequest())
    source = make_keys(session, KeyRequest(columns, image if pictured else ""))
    return _Equal(source, ("k1", "k2"), "k1 IS NOT NULL")


def _tie(session: Session, ties: Ties, ids: Ints, equal: _Equal) -> None:
    """Ties the rows that are equal."""
    keys = f"{equal.keys[0]} AS k1, {equal.keys[1]} AS k2"
    sql = f"SELECT {place_sql(session.table)} AS place, {keys} FROM {equal.source} WHERE {equal.present}"  # noqa: S608 (all parts are quoted)
    parts = [(_array(batch["place"]), _keys(batch)) for batch in session.arrow(sql)]
    if parts:
        ties.tie_equal(ids[np.concatenate([place for place, _ in parts])], np.concatenate([key for _, key in parts]))


def _keys(batch: pa.RecordBatch) -> Ints:
    """The two halves of each key; as signed numbers they are as equal as they are."""
    return np.column_stack([_array(batch[name]) for name in ("k1", "k2")])


def _placed(session: Session, sql: str, names: Sequence[str]) -> dict[str, np.ndarray[Any, Any]]:
    rows = session.table.rows
    found: dict[str, np.ndarray[Any, Any]] = {}
    for batch in session.arrow(sql):
        place = _array(batch["place"])
        for name in names:
            values = _array(batch[name])
            found.setdefault(name, np.zeros(rows, values.dtype))[place] = values
    return found or {name: np.zeros(0, np.int64) for name in names}


def _array(column: pa.Array) -> np.ndarray[Any, Any]:
    """A column of int64 or double without nulls, as it lies (`to_numpy` would import pandas)."""
    kind = np.float64 if str(column.type) == "double" else np.int64
    return np.frombuffer(column.buffers()[1], kind)[column.offset : column.offset + len(column)]


def require_column(name: str, columns: Mapping[str, str]) -> None:
    """Raises `UsageError`, with the nearest name, where the data has no such column."""
    if name not in columns:
        near = get_close_matches(name, columns, 1)
        why = f"did you mean `{near[0]}`?" if near else f"the columns are {', '.join(columns)}"
        raise UsageError(f"there is no column `{name}`", why=why, hint="registry split --help")


def moment_sql(column: str, kind: str) -> str:
    """SQL for the moment of a row as int64 (microseconds for dates and times) or double; null where there is none.

    Texts are read as ISO dates and times, those without a zone as UTC. A column of another
    kind raises `UsageError`.
    """
    quoted = quote_ident(column)
    if kind == "DATE" or kind.startswith("TIMESTAMP") or is_instant(kind):
        return f"epoch_us({quoted})"
    if kind == "VARCHAR":
        return f"epoch_us(TRY_CAST({quoted} AS TIMESTAMPTZ))"
    if kind in ("FLOAT", "DOUBLE") or kind.startswith("DECIMAL"):
        return f"CAST({quoted} AS DOUBLE)"
    if kind.endswith(("INT", "INTEGER")):
        return f"CAST({quoted} AS BIGINT)"
    raise UsageError(f"`{column}` is {kind}, which is no time", hint="name a column of dates, times or numbers")
