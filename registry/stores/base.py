"""What a store is: keys and bytes, with create-only writes and compare-and-swap.

A key is a POSIX path below the store's root. Nothing here knows what a release is;
`registry.stores.layout` does. Every backend passes `registry.testing.StoreContract`.

>>> check_key("files/md5/ab/cdef")
'files/md5/ab/cdef'
>>> check_key("../elsewhere")
Traceback (most recent call last):
registry.errors.InternalError: '../elsewhere' is no key of a store
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol, Self, runtime_checkable

from registry.errors import IntegrityError, InternalError, StoreError, UsageError

CHUNK = 4 * 1024 * 1024  # bytes; the largest piece that `stream` yields
LONGEST = 512 * 2**20  # bytes of a document, which is read whole; data is read in pieces
HASHED_LATER = 3  # chunks that wait to be hashed


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """One listed object: key and size in bytes."""

    key: str
    size: int


@runtime_checkable
class Store(Protocol):
    """A place for objects.

    Failures of the place itself (network, credentials, disk) raise `StoreError`; a
    missing object raises `NotFoundError` from the reading methods. `create` and `swap`
    are for documents: when they return, the object would survive a loss of power.
    `create_stream` is for data: it may need `flush` for that.
    """

    url: str
    """Where it is, without credentials."""
    concurrency: int
    """How many operations at once serve it best."""

    def read(self, key: str) -> bytes:
        """All bytes of one document; more than 512 MiB are none (`StoreError`)."""
        ...

    def read_tagged(self, key: str) -> tuple[bytes, str]:
        """All bytes, and a tag of this state of the object for `swap` and `delete`."""
        ...

    def stream(self, key: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """The bytes from `start`, at most `length` of them, in chunks of at most 4 MiB."""
        ...

    def size(self, key: str) -> int | None:
        """Size in bytes, or None where there is no such object."""
        ...

    def create(self, key: str, data: bytes) -> bool:
        """Writes an object that must not exist; False where it does. All or nothing."""
        ...

    def create_stream(self, key: str, chunks: Iterable[bytes], size: int) -> bool:
        """As `create`, from chunks of `size` bytes in all.

        An exception out of `chunks` leaves no object behind, nor does another size
        (`IntegrityError`).
        """
        ...

    def swap(self, key: str, data: bytes, tag: str | None) -> bool:
        """Writes only if the object still has `tag` (None: must not exist); False if it does not."""
        ...

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        """All objects whose key begins with `prefix`, sorted by key."""
        ...

    def delete(self, key: str, tag: str | None = None) -> bool:
        """Removes an object (only in the state `tag`, if given); False where it was not removed."""
        ...

    def flush(self) -> None:
        """Returns when everything written so far would survive a loss of power."""
        ...


class ReadOnly:
    """The writing half of a store that cannot be written: each method raises `UsageError`."""

    url: str

    def create(self, key: str, data: bytes) -> bool:
        """Refused."""
        raise self.refusal()

    def create_stream(self, key: str, chunks: Iterable[bytes], size: int) -> bool:
        """Refused."""
        raise self.refusal()

    def swap(self, key: str, data: bytes, tag: str | None) -> bool:
        """Refused."""
        raise self.refusal()

    def delete(self, key: str, tag: str | None = None) -> bool:
        """Refused."""
        raise self.refusal()

    def flush(self) -> None:
        """Nothing was written."""

    def refusal(self) -> UsageError:
        """The error for whoever would write."""
        return UsageError(
            f"the store {self.url} is read-only",
            why="what a web server serves can be read, not written",
            hint="run the same command with the address of its directory or bucket: --store s3://BUCKET/PREFIX",
        )


def check_key(key: str) -> str:
    """`key`, if every backend can hold it; anything that could lead out of a store is a bug of the caller."""
    segments = key.split("/")
    if "\0" in key or any(segment in ("", ".", "..") for segment in segments):
        raise InternalError(f"{key[:200]!r} is no key of a store")
    return key


def exactly(chunks: Iterable[bytes], size: int, key: str) -> Iterator[bytes]:
    """`chunks` as they are; `IntegrityError` if they are not `size` bytes in all."""
    seen = 0
    for chunk in chunks:
        seen += len(chunk)
        if seen > size:
            break
        yield chunk
    if seen != size:
        amount = f"more than {size}" if seen > size else str(seen)
        raise IntegrityError(f"{key} was to have {size} bytes", why=f"{amount} bytes came", key=key)


def whole(url: str, key: str, chunks: Iterable[bytes]) -> bytes:
    """All bytes of a document of the store at `url`; `StoreError` at the first byte too many."""
    parts, seen = [], 0
    with ending(chunks):
        for chunk in chunks:
            seen += len(chunk)
            if seen > LONGEST:
                raise too_long(url, key)
            parts.append(chunk)
    return b"".join(parts)


def too_long(url: str, key: str) -> StoreError:
    """The error for a document that nobody wrote who knows what it is."""
    return StoreError(
        f"the store {url} failed at {key}",
        why=f"a document of more than {LONGEST >> 20} MiB is none",
        hint="whoever runs the store puts it back from a backup; index.json may be removed: registry rebuild-index",
        key=key,
    )


class ending:  # noqa: N801 - a verb, as `contextlib.closing`
    """Lets go of the source of `chunks` (a file, a connection) at the end of the block, not some time later."""

    __slots__ = ("_chunks",)

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = chunks

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        if isinstance(self._chunks, Generator):
            self._chunks.close()


def as_promised(chunks: Iterable[bytes], size: int, sha256: str, wrong: Callable[[int], Exception]) -> Iterator[bytes]:
    """`chunks` as they are, hashed as they pass; raises `wrong(bytes seen)` if they are not what was promised.

    Stops at the first byte too many, so that an endless source ends.
    """
    seen = 0
    with _Hashing(size) as hashed:
        for chunk in chunks:
            hashed.update(chunk)
            seen += len(chunk)
            if seen > size:
                break
            yield chunk
        if seen != size or hashed.hexdigest() != sha256:
            raise wrong(seen)


class _Hashing:
    """A sha256 of many chunks; of large ones it is computed beside whatever else is done with them."""

    def __init__(self, size: int) -> None:
        self._hashed = hashlib.sha256()
        self._pool = ThreadPoolExecutor(1, "registry-sha256") if size >= 2 * CHUNK else None
        self._asked: deque[Future[None]] = deque()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool:
            self._pool.shutdown(cancel_futures=True)

    def update(self, chunk: bytes) -> None:
        if self._pool is None:
            self._hashed.update(chunk)
            return
        if len(self._asked) >= HASHED_LATER:
            self._asked.popleft().result()
        self._asked.append(self._pool.submit(self._hashed.update, chunk))

    def hexdigest(self) -> str:
        for one in self._asked:
            one.result()
        return self._hashed.hexdigest()
