"""Where mended data goes: in place of the old, which DVC's cache keeps, or to a new path.

Nothing is seen before it is whole: the new files are written beside, read back by the reader
of record and counted; then the record is written, and then one step swaps old and new.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from registry.content import dvc
from registry.content.hashing import Snapshot, hash_tree
from registry.errors import InternalError, StateError, UsageError
from registry.judge.judge import Bench, split_counts
from registry.mending.options import Writing
from registry.mending.record import Change, State, keep
from registry.mending.rewrite import Original, Progress, Rewriting
from registry.model.schema import DatasetSchema
from registry.tables.duck import Session
from registry.tables.read import open_table
from registry.workspace.successor import stem, successor_of
from registry.workspace.swap import beside, swap


@dataclass(frozen=True, slots=True)
class Target:
    """A path to write to; `current` says that it is where the dataset lies. A `directory`, or one file.

    A `successor` is the directory beside a dataset of one file that is called as the file is:
    `add` makes it the dataset's place, as the record says.
    """

    path: Path
    current: bool
    directory: bool
    successor: bool = False

    @property
    def recorded(self) -> bool:
        """Whether what is written here will be the dataset's data, so that a record says how it came about."""
        return self.current or self.successor


@dataclass(frozen=True, slots=True)
class Delivered:
    """What was written: the files, the record (None for a new path), and the commands to run next."""

    files: tuple[str, ...]
    record: Path | None
    next: tuple[str, ...]


def target_of(bench: Bench, writing: Writing, *, directory: bool) -> Target:
    """Where to write; raises `StateError` where old data would be lost, `UsageError` where the path is taken."""
    here = bench.workspace.root / bench.dataset.path
    if writing.output is not None:
        if writing.output.exists() or writing.output.is_symlink():
            raise UsageError(f"{writing.output} exists already", hint="name a new path with -o")
        successor = directory and not bench.snapshot.directory and _same(writing.output, here.parent / stem(here.name))
        if successor:
            _require_kept(bench)
        return Target(writing.output, current=False, directory=directory, successor=successor)
    if directory and not bench.snapshot.directory:
        raise UsageError(
            f"{bench.dataset.path} is one file, which cannot hold several splits",
            why="its rows have no column with the role split",
            hint=f"registry split {bench.dataset.name} … -o {shlex.quote(successor_of(bench.dataset.path))}",
        )
    _require_kept(bench)
    return Target(here, current=True, directory=bench.snapshot.directory)


def _same(one: Path, other: Path) -> bool:
    return one.parent.resolve() / one.name == other.parent.resolve() / other.name


def _require_kept(bench: Bench) -> None:
    """The old data must be in DVC's cache, under the pointer that git holds."""
    dataset, pointer = bench.dataset, bench.obtained.pointer
    if pointer is None or bench.obtained.stale:
        what = "was never added" if pointer is None else "differs from its pointer"
        raise StateError(
            f"the data of `{dataset.name}` {what}",
            why="what is not added would be lost when it is written anew",
            hint=f"registry add {dataset.path}, or write to another path with -o PATH",
        )
    if pointer.stage:
        raise StateError(
            f"{dataset.path} is made by the DVC stage `{pointer.stage}`",
            why=f"dvc repro {pointer.stage} would undo what is written here",
            hint="mend what the stage does, or write to another path with -o PATH",
        )
    if not dvc.cache_file(bench.workspace.root, pointer.md5).exists():
        raise StateError(
            f"the old data of `{dataset.name}` is not in DVC's cache",
            why="it would be lost when it is written anew",
            hint=f"dvc fetch {pointer.file.name}, or write to another path with -o PATH",
        )


@dataclass(frozen=True, slots=True)
class Delivery:
    """What is to be written: the rows as they go, the schema that the new data has, the rows of each split.

    `change` makes the record of the states before and after; `declare` writes what the
    workspace must declare of the new data. Where the new bytes would be the old ones and
    the change is `idle`, nothing is written.
    """

    rows: Rewriting
    schema: DatasetSchema
    expected: Mapping[str, int]
    change: Callable[[State, State], Change]
    declare: Callable[[], tuple[str, ...]] = tuple
    idle: bool = False


def deliver(bench: Bench, delivery: Delivery, target: Target, progress: Progress | None = None) -> Delivered | None:
    """Writes the new data, whole or not at all; None where there was nothing to write.

    Raises `MovedError` where the old data changed meanwhile.
    """
    original = Original(bench.snapshot, bench.table, bench.rules.schema.encoding)
    workspace = bench.workspace
    record: Path | None = None
    declared: tuple[str, ...] = ()
    with dvc.locked(workspace.root), beside(target.path) as folder:
        delivery.rows.write(original, folder, progress)
        whole = folder if target.directory else folder / delivery.rows.files[0]
        after = hash_tree(whole)
        counts = _counts(bench, after, delivery)
        bench.snapshot.check_unmoved()
        if target.current and delivery.idle and after.md5 == bench.snapshot.md5:
            return None
        if target.recorded:
            before = State.of(bench.snapshot, _splits_before(bench))
            record = keep(workspace, delivery.change(before, State.of(after, counts)))
            declared = delivery.declare()
        swap(whole, target.path)
    return Delivered(delivery.rows.files, record, next_commands(bench, target, record, declared))


def _counts(bench: Bench, after: Snapshot, delivery: Delivery) -> dict[str, int]:
    """Rows by split, as the reader of record reads them from the new files."""
    table = open_table(after.base, after.files, delivery.schema, bench.workspace.cache / "tables")
    with Session(table) as session:
        counts = split_counts(session, table)
    wrong = {
        split for split in {*counts, *delivery.expected} if counts.get(split, 0) != delivery.expected.get(split, 0)
    }
    if wrong:
        raise InternalError(f"the new files hold other rows than they should, in {', '.join(sorted(wrong))}")
    return counts


def _splits_before(bench: Bench) -> dict[str, int]:
    with bench.session() as session:
        return split_counts(session, bench.table)


def next_commands(bench: Bench, target: Target, record: Path | None, declared: tuple[str, ...]) -> tuple[str, ...]:
    """The `add` to run, and what git should hold."""
    if target.successor:
        return (f"registry add {shlex.quote(successor_of(bench.dataset.path))}",)
    if not target.current:
        roles = " ".join(_roles(bench.rules.schema))
        name = shlex.quote(f"{bench.dataset.name}-mended")
        return (f"registry add {shlex.quote(str(target.path))} --name {name} {roles}".rstrip(),)
    root = bench.workspace.root
    ours = [record.relative_to(root).as_posix()] if record else []
    files = " ".join(shlex.quote(name) for name in (f"{bench.dataset.path}.dvc", *ours, *declared))
    return (
        f"registry add {shlex.quote(bench.dataset.path)}",
        f"git add {files} && git commit -m 'Mend {bench.dataset.name}'",
    )


def _roles(schema: DatasetSchema) -> list[str]:
    """The options of `add` that say of the new path what the schema says of the old one."""
    found = []
    for role in ("label", "text", "group", "time"):
        found += [f"--{role} {shlex.quote(column.name)}" for column in schema.columns_of_role(role)[:1]]
    found += [f"--key {shlex.quote(schema.keys[0])}"] if schema.keys else []
    found += [f"--split-column {shlex.quote(column.name)}" for column in schema.columns_of_role("split")[:1]]
    found += [f"--annotator {shlex.quote(column.name)}" for column in schema.columns_of_role("annotator")]
    found += [f"--encoding {schema.encoding}"] if schema.encoding != "utf-8" else []
    found += [f"--license {shlex.quote(schema.license)}"] if schema.license else []
    return found
