"""One text file as a stream of UTF-8 bytes: decompressed, decoded, without byte order mark.

>>> text_encoding("CP949"), text_encoding("UTF8")
('cp949', 'utf-8')
"""

from __future__ import annotations

import codecs
import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from registry.errors import ConfigError, DataError, EnvironmentFailed

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer

BLOCK = 1 << 20  # bytes read at a time
MAX_EXPANSION = 250  # times; more is no text but an attack
FREE_EXPANSION = 256 << 20  # bytes below which expansion does not matter
KOREAN = ("cp949", "euc-kr", "johab")


@dataclass(frozen=True, slots=True)
class Source:
    """A text file: `path` names it in messages, `file` is where it lies, `encoding` is declared."""

    path: str
    file: Path
    encoding: str = "utf-8"

    @contextmanager
    def open(self, tail: bytes = b"") -> Iterator[IO[bytes]]:
        """The file's text in UTF-8, then `tail`. What cannot be read raises `DataError` or `ConfigError`."""
        try:
            with self.file.open("rb") as raw:
                yield io.BufferedReader(_Utf8(self, raw, tail), BLOCK)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise DataError(
                f"`{self.path}` is broken", why=f"it does not decompress: {error}", hint=_RESTORE, path=self.path
            ) from error
        except FileNotFoundError as error:
            raise DataError(f"`{self.path}` is missing", hint=_RESTORE, path=self.path) from error
        except OSError as error:
            raise EnvironmentFailed(f"`{self.path}` cannot be read", why=error.strerror or str(error)) from error


_RESTORE = "restore the file, then run the same command again"


def text_encoding(name: str) -> str:
    """The canonical name of a declared encoding; an unknown one raises `ConfigError`."""
    try:
        found = codecs.lookup(name)
        "".encode(found.name)
    except (LookupError, ValueError, TypeError) as error:
        why = "known are utf-8, cp949, euc-kr, utf-16 …"
        raise ConfigError(f"`{name}` is no text encoding", why=why, hint="declare `encoding: cp949`") from error
    return "utf-8" if found.name == "utf-8-sig" else {"euc_kr": "euc-kr"}.get(found.name, found.name)


class _Utf8(io.RawIOBase):
    """A raw stream of `source`, decoded from its encoding and encoded as UTF-8, with a tail."""

    def __init__(self, source: Source, raw: IO[bytes], tail: bytes) -> None:
        super().__init__()
        self._source = source
        self._raw = raw
        packed = source.path.casefold().endswith(".gz")
        self._bytes: IO[bytes] | gzip.GzipFile = gzip.GzipFile(fileobj=raw) if packed else raw
        encoding = text_encoding(source.encoding)
        self._is_utf8 = encoding == "utf-8"  # then decoding only vets
        self._decoder = codecs.getincrementaldecoder(encoding)()
        self._tail = tail
        self._left = b""
        self._read = 0
        self._ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        while not self._left and not self._ended:
            self._left = self._next()
        view = memoryview(buffer).cast("B")
        taken = self._left[: len(view)]
        view[: len(taken)] = taken
        self._left = self._left[len(taken) :]
        return len(taken)

    def write(self, data: ReadableBuffer) -> int:
        raise io.UnsupportedOperation

    def _next(self) -> bytes:
        block = self._bytes.read(BLOCK)
        first = self._read == 0
        self._ended = not block
        try:
            text = self._decoder.decode(block, self._ended)
        except UnicodeDecodeError as error:
            raise self._undecodable(block, error) from error
        self._read += len(block)
        self._vet_expansion()
        plain = block if self._is_utf8 else text.encode()
        if first:
            plain = plain.removeprefix(codecs.BOM_UTF8)
        return plain + (self._tail if self._ended else b"")

    def _vet_expansion(self) -> None:
        if self._read > FREE_EXPANSION and self._read > MAX_EXPANSION * max(self._raw.tell(), 1):
            raise DataError(
                f"`{self._source.path}` expands more than {MAX_EXPANSION} times",
                why="a compressed text of rows does not",
                hint="look at the file before you trust it",
                path=self._source.path,
            )

    def _undecodable(self, block: bytes, error: UnicodeDecodeError) -> DataError | ConfigError:
        path, declared = self._source.path, text_encoding(self._source.encoding)
        place = f"byte {self._read + error.start:,} is not {declared}"
        likely = _guess(block) if declared == "utf-8" else None
        if likely is None:
            hint = "declare the `encoding` of the files in the schema, or pass --encoding"
            return DataError(f"`{path}` cannot be decoded", why=place, hint=hint, path=path)
        return ConfigError(
            f"`{path}` is not UTF-8 but reads as {likely.upper()}",
            why=place,
            hint=f"declare `encoding: {likely}` in the schema, or add it with --encoding {likely}",
            path=path,
            encoding=likely,
        )


def _guess(block: bytes) -> str | None:
    """`cp949` if the block reads as Korean text in it (EUC-KR is a part of CP949), or a UTF-16 by its mark."""
    if block.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    try:
        text = codecs.getincrementaldecoder("cp949")().decode(block)
    except UnicodeDecodeError:
        return None
    hangul = sum("가" <= c <= "힣" for c in text)
    foreign = sum(ord(c) > 127 for c in text)
    return "cp949" if hangul and hangul * 2 >= foreign else None
