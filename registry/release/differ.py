"""`registry diff`: two releases, or a release and the workspace."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

from registry.consume.resolve import Released, no_dataset, resolve
from registry.errors import UsageError, WorkspaceError
from registry.judge.earlier import changes, opened, readable
from registry.judge.judge import Bench, JudgeOptions, lay_out
from registry.judge.rules import Rules as GateRules
from registry.model.difference import Difference, RowChanges
from registry.model.names import Ref
from registry.model.release import ChangeFact
from registry.release.candidate import (
    Subject,
    card_of,
    compare,
    compare_unread,
    declared_card,
    describe_difference,
    measure_splits,
    previous_of,
    schema_of,
    state_of,
)
from registry.stores.base import Store
from registry.versions.rules import Rules, load_rules
from registry.workspace.workspace import Dataset, Workspace


def diff_workspace(workspace: Workspace, dataset: Dataset, ref: Ref | None, store: Store) -> Difference:
    """How the dataset as it stands differs from the release that `ref` selects, or from its latest."""
    if ref is not None and ref.name != dataset.name:
        raise UsageError(f"{ref} is no release of `{dataset.name}`", hint=f"registry diff {dataset.name}@{ref.spec}")
    return diff_bench(lay_out(workspace, dataset, JudgeOptions(store=store)), ref, store)


def diff_bench(bench: Bench, ref: Ref | None, store: Store) -> Difference:
    """How what lies on the bench differs from the release that `ref` selects, or from the latest."""
    dataset = bench.dataset
    before = resolve(store, ref) if ref else previous_of(store, dataset.name, None)
    if before is None:
        raise no_dataset(store, dataset.name)
    return compare(bench, declared_card(bench), measure_splits(bench), before, store)


def diff_unread(workspace: Workspace, dataset: Dataset, rules: GateRules, before: Released, store: Store) -> Difference:
    """How a dataset differs from a release of the same data: in declarations alone, and no data is read."""
    subject = Subject(workspace, dataset, rules, before.manifest.data["sha256"])
    return compare_unread(subject, card_of(workspace, dataset), before, store)


def diff_releases(store: Store, before: Ref, after: Ref, workspace: Workspace | None = None) -> Difference:
    """How one release differs from another of the same dataset, by the rules of the workspace, if there is one."""
    if before.name != after.name:
        raise UsageError(
            f"{before} and {after} are of two datasets", hint=f"registry diff {before} {before.name}@{after.spec}"
        )
    old, new = resolve(store, before, withdrawn=True), resolve(store, after, withdrawn=True)
    schemas = schema_of(old, store), schema_of(new, store)
    states = state_of(old, schemas[0], store), state_of(new, schemas[1], store)

    def rows() -> RowChanges:
        with (
            tempfile.TemporaryDirectory(prefix="registry-diff-") as folder,
            opened(old, schemas[0], store, Path(folder)) as one,
            opened(new, schemas[1], store, Path(folder)) as other,
        ):
            return changes(one, other, JudgeOptions())

    refused = next((side for side in (old, new) if side.standing and side.standing.refused), new)
    found = describe_difference(states, _rules(new, workspace), lambda: readable(refused, rows))
    if not found.facts and old.version != new.version:  # a release without any change is not made
        found = replace(found, level="patch", facts=(ChangeFact("documents-changed", "patch"),))
    return replace(found, before=f"{old.name}@{old.version}", after=f"{new.name}@{new.version}")


def around(start: Path) -> Workspace | None:
    """The workspace that holds `start`, or None outside one."""
    try:
        return Workspace.find(start)
    except WorkspaceError:
        return None


def _rules(released: Released, workspace: Workspace | None) -> Rules:
    frozen = [name for name, split in released.manifest.splits.items() if split.frozen]
    if workspace is None:
        return load_rules("ml", frozen=frozen)
    return load_rules(workspace.config.preset, frozen=frozen, root=workspace.root)
