"""A released file read by parts: no byte is given before its block of 4 MiB was verified.

The file list has the sha256 of every block of a file above 4 MiB; a smaller file is one
block. Blocks are fetched ahead of the reader by a thread, and hashed as they are needed.

>>> from registry.testing.releases import entry_of
>>> data = b"x" * (5 << 20)
>>> with BlockFile(entry_of("a.bin", data), lambda start, length: [data[start : start + length]]) as file:
...     file.seek(-3, 2), file.read()
(5242877, b'xxx')
"""

from __future__ import annotations

import hashlib
import io
import os
from collections import OrderedDict, deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

from registry.errors import IntegrityError
from registry.model.files import BLOCK, FileEntry
from registry.stores.base import ending

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

AHEAD = 3  # blocks that are fetched before they are asked for
KEPT = 4  # blocks that are kept for a reader that goes back and forth, as readers of Parquet do

Range = Callable[[int, int], Iterable[bytes]]
"""The bytes of the file from a place, at most so many."""


class BlockFile(io.RawIOBase):
    """One file, for reading, from the first of `sources` that has it.

    What one has wrong is asked of the next; `IntegrityError` where the last one has it wrong.
    """

    def __init__(self, entry: FileEntry, *sources: Range, kept: OrderedDict[int, bytes] | None = None) -> None:
        super().__init__()
        self._entry = entry
        self._sources = list(sources)
        self._kept = OrderedDict() if kept is None else kept
        self._place = 0
        self._coming: _Ahead | None = None

    def open(self, _mode: str = "rb") -> BlockFile:
        """The same file from its beginning, which shares what was read of it."""
        return BlockFile(self._entry, *self._sources, kept=self._kept)

    def readable(self) -> bool:
        """Yes."""
        return True

    def seekable(self) -> bool:
        """Yes."""
        return True

    def tell(self) -> int:
        """The place of the next byte."""
        return self._place

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Moves to another place."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: self._entry.size}[whence]
        self._place = max(0, base + offset)
        return self._place

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Fills `buffer` from one block."""
        view = memoryview(buffer).cast("B")
        if self._place >= self._entry.size or not view:
            return 0
        number, start = divmod(self._place, BLOCK)
        part = memoryview(self._block(number))[start : start + len(view)]
        view[: len(part)] = part
        self._place += len(part)
        return len(part)

    def read(self, size: int | None = -1, /) -> bytes:
        """At most `size` bytes, fewer only at the end of the file."""
        left = self._entry.size - self._place
        wanted = max(0, left if size is None or size < 0 else min(size, left))
        number, start = divmod(self._place, BLOCK)
        if wanted == BLOCK and not start:
            self._place += wanted
            return self._block(number)
        data = bytearray(wanted)
        view, done = memoryview(data), 0
        while done < wanted:
            done += self.readinto(view[done:])
        return bytes(data)

    def close(self) -> None:
        """Lets go of what is on its way."""
        self._leave()
        super().close()

    def _leave(self) -> None:
        if self._coming is not None:
            self._coming.close()
            self._coming = None

    def _block(self, number: int) -> bytes:
        known = self._kept.get(number)
        if known is None:
            known = self._kept[number] = self._verified(number)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return known

    def _verified(self, number: int) -> bytes:
        digest = (self._entry.blocks or (self._entry.sha256,))[number]
        while True:
            if self._coming is None or self._coming.next != number:
                self._leave()
                self._coming = _Ahead(self._entry.size, self._sources[0], number)
            data = self._coming.take()
            if hashlib.sha256(data).hexdigest() == digest:
                return data
            self._leave()
            if len(self._sources) > 1:
                self._sources.pop(0)
                continue
            raise IntegrityError(
                f"{self._entry.path} does not have the bytes that the release promises",
                why=f"its block {number} of 4 MiB has another sha256 or size",
                hint="do not use this release; whoever runs the store: registry fsck --data",
                path=self._entry.path,
                block=number,
            )


class _Ahead:
    """The blocks of a file from `start` on, in order, some of them fetched before they are taken."""

    def __init__(self, size: int, ranged: Range, start: int) -> None:
        self.next = start
        self._left = -(-size // BLOCK) - start
        self._blocks = _blocks(ranged(start * BLOCK, size - start * BLOCK))
        self._pool = ThreadPoolExecutor(1, "registry-blocks")
        self._asked: deque[Future[bytes]] = deque()
        self._ask()

    def take(self) -> bytes:
        """The next block."""
        data = self._asked.popleft().result()
        self.next += 1
        self._ask()
        return data

    def close(self) -> None:
        """Fetches no more; the thread ends with the block that it is at."""
        self._pool.submit(self._blocks.close)
        for one in self._asked:
            one.cancel()
        self._pool.shutdown(wait=False)

    def _ask(self) -> None:
        while self._left > 0 and len(self._asked) < AHEAD:
            self._asked.append(self._pool.submit(next, self._blocks, b""))
            self._left -= 1


def _blocks(chunks: Iterable[bytes]) -> Generator[bytes]:
    """`chunks` cut into blocks; the last one may be shorter."""
    parts: list[bytes | memoryview] = []
    have = 0
    with ending(chunks):
        for chunk in chunks:
            left = memoryview(chunk)
            while have + len(left) >= BLOCK:
                yield b"".join((*parts, left[: BLOCK - have]))
                left, parts, have = left[BLOCK - have :], [], 0
            parts.append(left)
            have += len(left)
    if have:
        yield b"".join(parts)
