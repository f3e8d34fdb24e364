"""The texts of a search: each different text of a split once, kept on disk, read by its place.

Only numbers stay in memory (some 100 bytes a row). Equal texts are told by a digest of 128
bits (BLAKE2b, RFC 7693), so that a million copies of one text are one entry.

>>> batch = KeyBatch(np.array([5, 1, 3]), np.array([0, 0, 0]), ["a" * 20, "a" * 20, "짧은 글"])
>>> with spooled([batch], NearOptions()) as corpus:
...     (corpus.first.tolist(), corpus.entry_of_row.tolist(), corpus.short.tolist())
([1], [0, 0], [1])
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from typing import IO

import numpy as np

from registry.tables.near.arrays import Flags, Ints, Words, cuts, starts_of
from registry.tables.near.definition import SHORTEST
from registry.tables.near.index import Rows
from registry.tables.near.options import NearOptions
from registry.tables.near.texts import Texts, code_points

_DIGEST = 16  # bytes
_READ = 1 << 20  # characters read at a time


@dataclass(frozen=True, slots=True)
class KeyBatch:
    """Rows: distinct ids (their order is the order of rows), ranks of their splits from 0, normalised texts."""

    ids: Ints
    ranks: Ints
    texts: Sequence[str | None]


@dataclass(frozen=True, slots=True)
class Corpus:
    """Entries are the different texts of each split, ordered by `first`, the least id that holds them.

    Of entries: `first`, `ranks`, `chars` (code points), `hangul` (mostly), `digests` (n, 2). Of assessed rows, by
    id: `ids`, `entry_of_row`. Of ranks: how many rows are `empty` (null or no text) or `short`.
    The text of an entry lies in `file` (a descriptor) at `starts`, `sizes` bytes of UTF-8.
    """

    first: Ints
    ranks: Ints
    chars: Ints
    hangul: Flags
    digests: Words
    ids: Ints
    entry_of_row: Ints
    empty: Ints
    short: Ints
    file: int
    starts: Ints
    sizes: Ints

    def rows(self, entries: Ints, levels: Ints) -> Rows:
        """The entries (ascending) as rows whose ids are their places; `levels` are those of all entries."""
        starts = starts_of(self.chars[entries])
        codes = np.empty(starts[-1], np.uint32)
        for cut in cuts(self.chars[entries], _READ, len(entries)):
            text = b"".join(self._bytes(entries[cut])).decode("utf-8", "surrogatepass")
            codes[starts[cut.start] : starts[cut.stop]] = code_points(text)
        return Rows(entries, levels[entries], Texts(codes, starts), self.hangul[entries])

    def ranks_of(self, ids: Ints) -> Ints:
        """The ranks of assessed rows."""
        return self.ranks[self.entry_of_row[np.searchsorted(self.ids, ids)]]

    def _bytes(self, entries: Ints) -> Iterator[bytes]:
        """Their texts, end to end; what lies together is read together."""
        starts = self.starts[entries]
        ends = starts + self.sizes[entries]
        first = np.flatnonzero(np.concatenate(([True], starts[1:] != ends[:-1])))
        last = np.append(first[1:], len(entries)) - 1
        for start, end in zip(starts[first].tolist(), ends[last].tolist(), strict=True):
            yield os.pread(self.file, end - start, start)


@contextmanager
def spooled(batches: Iterable[KeyBatch], options: NearOptions, splits: int = 1) -> Iterator[Corpus]:
    """The corpus of all `batches`, whatever their order, over `splits` ranks; its file lives as long as the context."""
    with tempfile.TemporaryFile(dir=options.temp, prefix="registry-near-") as file:
        rows = [_write(batch, file) for batch in batches]
        file.flush()
        nothing = _write(KeyBatch(np.zeros(0, np.int64), np.zeros(0, np.int64), []), file)
        yield _corpus([nothing, *rows], file.fileno(), splits)


@dataclass(frozen=True, slots=True)
class _Written:
    """The assessed rows of one batch; `digests` has two columns. `empty` and `short` are ranks of other rows."""

    ids: Ints
    ranks: Ints
    chars: Ints
    sizes: Ints
    hangul: Flags
    digests: Words
    empty: Ints
    short: Ints


def _write(batch: KeyBatch, file: IO[bytes]) -> _Written:
    every = [text or "" for text in batch.texts]
    chars = np.fromiter(map(len, every), np.int64, len(every))
    at = np.flatnonzero(chars >= SHORTEST)
    texts = [text for text in every if len(text) >= SHORTEST]
    raw = [text.encode("utf-8", "surrogatepass") for text in texts]
    file.write(b"".join(raw))
    digests = b"".join(hashlib.blake2b(some, digest_size=_DIGEST).digest() for some in raw)
    return _Written(
        batch.ids[at],
        batch.ranks[at],
        chars[at],
        np.fromiter(map(len, raw), np.int64, len(raw)),
        Texts.of(texts).mostly_hangul(),
        np.frombuffer(digests, "<u8").reshape(-1, 2),
        batch.ranks[chars == 0],
        batch.ranks[(chars > 0) & (chars < SHORTEST)],
    )


def _corpus(written: Sequence[_Written], file: int, splits: int) -> Corpus:
    ids, ranks, chars, sizes, hangul, digests, empty, short = (
        np.concatenate([getattr(rows, field.name) for rows in written]) for field in fields(_Written)
    )
    order = np.argsort(ids)
    by_text = order[np.lexsort((ranks[order], digests[order, 1], digests[order, 0]))]  # then by id: it is stable
    key = np.column_stack((digests[by_text], ranks[by_text].astype(np.uint64)))
    new = np.concatenate((np.ones(min(len(key), 1), bool), (key[1:] != key[:-1]).any(axis=1)))
    by_first = np.argsort(ids[by_text[new]])
    entry = np.empty(len(ids), np.int64)
    entry[by_text] = np.argsort(by_first)[np.cumsum(new) - 1]
    at = by_text[new][by_first]
    return Corpus(
        first=ids[at],
        ranks=ranks[at],
        chars=chars[at],
        hangul=hangul[at],
        digests=digests[at],
        ids=ids[order],
        entry_of_row=entry[order],
        empty=np.bincount(empty, minlength=splits),
        short=np.bincount(short, minlength=splits),
        file=file,
        starts=starts_of(sizes)[at],
        sizes=sizes[at],
    )
