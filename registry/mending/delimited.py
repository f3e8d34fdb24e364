"""CSV and TSV records as they are written (RFC 4180), cut where the reader of record cuts them.

>>> cut = Cutter(",")
>>> cut.records('a,"b\\n""c"\\n\\n5" x,y\\n"open,', end=False)
(['a,"b\\n""c"', '5" x,y'], '"open,')
>>> cut.fields('a,"b,""c",')
['a', '"b,""c"', '']
>>> [written(value, ",") for value in (None, "", "a", 'b"c', 3)]
['', '""', 'a', '"b""c"', '3']
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from pathlib import Path

from registry.errors import DataError
from registry.mending.chunks import Chunk, Edit, Place, Value
from registry.mending.texts import BLOCK, TextFile, has_mark, text_of


class Cutter:
    """Cuts text into records, and a record into its fields, quotes and all."""

    def __init__(self, delimiter: str) -> None:
        d = re.escape(delimiter)
        field = rf'(?:"(?:[^"]++|"")*+"[^{d}\r\n]*+|[^{d}"\r\n][^{d}\r\n]*+|)'
        self._field = re.compile(field)
        self._record = re.compile(rf"({field}(?:{d}{field})*+)(\r\n|\n|\r)")

    def records(self, text: str, *, end: bool) -> tuple[list[str], str]:
        """The whole records of `text` without their line ends, blank ones passed over, and the text left over.

        At the `end` of a file the last record needs no line end.
        """
        if end and text and not text.endswith(("\n", "\r")):
            text += "\n"
        limit = len(text) - (not end and text.endswith("\r"))  # a line feed may follow
        found: list[str] = []
        at = 0
        for match in self._record.finditer(text, 0, limit):
            if match.start() != at:
                break
            at = match.end()
            if match[1]:
                found.append(match[1])
        return found, text[at:]

    def fields(self, record: str) -> list[str]:
        """The fields of one record as they are written."""
        found: list[str] = []
        at = 0
        while match := self._field.match(record, at):
            found.append(match[0])
            if match.end() >= len(record):
                break
            at = match.end() + 1
        return found


def read_field(field: str) -> str:
    """What a field says.

    >>> read_field('"a""b"'), read_field("a")
    ('a"b', 'a')
    """
    if not field.startswith('"'):
        return field
    body, _, rest = field[1:].rpartition('"')
    return body.replace('""', '"') + rest


def written(value: Value, delimiter: str) -> str:
    """A value as a field: null as nothing, the empty text in quotes."""
    if value is None:
        return ""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if not text or any(char in text for char in (delimiter, '"', "\n", "\r")):
        return '"' + text.replace('"', '""') + '"'
    return text


@dataclass(frozen=True, slots=True)
class Records:
    """Records of one file; `names` are its columns, `header` and `newline` as it writes them."""

    cutter: Cutter
    delimiter: str
    names: tuple[str, ...]
    header: str
    newline: str
    records: list[str]

    def __len__(self) -> int:
        return len(self.records)

    def take(self, rows: Sequence[int]) -> Records:
        """The records at these places."""
        return replace(self, records=[self.records[row] for row in rows])

    def get(self, column: str) -> list[str | None]:
        """What one field of the records says."""
        if column not in self.names:
            return [None] * len(self)
        at = self.names.index(column)
        return [read_field(self.cutter.fields(record)[at]) for record in self.records]

    def put(self, column: str, values: Sequence[Value]) -> Records:
        """The records with one field set; the others stay as they are written."""
        cells = [written(value, self.delimiter) for value in values]
        if column not in self.names:
            joined = [record + self.delimiter + cell for record, cell in zip(self.records, cells, strict=True)]
            header = self.header + self.delimiter + written(column, self.delimiter)
            return replace(self, names=(*self.names, column), header=header, records=joined)
        at = self.names.index(column)
        changed = []
        for record, cell in zip(self.records, cells, strict=True):
            fields = self.cutter.fields(record)
            fields[at] = cell
            changed.append(self.delimiter.join(fields))
        return replace(self, records=[record or '""' for record in changed])  # a blank line would be no record

    def amend(self, column: str, values: Mapping[int, Value]) -> Records:
        """The records with one field set at these places."""
        changed = self.take(list(values)).put(column, list(values.values()))
        records = list(self.records)
        for row, record in zip(values, changed.records, strict=True):
            records[row] = record
        return replace(self, records=records)

    def edit(self, column: str, rows: Sequence[int], edit: Edit) -> Records:
        """The records with the text of one field edited at these places."""
        found = zip(rows, self.take(rows).get(column), strict=True)
        return self.amend(column, {row: None if text is None else edit(text, "") for row, text in found})

    def head(self, columns: Mapping[str, Value]) -> Records:
        """The header, with these columns where they are not there."""
        return reduce(lambda head, name: head.put(name, ()), columns, self.take(()))

    def plus(self, other: Records) -> Records:
        """These records, then those of `other` in the same columns."""
        return replace(self, records=self.records + other.arranged(self.names).records)

    def arranged(self, names: tuple[str, ...]) -> Records:
        """The records with the columns `names` in their order; those that they lack are empty."""
        if names == self.names:
            return self
        places = [self.names.index(name) if name in self.names else None for name in names]
        changed = []
        for record in self.records:
            fields = self.cutter.fields(record)
            changed.append(self.delimiter.join("" if at is None else fields[at] for at in places))
        return replace(self, names=names, records=changed)


@dataclass(frozen=True, slots=True)
class Delimited:
    """Files whose fields stand between `delimiter`."""

    delimiter: str

    def read(self, place: Place) -> Iterator[Records]:
        """An empty chunk, then the records; a quote that never ends raises `DataError`."""
        cutter = Cutter(self.delimiter)
        head: Records | None = None
        rest, end = "", False
        with text_of(place) as stream:
            while not end:
                block = stream.read(BLOCK)
                end = not block
                records, rest = cutter.records(rest + block, end=end)
                if head is None and records:
                    header = records.pop(0)
                    names = tuple(read_field(field) for field in cutter.fields(header))
                    head = Records(cutter, self.delimiter, names, header, _newline(block), [])
                    yield head
                if head is not None and records:
                    yield replace(head, records=records)
        if rest or head is None:
            raise DataError(f"`{place.path}` ends within a value", why="a quote never ends", path=place.path)

    def writer(self, target: Path, like: Sequence[Chunk], source: Place) -> RecordFile:
        """A new file with the columns of all chunks, those of the first one first."""
        heads = [chunk for chunk in like if isinstance(chunk, Records)]
        names = tuple(dict.fromkeys(name for head in heads for name in head.names))
        return RecordFile(TextFile(target, source.encoding, mark=has_mark(source)), heads[0], names)


class RecordFile:
    """A file of records being written."""

    def __init__(self, file: TextFile, head: Records, names: tuple[str, ...]) -> None:
        self._file, self._newline, self._names = file, head.newline, names
        more = [written(name, head.delimiter) for name in names[len(head.names) :]]
        self._file.write(head.delimiter.join([head.header, *more]) + self._newline)

    def write(self, chunk: Chunk) -> None:
        """Appends records."""
        assert isinstance(chunk, Records)
        if len(chunk):
            self._file.write(self._newline.join(chunk.arranged(self._names).records) + self._newline)

    def close(self) -> None:
        """Ends the file."""
        self._file.close()


def _newline(text: str) -> str:
    """The first line end of a text; one within a quoted header would do as well."""
    found = re.search(r"\r\n|\n|\r", text)
    return found[0] if found else "\n"
