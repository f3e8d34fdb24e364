"""One index of one kind of text: candidates by prefix, pruned by size and bitmap, then measured.

Texts that are mostly Hangul are compared by other shingles than the rest, so that an index
has up to three legs, each with its own shingle size, indexed texts and texts that it meets.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from registry.tables.near.arrays import Codes, Flags, Floats, Ints, Words, begins, cuts, ranges, starts_of
from registry.tables.near.definition import EPSILON as CLOSE
from registry.tables.near.options import OWNER_BITS, Meter, NearOptions
from registry.tables.near.postings import EPSILON, Frequencies, Postings, prefix
from registry.tables.near.texts import TOKEN_BITS, Texts, Tokens, U, bitmaps, hashes

_INDEXED = 1 << 19  # characters indexed at a time
_PAIRS = 1 << 13  # pairs measured at a time
_MEASURED = 1 << 22  # or this many tokens
_COUNTED = 1 << 16  # encounters counted at a time: their table stays in the cache
_TABLE_BITS = 18
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

    `texts` are those of the whole index, `numbers` the places among them of the texts that
    this leg indexes, `sizes` their numbers of different shingles, `needed` how many of its
    postings a partner holds at least.
    """

    k: int
    meets: tuple[bool, ...]
    threshold: float
    events: int
    numbers: Ints
    levels: Ints
    texts: Texts
    sizes: Ints
    weights: Floats
    bitmaps: Words
    needed: Ints
    postings: Postings

    @classmethod
    def build(
        cls, kind: tuple[int, tuple[bool, ...]], texts: Texts, at: Ints, levels: Ints, rare: Frequencies,
        options: NearOptions,
    ) -> Leg:  # fmt: skip
        """Indexes the texts `at`, with their levels; `kind` is the shingle size and which texts (mostly Hangul or not)
        the leg meets.
        """
        k, meets = kind
        parts: list[tuple[Ints, Floats, Words, Ints, Words, Ints]] = []
        for cut in cuts(texts.sizes[at], _INDEXED, 1 << 16):
            some = texts.take(at[cut])
            hashed = hashes(some.codes, k)
            sizes, tokens, owners, needed = prefix(hashed, some, k, rare, options.threshold, options.extra)
            weights = _weights(some, sizes, k, options.threshold, apart=_apart(meets))
            bits = bitmaps(hashed, some, np.arange(len(some)), k)
            parts.append((sizes, weights, bits, needed, tokens, owners + cut.start))
        sizes, weights, bits, needs, rarest, holders = (np.concatenate(column) for column in zip(*parts, strict=True))
        order = np.argsort(weights, kind="stable")
        place = np.empty_like(order)
        place[order] = np.arange(len(order))
        return cls(
            k, meets, options.threshold, options.events, at[order], levels[order], texts,
            sizes[order], weights[order], bits[order], needs[order], Postings.of(rarest, place[holders]),
        )  # fmt: skip

    def without(self, dead: Flags) -> Leg:
        """Less the indexed texts whose number is dead."""
        return replace(self, postings=self.postings.without(dead[self.numbers]))

    def match(self, side: Side, meter: Meter, dead: Flags | None) -> tuple[Ints, Ints, Floats]:
        """(number, row, similarity): for each indexed text that is not `dead` the first row of `side` near to it."""
        found = np.zeros(len(self.numbers), bool) if dead is None else dead[self.numbers]
        parts: list[tuple[Ints, Ints, Floats]] = []
        for owners, rows in self._candidates(side, found, meter):
            possible = self._possible(owners, rows, side)
            owners, rows, near = self._earliest(owners[possible], rows[possible], side, meter)
            found[owners] = True
            parts.append((self.numbers[owners], rows, near))
        return _joined(parts)

    def pairs(self, side: Side, meter: Meter) -> tuple[Ints, Ints, Floats]:
        """(number, row, similarity): every indexed text with every row of `side` near to it."""
        parts: list[tuple[Ints, Ints, Floats]] = []
        for owners, rows in self._candidates(side, np.zeros(len(self.numbers), bool), meter):
            possible = self._possible(owners, rows, side)
            owners, rows = owners[possible], rows[possible]
            near = self._measure(owners, rows, side, meter)
            true = near >= self.threshold - CLOSE
            parts.append((self.numbers[owners[true]], rows[true], near[true]))
        return _joined(parts)

    def _candidates(self, side: Side, found: Flags, meter: Meter) -> Iterator[tuple[Ints, Ints]]:
        """(owners, rows) that share enough postings, by owner, then row: whole rows at a time, rows ascending.

        Owners `found` since are left out.
        """
        bounds = _bounds(side.texts, self.k, self.threshold, apart=_apart(self.meets))
        limits = np.searchsorted(self.weights, bounds, "right")
        rows, lows, counts = self.postings.find(side.hashed, side.texts, self.k, limits)
        meter.spend(int(counts.sum()))
        ends = np.append(begins(rows), len(rows))
        met = np.diff(starts_of(counts)[ends])
        least = int(self.needed.min())
        for some in cuts(met, self.events, len(rows) + 1):
            parts = [np.zeros(0, np.uint32)]
            for few in cuts(met[some], _COUNTED, len(rows) + 1):
                cut = slice(ends[some.start + few.start], ends[some.start + few.stop])
                pairs = self.postings.owners(ranges(lows[cut], counts[cut]))
                pairs |= np.repeat(rows[cut].astype(np.uint32) << np.uint32(OWNER_BITS), counts[cut])
                parts.append(_frequent(pairs, least))
            pairs = np.sort(np.concatenate(parts))
            first = begins(pairs)
            times = np.diff(np.append(first, len(pairs)))
            row, owner = (half.astype(np.int64) for half in np.divmod(pairs[first], np.uint32(1 << OWNER_BITS)))
            may = times >= self.needed[owner]
            may &= ~found[owner]
            may &= side.levels[row] < self.levels[owner]
            row, owner = row[may], owner[may]
            order = np.argsort(owner, kind="stable")
            yield owner[order], row[order]

    def _possible(self, owners: Ints, rows: Ints, side: Side) -> Ints:
        """Which pairs may reach the threshold: |A xor B| is at most (1 - t) / (1 + t) (|A| + |B|), by bitmaps.

        A row has at most as many shingles as windows.
        """
        used, local = _used(rows, len(side.texts))
        bits = bitmaps(side.hashed, side.texts, used, self.k)
        share = (1 - self.threshold) / (1 + self.threshold)
        most = share * (self.sizes[owners] + side.texts.windows(self.k)[rows]) + EPSILON
        parts = [np.zeros(0, np.int64)]
        for at in range(0, len(owners), _PRUNED):
            to = at + _PRUNED
            differ = np.bitwise_count(self.bitmaps[owners[at:to]] ^ bits[local[at:to]])
            parts.append(at + np.flatnonzero(differ.sum(axis=1, dtype=np.int64) <= most[at:to]))
        return np.concatenate(parts)

    def _earliest(self, owners: Ints, rows: Ints, side: Side, meter: Meter) -> tuple[Ints, Ints, Floats]:
        """Of the candidates the first true one of each owner: the first of each is measured, then the next 4, 16 …"""
        parts: list[tuple[Ints, Ints, Floats]] = []
        width = 1
        while len(owners):
            first = begins(owners)
            place = ranges(np.zeros_like(first), np.diff(np.append(first, len(owners))))
            now = np.flatnonzero(place < width)
            near = self._measure(owners[now], rows[now], side, meter)
            true = near >= self.threshold - CLOSE
            now, near = now[true], near[true]
            first = begins(owners[now])
            parts.append((owners[now[first]], rows[now[first]], near[first]))
            rest = (place >= width) & ~np.isin(owners, owners[now[first]])
            owners, rows = owners[rest], rows[rest]
            width *= 4
        return _joined(parts)

    def _measure(self, owners: Ints, rows: Ints, side: Side, meter: Meter) -> Floats:
        """The similarity of each pair."""
        numbers = self.numbers[owners]
        sizes = self.texts.sizes[numbers] + side.texts.sizes[rows]
        out = np.empty(len(owners), np.float64)
        for cut in cuts(sizes, _MEASURED, _PAIRS):
            meter.spend(int(sizes[cut].sum()))
            one, left = _used(numbers[cut], len(self.texts))
            two, right = _used(rows[cut], len(side.texts))
            out[cut] = jaccard(self.texts.take(one).tokens(self.k), left, side.texts.take(two).tokens(self.k), right)
        return out


