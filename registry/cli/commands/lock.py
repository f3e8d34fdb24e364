"""`registry lock`."""

from __future__ import annotations

from typing import Annotated

import typer

from registry.cli.common import Run, command


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @command(app, "lock", writes=True)
    def lock(
        run: Run,
        refs: Annotated[list[str] | None, typer.Argument(metavar="NAME[@SPEC]", help="What to pin.")] = None,
        dry_run: bool = False,
    ) -> None:
        """Pin releases in registry.lock.

        Without arguments everything locked is resolved anew, by what was asked for.
        Commit registry.lock; registry sync brings what it pins.
        Example: registry lock reviews@^1.2
        """
        from registry.consume.lockfile import FILE
        from registry.consume.sync import Project
        from registry.consume.sync import lock as pin
        from registry.model.names import Ref

        def warn(text: str) -> None:
            run.out.alarm(f"warning: {text}")

        project = Project(run.directory, run.store_url)
        locked = pin(project, [Ref.parse(ref) for ref in refs or []], dry_run=dry_run, tell=warn)
        run.out.document(locked.to_json())
        rows = [(e.name, e.spec, e.version, e.manifest[:12], e.license, e.path) for e in locked.entries]
        run.out.table(("dataset", "asked for", "version", "manifest", "license", "path"), rows)
        run.out.note(f"{'Would write' if dry_run else 'Wrote'} {FILE}. Next: registry sync")
