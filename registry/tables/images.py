"""Image folders as tables: one row an image, its path, its class, its metadata.

Columns are `image` (path relative to the dataset), then `label`, the name of the
directory, where there is no metadata and there are at least two classes at one depth
(as Hugging Face's ImageFolder does; but directories of splits are no classes), then the columns of `metadata.csv` or
`metadata.jsonl`, which name each image of their directory in `file_name`.

>>> class_names(["train/고양이/1.png", "train/개/1.png"])
['고양이', '개']
>>> class_names(["train/1.png", "train/2.png"]) is None, class_names(["train/1.png", "test/2.png"]) is None
(True, True)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from registry.errors import DataError
from registry.tables import csv, jsonl
from registry.tables.columns import integers, strings
from registry.tables.formats import METADATA
from registry.tables.guess import Guess
from registry.tables.source import Source
from registry.tables.splits import named_split

if TYPE_CHECKING:
    import pyarrow as pa

IMAGE, LABEL, NAME = "image", "label", "file_name"
MAGIC = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF8", b"BM", b"RIFF", b"II*\0", b"MM\0*")


def is_metadata(path: str) -> bool:
    """Whether `path` is a metadata file."""
    return PurePosixPath(path).name.casefold() in METADATA


def class_names(paths: Sequence[str]) -> list[str] | None:
    """The class of each image from its directory, or None where directories give no classes."""
    names = [PurePosixPath(path).parent.name for path in paths]
    depths = {path.count("/") for path in paths}
    classes = len(set(names)) > 1 and len(depths) == 1 and all(names) and not _are_splits(set(names))
    return names if classes else None


def _are_splits(names: Iterable[str]) -> bool:
    """Whether directories only tell one split from another."""
    found = {named_split(f"{name}/_", images=True) for name in names}
    return len(found) > 1 and None not in found


def has_classes(paths: Sequence[str]) -> bool:
    """Whether the images of the whole dataset are labelled by directories."""
    images = [path for path in paths if not is_metadata(path)]
    return len(images) == len(paths) and class_names(images) is not None


@dataclass(frozen=True, slots=True)
class Folder:
    """The images of one split, the metadata files of the dataset, and all its images; paths below `root`."""

    root: Path
    images: tuple[str, ...]
    metadata: tuple[str, ...]
    everything: frozenset[str]
    classes: bool


def rows(folder: Folder, types: Mapping[str, pa.DataType]) -> pa.Table:
    """The rows of the folder's images, in order of path, with `types` for the columns of metadata.

    A metadata file speaks for the images of its directory and below, the nearest first.
    An image without metadata and metadata without image raise `DataError`.
    """
    import pyarrow as pa

    images = sorted(folder.images, key=str.encode)
    columns: dict[str, pa.ChunkedArray] = {IMAGE: strings(images)}
    if folder.classes:
        columns[LABEL] = strings(PurePosixPath(path).parent.name for path in images)
    if folder.metadata:
        read = {path: _metadata(folder, path, types) for path in folder.metadata}
        together = pa.concat_tables(read.values(), promote_options="default")
        places = _places(folder, read)
        described = together.take(integers(_place(image, places) for image in images)).drop_columns([NAME])
        columns |= dict(zip(described.column_names, described.columns, strict=True))
    return pa.Table.from_arrays(list(columns.values()), names=list(columns))


def guess(root: Path, paths: Iterable[str]) -> tuple[dict[str, Guess], dict[str, pa.DataType]]:
    """What the columns of all metadata files can be: guesses of CSV, types of JSON Lines."""
    guesses: dict[str, Guess] = {}
    types: dict[str, pa.DataType] = {}
    for path in filter(is_metadata, paths):
        source = Source(path, root / path)
        if path.casefold().endswith(".csv"):
            for name, one in csv.guess(source, ",").items():
                guesses[name] = guesses[name].joined(one) if name in guesses else one
        else:
            for name, kind in jsonl.guess(source).items():
                types[name] = jsonl.joined(path, name, types.get(name), kind)
    return guesses, types


def vet_image(file: Path, path: str) -> None:
    """Raises `DataError` if `file` does not begin as an image, or Pillow (if installed) cannot open it."""
    try:
        with file.open("rb") as stream:
            start = stream.read(12)
    except OSError as error:
        raise DataError(f"`{path}` cannot be read", why=error.strerror or "", path=path) from error
    if not start.startswith(MAGIC):
        why = "it is empty" if not start else "it does not begin as one"
        raise DataError(f"`{path}` is no image", why=why, hint=f"restore or remove {path}", path=path)
    _vet_with_pillow(file, path)


def _vet_with_pillow(file: Path, path: str) -> None:
    try:
        from PIL import Image
    except ImportError:  # NOTE: consumers may lack Pillow; they read digests that were vetted before release
        return
    import warnings

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(file) as image:
                image.verify()
    except Exception as error:  # Pillow raises whatever its decoders meet
        why = f"it cannot be opened ({type(error).__name__})"
        raise DataError(f"`{path}` is no sound image", why=why, hint=f"restore or remove {path}", path=path) from error


def _metadata(folder: Folder, path: str, types: Mapping[str, pa.DataType]) -> pa.Table:
    """The rows of the metadata file `path`."""
    import pyarrow as pa

    source = Source(path, folder.root / path)
    known = {**types, NAME: pa.string()}
    if path.casefold().endswith(".csv"):
        names: Iterable[str] = csv.columns(source, ",")
        batches = csv.batches(source, known, ",")
    else:
        present = jsonl.present(source, list(known))
        names = [name for name in known if name in present]
        batches = jsonl.batches(source, {name: known[name] for name in names})
    clash = next((name for name in names if name == IMAGE or (name == LABEL and folder.classes)), None)
    if clash or NAME not in names:
        problem = f"has the reserved column `{clash}`" if clash else f"has no column `{NAME}`"
        raise DataError(f"`{path}` {problem}", hint=f"rename a column of {path}", path=path)
    found = list(batches)
    return pa.Table.from_batches(found, pa.schema([(name, known[name]) for name in names]))


def _places(folder: Folder, read: Mapping[str, pa.Table]) -> dict[str, dict[str, int]]:
    """By metadata file and image: the row among all metadata."""
    places: dict[str, dict[str, int]] = {}
    row = 0
    for path, table in read.items():
        places[path] = {}
        for name in table[NAME].to_pylist():
            image = _image_of(path, PurePosixPath(path).parent, name)
            if image in places[path] or image not in folder.everything:
                problem = "twice" if image in places[path] else "which is no image of the dataset"
                raise DataError(f"`{path}` names `{image}` {problem}", hint=f"remove the row from {path}", path=path)
            places[path][image] = row
            row += 1
    return places


def _image_of(path: str, folder: PurePosixPath, name: Any) -> str:
    if not isinstance(name, str) or not name or name.startswith("/") or ".." in PurePosixPath(name).parts:
        hint = f"give each row of {path} the file_name of an image below it"
        raise DataError(f"`{path}` has a row without a sound `{NAME}`", hint=hint, path=path)
    return str(folder / name)


def _place(image: str, places: Mapping[str, Mapping[str, int]]) -> int:
    """The row that describes `image`, in the nearest metadata file."""
    near = [path for path in places if PurePosixPath(path).parent in PurePosixPath(image).parents]
    nearest = max(near, key=lambda path: path.count("/"), default=None)
    if nearest is None or image not in places[nearest]:
        where = f"`{nearest}`" if nearest else "any metadata file"
        hint = "add its row, or take the image out of the dataset"
        raise DataError(f"`{image}` is not described in {where}", hint=hint, path=image)
    return places[nearest][image]
