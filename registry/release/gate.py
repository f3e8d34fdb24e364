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
from registry.judge.judge import Bench, JudgeOptions, Question, judge, lay_out, terms_of, waived, waivers_of
from registry.judge.obtain import Depot
from registry.judge.places import in_repository, places_of
from registry.judge.pointers import of_the_pointer, resolves, unavailable
from registry.judge.references import find_references
from registry.judge.reuse import earlier
from registry.judge.rules import Rules, load_rules
from registry.judge.scope import same_store
from registry.judge.weakened import OF_RULES, Deciding, Weakening, deciding
from registry.model.difference import Difference
from registry.model.evidence import Check, Evidence
from registry.model.judgement import Judgement
from registry.model.scope import Scope
from registry.release.differ import diff_bench, diff_unread
from registry.release.preflight import require_known_history
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

    `evidence` are files of earlier runs, which whoever runs the gate vouches for; `releases` lets the
    evidence of the store's releases stand for a new one, unless a branch names another store.
    """

    options: JudgeOptions
    around: Surroundings
    compare: bool = False
    evidence: tuple[Path, ...] = ()
    releases: bool = True


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


def judge_all(workspace: Workspace, datasets: Iterable[Dataset], gate: Gate) -> Judgement:
    """Judges each dataset by the files of the workspace, or of the pointer where it lacks them."""
    judgement = Judgement(())
    for dataset in datasets:
        bench = _lay_out(workspace, dataset, gate)
        judged = _Judged(dataset, bench.rules, judge(bench), bench)
        judgement = _with(judgement, workspace, judged, gate)
    return judgement


def judge_scope(workspace: Workspace, base: Workspace, scope: Scope, gate: Gate) -> Judgement:
    """Judges what a pull request touches, by the gate of its base where that asks more."""
    judgement = Judgement((), scope=scope)
    gate = replace(gate, releases=gate.releases and same_store(workspace, base))
    for name, parts in scope.touched.items():
        dataset, old = workspace.dataset(name), base.datasets.get(scope.renamed.get(name, name))
        if OF_RULES & set(parts):
            decided = deciding(workspace, dataset, base, old)
        else:
            decided = Deciding(workspace, load_rules(workspace, dataset), waivers_of(workspace))
        judged = _judge_touched(decided, dataset, frozenset(parts), gate)
        judgement = _with(judgement, decided.workspace, judged, gate)
    return judgement


def _lay_out(workspace: Workspace, dataset: Dataset, gate: Gate, rules: Rules | None = None) -> Bench:
    store = None if (workspace.root / dataset.path).exists() else gate.around.store()
    with gate.around.progress(dataset) as progress:
        options = replace(gate.options, store=store, reach=gate.around.store, progress=progress)
        return lay_out(workspace, dataset, options, rules)


def _judge_touched(decided: Deciding, dataset: Dataset, parts: frozenset[str], gate: Gate) -> _Judged:
    """The evidence of one touched dataset, with the checks of its pointer, its gate and its card."""
    workspace, rules = decided.workspace, decided.rules
    gate = replace(gate, options=replace(gate.options, reach=gate.around.store, waivers=decided.waivers))
    pointer = workspace.pointer(dataset)
    references = find_references(rules, dataset.name, gate.options).digests
    md5 = pointer.md5 if pointer else ""
    question = Question(workspace, dataset, rules, md5, gate.options.engine, references)
    here = (workspace.root / dataset.path).exists()
    step_zero: list[Check] = []
    if parts & {"data", "new"}:
        step_zero.append(resolves(dataset.name, pointer, Depot(workspace, gate.around.store())))
    lost = any(check.status == "error" for check in step_zero)
    bench = _lay_out(workspace, dataset, gate, rules) if here else None
    found = None
    if pointer is not None and not lost and _is_of_pointer(bench, parts, pointer.directory):
        known = gate.options.remember
        releases = gate.around.store if gate.releases and known else None
        found = earlier(question, releases, gate.evidence, memory=known)
    if found is not None:
        stated = terms_of(question, gate.options)
        evidence = waived(question, found.evidence.with_checks([*found.evidence.checks, *stated]), gate.options)
    elif lost and bench is None:
        evidence = unavailable(question, pointer, None)
    else:
        try:
            bench = bench or _lay_out(workspace, dataset, gate, rules)
            evidence = judge(bench)
        except (NotFoundError, EnvironmentFailed, IntegrityError) as error:
            evidence = unavailable(question, pointer, error)
    kept = workspace.git.held(workspace.root / dataset.path)
    step_zero += of_the_pointer(
        dataset.path, [workspace.git.relative(file) for file in kept], stale=evidence.pointer == "stale"
    )
    card = card_checks(workspace, dataset, rules, evidence, bench if found is None else None)
    weaker = [one.check() for one in decided.weakened]
    evidence = evidence.with_checks([*evidence.checks, *step_zero, *weaker, *card])
    origin = found.origin if found else ""
    return _Judged(dataset, rules, evidence, bench, origin, decided.weakened, decided.own)


def _is_of_pointer(bench: Bench | None, parts: frozenset[str], directory: bool) -> bool:
    """Whether the data is what the pointer says. The id of a single file does not cover its name."""
    return not bench.obtained.stale if bench else directory or not parts & {"entry", "new"}


def _with(judgement: Judgement, workspace: Workspace, judged: _Judged, gate: Gate) -> Judgement:
    """The judgement with one dataset more."""
    name, scope = judged.dataset.name, judgement.scope
    if scope is not None and judged.origin:
        scope = replace(scope, evidence={**scope.evidence, name: judged.origin})
    difference = _difference(workspace, judged, gate) if gate.compare else None
    compared = difference if isinstance(difference, Difference) else None
    places = places_of(workspace, judged.dataset, judged.rules, judged.evidence)
    places |= {(name, one.check().id): one.place for one in judged.weakened}
    return replace(
        judgement,
        scope=scope,
        evidences=(*judgement.evidences, judged.evidence),
        places={**judgement.places, **in_repository(workspace, places)},
        differences={**judgement.differences, **({name: compared} if compared else {})},
        uncompared={**judgement.uncompared, **({name: difference} if isinstance(difference, str) else {})},
    )


def _difference(workspace: Workspace, judged: _Judged, gate: Gate) -> Difference | str | None:
    """How a dataset differs from its latest release, or why that is unknown; None without one, or data."""
    name, data, rules = judged.dataset.name, judged.evidence.data.sha256, judged.own or judged.rules
    if not data:
        return None
    try:
        store = gate.around.store()
        latest = find_previous(store, name, None)
        require_known_history(workspace, name, versions(store, name), store.url)
        if latest is None:
            return None
        if data == latest.manifest.data["sha256"]:
            return diff_unread(workspace, judged.dataset, rules, latest, store)
        bench = judged.bench or _lay_out(workspace, judged.dataset, gate, rules)
        return diff_bench(replace(bench, workspace=workspace, rules=rules), None, store, shifts=True)
    except RegistryError as error:
        gate.around.warn(f"{name} is not compared with its last release: {error}")
        return str(error)
