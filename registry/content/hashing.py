"""Digests of files and trees: the ids that DVC would give, and sha256 beside them.

`hash_tree` reads every file once and computes md5 (the address in DVC's layout) and
sha256 (the identity). A `StatCache` lets it skip files whose inode, size and times did
not change since they were hashed.
"""

from __future__ import annotations

import gc
import hashlib
import json
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from registry.content.sniff import EDGE, VERSION, Look, Vet, vet
from registry.content.walk import Found, Stat, stat_of, walk
from registry.errors import MovedError
from registry.model.files import BLOCK, FileEntry, FileList

SMALL = 1_000_000  # bytes; smaller files are hashed in line, a thread each costs more than it saves
TICK_NS = 20_000_000  # file times advance in ticks of up to 10 ms: a file this young could change unseen

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Snapshot:
    """The bytes of a dataset at one moment, fixed by digest.

    `base` is the directory that the paths of `files` are relative to. `check_unmoved`
    tells whether the files still are what was hashed.
    """

    root: Path
    base: Path
    files: FileList
    states: Mapping[str, Stat]
    directory: bool

    @property
    def md5(self) -> str:
        """DVC's id of the data: md5 of the one file, or of the directory listing with `.dir`."""
        return dir_id(self.files) if self.directory else self.files.entries[0].md5

    def file(self, entry: FileEntry) -> Path:
        """Where the bytes of `entry` lie."""
        return self.base / entry.path

    def check_unmoved(self) -> None:
        """Raises `MovedError` if a file was changed, added or removed since the snapshot."""
        now = {found.path: found.stat for found in walk(self.root)}
        if now != self.states:
            paths = sorted(set(now) ^ set(self.states)) or [p for p in now if now[p] != self.states[p]]
            raise MovedError(
                f"{self.root} changed while it was read",
                why=f"{len(paths)} files differ, first {paths[0]!r}",
                hint="run the same command again when nothing writes to the data",
                path=paths[0],
            )


def dir_object(files: Iterable[FileEntry]) -> bytes:
    """DVC's directory listing: JSON of md5 and relpath, sorted by relpath."""
    listing = [{"md5": entry.md5, "relpath": entry.path} for entry in sorted(files, key=lambda e: e.path)]
    return json.dumps(listing).encode()


def dir_id(files: Iterable[FileEntry]) -> str:
    """DVC's id of a directory: md5 of its listing, with the suffix `.dir`."""
    return hashlib.md5(dir_object(files), usedforsecurity=False).hexdigest() + ".dir"


@dataclass
class StatCache:
    """Digests by path and file state, kept in one file beside the workspace's caches."""

    file: Path
    known: dict[str, tuple[Stat, FileEntry]] = field(default_factory=dict)

    @classmethod
    def load(cls, file: Path) -> StatCache:
        """Reads the cache; a missing or broken one is empty."""
        known: dict[str, tuple[Stat, FileEntry]] = {}
        try:
            for line in file.read_bytes().splitlines():
                path, state, size, md5, sha256, blocks, vetted = json.loads(line)
                if vetted == VERSION:
                    known[path] = (Stat(*state), FileEntry(path, size, md5, sha256, tuple(blocks)))
        except (OSError, ValueError, TypeError):
            known = {}
        return cls(file, known)

    def get(self, found: Found) -> FileEntry | None:
        """The digests of a file that did not change, or None."""
        hit = self.known.get(found.path)
        return hit[1] if hit and hit[0] == found.stat else None

    def save(self, snapshot: Snapshot) -> None:
        """Remembers the digests of `snapshot`; one write beside, then a rename."""
        lines = [
            json.dumps([e.path, list(snapshot.states[e.path]), e.size, e.md5, e.sha256, list(e.blocks), VERSION])
            for e in snapshot.files
        ]
        self.file.parent.mkdir(parents=True, exist_ok=True)
        beside = self.file.with_name(f".{self.file.name}.{os.getpid()}")
        beside.write_text("\n".join(lines), "utf-8", errors="surrogateescape")
        beside.replace(self.file)


