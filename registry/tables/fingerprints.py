"""Fingerprints of splits: enough to tell that a row stands in one, too little to tell what stands there.

A fingerprint holds 40 bits of the key of each row's normalised text (see `registry.tables.keys`),
and of texts long enough a sketch of their shingles, 128 bytes. Whoever has a text can test
whether it is in; nobody can read one out. A salt of the release keeps two fingerprints of one
text apart, so that a table of hashes made for one release is of no use for another.

The sketch is one-permutation hashing (Li, Owen, Zhang 2012, *One permutation hashing*) kept to a
byte a bin (Li & König 2010, *b-bit minwise hashing*): shingles fall into 128 bins by their
hash, and each bin keeps its least one. Two texts agree in about their Jaccard similarity of
the bins that either fills.

>>> one = Fingerprint.of([["서울의 수도는 어디인가요?"], ["The quick brown fox jumps over the lazy dog."]], b"")
>>> again = Fingerprint.parse(one.to_bytes())
>>> texts = normalised(["서울의  수도는 어디인가요?", "the quick brown fox jumped over the lazy dog", "부산"])
>>> again.rows, again.holds(salted(halves_of([texts]), again.salt)).tolist()
(2, [True, False, False])
>>> long = Shingled.of(texts)
>>> long.places.tolist(), again.alike(long, 0.7).tolist()
([1], [True])
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from registry.errors import DataError, IntegrityError
from registry.model.digest import canonical
from registry.tables.keys import digests_of, normalised

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from registry.tables.near.texts import Texts

    Matrix = NDArray[np.uint8]
    Words = NDArray[np.uint64]
    Flags = NDArray[np.bool_]
    Ints = NDArray[np.int64]
    Bytes = NDArray[np.uint8]

FORMAT = "registry.fingerprint/1"
PACKED = "registry.fingerprints/1"
RULES = 1  # of normalisation, keys, shingles and bins: fingerprints of other rules are not comparable
BITS = 40  # of a key: of 10,000 rows, one in 10^8 others is taken for one of them
BIN_BITS = 7
BINS = 1 << BIN_BITS
RUNS = (3, 2)  # neighbouring bins that are looked up together
SPARSE = 40  # filled bins below which half of the pairs are looked up, else a quarter of the triples
SLOTS = 21  # bits of the tables that say which keys are nowhere
SHINGLES, ROWS = 1 << 18, 1 << 12  # of texts at a time: their bins stay in the cache
MOST = 50_000_000  # rows that a fingerprint is believed to have
SKETCHED = 4_000_000  # and sketches: half a gigabyte
PAIRS = 1 << 18  # candidates that are measured at a time
STIR = 0x9E3779B97F4A7C15  # 2^64 over the golden ratio
STIRS = (STIR, 0xD1342543DE82EF95)  # one for each of the tables
NOTHING = 2**64 - 1


@dataclass(frozen=True, eq=False)
class Fingerprint:
    """Of `rows` rows over `columns` columns: sorted 40-bit keys, and sketches of those long enough."""

    columns: int
    rows: int
    salt: bytes
    keys: Words
    bins: Matrix
    names: tuple[str, ...] = ()  # of the columns; none where they are not told

    @classmethod
    def of(cls, rows: Sequence[Sequence[str | None]], salt: bytes, columns: int = 1) -> Fingerprint:
        """Of rows of `columns` values; those without any are left out."""
        builder = Builder(columns, salt)
        builder.add([[row[at] for row in rows] for at in range(columns)])
        return builder.fingerprint()

    def to_bytes(self) -> bytes:
        """A line of JSON, then the keys as differences and the sketches, both deflated."""
        import numpy as np

        steps = np.diff(self.keys, prepend=np.uint64(0)).astype("<u8").view(np.uint8).reshape(-1, 8)
        keys = zlib.compress(np.ascontiguousarray(steps[:, : BITS // 8].T).tobytes(), 9)
        bins = zlib.compress(np.ascontiguousarray(self.bins).tobytes(), 6)
        head = {
            "format": FORMAT, "rules": RULES, "columns": self.columns, "rows": self.rows, "salt": self.salt.hex(),
            **({"names": list(self.names)} if self.names else {}),
            "keys": {"count": len(self.keys), "bytes": len(keys)},
            "sketches": {"count": len(self.bins), "bytes": len(bins)},
        }  # fmt: skip
        return canonical(head) + keys + bins

    @classmethod
    def parse(cls, data: bytes) -> Fingerprint:
        """Reads what `to_bytes` wrote; anything irregular, or of other rules, raises `IntegrityError`."""
        import numpy as np

        head, _, body = data.partition(b"\n")
        try:
            raw = json.loads(head)
            if raw["format"] != FORMAT or raw["rules"] != RULES:
                raise IntegrityError(
                    "the fingerprint was made under other rules of normalisation",
                    why=f"{str(raw['format'])[:40]}, rules {str(raw['rules'])[:10]}; known are {FORMAT}, rules {RULES}",
                    hint="pip install -U dataset-release-registry",
                )
            n, m, cut = (int(raw["keys"]["count"]), int(raw["sketches"]["count"]), int(raw["keys"]["bytes"]))
            rows, columns = int(raw["rows"]), int(raw["columns"])
            names = tuple(str(name) for name in raw.get("names", ()))
            if names and len(names) != columns:
                raise ValueError("names")
            if not (0 <= m <= min(rows, SKETCHED) and min(rows, 1) <= n <= rows <= MOST and columns > 0):
                raise ValueError("counts")
            steps = _inflated(body[:cut], n * (BITS // 8))
            bins = _inflated(body[cut:], m * BINS)
            wide = np.zeros((n, 8), np.uint8)
            wide[:, : BITS // 8] = np.frombuffer(steps, np.uint8).reshape(BITS // 8, n).T
            keys = np.cumsum(wide.view("<u8").reshape(-1).astype(np.uint64), dtype=np.uint64)
            if n and not (keys[0] > 0 and keys[-1] < 1 << BITS and (keys[1:] > keys[:-1]).all()):
                raise ValueError("keys")
            shape = np.frombuffer(bins, np.uint8).reshape(m, BINS)
            return cls(columns, rows, bytes.fromhex(raw["salt"]), keys, shape, names)
        except (ValueError, KeyError, TypeError, zlib.error, RecursionError) as error:
            raise IntegrityError("the fingerprint is broken", why=type(error).__name__) from error

    def holds(self, keys: Words) -> Flags:
        """Which keys, of this fingerprint's salt, are among these; 0 is no key."""
        import numpy as np

        found: Flags = self._starts[keys >> np.uint64(BITS - SLOTS)] & (keys != 0)
        some = np.flatnonzero(found)
        at = np.searchsorted(self.keys, keys[some])
        found[some] = self.keys[np.minimum(at, len(self.keys) - 1)] == keys[some]
        return found

    @cached_property
    def _starts(self) -> Flags:
        """Whether a key starts with these bits."""
        import numpy as np

        table = np.zeros(1 << SLOTS, bool)
        table[self.keys >> np.uint64(BITS - SLOTS)] = True
        return table

    def alike(self, some: Shingled, threshold: float) -> Flags:
        """Which texts agree with one of these in `threshold` of the bins that either fills."""
        import numpy as np

        found = np.zeros(len(some.places), bool)
        for left, right in self._met(some):
            rows, at = np.unique(left, return_inverse=True)
            one, other = some.matrix(self.salt, rows)[at], self.bins[right]
            filled = np.count_nonzero((one != 0) | (other != 0), axis=1)
            agreed = np.count_nonzero((one == other) & (one != 0), axis=1)
            found[left[agreed >= threshold * filled]] = True
        return found

    def _met(self, some: Shingled) -> Iterator[tuple[Ints, Ints]]:
        """Pairs (row of `some`, row of these) that agree in neighbouring bins, a bounded number at a time."""
        import numpy as np

        from registry.tables.near.arrays import cuts, ranges

        for runs, index in zip(some.runs, self._index, strict=True):
            keys = runs.keys([_bytes(least, self.salt) for least in runs.cells])
            owners = runs.owners
            for stir, table in zip(STIRS, index.tables, strict=True):
                fits = np.flatnonzero(table[_slot(keys, stir)])
                keys, owners = keys[fits], owners[fits]
            lows = np.searchsorted(index.keys, keys, "left")
            sizes = np.searchsorted(index.keys, keys, "right") - lows
            for cut in cuts(sizes, PAIRS, len(sizes)):
                left = np.repeat(owners[cut], sizes[cut])
                right = index.owners[ranges(lows[cut], sizes[cut])]
                if len(left):
                    both = np.unique(left * np.int64(len(self.bins)) + right)
                    yield both // len(self.bins), both % len(self.bins)

    @cached_property
    def _index(self) -> tuple[_Index, ...]:
        import numpy as np

        rows, at = (places.astype(np.int64) for places in np.nonzero(self.bins))
        return tuple(_Index.of(_Runs.of(rows, at, self.bins[rows, at], run)) for run in RUNS)


