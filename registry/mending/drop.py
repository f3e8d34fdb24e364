"""`registry drop`: removes the rows that named checks found, and nothing else."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np

from registry.checks.samples import Sampler
from registry.checks.specs import Facts
from registry.checks.suite import expectations_of, joined
from registry.errors import DataError, UsageError
from registry.judge.judge import Bench, judge
from registry.mending.deliver import Delivered, Delivery, Target, deliver, target_of
from registry.mending.draw import Ints
from registry.mending.found import NamesNoRowsError, by_split, chosen, require_survivors, rows_found
from registry.mending.homes import require_classes
from registry.mending.options import Writing
from registry.mending.pictures import Gallery, metadata_of, pictures_of
from registry.mending.record import Change, State
from registry.mending.rewrite import NOWHERE, Original, Rewriting, Routing
from registry.mending.units import begins, by_row
from registry.schemas.verify import derived_suite
from registry.tables.duck import Session, quote_text
from registry.tables.formats import IMAGES
from registry.tables.table import SPLIT, Table


@dataclass(frozen=True, slots=True)
class Found:
    """The rows that the checks found: their places among all rows, how many by check and by split, and what is left."""

    places: Ints
    by_check: Mapping[str, int]
    dropped: Mapping[str, int]
    left: Mapping[str, int]
    samples: Sequence[Any] = field(default_factory=tuple)


@dataclass(frozen=True, slots=True)
class Drop:
    """What `drop` did, or would do."""

    state: Literal["dropped", "planned", "unchanged"]
    found: Found
    target: Target
    delivered: Delivered | None


def drop(bench: Bench, checks: Sequence[str], writing: Writing, keep: Sequence[str] = ()) -> Drop:
    """Removes what `checks` (by id) found; nothing is written where they found nothing.

    No row of the splits in `keep` goes: of a leak the rows that the other splits share with them.
    Raises `UsageError` for an unknown check or one that names no rows, `DataError` where
    nothing would be left, `StateError` where old data would be lost.
    """
    if not checks:
        raise UsageError("no check is named", why="rows are dropped as a check found them", hint=_advice(bench))
    table = bench.table
    if not table.rows:
        raise DataError(f"{bench.dataset.path} holds no rows", why="there is nothing to drop")
    try:
        found = find(bench, checks, keep)
    except NamesNoRowsError as error:
        raise UsageError(error.message, why=error.why, hint=_advice(bench)) from error
    target = target_of(bench, writing, directory=bench.snapshot.directory)
    if not len(found.places) and target.current:
        return Drop("unchanged", found, target, None)
    if not sum(found.left.values()):
        raise DataError("every row would be dropped", why=f"{', '.join(checks)} found all of them")
    planned = Drop("planned", found, target, None)
    if writing.dry_run:
        return planned
    delivery = Delivery(
        without(Original(bench.snapshot, table, bench.rules.schema.encoding), found.places),
        bench.rules.schema,
        found.left,
        lambda before, after: _change(bench, writing, found, before, after),
    )
    return replace(planned, state="dropped", delivered=deliver(bench, delivery, target, bench.options.progress))


def _advice(bench: Bench) -> str:
    """The checks of this dataset that have rows to drop, as a command; that there are none is said too."""
    name = bench.dataset.name
    found = [check.id for check in judge(bench).checks if check.unexpected and check.status in ("fail", "waived")]
    fit = [check for check in found if _names_rows(bench, check)]
    if not fit:
        return f"registry check {name}; none of its checks has rows to drop"
    others = f" (or {', '.join(fit[1:])})" if fit[1:] else ""
    return f"registry drop {name} --check {shlex.quote(fit[0])}{others}"


def _names_rows(bench: Bench, check: str) -> bool:
    try:
        return bool(len(find(bench, [check]).places))
    except UsageError:
        return False


def without(original: Original, places: Ints) -> Rewriting:
    """All rows but those at `places`, each where it is."""
    table = original.table
    if table.format == IMAGES:
        paths = pictures_of(table)
        gone = set(places.tolist())
        targets = tuple(None if at in gone else path for at, path in enumerate(paths))
        if not metadata_of(original):
            require_classes(paths, [path for path in targets if path])
        return Gallery(paths, targets)
    of_row = np.repeat(np.arange(len(table.parts)), np.diff(begins(table)))
    of_row[places] = NOWHERE
    return Routing(tuple(part.path for part in table.parts), of_row)


def find(bench: Bench, checks: Sequence[str], keep: Sequence[str] = ()) -> Found:
    """All rows that the checks find outside `keep`, in one reading of the data as it is.

    Splits that are kept count as the first ones, so that a leak is found in what stands beside them.
    """
    table, schema = bench.table, bench.rules.schema
    if unknown := [split for split in keep if split not in table.splits]:
        why = f"the data has {', '.join(table.splits)}"
        raise UsageError(f"there is no split {', '.join(unknown)} to keep", why=why, hint="registry drop NAME --help")
    derived = expectations_of(derived_suite(schema), bench.dataset.schema)
    named = chosen(joined([derived, bench.rules.expectations]), checks)
    with bench.session() as session:
        facts = Facts.of(schema, table, session, bench.references.references)
        facts = replace(facts, splits=(*keep, *(split for split in table.splits if split not in keep)))
        of_row = _splits(session, table)
        kept = np.isin(of_row, [table.splits.index(split) for split in keep])
        each = {one.check_id: rows_found(session, one, facts).without(kept) for one in named}
        require_survivors(each, bench.dataset.name)
        places = np.unique(np.concatenate([np.zeros(0, np.int64), *(rows.places for rows in each.values())]))
        names = _names(bench, session, places)
    dropped = by_split(places, of_row, table.splits)
    every = by_split(np.arange(table.rows), of_row, table.splits)
    left = {split: every[split] - dropped[split] for split in table.splits}
    return Found(places, {check: len(rows.places) for check, rows in each.items()}, dropped, left, names)


def _splits(session: Session, table: Table) -> Ints:
    names = ", ".join(quote_text(split) for split in table.splits)
    at = f"CAST(list_position([{names}], CAST({SPLIT} AS VARCHAR)) - 1 AS BIGINT)"
    found: Ints = by_row(session, {"at": at})["at"]
    return found


def _names(bench: Bench, session: Session, places: Ints) -> tuple[Any, ...]:
    """Up to 20 rows by key, as the evidence names them: no values."""
    from registry.checks.samples import Found as Rows

    if not len(places):
        return ()
    start, parts = begins(bench.table), bench.table.parts
    chosen_rows = []
    for place in places[:20].tolist():
        part = int(np.searchsorted(start, place, "right")) - 1
        chosen_rows.append(f"({quote_text(str(parts[part].parquet))}, {place - int(start[part])})")
    where = f"(d.__file, d.__row) IN ({', '.join(chosen_rows)})"
    samples = Sampler(session, bench.table, bench.rules.schema).draw(Rows((), where=where))
    return tuple({"row": sample["row"], "split": sample["split"]} for sample in samples)


def _change(bench: Bench, writing: Writing, found: Found, before: State, after: State) -> Change:
    details = {"drop": {"checks": dict(found.by_check), "rows": dict(found.dropped), "samples": list(found.samples)}}
    return Change(bench.dataset.name, "drop", writing.reason, before, after, details)
