"""What people decided about labels, as a table: which row, what its label was, what it is now, who said so and why.

Columns are `row` (as the list of `registry report labels` calls it), `label`, `correction`, `who`, `why`;
others are passed over, so that the list itself serves once its `correction` is filled in. A row
without a correction is undecided, one whose correction is its label is confirmed.

>>> text = "row,label,correction,who,why\\nr7,긍정,부정,Kim,반어\\nr8,긍정,,,\\nr9,부정,부정,Kim,\\n"
>>> found = parse(text, "c.csv", Signed())
>>> [(one.row, one.old, one.new, one.who, one.why, one.line) for one in found.changed], found.confirmed, found.undecided
([('r7', '긍정', '부정', 'Kim', '반어', 2)], 1, 1)
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from registry.checks.discreet import discreet
from registry.errors import UsageError
from registry.formats.cells import unguarded

NEEDED = ("row", "label", "correction")
COLUMNS = (*NEEDED, "who", "why")
HINT = "registry report labels NAME writes such a file"


@dataclass(frozen=True, slots=True)
class Signed:
    """Who answers for the corrections, and why, where the file does not say."""

    who: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Correction:
    """One decision: the label of `row` is `new`, where it was `old`; `line` is that of the file."""

    row: str
    old: str
    new: str
    who: str
    why: str
    line: int


@dataclass(frozen=True, slots=True)
class Decisions:
    """The corrections of a file, and how many rows were confirmed or left undecided."""

    changed: tuple[Correction, ...]
    confirmed: int
    undecided: int


def read_corrections(file: Path, signed: Signed) -> Decisions:
    """The decisions of a CSV file in UTF-8, with or without a mark; raises `UsageError` naming the lines at fault."""
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise UsageError(f"{file} cannot be read", why=error.strerror or str(error), hint=HINT) from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{file} is no UTF-8", why=str(error), hint="save it as CSV in UTF-8") from error
    return parse(text, str(file), signed)


def parse(text: str, name: str, signed: Signed) -> Decisions:
    """As `read_corrections`, of a text."""
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        _require_columns(name, reader.fieldnames or ())
        given = [_read(cells, reader.line_num, name) for cells in reader]
    except csv.Error as error:
        raise UsageError(f"{name} is no CSV, after line {reader.line_num}", why=str(error), hint=HINT) from error
    decided = [one for one in given if one.new]
    require(name, _double(decided), "of a row that is given more than once")
    changed = [
        Correction(one.row, one.old, one.new, one.who or signed.who, one.why or signed.why, one.line)
        for one in decided
        if one.new != one.old
    ]
    require(
        name,
        (f"line {one.line}: `{one.row}`" for one in changed if not one.who),
        "without a person who made it",
        "--who NAME",
    )
    return Decisions(tuple(changed), len(decided) - len(changed), len(given) - len(decided))


def _require_columns(name: str, columns: Sequence[str]) -> None:
    lacking = [column for column in NEEDED if column not in columns]
    if lacking:
        raise UsageError(f"{name} has no column {', '.join(f'`{one}`' for one in lacking)}", hint=HINT)
    twice = [column for column in COLUMNS if columns.count(column) > 1]
    if twice:
        raise UsageError(f"{name} has the column `{twice[0]}` twice", why="which of them counts?", hint=HINT)


def _read(cells: Mapping[str | None, Any], line: int, name: str) -> Correction:
    """The correction of a line; of more cells than columns nobody knows which is which."""
    if None in cells:
        raise UsageError(f"{name} has more cells than columns in line {line}", why="a comma needs quotes", hint=HINT)
    row, old, new, who, why = (unguarded(cells.get(column) or "") for column in COLUMNS)
    return Correction(row, old, new.strip(), who.strip(), why.strip(), line)


def _double(given: Sequence[Correction]) -> Iterable[str]:
    times = Counter(one.row for one in given)
    return (f"line {one.line}: `{one.row}`" for one in given if times[one.row] > 1)


def require(name: Any, wrong: Iterable[str], what: str, hint: str = HINT) -> None:
    """Raises `UsageError` where something is `wrong`, with the first three; what is personal is hidden in them."""
    found = list(wrong)
    if found:
        more = f" and {len(found) - 3:,} more" if len(found) > 3 else ""
        noun = "correction" if len(found) == 1 else "corrections"
        told = "; ".join(found[:3]) + more
        raise UsageError(f"{name} has {len(found):,} {noun} {what}", why=discreet(told), hint=discreet(hint))
