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

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

MAX_SEGMENT = 255  # bytes, the limit of the usual file systems
MAX_PATH = 1024  # bytes
RESERVED_ROOT = frozenset({"readme.md", "readme.ko.md", "croissant.json", ".registry"})
RESERVED_ANYWHERE = frozenset({".git", ".dvc", ".dvcignore", ".gitignore", ".gitattributes", ".gitmodules"})
DEVICES = frozenset(
    {"con", "prn", "aux", "nul", "conin$", "conout$"} | {f"{n}{i}" for n in ("com", "lpt") for i in "123456789¹²³"}
)
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
    if not path:
        return "empty", "the path is empty"
    try:
        raw = path.encode()
    except UnicodeEncodeError:
        return "encoding", "the name is no valid UTF-8"
    if len(raw) > MAX_PATH:
        return "too-long", f"the path has more than {MAX_PATH} bytes"
    if path.startswith("/"):
        return "absolute", "the path is absolute"
    if unicodedata.normalize("NFC", path) != path:
        return "not-nfc", "the name is not in Unicode normal form NFC"
    segments = path.split("/")
    for segment in segments:
        problem = _segment_problem(segment)
        if problem:
            return problem
    if segments[0].casefold() in RESERVED_ROOT:
        return "reserved", f"`{segments[0]}` at the root is written by a release"
    return None


def _segment_problem(segment: str) -> tuple[str, str] | None:
    if segment == "..":
        return "parent", "`..` leads out of the dataset"
    if segment in ("", "."):
        return "empty", "a segment of the path is empty or `.`"
    if len(segment.encode()) > MAX_SEGMENT:
        return "too-long", f"a name has more than {MAX_SEGMENT} bytes"
    for character in segment:
        if character in ILLEGAL:
            return "character", f"the name holds `{character}`"
        if unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp") and character not in "\u200c\u200d":
            return "character", "the name holds an invisible or control character"
    if segment[-1] in ". " or segment[0] == " ":
        return "trailing", "a name begins with a space or ends with a space or dot"
    if segment.split(".")[0].casefold().strip() in DEVICES:
        return "device", "the name is reserved for a device on Windows"
    if segment.casefold() in RESERVED_ANYWHERE:
        return "reserved", f"`{segment}` is reserved for git or DVC"
    return None


def problems(paths: Iterable[str]) -> list[PathProblem]:
    """All problems of a set of paths: each alone, and twins by case and file-under-file."""
    found: list[PathProblem] = []
    seen: dict[str, str] = {}
    files: set[str] = set()
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
        files.add(folded)
        head = path.rpartition("/")[0]
        while head:
            other = directories.setdefault(head.casefold(), head)
            if other != head:
                found.append(PathProblem(path, "case-twin", f"its folder differs from `{other}` only by case"))
                break
            head = head.rpartition("/")[0]
    both = sorted(files & directories.keys())
    return found + [PathProblem(seen[name], "prefix", "the same name is a file and a folder") for name in both]
