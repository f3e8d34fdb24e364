"""Near-duplicates of a column of a table: between its splits, and within each of them.

Both answers are exact: every row that has a near-duplicate as `definition.is_near` defines
it, and no other. Texts are compared as `registry.tables.keys.normalised` gives them.

>>> import tempfile
>>> from pathlib import Path
>>> import pyarrow as pa, pyarrow.parquet as pq
>>> from registry.tables.table import Part
>>> kept, held = "배송이  빠르고 포장도 꼼꼼해서 좋았어요", "배송이 빠르고 포장도 꼼꼼해서 좋았어요!"
>>> with tempfile.TemporaryDirectory() as root:
...     parts = []
...     for split, text in (("test", held), ("train", kept)):
...         path = Path(root, f"{split}.parquet")
...         pq.write_table(pa.table({"text": [text]}), path)
...         parts.append(Part(path.name, path, split, 1))
...     table = Table(tuple(parts), (("text", "string"),), ("train", "test"), None, "parquet")
...     with Session(table) as session:
...         result = near_between(session, "text")
>>> result.unexpected, result.total, [(str(pair.row), str(pair.witness)) for pair in result.samples]
(1, 1, [('test.parquet#0', 'train.parquet#0')])
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from registry.errors import ConfigError
from registry.model.digest import digest_of
from registry.tables.duck import Session, quote_text
from registry.tables.keys import canonical_sql, normalised
from registry.tables.near.arrays import Ints, starts_of
from registry.tables.near.corpus import Corpus, KeyBatch, spooled
from registry.tables.near.definition import K_HANGUL, K_TEXT, SHORTEST
from registry.tables.near.index import Matches
from registry.tables.near.learnt import LEARNT, Known, Learnt, recall
from registry.tables.near.options import LimitReachedError, Meter, NearOptions
from registry.tables.near.result import NearNotMeasured, NearPlaces, NearResult, NearSplit
from registry.tables.near.search import between, rows_of, within
from registry.tables.table import FILE, ROW, SPLIT, Table

if TYPE_CHECKING:
    import pyarrow as pa

_SLICE = 1 << 13  # rows normalised at a time


@dataclass(frozen=True, slots=True)
class _Search:
    """What is searched for: the function that finds entries, and whether a copy of an entry counts."""

    name: str
    find: Callable[[Corpus, NearOptions, Meter, Known], Matches]
    copies: bool


_BETWEEN, _WITHIN = _Search("between", between, copies=False), _Search("within", within, copies=True)


def near_between(
    session: Session, column: str, splits: Sequence[str] | None = None, options: NearOptions | None = None
) -> NearResult | NearNotMeasured:
    """The rows of a later split that have a near-duplicate in any earlier one, each with its earliest witness.

    `splits` are in order, by default those of the table; rows of others are left out. The
    earliest is first in the order of file (as the table lists them) and row, of all
    earlier splits. What the session's `learnt` directory knows of an earlier version is not
    searched for again. Raises `ConfigError` for an unknown column or split.
    """
    return _near(session, column, tuple(splits or session.table.splits), options or NearOptions(), _BETWEEN)


def near_within(session: Session, column: str, options: NearOptions | None = None) -> NearResult | NearNotMeasured:
    """The rows that have a near-duplicate earlier in their split, by file and row, each with its earliest witness.

    Raises `ConfigError` for an unknown column.
    """
    return _near(session, column, session.table.splits, options or NearOptions(), _WITHIN)


def _near(
    session: Session, column: str, splits: tuple[str, ...], options: NearOptions, search: _Search
) -> NearResult | NearNotMeasured:
    rows, corpus = session.kept(
        f"near corpus {digest_of([column, splits])}", lambda: _spooled(session, column, splits, options)
    )
    meter = Meter(options.work_limit)
    try:
        entries = _entries(session, _identity(column, splits, options, search), corpus, options, meter, search)
    except LimitReachedError:
        return NearNotMeasured(meter.spent, options.work_limit)
    matches = rows_of(corpus, entries, copies=search.copies)
    found, witnesses = (_places(ids, corpus, session.table, splits) for ids in (matches.ids, matches.witnesses))
    counts = _counts(matches, corpus, splits, rows)
    judged = counts if search.copies else counts[1:]
    empty, short = sum(some.empty for some in judged), sum(some.short for some in judged)
    total = sum(some.rows for some in judged) - empty - (short if search.copies else 0)
    return NearResult(total, len(matches), short, empty, counts, found, witnesses, matches.similarities, meter.spent)


@contextmanager
def _spooled(
    session: Session, column: str, splits: tuple[str, ...], options: NearOptions
) -> Iterator[tuple[Ints, Corpus]]:
    """The rows of each split, and their texts, which both searches of a session share."""
    rows = np.zeros(len(splits), np.int64)
    with spooled(_keyed(session, column, splits, rows), options, len(splits)) as corpus:
        yield rows, corpus


def _identity(column: str, splits: tuple[str, ...], options: NearOptions, search: _Search) -> str:
    """What a search answers: other rules know nothing of what these learnt."""
    sizes = [K_TEXT, K_HANGUL, SHORTEST]
    return f"near-{digest_of([LEARNT, search.name, column, splits, options.threshold, sizes])[:32]}.learnt"


def _entries(
    session: Session, identity: str, corpus: Corpus, options: NearOptions, meter: Meter, search: _Search
) -> Matches:
    """The entries with a witness, what an earlier version taught used, and what this one teaches kept."""
    if session.learnt is None:
        return search.find(corpus, options, meter, recall(None, corpus.digests, corpus.ranks))
    file = session.learnt / identity
    try:
        known = recall(Learnt.load(file), corpus.digests, corpus.ranks)
        found = search.find(corpus, options, meter, known)
    except LimitReachedError:  # the new texts share long passages with the others: all pairs of them are too many
        meter.spent = 0
        found = search.find(corpus, options, meter, recall(None, corpus.digests, corpus.ranks))
    witnesses, similarities = np.full(len(corpus.ranks), -1), np.zeros(len(corpus.ranks))
    witnesses[found.ids], similarities[found.ids] = found.witnesses, found.similarities
    Learnt(corpus.digests, corpus.ranks, witnesses, similarities).save(file)
    return found


def _keyed(session: Session, column: str, splits: tuple[str, ...], rows: Ints) -> Iterator[KeyBatch]:
    """The rows of `splits`, normalised; an id is the row's place in the order of file and row. Counts into `rows`."""
    begin = _begins(session.table)
    for batch in session.arrow(_sql(session, column, splits)):
        ranks, part, row = (_numbers(batch.column(name)) for name in ("rank", "part", "row"))
        ids, texts = begin[part] + row, batch.column("text")
        rows += np.bincount(ranks, minlength=len(rows))
        for at in range(0, len(ids), _SLICE):
            to = at + _SLICE
            yield KeyBatch(ids[at:to], ranks[at:to], normalised(texts.slice(at, _SLICE).to_pylist()))


