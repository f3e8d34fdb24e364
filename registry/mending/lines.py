"""JSON Lines as they are written: a line is copied, and one field of it set without touching the rest.

>>> set_field('{"a": 1, "나": "b"}', "나", "c"), set_field('{"a":1 }', "fold", 2), set_field("{}", "x", None)
('{"a": 1, "나": "c"}', '{"a":1, "fold": 2}', '{"x": null}')
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from json.decoder import scanstring  # type: ignore[attr-defined]
from pathlib import Path
from typing import Any

from registry.errors import DataError
from registry.mending.chunks import Chunk, Edit, Place, Value
from registry.mending.texts import BLOCK, TextFile, text_of

_DECODER = json.JSONDecoder()
_SPACE = " \t\r\n"
_TEXT = re.compile(r'("(?:[^"\\]|\\.)*+")(\s*:)?')  # a JSON text (RFC 8259); before a colon it names a field


def set_field(line: str, name: str, value: Value) -> str:
    """The line with the field `name` set; a field that is not there comes last."""
    text = json.dumps(value, ensure_ascii=False)
    spans = _spans(line)
    if name in spans:
        start, end = spans[name]
        return line[:start] + text + line[end:]
    body = line.rstrip().removesuffix("}").rstrip()
    return f"{body}{', ' if spans else ''}{json.dumps(name, ensure_ascii=False)}: {text}}}"


def edit_texts(line: str, name: str, edit: Edit) -> str:
    """The line with every text of the field `name` edited where it stands, names of fields within it left alone.

    >>> edit_texts('{"a": {"b": "x", "n": 1.10}, "c": "x"}', "a", lambda text, around: text.upper())
    '{"a": {"b": "X", "n": 1.10}, "c": "x"}'
    """
    spans = _spans(line)
    if name not in spans:
        return line
    start, end = spans[name]
    value = line[start:end]
    around = "" if value.startswith('"') else json.dumps(json.loads(value), ensure_ascii=False)

    def edited(found: re.Match[str]) -> str:
        text = json.loads(found[1], strict=False)
        changed = text if found[2] else edit(text, around)
        return found[0] if changed == text else json.dumps(changed, ensure_ascii=False)

    return line[:start] + _TEXT.sub(edited, value) + line[end:]


def _spans(line: str) -> dict[str, tuple[int, int]]:
    """Where the value of each field stands in the text of an object."""
    found: dict[str, tuple[int, int]] = {}
    at = _past(line, line.index("{") + 1)
    while line[at] == '"':
        name, at = scanstring(line, at + 1, False)
        start = _past(line, _past(line, at) + 1)
        _, end = _DECODER.raw_decode(line, start)
        found[name] = (start, end)
        at = _past(line, end)
        at = _past(line, at + 1) if line[at] == "," else at
    return found


def _past(line: str, at: int) -> int:
    """The first place from `at` that is no white space."""
    while line[at] in _SPACE:
        at += 1
    return at


@dataclass(frozen=True, slots=True)
class LineChunk:
    """Lines without their ends."""

    lines: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.lines)

    def take(self, rows: Sequence[int]) -> LineChunk:
        """The lines at these places."""
        return LineChunk([self.lines[row] for row in rows])

    def get(self, column: str) -> list[Any]:
        """What one field of the lines says."""
        return [json.loads(line).get(column) for line in self.lines]

    def put(self, column: str, values: Sequence[Value]) -> LineChunk:
        """The lines with one field set."""
        return LineChunk([set_field(line, column, value) for line, value in zip(self.lines, values, strict=True)])

    def amend(self, column: str, values: Mapping[int, Value]) -> LineChunk:
        """The lines with one field set at these places."""
        lines = list(self.lines)
        for row, value in values.items():
            lines[row] = set_field(lines[row], column, value)
        return LineChunk(lines)

    def edit(self, column: str, rows: Sequence[int], edit: Edit) -> LineChunk:
        """The lines with the texts of one field edited at these places."""
        lines = list(self.lines)
        for row in rows:
            lines[row] = edit_texts(lines[row], column, edit)
        return LineChunk(lines)

    def head(self, columns: Mapping[str, Value]) -> LineChunk:
        """No lines: each says itself which fields it has."""
        return LineChunk()

    def plus(self, other: LineChunk) -> LineChunk:
        """These lines, then those of `other`."""
        return LineChunk(self.lines + other.lines)


@dataclass(frozen=True, slots=True)
class Lines:
    """Files of one JSON object a line."""

    def read(self, place: Place) -> Iterator[LineChunk]:
        """An empty chunk, then the lines; blank ones are passed over."""
        yield LineChunk()
        rest, end = "", False
        with text_of(place) as stream:
            while not end:
                block = stream.read(BLOCK)
                end = not block
                *lines, rest = (rest + block).split("\n") if not end else [rest, ""]
                lines = [line for line in lines if line.strip()]
                if lines:
                    yield LineChunk(lines)
        if rest.strip():
            raise DataError(f"`{place.path}` ends within a line", path=place.path)

    def writer(self, target: Path, like: Sequence[Chunk], source: Place) -> LineFile:
        """A new file."""
        return LineFile(TextFile(target, source.encoding, mark=False))


class LineFile:
    """A file of lines being written."""

    def __init__(self, file: TextFile) -> None:
        self._file = file

    def write(self, chunk: Chunk) -> None:
        """Appends lines."""
        assert isinstance(chunk, LineChunk)
        self._file.write("".join(f"{line}\n" for line in chunk.lines))

    def close(self) -> None:
        """Ends the file."""
        self._file.close()
