"""A dataset cut into the pieces that become the parts of its table.

A piece is one data file, or the images of one split. Each format's reader gives its
rows; types that the schema does not declare are settled over all pieces together.

>>> entry = FileEntry("train.csv", 3, "0" * 32, "1" * 64)
>>> [(p.path, p.split) for p in cut(Path("/data"), FileList.of([entry]), None).pieces]
[('train.csv', 'train')]
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from registry.model.files import FileEntry, FileList
from registry.model.schema import DatasetSchema
from registry.tables import arrow, csv, images, jsonl, parquet
from registry.tables.formats import IMAGES, layout_of
from registry.tables.guess import Guess
from registry.tables.source import Source, text_encoding
from registry.tables.splits import assign_splits
from registry.tables.types import parse_type

if TYPE_CHECKING:
    import pyarrow as pa

TYPED = ("parquet", "arrow")  # formats whose files say the types themselves


@dataclass(frozen=True, slots=True)
class Piece:
    """What becomes one part: its `path` in names of rows, its split, the files it is read from."""

    path: str
    split: str | None
    entries: tuple[FileEntry, ...]
    folder: images.Folder | None = None


@dataclass(frozen=True, slots=True)
class Cut:
    """All pieces of a dataset in order of path, its format, and what the schema says about reading it."""

    root: Path
    format: str
    pieces: tuple[Piece, ...]
    split_column: str | None
    encoding: str
    declared: Mapping[str, pa.DataType]

    def batches(self, piece: Piece, types: Mapping[str, pa.DataType]) -> Iterator[pa.Table]:
        """An empty table of the piece's columns, then its rows; `UndeclaredColumnsError` where `types` lacks one."""
        if piece.folder is not None:
            found = images.rows(piece.folder, types)
            return iter((found.slice(0, 0), found))
        file = self.root / piece.path
        if self.format == "parquet":
            return parquet.tables(file, piece.path)
        if self.format == "arrow":
            return arrow.tables(file, piece.path)
        return self._text_batches(self._source(piece), types)

    def _text_batches(self, source: Source, types: Mapping[str, pa.DataType]) -> Iterator[pa.Table]:
        import pyarrow as pa

        if self.format == "jsonl":
            present = jsonl.present(source, list(types)) or set(types)
            wanted = {name: kind for name, kind in types.items() if name in present}
            found = jsonl.batches(source, wanted)
        else:
            delimiter = csv.DELIMITERS[self.format]
            wanted = {name: types[name] for name in csv.columns(source, delimiter) if name in types}
            found = csv.batches(source, types, delimiter)
        yield pa.Table.from_batches([], pa.schema(list(wanted.items())))
        for batch in found:
            yield pa.Table.from_batches([batch])

    def guess(self, begin: Callable[[str], None] = lambda _: None) -> dict[str, pa.DataType]:
        """The type of every column that the schema does not declare, from all values of all pieces.

        `begin` is told the path of each file before it is read.
        """
        guesses: dict[str, Guess] = {}
        types: dict[str, pa.DataType] = {}
        if self.format == IMAGES:
            begin(self.pieces[0].entries[0].path)  # a metadata file, where there is one
            guesses, types = images.guess(self.root, (entry.path for p in self.pieces for entry in p.entries))
        elif self.format == "jsonl":
            for piece in self.pieces:
                begin(piece.path)
                for name, kind in jsonl.guess(self._source(piece)).items():
                    types[name] = jsonl.joined(piece.path, name, types.get(name), kind)
        else:
            for piece in self.pieces:
                begin(piece.path)
                for name, one in csv.guess(self._source(piece), csv.DELIMITERS[self.format]).items():
                    guesses[name] = guesses[name].joined(one) if name in guesses else one
        settled = {name: jsonl.settled(kind) for name, kind in types.items()}
        settled |= {name: one.type for name, one in guesses.items()}
        return {name: kind for name, kind in settled.items() if name not in self.declared}

    def _source(self, piece: Piece) -> Source:
        return Source(piece.path, self.root / piece.path, self.encoding)


def cut(root: Path, files: FileList, schema: DatasetSchema | None) -> Cut:
    """Cuts the dataset of `files` below `root`; what its names alone say wrong raises `ConfigError` or `DataError`."""
    layout = layout_of(files)
    data = {entry.path: entry for entry in layout.data}
    pictures = layout.format == IMAGES
    paths = [path for path in data if not (pictures and images.is_metadata(path))]
    assigned = assign_splits(paths, schema, images=pictures)
    if pictures:
        pieces = tuple(_folders(root, data, assigned.splits))
    else:
        pieces = tuple(Piece(path, assigned.splits[path], (data[path],)) for path in paths)
    declared = {column.name: parse_type(column.type) for column in schema.columns} if schema else {}
    encoding = text_encoding(schema.encoding if schema else "utf-8")
    return Cut(root, layout.format, pieces, assigned.column, encoding, declared)


def _folders(root: Path, data: Mapping[str, FileEntry], splits: Mapping[str, str | None]) -> Iterable[Piece]:
    metadata = tuple(path for path in data if images.is_metadata(path))
    everything = frozenset(splits)
    classes = images.has_classes(list(data))
    for split in dict.fromkeys(splits.values()):
        members = tuple(path for path in splits if splits[path] == split)
        folder = images.Folder(root, members, metadata, everything, classes)
        entries = tuple(data[path] for path in (*metadata, *members))
        yield Piece(_common_directory(members), split, entries, folder)


def _common_directory(paths: tuple[str, ...]) -> str:
    """The deepest directory that holds all paths; `.` for the root."""
    folders = [path.split("/")[:-1] for path in paths]
    shared = []
    for names in zip(*folders, strict=False):
        if len(set(names)) > 1:
            break
        shared.append(names[0])
    return "/".join(shared) or "."
