"""`registry split`: draws splits that cannot leak, and writes the data anew."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from registry.errors import ConfigError, DataError, UsageError
from registry.judge.judge import Bench
from registry.mending.assign import Assignment, assign, moved
from registry.mending.declare import declare_fold, with_fold
from registry.mending.deliver import Delivered, Delivery, Target, deliver, target_of
from registry.mending.homes import apart, homes_of, require_classes, require_read
from registry.mending.options import FOLD, SplitOptions, Writing
from registry.mending.outputs import split_files
from registry.mending.pictures import Gallery, metadata_of, pictures_of
from registry.mending.record import Change, State, records_of
from registry.mending.rewrite import Column, Original, Rewriting, Routing
from registry.mending.units import begins
from registry.model.schema import DatasetSchema
from registry.tables.formats import IMAGES


@dataclass(frozen=True, slots=True)
class Split:
    """What `split` did, or would do: the assignment, how many rows change their split, what was written."""

    state: Literal["split", "planned", "unchanged"]
    assignment: Assignment
    moved: int
    target: Target
    delivered: Delivered | None

    @property
    def rows(self) -> dict[str, int]:
        """Rows of each split."""
        counts = np.bincount(self.assignment.of_row, minlength=len(self.assignment.splits))
        return dict(zip(self.assignment.splits, map(int, counts.tolist()), strict=True))

    @property
    def folds(self) -> list[int]:
        """Rows of each fold, if any."""
        folds = self.assignment.folds
        return [] if folds is None else [int(rows) for rows in np.bincount(folds).tolist()]


def split(bench: Bench, options: SplitOptions, writing: Writing) -> Split:
    """Draws the splits of the dataset on the bench and writes them; nothing where no row moves.

    Raises `DataError` for unreadable or empty data, `UsageError` and `ConfigError` for what
    cannot be drawn or named, `StateError` where old data would be lost.
    """
    table, schema = bench.table, bench.rules.schema
    if not table.rows:
        raise DataError(f"{bench.dataset.path} holds no rows", why="there is nothing to split")
    target = target_of(bench, writing, directory=table.split_column is None)
    known = known_cuts(bench, options) if target.current else {}
    _vet_fold(bench, options)
    _vet_names(schema, table.split_column, options)
    with bench.session() as session:
        assignment = assign(session, schema, bench.rules.expectations, options, known)
        moves = moved(session, assignment)
    original = Original(bench.snapshot, table, schema.encoding)
    rows = rows_of(original, schema, assignment)
    settled = target.current and assignment.cuts == known
    planned = Split("planned", assignment, moves, target, None)
    if settled and rows.stays(original) and not moves and not options.folds:
        return replace(planned, state="unchanged")
    if writing.dry_run:
        return planned
    delivery = Delivery(
        rows,
        with_fold(schema) if options.folds else schema,
        planned.rows,
        lambda before, after: _change(bench, options, writing, planned, (before, after)),
        lambda: _declare(bench, options),
        idle=settled,
    )
    delivered = deliver(bench, delivery, target, bench.options.progress)
    return replace(planned, state="split" if delivered else "unchanged", delivered=delivered)


def known_cuts(bench: Bench, options: SplitOptions) -> Mapping[str, Any]:
    """The cuts of the latest split of this dataset by the same plan, or none."""
    plans = [
        document["split"]
        for _, document in records_of(bench.workspace, bench.dataset.name)
        if document.get("kind") == "split" and document.get("split", {}).get("plan") == options.plan()
    ]
    cuts: Mapping[str, Any] = plans[-1]["cuts"] if plans else {}
    return cuts


def rows_of(original: Original, schema: DatasetSchema, assignment: Assignment) -> Rewriting:
    """One file or directory a split; where a column names the split, rows stay in theirs and the column is set."""
    table = original.table
    columns: dict[str, Column] = {}
    if assignment.folds is not None:
        columns[FOLD] = Column(assignment.folds, range(int(assignment.folds.max(initial=0)) + 1))
    if table.split_column is not None:
        columns[table.split_column] = Column(assignment.of_row, assignment.splits)
    if table.format == IMAGES:
        return _gallery(original, schema, assignment, columns)
    if table.split_column is not None:
        sizes = np.diff(begins(table))
        return Routing(tuple(part.path for part in table.parts), np.repeat(np.arange(len(sizes)), sizes), columns)
    files = split_files(table, schema, assignment.splits)
    return Routing(tuple(files[name] for name in assignment.splits), assignment.of_row, columns)


def _gallery(
    original: Original, schema: DatasetSchema, assignment: Assignment, columns: Mapping[str, Column]
) -> Gallery:
    """Each picture in the directory of its split; they must still be read as of it, and of their class."""
    paths, described = pictures_of(original.table), bool(metadata_of(original))
    if original.table.split_column is not None:
        return Gallery(paths, paths, columns=columns)
    homes = homes_of(paths, schema, described=described)
    splits = tuple(assignment.splits[at] for at in assignment.of_row.tolist())
    wanted = [homes.move(path, split) for path, split in zip(paths, splits, strict=True)]
    digests = {entry.path: entry.sha256 for entry in original.snapshot.files}
    targets = tuple(apart(paths, wanted, digests))
    require_read(dict(zip(targets, splits, strict=True)), schema)
    if not described:
        require_classes(paths, targets)
    return Gallery(paths, targets, homes, splits, columns)


def _vet_fold(bench: Bench, options: SplitOptions) -> None:
    """A column called `fold` may be set anew only if it was drawn here."""
    if not options.folds or FOLD not in dict(bench.table.columns):
        return
    records = [document for _, document in records_of(bench.workspace, bench.dataset.name)]
    if not any(record.get("split", {}).get("plan", {}).get("folds") for record in records):
        raise UsageError(f"the data has a column `{FOLD}` already", why="--folds would overwrite it", hint="rename it")


def _vet_names(schema: DatasetSchema, split_column: str | None, options: SplitOptions) -> None:
    column = schema.column(split_column) if split_column else None
    allowed = [str(value) for value in (column.classes or column.enum)] if column else []
    unknown = [name for name in options.shares if allowed and name not in allowed]
    if unknown:
        raise ConfigError(
            f"`{split_column}` may not hold {', '.join(unknown)}",
            why=f"the schema allows {', '.join(allowed)}",
            hint=f"add them to the values of `{split_column}` in the schema",
        )


def _declare(bench: Bench, options: SplitOptions) -> tuple[str, ...]:
    if not options.folds:
        return ()
    file = bench.workspace.root / bench.dataset.schema
    return (bench.dataset.schema,) if declare_fold(file, bench.rules.schema) else ()


def _change(
    bench: Bench, options: SplitOptions, writing: Writing, planned: Split, states: tuple[State, State]
) -> Change:
    wanted = planned.assignment.wanted
    together = {"group": wanted.group, "key": list(wanted.key), "equal": [list(columns) for columns in wanted.compared]}
    details = {
        "plan": options.plan(),
        "cuts": dict(planned.assignment.cuts),
        "together": {**together, "near": list(wanted.near)},
        "units": planned.assignment.units,
    }
    return Change(bench.dataset.name, "split", writing.reason, *states, {"split": details, "moved": planned.moved})
