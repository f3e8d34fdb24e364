"""Texts end to end in one array, and the sets of their shingles as 48-bit tokens.

A token is the upper 47 bits of a multilinear hash (Lemire & Kaser 2014, *Strongly universal
string hashing is fast*) of k code points. Two different shingles share a token with
probability 2^-47, so that a pair of texts of 150 characters is measured wrongly with
probability 4e-10; there is no other source of error.

>>> texts = Texts.of(["abcabc", "바나나나나"])
>>> tokens = texts.tokens(3)
>>> tokens.sizes.tolist()
[3, 2]
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from registry.tables.near.arrays import Codes, Flags, Ints, Words, cuts, ranges, sort_runs, starts_of
from registry.tables.near.definition import HANGUL

U = np.uint64
TOKEN_BITS, BITMAP_BITS = 47, 512  # a token and the number of an indexed text fill 64 bits
_BLOCK = 1 << 15  # windows hashed at a time: they stay in the cache
_BITMAPS = 1 << 11  # rows
_GATHERED = 1 << 17  # code points copied at a time
_FACTORS = tuple(  # odd constants, from the fractional parts of the square roots of the first primes
    U(factor)
    for factor in (
        0x6A09E667F3BCC909,
        0xBB67AE8584CAA73B,
        0x3C6EF372FE94F82B,
        0xA54FF53A5F1D36F1,
        0x510E527FADE682D1,
    )
)
_STIR = U(0x9B05688C2B3E6C1F)


@dataclass(frozen=True, slots=True)
class Texts:
    """`codes` holds the code points of all texts, `starts` where each begins and the last ends (n + 1)."""

    codes: Codes
    starts: Ints

    @classmethod
    def of(cls, texts: Sequence[str]) -> Texts:
        """From strings."""
        sizes = np.fromiter(map(len, texts), np.int64, len(texts))
        return cls(code_points("".join(texts)), starts_of(sizes))

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def sizes(self) -> Ints:
        """Characters of each text."""
        return np.diff(self.starts)

    def take(self, rows: Ints) -> Texts:
        """The texts at `rows`."""
        starts = starts_of(self.sizes[rows])
        codes = np.empty(starts[-1], np.uint32)
        for cut in cuts(np.diff(starts), _GATHERED, len(rows) + 1):
            lows, some = self.starts[rows[cut]], slice(starts[cut.start], starts[cut.stop])
            codes[some] = self.codes[ranges(lows, np.diff(starts[cut.start : cut.stop + 1]))]
        return Texts(codes, starts)

    def windows(self, k: int) -> Ints:
        """Substrings of `k` characters in each text, repeats counted."""
        return np.maximum(self.sizes - (k - 1), 0)

    def mostly_hangul(self) -> Flags:
        """As `definition.mostly_hangul` of each text (none may be empty)."""
        if not len(self):
            return np.zeros(0, bool)
        weight = _weights()[self.codes]
        return np.add.reduceat(weight, self.starts[:-1], dtype=np.int64) > 0

    def other(self) -> Ints:
        """Characters of each text, the first and the last left out, that are neither Hangul nor a space."""
        other = starts_of(_weights()[self.codes] < 0)
        return np.asarray(np.maximum(other[self.starts[1:] - 1] - other[self.starts[:-1] + 1], 0))

    def tokens(self, k: int) -> Tokens:
        """The tokens of all texts."""
        return distinct(hashes(self.codes, k), self, np.arange(len(self)), k)


@dataclass(frozen=True, slots=True)
class Tokens:
    """Sets of tokens end to end, each sorted: `starts` has one more entry than there are sets."""

    tokens: Words
    starts: Ints

    @property
    def sizes(self) -> Ints:
        """Tokens of each set."""
        return np.diff(self.starts)


def code_points(text: str) -> Codes:
    """The code points of a text."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4").astype(np.uint32, copy=False)


def hashes(codes: Codes, k: int) -> Words:
    """The token of every window of `k` code points, those across borders of texts included."""
    out = np.empty(max(len(codes) - k + 1, 0), U)
    for at in range(0, len(out), _BLOCK):
        some = out[at : at + _BLOCK]
        wide = codes[at : at + len(some) + k - 1].astype(U)
        np.multiply(wide[: len(some)], _FACTORS[0], out=some)
        for j in range(1, k):
            some += wide[j : j + len(some)] * _FACTORS[j]
        some ^= some >> U(32)
        some *= _STIR
        some >>= U(64 - TOKEN_BITS)
    return out


def distinct(hashed: Words, texts: Texts, rows: Ints, k: int) -> Tokens:
    """The sets of the values of `rows` of `texts`, whose windows are `hashed`."""
    sizes = texts.windows(k)[rows]
    values = hashed[ranges(texts.starts[rows], sizes)]
    sort_runs(values, sizes)
    new = np.ones(len(values), bool)
    np.not_equal(values[1:], values[:-1], out=new[1:])
    starts = starts_of(sizes)
    new[starts[:-1][sizes > 0]] = True
    return Tokens(values[new], starts_of(new)[starts])


def bitmaps(hashed: Words, texts: Texts, rows: Ints, k: int) -> Words:
    """512 bits a row of `rows`: bit t mod 512 is set for each of its tokens t. Shape (n, 8).

    `popcount(a ^ b)` is at most the size of the symmetric difference of two sets.
    """
    windows = texts.windows(k)
    out = np.empty((len(rows), BITMAP_BITS // 64), U)
    for at in range(0, len(rows), _BITMAPS):
        some = rows[at : at + _BITMAPS]
        bits = np.zeros((len(some), BITMAP_BITS), np.uint8)
        tokens = hashed[ranges(texts.starts[some], windows[some])]
        bits[np.repeat(np.arange(len(some)), windows[some]), (tokens & U(BITMAP_BITS - 1)).view(np.int64)] = 1
        out[at : at + _BITMAPS] = np.packbits(bits, axis=1).view(U)
    return out


@cache
def _weights() -> np.ndarray[tuple[int], np.dtype[np.int8]]:
    """1 for Hangul, 0 for the space, -1 for all else: a positive sum is a majority. 1.1 MB."""
    table = np.full(0x110000, -1, np.int8)
    table[0x20] = 0
    for low, high in HANGUL:
        table[low : high + 1] = 1
    return table
