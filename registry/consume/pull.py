"""`registry pull`: a release on disk, every byte verified, whole or not there.

>>> import tempfile
>>> from registry.stores import open_store
>>> from registry.testing.releases import make_release
>>> with tempfile.TemporaryDirectory() as folder:
...     store = open_store(folder + "/store")
...     made = make_release(store, "reviews", "1.2", {"a.csv": b"id\\n1\\n"})
...     result = pull(store, Ref.parse("reviews@^1"), Path(folder, "reviews"))
...     result.version, result.transferred_files, Path(folder, "reviews", "a.csv").read_text()
('1.2.0', 1, 'id\\n1\\n')

Files are written beside the target and swapped in with one rename. Interrupted, the same
command goes on; a directory that holds the release already is verified and mended.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from registry.consume.contents import (
    MANIFEST,
    SELECTION,
    Contents,
    Item,
    Selection,
    chosen,
    contents_of,
    parse_selections,
)
from registry.consume.deliver import MENDING, Crew, Fetch, Progress, ensure, fits, from_store
from registry.consume.listing import require_sound_listing
from registry.consume.resolve import Released, resolve
from registry.errors import EnvironmentFailed, StateError, UsageError
from registry.model.digest import digest_of, sha256_of
from registry.model.files import FileEntry, FileList
from registry.model.names import Ref
from registry.model.schema import DatasetSchema
from registry.stores.base import Store
from registry.stores.layout import read_files, read_object
from registry.stores.local import LocalStore
from registry.stores.tree import Tree

SMALL = 64 * 1024  # bytes; files below it keep the interpreter busy, not the disk, and threads only get in its way


@dataclass(frozen=True, slots=True)
class PullOptions:
    """What to pull, and how.

    `splits` and `include` (globs over the data paths, `*` crosses directories) choose data
    files; `link` makes read-only hard links to a local store. `progress` is called with
    (files, bytes) done since its last call, from one thread at a time; `workers` is the
    number of files at once (default: what serves the store). `allow_rollback` takes a channel
    that was set back behind what this user saw of it.
    """

    splits: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    link: bool = False
    dry_run: bool = False
    progress: Progress | None = None
    workers: int | None = None
    allow_rollback: bool = False

    @property
    def selection(self) -> Selection:
        """The wanted part."""
        return Selection(self.splits, self.include)


@dataclass(frozen=True, slots=True)
class PullResult:
    """What was pulled: `files` and `bytes` of data at `path`, and how much of it had to be brought."""

    name: str
    version: str
    manifest: str
    path: str
    files: int
    bytes: int
    transferred_files: int
    transferred_bytes: int
    warning: str | None = None

    def to_json(self) -> dict[str, Any]:
        """The `registry.pull/1` document."""
        document = {
            "format": "registry.pull/1",
            "name": self.name,
            "version": self.version,
            "manifest": f"sha256:{self.manifest}",
            "path": self.path,
            "files": self.files,
            "bytes": self.bytes,
            "transferred": {"files": self.transferred_files, "bytes": self.transferred_bytes},
        }
        return {**document, "warning": self.warning} if self.warning else document


@dataclass(frozen=True)
class Source:
    """Where a release comes from: its file list, its schema, its bytes, and the local store to link to."""

    files: FileList
    schema: DatasetSchema | None
    fetch: Fetch
    workers: int
    link: LocalStore | None = None

    @classmethod
    def of(cls, store: Store, released: Released, options: PullOptions) -> Source:
        """A release in a store."""
        files = read_files(store, released.manifest)
        local = store if isinstance(store, LocalStore) else None
        usual = 1 if local and files.bytes < SMALL * len(files) else store.concurrency
        return cls(
            files,
            read_schema(store, released) if options.splits else None,
            from_store(store),
            options.workers or usual,
            local if options.link else None,
        )


def pull(store: Store, ref: Ref, target: Path, options: PullOptions | None = None) -> PullResult:
    """Brings the release that `ref` selects to the directory `target`.

    Raises `IntegrityError` for a byte that is not the release's (nothing is delivered),
    `StateError` for a directory that holds anything else, and what `resolve` raises.
    """
    options = options or PullOptions()
    released = resolve(store, ref, allow_rollback=options.allow_rollback)
    require_sound_listing(store, released.manifest)
    return place(released, Source.of(store, released, options), target, options)


def read_schema(store: Store, released: Released) -> DatasetSchema:
    """The schema that the release was judged by."""
    return DatasetSchema.from_json(json.loads(read_object(store, released.manifest.schema)))


def place(released: Released, source: Source, target: Path, options: PullOptions) -> PullResult:
    """As `pull`, of a release that is resolved already."""
    where = Path(os.path.realpath(target))
    try:
        while True:
            if _holds(where, released, target):
                contents = _widened(where, released, source, options)
                fetched = _mended(where, contents, source, options)
                break
            contents = _contents(released, source, options.selection)
            if options.dry_run:
                fetched = set(contents.data)
                break
            with _staging(where, released, options) as staging:
                if staging is not None:
                    fetched = _delivered(staging, where, contents, source, options)
                    break
    except OSError as error:
        raise EnvironmentFailed(
            f"{target} cannot be written", why=error.strerror or str(error), hint="free space or choose another -o DIR"
        ) from error
    return PullResult(
        released.name, str(released.version), released.reference.manifest, str(target),
        len(contents.data), contents.bytes, len(fetched), sum(entry.size for entry in fetched), released.warning,
    )  # fmt: skip


def _contents(released: Released, source: Source, *parts: Selection) -> Contents:
    """The tree of the release: the union of `parts`."""
    manifest = released.manifest
    if any(part.whole for part in parts):
        return contents_of(manifest, released.raw, source.files, source.files.entries)
    wanted = {entry for part in parts for entry in chosen(manifest, source.files, source.schema, part)}
    data = tuple(entry for entry in source.files if entry in wanted)
    return contents_of(manifest, released.raw, source.files, data, *parts)


def _holds(where: Path, released: Released, target: Path) -> bool:
    """Whether the release is there; False where nothing is, `StateError` where anything else is."""
    if not where.exists():
        return False
    if not where.is_dir():
        raise StateError(f"{target} is a file", hint=f"registry pull {released.name} -o DIR")
    found = _read(where, MANIFEST)
    if found is not None and sha256_of(found) == released.reference.manifest:
        return True
    if any(where.iterdir()):
        raise StateError(
            f"{target} is not empty and does not hold {released.name}@{released.version}",
            why=f"it holds {_named(found)}" if found else "it holds other files",
            hint=f"registry pull {released.name}@{released.version} -o {released.name}-{released.version}",
        )
    if where.is_mount() or where == Path.cwd():
        raise UsageError(
            f"{target} cannot be swapped for the release",
            why="it is the current directory or a mount point",
            hint=f"registry pull {released.name}@{released.version} -o {target}/{released.name}",
        )
    return False


def _named(manifest: bytes) -> str:
    try:
        raw = json.loads(manifest)
        return f"{str(raw['name'])[:96]}@{str(raw['version'])[:40]}"
    except (ValueError, TypeError, KeyError):
        return "a broken manifest"


def _read(where: Path, path: str) -> bytes | None:
    try:
        with os.fdopen(Tree(where).open(path), "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None


def _widened(where: Path, released: Released, source: Source, options: PullOptions) -> Contents:
    """What the directory is to hold: what it was pulled for, and what is asked for now."""
    before = _read(where, SELECTION)
    if before is None:
        return _contents(released, source, Selection())
    return _contents(released, source, options.selection, *parse_selections(before))


def _mended(where: Path, contents: Contents, source: Source, options: PullOptions) -> set[FileEntry]:
    tree = Tree(where)
    if options.dry_run:
        return {entry for entry in contents.data if not fits(tree, Item.of_entry(entry))}
    for leftover in [found.path for found in tree.files(".registry") if found.path.startswith(MENDING)]:
        tree.remove(leftover)
    fetched = _brought(tree, contents, source, options)
    if all(item.path != SELECTION for item in contents.documents) and _read(where, SELECTION) is not None:
        tree.remove(SELECTION)  # it holds the whole release now
    if fetched:
        tree.sync()
    return fetched


def _delivered(staging: Path, where: Path, contents: Contents, source: Source, options: PullOptions) -> set[FileEntry]:
    """Fills the staging directory and swaps it in; what earlier attempts left in it and fits is kept."""
    tree = Tree(staging)
    wanted = {item.path for item in contents}
    for stray in [found.path for found in tree.files() if found.path not in wanted]:
        tree.remove(stray)
    fetched = _brought(tree, contents, source, options)
    tree.sync()
    try:
        staging.rename(where)
    except OSError as error:
        raise StateError(
            f"{where} came to hold other files meanwhile", why=error.strerror or "", hint="choose another -o DIR"
        ) from error
    Tree(where.parent).sync_folders("")
    return fetched


def _brought(tree: Tree, contents: Contents, source: Source, options: PullOptions) -> set[FileEntry]:
    by_path = {entry.path: entry for entry in contents.data}
    items = ensure(tree, contents, source.fetch, Crew(source.workers, options.progress), link=source.link)
    return {by_path[item.path] for item in items if item.path in by_path}


@contextmanager
def _staging(where: Path, released: Released, options: PullOptions) -> Iterator[Path | None]:
    """The directory beside the target, locked; None where another process has swapped it in meanwhile."""
    key = digest_of([released.reference.manifest, options.selection.to_json()])[:12]
    staging = where.parent / f".{where.name[:200]}.registry-partial-{key}"
    staging.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(staging, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:  # swapped in between the two calls
        yield None
        return
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        mine = staging.exists() and os.path.samestat(os.fstat(handle), staging.stat())
        yield staging if mine else None
    finally:
        os.close(handle)
