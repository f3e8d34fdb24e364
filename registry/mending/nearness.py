"""Ties near-duplicates together, so that no split can part them.

The search for near-duplicate texts gives each row its earliest witness in an earlier split. Here
each unit plays a split: whoever finds a witness in an earlier unit joins it, and the search
runs again over the fewer units until none finds any. Each round at least halves what is still
to be joined (as Borůvka's does), and the last one proves that nothing is left.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from registry.checks.expectations.near import COMPARED
from registry.errors import DataError
from registry.mending.draw import Ints
from registry.mending.ties import Ties
from registry.mending.units import begins, place_sql
from registry.tables.duck import Session, quote_text
from registry.tables.images_hash import HASH, SIDE, THUMB, ImageRequest, pairs_alike
from registry.tables.keys import IMAGES, canonical_sql, make_keys, normalised
from registry.tables.near.corpus import Corpus, KeyBatch, spooled
from registry.tables.near.options import LimitReachedError, Meter, NearOptions
from registry.tables.near.search import between, rows_of
from registry.tables.table import FILE, ROW

_SLICE = 1 << 13  # rows normalised at a time


def tie_near(session: Session, column: str, ties: Ties, ids: Ints, options: NearOptions | None) -> None:
    """Ties all rows whose texts in `column` are near-duplicates, directly or through others.

    `ids` gives each row its number in `ties`. Raises `DataError` beyond the work limit.
    """
    known = options or NearOptions()
    meter = Meter(known.work_limit)
    with spooled(_texts(session, column), known) as corpus:
        ties.tie(ids[corpus.ids].tolist(), ids[corpus.first[corpus.entry_of_row]].tolist())
        try:
            while _tied(corpus, ties, ids, known, meter):
                pass
        except LimitReachedError as error:
            raise DataError(
                f"the near-duplicates of `{column}` cannot be kept together",
                why=f"more than {known.work_limit:,} comparisons would be needed",
                hint="remove boilerplate from the texts, or leave out --keep-near-duplicates-together",
            ) from error


def tie_alike(session: Session, ties: Ties, ids: Ints) -> None:
    """Ties all pictures that look alike, directly or through others; beyond the work limit `DataError`."""
    make_keys(session, ImageRequest())
    sql = f"SELECT {place_sql(session.table)} AS place, {HASH}, {THUMB} FROM {IMAGES} ORDER BY place"  # noqa: S608
    rows = session.rows(sql)
    if len(rows) ** 2 > COMPARED:
        raise DataError(
            "pictures that look alike cannot be kept together",
            why=f"more than {COMPARED:,} comparisons would be needed",
            hint="split a part of the folder at a time, or leave out --keep-near-duplicates-together",
        )
    hashes = np.array([row[HASH] for row in rows], np.uint64)
    thumbs = np.frombuffer(b"".join(bytes(row[THUMB]) for row in rows), np.uint8).reshape(-1, SIDE * SIDE)
    one_rank = np.zeros(len(rows), np.int64)
    for picture, other, _ in pairs_alike(hashes, thumbs, one_rank, within=True):
        ties.tie([int(ids[picture])], [int(ids[other])])


def _tied(corpus: Corpus, ties: Ties, ids: Ints, options: NearOptions, meter: Meter) -> bool:
    """One round; whether anything was tied."""
    roots = np.fromiter((ties.root(one) for one in ids[corpus.first].tolist()), np.int64, len(corpus.first))
    _, ranks = np.unique(roots, return_inverse=True)
    apart = replace(corpus, ranks=ranks)
    found = rows_of(apart, between(apart, options, meter), copies=False)
    ties.tie(ids[found.ids].tolist(), ids[found.witnesses].tolist())
    return len(found) > 0


def _texts(session: Session, column: str) -> Iterator[KeyBatch]:
    start = begins(session.table)
    files = ", ".join(quote_text(str(part.parquet)) for part in session.table.parts)
    text = canonical_sql(column, dict(session.columns)[column])
    sql = f"SELECT {text} AS text, list_position([{files}], {FILE}) - 1 AS part, {ROW} AS row FROM data"  # noqa: S608
    for batch in session.arrow(sql):
        part, row = (np.array(batch[name].to_pylist(), np.int64) for name in ("part", "row"))
        place = start[part] + row
        for at in range(0, len(place), _SLICE):
            texts = normalised(batch["text"].slice(at, _SLICE).to_pylist())
            chosen = place[at : at + _SLICE]
            yield KeyBatch(chosen, np.zeros(len(chosen), np.int64), texts)
