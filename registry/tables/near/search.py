"""The search itself: later rows are indexed in blocks, earlier ones streamed past each block in order.

A row that has its witness is retired at once, so that the cost follows the rows found and
not the pairs, of which boilerplate has a quadratic number. Streaming begins with small
chunks for the same reason. What an earlier search learnt is not searched for again.

>>> from registry.tables.near.corpus import KeyBatch, spooled
>>> texts = ["the parcel came quickly and well packed", "the parcel came quickly and well packed!"]
>>> with spooled([KeyBatch(np.array([0, 1]), np.array([0, 0]), texts)], NearOptions()) as corpus:
...     within(corpus, NearOptions(), Meter(1000))
Matches(ids=array([1]), witnesses=array([0]), similarities=array([0.97222222]))
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from registry.tables.near.arrays import Ints, cuts
from registry.tables.near.corpus import Corpus
from registry.tables.near.index import Matches, NearIndex, Rows
from registry.tables.near.learnt import Known, recall
from registry.tables.near.options import Meter, NearOptions

_FIRST = 1 << 10  # rows of the first chunk; each is twice as long as the one before
_SAMPLE = 1 << 14  # rows of a sample, at least
_SHARE = 8  # an index is cleaned when one row in so many is retired


def between(corpus: Corpus, options: NearOptions, meter: Meter, known: Known | None = None) -> Matches:
    """For each entry of a later split its earliest witness in any earlier split; ids are those of entries."""
    known = known or recall(None, corpus.digests, corpus.ranks)
    every = np.arange(len(corpus.ranks))
    anew = np.flatnonzero((corpus.ranks > 0) & known.anew)
    parts = [_remembered(known), _search(corpus, (anew, every), corpus.ranks, options, meter)]
    bounds = np.where(known.witnesses >= 0, known.witnesses, len(every))
    for rank in np.unique(corpus.ranks[corpus.ranks > 0]):
        rest = np.flatnonzero((corpus.ranks == rank) & ~known.anew)
        fresh = np.flatnonzero((corpus.ranks < rank) & known.fresh)
        parts.append(_against(corpus, (rest, fresh), bounds, options, meter))
    return Matches.joined(parts)


def within(corpus: Corpus, options: NearOptions, meter: Meter, known: Known | None = None) -> Matches:
    """For each entry its earliest witness among the earlier entries of its split; ids are those of entries."""
    known = known or recall(None, corpus.digests, corpus.ranks)
    places = np.arange(len(corpus.ranks))
    bounds = np.where(known.witnesses >= 0, known.witnesses, places)
    parts = [_remembered(known)]
    for rank in np.unique(corpus.ranks):
        split = corpus.ranks == rank
        anew, rest = np.flatnonzero(split & known.anew), np.flatnonzero(split & ~known.anew)
        parts.append(_search(corpus, (anew, np.flatnonzero(split)), places, options, meter))
        parts.append(_against(corpus, (rest, np.flatnonzero(split & known.fresh)), bounds, options, meter))
    return Matches.joined(parts)


def rows_of(corpus: Corpus, found: Matches, *, copies: bool) -> Matches:
    """The rows of the entries `found`, each with the first row of its witness.

    With `copies` a later copy of any entry is found too: the first one is its witness, at the least.
    """
    witness = corpus.first.copy() if copies else np.full(len(corpus.first), -1)
    similarity = np.ones(len(corpus.first))
    witness[found.ids], similarity[found.ids] = corpus.first[found.witnesses], found.similarities
    of_rows = witness[corpus.entry_of_row]
    at = np.flatnonzero(of_rows < corpus.ids if copies else of_rows >= 0)
    return Matches(corpus.ids[at], of_rows[at], similarity[corpus.entry_of_row[at]])


def _remembered(known: Known) -> Matches:
    at = np.flatnonzero(known.witnesses >= 0)
    return Matches(at, known.witnesses[at], known.similarities[at])


def _against(corpus: Corpus, sides: tuple[Ints, Ints], bounds: Ints, options: NearOptions, meter: Meter) -> Matches:
    """For each entry of the first side the earliest one of the second that is near to it and before its bound.

    The second side is the one that is indexed: it is small.
    """
    streamed, indexed = sides
    parts: list[Matches] = []
    for cut in cuts(corpus.chars[indexed], options.block_codes, options.block):
        held = indexed[cut]
        after = streamed[bounds[streamed] > held.min()]
        if len(after):
            index = NearIndex.build(
                corpus.rows(held, -np.arange(len(bounds))), _sampled(corpus, after, -bounds, options), options,
                hangul=bool(corpus.hangul[after].any()),
            )  # fmt: skip
            parts.extend(index.first_met(corpus.rows(some, -bounds), meter) for some in _chunks(corpus, after, options))
    return Matches.joined(parts)


def _search(corpus: Corpus, sides: tuple[Ints, Ints], levels: Ints, options: NearOptions, meter: Meter) -> Matches:
    """For each entry of the first side its earliest witness of a lower level in the second."""
    indexed, streamed = sides
    parts: list[Matches] = []
    for cut in cuts(corpus.chars[indexed], options.block_codes, options.block):
        held = indexed[cut]
        lower = streamed[levels[streamed] < levels[held].max()]
        if len(lower):
            parts.extend(_past(corpus, corpus.rows(held, levels), lower, levels, options, meter))
    return Matches.joined(parts)


def _past(
    corpus: Corpus, held: Rows, lower: Ints, levels: Ints, options: NearOptions, meter: Meter
) -> Iterator[Matches]:
    """Streams the entries `lower` past an index of `held`."""
    sample = _sampled(corpus, lower, levels, options)
    index = NearIndex.build(held, sample, options, hangul=bool(corpus.hangul[lower].any()))
    return past(index, (corpus.rows(some, levels) for some in _chunks(corpus, lower, options)), meter)


def past(index: NearIndex, chunks: Iterable[Rows], meter: Meter) -> Iterator[Matches]:
    """Streams rows, in ascending order, past the index; an indexed row that has its witness meets no more."""
    dead, retired = np.zeros(len(index.ids), bool), 0
    ids = index.ids
    for rows in chunks:
        found = index.match_rows(rows, meter, dead)
        yield found
        dead[np.searchsorted(ids, found.ids)] = True
        count = int(dead.sum())
        if count == len(dead):
            return
        if (count - retired) * _SHARE > len(dead) - retired:
            index, retired = index.without(dead), count


def _sampled(corpus: Corpus, entries: Ints, levels: Ints, options: NearOptions) -> Iterator[Rows]:
    sampled = _sample(entries)
    for cut in cuts(corpus.chars[sampled], options.chunk_codes, options.chunk):
        yield corpus.rows(sampled[cut], levels)


def _sample(entries: Ints) -> Ints:
    """Entries at a fixed distance, one in eight or 16,384 to 65,536; never the first ones, which may be alike."""
    count = len(entries)
    return entries[:: max(min(count // _SAMPLE, 8), -(-count // (4 * _SAMPLE)), 1)]


def _chunks(corpus: Corpus, entries: Ints, options: NearOptions) -> Iterator[Ints]:
    longest, rest = _FIRST, entries
    while len(rest):
        cut = next(cuts(corpus.chars[rest], options.chunk_codes, min(longest, options.chunk)))
        yield rest[cut]
        rest, longest = rest[cut.stop :], longest * 2
