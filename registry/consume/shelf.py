"""The objects of the cache, by sha256: what was brought once is not brought again, by whomever.

Many processes on many machines may share it. An object is written beside and renamed into
place, so that none is seen half written; a lock only spares the same object being brought
twice, and where locks do not work all goes on without them. Nothing read here is believed:
whoever takes an object hashes it, and drops it if it is wrong.

>>> import tempfile
>>> item = Item.of("a.txt", b"hello")
>>> with tempfile.TemporaryDirectory() as folder:
...     shelf = Shelf(Path(folder))
...     with shelf.keeping(item) as keep:
...         keep(b"hello")
...     b"".join(shelf.stream(item) or ())
b'hello'
"""

from __future__ import annotations

import fcntl
import os
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from registry.consume.contents import Item
from registry.model.digest import sha256_of
from registry.model.release import object_key
from registry.stores.base import CHUNK
from registry.stores.local import write_all
from registry.stores.tree import Tree, held

TEMPORARY = ".tmp"  # unfinished objects
LOCKS = "locks"
CLONE = 0x40049409  # FICLONE of linux/fs.h: the same blocks under another name, copied when one of the two is written
POLL = 0.02  # seconds between two looks at a lock that another process holds
PATIENCE = 60.0  # seconds for which it is waited for, and one more for each MiB of the object
_LOCKS = tuple(threading.Lock() for _ in range(256))  # for each lock file: this process's threads need not poll


class Shelf:
    """Objects below the cache's directory `root`; `trouble` is what first kept it from being written."""

    def __init__(self, root: Path) -> None:
        self.trouble = ""
        self.root = root
        self._tree = Tree(root)
        self._clones = True

    @contextmanager
    def held(self) -> Iterator[None]:
        """For many objects in a row: within the block the folders that were used last stay open."""
        with held(self.root) as tree:
            outside, self._tree = self._tree, tree
            try:
                yield
            finally:
                self._tree = outside

    def stream(self, item: Item, start: int = 0) -> Iterator[bytes] | None:
        """The object's bytes from `start` on as they lie here, not verified; None where it is not here."""
        handle = self._open(item)
        return None if handle is None else _chunks(handle, start, item.size + 1 - start)

    def read(self, sha256: str) -> bytes | None:
        """A whole document, verified; None where it is not here or wrong."""
        try:
            with os.fdopen(self._tree.open(object_key(sha256)), "rb") as file:
                data = file.read()
        except OSError:
            return None
        return data if sha256_of(data) == sha256 else None

    def holds(self, item: Item) -> bool:
        """Whether there is an object of its size."""
        handle = self._open(item)
        if handle is not None:
            os.close(handle)
        return handle is not None

    def drop(self, item: Item) -> None:
        """Removes an object whose bytes are wrong."""
        with suppress(OSError):  # it is gone, or not ours to remove: it will be found wrong again
            self._tree.remove(object_key(item.sha256))

    def link(self, item: Item, tree: Tree, path: str) -> bool:
        """Links the object, which is read-only, into `tree` at `path`; False where that is impossible."""
        folder, _, name = object_key(item.sha256).rpartition("/")
        to_folder, _, to_name = path.rpartition("/")
        try:
            with self._tree.folder(folder) as origin, tree.folder(to_folder, make=True) as place:
                os.link(name, to_name, src_dir_fd=origin, dst_dir_fd=place, follow_symlinks=False)
        except OSError:
            return False
        return True

    def clone(self, item: Item, tree: Tree, path: str) -> bool:
        """Makes a file in `tree` that shares the object's blocks; False where the file system cannot."""
        source = self._open(item) if self._clones else None
        if source is None:
            return False
        handle = tree.create(path)
        try:
            fcntl.ioctl(handle, CLONE, source)
        except OSError:
            self._clones = False
            tree.remove(path)
        finally:
            os.close(handle)
            os.close(source)
        return self._clones

    def adopt(self, item: Item, tree: Tree, path: str) -> None:
        """Makes the verified file at `path`, read-only from now on, an object, where the file system allows it."""
        key = object_key(item.sha256)
        folder, _, name = path.rpartition("/")
        to_folder, _, to_name = key.rpartition("/")
        with self.told(), tree.folder(folder) as origin, self._tree.folder(to_folder, make=True) as place:
            os.chmod(name, 0o444, dir_fd=origin)
            with suppress(FileExistsError):  # another process brought it
                os.link(name, to_name, src_dir_fd=origin, dst_dir_fd=place, follow_symlinks=False)

    @contextmanager
    def keeping(self, item: Item) -> Iterator[Callable[[bytes], None]]:
        """Takes the object's bytes, verified by the caller, and keeps them if the block ends well.

        A cache that cannot be written only spares less: `trouble` says why.
        """
        writing = _Writing(self._tree)
        try:
            with self.told():
                writing.begin()

            def keep(chunk: bytes) -> None:
                with self.told(writing):
                    writing.add(chunk)

            yield keep
            with self.told(writing):
                writing.finish(object_key(item.sha256))
        finally:
            writing.discard()

    def put(self, item: Item) -> None:
        """Keeps an object whose bytes are known."""
        if not self.holds(item):
            with self.keeping(item) as keep:
                keep(item.inline or b"")

    @contextmanager
    def claim(self, item: Item, stopped: Callable[[], bool]) -> Iterator[None]:
        """Runs the block while no other process brings the object, or after a time that it would not take."""
        deadline = time.monotonic() + PATIENCE + item.size / 2**20
        with _mine(_LOCKS[int(item.sha256[:2], 16)], deadline, stopped):
            handle = self._lock_file(item)
            try:
                if handle is not None:
                    _wait(handle, deadline, stopped)
                yield
            finally:
                if handle is not None:
                    os.close(handle)

    def _open(self, item: Item) -> int | None:
        try:
            handle = self._tree.open(object_key(item.sha256))
        except OSError:
            return None  # not here, or not readable: the store has it
        if os.fstat(handle).st_size == item.size:
            with suppress(OSError):
                os.utime(handle)  # `cache prune` removes what was not used for longest
            return handle
        os.close(handle)
        self.drop(item)
        return None

    def _lock_file(self, item: Item) -> int | None:
        # NOTE: NFS locks only what is open for writing. A few files for all objects, so that none is ever removed.
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        try:
            with self._tree.folder(LOCKS, make=True) as folder:
                return os.open(item.sha256[:2], flags, 0o666, dir_fd=folder)
        except OSError as error:
            self._note(error)
            return None

    @contextmanager
    def told(self, writing: _Writing | None = None) -> Iterator[None]:
        """Runs a block that writes to the cache; what keeps it from that becomes the `trouble`."""
        try:
            yield
        except OSError as error:
            self._note(error)
            if writing is not None:
                writing.discard()

    def _note(self, error: OSError) -> None:
        self.trouble = self.trouble or f"the cache {self.root} cannot be written: {error.strerror or error}"


