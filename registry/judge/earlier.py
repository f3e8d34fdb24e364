"""The rows of a release beside those on the bench: what changed between the two.

A file that did not change is linked from the workspace, one that did comes from the store,
verified; both lie in a directory that is gone afterwards.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from registry.consume.contents import Item
from registry.consume.deliver import Crew, ensure
from registry.consume.origin import Origin
from registry.consume.resolve import Released
from registry.content.hashing import Snapshot
from registry.errors import ConfigError, DataError, IntegrityError, NotFoundError
from registry.judge.judge import Bench, JudgeOptions
from registry.judge.memory import remembered
from registry.model.difference import RowChanges
from registry.model.files import FileList
from registry.model.names import Ref
from registry.model.schema import DatasetSchema
from registry.stores.base import Store
from registry.stores.tree import Tree
from registry.tables.digests import contents_of
from registry.tables.duck import Session
from registry.tables.read import open_table
from registry.tables.table import Table
from registry.versions.rows import CONTENTS, compare_rows

VERSION = 4
"""Of what is counted as a change: counts remembered under another are counted anew."""


@dataclass(frozen=True)
class Opened:
    """A state whose rows can be read: its files, the schema they were read with, and the table."""

    files: FileList
    schema: DatasetSchema
    table: Table


def row_changes(bench: Bench, released: Released, schema: DatasetSchema, store: Store) -> RowChanges | str:
    """How the rows on the bench differ from those of a release under `schema`, remembered by digest.

    Why they cannot be compared, where the release was withdrawn or its bytes are lost or wrong.
    """
    key = {
        "before": [released.manifest.data["sha256"], released.manifest.schema],
        "after": [bench.snapshot.files.sha256, bench.rules.schema.sha256],
        "version": VERSION,
    }

    def compute() -> dict[str, object]:
        with opened(released, schema, store, bench.workspace.cache, bench.snapshot) as before:
            found = changes(before, Opened(bench.snapshot.files, bench.rules.schema, bench.table), bench.options)
        bench.snapshot.check_unmoved()
        return found.kept()

    return readable(released, lambda: RowChanges.of_kept(remembered(bench.workspace.cache, "changes", key, compute)))


def bench_changes(before: Bench, after: Bench) -> RowChanges:
    """How the rows on one bench differ from those on another, remembered by digest."""
    key = {
        "before": [before.data, before.rules.schema.sha256],
        "after": [after.data, after.rules.schema.sha256],
        "version": VERSION,
    }

    def compute() -> dict[str, object]:
        one, other = (Opened(bench.snapshot.files, bench.rules.schema, bench.table) for bench in (before, after))
        found = changes(one, other, after.options)
        for bench in (before, after):
            bench.snapshot.check_unmoved()
        return found.kept()

    return RowChanges.of_kept(remembered(after.workspace.cache, "changes", key, compute))


def readable(released: Released, compute: Callable[[], RowChanges]) -> RowChanges | str:
    """What `compute` gives, or why the rows of a release cannot be read."""
    where = f"{released.name}@{released.version}"
    if released.standing is not None and released.standing.refused:
        return f"{where} was withdrawn"
    try:
        return compute()
    except (IntegrityError, NotFoundError, DataError, ConfigError) as error:
        return f"{where} cannot be read: {error}"


def changes(before: Opened, after: Opened, options: JudgeOptions) -> RowChanges:
    """How the rows of one state differ from those of an earlier one."""
    with Session(after.table, threads=options.threads, memory=options.memory, earlier=before.table) as session:
        if before.table.format == after.table.format == "imagefolder":
            for view, state in (("before", before), ("data", after)):
                session.add(CONTENTS[view], contents_of(state.files))
        return compare_rows(session, before.schema, after.schema)


@contextmanager
def opened(
    released: Released, schema: DatasetSchema, store: Store, cache: Path, near: Snapshot | None = None
) -> Iterator[Opened]:
    """A release, its files brought to a directory in `cache`: those that are `near` linked, the rest from the store."""
    origin = Origin.of(store, Ref(released.name, str(released.version)))
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache, prefix="earlier-") as folder:
        root = Path(os.path.realpath(folder))
        linked = _linked(origin.files, root, near)
        items = [Item.of_entry(entry) for entry in origin.files if entry.path not in linked]
        ensure(Tree(root), items, origin.supply, Crew(origin.workers))
        yield Opened(origin.files, schema, open_table(root, origin.files, schema, cache / "tables"))


def _linked(files: FileList, root: Path, near: Snapshot | None) -> set[str]:
    """Links the files that a workspace holds into `root`, and names them; `check_unmoved` tells whether they stayed.

    Symbolic links: a hard one would change the times of the file in the workspace.
    """
    there = {(entry.sha256, entry.size): near.file(entry) for entry in near.files} if near else {}
    done = set()
    for entry in files:
        source = there.get((entry.sha256, entry.size))
        if source is not None:
            (root / entry.path).parent.mkdir(parents=True, exist_ok=True)
            (root / entry.path).symlink_to(source.resolve())
            done.add(entry.path)
    return done
