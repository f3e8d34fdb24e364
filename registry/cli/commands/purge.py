"""`registry purge`."""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

from registry.cli.common import Run, command
from registry.cli.output import counted, human_bytes

if TYPE_CHECKING:
    from registry.stewardship.purge import Purged, Share


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @command(app, "purge", writes=True)
    def purge(
        run: Run,
        ref: Annotated[str, typer.Argument(metavar="NAME@V", help="The release.")],
        reason: Annotated[str, typer.Option("--reason", metavar="R", help="Shown on the tombstone.")],
        confirm: Annotated[str, typer.Option("--confirm", metavar="NAME@V", help="The same again.")] = "",
        dry_run: bool = False,
    ) -> None:
        """Destroy a release's bytes for good.

        Only those that no other release needs; what others share is listed. A tombstone
        stays, and the number stays taken. Interrupted, the same command goes on.
        Example: registry purge reviews@v1.2 --reason "consent withdrawn" --confirm reviews@v1.2
        """
        from registry.errors import UsageError
        from registry.stewardship.acting import exact, whoami
        from registry.stewardship.purge import purge as purge_release

        name, version = exact(ref, "registry purge")
        if not dry_run and (not confirm or exact(confirm, "registry purge") != (name, version)):
            raise UsageError(
                f"destroying {name}@{version} is not confirmed",
                why="it cannot be undone",
                hint=f"registry purge {name}@{version} --reason {quote(reason)} --confirm {name}@{version}",
            )
        result = purge_release(run.store(), name, version, reason, by=whoami(run.directory), dry_run=dry_run)
        run.out.document(result.to_json())
        _report(run, result)


def _report(run: Run, result: Purged) -> None:
    ref = f"{result.name}@{result.version}"
    if result.state == "unchanged":
        run.out.text(f"{ref} was purged already")
        return
    verb = "would be destroyed" if result.state == "planned" else "destroyed"
    run.out.text(f"{ref}: {counted(result.destroyed, 'object')}, {human_bytes(result.destroyed_bytes)} {verb}")
    for share in result.shared:
        _warn(run, share)
    for channel in result.channels:
        run.out.alarm(f"warning: the channel {result.name}@{channel} points to it")
    if any(share.waits for share in result.shared):
        run.out.note("Next, when that release is done or given up: the same command again")
    run.out.note("Copies elsewhere are not reached: pulled directories, caches, DVC remotes, mirrors, bucket versions.")


def _warn(run: Run, share: Share) -> None:
    amount = f"{counted(share.files, 'file')}, {human_bytes(share.bytes)}"
    if share.waits:
        what = f"{share.release}, which {share.by} is about to release," if share.by else "a release in progress"
        run.out.alarm(f"warning: {what} needs {amount}: they stay until {share.waits} at the latest")
    else:
        run.out.alarm(f"warning: {share.release} shares {amount}: they stay")