def _numbers(column: pa.Array) -> Ints:
    """A column of int64 without nulls, as it lies (`to_numpy` would import pandas)."""
    return np.frombuffer(column.buffers()[1], np.int64)[column.offset : column.offset + len(column)]


def _sql(session: Session, column: str, splits: tuple[str, ...]) -> str:
    kinds = dict(session.columns)
    if column not in kinds:
        raise ConfigError(f"there is no column `{column}`", why=f"the columns are {', '.join(kinds)}")
    for split in splits:
        if split not in session.table.splits:
            raise ConfigError(f"there is no split `{split}`", why=f"the splits are {', '.join(session.table.splits)}")
    part = _place([str(part.parquet) for part in session.table.parts], FILE)
    rank = _place(splits, f"CAST({SPLIT} AS VARCHAR)")
    return (  # all names and texts are quoted
        f"SELECT {canonical_sql(column, kinds[column])} AS text, {rank} AS rank, {part} AS part, {ROW} AS row "  # noqa: S608
        "FROM data WHERE rank IS NOT NULL"
    )


def _place(values: Sequence[str], sql: str) -> str:
    """SQL for the place of a value among `values` from 0, null where it is none of them."""
    return f"CAST(list_position([{', '.join(map(quote_text, values))}], {sql}) - 1 AS BIGINT)"


def _counts(matches: Matches, corpus: Corpus, splits: tuple[str, ...], rows: Ints) -> tuple[NearSplit, ...]:
    near = np.bincount(corpus.ranks_of(matches.ids), minlength=len(splits))
    return tuple(
        NearSplit(split, int(rows[rank]), int(corpus.empty[rank]), int(corpus.short[rank]), int(near[rank]))
        for rank, split in enumerate(splits)
    )


def _places(ids: Ints, corpus: Corpus, table: Table, splits: tuple[str, ...]) -> NearPlaces:
    begin = _begins(table)
    parts = np.searchsorted(begin, ids, "right") - 1
    paths = tuple(part.path for part in table.parts)
    return NearPlaces(parts, ids - begin[parts], corpus.ranks_of(ids), paths, splits)


def _begins(table: Table) -> Ints:
    """The id of the first row of each part, and the number of all rows."""
    return starts_of(np.array([part.rows for part in table.parts], np.int64))
