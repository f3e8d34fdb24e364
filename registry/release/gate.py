"""The gate over several datasets: on a desk all that are named, on a pull request those that it touches.

What `registry check --changed` asks of a touched dataset, in this order: can everybody have the data
that its pointer names, is the gate as strict as on the base branch, do schema and checks pass, does
the card say what was measured. Evidence of an earlier run about the same data and rules stands for a
new one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path

from registry.consume.resolve import find_previous
from registry.content.hashing import Progress
from registry.errors import EnvironmentFailed, IntegrityError, NotFoundError, RegistryError
from registry.judge.judge import Bench, JudgeOptions, Question, judge, lay_out, terms_of, waived
from registry.judge.obtain import Depot
from registry.judge.places import in_repository, places_of
from registry.judge.pointers import of_the_pointer, resolves, unavailable, way_back
from registry.judge.references import find_references
from registry.judge.reuse import earlier
from registry.judge.rules import Rules
from registry.judge.scope import DROPPED, Base
from registry.judge.switched import OFF, last_release, switched_off
from registry.judge.weakened import Deciding, Weakening, deciding
from registry.model.difference import Difference
from registry.model.evidence import Check, Evidence
from registry.model.judgement import Before, Judgement, Place
from registry.model.names import Version
from registry.model.scope import Scope
from registry.release.before import of_base, of_release
from registry.release.differ import diff_bench, diff_benches, diff_unread
from registry.release.preflight import recorded, require_known_history
from registry.release.preview import card_checks
from registry.stores.base import Store
from registry.stores.layout import versions
from registry.workspace.workspace import Dataset, Workspace


@dataclass(frozen=True)
class Surroundings:
    """What a run of the gate is given: how to open the store, show progress of a dataset, and warn."""

    store: Callable[[], Store]
    progress: Callable[[Dataset], AbstractContextManager[Progress | None]]
    warn: Callable[[str], None]


@dataclass(frozen=True)
class Gate:
    """How to judge; `compare` adds how each dataset differs from its latest release, where that can be told.

    `evidence` are files of earlier runs, which whoever runs the gate vouches for. `pinned`: other data than
    the pointer names is an error, as in CI, where nobody edits it.
    """

    options: JudgeOptions
    around: Surroundings
    compare: bool = False
    evidence: tuple[Path, ...] = ()
    pinned: bool = False


@dataclass(frozen=True)
class _Judged:
    """One dataset: its evidence, and the bench where its data was read; where old evidence is from.

    `rules` are those that decided, `own` those of the branch where they are others; `weakened` is what
    asks less there than on the base.
    """

    dataset: Dataset
    rules: Rules
    evidence: Evidence
    bench: Bench | None = None
    origin: str = ""
    weakened: tuple[Weakening, ...] = ()
    own: Rules | None = None


@dataclass(frozen=True, slots=True)
class _Parted:
    """What a branch is compared with: its base, and what the dataset was called there."""

    base: Base
    was: str


def judge_all(workspace: Workspace, datasets: Iterable[Dataset], gate: Gate) -> Judgement:
    """Judges each dataset by the files of the workspace, or of the pointer where it lacks them."""
    judgement = Judgement((), frozen=workspace.config.frozen_splits)
    for dataset in datasets:
        bench = _lay_out(workspace, dataset, gate)
        judged = _Judged(dataset, bench.rules, judge(bench), bench)
        judgement = _with(judgement, workspace, judged, gate)
    return judgement


def judge_scope(workspace: Workspace, base: Base, scope: Scope, gate: Gate) -> Judgement:
    """Judges what a pull request touches, by the gate of its base where that asks more."""
    frozen = (*workspace.config.frozen_splits, *base.tip.config.frozen_splits)
    judgement = Judgement((), scope=scope, frozen=tuple(dict.fromkeys(frozen)))
    for name, parts in scope.touched.items():
        was = scope.renamed.get(name, name)
        dataset = base.workspace.datasets[name] if DROPPED in parts else workspace.dataset(name)
        decided = deciding(workspace, dataset, base, was, parts)
        judged = _judge_touched(decided, dataset, frozenset(parts), gate, was)
        judgement = _with(judgement, decided.workspace, judged, gate, _Parted(base, was))
    return judgement


def _lay_out(workspace: Workspace, dataset: Dataset, gate: Gate, rules: Rules | None = None) -> Bench:
    store = None if (workspace.root / dataset.path).exists() else gate.around.store()
    with gate.around.progress(dataset) as progress:
        options = replace(gate.options, store=store, reach=gate.around.store, progress=progress)
        return lay_out(workspace, dataset, options, rules)


def _judge_touched(decided: Deciding, dataset: Dataset, parts: frozenset[str], gate: Gate, was: str) -> _Judged:
    """The evidence of one touched dataset, which `was` called so, with the checks of its pointer, gate and card."""
    workspace = decided.workspace
    options = replace(gate.options, reach=gate.around.store, waivers=decided.waivers, declared=decided.declared)
    gate = replace(gate, options=options)
    pointer = workspace.pointer(dataset)
    step_zero: list[Check] = []
    if parts & {"data", "new", "remote", DROPPED}:
        step_zero.append(resolves(dataset.name, pointer, Depot(workspace, gate.around.store())))
    lost = any(check.status == "error" for check in step_zero)
    here = (workspace.root / dataset.path).exists()
    bench = _lay_out(workspace, dataset, gate, decided.rules) if here else None
    failed: RegistryError | None = None
    if decided.places_otherwise and bench is None and not lost:
        bench, failed = _tried(workspace, dataset, gate, decided.rules)
    if bench is not None:
        decided = decided.for_files((entry.path for entry in bench.snapshot.files), dataset.schema)
        bench = replace(bench, rules=decided.rules)
    rules = decided.rules
    references = find_references(rules, dataset.name, options).digests
    question = Question(workspace, dataset, rules, pointer.md5 if pointer else "", options.engine, references)
    found = None
    placed = bench is not None or not decided.places_otherwise
    if pointer is not None and not lost and placed and _is_of_pointer(bench, parts, pointer.directory):
        found = earlier(
            question, gate.around.store if options.remember else None, gate.evidence, memory=options.remember
        )
    if found is not None:
        stated = terms_of(question, options)
        evidence = waived(question, found.evidence.with_checks([*found.evidence.checks, *stated]), options)
    else:
        if bench is None and failed is None and not lost:
            bench, failed = _tried(workspace, dataset, gate, rules)
        evidence = unavailable(question, pointer, failed) if bench is None else judge(bench)
    kept = workspace.git.held(workspace.root / dataset.path)
    stale = bench is not None and bench.obtained.stale and pointer is not None
    mend = way_back(workspace, dataset, pointer, bench.snapshot.md5) if stale and bench and pointer else ""
    step_zero += of_the_pointer(dataset.path, [workspace.git.relative(file) for file in kept], mend, pinned=gate.pinned)
    read = bench if found is None else None
    card = [] if DROPPED in parts else card_checks(workspace, dataset, rules, evidence, read)
    decided = _with_switched_off(decided, dataset, evidence, gate, was)
    evidence = evidence.with_checks([*evidence.checks, *step_zero, *decided.checks(), *card])
    return _Judged(dataset, rules, evidence, bench, found.origin if found else "", decided.weakened, decided.own)


def _tried(
    workspace: Workspace, dataset: Dataset, gate: Gate, rules: Rules
) -> tuple[Bench | None, RegistryError | None]:
    """The data on the bench, or why it cannot be had."""
    try:
        return _lay_out(workspace, dataset, gate, rules), None
    except (NotFoundError, EnvironmentFailed, IntegrityError) as error:
        return None, error


def _with_switched_off(decided: Deciding, dataset: Dataset, evidence: Evidence, gate: Gate, was: str) -> Deciding:
    """With the checks that the last release measured, under the base's schema, and the branch does not."""
    off = any(check.status in OFF for check in evidence.checks)
    before = last_release(gate.around.store(), was, decided.before) if off and decided.before else None
    known = {one.what for one in decided.weakened}
    found = switched_off(evidence, *before) if before else []
    more = [Weakening(what, said, Place(dataset.schema)) for what, said in found if what not in known]
    return replace(decided, weakened=(*decided.weakened, *more))


