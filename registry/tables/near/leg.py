"""One index of one kind of text: candidates by prefix, pruned by size and bitmap, then measured.

Texts that are mostly Hangul are compared by other shingles than the rest, so that an index
has up to three legs, each with its own shingle size, indexed texts and texts that it meets.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from registry.tables.near.arrays import Flags, Floats, Ints, Words, begins, cuts, ranges, starts_of
from registry.tables.near.definition import EPSILON as CLOSE
from registry.tables.near.options import Meter, NearOptions
from registry.tables.near.postings import EPSILON, Frequencies, Postings, prefix
from registry.tables.near.texts import TOKEN_BITS, Texts, Tokens, U, distinct

_PAIRS = 1 << 13  # pairs measured at a time
_MEASURED = 1 << 22  # or this many tokens
_PRUNED = 1 << 16  # pairs pruned by bitmap at a time


@dataclass(frozen=True, slots=True)
class Side:
    """Streamed texts of one kind in ascending order of row, with the hashes of one shingle size."""

    texts: Texts
    levels: Ints
    hashed: Words


@dataclass(frozen=True, slots=True)
class Leg:
    """An index over texts of one kind. A streamed text meets an indexed one only from a lower level.

    `numbers` are the indexed texts' places in the whole index, `needed` how many of its
    postings a partner holds at least.
    """

    k: int
    meets: tuple[bool, ...]
    threshold: float
    events: int
    numbers: Ints
    levels: Ints
    sets: Tokens
    bitmaps: Words
    needed: Ints
    postings: Postings

    @classmethod
    def build(
        cls, kind: tuple[int, tuple[bool, ...]], texts: Texts, numbers: Ints, levels: Ints, rare: Frequencies,
        options: NearOptions,
    ) -> Leg:  # fmt: skip
        """Indexes `texts`; `kind` is the shingle size and which texts (mostly Hangul or not) the leg meets."""
        k, meets = kind
        sets: list[Tokens] = []
        tokens: list[Words] = []
        owners: list[Ints] = []
        needed: list[Ints] = []
        for cut in cuts(texts.sizes, options.chunk_codes, options.chunk):
            some = texts.take(np.arange(cut.start, cut.stop)).tokens(k)
            rarest, owner, need = prefix(some, rare, options.threshold, options.extra)
            sets.append(some)
            tokens.append(rarest)
            owners.append(owner + cut.start)
            needed.append(need)
        return cls(
            k, meets, options.threshold, options.events, numbers, levels,
            Tokens(np.concatenate([s.tokens for s in sets]), starts_of(np.concatenate([s.sizes for s in sets]))),
            np.concatenate([s.bitmaps() for s in sets]),
            np.concatenate(needed),
            Postings.of(np.concatenate(tokens), np.concatenate(owners)),
        )  # fmt: skip

    def without(self, dead: Flags) -> Leg:
        """Less the indexed texts whose number is dead."""
        return replace(self, postings=self.postings.without(dead[self.numbers]))

    def match(self, side: Side, meter: Meter, dead: Flags | None) -> tuple[Ints, Ints, Floats]:
        """(number, row, similarity): for each indexed text that is not `dead` the first row of `side` near to it."""
        found = np.zeros(len(self.numbers), bool) if dead is None else dead[self.numbers]
        parts: list[tuple[Ints, Ints, Floats]] = []
        for pairs in self._candidates(side, found, meter):
            owners, rows, near = self._earliest(pairs, side, meter)
            found[owners] = True
            parts.append((self.numbers[owners], rows, near))
        return _joined(parts)

    def _candidates(self, side: Side, found: Flags, meter: Meter) -> Iterator[Words]:
        """Pairs (owner << 32 | row), ascending, that share enough postings: whole rows at a time, rows ascending.

        Owners `found` since are left out.
        """
        rows, places = self.postings.find(side.hashed, side.texts, self.k)
        holders = np.diff(self.postings.starts)[places]
        meter.spend(int(holders.sum()))
        first = begins(rows)
        ends = np.append(first, len(rows))
        windows = side.texts.windows(self.k)
        met = np.diff(starts_of(holders)[ends])
        for some in cuts(met, self.events, len(rows) + 1):
            cut = slice(ends[some.start], ends[some.stop])
            count = holders[cut]
            owner = self.postings.owners[ranges(self.postings.starts[places[cut]], count)]
            row = np.repeat(rows[cut], count)
            keep = side.levels[row] < self.levels[owner]
            keep &= windows[row] >= self.threshold * self.sets.sizes[owner] - EPSILON
            keep &= ~found[owner]
            pairs = (owner[keep].astype(U) << U(32)) | row[keep].astype(U)
            pairs.sort()
            first = begins(pairs)
            enough = np.diff(np.append(first, len(pairs))) >= self.needed[(pairs[first] >> U(32)).astype(np.int64)]
            yield pairs[first[enough]]

    def _earliest(self, pairs: Words, side: Side, meter: Meter) -> tuple[Ints, Ints, Floats]:
        """Of the candidates the first true one of each owner: the first of each is measured, then the next 4, 16 …"""
        owners, rows = (pairs >> U(32)).astype(np.int64), (pairs & U(0xFFFFFFFF)).astype(np.int64)
        used = np.zeros(len(side.texts), bool)
        used[rows] = True
        local = (np.cumsum(used) - 1)[rows]
        sets = distinct(side.hashed, side.texts, np.flatnonzero(used), self.k)
        possible = self._possible(owners, local, sets)
        owners, rows, local = owners[possible], rows[possible], local[possible]
        parts: list[tuple[Ints, Ints, Floats]] = []
        width = 1
        while len(owners):
            first = begins(owners)
            place = ranges(np.zeros_like(first), np.diff(np.append(first, len(owners))))
            now = np.flatnonzero(place < width)
            near = measure(self.sets, owners[now], sets, local[now], meter)
            true = near >= self.threshold - CLOSE
            now, near = now[true], near[true]
            first = begins(owners[now])
            parts.append((owners[now[first]], rows[now[first]], near[first]))
            rest = (place >= width) & ~np.isin(owners, owners[now[first]])
            owners, rows, local = owners[rest], rows[rest], local[rest]
            width *= 4
        return _joined(parts)

    def _possible(self, owners: Ints, local: Ints, sets: Tokens) -> Flags:
        """Which pairs may reach the threshold, by their sizes and bitmaps."""
        a, b = self.sets.sizes[owners], sets.sizes[local]
        may = np.minimum(a, b) >= self.threshold * np.maximum(a, b) - EPSILON
        most = (1 - self.threshold) / (1 + self.threshold) * (a + b) + EPSILON  # of the symmetric difference
        bitmaps = sets.bitmaps()
        at = np.flatnonzero(may)
        for begin in range(0, len(at), _PRUNED):
            some = at[begin : begin + _PRUNED]
            differ = np.bitwise_count(self.bitmaps[owners[some]] ^ bitmaps[local[some]])
            may[some] = differ.sum(axis=1, dtype=np.int64) <= most[some]
        return may


def measure(one: Tokens, left: Ints, other: Tokens, right: Ints, meter: Meter) -> Floats:
    """The Jaccard similarity of the sets `one[left]` and `other[right]`, pair by pair."""
    a, b = one.sizes[left], other.sizes[right]
    out = np.empty(len(left), np.float64)
    for cut in cuts(a + b, _MEASURED, _PAIRS):
        meter.spend(int((a[cut] + b[cut]).sum()))
        mark = np.arange(len(a[cut]), dtype=U) << U(TOKEN_BITS)
        keys = np.concatenate(
            (
                one.tokens[ranges(one.starts[left[cut]], a[cut])] | np.repeat(mark, a[cut]),
                other.tokens[ranges(other.starts[right[cut]], b[cut])] | np.repeat(mark, b[cut]),
            )
        )
        keys.sort()
        twice = (keys[1:][keys[1:] == keys[:-1]] >> U(TOKEN_BITS)).astype(np.int64)
        same = np.bincount(twice, minlength=len(mark))
        out[cut] = same / (a[cut] + b[cut] - same)
    return out


def _joined(parts: Sequence[tuple[Ints, Ints, Floats]]) -> tuple[Ints, Ints, Floats]:
    if not parts:
        return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0)
    one, two, three = zip(*parts, strict=True)
    return np.concatenate(one), np.concatenate(two), np.concatenate(three)
