"""`registry relabel`: sets labels as people decided, and touches nothing else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path, PurePosixPath
from typing import Any, Literal

import numpy as np

from registry.checks.discreet import discreet
from registry.checks.expectations.balance import value_name
from registry.checks.samples import Sampler
from registry.checks.specs import value_sql
from registry.checks.sql import FLOATS, INTEGERS, is_text
from registry.errors import ConfigError, DataError, UsageError
from registry.judge.judge import Bench, split_counts
from registry.mending.chunks import Value
from registry.mending.corrections import Correction, Decisions, Signed, read_corrections, require
from registry.mending.deliver import Delivered, Delivery, Target, deliver, target_of
from registry.mending.homes import apart, require_classes
from registry.mending.options import Writing
from registry.mending.pictures import Gallery, pictures_of
from registry.mending.record import Change, State
from registry.mending.rewrite import KEEP, Column, Original, Rewriting, Routing
from registry.mending.units import begins, place_sql
from registry.tables.duck import Session, quote_ident
from registry.tables.engine import text_of
from registry.tables.formats import IMAGES
from registry.tables.images import LABEL, has_classes
from registry.tables.table import FILE, ROW, SPLIT


@dataclass(frozen=True, slots=True)
class Applied:
    """The corrections with the places (in the order of parts) and splits of their rows, and the rows of each split."""

    decisions: Decisions
    column: str
    places: tuple[int, ...]
    splits: tuple[str, ...]
    rows: Mapping[str, int]
    values: Mapping[str, Value]

    @property
    def by_split(self) -> dict[str, int]:
        """How many labels of each split change."""
        return dict(sorted(Counter(self.splits).items()))

    @property
    def moves(self) -> list[dict[str, Any]]:
        """How many labels change from which class to which, the most frequent first."""
        counts = Counter((one.old, one.new) for one in self.decisions.changed)
        ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        return [{"from": discreet(old), "to": discreet(new), "rows": n} for (old, new), n in ranked]

    @property
    def by(self) -> dict[str, int]:
        """How many corrections each person made."""
        return dict(sorted(Counter(one.who for one in self.decisions.changed).items()))


@dataclass(frozen=True, slots=True)
class Relabel:
    """What `relabel` did, or would do."""

    state: Literal["relabelled", "planned", "unchanged"]
    applied: Applied
    target: Target
    delivered: Delivered | None


def relabel(bench: Bench, corrections: Path, signed: Signed, writing: Writing, label: str = "") -> Relabel:
    """Applies the corrections of a file, all of them or none.

    Raises `UsageError` for corrections of rows that do not exist, whose label is another by
    now, or to a class that is unknown; `StateError` where old data would be lost.
    """
    decisions = read_corrections(corrections, signed)
    column = _label_of(bench, label)
    applied = _apply(bench, decisions, column, corrections)
    target = target_of(bench, writing, directory=bench.snapshot.directory)
    planned = Relabel("planned", applied, target, None)
    if not decisions.changed and target.current:
        return replace(planned, state="unchanged")
    if writing.dry_run:
        return planned
    schema = bench.rules.schema
    delivery = Delivery(
        rewriting(Original(bench.snapshot, bench.table, schema.encoding), applied),
        schema,
        applied.rows,
        lambda before, after: _change(bench, writing, applied, before, after),
    )
    return replace(planned, state="relabelled", delivered=deliver(bench, delivery, target, bench.options.progress))


def _label_of(bench: Bench, given: str) -> str:
    """The column `given`, else the first with the role label."""
    names = dict(bench.table.columns)
    declared = [column.name for column in bench.rules.schema.columns_of_role("label") if column.name in names]
    column = given or (declared[0] if declared else "")
    if not column:
        raise ConfigError("no column has the role label", hint=f"declare it in {bench.dataset.schema}, or --label C")
    if column not in names:
        raise UsageError(f"there is no column `{column}`", hint=f"--label {declared[0] if declared else 'C'}")
    return column


def _apply(bench: Bench, decisions: Decisions, column: str, file: Path) -> Applied:
    with bench.session() as session:
        found = _found(bench, session, decisions, column)
        counts = split_counts(session, bench.table)
        known = _classes(bench, session, column)
        values = _values(decisions, known, dict(session.columns)[column], file)
    wanted = decisions.changed
    require(file, (_at(one) for one in wanted if not found.get(one.row)), "of rows that do not exist")
    require(file, (_at(one) for one in wanted if len(found[one.row]) > 1), "of rows whose key is not unique")
    rows = [found[one.row][0] for one in wanted]
    moved = (
        f"{_at(one)} is `{row['label']}`, not `{one.old}`"
        for one, row in zip(wanted, rows, strict=True)
        if row["label"] != one.old
    )
    require(file, moved, "of a label that no longer holds", f"registry report labels {bench.dataset.name}")
    places, splits = (tuple(row[name] for row in rows) for name in ("place", SPLIT))
    return Applied(decisions, column, places, splits, counts, values)


def _at(one: Correction) -> str:
    return f"line {one.line}: `{one.row}`"


def _found(bench: Bench, session: Session, decisions: Decisions, column: str) -> dict[str, list[dict[str, Any]]]:
    """The rows of each name that corrections give: place, split, label."""
    sampler = Sampler(session, bench.table, bench.rules.schema)
    wanted = {one.row for one in decisions.changed}
    kind = dict(session.columns)[column]
    keys = "".join(f"{quote_ident(name)} AS key{i}, " for i, name in enumerate(sampler.keys))
    label = f"coalesce({text_of(value_sql(column, kind), kind)}, '') AS label"
    split = f"CAST({SPLIT} AS VARCHAR) AS {SPLIT}"
    sql = f"SELECT {keys}{label}, {split}, {FILE}, {ROW}, {place_sql(bench.table)} AS place FROM data"  # noqa: S608 (quoted)
    found: dict[str, list[dict[str, Any]]] = {}
    for batch in session.arrow(sql) if wanted else ():
        for row in batch.to_pylist():
            name = sampler.name(row)
            if name in wanted:
                found.setdefault(name, []).append(row)
    return found


def _classes(bench: Bench, session: Session, column: str) -> tuple[str, ...]:
    """The declared classes of the label, else those that occur."""
    declared = bench.rules.schema.column(column)
    if declared and (declared.classes or declared.enum):
        return tuple(value_name(name) for name in declared.classes or declared.enum)
    kind = dict(session.columns)[column]
    label = text_of(value_sql(column, kind), kind)
    rows = session.rows(f"SELECT DISTINCT {label} AS label FROM data ORDER BY 1")  # noqa: S608 (quoted)
    return tuple(row["label"] for row in rows if row["label"])


def _values(decisions: Decisions, known: Sequence[str], kind: str, file: Path) -> dict[str, Value]:
    """The new labels as values of the column's type."""

    def near(name: str) -> str:
        meant = get_close_matches(name, known, 1, 0.5)
        return f" (did you mean `{meant[0]}`?)" if meant else ""

    strange = (f"{_at(one)} to `{one.new}`{near(one.new)}" for one in decisions.changed if one.new not in known)
    listed = ", ".join(known[:10]) + (", …" if len(known) > 10 else "")
    require(file, strange, "to an unknown class", f"known are {listed}; a new class is declared in the schema first")
    names = {one.new for one in decisions.changed}
    if is_text(kind):
        return {name: name for name in names}
    if kind == "BOOLEAN":
        return {name: name == "true" for name in names}
    if kind in INTEGERS:
        return {name: int(name) for name in names}
    if kind in FLOATS:
        return {name: float(name) for name in names}
    raise UsageError(f"labels of type {kind} cannot be set", hint="declare the label as a text or a whole number")


