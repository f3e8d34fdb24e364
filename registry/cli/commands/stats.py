"""`registry stats`."""

from __future__ import annotations

from typing import Any

import typer

from registry.cli.common import Run, command
from registry.cli.output import human_bytes


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @command(app, "stats")
    def stats(run: Run) -> None:
        """Show what a store holds, in bytes.

        Per dataset: all versions summed, what that takes, what is shared with others.
        Example: registry stats --store s3://bucket/datasets
        """
        from registry.stewardship.stats import stats as measure

        document = measure(run.store())
        run.out.document(document)
        head = ("dataset", "versions", "released", "stored", "own", "shared")
        run.out.table(head, [_row(dataset) for dataset in document["datasets"]])
        run.out.text(f"in all {_size(document['stored'])}; needed by no release {_size(document['unneeded'])}")
        for problem in document["unreadable"]:
            run.out.alarm(f"warning: {problem.get('release', problem['key'])} cannot be read and is not counted")


def _row(dataset: dict[str, Any]) -> tuple[str, ...]:
    sizes = (_size(dataset[part]) for part in ("released", "stored", "own", "shared"))
    return (dataset["name"], str(dataset["versions"]), *sizes)


def _size(amount: dict[str, int]) -> str:
    return human_bytes(amount["bytes"])