@dataclass(frozen=True, slots=True, eq=False)
class _Index:
    """Sorted keys with the rows that have them, and tables of the slots that any key falls into."""

    keys: Words
    owners: Ints
    tables: tuple[Flags, ...]

    @classmethod
    def of(cls, runs: _Runs) -> _Index:
        import numpy as np

        keys, owners = runs.keys(runs.cells), runs.owners
        order = np.argsort(keys)
        tables = np.zeros((len(STIRS), 1 << SLOTS), bool)
        for stir, table in zip(STIRS, tables, strict=True):
            table[_slot(keys, stir)] = True
        return cls(keys[order], owners[order], tuple(tables))


class Builder:
    """Makes a fingerprint of rows that come in batches of columns."""

    def __init__(self, columns: int, salt: bytes, names: tuple[str, ...] = ()) -> None:
        self._columns, self._salt, self._names = columns, salt, names
        self._rows = 0
        self._keys: list[Words] = []
        self._bins: list[Matrix] = []

    def add(self, columns: Sequence[Sequence[str | None]]) -> None:
        """Adds rows given column by column."""
        import numpy as np

        texts = [normalised(column) for column in columns]
        keys = salted(halves_of(texts), self._salt)
        self._rows += int((keys != 0).sum())
        self._keys.append(keys[keys != 0])
        if self._columns == 1:
            long = Shingled.of(texts[0])
            self._bins.append(long.matrix(self._salt, np.arange(len(long.places))))

    def fingerprint(self) -> Fingerprint:
        """The fingerprint of all rows."""
        import numpy as np

        keys = np.unique(np.concatenate([np.zeros(0, np.uint64), *self._keys]))
        bins = np.concatenate([np.zeros((0, BINS), np.uint8), *self._bins])
        # NOTE: in the order of their bytes, so that nothing tells the order of the rows.
        bins = np.unique(bins, axis=0) if len(bins) else bins
        if self._rows > MOST or len(bins) > SKETCHED:
            raise DataError(
                f"a split of {self._rows:,} rows is too large for a fingerprint",
                why=f"at most {MOST:,} rows, of which {SKETCHED:,} are longer texts, are marked",
                hint='set `fingerprints = "none"` under [release], or freeze a smaller split',
            )
        return Fingerprint(self._columns, self._rows, self._salt, keys, bins, self._names)


