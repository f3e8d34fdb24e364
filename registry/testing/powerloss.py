"""What a disk may hold after the power went: a model of a file system that keeps no more than it must.

From a record of calls a state is drawn: up to a moment everything was called, but data
that was not flushed may be torn or empty, and an entry of a folder that was not flushed
may be missing or still there. POSIX promises no more.

>>> import tempfile
>>> with tempfile.TemporaryDirectory() as folder:
...     log = Log(Path(folder))
...     with hooked(log):
...         Path(folder, "a").mkdir()
...     [step[0] for step in log.steps], sorted(draw(log.steps, {}, len(log.steps), random.Random(0)))
(['mkdir'], [])
"""

from __future__ import annotations

import itertools
import os
import random
import stat
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from registry.testing.faults import hooked

Step = tuple[Any, ...]
FOLDER = -1  # stands for an inode of a folder


class Log:
    """A hook that does every call and writes it down, with paths relative to `root`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.steps: list[Step] = []
        self._files: dict[str, int] = {}
        self._open: dict[int, int] = {}
        self._numbers = itertools.count(1)
        self._lock = threading.RLock()

    def __call__(self, name: str, original: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Does the call and writes it down."""
        with self._lock:
            result = original(*args, **kwargs)
            getattr(self, f"did_{name}")(result, args, kwargs)
            return result

    def _path(self, name: Any, handle: int | None) -> str:
        base = os.readlink(f"/proc/self/fd/{handle}") if handle is not None else os.getcwd()  # noqa: PTH109, PTH115
        return os.path.relpath(os.path.join(base, os.fspath(name)), self.root)  # noqa: PTH118

    def did_open(self, handle: int, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """A file was created; what is opened to be read is not recorded."""
        path, number = self._path(args[0], kwargs.get("dir_fd")), next(self._numbers)
        self._files[path] = number
        self._open[handle] = number
        self.steps.append(("create", path, number))

    def did_write(self, result: Any, args: tuple[Any, ...], _: Any) -> None:
        """Bytes were appended."""
        if args[0] in self._open:
            self.steps.append(("write", self._open[args[0]], bytes(args[1])[:result]))

    def did_fsync(self, _: Any, args: tuple[Any, ...], __: Any) -> None:
        """A file, or the entries of a folder, were flushed."""
        folder = stat.S_ISDIR(os.fstat(args[0]).st_mode)
        self.steps.append(("flush-folder", self._path("", args[0])) if folder else ("flush", self._open[args[0]]))

    def did_syncfs(self, *_: Any) -> None:
        """Everything was flushed."""
        self.steps.append(("flush-all",))

    def did_mkdir(self, _: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """A folder was made."""
        self.steps.append(("mkdir", self._path(args[0], kwargs.get("dir_fd")), FOLDER))

    def did_link(self, _: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """A file got another name."""
        source = self._path(args[0], kwargs.get("src_dir_fd"))
        target = self._path(args[1], kwargs.get("dst_dir_fd"))
        self._files[target] = self._files[source]
        self.steps.append(("create", target, self._files[source]))

    def did_rename(self, _: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """A file or folder was moved."""
        source = self._path(args[0], kwargs.get("src_dir_fd"))
        target = self._path(args[1], kwargs.get("dst_dir_fd"))
        self._files = _moved(self._files, source, target)
        self.steps.append(("rename", source, target))

    def did_unlink(self, _: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """A name was removed."""
        path = self._path(args[0], kwargs.get("dir_fd"))
        self._files.pop(path, None)
        self.steps.append(("unlink", path))

    def did_fchmod(self, *_: Any) -> None:
        """Modes are not modelled."""

    did_replace = did_rename


def _moved(entries: dict[str, int], source: str, target: str) -> dict[str, int]:
    found = {}
    for path, number in entries.items():
        below = path == source or path.startswith(source + "/")
        if not below and (path == target or path.startswith(target + "/")):
            continue
        found[target + path[len(source) :] if below else path] = number
    return found


@dataclass
class _Disk:
    """Entries (path to file number), the bytes of files, and how much of them is flushed."""

    entries: dict[str, int] = field(default_factory=dict)
    data: dict[int, bytes] = field(default_factory=dict)
    flushed: dict[int, int] = field(default_factory=dict)


def draw(steps: list[Step], before: Mapping[str, bytes], moment: int, dice: random.Random) -> dict[str, bytes | None]:
    """A state that the disk may be in when the power goes after `moment` steps; folders are None.

    `before` is what was there and flushed when the record began.
    """
    disk = _Disk()
    for number, (path, data) in enumerate(before.items(), -len(before) - 10):
        disk.entries[path], disk.data[number], disk.flushed[number] = number, data, len(data)
        folder = path.rpartition("/")[0]
        while folder:
            disk.entries[folder] = FOLDER
            folder = folder.rpartition("/")[0]
    lost = _lost(steps[:moment], dice)
    for index, step in enumerate(steps[:moment]):
        _apply(disk, step, index in lost)
    return _materialised(disk, dice)


def _lost(steps: list[Step], dice: random.Random) -> set[int]:
    """The changes of folders that never reached the disk: any of those that no flush covers."""
    pending: dict[str, list[int]] = {}
    for index, step in enumerate(steps):
        if step[0] == "flush-all":
            pending.clear()
        elif step[0] == "flush-folder":
            pending.pop("" if step[1] == "." else step[1], None)
        elif step[0] in ("create", "mkdir", "unlink", "rename"):
            pending.setdefault(step[2 if step[0] == "rename" else 1].rpartition("/")[0], []).append(index)
    chance = dice.choice((0.0, 0.2, 0.5, 1.0))
    return {index for indexes in pending.values() for index in indexes if dice.random() < chance}


def _apply(disk: _Disk, step: Step, lost: bool) -> None:
    kind = step[0]
    if kind == "write":
        disk.data[step[1]] = disk.data.get(step[1], b"") + step[2]
    elif kind == "flush":
        disk.flushed[step[1]] = len(disk.data.get(step[1], b""))
    elif kind == "flush-all":
        disk.flushed = {number: len(data) for number, data in disk.data.items()}
    elif not lost:
        if kind in ("create", "mkdir"):
            disk.entries[step[1]] = step[2]
        elif kind == "unlink":
            disk.entries.pop(step[1], None)
        elif kind == "rename" and step[1] in disk.entries:
            disk.entries = _moved(disk.entries, step[1], step[2])


def _materialised(disk: _Disk, dice: random.Random) -> dict[str, bytes | None]:
    found: dict[str, bytes | None] = {}
    torn = dice.choice(("kept", "torn", "empty", "zeros"))
    for path, number in sorted(disk.entries.items()):
        folder = path.rpartition("/")[0]
        if folder and folder not in found:
            continue  # the folder itself was lost
        if number == FOLDER:
            found[path] = None
            continue
        data, sure = disk.data.get(number, b""), disk.flushed.get(number, 0)
        rest = data[sure:]
        kept = {"kept": rest, "torn": rest[: dice.randint(0, len(rest))], "empty": b"", "zeros": bytes(len(rest))}
        found[path] = data[:sure] + kept[torn]
    return found


def write_state(state: Mapping[str, bytes | None], root: Path) -> None:
    """Puts a drawn state on disk below `root`, which is new."""
    root.mkdir(parents=True)
    for path, data in sorted(state.items()):
        if data is None:
            (root / path).mkdir(exist_ok=True)
        else:
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_bytes(data)


__all__ = ["FOLDER", "Log", "Step", "draw", "hooked", "write_state"]
