"""A directory that nothing leads out of: each step of a path is opened by handle, links are refused.

The local store writes through it, and so does `pull`. A path is POSIX text relative
to the root; no string is ever joined to a place on disk, so neither a link planted in
the tree nor one swapped in during a write can move a byte elsewhere.

>>> import tempfile
>>> with tempfile.TemporaryDirectory() as folder:
...     tree = Tree(Path(folder))
...     handle = tree.create("a/b.txt")
...     written = os.write(handle, b"hello")
...     os.close(handle)
...     [(f.path, f.size) for f in tree.files()]
[('a/b.txt', 5)]
"""

from __future__ import annotations

import ctypes
import errno
import os
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
HELD = 16  # folders that a thread keeps open
DEEP = HELD // 2 - 1  # folders above one another; a rename needs two such paths at once
ABSENT = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)  # what opening gives where no regular file is


@dataclass(frozen=True, slots=True)
class Found:
    """One entry of a walk: path, size in bytes, and whether it is a regular file."""

    path: str
    size: int
    regular: bool = True


class Tree:
    """Reads and writes below `root` only. Failures are plain `OSError`s."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @contextmanager
    def folder(self, path: str, *, make: bool = False) -> Iterator[int]:
        """A handle of the folder at `path` (`""` is the root); `make` creates what is missing."""
        handle = self._root(make)
        try:
            for name in filter(None, path.split("/")):
                handle = _step(handle, name, make)
            yield handle
        finally:
            os.close(handle)

    def _root(self, make: bool) -> int:
        try:
            return os.open(self.root, DIRECTORY)
        except FileNotFoundError:
            if not make:
                raise
        self.root.mkdir(parents=True, exist_ok=True)
        return os.open(self.root, DIRECTORY)

    def open(self, path: str) -> int:
        """A reading handle of the regular file at `path`; anything else is `FileNotFoundError`."""
        folder, _, name = path.rpartition("/")
        try:
            with self.folder(folder) as parent:
                # O_NONBLOCK: opening a pipe that somebody put here must not wait for a writer.
                handle = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=parent)
        except OSError as error:
            if error.errno in ABSENT:
                raise FileNotFoundError(errno.ENOENT, "no regular file", path) from error
            raise
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            os.close(handle)
            raise FileNotFoundError(errno.ENOENT, "no regular file", path)
        return handle

    def create(self, path: str) -> int:
        """A writing handle of a new file, mode 0644 less the umask; `FileExistsError` where something is."""
        folder, _, name = path.rpartition("/")
        with self.folder(folder, make=True) as parent:
            return os.open(name, CREATE, 0o644, dir_fd=parent)

    def remove(self, path: str) -> None:
        """Removes the file (or link) at `path`."""
        folder, _, name = path.rpartition("/")
        with self.folder(folder) as parent:
            os.unlink(name, dir_fd=parent)

    def rename(self, source: str, target: str) -> None:
        """Puts the file `source` in the place of `target`, whatever file or link stood there."""
        from_folder, _, from_name = source.rpartition("/")
        to_folder, _, to_name = target.rpartition("/")
        with self.folder(from_folder) as origin, self.folder(to_folder, make=True) as place:
            os.replace(from_name, to_name, src_dir_fd=origin, dst_dir_fd=place)

    def files(self, folder: str = "") -> Iterator[Found]:
        """Everything below `folder` that is no folder, sorted by path; links and devices are not `regular`."""
        try:
            with self.folder(folder) as handle, os.scandir(handle) as entries:
                # NOTE: `a.txt` sorts before `a/b`, so a folder counts with its slash.
                names = sorted(e.name + "/" if e.is_dir(follow_symlinks=False) else e.name for e in entries)
                kinds = {name: _lstat(name, handle) for name in names if not name.endswith("/")}
        except OSError as error:
            if error.errno in ABSENT:
                return
            raise
        base = f"{folder}/" if folder else ""
        for name in names:
            if name.endswith("/"):
                yield from self.files(base + name[:-1])
            elif (known := kinds[name]) is not None:
                yield Found(base + name, known.st_size, stat.S_ISREG(known.st_mode))

    def sync(self) -> None:
        """Returns when everything written so far to this file system would survive a loss of power."""
        handle = self._root(make=True)
        try:
            if _LIBC is None or _LIBC.syncfs(handle) != 0:
                os.sync()
        finally:
            os.close(handle)

    def sync_folders(self, path: str) -> None:
        """Makes the entry of `path`, and of each folder on the way to it, survive a loss of power."""
        folder = path.rpartition("/")[0]
        while True:
            with self.folder(folder) as handle:
                os.fsync(handle)
            if not folder:
                return
            folder = folder.rpartition("/")[0]


class HeldTree(Tree):
    """The same for many files in a row: each thread keeps the folders open that it used last.

    For one operation only: a folder that somebody moves away meanwhile is still written where it went.
    """

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self._local = threading.local()
        self._opened: list[dict[str, int]] = []

    @contextmanager
    def folder(self, path: str, *, make: bool = False) -> Iterator[int]:
        """As that of a tree; the handle stays open, unless the folder lies deep."""
        if path.count("/") >= DEEP - 1:
            with super().folder(path, make=make) as handle:
                yield handle
            return
        held: dict[str, int] | None = getattr(self._local, "held", None)
        if held is None:
            held = self._local.held = {}
            self._opened.append(held)
        yield self._held(held, path, make)

    def _held(self, held: dict[str, int], path: str, make: bool) -> int:
        handle = held.pop(path, None)
        if handle is None:
            above, _, name = path.rpartition("/")
            handle = _below(self._held(held, above, make), name, make) if path else self._root(make)
        held[path] = handle  # the last one is the one that was used last
        if len(held) > HELD:
            os.close(held.pop(next(iter(held))))
        return handle

    def close(self) -> None:
        """Lets go of all folders; no thread may be at work."""
        for held in self._opened:
            for handle in held.values():
                os.close(handle)
            held.clear()


@contextmanager
def held(root: Path) -> Iterator[HeldTree]:
    """A `HeldTree` for the block."""
    tree = HeldTree(root)
    try:
        yield tree
    finally:
        tree.close()


def _step(handle: int, name: str, make: bool) -> int:
    """Opens folder `name` in the folder `handle`, which it closes."""
    below = _below(handle, name, make)
    os.close(handle)
    return below


def _below(handle: int, name: str, make: bool) -> int:
    try:
        return os.open(name, DIRECTORY | os.O_NOFOLLOW, dir_fd=handle)
    except FileNotFoundError:
        if not make:
            raise
    with suppress(FileExistsError):  # another writer made it
        os.mkdir(name, 0o755, dir_fd=handle)
    return os.open(name, DIRECTORY | os.O_NOFOLLOW, dir_fd=handle)


def _lstat(name: str, handle: int) -> os.stat_result | None:
    try:
        return os.stat(name, dir_fd=handle, follow_symlinks=False)
    except FileNotFoundError:
        return None  # removed while we walked


def _libc() -> ctypes.CDLL | None:
    libc = ctypes.CDLL(None, use_errno=True)
    return libc if hasattr(libc, "syncfs") else None


_LIBC = _libc()
