"""`registry drop`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from registry.cli.common import Run, command
from registry.cli.mending import Output, Reason, conclude, delivery_json, writing_of

if TYPE_CHECKING:
    from registry.mending.drop import Drop


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @command(app, "drop", writes=True)
    def drop(
        run: Run,
        name: Annotated[str, typer.Argument(metavar="NAME", help="Which dataset.")],
        checks: Annotated[list[str], typer.Option("--check", metavar="ID", help="Whose rows; repeatable.")],
        keep: Annotated[
            list[str] | None,
            typer.Option("--keep", metavar="SPLIT", help="Leave this split as it is, drop beside it; repeatable."),
        ] = None,
        output: Output = None,
        reason: Reason = "",
        dry_run: bool = False,
    ) -> None:
        """Remove the rows that checks found.

        Of a leak those of the later split, or, with --keep, what the others share with the
        split that is kept; of duplicates those beyond the first, and nothing else. The data
        is written anew in its own format, whole or not at all.
        Example: registry drop reviews --check leakage-exact --check duplicates
        """
        from registry.judge.judge import JudgeOptions, lay_out
        from registry.mending.drop import drop as remove

        workspace = run.workspace()
        dataset = workspace.dataset(name)
        with run.out.progress(f"Dropping from {name}") as progress:
            bench = lay_out(workspace, dataset, JudgeOptions(progress=progress, reach=run.store))
            _report(run, name, remove(bench, checks, writing_of(run, output, reason, dry_run), keep or ()))


def _report(run: Run, name: str, done: Drop) -> None:
    found = done.found
    document = {
        "format": "registry.drop/1",
        "name": name,
        "state": done.state,
        "path": str(done.target.path),
        "dropped": len(found.places),
        "checks": dict(found.by_check),
        "splits": dict(found.dropped),
        "rows": dict(found.left),
        "samples": list(found.samples),
        **delivery_json(done.delivered),
    }
    run.out.document(document)
    words = {"dropped": "rows dropped", "planned": "rows would be dropped", "unchanged": "rows found: nothing to drop"}
    run.out.text(f"{name}: {len(found.places):,} {words[done.state]}")
    run.out.table(("check", "rows"), [(check, f"{rows:,}") for check, rows in found.by_check.items()])
    run.out.table(
        ("split", "dropped", "left"),
        [(split, f"{rows:,}", f"{found.left[split]:,}") for split, rows in found.dropped.items()],
    )
    conclude(run, done.state, done.target.path, done.delivered)
