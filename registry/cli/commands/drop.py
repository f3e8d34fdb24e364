"""`registry drop`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from registry.cli.common import Run, command

if TYPE_CHECKING:
    from registry.mending.drop import Drop


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @command(app, "drop", writes=True)
    def drop(
        run: Run,
        name: Annotated[str, typer.Argument(metavar="NAME", help="Which dataset.")],
        checks: Annotated[list[str], typer.Option("--check", metavar="ID", help="Whose rows; repeatable.")],
        output: Annotated[
            Path | None, typer.Option("--output", "-o", metavar="PATH", help="Write there; default: in place.")
        ] = None,
        reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why, for the record.")] = "",
        dry_run: bool = False,
    ) -> None:
        """Remove the rows that checks found.

        Of a leak those of the later split, of duplicates those beyond the first, and
        nothing else. The data is written anew in its own format, whole or not at all.
        Example: registry drop reviews --check leakage-exact --check duplicates
        """
        from registry.judge.judge import JudgeOptions, lay_out
        from registry.mending.drop import drop as remove
        from registry.mending.options import Writing

        workspace = run.workspace()
        dataset = workspace.dataset(name)
        with run.out.progress(f"Dropping from {name}") as progress:
            bench = lay_out(workspace, dataset, JudgeOptions(progress=progress, reach=run.store))
            target = run.directory / output if output else None
            _report(run, name, remove(bench, checks, Writing(target, reason, dry_run)))


def _report(run: Run, name: str, done: Drop) -> None:
    found = done.found
    record = done.delivered.record if done.delivered else None
    following = done.delivered.next if done.delivered else ()
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
        "files": list(done.delivered.files) if done.delivered else [],
        "record": str(record) if record else None,
        "next": list(following),
    }
    run.out.document(document)
    words = {"dropped": "rows dropped", "planned": "rows would be dropped", "unchanged": "rows found: nothing to drop"}
    run.out.text(f"{name}: {len(found.places):,} {words[done.state]}")
    run.out.table(("check", "rows"), [(check, f"{rows:,}") for check, rows in found.by_check.items()])
    run.out.table(
        ("split", "dropped", "left"),
        [(split, f"{rows:,}", f"{found.left[split]:,}") for split, rows in found.dropped.items()],
    )
    if record:
        run.out.text(f"recorded in {record}")
    if done.state == "planned":
        run.out.note(f"Nothing was written; without --dry-run it goes to {done.target.path}.")
    for line in following:
        run.out.note(f"Next: {line}")
