"""Personal data: rows that hold a resident number, a telephone number, a card number and the like.

>>> SPECS[0].form.names
('columns', 'kinds', 'max_count')
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from registry.checks import findings
from registry.checks.core import ExpectationForm
from registry.checks.kwargs import Kwarg
from registry.checks.specs import Counts, Facts, Measure, Spec, Unmeasured
from registry.checks.sql import INTEGERS, is_text, type_of
from registry.model.digest import digest_of
from registry.privacy.find import KINDS, RULES, USUAL, Finding, candidates, find
from registry.tables.duck import quote_text
from registry.tables.engine import Engine
from registry.tables.keys import canonical_sql
from registry.tables.table import SPLIT

CUT_ZERO = (9, 10, 12)  # digits of a telephone or a resident number that lost its zero in a column of integers


@dataclass(frozen=True, slots=True)
class PersonalRequest:
    """The table of what was found (`registry.checks.findings`), with masks to be shown."""

    columns: tuple[str, ...]
    kinds: tuple[str, ...]

    @property
    def name(self) -> str:
        """Name of the table in a session."""
        return f"personal_{digest_of([RULES, list(self.columns), list(self.kinds)])[:16]}"

    def make(self, engine: Engine) -> None:
        """Looks closely at those texts that may hold something, which the engine tells where it can."""
        types = dict(engine.columns)
        texts = [canonical_sql(name, types[name]) for name in self.columns]
        if not engine.spread:
            texts = [self._candidate(name, text) for name, text in zip(self.columns, texts, strict=True)]
        numbers = tuple(types[name] in INTEGERS for name in self.columns)
        look = partial(_look, columns=self.columns, numbers=numbers, kinds=self.kinds)
        function = partial(findings.batches_found, columns=len(texts), look=look)
        engine.derive(self.name, findings.texts_sql(texts), function, findings.schema(), reads=self.columns)

    def _candidate(self, name: str, text: str) -> str:
        pattern = candidates(self.kinds, name)
        return f"CASE WHEN regexp_matches({text}, {quote_text(pattern)}) THEN {text} END" if pattern else text


def _look(
    texts: findings.Texts, columns: Sequence[str], numbers: Sequence[bool], kinds: Sequence[str]
) -> Iterator[tuple[str, str, str]]:
    """Column, kind and mask of everything that is found in one row."""
    for text, column, number in zip(texts, columns, numbers, strict=True):
        if text:
            for finding in found_in(text, kinds, column, number=number):
                yield column, finding.kind, finding.masked


def found_in(text: str, kinds: Sequence[str], column: str, *, number: bool = False) -> list[Finding]:
    """What a value of `column` holds; of a `number` also with the zero that it may have lost.

    >>> [finding.kind for finding in found_in("1012345678", USUAL, "phone", number=True)]
    ['phone']
    """
    found = find(text, kinds, column)
    return find(f"0{text}", kinds, column) if number and not found and len(text) in CUT_ZERO else found


def columns_looked_at(facts: Facts, kinds: Sequence[str]) -> tuple[str, ...]:
    """Columns of texts, also nested, and of whole numbers whose name says that they hold one of `kinds`."""
    found = []
    for name, kind in facts.columns.items():
        column = facts.schema.column(name)
        if name in (SPLIT, facts.image) or (column and column.role == "split"):
            continue
        called = kind in INTEGERS and any(KINDS[one].words.search(name) for one in kinds)
        if is_text(kind) or "VARCHAR" in kind or called:
            found.append(name)
    return tuple(found)


def _personal(kwargs: Mapping[str, Any], facts: Facts) -> Measure | Unmeasured:
    """Rows in which something is found, in texts as a reader sees them; what is found is shown masked only."""
    kinds = tuple(name for name in KINDS if name in (kwargs.get("kinds") or USUAL))
    columns = tuple(kwargs.get("columns") or columns_looked_at(facts, kinds))
    if not columns:
        return Unmeasured("no column holds texts, or is called like a kind of personal data")
    for name in columns:
        type_of(facts.columns, name)
    request = PersonalRequest(columns, kinds)
    most = kwargs.get("max_count", 0)
    return Measure(
        columns=columns,
        count_sql=findings.count_sql(request.name, columns, facts),
        reduce=_reduce,
        what="rows hold personal data",
        threshold={"max_count": most},
        max_count=most,
        rows_sql=findings.held_sql(request.name),
        examples=findings.examples(request.name),
        keys=(request,),
        hint="mask them: registry mask NAME, or drop the rows: registry drop NAME --check ID",
        witness="",
    )


def _reduce(rows: Sequence[Mapping[str, Any]]) -> Counts:
    counts = findings.counted(rows, "kinds")
    listed = ", ".join(f"{kind} {found['rows']:,}" for kind, found in counts.observed["kinds"].items())
    return replace(counts, note=f"rows by kind: {listed}" if listed else "")


SPECS = (
    Spec(
        ExpectationForm(
            "expect_no_personal_data",
            "No row holds personal data of these kinds.",
            (
                Kwarg(
                    "columns",
                    "columns",
                    "columns looked at; by default those of texts, and of whole numbers that are called like a kind",
                ),
                Kwarg("kinds", "choices", "kinds looked for; by default all but `url`", choices=tuple(KINDS)),
                Kwarg("max_count", "count", "rows that may hold some", 0),
            ),
        ),
        _personal,
        unit="rows with a text; unexpected: those with a finding. Full-width letters, digits of other scripts, dashes "
        "and spaces of any width, and invisible characters are seen through. A form that other numbers share (bank "
        "account, driver's licence, passport, IPv4 address, a number without separators) counts beside a word that "
        "says what it is, in the text or the column's name; see docs/how-to/privacy.md",
        source="check digits: ISO/IEC 7812-1 (cards), ISO 13616 (IBAN), ICAO Doc 9303 (passports), 주민등록법 시행규칙 "
        "(registration numbers; random since October 2020), 국세청 (business numbers)",
    ),
)
