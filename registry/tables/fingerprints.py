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
>>> texts = ["서울의  수도는 어디인가요?", "the quick brown fox jumped over the lazy dog", "부산"]
>>> [found.tolist() for found in Lookup([texts]).among(again, 0.7)]
[[True, False, False], [False, True, False]]
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from registry.errors import IntegrityError
from registry.model.digest import canonical
from registry.tables.keys import digests_of, normalised

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Matrix = NDArray[np.uint8]
    Words = NDArray[np.uint64]
    Flags = NDArray[np.bool_]

FORMAT = "registry.fingerprint/1"
PACKED = "registry.fingerprints/1"
RULES = 1  # of normalisation, keys, shingles and bins: fingerprints of other rules are not comparable
BITS = 40  # of a key: of 10,000 rows, one in 10^8 others is taken for one of them
BINS = 128
DENSE = 64  # filled bins from which three neighbours in a row are compared, else two
MOST = 50_000_000  # rows that a fingerprint is believed to have
PAIRS = 1 << 20  # candidates that are measured at a time


@dataclass(frozen=True, eq=False)
class Fingerprint:
    """Of `rows` rows over `columns` columns: sorted 40-bit keys, and sketches of those long enough."""

    columns: int
    rows: int
    salt: bytes
    keys: Words
    bins: Matrix

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
            if not 0 <= m <= int(raw["rows"]) or not 0 <= n <= int(raw["rows"]) <= MOST:
                raise ValueError("counts")
            steps = _inflated(body[:cut], n * (BITS // 8))
            bins = _inflated(body[cut:], m * BINS)
            wide = np.zeros((n, 8), np.uint8)
            wide[:, : BITS // 8] = np.frombuffer(steps, np.uint8).reshape(BITS // 8, n).T
            keys = np.cumsum(wide.view("<u8").reshape(-1).astype(np.uint64), dtype=np.uint64)
            shape = np.frombuffer(bins, np.uint8).reshape(m, BINS)
            return cls(int(raw["columns"]), int(raw["rows"]), bytes.fromhex(raw["salt"]), keys, shape)
        except (ValueError, KeyError, TypeError, zlib.error, RecursionError) as error:
            raise IntegrityError("the fingerprint is broken", why=type(error).__name__) from error

    def holds(self, keys: Words) -> Flags:
        """Which keys, of this fingerprint's salt, are among these; 0 is no key."""
        import numpy as np

        if not len(self.keys):
            return np.zeros(len(keys), bool)
        at = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        return np.asarray((self.keys[at] == keys) & (keys != 0))

    def alike(self, bins: Matrix, threshold: float) -> Flags:
        """Which sketches agree with one of these in `threshold` of the bins that either fills."""
        import numpy as np

        found = np.zeros(len(bins), bool)
        for left, right in self._met(bins):
            one, other = bins[left], self.bins[right]
            filled = np.count_nonzero((one != 0) | (other != 0), axis=1)
            agreed = np.count_nonzero((one == other) & (one != 0), axis=1)
            found[left[agreed >= threshold * filled]] = True
        return found

    def _met(self, bins: Matrix) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
        """Pairs (row of `bins`, row of these) that agree in neighbours, a bounded number at a time."""
        import numpy as np

        dense = np.count_nonzero(bins, axis=1) >= DENSE
        for run in (3, 2):
            some = np.flatnonzero(dense if run == 3 else ~dense)
            keys, owners = _runs(bins[some], run)
            indexed, others = self._index[run]
            lows = np.searchsorted(indexed, keys, "left")
            sizes = np.searchsorted(indexed, keys, "right") - lows
            hits = np.flatnonzero(sizes)
            ends = np.cumsum(sizes[hits])
            start = 0
            while start < len(hits):
                stop = max(int(np.searchsorted(ends, (ends[start - 1] if start else 0) + PAIRS, "right")), start + 1)
                part = hits[start:stop]
                left = np.repeat(some[owners[part]], sizes[part])
                offsets = np.arange(len(left)) - np.repeat(np.cumsum(sizes[part]) - sizes[part], sizes[part])
                right = others[np.repeat(lows[part], sizes[part]) + offsets]
                both = np.unique(left * np.int64(len(self.bins)) + right)
                yield both // len(self.bins), both % len(self.bins)
                start = stop

    @cached_property
    def _index(self) -> dict[int, tuple[Words, NDArray[np.int64]]]:
        import numpy as np

        found = {}
        for run in (2, 3):
            keys, owners = _runs(self.bins, run)
            order = np.argsort(keys, kind="stable")
            found[run] = (keys[order], owners[order])
        return found


class Lookup:
    """Rows to look up, given column by column: a text is normalised and hashed once, whatever it is compared with."""

    def __init__(self, columns: Sequence[Sequence[str | None]]) -> None:
        self._columns = [normalised(column) for column in columns]
        self._plain = list(digests_of(self._columns))

    @cached_property
    def _shingled(self) -> _Shingled:
        return _shingled(self._columns[0])

    def among(self, fingerprint: Fingerprint, threshold: float | None = None) -> tuple[Flags, Flags]:
        """Which rows stand in `fingerprint`, and which are near one of it (none without `threshold`)."""
        import numpy as np

        exact = fingerprint.holds(_salted(self._plain, fingerprint.salt))
        near = np.zeros(len(exact), bool)
        if threshold is not None and len(fingerprint.bins):
            near[self._shingled.places] = fingerprint.alike(self._shingled.bins(fingerprint.salt), threshold)
        return exact, near


class Builder:
    """Makes a fingerprint of rows that come in batches of columns."""

    def __init__(self, columns: int, salt: bytes) -> None:
        self._columns, self._salt = columns, salt
        self._rows = 0
        self._keys: list[Words] = []
        self._bins: list[Matrix] = []

    def add(self, columns: Sequence[Sequence[str | None]]) -> None:
        """Adds rows given column by column."""
        texts = [normalised(column) for column in columns]
        keys = _salted(list(digests_of(texts)), self._salt)
        self._rows += int((keys != 0).sum())
        self._keys.append(keys[keys != 0])
        if self._columns == 1:
            self._bins.append(_shingled(texts[0]).bins(self._salt))

    def fingerprint(self) -> Fingerprint:
        """The fingerprint of all rows."""
        import numpy as np

        keys = np.unique(np.concatenate([np.zeros(0, np.uint64), *self._keys]))
        bins = np.concatenate([np.zeros((0, BINS), np.uint8), *self._bins])
        # NOTE: in the order of their bytes, so that nothing tells the order of the rows.
        bins = np.unique(bins, axis=0) if len(bins) else bins
        return Fingerprint(self._columns, self._rows, self._salt, keys, bins)


def pack(prints: Mapping[str, Fingerprint]) -> bytes:
    """One document of the fingerprints of splits."""
    parts = {split: one.to_bytes() for split, one in sorted(prints.items())}
    head = {"format": PACKED, "splits": [[split, len(part)] for split, part in parts.items()]}
    return canonical(head) + b"".join(parts.values())


def unpack(data: bytes) -> dict[str, Fingerprint]:
    """Reads what `pack` wrote; anything irregular raises `IntegrityError`."""
    head, _, body = data.partition(b"\n")
    found, start = {}, 0
    try:
        raw = json.loads(head)
        if raw["format"] != PACKED:
            raise ValueError("format")
        for split, size in raw["splits"]:
            found[str(split)] = Fingerprint.parse(body[start : start + int(size)])
            start += int(size)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise IntegrityError("the fingerprints are broken", why=type(error).__name__) from error
    return found


def _salted(plain: Sequence[bytes], salt: bytes) -> Words:
    """40 bits of the salted key of each row, 0 of a row without any text."""
    import numpy as np

    found = (hashlib.blake2b(key, key=salt, digest_size=BITS // 8).digest() if key else bytes(5) for key in plain)
    wide = np.zeros((len(plain), 8), np.uint8)
    wide[:, : BITS // 8] = np.frombuffer(b"".join(found), np.uint8).reshape(-1, BITS // 8)
    return wide.view("<u8").reshape(-1).astype(np.uint64)


@dataclass(frozen=True, slots=True)
class _Shingled:
    """Texts that are long enough, `places` of them: the least shingle of each filled bin, by row and bin."""

    places: NDArray[np.int64]
    rows: NDArray[np.int64]
    at: NDArray[np.int64]
    least: Words

    def bins(self, salt: bytes) -> Matrix:
        """A byte of each bin, which differs from salt to salt; 0 where it is empty."""
        import numpy as np

        stir = np.frombuffer(hashlib.blake2b(salt, digest_size=8).digest(), "<u8")[0]
        mixed = (self.least ^ stir) * np.uint64(0x9E3779B97F4A7C15) >> np.uint64(32)
        out = np.zeros((len(self.places), BINS), np.uint8)
        out[self.rows, self.at] = mixed % np.uint64(255) + np.uint64(1)
        return out


def _shingled(texts: Sequence[str | None]) -> _Shingled:
    """Of normalised texts."""
    import numpy as np

    from registry.tables.near.definition import K_HANGUL, K_TEXT, SHORTEST
    from registry.tables.near.texts import TOKEN_BITS, Texts

    places = np.array([i for i, text in enumerate(texts) if text is not None and len(text) >= SHORTEST], np.int64)
    long = Texts.of([str(texts[i]) for i in places.tolist()])
    hangul = long.mostly_hangul()
    parts = []
    for k, some in ((K_HANGUL, np.flatnonzero(hangul)), (K_TEXT, np.flatnonzero(~hangul))):
        tokens = long.take(some).tokens(k)
        owners = np.repeat(some, tokens.sizes)
        at = (tokens.tokens >> np.uint64(TOKEN_BITS - 7)).astype(np.int64)
        first = np.ones(len(owners), bool)  # tokens of a text ascend, so the first of a bin is its least
        first[1:] = (at[1:] != at[:-1]) | (owners[1:] != owners[:-1])
        parts.append((owners[first], at[first], tokens.tokens[first]))
    rows, at, least = (np.concatenate(column) for column in zip(*parts, strict=True))
    return _Shingled(places, rows, at, least)


def _runs(bins: Matrix, run: int) -> tuple[Words, NDArray[np.int64]]:
    """A key of every `run` neighbouring filled bins of each row, with the row."""
    import numpy as np

    rows, places = np.nonzero(bins)
    cells = places.astype(np.uint64) << np.uint64(8) | bins[rows, places].astype(np.uint64)
    if len(cells) < run:
        return np.zeros(0, np.uint64), np.zeros(0, np.int64)
    keys = np.zeros(len(cells) - run + 1, np.uint64)
    for step in range(run):
        keys = keys << np.uint64(15) | cells[step : len(cells) - run + 1 + step]
    whole = rows[: len(keys)] == rows[run - 1 :]
    return keys[whole], rows[: len(keys)][whole].astype(np.int64)


def _inflated(data: bytes, size: int) -> bytes:
    """The inflated bytes, which must be `size` many: a bomb is cut off there."""
    inflater = zlib.decompressobj()
    found = inflater.decompress(data, size + 1)
    if len(found) != size or not inflater.eof or inflater.unused_data:
        raise ValueError("size")
    return found
