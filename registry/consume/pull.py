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

import errno
import fcntl
import json
import os
import secrets
import shutil
from collections.abc import Iterable, Iterator
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
from registry.consume.deliver import MENDING, Crew, Delivery, ensure, fits
from registry.consume.origin import Origin, PullOptions
from registry.consume.resolve import Released
from registry.errors import EnvironmentFailed, PurgedError, StateError, UsageError
from registry.model.digest import digest_of, sha256_of
from registry.model.files import FileEntry
from registry.model.names import Ref
from registry.stores.base import Store
from registry.stores.tree import Tree

__all__ = ["PullOptions", "PullResult", "locked_folder", "place", "pull"]


@dataclass(frozen=True, slots=True)
class PullResult:
    """What was pulled: `files` and `bytes` of data at `path`, how much of it had to be moved from the store.

    `brought_files` also counts documents, and what came out of the cache; `mended` are the paths,
    sorted, of files that were there with other bytes.
    """

    name: str
    version: str
    manifest: str
    path: str
    files: int
    bytes: int
    transferred_files: int
    transferred_bytes: int
    brought_files: int
    warning: str | None = None
    mended: tuple[str, ...] = ()

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
        more = {"warning": self.warning, "mended": list(self.mended)}
        return document | {name: value for name, value in more.items() if value}


def pull(store: Store, ref: Ref, target: Path, options: PullOptions | None = None) -> PullResult:
    """Brings the release that `ref` selects to the directory `target`.

    Raises `IntegrityError` for a byte that is not the release's (nothing is delivered),
    `StateError` for a directory that holds anything else, and what `resolve` raises.
    """
    options = options or PullOptions()
    return place(Origin.of(store, ref, options), target, options)


def place(origin: Origin, target: Path, options: PullOptions) -> PullResult:
    """As `pull`, of a release that is resolved already."""
    released = origin.released
    where = Path(os.path.realpath(target))
    try:
        with origin.watch():
            contents, done = _placed(origin, where, target, options)
    except OSError as error:
        raise EnvironmentFailed(
            f"{target} cannot be written", why=error.strerror or str(error), hint="free space or choose another -o DIR"
        ) from error
    if not options.dry_run:
        origin.remember()
    data = {entry.path for entry in contents.data}
    fetched = [item.size for item in done.fetched if item.path in data]
    return PullResult(
        released.name, str(released.version), released.reference.manifest, str(target),
        len(contents.data), contents.bytes, len(fetched), sum(fetched), len(done.brought), origin.warning,
        tuple(sorted(item.path for item in done.replaced)),
    )  # fmt: skip


def _placed(origin: Origin, where: Path, target: Path, options: PullOptions) -> tuple[Contents, Delivery]:
    while True:
        if _holds(where, origin.released, target):
            contents = _widened(where, origin, options)
            return contents, _mended(where, contents, origin, options)
        contents = _contents(origin, options.selection)
        if options.dry_run:
            return contents, _foreseen(origin, contents.data)
        with _staging(where, origin.released, options) as staging:
            if staging:
                with _given_up(staging), origin.watch():
                    done = _delivered(staging, where, contents, origin, options)
                if done:
                    return contents, done


@contextmanager
def _given_up(staging: Path) -> Iterator[None]:
    """Removes what was brought of a release that is purged meanwhile; no later attempt would go on with it."""
    try:
        yield
    except PurgedError:
        shutil.rmtree(staging, ignore_errors=True)
        raise


def _foreseen(origin: Origin, entries: Iterable[FileEntry]) -> Delivery:
    """What would be brought, and fetched because the cache lacks it."""
    items, shelf = [Item.of_entry(entry) for entry in entries], origin.supply.shelf
    return Delivery(items, [], [item for item in items if shelf is None or not shelf.holds(item)])


def _contents(origin: Origin, *parts: Selection) -> Contents:
    """The tree of the release: the union of `parts`."""
    released, files = origin.released, origin.files
    if any(part.whole for part in parts):
        return contents_of(released.manifest, released.raw, files, files.entries)
    schema = origin.schema
    wanted = {entry for part in parts for entry in chosen(released.manifest, files, schema, part)}
    data = tuple(entry for entry in files if entry in wanted)
    return contents_of(released.manifest, released.raw, files, data, *parts)


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


def _widened(where: Path, origin: Origin, options: PullOptions) -> Contents:
    """What the directory is to hold: what it was pulled for, and what is asked for now."""
    before = _read(where, SELECTION)
    if before is None:
        return _contents(origin, Selection())
    return _contents(origin, options.selection, *parse_selections(before))


def _mended(where: Path, contents: Contents, origin: Origin, options: PullOptions) -> Delivery:
    tree = Tree(where)
    if options.dry_run:
        return _foreseen(origin, (entry for entry in contents.data if not fits(tree, Item.of_entry(entry))))
    for leftover in [found.path for found in tree.files(".registry") if found.path.startswith(MENDING)]:
        tree.remove(leftover)
    done = _brought(tree, contents, origin, options)
    if all(item.path != SELECTION for item in contents.documents) and _read(where, SELECTION) is not None:
        tree.remove(SELECTION)  # it holds the whole release now
    if done.brought:
        tree.sync()
    return done


def _delivered(staging: Path, where: Path, contents: Contents, origin: Origin, options: PullOptions) -> Delivery | None:
    """Fills the staging directory and swaps it in; what earlier attempts left in it and fits is kept.

    None where another process, which no lock could hold back, has swapped in the release meanwhile.
    """
    tree = Tree(staging)
    wanted = {item.path for item in contents}
    for stray in [found.path for found in tree.files() if found.path not in wanted]:
        tree.remove(stray)
    done = _brought(tree, contents, origin, options)
    done.replaced.clear()  # what an interrupted attempt left half written
    tree.sync()
    try:
        staging.rename(where)
    except OSError as error:
        if _holds(where, origin.released, where):
            shutil.rmtree(staging)
            return None
        raise StateError(
            f"{where} came to hold other files meanwhile", why=error.strerror or "", hint="choose another -o DIR"
        ) from error
    Tree(where.parent).sync_folders("")
    return done


def _brought(tree: Tree, contents: Contents, origin: Origin, options: PullOptions) -> Delivery:
    return ensure(tree, contents, origin.supply, Crew(origin.workers, options.progress))


@contextmanager
def _staging(where: Path, released: Released, options: PullOptions) -> Iterator[Path | None]:
    """The directory beside the target, locked; None where another process has swapped it in meanwhile."""
    key = digest_of([released.reference.manifest, options.selection.to_json()])[:12]
    staging = where.parent / f".{where.name[:200]}.registry-partial-{key}"
    try:
        staging.mkdir(parents=True, exist_ok=True)
        handle = os.open(staging, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except (FileNotFoundError, FileExistsError):  # swapped in between two calls
        if staging.is_symlink() or staging.is_file():
            raise
        yield None
        return
    try:
        if _locked(handle):
            mine = staging.exists() and os.path.samestat(os.fstat(handle), staging.stat())
            yield staging if mine else None
        else:
            yield staging.with_name(f"{staging.name}-{secrets.token_hex(6)}")
    finally:
        os.close(handle)


@contextmanager
def locked_folder(folder: Path) -> Iterator[None]:
    """Runs the block while no other process is in one for this directory, where directories can be locked."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        _locked(handle)
        yield
    finally:
        os.close(handle)


def _locked(handle: int) -> bool:
    """Waits for the lock of a directory; False on a file system that locks no directories, as NFS."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
    except OSError as error:
        if error.errno not in (errno.EBADF, errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS):
            raise
        return False
    return True
