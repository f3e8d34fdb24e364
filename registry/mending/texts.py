"""Text files as they are written: encoding, byte order mark and compression are kept.

>>> import tempfile
>>> with tempfile.TemporaryDirectory() as folder:
...     file = Path(folder, "a.csv.gz")
...     out = TextFile(file, "cp949", mark=False)
...     out.write("가나")
...     out.close()
...     with text_of(Place("a.csv.gz", file, "csv", "cp949")) as stream:
...         stream.read()
'가나'
"""

from __future__ import annotations

import codecs
import gzip
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from registry.mending.chunks import Place
from registry.tables.source import Source, text_encoding

BLOCK = 1 << 20  # characters read at a time


@contextmanager
def text_of(place: Place) -> Iterator[io.TextIOWrapper]:
    """The file's text with its line ends as they are; what cannot be read raises as the reader of record does."""
    with Source(place.path, place.file, place.encoding).open() as stream:
        yield io.TextIOWrapper(stream, "utf-8", newline="")


def has_mark(place: Place) -> bool:
    """Whether the text begins with UTF-8's byte order mark."""
    packed = place.path.casefold().endswith(".gz")
    with gzip.open(place.file) if packed else place.file.open("rb") as stream:
        return bytes(stream.read(3)) == codecs.BOM_UTF8


class TextFile:
    """A new text file at `file`, compressed where its name says so; equal text gives equal bytes."""

    def __init__(self, file: Path, encoding: str, *, mark: bool) -> None:
        known = text_encoding(encoding)
        self._encoder = codecs.getincrementalencoder("utf-8-sig" if mark and known == "utf-8" else known)()
        self._raw = file.open("xb")
        packed = file.name.casefold().endswith(".gz")
        self._out: IO[bytes] | gzip.GzipFile = self._raw
        if packed:
            self._out = gzip.GzipFile(filename="", mode="wb", fileobj=self._raw, mtime=0)

    def write(self, text: str) -> None:
        """Appends text."""
        self._out.write(self._encoder.encode(text))

    def close(self) -> None:
        """Ends the file."""
        self._out.write(self._encoder.encode("", final=True))
        self._out.close()
        self._raw.close()
