"""`registry status`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from registry.cli.common import Run, command
from registry.cli.output import human_bytes


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @command(app, "status")
    def status(
        run: Run, names: Annotated[list[str] | None, typer.Argument(metavar="NAME…", help="Default: all.")] = None
    ) -> None:
        """Show whether data, pointer and git agree.

        Example: registry status reviews
        """
        from registry.release.status import status_of

        workspace = run.workspace()
        chosen = [workspace.dataset(name) for name in names] if names else list(workspace.datasets.values())
        found: list[dict[str, Any]] = [status_of(workspace, dataset) for dataset in chosen]
        run.out.document({"format": "registry.status/1", "datasets": found})
        if not found:
            run.out.note("No dataset is declared. Next: registry add PATH")
            return
        rows = [
            (d["name"], d["path"], d["data"], "committed" if not d["uncommitted"] else "uncommitted", _size(d))
            for d in found
        ]
        run.out.table(("dataset", "path", "data", "git", "size"), rows)
        for dataset in found:
            if dataset["next"]:
                run.out.note(f"{dataset['name']}: {dataset['next']}")


def _size(status: dict[str, Any]) -> str:
    return "" if status["bytes"] is None else f"{human_bytes(status['bytes'])} in {status['files']:,} files"
