"""The files of a dataset: path, size and digests of each.

The list is the identity of the data: `data.sha256` is the sha256 of its canonical
JSON Lines, sorted by UTF-8 path.

>>> empty = FileEntry("a.csv", 0, "d41d8cd98f00b204e9800998ecf8427e", "e3b0c442" + "0" * 56)
>>> FileList.of([empty]).jsonl()[:16]
b'{"md5":"d41d8cd9'
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from registry.errors import IntegrityError
from registry.model.digest import canonical, is_md5, is_sha256, sha256_of
from registry.model.paths import problems

Bytes = bytes  # the builtin, where a property of the same name stands in its way
BLOCK = 4 * 1024 * 1024  # bytes; files above it carry a sha256 of each block of this size


@dataclass(frozen=True, slots=True)
class FileEntry:
    """One file: POSIX path relative to the artifact, size in bytes, md5 and sha256 in hex."""

    path: str
    size: int
    md5: str
    sha256: str
    blocks: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The line of `files.jsonl`."""
        line: dict[str, Any] = {"path": self.path, "size": self.size, "md5": self.md5, "sha256": self.sha256}
        if self.blocks:
            line["blocks"] = list(self.blocks)
        return line

    @property
    def key(self) -> str:
        """Where a store keeps the bytes: DVC's object layout."""
        return f"files/md5/{self.md5[:2]}/{self.md5[2:]}"


@dataclass(frozen=True)
class FileList:
    """Files sorted by UTF-8 path."""

    entries: tuple[FileEntry, ...]

    @classmethod
    def of(cls, entries: Iterable[FileEntry]) -> FileList:
        """A list sorted by path."""
        return cls(tuple(sorted(entries, key=lambda e: e.path.encode())))

    def __iter__(self) -> Iterator[FileEntry]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    def jsonl(self) -> Bytes:
        """`files.jsonl`: one canonical line a file."""
        return self._jsonl

    @cached_property
    def _jsonl(self) -> Bytes:
        return b"".join(canonical(entry.to_json()) for entry in self.entries)

    @cached_property
    def sha256(self) -> str:
        """The digest of the data."""
        return sha256_of(self.jsonl())

    @cached_property
    def bytes(self) -> int:
        """Sum of the sizes."""
        return sum(entry.size for entry in self.entries)

    @classmethod
    def parse(cls, data: Bytes, *, where: str = "files.jsonl") -> FileList:
        """Reads and vets a list from a store; anything irregular raises `IntegrityError`."""
        entries = [_entry(line, number, where) for number, line in enumerate(data.splitlines(), 1)]
        bad = problems(entry.path for entry in entries)
        if bad:
            raise IntegrityError(
                f"{where} names the refused path {bad[0].path!r}",
                why=bad[0].why,
                hint="do not use this release; tell whoever runs the store",
                path=bad[0].path,
            )
        listing = cls.of(entries)
        if listing.jsonl() != data:
            raise IntegrityError(f"{where} is not in canonical form", hint="tell whoever runs the store")
        return listing


def _entry(line: bytes, number: int, where: str) -> FileEntry:
    try:
        raw = json.loads(line)
        entry = FileEntry(raw["path"], raw["size"], raw["md5"], raw["sha256"], tuple(raw.get("blocks", ())))
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise IntegrityError(f"{where} is broken at line {number}", why=type(error).__name__) from error
    blocks = -(-entry.size // BLOCK) if isinstance(entry.size, int) and entry.size > BLOCK else 0
    if (
        not isinstance(entry.path, str)
        or not isinstance(entry.size, int)
        or isinstance(entry.size, bool)
        or entry.size < 0
        or not is_md5(entry.md5)
        or not is_sha256(entry.sha256)
        or len(entry.blocks) != blocks
        or not all(is_sha256(block) for block in entry.blocks)
    ):
        raise IntegrityError(f"{where} is broken at line {number}", why="a field has the wrong type or form")
    return entry