def _is_of_pointer(bench: Bench | None, parts: frozenset[str], directory: bool) -> bool:
    """Whether the data is what the pointer says. The id of a single file does not cover its name."""
    return not bench.obtained.stale if bench else directory or not parts & {"entry", "new"}


def _with(
    judgement: Judgement, workspace: Workspace, judged: _Judged, gate: Gate, parted: _Parted | None = None
) -> Judgement:
    """The judgement with one dataset more."""
    name, scope = judged.dataset.name, judgement.scope
    if scope is not None and judged.origin:
        scope = replace(scope, evidence={**scope.evidence, name: judged.origin})
    compared, unknown = _compared(workspace, judged, gate, parted) if gate.compare else (None, "")
    before = _before(judged, gate, parted) if gate.compare else None
    places = places_of(workspace, judged.dataset, judged.rules, judged.evidence)
    places |= {(name, one.check().id): one.place for one in judged.weakened}
    return replace(
        judgement,
        scope=scope,
        evidences=(*judgement.evidences, judged.evidence),
        places={**judgement.places, **in_repository(workspace, places)},
        differences={**judgement.differences, **({name: compared} if compared else {})},
        before={**judgement.before, **({name: before} if before else {})},
        uncompared={**judgement.uncompared, **({name: unknown} if unknown else {})},
    )