def pack(prints: Mapping[str, Fingerprint]) -> bytes:
    """One document of the fingerprints of splits."""
    parts = {split: one.to_bytes() for split, one in sorted(prints.items())}
    head = {"format": PACKED, "splits": [[split, len(part)] for split, part in parts.items()]}
    return canonical(head) + b"".join(parts.values())


def unpack(data: bytes) -> dict[str, Fingerprint]:
    """Reads what `pack` wrote; anything irregular raises `IntegrityError`."""
    head, _, body = data.partition(b"\n")
    try:
        raw = json.loads(head)
        splits = [(str(split), int(size)) for split, size in raw["splits"]]
        whole = sum(size for _, size in splits) == len(body) and all(size > 0 for _, size in splits)
        if raw["format"] != PACKED or not whole or len(dict(splits)) < len(splits):
            raise ValueError("format")
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise IntegrityError("the fingerprints are broken", why=type(error).__name__) from error
    ends = list(accumulate((size for _, size in splits), initial=0))
    return {name: Fingerprint.parse(body[at : at + size]) for (name, size), at in zip(splits, ends, strict=False)}


def salted(halves: Words, salt: bytes) -> Words:
    """40 bits of each row's key under a salt, from its first 64; 0 of 0, which is a row without any text."""
    import numpy as np

    # The finaliser of SplitMix64 (Steele, Lea, Flood 2014), so that every bit of key and salt counts.
    mixed = halves ^ _word(salt)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed = (mixed ^ (mixed >> np.uint64(31))) >> np.uint64(64 - BITS)
    return np.asarray(np.where(halves == 0, np.uint64(0), np.maximum(mixed, np.uint64(1))))