def jaccard(one: Tokens, left: Ints, other: Tokens, right: Ints) -> Floats:
    """The Jaccard similarity of the sets `one[left]` and `other[right]`, pair by pair (at most 65,536)."""
    a, b = one.sizes[left], other.sizes[right]
    mark = np.arange(len(a), dtype=U) << U(TOKEN_BITS)
    keys = np.concatenate(
        (
            one.tokens[ranges(one.starts[left], a)] | np.repeat(mark, a),
            other.tokens[ranges(other.starts[right], b)] | np.repeat(mark, b),
        )
    )
    keys.sort()
    twice = (keys[1:][keys[1:] == keys[:-1]] >> U(TOKEN_BITS)).view(np.int64)
    same = np.bincount(twice, minlength=len(mark))
    return np.asarray(same / (a + b - same))


def _apart(meets: tuple[bool, ...]) -> bool:
    """Whether a leg indexes texts that are not mostly Hangul for such as are."""
    return meets == (True,)


def _weights(texts: Texts, sizes: Ints, k: int, threshold: float, *, apart: bool) -> Floats:
    """A number for each indexed text A such that a partner B has at least that bound (`_bounds`).

    Partners have |B| >= t |A|. And of shingles around a character of another script A has at
    least `other(A) - windows(A) + |A|`, B at most `other(B)`, where they differ by no more
    than |A xor B| <= (1 - t) / t |A|: this tells the scripts apart.
    """
    if not apart:
        return sizes.astype(np.float64)
    return np.asarray(texts.other() - texts.windows(k) + sizes - sizes * ((1 - threshold) / threshold) - EPSILON)


def _bounds(texts: Texts, k: int, threshold: float, *, apart: bool) -> Floats:
    """What the weight of an indexed text must not exceed for each streamed one."""
    return texts.other().astype(np.float64) if apart else np.asarray((texts.windows(k) + EPSILON) / threshold)


def _frequent(pairs: Codes, least: int) -> Codes:
    """All of `pairs` that occur `least` times or more, and few others: they are counted in a small hash table."""
    slots = ((pairs * np.uint32(0x9E3779B1)) >> np.uint32(32 - _TABLE_BITS)).astype(np.int64)
    return pairs[np.bincount(slots, minlength=1 << _TABLE_BITS)[slots] >= least]


def _used(values: Ints, count: int) -> tuple[Ints, Ints]:
    """The different values (below `count`), ascending, and the place of each value among them."""
    flags = np.zeros(count, bool)
    flags[values] = True
    return np.flatnonzero(flags), (np.cumsum(flags) - 1)[values]


def _joined(parts: Sequence[tuple[Ints, Ints, Floats]]) -> tuple[Ints, Ints, Floats]:
    if not parts:
        return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0)
    one, two, three = zip(*parts, strict=True)
    return np.concatenate(one), np.concatenate(two), np.concatenate(three)
