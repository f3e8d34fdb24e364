"""The rare shingles of indexed texts, and who holds them: a prefix filter.

A partner of text A at threshold t lacks at most `miss = |A| - ceil(t |A|)` of A's shingles.
Of any `miss + 1 + extra` of them it therefore holds at least `1 + extra`: only so many are
indexed, the rarest first, and only rows that meet enough of them are looked at (Chaudhuri,
Ganti & Kaushik 2006; Bayardo, Ma & Srikant 2007). This holds for every order of the
shingles, so that frequencies may be those of a sample: they move the cost, not the answer.

>>> Frequencies.of([]).counts.sum()
np.uint64(0)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import ceil, log2

import numpy as np
from numpy.typing import NDArray

from registry.tables.near.arrays import Codes, Flags, Ints, Words, begins, ranges
from registry.tables.near.options import OWNER_BITS
from registry.tables.near.texts import TOKEN_BITS, Texts, U, distinct, hashes

EPSILON = 1e-9  # against the rounding of threshold x size
_FREQUENCY_BITS = 22
_MOST = (1 << 16) - 1  # frequencies beyond are all the same
_BLOCK = 1 << 15
_OWNER, _TOKEN = U((1 << OWNER_BITS) - 1), U((1 << TOKEN_BITS) - 1)


@dataclass(frozen=True, slots=True)
class Frequencies:
    """How often tokens occur in a sample, by their upper 22 bits; at most 65,535 times."""

    counts: NDArray[np.uint16]

    @classmethod
    def of(cls, sample: Iterable[Texts], k: int = 5) -> Frequencies:
        """Counts every window of the sampled texts."""
        counts = np.zeros(1 << _FREQUENCY_BITS, np.uint16)
        for texts in sample:
            places = (hashes(texts.codes, k) >> U(TOKEN_BITS - _FREQUENCY_BITS)).astype(np.uint32)
            places.sort()
            first = begins(places)
            seen, times = places[first], np.diff(np.append(first, len(places)))
            counts[seen] = np.minimum(counts[seen] + times, _MOST)
        return cls(counts)

    def rank(self, tokens: Words) -> Words:
        """The frequency of each token."""
        return self.counts[(tokens >> U(TOKEN_BITS - _FREQUENCY_BITS)).view(np.int64)].astype(U)


def prefix(
    hashed: Words, texts: Texts, k: int, rare: Frequencies, threshold: float, extra: int
) -> tuple[Ints, Words, Ints, Ints]:
    """The sizes of all sets, the tokens of their prefixes, the set of each, and how many of them a partner must hold.

    `hashed` are the tokens of the windows of `texts`.
    """
    sets = distinct(hashed | (rare.rank(hashed) << U(TOKEN_BITS)), texts, np.arange(len(texts)), k)  # rarest first
    sizes = sets.sizes
    miss = sizes - np.ceil(threshold * sizes - EPSILON).astype(np.int64)
    kept = np.minimum(miss + 1 + extra, sizes)
    chosen = sets.tokens[ranges(sets.starts[:-1], kept)] & _TOKEN
    return sizes, chosen, np.repeat(np.arange(len(sizes)), kept), kept - miss


@dataclass(frozen=True, slots=True)
class Postings:
    """Different tokens in ascending order, and the postings: (place of the token << 17 | owner), ascending.

    `starts` tells where the postings of each token begin, `table` flags the upper bits of the tokens.
    """

    tokens: Words
    starts: Ints
    postings: Words
    table: Flags

    @classmethod
    def of(cls, tokens: Words, owners: Ints) -> Postings:
        """From (token, owner) in any order."""
        postings = (tokens << U(OWNER_BITS)) | owners.astype(U)
        postings.sort()
        first = begins(postings >> U(OWNER_BITS))
        tokens = postings[first] >> U(OWNER_BITS)
        postings &= _OWNER
        postings |= np.repeat(np.arange(len(first), dtype=U), np.diff(np.append(first, len(postings)))) << U(OWNER_BITS)
        return cls(tokens, first, postings, _table(tokens))

    def __reduce__(self) -> tuple[Callable[..., Postings], tuple[Words, Ints, Words]]:
        """Without the flags, which are a third of it: they follow from the tokens."""
        return _restored, (self.tokens, self.starts, self.postings)

    def without(self, dead: Flags) -> Postings:
        """Less the postings of dead owners."""
        keep = ~dead[self.owners(np.arange(len(self.postings)))]
        places = (self.postings[keep] >> U(OWNER_BITS)).view(np.int64)
        return Postings.of(self.tokens[places], (self.postings[keep] & _OWNER).view(np.int64))

    def owners(self, at: Ints) -> Codes:
        """The owners of the postings at these places."""
        return (self.postings[at] & _OWNER).astype(np.uint32)

    def find(self, hashed: Words, texts: Texts, k: int, limits: Ints) -> tuple[Ints, Ints, Ints]:
        """Where the texts meet the index: (row, first posting, number of postings), ordered by row.

        A row meets only owners below its limit, and each token once.
        """
        at = self._hits(hashed)
        rows = np.searchsorted(texts.starts, at, "right") - 1
        inside = (at + k <= texts.starts[rows + 1]) & (limits[rows] > 0)
        met = (hashed[at[inside]] << U(16)) | rows[inside].astype(U)
        met.sort()
        met = met[begins(met)]
        tokens = met >> U(16)
        places = np.searchsorted(self.tokens, tokens)
        same = np.append(self.tokens, U(0xFFFFFFFFFFFFFFFF))[places] == tokens
        rows, places = (met[same] & U(0xFFFF)).view(np.int64), places[same]
        low = self.starts[places]
        ends = (places.astype(U) << U(OWNER_BITS)) + limits[rows].astype(U)
        count = np.searchsorted(self.postings, ends) - low
        order = np.argsort(rows.astype(np.uint16), kind="stable")
        order = order[count[order] > 0]
        return rows[order], low[order], count[order]

    def _hits(self, hashed: Words) -> Ints:
        """The windows whose flag is set, in blocks that stay in the cache."""
        shift, parts = _shift(self.table), [np.zeros(0, np.int64)]
        for begin in range(0, len(hashed), _BLOCK):
            places = (hashed[begin : begin + _BLOCK] >> shift).view(np.int64)
            parts.append(np.flatnonzero(self.table.take(places, mode="clip")) + begin)
        return np.concatenate(parts)


def _restored(tokens: Words, starts: Ints, postings: Words) -> Postings:
    return Postings(tokens, starts, postings, _table(tokens))


def _table(tokens: Words) -> Flags:
    """2^16 to 2^26 flags, 16 or more a token; the flag of a token's upper bits is set."""
    bits = min(max(ceil(log2(16 * len(tokens) + 1)), 16), 26)
    table = np.zeros(1 << bits, bool)
    table[(tokens >> _shift(table)).view(np.int64)] = True
    return table


def _shift(table: Flags) -> np.uint64:
    return U(TOKEN_BITS - (len(table).bit_length() - 1))
