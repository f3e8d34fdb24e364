"""`registry release`: preflight, gate, plan, execution, record.

The order is that of the promise: nothing is written before the gate passed, nothing
exists before the reference is written, nothing is lost after it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from registry.cards.changelog import PATHS
from registry.consume.resolve import Released, find_released, known_files, refusal
from registry.errors import VersionExistsError
from registry.judge.judge import Bench, JudgeOptions, judge, lay_out
from registry.model.facts import Declared
from registry.model.names import Version
from registry.model.release import ReleaseResult
from registry.release.applied import require_as_planned
from registry.release.candidate import (
    Candidate,
    compare,
    content_of,
    declared_card,
    measure_splits,
    previous_of,
    require_current,
    source_of,
)
from registry.release.execute import execute
from registry.release.plan import Plan, PlanOptions, gate_failed, make_plan
from registry.release.preflight import require_clean, require_known_history, require_no_other_tag
from registry.release.record import record
from registry.stores.base import Store
from registry.stores.layout import open_registry, read_object, standings, versions
from registry.versions.demand import WORDS, requested, require_order
from registry.workspace.workspace import Dataset, Workspace

CHANGELOG = PATHS["en"]

Step = Callable[[str], None]


def _silent(_: str) -> None:
    """Says nothing."""


@dataclass(frozen=True, slots=True)
class ReleaseOptions:
    """How to release.

    `step` is called with the name of each step as it begins; `applied` is a plan that was written
    before, of which nothing may have moved.
    """

    judge: JudgeOptions = field(default_factory=JudgeOptions)
    plan: PlanOptions = field(default_factory=PlanOptions)
    allow_dirty: bool = False
    git: bool = True
    dry_run: bool = False
    step: Step = _silent
    applied: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """A result, the plan that led to it (None where nothing was to do), what is left to run, what to beware of."""

    result: ReleaseResult
    plan: Plan | None = None
    commands: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def release(workspace: Workspace, dataset: Dataset, version: str, store: Store, options: ReleaseOptions) -> Outcome:
    """Releases `dataset` as `version` (a number, auto, major, minor or patch) into `store`."""
    if options.git and not options.allow_dirty:
        require_clean(workspace, dataset)
    open_registry(store, write=not options.dry_run)
    options.step("hash")
    judge_by = replace(options.judge, before=_wanted(version), reach=lambda: store)
    bench = lay_out(workspace, dataset, judge_by)
    declared = declared_card(bench)
    if not options.allow_dirty:
        require_current(bench)
    there = _already(bench, declared, version, store)
    if there is not None:
        if there.standing and there.standing.state == "purged":
            raise refusal(there.name, there.version, there.standing)
        return _finish(workspace, there, store, options)
    warnings = _known_harm(store, dataset.name, bench.snapshot.files.sha256)
    released = versions(store, dataset.name)
    if options.git:
        require_known_history(workspace, dataset.name, released, store.url)
    if version not in WORDS:
        require_order(Version.parse(version), released, dataset.name)
        if options.git:
            require_no_other_tag(workspace, dataset.name, Version.parse(version), None)
    candidate = gather(bench, declared, version, store, options.step)
    if candidate.previous and not candidate.facts:
        return Outcome(_nothing(candidate, store), warnings=warnings)
    plan = plan_for(candidate, version, store, options.plan)
    if options.applied is not None:
        require_as_planned(plan, store.url, options.applied)
    if options.dry_run:
        return Outcome(plan.result(store.url, "planned"), plan, warnings=warnings)
    options.step("upload")
    result = execute(plan, store, progress=options.judge.progress)
    return replace(_record(workspace, plan, result, store, options), warnings=warnings)


def _known_harm(store: Store, name: str, data: str) -> tuple[str, ...]:
    """A warning where exactly this data was withdrawn for privacy or security, or purged."""
    grave = {version: standing for version, standing in standings(store, name).items() if standing.refused}
    found = [there for version in grave if (there := find_released(store, name, version))]
    return tuple(
        f"these bytes were released before: {refusal(name, there.version, grave[there.version])}"
        for there in found
        if there.manifest.data["sha256"] == data
    )


def gather(bench: Bench, declared: Declared, version: str, store: Store, step: Step = _silent) -> Candidate:
    """Judges and measures what lies on the bench; raises `GateFailed` before anything costly is rendered."""
    step("check")
    evidence = judge(bench)
    if evidence.verdict != "pass":
        raise gate_failed(evidence)
    step("profile")
    splits = measure_splits(bench)
    previous = previous_of(store, bench.dataset.name, _wanted(version))
    return Candidate(
        bench=bench,
        declared=declared,
        source=source_of(bench),
        previous=previous,
        evidence=evidence,
        profile=bench.profile,
        splits=splits,
        facts=compare(bench, declared, splits, previous, store).facts,
    )


def _wanted(version: str) -> Version | None:
    """The number that is asked for; None where it follows from the change."""
    return None if version in WORDS else Version.parse(version)


def plan_for(candidate: Candidate, version: str, store: Store, options: PlanOptions) -> Plan:
    """The plan of `candidate` as `version`, given what the store has."""
    before = candidate.previous
    there = {} if before is None else before.manifest.artefacts
    history = {lang: read_object(store, there[path].sha256).decode() for lang, path in PATHS.items() if path in there}
    number = requested(version, before.manifest.version if before else None, candidate.level)
    known = known_files(store, candidate.name)
    return make_plan(candidate, number, history=history, known=known, options=options)


def _already(bench: Bench, declared: Declared, version: str, store: Store) -> Released | None:
    """The release of this version if it has this content; raises `VersionExistsError` if it has other."""
    if version in WORDS:
        return None
    number = Version.parse(version)
    there = find_released(store, bench.dataset.name, number)
    if there is None:
        return None
    if there.reference.content == content_of(bench, declared, number):
        return there
    raise VersionExistsError(
        f"{bench.dataset.name}@{number} is released already, with other content",
        why=f"its manifest is sha256:{there.reference.manifest}, by {there.reference.by} at {there.reference.at}",
        hint=f"registry release auto {bench.dataset.name}",
        manifest=there.reference.manifest,
    )


def _finish(workspace: Workspace, there: Released, store: Store, options: ReleaseOptions) -> Outcome:
    """An existing release with equal content: the stored manifest is authoritative, git may need its record."""
    manifest = there.manifest
    result = ReleaseResult(
        name=manifest.name,
        version=str(manifest.version),
        content=manifest.content,
        manifest=there.reference.manifest,
        store=store.url,
        state="already-released",
        change=manifest.level,
        files=manifest.data["files"],
        bytes=manifest.data["bytes"],
    )
    warnings = (there.warning,) if there.warning else ()
    if not options.git or options.dry_run:
        return Outcome(result, warnings=warnings)
    require_no_other_tag(workspace, manifest.name, manifest.version, there.reference.manifest)
    options.step("record")
    changelog = read_object(store, manifest.artefacts[CHANGELOG].sha256)
    commands = record(workspace, manifest, there.raw, changelog)
    return Outcome(result, commands=tuple(commands), warnings=warnings)


def _record(workspace: Workspace, plan: Plan, result: ReleaseResult, store: Store, options: ReleaseOptions) -> Outcome:
    if not options.git:
        return Outcome(result, plan)
    options.step("record")
    if result.state == "already-released":
        there = find_released(store, plan.manifest.name, plan.manifest.version)
        assert there is not None
        return _finish(workspace, there, store, options)
    commands = record(workspace, plan.manifest, plan.manifest.to_bytes(), plan.documents[CHANGELOG])
    return Outcome(result, plan, tuple(commands))


def _nothing(candidate: Candidate, store: Store) -> ReleaseResult:
    assert candidate.previous is not None
    manifest = candidate.previous.manifest
    return ReleaseResult(
        name=manifest.name,
        version=str(manifest.version),
        content=manifest.content,
        manifest=candidate.previous.reference.manifest,
        store=store.url,
        state="nothing-changed",
        change="none",
        files=manifest.data["files"],
        bytes=manifest.data["bytes"],
    )
