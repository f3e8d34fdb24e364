"""The search itself: later rows are indexed in blocks, earlier ones streamed past each block in order.

A row that has its witness is retired at once, so that the cost follows the rows found and
not the pairs, of which boilerplate has a quadratic number. Streaming begins with small
chunks for the same reason.

>>> from registry.tables.near.corpus import KeyBatch, spooled
>>> texts = ["the parcel came quickly and well packed", "the parcel came quickly and well packed!"]
>>> with spooled([KeyBatch(np.array([0, 1]), np.array([0, 0]), texts)], NearOptions()) as corpus:
...     within(corpus, NearOptions(), Meter(1000))
Matches(ids=array([1]), witnesses=array([0]), similarities=array([0.97222222]))
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from registry.tables.near.arrays import Ints, cuts
from registry.tables.near.corpus import Corpus
from registry.tables.near.index import Matches, NearIndex, Rows
from registry.tables.near.options import Meter, NearOptions

_FIRST = 1 << 10  # rows of the first chunk; each is twice as long as the one before
_SAMPLE = 1 << 14  # rows of a sample, at least
_SHARE = 8  # an index is cleaned when one row in so many is retired


def between(corpus: Corpus, options: NearOptions, meter: Meter) -> Matches:
    """For each row of a later split its earliest witness in any earlier split; ids are those of rows."""
    later, earlier = np.flatnonzero(corpus.ranks > 0), np.arange(len(corpus.ranks))
    found = _search(corpus, (later, earlier), corpus.ranks, options, meter)
    witness = np.full(len(corpus.first), -1)
    similarity = np.zeros(len(corpus.first))
    witness[found.ids], similarity[found.ids] = corpus.first[found.witnesses], found.similarities
    at = np.flatnonzero(witness[corpus.entry_of_row] >= 0)
    entries = corpus.entry_of_row[at]
    return Matches(corpus.ids[at], witness[entries], similarity[entries])


def within(corpus: Corpus, options: NearOptions, meter: Meter) -> Matches:
    """For each row its earliest witness among the earlier rows of its split; ids are those of rows."""
    witness, similarity = corpus.first.copy(), np.ones(len(corpus.first))
    for rank in np.unique(corpus.ranks):
        split = np.flatnonzero(corpus.ranks == rank)
        found = _search(corpus, (split, split), np.arange(len(corpus.ranks)), options, meter)
        witness[found.ids], similarity[found.ids] = corpus.first[found.witnesses], found.similarities
    at = np.flatnonzero(witness[corpus.entry_of_row] < corpus.ids)  # a later copy has the first one, at the least
    entries = corpus.entry_of_row[at]
    return Matches(corpus.ids[at], witness[entries], similarity[entries])


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
    sampled = _sample(lower)
    cut = cuts(corpus.chars[sampled], options.chunk_codes, options.chunk)
    sample = (corpus.rows(sampled[some], levels) for some in cut)
    index = NearIndex.build(held, sample, options, hangul=bool(corpus.hangul[lower].any()))
    dead, retired = np.zeros(len(held), bool), 0
    for some in _chunks(corpus, lower, options):
        found = index.match_rows(corpus.rows(some, levels), meter, dead)
        yield found
        dead[np.searchsorted(held.ids, found.ids)] = True
        count = int(dead.sum())
        if count == len(dead):
            return
        if (count - retired) * _SHARE > len(dead) - retired:
            index, retired = index.without(dead), count


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