class _Writing:
    """One object on its way into the cache; after a failure it does nothing more."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._place = f"{TEMPORARY}/{os.getpid()}-{secrets.token_hex(8)}"
        self._handle: int | None = None

    def begin(self) -> None:
        self._handle = self._tree.create(self._place)

    def add(self, chunk: bytes) -> None:
        if self._handle is not None:
            write_all(self._handle, chunk)

    def finish(self, key: str) -> None:
        if self._handle is None:
            return
        os.fchmod(self._handle, 0o444)
        self._tree.rename(self._place, key)
        os.close(self._handle)
        self._handle = None

    def discard(self) -> None:
        if self._handle is None:
            return
        os.close(self._handle)
        self._handle = None
        with suppress(OSError):  # `cache prune` takes it away
            self._tree.remove(self._place)


def _chunks(handle: int, start: int, most: int) -> Iterator[bytes]:
    try:
        os.lseek(handle, start, os.SEEK_SET)
        while most > 0 and (chunk := os.read(handle, min(CHUNK, most))):
            most -= len(chunk)
            yield chunk
    finally:
        os.close(handle)


@contextmanager
def _mine(lock: threading.Lock, deadline: float, stopped: Callable[[], bool]) -> Iterator[None]:
    """Runs the block while no other thread of this process is in one, unless that takes too long."""
    taken = lock.acquire(blocking=False)
    while not taken and time.monotonic() < deadline and not stopped():
        taken = lock.acquire(timeout=POLL)
    try:
        yield
    finally:
        if taken:
            lock.release()


def _wait(handle: int, deadline: float, stopped: Callable[[], bool]) -> None:
    """Takes the lock; returns without it where locks do not work, time is up, or the caller is `stopped`."""
    while time.monotonic() < deadline and not stopped():
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            time.sleep(POLL)
        except OSError:
            return
