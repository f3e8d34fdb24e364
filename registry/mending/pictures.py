"""Writes an image folder anew: each picture to its new directory or to none, its metadata with it.

The bytes of a picture are never touched. A row of metadata follows its picture: to the
metadata file of the new directory where there is one for each split, else it stays, and
`file_name` says where the picture is now. Records keep their writing.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from registry.errors import UsageError
from registry.mending.chunks import Chunk, Form, Place, Value, form_of
from registry.mending.delimited import written
from registry.mending.homes import Homes
from registry.mending.rewrite import Original, Progress, Setting, copy_along
from registry.mending.texts import TextFile
from registry.tables.images import IMAGE, LABEL, NAME, class_names, is_metadata
from registry.tables.table import Table

METADATA = "metadata.csv"


@dataclass(frozen=True, slots=True)
class Gallery:
    """Of each picture in `paths` (in the order of parts) where it goes among `targets`, None for nowhere.

    `homes` and `splits` (of each picture its new split) say where its metadata go; without
    them they stay in their files. `columns` are set in the metadata, which are made where
    there are none.
    """

    paths: tuple[str, ...]
    targets: tuple[str | None, ...]
    homes: Homes | None = None
    splits: tuple[str, ...] = ()
    columns: Mapping[str, Setting] = field(default_factory=dict)

    @property
    def files(self) -> tuple[str, ...]:
        """The topmost directories that hold the pictures; `.` for the root."""
        tops = {path.split("/")[0] if "/" in path else "." for path in self.targets if path}
        return (".",) if "." in tops else tuple(sorted(tops))

    def stays(self, original: Original) -> bool:
        """Whether every picture stays where it is."""
        return self.paths == self.targets

    def write(self, original: Original, folder: Path, progress: Progress | None = None) -> None:
        """Copies pictures and writes metadata; two kinds of metadata in one directory raise `UsageError`."""
        for path, target in zip(self.paths, self.targets, strict=True):
            if target is not None:
                _copy(original.snapshot.base / path, folder / target)
            if progress:
                progress(1, original.snapshot.states[path].size)
        notes = metadata_of(original)
        if notes:
            known = {path: at for at, path in enumerate(self.paths)}
            self._write_notes([_Note.of(self, place, known) for place in notes], folder)
        elif self.columns:
            self._describe(folder)
        copy_along(original, folder)

    def _write_notes(self, notes: Sequence[_Note], folder: Path) -> None:
        targets = {target: [note for note in notes if target in note.targets] for note in notes for target in note.rows}
        folders = [PurePosixPath(target).parent for target in targets]
        twice = next((str(one) for one in folders if folders.count(one) > 1), None)
        if twice:
            raise UsageError(
                f"`{twice}` would hold metadata.csv and metadata.jsonl",
                why="the pictures of one directory are described in one file",
                hint="write all metadata in one of the two forms, then registry add",
            )
        for target, sources in targets.items():
            (folder / target).parent.mkdir(parents=True, exist_ok=True)
            heads = [note.head(self) for note in sources]
            writer = sources[0].form.writer(folder / target, heads, sources[0].place)
            for note in sources:
                for chunk in note.chunks(self, target):
                    writer.write(chunk)
            writer.close()

    def _describe(self, folder: Path) -> None:
        """Metadata for pictures that had none, one file for each directory of a split; classes become a column."""
        classes = class_names(self.paths)
        label = {} if classes is None else {LABEL: classes}
        names = [NAME, *label, *self.columns]
        files: dict[str, list[str]] = {}
        for at, target in enumerate(self.targets):
            if target is None:
                continue
            home = self.homes.folder(target) if self.homes else "."
            values: list[Value] = [relative(target, home), *(found[at] for found in label.values())]
            values += [column.fresh(at) for column in self.columns.values()]
            files.setdefault(home, []).append(",".join(written(value, ",") for value in values))
        for home, records in files.items():
            out = TextFile(folder / home / METADATA, "utf-8", mark=False)
            out.write("".join(f"{record}\n" for record in [",".join(names), *records]))
            out.close()

    def note_of(self, metadata: str, at: int) -> str:
        """The metadata file that the row of a picture goes to."""
        return self.homes.move(metadata, self.splits[at]) if self.homes else metadata


@dataclass(frozen=True, slots=True)
class _Note:
    """A metadata file: of each row the place of its picture, and the file that the row goes to (None for none)."""

    place: Place
    form: Form
    pictures: tuple[int, ...]
    targets: tuple[str | None, ...]

    @classmethod
    def of(cls, gallery: Gallery, place: Place, known: Mapping[str, int]) -> _Note:
        form = form_of(place.format)
        folder = PurePosixPath(place.path).parent
        pictures = tuple(known[str(folder / name)] for chunk in form.read(place) for name in chunk.get(NAME))
        gone = [gallery.targets[at] is None for at in pictures]
        goes = (None if out else gallery.note_of(place.path, at) for at, out in zip(pictures, gone, strict=True))
        return cls(place, form, pictures, tuple(goes))

    @property
    def rows(self) -> tuple[str, ...]:
        """The files that rows of this one go to."""
        return tuple(dict.fromkeys(target for target in self.targets if target is not None))

    def head(self, gallery: Gallery) -> Chunk:
        """An empty chunk with the columns."""
        chunk = next(iter(self.form.read(self.place)))
        return chunk.head({name: column.kind for name, column in gallery.columns.items()})

    def chunks(self, gallery: Gallery, target: str) -> Iterator[Chunk]:
        """The rows that go to the file `target`."""
        row = 0
        for chunk in self.form.read(self.place):
            chosen = [at for at in range(len(chunk)) if self.targets[row + at] == target]
            pictures = tuple(self.pictures[row + at] for at in chosen)
            row += len(chunk)
            if chosen:
                yield self._set(chunk.take(chosen), gallery, pictures, target)

    def _set(self, chunk: Chunk, gallery: Gallery, pictures: tuple[int, ...], target: str) -> Chunk:
        home = str(PurePosixPath(target).parent)
        names = [relative(gallery.targets[at] or "", home) for at in pictures]
        if names != chunk.get(NAME):
            chunk = chunk.put(NAME, names)
        for name, column in gallery.columns.items():
            chunk = column.set(name, chunk, pictures)
        return chunk


def pictures_of(table: Table) -> tuple[str, ...]:
    """The paths of all pictures, in the order of parts."""
    import pyarrow.parquet as pq

    found: list[Any] = []
    for part in table.parts:
        found += pq.read_table(part.parquet, columns=[IMAGE])[IMAGE].to_pylist()
    return tuple(found)


def metadata_of(original: Original) -> list[Place]:
    """The metadata files, in order of path."""
    base = original.snapshot.base
    paths = [entry.path for entry in original.snapshot.files if is_metadata(entry.path)]
    return [Place(path, base / path, "csv" if path.casefold().endswith(".csv") else "jsonl") for path in paths]


def relative(path: str, folder: str) -> str:
    """A path below a directory as seen from it; `.` is the root."""
    return path if folder == "." else path.removeprefix(f"{folder}/")


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