def hash_tree(
    root: Path, *, cache: StatCache | None = None, progress: Progress | None = None, vet: Vet | None = vet
) -> Snapshot:
    """Hashes every file below `root` (or the file `root`), and refuses those that are no data.

    `progress` is called with (files, bytes) done since the last call; `vet` sees the path and
    the edges of each file that is read. Raises what `walk` and `vet` raise, and `MovedError`
    if a file changes while it is read.
    """
    with _collector_paused():
        return _hash_tree(root, cache, progress, vet or _anything)


def _anything(path: str, look: Look) -> None:
    """Vets nothing."""


@contextmanager
def _collector_paused() -> Iterator[None]:
    """No cyclic garbage collection while many small values without cycles are made: a fifth of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _hash_tree(root: Path, cache: StatCache | None, progress: Progress | None, vet: Vet) -> Snapshot:
    found = walk(root)
    _let_settle(found)
    entries: dict[str, FileEntry] = {}
    large: list[Found] = []
    for item in found:
        hit = cache.get(item) if cache else None
        if hit:
            entries[item.path] = hit
        elif item.stat.size >= SMALL:
            large.append(item)
        else:
            entries[item.path] = _hash_small(item, vet)
        if progress and item.path in entries:
            progress(1, item.stat.size)
    if large:
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
            for entry in pool.map(partial(_hash_large, vet=vet), large):
                entries[entry.path] = entry
                if progress:
                    progress(1, entry.size)
    directory = root.is_dir()
    snapshot = Snapshot(
        root=root,
        base=root if directory else root.parent,
        files=FileList.of(entries.values()),
        states={item.path: item.stat for item in found},
        directory=directory,
    )
    if cache is not None and len(cache.known) + len(entries) and any(cache.get(i) is None for i in found):
        cache.save(snapshot)
    return snapshot


def _let_settle(found: list[Found]) -> None:
    """Waits until a later write must show in a file's change time."""
    youngest = max(item.stat.ctime_ns for item in found)
    age = time.time_ns() - youngest
    if 0 <= age < TICK_NS:
        time.sleep((TICK_NS - age) / 1e9)


def _hash_small(item: Found, vet: Vet) -> FileEntry:
    handle = os.open(item.file, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        data = os.read(handle, item.stat.size + 1)
        if len(data) != item.stat.size or os.fstat(handle).st_ino != item.stat.inode:
            raise _moved(item)
    finally:
        os.close(handle)
    vet(item.path, Look.of(data))
    return FileEntry(
        item.path,
        len(data),
        hashlib.md5(data, usedforsecurity=False).hexdigest(),
        hashlib.sha256(data).hexdigest(),
    )


def _hash_large(item: Found, vet: Vet) -> FileEntry:
    md5, sha256 = hashlib.md5(usedforsecurity=False), hashlib.sha256()
    blocks: list[str] = []
    start = end = b""
    size = 0
    handle = os.open(item.file, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    with os.fdopen(handle, "rb", buffering=0) as file:
        if stat_of(os.fstat(file.fileno())) != item.stat:
            raise _moved(item)
        while chunk := _read_block(file.fileno()):
            start, end = start or chunk[: 2 * EDGE], (end + chunk)[-EDGE:] if len(chunk) < EDGE else chunk[-EDGE:]
            size += len(chunk)
            md5.update(chunk)
            sha256.update(chunk)
            if item.stat.size > BLOCK:
                blocks.append(hashlib.sha256(chunk).hexdigest())
    if size != item.stat.size:
        raise _moved(item)
    vet(item.path, Look(start, end, size))
    return FileEntry(item.path, size, md5.hexdigest(), sha256.hexdigest(), tuple(blocks))


def _read_block(handle: int) -> bytes:
    chunk = os.read(handle, BLOCK)
    while chunk and len(chunk) < BLOCK and (more := os.read(handle, BLOCK - len(chunk))):
        chunk += more
    return chunk


def _moved(item: Found) -> MovedError:
    return MovedError(
        f"{item.file} changed while it was read",
        hint="run the same command again when nothing writes to the data",
        path=item.path,
    )