def halves_of(columns: Sequence[Sequence[str | None]]) -> Words:
    """The first 64 bits of the key of each row of normalised texts, 0 of one without any: `k1` of `KeyRequest`."""
    import numpy as np

    keys = b"".join(key[:8] or bytes(8) for key in digests_of(columns))
    return np.frombuffer(keys, "<u8").astype(np.uint64)


@dataclass(frozen=True, eq=False)
class Shingled:
    """Texts that are long enough, at `places`, and of each bin that one fills the text, the bin and its least shingle.

    The filled bins stand by text and bin; `rows` counts the texts as `places` lists them, in no order of the places.
    """

    places: Ints
    rows: Ints
    at: Ints
    least: Words

    @classmethod
    def of(cls, texts: Sequence[str | None]) -> Shingled:
        """Of normalised texts."""
        import numpy as np

        from registry.tables.near.arrays import cuts
        from registry.tables.near.definition import K_HANGUL, K_TEXT, SHORTEST
        from registry.tables.near.texts import Texts

        places = np.array([i for i, text in enumerate(texts) if text is not None and len(text) >= SHORTEST], np.int64)
        long = Texts.of([str(texts[i]) for i in places.tolist()])
        hangul = long.mostly_hangul()
        sides = ((K_HANGUL, np.flatnonzero(hangul)), (K_TEXT, np.flatnonzero(~hangul)))
        order = np.concatenate([some for _, some in sides])
        parts, done = [(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.uint64))], 0
        for k, some in sides:
            for cut in cuts(long.sizes[some], SHINGLES, ROWS):
                rows, at, least = _least(long.take(some[cut]), k)
                parts.append((rows + done, at, least))
                done += len(some[cut])
        return cls(places[order], *(np.concatenate(column) for column in zip(*parts, strict=True)))

    @cached_property
    def starts(self) -> Ints:
        """Where the filled bins of each text begin, and where those of the last end."""
        import numpy as np

        from registry.tables.near.arrays import starts_of

        return starts_of(np.bincount(self.rows, minlength=len(self.places)))

    @cached_property
    def runs(self) -> tuple[_Runs, ...]:
        """Neighbouring filled bins with their least shingles: triples where many bins are filled, else pairs."""
        import numpy as np

        many = np.repeat(np.diff(self.starts) >= SPARSE, np.diff(self.starts))
        sides = zip(RUNS, (np.flatnonzero(many), np.flatnonzero(~many)), strict=True)
        return tuple(_Runs.of(self.rows[cells], self.at[cells], self.least[cells], run) for run, cells in sides)

    def matrix(self, salt: bytes, wanted: Ints) -> Matrix:
        """Under a salt the byte of each bin of the texts `wanted`, never 0, and 0 of an empty one. Shape (n, 128)."""
        import numpy as np

        from registry.tables.near.arrays import ranges

        sizes = self.starts[wanted + 1] - self.starts[wanted]
        cells = ranges(self.starts[wanted], sizes)
        out = np.zeros((len(wanted), BINS), np.uint8)
        out[np.repeat(np.arange(len(wanted)), sizes), self.at[cells]] = _bytes(self.least[cells], salt)
        return out


