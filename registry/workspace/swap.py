"""Puts new data in the place of old: written beside, then swapped in one step.

>>> import tempfile
>>> with tempfile.TemporaryDirectory() as root:
...     target = Path(root, "reviews")
...     target.mkdir()
...     _ = (target / "old.csv").write_text("a\\n")
...     with beside(target) as folder:
...         _ = (folder / "new.csv").write_text("b\\n")
...         swap(folder, target)
...     sorted(path.name for path in Path(root).rglob("*"))
['new.csv', 'reviews']
"""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from registry.errors import EnvironmentFailed

AT_FDCWD, RENAME_EXCHANGE = -100, 2  # fcntl.h and linux/fs.h; renameat2(2)


@contextmanager
def beside(target: Path) -> Iterator[Path]:
    """A directory to write into, on the file system of `target`; gone at the end, as is one that a kill left."""
    folder = target.with_name(f".{target.name}.mending")
    try:
        _remove(folder)
        folder.mkdir(parents=True)
        yield folder
    except OSError as error:
        raise EnvironmentFailed(f"{target} cannot be written", why=error.strerror or str(error)) from error
    finally:
        _remove(folder)


def swap(new: Path, target: Path) -> None:
    """Makes `new` be `target`; what was there takes the place of `new`. On disk before it is seen.

    A crash leaves the old data or the new. Where the system cannot exchange two names at
    once, there is a moment in which neither is there, and the old data lies beside.
    """
    _sync(new)
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        new.rename(target)
    elif not _exchanged(new, target):
        aside = target.with_name(f".{target.name}.before")
        target.rename(aside)
        new.rename(target)
        aside.rename(new)
    _fsync(target.parent)


def _exchanged(one: Path, other: Path) -> bool:
    libc = ctypes.CDLL(None, use_errno=True)
    if not hasattr(libc, "renameat2"):
        return False
    done = libc.renameat2(AT_FDCWD, os.fsencode(one), AT_FDCWD, os.fsencode(other), RENAME_EXCHANGE)
    if done == 0:
        return True
    code = ctypes.get_errno()
    if code in (errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP):
        return False
    raise OSError(code, os.strerror(code), str(other))


def _sync(path: Path) -> None:
    """Everything below `path` to disk."""
    for found in [*path.rglob("*"), path]:
        _fsync(found)


def _fsync(path: Path) -> None:
    """A directory's own entries, or a file's bytes, to disk."""
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
