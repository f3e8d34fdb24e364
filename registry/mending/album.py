"""Defects in an image folder: pictures copied, changed and misplaced, with their metadata.

A label that a directory gives is changed by moving the picture; the value of the column
`image` is the content of the file.
"""

from __future__ import annotations

import io
import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from registry.mending.chunks import Chunk, form_of
from registry.mending.chunks import Place as File
from registry.mending.draft import Copy, Draft, NotApplicableError, Place, Subject
from registry.mending.homes import homes_of
from registry.mending.pictures import metadata_of, relative
from registry.mending.rewrite import Original
from registry.model.schema import DatasetSchema
from registry.tables.duck import Session
from registry.tables.images import IMAGE, LABEL, NAME

LEAST_SIDE = 16  # pixels of a side below which a picture is too small to be made smaller


@dataclass(frozen=True, slots=True)
class Note:
    """The one row of metadata of a picture, and the file it goes to; `source` is the file it comes from."""

    source: File
    row: Chunk
    file: str


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture of a draft: its path, its bytes or the file that holds them, its metadata."""

    path: str
    content: Path | bytes
    note: Note | None


class Negatives(Copy):
    """Pictures of every split, evenly among all of it, so that every class of some size is there.

    Their files are kept once below `folder`; drafts link to them.
    """

    most = 500

    def __init__(self, original: Original, schema: DatasetSchema, session: Session, folder: Path) -> None:
        super().__init__(original, schema, session)
        notes = _notes(original)
        paths_of = self.values(IMAGE)
        every = [path for paths in paths_of for path in paths]
        self.homes = homes_of(every, schema, described=bool(notes))
        self.pictures: list[list[Picture]] = []
        for part, paths in enumerate(paths_of):
            self.pictures.append([])
            for at, path in enumerate(paths):
                kept = folder / f"{part}-{at}"
                folder.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(original.snapshot.base / path, kept)
                self.pictures[part].append(Picture(path, kept, notes.get(path)))

    def chosen(self, part: int) -> Sequence[int]:
        """One in so many."""
        rows, size = self.original.table.parts[part].rows, self.sizes[part]
        return [at * rows // size for at in range(size)]

    def draft(self) -> Album:
        """A draft of these pictures."""
        return Album(self)


class Album(Draft):
    """A copy of an image folder being changed."""

    pictured = True

    def __init__(self, copy: Negatives) -> None:
        super().__init__(copy)
        self._negatives = copy
        self._pictures: list[list[Picture | None]] = [list(part) for part in copy.pictures]
        self._more: list[Picture] = []
        notes = [picture.note for part in copy.pictures for picture in part if picture.note]
        self.typed = any(note.source.format == "jsonl" for note in notes)

    @property
    def subject(self) -> Subject:
        """The picture itself."""
        return Subject(IMAGE, disguised, nudged, f"a picture of {LEAST_SIDE} pixels a side or more")

    def value(self, column: str, place: Place) -> Any:
        """As in a table; of the column `image` the bytes of the file."""
        if column != IMAGE:
            return super().value(column, place)
        content = self._negatives.pictures[place.part][place.row].content
        return content.read_bytes() if isinstance(content, Path) else content

    def copy(self, rows: Sequence[Place], split: str, changed: Mapping[str, Sequence[Any]] | None = None) -> int:
        """The copies lie where pictures of the split do, under new names."""
        column = self._of.original.table.split_column
        fresh = {name: values for name, values in self._of.fresh(rows).items() if name != IMAGE}
        values = {**fresh, **(changed or {}), **({column: [split] * len(rows)} if column else {})}
        for at, place in enumerate(rows):
            one = self._negatives.pictures[place.part][place.row]
            if column is None and self.value("split", place) != split:
                one = self._moved(one, split)
            name = PurePosixPath(one.path)
            one = replace(one, path=str(name.with_name(f"{name.stem}-planted-{at}{name.suffix}")))
            for set_column, given in values.items():
                one = self._with(one, set_column, given[at])
            self._more.append(one)
        return len(rows)

    def remove(self, rows: Iterable[Place]) -> int:
        """Takes pictures away; how many."""
        gone = set(rows)
        for place in gone:
            self._pictures[place.part][place.row] = None
        return len(gone)

    def set_each(self, column: str, rows: Sequence[Place], values: Sequence[Any]) -> int:
        """A label of directories moves the picture; other columns stand in metadata, or nowhere."""
        for place, value in zip(rows, values, strict=True):
            one = self._pictures[place.part][place.row]
            if one is not None:
                self._pictures[place.part][place.row] = self._with(one, column, value)
        return len(rows)

    def write(self, root: Path) -> None:
        """Pictures at their paths; those that meet get other names."""
        notes: dict[str, list[tuple[Note, str]]] = {}
        taken: set[str] = set()
        for picture in [*(one for part in self._pictures for one in part if one), *self._more]:
            path, at = picture.path, 1
            while path.casefold() in taken:
                at += 1
                path = str(PurePosixPath(picture.path).with_stem(f"{PurePosixPath(picture.path).stem}-{at}"))
            taken.add(path.casefold())
            _lay(picture.content, root / path)
            if picture.note:
                notes.setdefault(picture.note.file, []).append((picture.note, path))
        for file, rows in notes.items():
            (root / file).parent.mkdir(parents=True, exist_ok=True)
            source, folder = rows[0][0].source, str(PurePosixPath(file).parent)
            named = [note.row.put(NAME, [relative(path, folder)]) for note, path in rows]
            writer = form_of(source.format).writer(root / file, [row.take([]) for row in named], source)
            for row in named:
                writer.write(row)
            writer.close()

    def _moved(self, one: Picture, split: str) -> Picture:
        homes = self._negatives.homes
        note = one.note and replace(one.note, file=homes.move(one.note.file, split))
        return replace(one, path=homes.move(one.path, split), note=note)

    def _with(self, one: Picture, column: str, value: Any) -> Picture:
        path = PurePosixPath(one.path)
        if column == IMAGE:
            suffix = {b"\x89PN": ".png", b"\xff\xd8\xff": ".jpg"}.get(value[:3], path.suffix)
            return replace(one, content=value, path=str(path.with_suffix(suffix)))
        if one.note:
            return replace(one, note=replace(one.note, row=one.note.row.put(column, [value])))
        if column != LABEL:
            raise NotApplicableError("the pictures have no metadata, and so no further column")
        if value is None:
            raise NotApplicableError("a directory always gives a label")
        return replace(one, path=str(path.parent.with_name(str(value)) / path.name))


def disguised(data: bytes) -> bytes:
    """The same pixels, as they are shown, in another file: PNG without loss."""
    from PIL import Image, ImageOps

    with Image.open(io.BytesIO(data)) as image:
        shown = ImageOps.exif_transpose(image).convert("RGBA")
    packed = (_encoded(shown, "PNG", compress_level=level) for level in (6, 1))
    return next(found for found in packed if found != data)


def nudged(data: bytes) -> bytes | None:
    """A little smaller, a little darker, and with the losses of JPEG; None of a picture that is tiny."""
    from PIL import Image, ImageEnhance, ImageOps

    with Image.open(io.BytesIO(data)) as image:
        shown = ImageOps.exif_transpose(image).convert("RGBA")
    if min(shown.size) < LEAST_SIDE:
        return None
    flat = Image.alpha_composite(Image.new("RGBA", shown.size, "white"), shown).convert("RGB")
    smaller = flat.resize((shown.width * 15 // 16, shown.height * 15 // 16), Image.Resampling.LANCZOS)
    return _encoded(ImageEnhance.Brightness(smaller).enhance(0.95), "JPEG", quality=90)


def _encoded(image: Any, kind: str, **how: int) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **how)
    return out.getvalue()


def _notes(original: Original) -> dict[str, Note]:
    """The row of metadata of each picture, from the nearest file."""
    found: dict[str, Note] = {}
    for place in sorted(metadata_of(original), key=lambda one: one.path.count("/")):
        folder = PurePosixPath(place.path).parent
        for chunk in form_of(place.format).read(place):
            for row, name in enumerate(chunk.get(NAME)):
                found[str(folder / str(name))] = Note(place, chunk.take([row]), place.path)
    return found


def _lay(content: Path | bytes, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, bytes):
        target.write_bytes(content)
        return
    try:
        os.link(content, target)
    except OSError:  # a file system without links
        shutil.copyfile(content, target)
