"""`registry gc`."""

from __future__ import annotations

from typing import Annotated

import typer

from registry.cli.common import Run, command
from registry.cli.output import human_bytes


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @command(app, "gc", writes=True)
    def gc(
        run: Run,
        delete: Annotated[bool, typer.Option("--delete", help="Mark, and remove what was marked before.")] = False,
        grace: Annotated[
            str, typer.Option("--grace", metavar="SPAN", help="How long it must have been needed by nothing.")
        ] = "7d",
        dry_run: bool = False,
    ) -> None:
        """Remove what no release needs.

        Without --delete nothing is changed. The first --delete marks, a later one, after
        the grace period, removes. Safe while others release.
        Example: registry gc --delete
        """
        from registry.stewardship.gc import GcOptions, parse_span
        from registry.stewardship.gc import gc as collect

        delete = delete and not dry_run
        result = collect(run.store(), GcOptions(delete, parse_span(grace)))
        run.out.document({**result.to_json(), "dry_run": not delete})
        run.out.text(f"kept     {result.kept:,} objects")
        if delete:
            run.out.text(f"removed  {result.removed:,} objects, {human_bytes(result.removed_bytes)}")
        else:
            run.out.text(f"due      {result.due:,} objects, {human_bytes(result.due_bytes)}")
        run.out.text(
            f"waiting  {result.doomed:,} objects, {human_bytes(result.doomed_bytes)}, for {grace} since marked"
        )
        for one in result.in_progress:
            of = f"{one.of}, which {one.by} is about to release" if one.of else "a release in progress"
            run.out.note(f"Kept for {of}: until it stands, or {one.until} at the latest")
        if not delete and result.due + result.doomed:
            run.out.note("Nothing was changed. Next: registry gc --delete")
