"""`registry yank`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from registry.cli.common import Run, command

if TYPE_CHECKING:
    from registry.stewardship.withdrawal import Withdrawal


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @command(app, "yank", writes=True)
    def yank(
        run: Run,
        ref: Annotated[str, typer.Argument(metavar="NAME@V", help="The release.")],
        reason: Annotated[str, typer.Option("--reason", metavar="R", help="Shown to every consumer.")],
        severity: Annotated[
            str, typer.Option("--severity", metavar="S", help="quality, privacy or security.")
        ] = "quality",
        dry_run: bool = False,
    ) -> None:
        """Withdraw a release; nothing is removed.

        Quality: `latest` and ranges pass it over, an exact version still pulls, with a
        warning. Privacy and security: it is refused everywhere. The number stays taken.
        Example: registry yank reviews@v1.2 --reason "labels swapped"
        """
        from registry.stewardship.acting import exact, whoami
        from registry.stewardship.withdrawal import Cause
        from registry.stewardship.withdrawal import yank as yank_release

        name, version = exact(ref, "registry yank")
        cause = Cause(reason, severity)
        result = yank_release(run.store(), name, version, cause, by=whoami(run.directory), dry_run=dry_run)
        run.out.document(result.to_json())
        verb = {"planned": "would be yanked", "unchanged": "is yanked already", "yanked": "is yanked"}[result.state]
        run.out.text(f"{name}@{version} {verb} for {severity}: {reason}")
        _consequences(run, result)


def _consequences(run: Run, result: Withdrawal) -> None:
    for channel in result.channels:
        run.out.alarm(f"warning: the channel {result.name}@{channel} points to it")
        run.out.note(f"Next: registry promote {result.name}@{result.latest or 'VERSION'} {channel}")
    latest = result.latest or "nothing: every version is withdrawn or a pre-release"
    run.out.note(f"latest {'would be' if result.state == 'planned' else 'is now'} {latest}")
    if result.severity == "privacy":
        run.out.note(f"To destroy its bytes: registry purge {result.name}@{result.version} --reason REASON")
