"""`registry cache`: what the cache holds, and making it smaller.

>>> import tempfile
>>> with tempfile.TemporaryDirectory() as folder:
...     inventory(Path(folder)).bytes
0
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import stat
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from registry.consume.cache import REFERENCES, RELEASES, STORE
from registry.consume.shelf import TEMPORARY
from registry.errors import EnvironmentFailed
from registry.model.names import Version
from registry.model.release import object_key

OBJECTS = "objects"
PUBLISHING = "publishing"
STALE = 24 * 3600.0  # seconds since somebody last wrote to it, after which what is unfinished belongs to nobody


@dataclass(frozen=True, slots=True)
class Kept:
    """A file or a tree of the cache: its bytes, and when it was last used (seconds since 1970)."""

    path: Path
    bytes: int
    used: float


@dataclass(frozen=True, slots=True)
class Known:
    """A release that the cache can find without its store, and whether `load` has laid it out."""

    name: str
    version: str
    store: str
    manifest: str
    tree: bool

    def to_json(self) -> dict[str, Any]:
        """Its entry in the `registry.cache/1` document."""
        return {
            "name": self.name,
            "version": self.version,
            "store": self.store,
            "manifest": f"sha256:{self.manifest}",
            "tree": self.tree,
        }


@dataclass(frozen=True, slots=True)
class Inventory:
    """What a cache holds. What is linked to an object counts with the object only."""

    root: Path
    objects: tuple[Kept, ...]
    trees: tuple[Kept, ...]
    leftovers: tuple[Kept, ...]
    releases: tuple[Known, ...]

    @property
    def bytes(self) -> int:
        """All that could be freed."""
        return sum(kept.bytes for kept in (*self.objects, *self.trees, *self.leftovers))

    def to_json(self) -> dict[str, Any]:
        """The `registry.cache/1` document."""
        return {
            "format": "registry.cache/1",
            "path": str(self.root),
            "bytes": self.bytes,
            "objects": _counted(self.objects),
            "trees": _counted(self.trees),
            "leftovers": _counted(self.leftovers),
            "releases": [known.to_json() for known in self.releases],
        }


@dataclass(frozen=True, slots=True)
class Pruned:
    """What was removed, or would be, and what stays."""

    removed: tuple[Kept, ...]
    kept_bytes: int
    dry_run: bool

    def to_json(self) -> dict[str, Any]:
        """The `registry.cache-prune/1` document."""
        return {
            "format": "registry.cache-prune/1",
            "removed": _counted(self.removed),
            "kept": {"bytes": self.kept_bytes},
            "dry_run": self.dry_run,
        }


def inventory(root: Path) -> Inventory:
    """What the cache at `root` holds."""
    objects, links = _objects(root)
    return Inventory(
        root,
        objects,
        tuple(_tree(folder, links) for folder in _entries(root / RELEASES)),
        tuple(_leftovers(root)),
        tuple(sorted(_known(root), key=lambda known: (known.name, Version.parse(known.version), known.store))),
    )


def prune(root: Path, *, limit: int | None = None, delete: bool = False) -> Pruned:
    """Removes what nobody finishes any more, and with `limit` what was not used for longest until that many bytes stay.

    Trees go before objects, of which they are made again. Nothing is changed without `delete`.
    """
    found = inventory(root)
    due = list(found.leftovers)
    left = sum(kept.bytes for kept in (*found.objects, *found.trees))
    for group in (found.trees, found.objects) if limit is not None else ():
        for kept in sorted(group, key=lambda kept: kept.used):
            if left <= (limit or 0):
                break
            due.append(kept)
            left -= kept.bytes
    if delete:
        for kept in due:
            _remove(root, kept)
    return Pruned(tuple(due), left, not delete)


def _counted(kept: Iterable[Kept]) -> dict[str, int]:
    sizes = [one.bytes for one in kept]
    return {"count": len(sizes), "bytes": sum(sizes)}


def _objects(root: Path) -> tuple[tuple[Kept, ...], set[int]]:
    """The objects, and the numbers of their inodes."""
    found, links = [], set()
    for path, known in _files(root / OBJECTS):
        found.append(Kept(path, known.st_size, known.st_mtime))
        links.add(known.st_ino)
    return tuple(found), links


def _tree(folder: Path, links: set[int]) -> Kept:
    own = [known for _, known in _files(folder)]
    size = sum(known.st_size for known in own if known.st_ino not in links)
    used = max((known.st_mtime for known in own), default=0.0)
    return Kept(folder, size, max(used, folder.stat().st_mtime))


def _leftovers(root: Path) -> Iterator[Kept]:
    now = time.time()
    for folder in (root / TEMPORARY, root / PUBLISHING, root / RELEASES):
        for entry in _entries(folder, hidden=folder.name == RELEASES):
            kept = _tree(entry, set()) if entry.is_dir() else Kept(entry, entry.stat().st_size, entry.stat().st_mtime)
            if now - kept.used > STALE:
                yield kept


def _known(root: Path) -> Iterator[Known]:
    for folder in _entries(root / REFERENCES):
        store = (folder / STORE).read_text("utf-8") if (folder / STORE).is_file() else ""
        for file in folder.glob("*/*.json"):
            try:
                manifest = str(json.loads(file.read_bytes())["manifest"]).removeprefix("sha256:")
            except (ValueError, KeyError, TypeError):
                continue  # a broken entry is none
            if Version.is_version(file.stem) and (root / object_key(manifest)).is_file():
                tree = (root / RELEASES / manifest).is_dir()
                yield Known(file.parent.name, file.stem, store, manifest, tree)


def _entries(folder: Path, *, hidden: bool | None = None) -> list[Path]:
    """What lies in a folder, sorted; `hidden`: only names that begin with a dot; None: only those that do not."""
    try:
        found = sorted(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []
    return [path for path in found if path.name.startswith(".") == bool(hidden)]


def _files(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    for parent, _, names in os.walk(folder):
        for name in names:
            path = Path(parent, name)
            try:
                known = path.lstat()
            except FileNotFoundError:
                continue  # removed while we walked
            if stat.S_ISREG(known.st_mode):
                yield path, known


def _remove(root: Path, kept: Kept) -> None:
    try:
        if not kept.path.is_dir():
            kept.path.unlink(missing_ok=True)
            return
        # NOTE: one rename, so that nobody meets half a tree.
        aside = root / RELEASES / f".{secrets.token_hex(8)}"
        aside.parent.mkdir(parents=True, exist_ok=True)
        kept.path.rename(aside)
        shutil.rmtree(aside)
    except FileNotFoundError:
        return  # another process removed it
    except OSError as error:
        raise EnvironmentFailed(
            f"{kept.path} cannot be removed", why=error.strerror or "", hint="set REGISTRY_CACHE, or free it by hand"
        ) from error
