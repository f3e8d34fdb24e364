"""`registry unyank`."""

from __future__ import annotations

from typing import Annotated

import typer

from registry.cli.common import Run, command


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @command(app, "unyank", writes=True)
    def unyank(
        run: Run,
        ref: Annotated[str, typer.Argument(metavar="NAME@V", help="The release.")],
        reason: Annotated[str, typer.Option("--reason", metavar="R", help="Why it is fit again.")] = "",
        dry_run: bool = False,
    ) -> None:
        """Restore a yanked release.

        The log keeps both entries. What was purged stays purged.
        Example: registry unyank reviews@v1.2 --reason "labels were right"
        """
        from registry.stewardship.acting import exact, whoami
        from registry.stewardship.withdrawal import unyank as restore

        name, version = exact(ref, "registry unyank")
        result = restore(run.store(), name, version, by=whoami(run.directory), reason=reason, dry_run=dry_run)
        run.out.document(result.to_json())
        verb = {"planned": "would be restored", "unchanged": "is not yanked", "restored": "is restored"}[result.state]
        run.out.text(f"{name}@{version} {verb}; latest is {result.latest or 'nothing'}")
