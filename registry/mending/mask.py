"""`registry mask`: hides the personal data that the check finds, and leaves everything else as it is."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Literal

import numpy as np

from registry.checks.expectations.personal import PersonalRequest, columns_looked_at
from registry.checks.samples import Found as Rows
from registry.checks.samples import Sampler
from registry.checks.specs import Facts
from registry.checks.sql import INTEGERS, type_of
from registry.errors import DataError, UsageError
from registry.judge.judge import Bench, split_counts
from registry.mending.deliver import Delivered, Delivery, Target, deliver, target_of
from registry.mending.draw import Ints
from registry.mending.options import Writing
from registry.mending.pictures import Gallery, metadata_of, pictures_of
from registry.mending.record import Change, State
from registry.mending.rewrite import KEEP, Column, Edited, Original, Rewriting, Routing, Setting
from registry.mending.units import begins, place_sql
from registry.model.schema import DatasetSchema
from registry.privacy.find import KINDS, USUAL
from registry.privacy.mask import cover
from registry.tables.duck import Session
from registry.tables.formats import IMAGES
from registry.tables.images import IMAGE
from registry.tables.keys import make_keys
from registry.tables.table import FILE, ROW, SPLIT

CHECK = "expect_no_personal_data"


@dataclass(frozen=True, slots=True)
class Found:
    """Personal data in a table: its rows by column, in order; how many things by kind; rows by split; some by key."""

    places: Mapping[str, Ints]
    kinds: Mapping[str, int]
    splits: Mapping[str, int]
    samples: Sequence[Mapping[str, Any]] = field(default_factory=tuple)

    @property
    def rows(self) -> int:
        """Rows in which something was found."""
        return sum(self.splits.values())


@dataclass(frozen=True, slots=True)
class Masked:
    """What `mask` did, or would do.

    `keys` are columns that tell rows apart and lose values to it, `left` those whose fields have names that it leaves.
    """

    state: Literal["masked", "planned", "unchanged"]
    found: Found
    target: Target
    delivered: Delivered | None
    keys: tuple[str, ...] = ()
    left: tuple[str, ...] = ()


def mask(bench: Bench, kinds: Sequence[str], writing: Writing) -> Masked:
    """Masks what the dataset's checks for personal data look for, or these `kinds`, in the columns that they look at.

    Raises `UsageError` for an unknown kind, `DataError` for data without rows, `StateError` where old
    data would be lost.
    """
    if unknown := [kind for kind in kinds if kind not in KINDS]:
        raise UsageError(
            f"there is no kind `{unknown[0]}`", why=f"known are {', '.join(KINDS)}", hint="registry mask -h"
        )
    table, schema = bench.table, bench.rules.schema
    if not table.rows:
        raise DataError(f"{bench.dataset.path} holds no rows", why="there is nothing to mask")
    with bench.session() as session:
        facts = Facts.of(schema, table, session)
        wanted, columns = _wanted(bench, facts, kinds)
        found = find(session, schema, columns, wanted)
        target = target_of(bench, writing, directory=bench.snapshot.directory)
        if not found.rows and target.current:
            return Masked("unchanged", found, target, None)
        left = named_by_it({name: facts.columns[name] for name in found.places}, wanted)
        planned = Masked("planned", found, target, None, _keys(bench, found), left)
        if writing.dry_run:
            return planned
        original = Original(bench.snapshot, table, schema.encoding)
        rewriting = masking(original, session, found.places, wanted)
        splits = split_counts(session, table)
    delivery = Delivery(rewriting, schema, splits, partial(_change, bench, writing, found))
    return replace(planned, state="masked", delivered=deliver(bench, delivery, target, bench.options.progress))


def _wanted(bench: Bench, facts: Facts, kinds: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Kinds and columns: those of the checks, together; by default those that a check has by default."""
    checks = [one.kwargs for one in bench.rules.expectations if one.type == CHECK] or [{}]
    looked = {kind for kwargs in checks for kind in kwargs.get("kinds") or USUAL}
    chosen = tuple(kind for kind in KINDS if kind in (kinds or looked))
    columns = [name for kwargs in checks for name in kwargs.get("columns") or columns_looked_at(facts, chosen)]
    for name in columns:
        type_of(facts.columns, name)
    if not columns:
        raise UsageError("no column holds texts", why="there is nothing to mask", hint="registry check")
    return chosen, tuple(dict.fromkeys(columns))


