"""`registry promote`."""

from __future__ import annotations

from typing import Annotated

import typer

from registry.cli.common import Run, command


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @command(app, "promote", writes=True)
    def promote(
        run: Run,
        ref: Annotated[str, typer.Argument(metavar="NAME@V", help="The release.")],
        channel: Annotated[str, typer.Argument(metavar="CHANNEL", help="Such as stable; made where it is new.")],
        dry_run: bool = False,
    ) -> None:
        """Point a channel to a release.

        A channel may go back to an older version; its sequence only grows.
        Example: registry promote reviews@v1.2 stable
        """
        from registry.stewardship.acting import exact, whoami
        from registry.stewardship.channels import promote as promote_release

        name, version = exact(ref, "registry promote")
        result = promote_release(run.store(), name, version, channel, by=whoami(run.directory), dry_run=dry_run)
        run.out.document(result.to_json())
        verb = {"planned": "would point", "unchanged": "points already", "promoted": "points"}[result.state]
        before = f", before {result.previous}" if result.previous else ""
        run.out.text(f"{name}@{channel} {verb} to {version}{before} (sequence {result.sequence})")
        run.out.note(f"Next: registry pull {name}@{channel}")