def rewriting(original: Original, applied: Applied) -> Rewriting:
    """Every row where it is, but for pictures whose directory is their label."""
    table = original.table
    if table.format == IMAGES:
        paths = pictures_of(table)
        if applied.column == LABEL and has_classes(paths):
            return _moved(original, applied, paths)
        return Gallery(paths, paths, columns={applied.column: _column(applied, table.rows)})
    of_row = np.repeat(np.arange(len(table.parts)), np.diff(begins(table)))
    columns = {applied.column: _column(applied, table.rows)} if applied.places else {}
    return Routing(tuple(part.path for part in table.parts), of_row, columns)


def _column(applied: Applied, rows: int) -> Column:
    names = sorted(applied.values)
    codes = np.full(rows, KEEP)
    for place, one in zip(applied.places, applied.decisions.changed, strict=True):
        codes[place] = names.index(one.new)
    return Column(codes, [applied.values[name] for name in names])


def _moved(original: Original, applied: Applied, paths: tuple[str, ...]) -> Gallery:
    wanted = list(paths)
    for place, one in zip(applied.places, applied.decisions.changed, strict=True):
        path = PurePosixPath(paths[place])
        wanted[place] = str(path.parent.with_name(one.new) / path.name)
        if PurePosixPath(one.new).name != one.new:
            raise DataError(f"no directory can be called `{one.new}`", why="the directory of a picture is its label")
    digests = {entry.path: entry.sha256 for entry in original.snapshot.files}
    targets = tuple(apart(paths, wanted, digests))
    require_classes(paths, targets)
    return Gallery(paths, targets)


def _change(bench: Bench, writing: Writing, applied: Applied, before: State, after: State) -> Change:
    details = {
        "column": applied.column,
        "rows": applied.by_split,
        "moves": applied.moves,
        "by": applied.by,
        "corrections": [
            {"row": one.row, "split": split, "from": one.old, "to": one.new, "who": one.who, "why": one.why}
            for one, split in zip(applied.decisions.changed, applied.splits, strict=True)
        ],
    }
    return Change(bench.dataset.name, "relabel", writing.reason, before, after, {"relabel": details})
