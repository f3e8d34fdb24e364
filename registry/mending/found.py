"""Every row that a check finds, not only the samples that its evidence shows.

Of equal rows those beyond the first count, in the order of file and row, as the interface
defines duplicates; of a leak those of the later split.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import combinations
from typing import Any

import numpy as np

from registry.cards.terms import IDS
from registry.checks.conditions import to_sql
from registry.checks.expectations import OURS
from registry.checks.maps import METRICS, domain_of, unexpected_count
from registry.checks.plan import repeated
from registry.checks.specs import Counts, Facts, Measure
from registry.checks.suite import Expectation
from registry.errors import UsageError
from registry.mending.draw import Ints
from registry.mending.units import place_sql
from registry.tables.duck import Session, quote_ident, quote_text
from registry.tables.keys import make_keys
from registry.tables.table import FILE, ROW

GROUPED = ("column_values.unique", "compound_columns.unique")
BUILT_IN = ("data:rows", "data:readable", "schema:columns", "schema:types", *IDS)


class NamesNoRowsError(UsageError):
    """A check that is about no single rows, so that none can be dropped for it."""


def chosen(expectations: Sequence[Expectation], ids: Iterable[str]) -> list[Expectation]:
    """The expectations with these ids; an unknown id raises `UsageError` with the nearest ones."""
    known = {one.check_id: one for one in expectations}
    found = []
    for check in dict.fromkeys(ids):
        if check in BUILT_IN:
            raise _names_none(check, "it is about the files or the card, not about rows")
        if check not in known:
            near = get_close_matches(check, known, 3, 0.4)
            meant = " or ".join(f"`{one}`" for one in near)
            why = f"did you mean {meant}?" if near else f"known are {', '.join(known)}"
            raise UsageError(f"there is no check `{check}`", why=why, hint="registry check NAME")
        found.append(known[check])
    return found


@dataclass(frozen=True, slots=True)
class Rows:
    """The places (in the order of parts) of all rows that a check finds, ascending; of each the row that speaks for it.

    A witness is the earlier row that a row repeats; -1 where a check has none.
    """

    places: Ints
    witnesses: Ints

    def without(self, kept: np.ndarray[Any, np.dtype[np.bool_]]) -> Rows:
        """Those that are not marked in `kept`, which has a mark for each row of the data."""
        others = ~kept[self.places]
        return Rows(self.places[others], self.witnesses[others])


def rows_found(session: Session, expectation: Expectation, facts: Facts) -> Rows:
    """All rows that the check finds.

    Raises `UsageError` for a check that names no rows or that the data does not let measure.
    """
    sql, witness = rows_sql(session, expectation, facts)
    other = place_sql(session.table, "found", "other_file", "other_row") if witness else "CAST(-1 AS BIGINT)"
    place = place_sql(session.table, "found")
    placed = f"SELECT {place} AS place, min({other}) AS other FROM ({sql}) AS found GROUP BY ALL ORDER BY 1"  # noqa: S608
    batches = [
        np.array([batch["place"].to_pylist(), batch["other"].to_pylist()], np.int64) for batch in session.arrow(placed)
    ]
    found = np.concatenate([np.zeros((2, 0), np.int64), *batches], axis=1)
    return Rows(found[0], found[1])


def require_survivors(each: Mapping[str, Rows], name: str = "NAME") -> None:
    """Raises `UsageError` where two checks between them would remove a row and the very row that it repeats.

    A check that removes the witnesses of its own rows too (label conflicts) means to keep none
    of them, so that nothing is lost by mistake; what it removes is no other check's to keep.
    """
    whole = [rows for rows in each.values() if np.isin(rows.witnesses, rows.places).all()]
    gone = {place for rows in whole for place in rows.places.tolist()}
    pairs = {check: _pairs(rows, gone) for check, rows in each.items()}
    for one, two in combinations(pairs, 2):
        mutual = sum((other, place) in pairs[two] for place, other in pairs[one])
        if mutual:
            raise UsageError(
                f"`{one}` and `{two}` together would remove both of two equal rows, {mutual:,} times",
                why="each check keeps the one that the other removes",
                hint=f"registry drop {name} --check {one}, then registry add, then look at {two} again",
            )


def _pairs(rows: Rows, gone: Container[int]) -> set[tuple[int, int]]:
    """Each row with its witness, but for rows without one and those that are `gone` anyway."""
    both = zip(rows.places.tolist(), rows.witnesses.tolist(), strict=True)
    return {(place, other) for place, other in both if other >= 0 and place not in gone}


def rows_sql(session: Session, expectation: Expectation, facts: Facts) -> tuple[str, bool]:
    """A statement whose rows hold `__file` and `__row` of every row found, and whether it names witnesses too.

    The tables that it needs are made.
    """
    spec = OURS.get(expectation.type)
    if spec is None:
        return _core(expectation, facts), False
    defaults = {kwarg.name: kwarg.default for kwarg in spec.form.kwargs if not kwarg.required}
    measure = spec.measure({**defaults, **expectation.kwargs}, facts)
    if not isinstance(measure, Measure):
        raise UsageError(
            f"the check `{expectation.check_id}` finds no rows", why=measure.why, hint="registry check NAME"
        )
    for request in measure.keys:
        make_keys(session, request)
    counted = measure.reduce(session.rows(measure.count_sql))
    if counted.nothing:
        raise UsageError(
            f"the check `{expectation.check_id}` is not measured", why=counted.nothing, hint="registry check NAME"
        )
    if measure.rows_sql is None:
        raise _names_none(expectation.check_id, f"it judges the data as a whole (whether {measure.what})")
    _require_no_doubt(session, expectation, measure, counted)
    return measure.rows_sql, bool(measure.witness)


def _require_no_doubt(session: Session, expectation: Expectation, measure: Measure, counted: Counts) -> None:
    """Raises `UsageError` where the rows found prove nothing, also where the check would let so many pass."""
    if not counted.unexpected or measure.doubt is None:
        return
    why = measure.doubt(session, {**counted.observed, "unexpected": counted.unexpected})
    if why:
        named = f"`columns` of `{expectation.check_id}` in {expectation.path or 'the suite'}"
        raise UsageError(
            f"the rows that the check `{expectation.check_id}` finds may all be sound, so none is dropped",
            why=why,
            hint=f"set {named} to what identifies a row, or leave the rows as they are",
        )


def _core(expectation: Expectation, facts: Facts) -> str:
    base = METRICS.get(expectation.type)
    if base is None:
        raise _names_none(expectation.check_id, "it judges a column, or the table, as a whole")
    where = to_sql(expectation.condition, facts.columns) if expectation.condition else ""
    kwargs = {kwarg.name: kwarg.default for kwarg in expectation.form.kwargs if not kwarg.required}
    kwargs.update(expectation.kwargs)
    domain = domain_of(base, kwargs, facts.columns)
    if base in GROUPED:
        return _beyond_first(repeated(domain, where), domain.columns, where, facts)
    found = unexpected_count(base, domain, kwargs, facts.columns)
    condition = f"({where}) AND {found}" if where else found
    return f"SELECT {FILE}, {ROW} FROM data WHERE {condition}"  # noqa: S608 (all parts are quoted)


def _beyond_first(start: str, columns: Sequence[str], where: str, facts: Facts) -> str:
    names = [quote_ident(name) for name in columns]
    same = " AND ".join(f"d.{name} IS NOT DISTINCT FROM repeated.k{i}" for i, name in enumerate(names))
    keys = ", ".join(f"d.{name}" for name in names)
    condition = f" WHERE {where}" if where else ""
    order = f"list_position([{_texts(facts.files)}], d.{FILE}), d.{ROW}"
    return f"""{start}, numbered AS (
  SELECT d.{FILE}, d.{ROW}, row_number() OVER (PARTITION BY {keys} ORDER BY {order}) AS nth
  FROM data AS d SEMI JOIN repeated ON {same}{condition}
)
SELECT {FILE}, {ROW} FROM numbered WHERE nth > 1"""  # noqa: S608 (all parts are quoted)


def _texts(files: Iterable[str]) -> str:
    return ", ".join(quote_text(file) for file in files)


def _names_none(check: str, why: str) -> NamesNoRowsError:
    return NamesNoRowsError(f"the check `{check}` names no rows", why=why, hint="registry check NAME")


def by_split(rows: Ints, of_row: Ints, splits: Sequence[str]) -> Mapping[str, int]:
    """How many of `rows` stand in each split."""
    counts = np.bincount(of_row[rows], minlength=len(splits))
    return {split: int(count) for split, count in zip(splits, counts.tolist(), strict=True)}
