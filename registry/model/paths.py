"""One rule for every path of a dataset: what `add` refuses, `pull` refuses too.

A path is relative, in POSIX form, NFC, and means the same file on Linux, macOS and
Windows. The rule works on text alone; links and devices are found where files are
walked.

>>> problem_of("train/a.csv") is None
True
>>> problem_of("../secret")
'`..` leads out of the dataset'
>>> [p.kind for p in problems(["a.csv", "A.csv"])]
['case-twin']
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

MAX_SEGMENT = 255  # bytes, the limit of the usual file systems
MAX_PATH = 1024  # bytes
RESERVED_ROOT = frozenset({"readme.md", "readme.ko.md", "croissant.json", ".registry"})
RESERVED_ANYWHERE = frozenset({".git", ".dvc", ".dvcignore", ".gitignore", ".gitattributes", ".gitmodules"})
DEVICES = frozenset(
    {"con", "prn", "aux", "nul", "conin$", "conout$"} | {f"{n}{i}" for n in ("com", "lpt") for i in "123456789¹²³"}
)
PLAIN = re.compile(r"[A-Za-z0-9_.-]*[A-Za-z0-9_-]\Z", re.ASCII)  # needs no look at single characters
ILLEGAL = set('<>:"|?*\\')


@dataclass(frozen=True, slots=True)
class PathProblem:
    """A refused path: `path`, `kind` (a stable word) and `why` in a sentence."""

    path: str
    kind: str
    why: str


def problem_of(path: str) -> str | None:
    """Why `path` is refused, or None."""
    found = _problem(path)
    return found[1] if found else None


def _problem(path: str) -> tuple[str, str] | None:
    folder, slash, name = path.rpartition("/")
    if path.isascii():
        size = len(path)
    else:
        try:
            size = len(path.encode())
        except UnicodeEncodeError:
            return "encoding", "the name is no valid UTF-8"
        if unicodedata.normalize("NFC", path) != path:
            return "not-nfc", "the name is not in Unicode normal form NFC"
    if size > MAX_PATH:
        return "too-long", f"the path has more than {MAX_PATH} bytes"
    if slash:
        return _folder_problem(folder) or _segment_problem(name)
    return _root_problem(path)


@lru_cache(maxsize=1024)
def _folder_problem(folder: str) -> tuple[str, str] | None:
    """As `_problem`, of the part before the last slash: the same for all files beside one another."""
    if folder == "" or folder.startswith("/"):
        return "absolute", "the path is absolute"
    first, *rest = folder.split("/")
    return _root_problem(first) or next(filter(None, map(_segment_problem, rest)), None)


def _root_problem(segment: str) -> tuple[str, str] | None:
    if segment.casefold() in RESERVED_ROOT:
        return "reserved", f"`{segment}` at the root is written by a release"
    return _segment_problem(segment)


def _segment_problem(segment: str) -> tuple[str, str] | None:
    if PLAIN.match(segment) and len(segment) <= MAX_SEGMENT:
        return _reserved(segment)
    if segment == "":
        return "empty", "a segment of the path is empty"
    if segment == "..":
        return "parent", "`..` leads out of the dataset"
    if segment == ".":
        return "empty", "a segment of the path is `.`"
    if len(segment.encode()) > MAX_SEGMENT:
        return "too-long", f"a name has more than {MAX_SEGMENT} bytes"
    for character in segment:
        if character in ILLEGAL:
            return "character", f"the name holds `{character}`"
        if unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp") and character not in "\u200c\u200d":
            return "character", "the name holds an invisible or control character"
    if segment[-1] in ". " or segment[0] == " ":
        return "trailing", "a name begins with a space or ends with a space or dot"
    return _reserved(segment)


def _reserved(segment: str) -> tuple[str, str] | None:
    folded = segment.casefold()
    if folded.partition(".")[0].strip() in DEVICES:
        return "device", "the name is reserved for a device on Windows"
    if folded in RESERVED_ANYWHERE:
        return "reserved", f"`{segment}` is reserved for git or DVC"
    return None


def problems(paths: Iterable[str]) -> list[PathProblem]:
    """All problems of a set of paths: each alone, and twins by case and file-under-file."""
    found: list[PathProblem] = []
    seen: dict[str, str] = {}
    directories: dict[str, str] = {}
    for path in paths:
        problem = _problem(path)
        if problem:
            found.append(PathProblem(path, *problem))
            continue
        folded = path.casefold()
        if folded in seen:
            kind = "duplicate" if seen[folded] == path else "case-twin"
            found.append(PathProblem(path, kind, f"it differs from `{seen[folded]}` at most by case"))
            continue
        seen[folded] = path
        twin = _add_folders(path.rpartition("/")[0], directories)
        if twin:
            found.append(PathProblem(path, "case-twin", f"its folder differs from `{twin}` only by case"))
    both = sorted(seen.keys() & directories.keys())
    return found + [PathProblem(seen[name], "prefix", "the same name is a file and a folder") for name in both]


def _add_folders(folder: str, known: dict[str, str]) -> str | None:
    """Adds `folder` and those above it to `known`; the known one that differs from one of them by case."""
    while folder:
        other = known.setdefault(folder.casefold(), folder)
        if other is not folder:  # known already, with all that is above it
            return other if other != folder else None
        folder = folder.rpartition("/")[0]
    return None
