"""Which files of a dataset hold rows, and in what format.

The extension decides. A dataset has one format; what documents it (notes, licence)
travels along unread. An image folder may hold `metadata.csv` or `metadata.jsonl`.

>>> format_of("data/리뷰.CSV.gz"), format_of("notes.md"), is_auxiliary("notes.md")
('csv', None, True)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from registry.content.sniff import NAMES, NOTES
from registry.errors import ConfigError, DataError
from registry.model.files import FileEntry, FileList

IMAGES = "imagefolder"
EXTENSIONS: Mapping[str, str] = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".jsonlines": "jsonl",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".arrow": "arrow",
    ".feather": "arrow",
    ".ipc": "arrow",
    **dict.fromkeys((".jpg", ".jpeg", ".png", ".gif", ".bmp", ".webp", ".tif", ".tiff"), IMAGES),
}
COMPRESSED = ("csv", "tsv", "jsonl")  # also as .gz
METADATA = ("metadata.csv", "metadata.jsonl")
AUXILIARY_EXTENSIONS = (*NOTES, ".pdf", ".docx")
AUXILIARY_NAMES = (*NAMES, "thumbs")
SUPPORTED = (
    "CSV and TSV (.csv, .tsv, also .gz), JSON Lines (.jsonl, .ndjson, also .gz), Parquet (.parquet), "
    "Arrow IPC (.arrow, .feather) and image folders (.jpg, .png … with metadata.csv or metadata.jsonl)"
)


@dataclass(frozen=True, slots=True)
class Layout:
    """The format of a dataset, the files that hold its rows, and the files that only travel along."""

    format: str
    data: tuple[FileEntry, ...]
    auxiliary: tuple[FileEntry, ...] = ()


def format_of(path: str) -> str | None:
    """The format that the extension of `path` names (case does not matter), or None."""
    name = PurePosixPath(path).name.casefold()
    plain = name.removesuffix(".gz")
    found = EXTENSIONS.get(PurePosixPath(plain).suffix)
    return found if plain == name or found in COMPRESSED else None


def is_auxiliary(path: str) -> bool:
    """Whether `path` documents the data instead of holding rows: notes, licences, hidden files."""
    name = PurePosixPath(path).name.casefold()
    stem = name.split(".")[0]
    return name.startswith(".") or stem in AUXILIARY_NAMES or PurePosixPath(name).suffix in AUXILIARY_EXTENSIONS


def layout_of(files: FileList) -> Layout:
    """Sorts `files` into data and auxiliary ones.

    Raises `DataError` where nothing holds rows or a file has an unknown format, and
    `ConfigError` where formats are mixed; both name the file.
    """
    auxiliary = tuple(entry for entry in files if is_auxiliary(entry.path))
    data = tuple(entry for entry in files if not is_auxiliary(entry.path))
    if not data:
        raise DataError("no file of the dataset holds rows", why=f"supported are {SUPPORTED}", hint="registry add PATH")
    formats = {entry.path: _known(entry.path) for entry in data}
    if IMAGES in formats.values():
        formats |= {path: IMAGES for path in formats if PurePosixPath(path).name.casefold() in METADATA}
    return Layout(_only(formats), data, auxiliary)


def _known(path: str) -> str:
    found = format_of(path)
    if found is None:
        single = PurePosixPath(path).suffix.casefold() == ".json"
        raise DataError(
            f"`{path}` has no format that can be read",
            why="a .json file has no rows; write one object a line" if single else f"supported are {SUPPORTED}",
            hint=f"rename it to {path}l" if single else f"convert {path}, or take it out of the dataset",
            path=path,
        )
    return found


def _only(formats: Mapping[str, str]) -> str:
    first, *others = _one_of_each(formats.items())
    if others:
        (path, kind), (other, other_kind) = first, others[0]
        raise ConfigError(
            f"the dataset mixes formats: `{path}` is {kind}, `{other}` is {other_kind}",
            why=f"a dataset has one format; supported are {SUPPORTED}",
            hint="convert the files to one format, or add them as two datasets",
            path=other,
        )
    return first[1]


def _one_of_each(items: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    seen: dict[str, tuple[str, str]] = {}
    for path, kind in items:
        seen.setdefault(kind, (path, kind))
    return list(seen.values())
