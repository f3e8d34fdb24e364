"""What `plan` and `release` share: choosing the dataset and running the release."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from registry.cli.common import Run
from registry.cli.output import size_of
from registry.errors import UsageError
from registry.model.names import Version

if TYPE_CHECKING:
    from registry.release.plan import Plan, PlanOptions
    from registry.release.release import Outcome

STEPS = {
    "hash": "hashing the data",
    "check": "judging it",
    "profile": "measuring and rendering the documents",
    "upload": "uploading",
    "record": "recording the release in git",
}


def run_release(
    run: Run,
    version: str,
    name: str | None,
    *,
    options: PlanOptions,
    allow_dirty: bool,
    git: bool,
    dry_run: bool,
    applied: Path | None = None,
) -> Outcome:
    """Runs a release with progress on stderr; `applied` is the file of a plan that it must keep to."""
    from registry.judge.judge import JudgeOptions
    from registry.release.applied import read_plan
    from registry.release.release import ReleaseOptions, release
    from registry.versions.demand import WORDS

    plan = read_plan(run.directory / applied) if applied else None
    command = "registry plan" if dry_run else "registry release"
    workspace = run.workspace()
    if plan and name is None:
        name = str(plan["name"])
    if version not in WORDS and not Version.is_version(version):
        meant = version if version in workspace.datasets else name or ""
        raise UsageError(
            f"`{version}` is no version",
            why="a version reads v1.2, auto, major, minor or patch",
            hint=f"{command} auto {meant}".rstrip(),
        )
    dataset = workspace.choose(name, run.directory, command=f"{command} {version}")
    store = run.store()

    with run.out.progress(dataset.name, lambda: size_of(workspace.root / dataset.path)) as progress:

        def step(name: str) -> None:
            run.out.note(f"{dataset.name}: {STEPS[name]}")
            if progress:
                progress.begin(STEPS[name])

        settings = ReleaseOptions(
            judge=JudgeOptions(progress=progress, store=store),
            plan=options,
            allow_dirty=allow_dirty,
            git=git,
            dry_run=dry_run,
            step=step,
            applied=plan,
        )
        return release(workspace, dataset, version, store, settings)


def planned(run: Run, version: str, name: str | None) -> tuple[Plan | None, str, dict[str, Any]]:
    """The plan of a release, the store's URL, and the result document where there is nothing to plan."""
    from registry.release.plan import PlanOptions

    outcome = run_release(
        run, version, name, options=PlanOptions(lang=run.out.lang), allow_dirty=True, git=True, dry_run=True
    )
    result = outcome.result.to_json()
    return outcome.plan, result["store"], result
