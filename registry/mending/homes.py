"""Where the pictures of each split live, and where a picture goes that changes its split.

An image folder says by directories what a table says by files. A picture that moves keeps its
path but for the directory that names its split; where none did, each split gets one.

>>> homes = homes_of(["1.학습/고양이/a.png", "test/개/b.png"], DatasetSchema("x", ()))
>>> homes.move("1.학습/고양이/a.png", "test"), homes.move("test/개/b.png", "train")
('test/고양이/a.png', '1.학습/개/b.png')
>>> homes_of(["고양이/a.png", "개/b.png"], DatasetSchema("x", ())).move("개/b.png", "validation")
'validation/개/b.png'
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Protocol

from registry.errors import ConfigError, DataError
from registry.model.schema import DatasetSchema
from registry.tables.images import class_names
from registry.tables.splits import assign_splits, named_split

INNER = "images"  # holds the pictures of a split that would else be taken for a class


class Homes(Protocol):
    """The directories of the splits of one image folder."""

    def move(self, path: str, split: str) -> str:
        """Where the picture or the metadata file `path` belongs once it is of `split`."""

    def folder(self, path: str) -> str:
        """The directory of the split that `path` lies in; `.` for the root."""


@dataclass(frozen=True, slots=True)
class Named:
    """Directories whose names say the split; `known` are those there are, by the directory they lie in and split."""

    known: Mapping[tuple[str, str], str]

    def move(self, path: str, split: str) -> str:
        """One directory's name is exchanged; a file above the splits stays."""
        pieces = path.split("/")
        at = _naming(pieces)
        if at is None or _split_of(pieces[at]) == split:
            return path
        pieces[at] = self.known.get(("/".join(pieces[:at]), split), split)
        return "/".join(pieces)

    def folder(self, path: str) -> str:
        """The path up to the directory that names the split."""
        pieces = path.split("/")
        at = _naming(pieces)
        return "." if at is None else "/".join(pieces[: at + 1])


@dataclass(frozen=True, slots=True)
class Declared:
    """Directories that the schema's globs begin with, by split."""

    roots: Mapping[str, str]

    def move(self, path: str, split: str) -> str:
        """The beginning is exchanged; what no glob begins with stays."""
        here, root = self.folder(path), self.roots.get(split, "")
        return f"{root}/{path.removeprefix(here + '/')}" if here != "." and root else path

    def folder(self, path: str) -> str:
        """The longest of the directories that holds `path`."""
        holding = [root for root in self.roots.values() if root and path.startswith(f"{root}/")]
        return max(holding, key=len, default=".")


@dataclass(frozen=True, slots=True)
class New:
    """Each split gets a directory, with `inner` between it and the pictures."""

    inner: str = ""

    def move(self, path: str, split: str) -> str:
        """The path below the directory of the split."""
        return "/".join(filter(None, (split, self.inner, path)))

    def folder(self, path: str) -> str:
        """The topmost directory."""
        return path.split("/")[0] if "/" in path else "."


def homes_of(images: Sequence[str], schema: DatasetSchema, *, described: bool = False) -> Homes:
    """The homes of the pictures `images`; `described` says that metadata stand beside them."""
    if schema.splits:
        return Declared({split: _beginning(glob) for split, glob in schema.splits.items()})
    known: dict[tuple[str, str], str] = {}
    for path in sorted(images, key=str.encode):
        pieces = path.split("/")
        at = _naming(pieces)
        if at is not None:
            known.setdefault(("/".join(pieces[:at]), _split_of(pieces[at]) or ""), pieces[at])
    if known:
        return Named(known)
    flat = not any("/" in path for path in images)
    return New(INNER if flat and not described else "")


def apart(paths: Sequence[str], wanted: Sequence[str], digests: Mapping[str, str]) -> list[str]:
    """`wanted` with names that do not meet, not even where case is ignored.

    Those that stay where they are (as in `paths`) keep their names; others get the first
    digits of their file's sha256, which `digests` has by path.

    >>> apart(["test/a.png", "train/a.png"], ["train/a.png", "train/a.png"], {"test/a.png": "0123456789"})
    ['train/a-01234567.png', 'train/a.png']
    """
    taken = {path.casefold() for path, target in zip(paths, wanted, strict=True) if path == target}
    found = []
    for path, target in zip(paths, wanted, strict=True):
        chosen = target
        if path != target:
            chosen = next(name for name in _names(target, digests, path) if name.casefold() not in taken)
            taken.add(chosen.casefold())
        found.append(chosen)
    return found


def _names(target: str, digests: Mapping[str, str], path: str) -> Iterable[str]:
    yield target
    plain = PurePosixPath(target)
    stem = f"{plain.stem}-{digests[path][:8]}"
    yield str(plain.with_name(stem + plain.suffix))
    at = 2
    while True:
        yield str(plain.with_name(f"{stem}-{at}{plain.suffix}"))
        at += 1


def require_read(images: Mapping[str, str], schema: DatasetSchema) -> None:
    """Raises `ConfigError`, saying what to declare, where a picture would not be read as of its split."""
    if not images:
        return
    try:
        found = assign_splits(sorted(images), schema, images=True).splits
        wrong = next((path for path, split in images.items() if found[path] != split), None)
        why = f"`{wrong}` does not name the split `{images[wrong]}`" if wrong else ""
    except (ConfigError, DataError) as error:
        why = str(error)
    if why:
        splits = dict.fromkeys(images.values())
        declared = ", ".join(f"{split}: {split}/**" for split in splits)
        raise ConfigError(
            f"directories called {', '.join(splits)} would not be read as these splits",
            why=why,
            hint=f"declare `splits` {{{declared}}} in schemas/{schema.name}.yaml",
        )


def require_classes(before: Sequence[str], after: Sequence[str]) -> None:
    """Raises `DataError` where the directories of the pictures `after` give other classes than those `before`."""
    if (class_names(before) is None) != (class_names(after) is None):
        raise DataError(
            "the pictures would lose their classes",
            why="directories of one class, or at several depths, give no label",
            hint="write the labels to metadata.csv (file_name,label) in the folder, then registry add",
        )


def _naming(pieces: Sequence[str]) -> int | None:
    """The place of the topmost directory that names a split."""
    return next((at for at, piece in enumerate(pieces[:-1]) if _split_of(piece)), None)


def _split_of(directory: str) -> str | None:
    return named_split(f"{directory}/_", images=True)


def _beginning(glob: str) -> str:
    """The directories of a glob before its first wildcard.

    >>> _beginning("원천/train/**/*.png"), _beginning("**/train/*.png")
    ('원천/train', '')
    """
    plain = []
    for piece in glob.split("/")[:-1]:
        if re.search(r"[*?]", piece):
            break
        plain.append(piece)
    return "/".join(plain)
