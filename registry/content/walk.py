"""Finds the files of a dataset and refuses what no consumer could be given.

Links, devices and pipes are refused by `lstat`, names by `registry.model.paths`, before
DVC or a parser sees a byte: DVC would follow a link out of the repository.
"""

from __future__ import annotations

import os
import stat
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from registry.errors import DataError, HostilePathError, MovedError, NotFoundError
from registry.model.paths import PathProblem, problems

SHOWN = 5


class Stat(NamedTuple):
    """What tells one state of a file from another without reading it."""

    inode: int
    size: int
    mtime_ns: int
    ctime_ns: int


class Found(NamedTuple):
    """One file: path relative to the dataset, where it lies, and its state."""

    path: str
    file: str
    stat: Stat


def stat_of(found: os.stat_result) -> Stat:
    """The state that `found` describes."""
    return Stat(found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def walk(root: Path) -> list[Found]:
    """The files below `root` (or `root` itself), all vetted, in no order.

    Raises `NotFoundError` for a missing root, `HostilePathError` with the mending
    command for paths that are refused, `DataError` for a directory without files.
    """
    try:
        top = root.lstat()
    except FileNotFoundError as error:
        raise NotFoundError(f"there is no file or directory {root}", path=str(root)) from error
    if stat.S_ISDIR(top.st_mode):
        try:
            found, refused = _walk_directory(root)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise MovedError(
                f"{root} changed while it was read",
                why=f"{error.filename} was there and is gone",
                hint="the same command again, once nobody edits the data",
            ) from error
    else:
        found, refused = _walk_file(root, top)
    refused += problems(item.path for item in found)
    if refused:
        _refuse(root, sorted(refused, key=lambda problem: os.fsencode(problem.path)))
    if not found:
        raise DataError(f"{root} holds no file", hint=f"put data files into {root}")
    return found


def _walk_file(root: Path, top: os.stat_result) -> tuple[list[Found], list[PathProblem]]:
    kind = _kind(top.st_mode)
    if kind:
        return [], [PathProblem(root.name, kind, f"it is a {kind}")]
    return [Found(root.name, str(root), stat_of(top))], []


def _walk_directory(root: Path) -> tuple[list[Found], list[PathProblem]]:
    found: list[Found] = []
    refused: list[PathProblem] = []
    for path, entry in _entries(os.fspath(root), ""):
        state = entry.stat(follow_symlinks=False)
        kind = _kind(state.st_mode)
        if kind:
            refused.append(PathProblem(path, kind, f"it is a {kind}"))
        else:
            found.append(Found(path, entry.path, stat_of(state)))
    return found, refused


def _entries(directory: str, prefix: str) -> Iterator[tuple[str, os.DirEntry[str]]]:
    with os.scandir(directory) as listing:
        entries = list(listing)
    for entry in entries:
        path = prefix + entry.name
        if entry.is_dir(follow_symlinks=False):
            yield from _entries(entry.path, path + "/")
        else:
            yield path, entry


def _kind(mode: int) -> str | None:
    if stat.S_ISREG(mode):
        return None
    names = {stat.S_IFLNK: "link", stat.S_IFIFO: "pipe", stat.S_IFSOCK: "socket", stat.S_IFDIR: "directory"}
    return names.get(stat.S_IFMT(mode), "device")


def _refuse(root: Path, refused: list[PathProblem]) -> None:
    shown = "; ".join(f"{problem.path!r}: {problem.why}" for problem in refused[:SHOWN])
    more = f"; and {len(refused) - SHOWN} more" if len(refused) > SHOWN else ""
    raise HostilePathError(
        f"{root} holds paths that cannot be released",
        why=shown + more,
        hint=_mend(root, refused[0]),
        problems=[{"path": p.path, "kind": p.kind} for p in refused],
    )


def _mend(root: Path, problem: PathProblem) -> str:
    from shlex import quote

    target = root / problem.path if root.name != problem.path else root
    if problem.kind == "link":
        return f'cp --remove-destination "$(readlink -f {quote(str(target))})" {quote(str(target))}'
    if problem.kind == "not-nfc":
        return f"mv {quote(str(target))} {quote(str(root / unicodedata.normalize('NFC', problem.path)))}"
    if problem.kind in ("pipe", "socket", "device"):
        return f"rm {quote(str(target))}"
    return f"mv {quote(str(target))} {quote(str(root))}/another-name"