def _least(texts: Texts, k: int) -> tuple[Ints, Ints, Words]:
    """The least token of each bin that a text fills: the text, the bin, the token; by text and bin."""
    import numpy as np

    from registry.tables.near.arrays import ranges
    from registry.tables.near.texts import TOKEN_BITS, hashes

    windows = texts.windows(k)
    tokens = hashes(texts.codes, k)[ranges(texts.starts[:-1], windows)]
    cells = np.repeat(np.arange(len(texts)) * BINS, windows) + (tokens >> np.uint64(TOKEN_BITS - BIN_BITS)).view(
        np.int64
    )
    least = np.full(len(texts) * BINS, NOTHING, np.uint64)
    np.minimum.at(least, cells, tokens)
    filled = np.flatnonzero(least != NOTHING)
    return filled >> BIN_BITS, filled & (BINS - 1), least[filled]


@dataclass(frozen=True, slots=True, eq=False)
class _Runs:
    """Runs of neighbouring filled bins of one text: which bins as one number, what each holds, and whose they are."""

    bins: Words
    cells: tuple[NDArray[Any], ...]
    owners: Ints

    @classmethod
    def of(cls, rows: Ints, at: Ints, held: NDArray[Any], run: int) -> _Runs:
        """Of filled bins by row: half of the pairs, or a quarter of the triples, by the bin that they begin at."""
        import numpy as np

        count = max(len(rows) - run + 1, 0)
        first = np.flatnonzero(at[:count] & (2 ** (run - 1) - 1) == 0)
        first = first[rows[first] == rows[first + run - 1]]
        bins = np.zeros(len(first), np.uint64)
        for step in range(run):
            bins = bins << np.uint64(BIN_BITS) | at[first + step].astype(np.uint64)
        return cls(bins, tuple(held[first + step] for step in range(run)), rows[first])

    def keys(self, held: Sequence[Bytes]) -> Words:
        """A number for each run, of its bins and of the bytes that they hold."""
        import numpy as np

        keys = self.bins
        for bytes_ in held:
            keys = keys << np.uint64(8) | bytes_
        return keys


def _bytes(least: Words, salt: bytes) -> Bytes:
    """A byte of each bin's least shingle, never 0, which differs from salt to salt."""
    import numpy as np

    mixed = least ^ _word(salt)
    for step in (STIR, 255):
        mixed *= np.uint64(step)
        mixed >>= np.uint64(32)
    mixed += np.uint64(1)
    return mixed.astype(np.uint8)


def _slot(keys: Words, stir: int) -> Words:
    import numpy as np

    slots = keys * np.uint64(stir)
    slots >>= np.uint64(64 - SLOTS)
    return slots


def _word(salt: bytes) -> np.uint64:
    import numpy as np

    found: np.uint64 = np.frombuffer(hashlib.blake2b(salt, digest_size=8).digest(), "<u8")[0]
    return found


def _inflated(data: bytes, size: int) -> bytes:
    """The inflated bytes, which must be `size` many: a bomb is cut off there."""
    inflater = zlib.decompressobj()
    found = inflater.decompress(data, size + 1)
    if len(found) != size or not inflater.eof or inflater.unused_data:
        raise ValueError("size")
    return found
