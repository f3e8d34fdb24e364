"""`registry release`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from registry.cli.common import Run, command
from registry.cli.output import counted, human_bytes

if TYPE_CHECKING:
    from registry.release.release import Outcome


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @command(app, "release", writes=True)
    def release(
        run: Run,
        version: Annotated[str, typer.Argument(metavar="VERSION", help="v1.2, auto, major, minor or patch.")],
        name: Annotated[str | None, typer.Argument(metavar="NAME", help="Which dataset.")] = None,
        plan: Annotated[
            Path | None,
            typer.Option("--plan", metavar="FILE", help="Exactly what `plan --out` wrote, or nothing."),
        ] = None,
        allow_underbump: Annotated[
            str, typer.Option("--allow-underbump", metavar="REASON", help="A lower number than the change demands.")
        ] = "",
        allow_dirty: Annotated[bool, typer.Option("--allow-dirty", help="Release what is not committed.")] = False,
        no_git: Annotated[bool, typer.Option("--no-git", help="No commit and no tag.")] = False,
        dry_run: bool = False,
    ) -> None:
        """Judge a dataset and release it.

        Binds bytes, verdict and documents into one immutable release. Refused with exit
        1 where the gate fails. The same command again finishes an interrupted release.
        Example: registry release v1.2 reviews
        """
        from registry.cli.releasing import run_release
        from registry.release.plan import PlanOptions

        options = PlanOptions(lang=run.out.lang, underbump=allow_underbump)
        outcome = run_release(
            run,
            version,
            name,
            options=options,
            allow_dirty=allow_dirty,
            git=not no_git,
            dry_run=dry_run,
            applied=plan,
        )
        _report(run, outcome)


def _report(run: Run, outcome: Outcome) -> None:
    result = outcome.result
    run.out.document(result.to_json())
    ref = f"{result.name}@{result.version}"
    for warning in outcome.warnings:
        run.out.alarm(f"warning: {warning}")
    words = {"nothing-changed": "nothing changed since", "planned": "would release"}
    if result.state in words:
        run.out.text(f"{words[result.state]} {ref}")
        return
    run.out.text(f"{run.out.style(result.state, 'bold', 'green')} {run.out.style(ref, 'bold')}")
    run.out.text(f"  manifest sha256:{result.manifest}")
    run.out.text(f"  data     {counted(result.files, 'file')}, {human_bytes(result.bytes)}")
    first = outcome.plan is not None and outcome.plan.manifest.previous is None
    run.out.text(f"  change   {'none: the first release' if first else result.change}")
    run.out.text(f"  uploaded {counted(result.uploaded_files, 'object')}, {human_bytes(result.uploaded_bytes)}")
    run.out.text(f"  store    {result.store}")
    if result.store.startswith("file:") and ".registry/store" in result.store:
        run.out.note("The store is on this machine only; set `store` in registry.toml to share releases.")
    for line in outcome.commands:
        run.out.note(f"Next: {line}")
    run.out.note(f"Then: registry pull {ref}")
