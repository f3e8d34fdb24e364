"""Personal data: rows that hold a resident number, a telephone number, a card number and the like.

>>> SPECS[0].form.names
('columns', 'kinds', 'max_count')
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from registry.checks.core import ExpectationForm
from registry.checks.kwargs import Kwarg
from registry.checks.samples import Examples
from registry.checks.specs import Counts, Facts, Measure, Spec, Unmeasured, by_split
from registry.checks.sql import INTEGERS, is_text, type_of
from registry.model.digest import digest_of
from registry.privacy.find import KINDS, RULES, USUAL, candidates, find
from registry.tables.duck import quote_ident, quote_text
from registry.tables.engine import PLACE, Engine
from registry.tables.keys import canonical_sql
from registry.tables.table import FILE, ROW, SPLIT

if TYPE_CHECKING:
    import pyarrow as pa

TOLD = 3  # findings of a row that a sample shows
RANK = f"{PLACE} * 1000000000000 + {ROW} AS rank"  # of a row among all, in the order of files
CUT_ZERO = (9, 10, 12)  # digits of a telephone or a resident number that lost its zero in a column of integers


@dataclass(frozen=True, slots=True)
class PersonalRequest:
    """A table of what was found: a row for each row, column and kind, with how many; no value, masks of some.

    `told` stands in one of the rows of each row found: masks of the first things found in it.
    """

    columns: tuple[str, ...]
    kinds: tuple[str, ...]

    @property
    def name(self) -> str:
        """Name of the table in a session."""
        return f"personal_{digest_of([RULES, list(self.columns), list(self.kinds)])[:16]}"

    def make(self, engine: Engine) -> None:
        """Looks closely at those texts that may hold something, which the engine tells where it can."""
        kinds = dict(engine.columns)
        sql = self.sql(kinds, closely=engine.spread)
        numbers = tuple(kinds[name] in INTEGERS for name in self.columns)
        function = partial(_found, columns=self.columns, numbers=numbers, kinds=self.kinds)
        engine.derive(self.name, sql, function, _schema(), reads=self.columns)

    def sql(self, types: Mapping[str, str], *, closely: bool) -> str:
        """The texts `c0` … of the rows to look at, null where there is nothing to look for."""
        texts = [canonical_sql(name, types[name]) for name in self.columns]
        if not closely:
            texts = [self._candidate(name, text) for name, text in zip(self.columns, texts, strict=True)]
        named = ", ".join(f"{text} AS c{at}" for at, text in enumerate(texts))
        some = " OR ".join(f"c{at} IS NOT NULL" for at in range(len(texts)))
        start = f"SELECT {named}, {SPLIT}, {FILE}, {ROW} FROM data"  # noqa: S608 (all names are quoted)
        return f"SELECT * FROM ({start}) AS texts WHERE {some}"  # noqa: S608 (as above)

    def _candidate(self, name: str, text: str) -> str:
        pattern = candidates(self.kinds, name)
        return f"CASE WHEN regexp_matches({text}, {quote_text(pattern)}) THEN {text} END" if pattern else text


def _schema() -> pa.Schema:
    import pyarrow as pa

    label = pa.dictionary(pa.int32(), pa.string())
    labels = [(name, label) for name in (SPLIT, FILE)]
    texts = [(name, pa.string()) for name in ("field", "kind", "told")]
    return pa.schema([*labels, (ROW, pa.int64()), *texts, ("found", pa.int64())])


def _found(
    batches: Iterator[pa.RecordBatch], columns: Sequence[str], numbers: Sequence[bool], kinds: Sequence[str]
) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa

    for batch in batches:
        places = zip(*(batch.column(name).to_pylist() for name in (SPLIT, FILE, ROW)), strict=True)
        texts = zip(*(batch.column(f"c{at}").to_pylist() for at in range(len(columns))), strict=True)
        rows: list[dict[str, Any]] = []
        for (split, file, row), values in zip(places, texts, strict=True):
            found = list(_of_row(values, columns, numbers, kinds))
            counts = Counter((column, kind) for column, kind, _ in found)
            told = "; ".join(f"{column}: {kind} {shown}" for column, kind, shown in found[:TOLD])
            for (column, kind), count in counts.items():
                place = {SPLIT: split, FILE: file, ROW: row}
                rows.append({**place, "field": column, "kind": kind, "found": count, "told": told or None})
                told = ""
        yield pa.RecordBatch.from_pylist(rows, _schema())


def _of_row(
    values: Sequence[str | None], columns: Sequence[str], numbers: Sequence[bool], kinds: Sequence[str]
) -> Iterator[tuple[str, str, str]]:
    """Column, kind and mask of everything that is found in one row."""
    for text, column, number in zip(values, columns, numbers, strict=True):
        if text:
            for finding in found_in(text, kinds, column, number=number):
                yield column, finding.kind, finding.masked


def found_in(text: str, kinds: Sequence[str], column: str, *, number: bool = False) -> list[Any]:
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
    present = " OR ".join(_present(name, type_of(facts.columns, name)) for name in columns)
    request = PersonalRequest(columns, kinds)
    most = kwargs.get("max_count", 0)
    held = f"FROM {request.name} WHERE told IS NOT NULL"
    return Measure(
        columns=columns,
        count_sql=_count_sql(request.name, present),
        reduce=_reduce,
        what="rows hold personal data",
        threshold={"max_count": most},
        max_count=most,
        rows_sql=f"SELECT {FILE}, {ROW} {held}",
        examples=Examples(f"SELECT {FILE}, {ROW}, told AS found, {RANK} {held}", ("found",), values=False),
        keys=(request,),
        hint="mask them: registry mask NAME, or drop the rows: registry drop NAME --check ID",
        witness="",
    )


def _present(name: str, kind: str) -> str:
    quoted = quote_ident(name)
    return f"({quoted} IS NOT NULL AND {quoted} <> '')" if is_text(kind) else f"{quoted} IS NOT NULL"


def _count_sql(found: str, present: str) -> str:
    """Rows by split; and by kind and by column the things found (`total`) and the rows that hold them."""
    by = [
        f"SELECT '{what}' AS what, {what} AS name, sum(n) AS total, count(*) AS unexpected, 0 AS empty FROM "  # noqa: S608
        f"(SELECT {what}, sum(found) AS n FROM {found} GROUP BY {what}, {FILE}, {ROW}) AS each GROUP BY {what}"
        for what in ("field", "kind")
    ]
    return f"""WITH hits AS (
  SELECT CAST({SPLIT} AS VARCHAR) AS name, count(*) AS n FROM {found} WHERE told IS NOT NULL GROUP BY ALL
), totals AS (
  SELECT CAST({SPLIT} AS VARCHAR) AS name, count(*) FILTER ({present}) AS total,
    count(*) FILTER (NOT ({present})) AS empty FROM data GROUP BY ALL
)
SELECT 'split' AS what, totals.name, total, coalesce(n, 0) AS unexpected, empty
FROM totals LEFT JOIN hits ON totals.name = hits.name UNION ALL
{" UNION ALL ".join(by)} ORDER BY what, name"""  # noqa: S608 (all parts are quoted)


def _reduce(rows: Sequence[Mapping[str, Any]]) -> Counts:
    splits = [{**row, "split": row["name"]} for row in rows if row["what"] == "split"]
    total, unexpected, empty = (sum(int(row[name]) for row in splits) for name in ("total", "unexpected", "empty"))
    counts = {
        what: {
            row["name"]: {"found": int(row["total"]), "rows": int(row["unexpected"])}
            for row in rows
            if row["what"] == what
        }
        for what in ("kind", "field")
    }
    observed = {"empty": empty, "kinds": counts["kind"], "columns": counts["field"], "splits": by_split(splits)}
    note = "rows by kind: " + ", ".join(f"{kind} {found['rows']:,}" for kind, found in counts["kind"].items())
    share = unexpected / total if total else 0.0
    return Counts(total, unexpected, {**observed, "share": share}, note=note if counts["kind"] else "")


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