def find(session: Session, schema: DatasetSchema, columns: tuple[str, ...], kinds: tuple[str, ...]) -> Found:
    """The personal data of these kinds in columns of the session's table."""
    name = make_keys(session, PersonalRequest(columns, kinds))
    sql = f"SELECT field, {place_sql(session.table)} AS place FROM {name} GROUP BY ALL ORDER BY ALL"  # noqa: S608
    places: dict[str, list[int]] = {}
    for batch in session.arrow(sql):
        for column, place in zip(batch["field"].to_pylist(), batch["place"].to_pylist(), strict=True):
            places.setdefault(column, []).append(place)
    by_kind = f"SELECT kind, sum(found) AS n FROM {name} GROUP BY 1 ORDER BY 1"  # noqa: S608 (a digest)
    by_split = f"SELECT CAST({SPLIT} AS VARCHAR) AS split, count(*) AS n FROM {name} WHERE told IS NOT NULL GROUP BY 1"  # noqa: S608
    counts = {row["split"]: int(row["n"]) for row in session.rows(by_split)}
    rows = Rows((), sql=f"SELECT {FILE}, {ROW} FROM {name} WHERE told IS NOT NULL")  # noqa: S608 (a digest)
    samples = Sampler(session, session.table, schema).draw(rows) if counts else ()
    return Found(
        {column: np.array(found, np.int64) for column, found in places.items()},
        {row["kind"]: int(row["n"]) for row in session.rows(by_kind)},
        {split: counts.get(split, 0) for split in session.table.splits},
        tuple({"row": sample["row"], "split": sample["split"]} for sample in samples),
    )


def named_by_it(types: Mapping[str, str], kinds: Collection[str]) -> tuple[str, ...]:
    """The columns, given with their types, that have fields called by personal data: a mask changes values alone.

    >>> named_by_it({"a": "VARCHAR", "b": 'STRUCT("hong@example.com" VARCHAR)'}, USUAL)
    ('b',)
    """
    return tuple(name for name, kind in types.items() if cover(kind, kinds, name) != kind)


def _keys(bench: Bench, found: Found) -> tuple[str, ...]:
    schema = bench.rules.schema
    unique = {*schema.keys, *(column.name for column in schema.columns if column.unique)}
    return tuple(name for name in found.places if name in unique)


def masking(original: Original, session: Session, places: Mapping[str, Ints], kinds: tuple[str, ...]) -> Rewriting:
    """Every row where it is, with what was found at `places` of each column masked; numbers become null."""
    paths = tuple(part.path for part in original.table.parts)
    columns = {name: _column(session, name, found, kinds) for name, found in places.items()}
    if original.table.format != IMAGES:
        of_row = np.repeat(np.arange(len(paths)), np.diff(begins(original.table)))
        return Routing(paths, of_row, columns)
    if columns and (IMAGE in columns or not metadata_of(original)):
        raise UsageError(
            "the personal data stands in names of files or directories",
            why="a mask would give several pictures one name",
            hint="rename them, then registry add",
        )
    pictures = pictures_of(original.table)
    return Gallery(pictures, pictures, columns=columns)


def _column(session: Session, name: str, places: Ints, kinds: tuple[str, ...]) -> Setting:
    """What becomes of a column: what was found in its texts is covered; a number has no room for a mask, and goes."""
    if dict(session.columns)[name] in INTEGERS:
        of_row = np.full(session.table.rows, KEEP, np.int64)
        of_row[places] = 0
        return Column(of_row, [None])
    wanted = np.zeros(session.table.rows, np.bool_)
    wanted[places] = True
    return Edited(wanted, lambda text, around: cover(text, kinds, f"{name} {around}".rstrip()))


def _change(bench: Bench, writing: Writing, found: Found, before: State, after: State) -> Change:
    columns = {name: len(places) for name, places in found.places.items()}
    details = {"kinds": dict(found.kinds), "columns": columns, "rows": dict(found.splits)}
    samples = [dict(sample) for sample in found.samples]
    return Change(bench.dataset.name, "mask", writing.reason, before, after, {"mask": {**details, "samples": samples}})
