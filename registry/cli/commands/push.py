"""`registry push`."""

from __future__ import annotations

from typing import Annotated

import typer

from registry.cli.common import Run, command
from registry.cli.output import counted


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @command(app, "push", writes=True)
    def push(
        run: Run,
        names: Annotated[list[str] | None, typer.Argument(metavar="NAME…", help="Default: all.")] = None,
        dry_run: bool = False,
    ) -> None:
        """Send data to DVC's default remote.

        So that other clones have it before it is released.
        Example: registry push reviews
        """
        from registry.content import dvc
        from registry.errors import NotFoundError
        from registry.judge.obtain import Depot

        workspace = run.workspace()
        chosen = [workspace.dataset(name) for name in names] if names else list(workspace.datasets.values())
        pointers = []
        for dataset in chosen:
            pointer = workspace.pointer(dataset)
            if pointer is None:
                raise NotFoundError(f"`{dataset.name}` has no pointer", hint=f"registry add {dataset.path}")
            pointers.append(pointer)
        sent = 0 if dry_run or not pointers else dvc.push(workspace.root, pointers)
        lost = {} if dry_run else Depot(workspace, None).lacking(pointers)
        if lost:
            raise NotFoundError(
                f"the remote still lacks {counted(len(lost), 'object')} of {', '.join(d.name for d in chosen)}",
                why=f"this clone does not have the data either: {', '.join(sorted(lost)[:3])}",
                hint="run it in the clone where the data was added",
            )
        listing = [dataset.name for dataset in chosen]
        run.out.document({"format": "registry.push/1", "datasets": listing, "objects": sent, "dry_run": dry_run})
        run.out.text(f"{', '.join(listing) or 'nothing'}: {'would be pushed' if dry_run else f'{sent:,} objects sent'}")
