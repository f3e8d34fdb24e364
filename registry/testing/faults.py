"""Faults at every operation on the file system: kills, errors, and a record of what was done.

The calls of `os` that our code makes are wrapped and counted, so that a test can end the
process (before, after, or half-way through), or raise, at the Nth of them. Method: SQLite's
I/O error and crash tests (sqlite.org/testing.html, sections 3.2 and 3.3).

>>> import tempfile
>>> with tempfile.TemporaryDirectory() as folder:
...     operations(lambda: Path(folder, "a").mkdir())
1
"""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Literal

from registry.stores import tree

CHANGING = ("open", "write", "link", "replace", "rename", "unlink", "fsync", "mkdir", "fchmod")
READING = ("read", "scandir", "stat", "fstat")
Moment = Literal["before", "after", "torn"]
Hook = Callable[[str, Callable[..., Any], tuple[Any, ...], dict[str, Any]], Any]
KILLED = 137


class _Libc:
    """Stands for the C library, of which our code calls `syncfs` alone."""

    def __init__(self, hook: Hook, real: Any) -> None:
        self._hook, self._real = hook, real

    def syncfs(self, handle: int) -> int:
        """As `syncfs(2)`; the hook may fail it."""
        return int(self._hook("syncfs", self._real.syncfs, (handle,), {}))


@contextmanager
def hooked(hook: Hook, *, reading: bool = False) -> Iterator[None]:
    """Sends every changing call (with `reading` every call) through `hook(name, original, args, kwargs)`."""
    names = CHANGING + (READING if reading else ())
    originals = {name: getattr(os, name) for name in names}
    libc = tree._LIBC

    def wrap(name: str) -> Callable[..., Any]:
        original = originals[name]

        def call(*args: Any, **kwargs: Any) -> Any:
            if name == "open" and not reading and not args[1] & os.O_CREAT:
                return original(*args, **kwargs)
            return hook(name, original, args, kwargs)

        return call

    try:
        for name in names:
            setattr(os, name, wrap(name))
        tree._LIBC = _Libc(hook, libc)  # type: ignore[assignment]
        yield
    finally:
        for name, original in originals.items():
            setattr(os, name, original)
        tree._LIBC = libc


class _Counter:
    """Counts calls and acts at one of them."""

    def __init__(self, at: int = -1, act: Callable[..., Any] | None = None, *, lasting: bool = False) -> None:
        self.count, self._at, self._act, self._lasting = 0, at, act, lasting
        self._lock = threading.Lock()

    def __call__(self, name: str, original: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        with self._lock:
            here, self.count = self.count, self.count + 1
        if self._act and (here == self._at or (self._lasting and here > self._at)):
            return self._act(name, original, args, kwargs)
        return original(*args, **kwargs)


def operations(work: Callable[[], Any], *, reading: bool = False) -> int:
    """How many calls `work` makes."""
    counter = _Counter()
    with hooked(counter, reading=reading):
        work()
    return counter.count


def dying(at: int, moment: Moment) -> AbstractContextManager[None]:
    """Ends this process, as a kill does, at call `at` of what runs in the context."""

    def end(name: str, original: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        if moment == "torn" and name == "write":
            original(args[0], bytes(args[1])[: len(args[1]) // 2])
        elif moment != "before":
            original(*args, **kwargs)
        os._exit(KILLED)

    return hooked(_Counter(at, end))


def killed(work: Callable[[], Any], at: int, moment: Moment) -> bool:
    """Runs `work` in a fork of this process that ends at call `at`; False where it was done before."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of forks beside threads; the child keeps to its own
        child = os.fork()
    if child == 0:
        code = 70
        try:
            with dying(at, moment):
                work()
            code = 0
        finally:
            os._exit(code)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code not in (0, KILLED):
        raise AssertionError(f"the work failed with {code} at call {at}, {moment}")
    return code == KILLED


def failing(work: Callable[[], Any], at: int, number: int, *, lasting: bool = False) -> Exception | None:
    """Runs `work` with call `at` (and, `lasting`, all later ones) failing with errno `number`; what it raised."""

    def fail(name: str, *_: Any) -> None:
        raise OSError(number, os.strerror(number), name)

    try:
        with hooked(_Counter(at, fail, lasting=lasting), reading=True):
            work()
    except Exception as error:
        return error
    return None


__all__ = ["CHANGING", "READING", "Hook", "Moment", "Path", "dying", "failing", "hooked", "killed", "operations"]
