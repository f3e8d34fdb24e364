"""What the commands that mend data share: where it is written and why, and what is said of it afterwards."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from registry.cli.common import Run
    from registry.mending.deliver import Delivered
    from registry.mending.options import Writing

Output = Annotated[Path | None, typer.Option("--output", "-o", metavar="PATH", help="Write there; default: in place.")]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why, for the record.")]


def writing_of(run: Run, output: Path | None, reason: str, dry_run: bool) -> Writing:
    """Where a command line wants mended data, seen from the directory that it runs in, and why."""
    from registry.mending.options import Writing

    return Writing(run.directory / output if output else None, reason, dry_run)


def delivery_json(delivered: Delivered | None) -> dict[str, Any]:
    """What every document of a command that mends says of what it wrote."""
    if delivered is None:
        return {"files": [], "record": None, "next": []}
    record = str(delivered.record) if delivered.record else None
    return {"files": list(delivered.files), "record": record, "next": list(delivered.next)}


def conclude(run: Run, state: str, target: Path, delivered: Delivered | None) -> None:
    """Says where the record stands, that nothing was written, and what to run next."""
    if delivered and delivered.record:
        run.out.text(f"recorded in {delivered.record}")
    if state == "planned":
        run.out.note(f"Nothing was written; without --dry-run it goes to {target}.")
    for line in delivered.next if delivered else ():
        run.out.note(f"Next: {line}")
