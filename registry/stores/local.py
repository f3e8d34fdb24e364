"""A store in a local directory, the embedded default.

Objects are written beside and linked into place, so that none is ever seen half
written; compare-and-swap runs under a file lock. Nothing is written outside the
directory, whatever links somebody puts into it.

>>> import tempfile
>>> with tempfile.TemporaryDirectory() as folder:
...     store = LocalStore(Path(folder))
...     store.create("a/b", b"one"), store.create("a/b", b"two"), store.read("a/b")
(True, False, b'one')
"""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from copy import copy
from pathlib import Path
from shlex import quote
from typing import Self

from registry.errors import DeniedError, NotFoundError, StoreError
from registry.model.digest import sha256_of
from registry.stores.base import CHUNK, ObjectInfo, check_key, exactly, whole
from registry.stores.tree import CREATE, Tree, held

TEMPORARY = ".tmp"  # unfinished writes and the lock; `list` shows them only when asked for this prefix


class LocalStore:
    """A directory as a `Store`; `root` is made by the first write."""

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()
        self.url = f"file:{self.root}"
        self.concurrency = max(2, min(8, os.cpu_count() or 2))
        self._tree: Tree = Tree(self.root)

    def read(self, key: str) -> bytes:
        """All bytes of one object."""
        return whole(self.url, key, self.stream(key))

    def read_tagged(self, key: str) -> tuple[bytes, str]:
        """All bytes, and their sha256 as the tag."""
        data = self.read(key)
        return data, sha256_of(data)

    def stream(self, key: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """The bytes from `start`, at most `length` of them, in chunks of at most 4 MiB."""
        with self._failures(key):
            handle = self._tree.open(check_key(key))
            try:
                if start:
                    os.lseek(handle, start, os.SEEK_SET)
                left = length if length is not None else os.fstat(handle).st_size - start
                while left > 0 and (chunk := os.read(handle, min(CHUNK, left))):
                    left -= len(chunk)
                    yield chunk
            finally:
                os.close(handle)

    def size(self, key: str) -> int | None:
        """Size in bytes, or None where there is no such object."""
        try:
            handle = self._tree.open(check_key(key))
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._failed(key, error) from error
        try:
            return os.fstat(handle).st_size
        finally:
            os.close(handle)

    def create(self, key: str, data: bytes) -> bool:
        """Writes a document that must not exist; False where it does."""
        return self._create(key, (data,), durable=True)

    def create_stream(self, key: str, chunks: Iterable[bytes], size: int) -> bool:
        """As `create`, from chunks; durable after `flush`."""
        return self._create(key, exactly(chunks, size, key), durable=False)

    def swap(self, key: str, data: bytes, tag: str | None) -> bool:
        """Writes only if the object still has `tag` (None: must not exist)."""
        if tag is None:
            return self.create(key, data)
        with self._failures(key), self._lock(), self._written((data,), durable=True) as (_, name):
            if self._tag(key) != tag:
                return False
            self._tree.rename(f"{TEMPORARY}/{name}", key)
            self._tree.sync_folders(key)
            return True

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        """All objects whose key begins with `prefix`, sorted by key."""
        with self._failures(prefix):
            for found in self._tree.files(prefix.rpartition("/")[0]):
                hidden = found.path.startswith(TEMPORARY + "/") and not prefix.startswith(TEMPORARY)
                if found.regular and not hidden and found.path.startswith(prefix):
                    yield ObjectInfo(found.path, found.size)

    def delete(self, key: str, tag: str | None = None) -> bool:
        """Removes an object (only in the state `tag`, if given)."""
        with self._failures(key), self._lock():
            known = self._tag(key) if tag is not None else self.size(key)
            if known is None or tag not in (None, known):
                return False
            self._tree.remove(check_key(key))
            return True

    def flush(self) -> None:
        """One `syncfs` of the file system that holds the store."""
        with self._failures("the store"):
            self._tree.sync()

    @contextmanager
    def held(self) -> Iterator[Self]:
        """The same store, for reading many objects in a row while the block runs: folders stay open."""
        same = copy(self)
        with held(self.root) as same._tree:
            yield same

    def link(self, key: str, tree: Tree, path: str) -> bool:
        """Links the object into `tree` at `path`, read-only for both; False where that is impossible.

        The file and the object are one: who forces a write to it breaks the store.
        """
        folder, _, name = check_key(key).rpartition("/")
        to_folder, _, to_name = path.rpartition("/")
        try:
            handle = self._tree.open(key)
            try:
                os.fchmod(handle, 0o444)
            finally:
                os.close(handle)
            with self._tree.folder(folder) as origin, tree.folder(to_folder, make=True) as place:
                os.link(name, to_name, src_dir_fd=origin, dst_dir_fd=place, follow_symlinks=False)
        except OSError:
            return False  # another file system, or not ours to change: the caller copies, and hears why if that fails
        return True

    def _create(self, key: str, chunks: Iterable[bytes], *, durable: bool) -> bool:
        folder, _, name = check_key(key).rpartition("/")
        with self._failures(key), self._written(chunks, durable=durable) as (origin, source):
            with self._tree.folder(folder, make=True) as place:
                try:
                    os.link(source, name, src_dir_fd=origin, dst_dir_fd=place, follow_symlinks=False)
                except FileExistsError:
                    return False
            if durable:
                self._tree.sync_folders(key)
            return True

    @contextmanager
    def _written(self, chunks: Iterable[bytes], *, durable: bool) -> Iterator[tuple[int, str]]:
        """The folder and the name of a temporary file holding `chunks`, gone afterwards unless it was renamed."""
        name = f"{os.getpid()}-{secrets.token_hex(8)}"
        with self._tree.folder(TEMPORARY, make=True) as folder:
            handle = os.open(name, CREATE, 0o644, dir_fd=folder)
            try:
                try:
                    for chunk in chunks:
                        write_all(handle, chunk)
                    if durable:
                        os.fsync(handle)
                finally:
                    os.close(handle)
                yield folder, name
            finally:
                with suppress(FileNotFoundError):  # it was renamed into place
                    os.unlink(name, dir_fd=folder)

    @contextmanager
    def _lock(self) -> Iterator[None]:
        with self._tree.folder(TEMPORARY, make=True) as folder:
            # A lock on the folder itself: no lock file to leave behind, and let go by the kernel at a kill.
            fcntl.flock(folder, fcntl.LOCK_EX)
            yield

    def _tag(self, key: str) -> str | None:
        try:
            return self.read_tagged(key)[1]
        except NotFoundError:
            return None

    @contextmanager
    def _failures(self, key: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise self._failed(key, error) from error

    def _failed(self, key: str, error: OSError) -> NotFoundError | StoreError:
        if error.errno == errno.ENOENT:
            return NotFoundError(f"the store {self.url} holds no {key}", hint="registry list", key=key)
        kind = DeniedError if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS) else StoreError
        return kind(
            f"the store {self.url} failed at {key}",
            why=error.strerror or str(error),
            hint=f"registry doctor --store {quote(self.url)}",
            key=key,
        )


def write_all(handle: int, data: bytes) -> None:
    """Writes all of `data` to the file handle, however many calls that takes."""
    view = memoryview(data)
    while view:
        view = view[os.write(handle, view) :]
