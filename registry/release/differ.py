"""`registry diff`: two states of a dataset, each a release, a revision of git, or the workspace."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from registry.consume.resolve import Released, no_dataset, resolve
from registry.errors import NotFoundError, UsageError, WorkspaceError
from registry.judge.earlier import bench_changes, changes, opened, readable
from registry.judge.judge import Bench, JudgeOptions, lay_out
from registry.judge.references import PROFILE, document_of
from registry.judge.rules import Rules as GateRules
from registry.model.difference import Difference, RowChanges, Shift
from registry.model.names import Ref, Version
from registry.model.release import ChangeFact
from registry.release.candidate import (
    Subject,
    card_of,
    compare,
    compare_unread,
    content_of,
    declared_card,
    describe_difference,
    measure_splits,
    previous_of,
    schema_of,
    state_of,
    state_of_bench,
)
from registry.reports.drift import drift_of
from registry.stores.base import Store
from registry.versions.rules import Rules, load_rules
from registry.workspace.revision import at_commit
from registry.workspace.workspace import Dataset, Workspace

Profiled = Callable[[], Mapping[str, Any] | None]
"""Gives the profile of a state, or None where there is none."""


def diff_states(
    workspace: Workspace, dataset: Dataset, before: Ref | str | None, after: str | None, store: Store
) -> Difference:
    """How a later state differs from an earlier one, with how far columns moved.

    `before` is a release, a revision of git, or None for the latest release; `after` a revision, or None
    for the workspace as it stands.
    """
    with ExitStack() as stack:
        if after is None:
            now = lay_out(workspace, dataset, JudgeOptions(store=store))
        else:
            now = stack.enter_context(bench_at(workspace, dataset.name, after, store))
        called = f"{dataset.name} at {after}" if after else dataset.name
        if not isinstance(before, str):
            require_same(before, dataset)
            return replace(diff_bench(now, before, store, shifts=True), after=called)
        then = stack.enter_context(bench_at(workspace, dataset.name, before, store))
        return diff_benches(then, now, (f"{then.dataset.name} at {before}", called))


def diff_workspace(workspace: Workspace, dataset: Dataset, ref: Ref | None, store: Store) -> Difference:
    """How the dataset as it stands differs from the release that `ref` selects, or from its latest."""
    require_same(ref, dataset)
    return diff_bench(lay_out(workspace, dataset, JudgeOptions(store=store)), ref, store)


def require_same(ref: Ref | None, dataset: Dataset) -> None:
    """Raises `UsageError` where `ref` is of another dataset."""
    if ref is not None and ref.name != dataset.name:
        raise UsageError(f"{ref} is no release of `{dataset.name}`", hint=f"registry diff {dataset.name}@{ref.spec}")


def diff_bench(
    bench: Bench, ref: Ref | None, store: Store, *, shifts: bool = False, was: str = "", below: Version | None = None
) -> Difference:
    """How what lies on the bench differs from the release that `ref` selects, or from the latest, one `below` another.

    `shifts` adds how far the columns moved, for which the data is profiled; `was` is the name under which the
    dataset was released, where that is another one.
    """
    name = was or bench.dataset.name
    before = resolve(store, ref) if ref else previous_of(store, name, below)
    if before is None:
        raise no_dataset(store, name)
    found = compare(bench, declared_card(bench), measure_splits(bench), before, store)
    if not shifts:
        return found
    return _shifted(found, lambda: document_of(store, before, PROFILE), lambda: bench.profile)


@contextmanager
def bench_at(workspace: Workspace, name: str, revision: str, store: Store) -> Iterator[Bench]:
    """The dataset as a revision of git holds it: its declarations, and the data that its pointer names.

    A dataset that was renamed since is found by its path or its data. Raises what `Git.require_commit` and `obtain`
    raise, and `NotFoundError` where it was not declared then.
    """
    commit, path = workspace.git.require_commit(revision), workspace.dataset(name).path
    with at_commit(workspace, commit) as there:
        known = there.datasets
        dataset = known.get(name) or was(workspace.dataset(name), workspace, there)
        if dataset is None:
            raise NotFoundError(
                f"`{name}` was not declared at {revision} ({commit[:12]})",
                why=f"declared were {', '.join(known) or 'none'}",
                hint=f"git log -- dvc.yaml {path}.dvc",
            )
        options = JudgeOptions(store=store, remember=False, limit=workspace.config.max_bytes)
        yield lay_out(there, dataset, options)


def was(dataset: Dataset, now: Workspace, then: Workspace) -> Dataset | None:
    """What a dataset was in an earlier state: of its name, else, renamed since, of its path or its data."""
    if dataset.name in then.datasets:
        return then.datasets[dataset.name]
    gone = [one for one in then.datasets.values() if one.name not in now.datasets]
    data = id_of(now, dataset)
    same = (one for one in gone if one.path == dataset.path or (data is not None and data == id_of(then, one)))
    return next(same, None)


def id_of(workspace: Workspace, dataset: Dataset) -> str | None:
    """What the pointer of a dataset says of its data; None without a pointer."""
    pointer = workspace.pointer(dataset)
    return pointer.md5 if pointer else None


def diff_benches(old: Bench, new: Bench, names: tuple[str, str]) -> Difference:
    """How what lies on one bench differs from what lies on another, called by `names`, with how columns moved."""
    declared = declared_card(old), declared_card(new)
    states = tuple(
        state_of_bench(bench, card, measure_splits(bench)) for bench, card in zip((old, new), declared, strict=True)
    )
    config = new.workspace.config
    rules = load_rules(config.preset, frozen=config.frozen_splits, root=new.workspace.root)
    found = describe_difference((states[0], states[1]), rules, lambda: bench_changes(old, new))
    contents = {content_of(bench, card, Version(0)) for bench, card in zip((old, new), declared, strict=True)}
    if not found.facts and len(contents) > 1:
        found = replace(found, level="patch", facts=(ChangeFact("documents-changed", "patch"),))
    found = replace(found, before=names[0], after=names[1])
    return _shifted(found, lambda: old.profile, lambda: new.profile)


def _shifted(found: Difference, before: Profiled, now: Profiled) -> Difference:
    """The difference with how far columns moved, where rows did and both profiles can be had."""
    if found.rows is None or not found.rows.any:
        return found
    then = before()
    if then is None:
        return found
    moved = drift_of(then, now() or then).columns
    told = (Shift(one.name, one.divergence, one.missing_before, one.missing) for one in moved)
    return replace(found, shifts=tuple(shift for shift in told if shift.moved))


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
    found = replace(found, before=f"{old.name}@{old.version}", after=f"{new.name}@{new.version}")
    return _shifted(found, lambda: document_of(store, old, PROFILE), lambda: document_of(store, new, PROFILE))


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
