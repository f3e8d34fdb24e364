"""What a released tree consists of: each file with its size, its sha256, and where its bytes are.

The data lies at its paths, the documents where the manifest says, the manifest and the
file list in `.registry/`. Every path is vetted here, before anything is written.

>>> Selection(splits=("test",)).to_json()
{'format': 'registry.selection/1', 'include': [], 'splits': ['test']}
"""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from registry.errors import IntegrityError, NotFoundError, UsageError
from registry.model.digest import canonical, sha256_of
from registry.model.files import FileEntry, FileList
from registry.model.paths import problems
from registry.model.release import Artefact, Manifest, object_key
from registry.model.schema import DatasetSchema

MANIFEST = ".registry/manifest.json"
FILES = ".registry/files.jsonl"
SELECTION = ".registry/selection.json"  # only in a tree that holds a part of the release
AT_THE_ROOT = frozenset({"README.md", "README.ko.md", "croissant.json"})
OWN = ".registry/"


@dataclass(frozen=True, slots=True)
class Item:
    """One file of the tree: path, size in bytes, sha256, its key in a store, or its bytes where they are known."""

    path: str
    size: int
    sha256: str
    key: str
    inline: bytes | None = None

    @classmethod
    def of_entry(cls, entry: FileEntry) -> Item:
        """A data file."""
        return cls(entry.path, entry.size, entry.sha256, entry.key)

    @classmethod
    def of(cls, path: str, data: bytes) -> Item:
        """A file whose bytes are known."""
        digest = sha256_of(data)
        return cls(path, len(data), digest, object_key(digest), data)


@dataclass(frozen=True, slots=True)
class Selection:
    """Which data files are wanted: those of `splits` (empty: all) that match one of the globs (empty: all)."""

    splits: tuple[str, ...] = ()
    include: tuple[str, ...] = ()

    @property
    def whole(self) -> bool:
        """Whether nothing is left out."""
        return not self.splits and not self.include

    def to_json(self) -> dict[str, Any]:
        """The `registry.selection/1` document."""
        return {
            "format": "registry.selection/1",
            "include": sorted(set(self.include)),
            "splits": sorted(set(self.splits)),
        }

    @classmethod
    def parse(cls, data: bytes) -> Selection:
        """Reads the selection of a tree; anything irregular raises `IntegrityError`."""
        try:
            raw = json.loads(data)
            found = cls(tuple(raw["splits"]), tuple(raw["include"]))
        except (ValueError, TypeError, KeyError) as error:
            raise IntegrityError(f"{SELECTION} is broken", why=type(error).__name__) from error
        if not all(isinstance(text, str) for text in (*found.splits, *found.include)):
            raise IntegrityError(f"{SELECTION} is broken", why="an entry is no text")
        return found


@dataclass(frozen=True)
class Contents:
    """A released tree: its documents, and the data files that are wanted of it, in order of path."""

    documents: tuple[Item, ...]
    data: tuple[FileEntry, ...]

    def __iter__(self) -> Iterator[Item]:
        yield from self.documents
        yield from map(Item.of_entry, self.data)

    @property
    def bytes(self) -> int:
        """Size of the wanted data."""
        return sum(entry.size for entry in self.data)


def contents_of(
    manifest: Manifest, raw: bytes, files: FileList, data: tuple[FileEntry, ...], *parts: Selection
) -> Contents:
    """The tree of a release; `parts` are the selections that `data` fulfils, none for the whole."""
    documents = [Item(path, a.bytes, a.sha256, a.key) for path, a in sorted(vetted(manifest).items()) if path != FILES]
    own = [Item.of(MANIFEST, raw), Item.of(FILES, files.jsonl())]
    if parts:
        lines = [canonical(part.to_json()) for part in parts]
        own.append(Item.of(SELECTION, b"".join(sorted(set(lines)))))
    return Contents((*documents, *own), data)


def parse_selections(data: bytes) -> list[Selection]:
    """The selections that a partial tree fulfils, one a line."""
    return [Selection.parse(line) for line in data.splitlines()]


def vetted(manifest: Manifest) -> Mapping[str, Artefact]:
    """The manifest's documents; a path that no release writes raises `IntegrityError`."""
    own = [path.removeprefix(OWN) for path in manifest.artefacts if path.startswith(OWN)]
    bad = [OWN + found.path for found in problems(own)]
    bad += [path for path in manifest.artefacts if not path.startswith(OWN) and path not in AT_THE_ROOT]
    bad += [path for path in (MANIFEST, SELECTION) if path in manifest.artefacts]
    listing = manifest.artefacts.get(FILES)
    if listing is not None and listing.sha256 != manifest.data["sha256"]:
        bad.append(FILES)
    if bad:
        raise IntegrityError(
            f"the manifest of {manifest.name}@{manifest.version} names the refused document {bad[0]!r}",
            hint="do not use this release; tell whoever runs the store",
            path=bad[0],
        )
    return manifest.artefacts


def chosen(
    manifest: Manifest, files: FileList, schema: DatasetSchema | None, selection: Selection
) -> tuple[FileEntry, ...]:
    """The data files that `selection` wants; a split or glob that gives none raises `NotFoundError`.

    What documents the data (a licence, notes) comes with every split. Splits that are
    rows of one file cannot be told apart by files: `UsageError`.
    """
    wanted = files.entries
    if selection.splits:
        wanted = _of_splits(manifest, files, schema, selection.splits)
    for pattern in selection.include:
        if not any(fnmatch.fnmatchcase(entry.path, pattern) for entry in wanted):
            raise NotFoundError(
                f"no file of {manifest.name}@{manifest.version} matches `{pattern}`",
                why=f"its files are like `{wanted[0].path}`" if wanted else "",
                hint=f"registry pull {manifest.name}@{manifest.version}",
            )
    if not selection.include:
        return wanted
    return tuple(e for e in wanted if any(fnmatch.fnmatchcase(e.path, pattern) for pattern in selection.include))


def _of_splits(
    manifest: Manifest, files: FileList, schema: DatasetSchema | None, splits: tuple[str, ...]
) -> tuple[FileEntry, ...]:
    from registry.tables.formats import IMAGES, METADATA, layout_of
    from registry.tables.splits import assign_splits

    for split in splits:
        if split not in manifest.splits:
            raise NotFoundError(
                f"{manifest.name}@{manifest.version} has no split `{split}`",
                why=f"its splits are {', '.join(manifest.splits)}",
                hint=f"registry show {manifest.name}@{manifest.version}",
            )
    layout = layout_of(files)
    images = layout.format == IMAGES
    beside = {e.path for e in layout.data if images and PurePosixPath(e.path).name.casefold() in METADATA}
    found = assign_splits([e.path for e in layout.data if e.path not in beside], schema, images=images)
    if found.column is not None:
        raise UsageError(
            f"the splits of {manifest.name} are rows, told by the column `{found.column}`, not files",
            hint=f"registry pull {manifest.name}@{manifest.version}",
        )
    paths = {path for path, split in found.splits.items() if split in splits}
    paths |= beside | {entry.path for entry in layout.auxiliary}
    return tuple(entry for entry in files if entry.path in paths)
