"""Objects of a store: documents by sha256, data files by md5 in DVC's layout.

Whatever is read is hashed before it is returned; whatever exists already is not believed
to be what was to be written.

>>> import tempfile
>>> from registry.stores import open_store
>>> with tempfile.TemporaryDirectory() as folder:
...     store = open_store(folder)
...     put_document(store, b"hello"), put_document(store, b"hello"), read_object(store, sha256_of(b"hello"))
(True, False, b'hello')
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, TypeVar

from registry.errors import IntegrityError, MovedError, NotFoundError
from registry.model.digest import sha256_of
from registry.model.files import FileEntry
from registry.model.release import object_key
from registry.stores.base import Store, as_promised

Known = Container[tuple[str, str, int]]
"""(md5, sha256, size) of files that an earlier manifest lists."""

TRIES = 16

T = TypeVar("T")
R = TypeVar("R")


def read_object(store: Store, sha256: str) -> bytes:
    """The document with this digest; other bytes raise `IntegrityError`."""
    key = object_key(sha256)
    data = store.read(key)
    if sha256_of(data) != sha256:
        raise corrupt(store, key)
    return data


def put_document(store: Store, data: bytes) -> bool:
    """Puts a document at its sha256; True where the store lacked it.

    A present one is read back and hashed; other bytes raise `IntegrityError`.
    """

    def put() -> bool:
        written = store.create(object_key(sha256_of(data)), data)
        if not written:
            read_object(store, sha256_of(data))
        return written

    return _despite_sweeps(put)


def put_file(store: Store, entry: FileEntry, chunks: Callable[[], Iterable[bytes]], known: Known = frozenset()) -> bool:
    """Puts a data file at its md5; True where the store lacked it.

    `chunks()` gives its bytes; it is called only where the store lacks the object, and
    `MovedError` says that they are not those of `entry`. An object that exists counts
    as present if `known` lists it; else it is read back and hashed, and other bytes
    raise `IntegrityError`.
    """

    def put() -> bool:
        size = store.size(entry.key)
        if size is None and store.create_stream(entry.key, _as_recorded(entry, chunks()), entry.size):
            return True
        believed = size == entry.size and (entry.md5, entry.sha256, entry.size) in known
        if not believed and not holds(store, entry):
            raise corrupt(store, entry.key, entry.path)
        return False

    return _despite_sweeps(put)


def put_tree_object(store: Store, md5: str, data: bytes) -> bool:
    """Puts DVC's `.dir` object, so that the store is a DVC remote for the release's pointer."""
    md5 = md5.removesuffix(".dir")
    if hashlib.md5(data, usedforsecurity=False).hexdigest() != md5:
        raise IntegrityError(f"the directory object does not have the md5 {md5}", hint="registry add PATH")
    key = tree_key(md5)

    def put() -> bool:
        written = store.create(key, data)
        if not written and store.read(key) != data:
            raise corrupt(store, key)
        return written

    return _despite_sweeps(put)


def _despite_sweeps(put: Callable[[], bool]) -> bool:
    """What `put` answers; once more where what it found was swept away before it could read it back."""
    for _ in range(TRIES):
        with suppress(NotFoundError):
            return put()
    return put()


def tree_key(md5: str) -> str:
    """Where a store keeps DVC's listing of a directory."""
    return f"files/md5/{md5[:2]}/{md5[2:].removesuffix('.dir')}.dir"


def holds(store: Store, entry: FileEntry) -> bool:
    """Whether the store's object of `entry` has its size and sha256; all of it is read."""
    hashed, size = hashlib.sha256(), 0
    for chunk in store.stream(entry.key, 0, entry.size + 1):
        hashed.update(chunk)
        size += len(chunk)
    return size == entry.size and hashed.hexdigest() == entry.sha256


def _as_recorded(entry: FileEntry, chunks: Iterable[bytes]) -> Iterator[bytes]:
    def moved(_: int) -> MovedError:
        return MovedError(
            f"{entry.path} changed while it was released",
            why="its bytes are not those that were judged",
            hint="registry check, then release again",
            path=entry.path,
        )

    return as_promised(chunks, entry.size, entry.sha256, moved)


def corrupt(store: Store, key: str, path: str = "") -> IntegrityError:
    """The error for an object whose bytes are not what they should be; `path` is the data file it is for."""
    named = f"{path} ({key})" if path else key
    return IntegrityError(
        f"{named} in {store.url} does not have the bytes that its digest promises",
        why="the object was damaged or replaced",
        hint="registry fsck --data",
        key=key,
        path=path,
    )


def parse_object(data: bytes, where: str, *, hint: str = "") -> dict[str, Any]:
    """The JSON object in `data`; anything else raises `IntegrityError` naming `where`."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise IntegrityError(f"{where} is no JSON", why=str(error)[:120], hint=hint, key=where) from error
    if not isinstance(value, dict):
        raise IntegrityError(f"{where} is no JSON object", hint=hint, key=where)
    return value


def at_once(store: Store, work: Callable[[T], R], items: Sequence[T]) -> list[R]:
    """`work` of each item, in order, with as many at a time as serves the store."""
    if len(items) < 2:
        return [work(item) for item in items]
    with ThreadPoolExecutor(min(store.concurrency, len(items))) as pool:
        return list(pool.map(work, items))