def _before(judged: _Judged, gate: Gate, parted: _Parted | None) -> Before | None:
    """What the checks found before the change: on the base, else in the latest release; None where that is unknown."""
    options = replace(gate.options, reach=gate.around.store)
    if parted is not None:
        store = gate.around.store if options.remember else None
        found = of_base(parted.base.workspace, parted.was, store, gate.evidence, options)
        if found is not None:
            return found
    try:
        return of_release(parted.was if parted else judged.dataset.name, gate.around.store())
    except RegistryError:
        return None  # that the store is out of reach was said where rows were to be compared


def _compared(
    workspace: Workspace, judged: _Judged, gate: Gate, parted: _Parted | None
) -> tuple[Difference | None, str]:
    """How a dataset differs from its latest release, else from its base; why that of the release is not known.

    The latest is that of where the branch parted: what the base released since is no change of the branch.

    One that a branch renames is compared with what was released under its old name, and what releases there
    were is read in the base: a branch would say that there were others, and nothing would be compared.
    """
    name, data, rules = judged.dataset.name, judged.evidence.data.sha256, judged.own or judged.rules
    was, commit = (parted.was, parted.base.commit) if parted else (name, "HEAD")
    if not data:
        return None, ""
    unknown = ""
    try:
        store = gate.around.store()
        require_known_history(workspace, was, versions(store, was), store.url, commit)
        below = _released_since(workspace, was, parted.base) if parted else None
        before = find_previous(store, was, below)
        if before is not None and data == before.manifest.data["sha256"]:
            return diff_unread(workspace, judged.dataset, rules, before, store), ""
        if before is not None:
            bench = _bench(workspace, judged, gate)
            return diff_bench(bench, None, store, shifts=True, was=was, below=below), ""
    except RegistryError as error:
        gate.around.warn(f"{name} is not compared with its last release: {error}")
        unknown = str(error)
    return (_since_base(workspace, judged, gate, parted) if parted else None), unknown


def _released_since(workspace: Workspace, name: str, base: Base) -> Version | None:
    """The first release that the base made after the branch parted from it: the branch is compared with one before."""
    if not base.moved:
        return None
    git = workspace.git
    later = recorded(workspace, name, git.tip(base.revision)) - recorded(workspace, name, base.commit)
    return min(later, default=None)


def _since_base(workspace: Workspace, judged: _Judged, gate: Gate, parted: _Parted) -> Difference | None:
    """How the data differs from that of the base; None where it is the same, or that of the base cannot be had."""
    there, was = parted.base.workspace, parted.was
    old = there.datasets.get(was)
    pointer = there.pointer(old) if old else None
    if old is None or pointer is None or pointer.md5 == judged.evidence.data.md5:
        return None
    try:
        before = _lay_out(there, old, replace(gate, options=replace(gate.options, remember=False)))
        now = _bench(workspace, judged, gate)
        return diff_benches(before, now, (f"{was} at the base", judged.dataset.name))
    except RegistryError as error:
        gate.around.warn(f"{judged.dataset.name} is not compared with its base: {error}")
        return None


def _bench(workspace: Workspace, judged: _Judged, gate: Gate) -> Bench:
    """The data of a judged dataset, by the rules of the branch itself: what it declares is compared."""
    rules = judged.own or judged.rules
    bench = judged.bench or _lay_out(workspace, judged.dataset, gate, rules)
    return replace(bench, workspace=workspace, rules=rules)
