"""Only data: whether the bytes of a file are of the kind that its name says, by an allow-list.

The extension says which kinds are allowed at all, the bytes whether the file is one:
tables, images, notes as text or PDF. What runs when it is opened (pickles and the model
weights made of them, scripts, executables, HTML, notebooks, archives) is refused whatever
it is called, and so is a file that is data and an archive or a page at once. The readers
of record (`registry.tables`) then parse every byte of the data; this module only looks at
the beginning and the end, and decides before anything is parsed.

>>> vet("train.csv", Look.of(b"id,text\\n1,hello\\n"))
>>> vet("train.csv", Look.of(b"\\x80\\x04\\x95K"))
Traceback (most recent call last):
registry.errors.HostileFileError: `train.csv` is a pickle, which runs code when it is read: a dataset holds data only
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from registry.content.magic import (
    CODE,
    PAGES,
    is_notebook,
    is_text_pickle,
    named_by,
    script_of,
    signature_of,
    zip_names,
    zip_within,
)
from registry.errors import HostileFileError

VERSION = 1  # of these rules: what was vetted by older ones is vetted again
EDGE = 70_000  # bytes of beginning and end that are looked at: an archive's directory ends within the last 65,557
TABLES = (".csv", ".tsv", ".jsonl", ".ndjson", ".jsonlines")
IMAGES = (".jpg", ".jpeg", ".png", ".gif", ".bmp", ".webp", ".tif", ".tiff")
NOTES = (".md", ".txt", ".rst", ".cff", ".bib", ".license")
NAMES = ("license", "licence", "copying", "notice", "authors", "readme", "changelog")
ALLOWED = (
    "CSV, TSV and JSON Lines (also .gz), Parquet, Arrow IPC, images (JPEG, PNG, GIF, BMP, WebP, TIFF), "
    "and beside them notes (.md, .txt, .rst, .cff, .bib, .pdf, .docx, LICENSE, README)"
)
_LITTER: Mapping[str, bytes] = {".ds_store": b"\0\0\0\1Bud1", "thumbs.db": b"\xd0\xcf\x11\xe0"}
_APPLE_DOUBLE = b"\0\5\26\7"
_PICTURES = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a", b"BM", b"II*\0", b"MM\0*")
_PDF_ACTS = re.compile(rb"/(JavaScript|JS|Launch|EmbeddedFiles?|RichMedia|XFA|SubmitForm)\b")
_DOCX_PARTS = re.compile(
    r"(\[Content_Types\]\.xml|(_rels|docProps|word|customXml)/[\w./-]*\.(xml|rels|png|jpe?g|gif|emf|wmf))", re.ASCII
)


@dataclass(frozen=True, slots=True)
class Look:
    """The beginning and the end of a file (its first and last bytes, all of a small one), and its size."""

    start: bytes
    end: bytes
    size: int

    @classmethod
    def of(cls, data: bytes) -> Look:
        """A look at a file that is `data`."""
        return cls(data, data, len(data))

    @property
    def whole(self) -> bool:
        """Whether nothing of the file lies outside this look."""
        return len(self.start) == self.size


Vet = Callable[[str, Look], None]


def vet(path: str, look: Look) -> None:
    """Raises `HostileFileError` unless the file at `path` is data of the kind that its name says."""
    found = problem(path, look)
    if found:
        raise HostileFileError(
            f"`{path}` is {found}",
            why="a dataset holds data only",
            hint=_hint(path),
            path=path,
            allowed=ALLOWED,
        )


def problem(path: str, look: Look) -> str | None:
    """What the file is, in words that follow "it is", if it is not allowed."""
    name = PurePosixPath(path).name.casefold()
    if name in _LITTER and look.start.startswith(_LITTER[name]):
        return None
    if name.startswith("._") and look.start.startswith(_APPLE_DOUBLE):
        return None
    plain = name.removesuffix(".gz")
    suffix = PurePosixPath(plain).suffix
    if plain != name:
        return _packed(look) if suffix in TABLES else _unknown(name, look)
    check = _CHECKS.get(suffix)
    if check is None and suffix not in CODE and (name.startswith(".") or name.split(".")[0] in NAMES):
        check = _note
    return check(look) if check else _unknown(name, look)


def _unknown(name: str, look: Look) -> str:
    found = signature_of(look.start) or script_of(look.start) or named_by(PurePosixPath(name).suffix)
    return found or "of a kind that is not known to be data"


def _table(look: Look) -> str | None:
    found = signature_of(look.start) or script_of(look.start) or _within(look)
    if found:
        return found
    if is_text_pickle(look.start[:EDGE], whole=look.whole and look.size <= EDGE):
        return "a pickle, which runs code when it is read"
    return "a notebook, which holds code" if is_notebook(look.start, look.end, whole=look.whole) else None


def _packed(look: Look) -> str | None:
    if not look.start.startswith(b"\x1f\x8b"):
        return signature_of(look.start) or script_of(look.start) or "not compressed with gzip, as its name says"
    try:
        inner = zlib.decompressobj(wbits=31).decompress(look.start, EDGE)
    except zlib.error:
        return None  # it is no more than broken: the reader says so
    found = _table(Look(inner, inner, -1)) or _within(look)
    return f"{found} (compressed)" if found else None


def _parquet(look: Look) -> str | None:
    if look.start.startswith(b"PAR1") and look.end.endswith(b"PAR1"):
        return _within(look)
    return signature_of(look.start) or script_of(look.start) or _broken(look, b"PAR1", "not Parquet, as its name says")


def _arrow(look: Look) -> str | None:
    if look.start.startswith((b"ARROW1", b"\xff\xff\xff\xff")):
        return _within(look)
    return signature_of(look.start) or script_of(look.start) or _broken(look, b"", "not Arrow IPC, as its name says")


def _broken(look: Look, begins: bytes, otherwise: str) -> str | None:
    """Nothing is refused here that is merely cut short: the reader says where it breaks."""
    return None if not look.size or (begins and look.start.startswith(begins)) else otherwise


def _image(look: Look) -> str | None:
    start = look.start
    webp = start.startswith(b"RIFF") and start[8:12] == b"WEBP"
    if not webp and not start.startswith(_PICTURES):
        return signature_of(start) or script_of(start) or (None if not start else "no image, as its name says")
    if b"%PDF-" in start[:1024]:
        return "an image and a PDF at once"
    if start.startswith((b"GIF89a/*", b"GIF87a/*")) or PAGES.search(start[:EDGE]) or PAGES.search(look.end[-EDGE:]):
        return "an image and a page or script at once"
    return _within(look)


def _within(look: Look) -> str | None:
    return "data and an archive at once" if zip_within(look.end[-EDGE:]) else None


def _note(look: Look) -> str | None:
    found = signature_of(look.start) or script_of(look.start)
    if found:
        return found
    wide = look.start.startswith((b"\xff\xfe", b"\xfe\xff"))
    if not wide and (b"\0" in look.start[:EDGE] or b"\0" in look.end[-EDGE:]):
        return "not text, as its name says"
    return _table(look)


def _pdf(look: Look) -> str | None:
    if not look.start.startswith(b"%PDF-"):
        return signature_of(look.start) or script_of(look.start) or "no PDF, as its name says"
    for part in (look.start, look.end):
        if _PDF_ACTS.search(re.sub(rb"#([0-9A-Fa-f]{2})", lambda m: bytes([int(m[1], 16)]), part)):
            return "a PDF with scripts or files within"
    return _within(look)


def _docx(look: Look) -> str | None:
    if not look.start.startswith(b"PK\3\4"):
        return signature_of(look.start) or script_of(look.start) or "no document, as its name says"
    parts = zip_names(look.end)
    if parts is None:
        return "an archive that cannot be looked into; write it as PDF"
    foreign = next((part for part in parts if ".." in part or not _DOCX_PARTS.fullmatch(part)), None)
    if foreign or "[Content_Types].xml" not in parts:
        return f"an archive with {foreign!r} within" if foreign else "an archive, no document"
    return None


_CHECKS: Mapping[str, Callable[[Look], str | None]] = {
    **dict.fromkeys(TABLES, _table),
    **dict.fromkeys(IMAGES, _image),
    **dict.fromkeys(NOTES, _note),
    **dict.fromkeys((".parquet", ".pq"), _parquet),
    **dict.fromkeys((".arrow", ".feather", ".ipc"), _arrow),
    ".pdf": _pdf,
    ".docx": _docx,
}


def _hint(path: str) -> str:
    if path.casefold().endswith(".json"):
        return f"write one object a line and rename it to {path}l"
    return f"convert {path}, or take it out of the dataset; allowed are {ALLOWED}"
