"""Each row to its split: units from the data, cuts from the shares, or from the record of an earlier split."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from registry.checks.expectations.leakage import default_columns
from registry.checks.specs import Facts
from registry.checks.suite import Expectation
from registry.errors import UsageError
from registry.mending.draw import Ints, Strata, places, places_by_stratum, plain_cuts
from registry.mending.options import FOLD, SplitOptions
from registry.mending.timeline import Spans, moments, places_in_time
from registry.mending.units import Units, Wanted, by_row, moment_sql, require_column, units_of
from registry.model.digest import sha256_of
from registry.model.schema import DatasetSchema
from registry.tables.duck import Session, quote_ident, quote_text
from registry.tables.keys import canonical_sql, is_nan
from registry.tables.table import SPLIT

MOST_STRATA = 10_000
DISJOINT, GROUPS = "expect_splits_to_be_disjoint", "expect_groups_not_to_cross_splits"
NEAR = "expect_splits_to_have_no_near_duplicates"


@dataclass(frozen=True, slots=True)
class Assignment:
    """Of each row (in the order of parts) the place of its split among `splits`, and its fold, if any were asked for.

    `cuts` are what the next split of grown data must keep; `units` counts what was drawn,
    `largest` the rows of the greatest unit.
    """

    splits: tuple[str, ...]
    of_row: Ints
    folds: Ints | None
    units: int
    largest: int
    wanted: Wanted
    cuts: Mapping[str, Any] = field(default_factory=dict)


def assign(
    session: Session,
    schema: DatasetSchema,
    expectations: Sequence[Expectation],
    options: SplitOptions,
    known: Mapping[str, Any],
) -> Assignment:
    """The split of every row of the session's table; `known` are the cuts of an earlier split by the same plan.

    Raises `UsageError` for a column that the data lacks, and where whole units cannot fill
    every split.
    """
    wanted = wanted_of(Facts.of(schema, session.table, session), expectations, options)
    units = units_of(session, wanted, options.seed)
    found, cuts = _splits(session, units, options, known)
    counts = np.bincount(found, weights=units.rows, minlength=len(options.shares))
    empty = [split for split, rows in zip(options.shares, counts.tolist(), strict=True) if not rows]
    if empty:
        raise UsageError(
            f"no row would fall to the split {', '.join(empty)}",
            why=_why_empty(units),
            hint=_fill(units, wanted, options),
        )
    folds = None
    if options.folds:
        folds, cuts["folds"] = _folds(session, units, options, known)
    of_row = found[units.of_row]
    in_rows = None if folds is None else folds[units.of_row]
    largest = int(units.rows.max(initial=0))
    return Assignment(tuple(options.shares), of_row, in_rows, len(units), largest, wanted, cuts)


def _why_empty(units: Units) -> str:
    total, largest = int(units.rows.sum()), int(units.rows.max(initial=0))
    made = f"{total:,} rows make {len(units):,} units that stay together"
    return f"{made}, and one of them holds {largest:,} rows" if largest > total / 4 else made


def _fill(units: Units, wanted: Wanted, options: SplitOptions) -> str:
    """What to ask for instead: of what was given only what can be left out."""
    if len(units) < len(options.shares):
        others = "name fewer splits"
    else:
        others = "raise its share, or try another --seed"
        others += "" if options.stratify or options.time else ", or --stratify C, which meets the shares more closely"
    tied = ["--keep-near-duplicates-together"] if options.near else []
    if wanted.group:
        tied.append(f"--group {options.group}" if options.group else f"the role group of `{wanted.group}`")
    if not tied or int(units.rows.max(initial=0)) <= int(units.rows.sum()) / 4:
        return others
    return f"leave out {' or '.join(tied)}, which ties so many rows together; else {others}"


def wanted_of(facts: Facts, expectations: Sequence[Expectation], options: SplitOptions) -> Wanted:
    """What makes a unit: what the options name, and what the schema and the suite would find parted."""
    schema, columns = facts.schema, facts.columns
    for name in filter(None, (options.group, options.stratify, options.time)):
        require_column(name, facts.columns)
    drawn = {facts.image} if facts.image else set()
    drawn |= {column.name for column in schema.columns_of_role("split")} | ({FOLD} if options.folds else set())
    known = replace(facts, columns={name: kind for name, kind in columns.items() if name not in drawn})
    group = options.group or facts.role("group") or None
    sets: list[tuple[str, ...]] = [(facts.image,)] if facts.image else []
    sets.append(default_columns(known))
    sets += [tuple(one.kwargs["columns"]) for one in expectations if one.type == DISJOINT and one.kwargs.get("columns")]
    groups = [group] if group else []
    groups += [facts.role("group", one.kwargs.get("column")) for one in expectations if one.type == GROUPS]
    keys = schema.keys if all(name in columns and name not in drawn for name in schema.keys) else ()
    return Wanted(
        group=group,
        key=keys,
        groups=tuple(dict.fromkeys(name for name in groups if name in columns)),
        compared=tuple(dict.fromkeys(chosen for chosen in sets if chosen and set(chosen) <= columns.keys())),
        **(_near(facts, expectations) if options.near else {}),
        ignored=tuple(drawn),
        image=facts.image,
    )


def _near(facts: Facts, expectations: Sequence[Expectation]) -> dict[str, Any]:
    from registry.tables.near import NearOptions

    named = [one for one in expectations if one.type == NEAR]
    texts = [column.name for column in facts.schema.columns_of_role("text")]
    texts += [one.kwargs["column"] for one in named if one.kwargs.get("column")]
    present = tuple(dict.fromkeys([*(name for name in texts if name in facts.columns), *filter(None, [facts.image])]))
    if not present:
        raise UsageError(
            "no column has the role text, so nothing can be nearly equal",
            hint="declare `role: text` in the schema, or leave out --keep-near-duplicates-together",
        )
    least = min((float(one.kwargs.get("threshold", 0.8)) for one in named), default=0.8)
    return {"near": present, "options": NearOptions(threshold=least)}


def _splits(
    session: Session, units: Units, options: SplitOptions, known: Mapping[str, Any]
) -> tuple[Ints, dict[str, Any]]:
    if options.time:
        return _by_time(session, units, options, known)
    if options.stratify:
        return _by_stratum(session, units.draws, units, options, options.shares, known.get("strata", {}), "strata")
    return places(units.draws, plain_cuts(options.shares)), {}


def _folds(
    session: Session, units: Units, options: SplitOptions, known: Mapping[str, Any]
) -> tuple[Ints, Mapping[str, Any]]:
    count = options.folds or 1
    shares = {str(fold): 1 / count for fold in range(count)}
    if not options.stratify:
        return places(units.fold_draws, plain_cuts(shares)), {}
    cuts = known.get("folds", {})
    found, laid = _by_stratum(session, units.fold_draws, units, options, shares, cuts, "strata")
    return found, laid["strata"]


def _by_stratum(
    session: Session,
    draws: Ints,
    units: Units,
    options: SplitOptions,
    shares: Mapping[str, float],
    known: Mapping[str, Any],
    name: str,
) -> tuple[Ints, dict[str, Any]]:
    strata = _strata(session, units, options.stratify or "")
    kept = {stratum: tuple(cuts) for stratum, cuts in known.items()}
    found, laid = places_by_stratum(draws, units.rows, strata, shares, kept)
    return found, {name: {stratum: list(cuts) for stratum, cuts in laid.items()}}


def _strata(session: Session, units: Units, column: str) -> Strata:
    """The stratum of each unit is that of its first row; its name a digest, so that records hold no values."""
    text = canonical_sql(column, dict(session.columns)[column])
    sql = f"SELECT DISTINCT {text} AS value FROM data ORDER BY value NULLS FIRST LIMIT {MOST_STRATA + 1}"  # noqa: S608
    values = [row["value"] for row in session.rows(sql)]
    if len(values) > MOST_STRATA:
        raise UsageError(
            f"`{column}` has more than {MOST_STRATA:,} values",
            why="strata are classes, each with many rows",
            hint="stratify by a label, or leave --stratify out",
        )
    of_row = by_row(session, {"stratum": f"dense_rank() OVER (ORDER BY {text} NULLS FIRST) - 1"})["stratum"]
    names = tuple("null" if value is None else sha256_of(str(value).encode())[:16] for value in values)
    return Strata(of_row[units.first], names)


def _by_time(
    session: Session, units: Units, options: SplitOptions, known: Mapping[str, Any]
) -> tuple[Ints, dict[str, Any]]:
    """Units without any time fall to the first split."""
    of_row, timed = _moments(session, options.time or "")
    ends = np.iinfo(np.int64) if of_row.dtype == np.int64 else np.finfo(np.float64)
    first = np.full(len(units), ends.max, of_row.dtype)
    last = np.full(len(units), ends.min, of_row.dtype)
    np.minimum.at(first, units.of_row[timed], of_row[timed])
    np.maximum.at(last, units.of_row[timed], of_row[timed])
    dated = np.flatnonzero(first <= last)
    spans = Spans(first[dated], last[dated], units.rows[dated])
    cuts = tuple(known["moments"]) if "moments" in known else moments(spans, options.shares)
    found = np.zeros(len(units), np.int64)
    found[dated] = places_in_time(spans, cuts)
    return found, {"moments": list(cuts)}


def _moments(session: Session, column: str) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, np.dtype[np.bool_]]]:
    """Of each row its moment, and whether it has one; a text that is no time raises `UsageError`."""
    kind = dict(session.columns)[column]
    moment, quoted = moment_sql(column, kind), quote_ident(column)
    if kind in ("FLOAT", "DOUBLE"):
        moment = f"CASE WHEN NOT {is_nan(quoted)} THEN {moment} END"
    flags = {"timed": f"CAST({moment} IS NOT NULL AS BIGINT)", "broken": _broken_sql(quoted, moment, kind)}
    found = by_row(session, {"moment": f"coalesce({moment}, 0)", **flags})
    if broken := int(found["broken"].sum()):
        raise UsageError(
            f"{broken:,} values of `{column}` are no times",
            why="a time reads 2024-01-31 or 2024-01-31T09:00:00+09:00",
            hint=f"mend them, or leave out --time {column}",
        )
    return found["moment"], found["timed"].astype(bool)


def _broken_sql(quoted: str, moment: str, kind: str) -> str:
    text = f"nullif(trim({quoted}), '')" if kind == "VARCHAR" else "NULL"
    return f"CAST({text} IS NOT NULL AND {moment} IS NULL AS BIGINT)"


def moved(session: Session, assignment: Assignment) -> int:
    """How many rows stand in another split than they are assigned to."""
    names = ", ".join(quote_text(split) for split in assignment.splits)
    known = f"coalesce(list_position([{names}], CAST({SPLIT} AS VARCHAR)) - 1, -1)"
    before = by_row(session, {"split": f"CAST({known} AS BIGINT)"})["split"]
    return int((before != assignment.of_row).sum())
