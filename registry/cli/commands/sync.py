"""`registry sync`."""

from __future__ import annotations

from typing import Annotated

import typer

from registry.cli.common import Run, command
from registry.cli.output import human_bytes


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @command(app, "sync", writes=True)
    def sync(
        run: Run,
        frozen: Annotated[bool, typer.Option("--frozen", help="Never change registry.lock.")] = False,
        dry_run: bool = False,
    ) -> None:
        """Bring what registry.lock pins.

        Each release goes to its path, verified; one that is there is verified again, an
        earlier one is replaced. Example: registry sync --frozen
        """
        from registry.consume.pull import PullOptions
        from registry.consume.sync import Project, Synced
        from registry.consume.sync import sync as bring

        done: list[Synced] = []
        project = Project(run.directory, run.store_url)
        for synced in bring(project, frozen=frozen, watch=lambda _: PullOptions(dry_run=dry_run)):
            done.append(synced)
            result = synced.result
            if result.warning:
                run.out.alarm(f"warning: {result.warning}")
            moved = human_bytes(result.transferred_bytes)
            run.out.text(f"{synced.state:<10} {result.name}@{result.version} at {result.path}; moved {moved}")
        run.out.document({"format": "registry.sync/1", "datasets": [one.to_json() for one in done]})
        if not done:
            run.out.note("registry.lock pins nothing. Next: registry lock NAME@^1.2")
