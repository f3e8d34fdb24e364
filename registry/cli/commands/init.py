"""`registry init`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from registry.cli.common import Run, command


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @command(app, "init")
    def init(
        run: Run,
        directory: Annotated[Path | None, typer.Argument(metavar="DIR", help="Where; default: here.")] = None,
        example: Annotated[bool, typer.Option("--example", help="Copy the example declarations too.")] = False,
    ) -> None:
        """Make a directory a workspace.

        Git, DVC, registry.toml and empty folders; a second run changes nothing.
        Example: registry init my-datasets
        """
        from registry.authoring.initialise import initialise

        root = (run.directory / directory) if directory else run.directory
        written = initialise(root, example=example)
        run.out.document({"format": "registry.init/1", "root": str(root), "written": written})
        run.out.text(f"{root}: {'wrote ' + ', '.join(written) if written else 'is a workspace already'}")
        run.out.note("Releases go to .registry/store, on this machine only; `store` in registry.toml changes that.")
        run.out.note("Next: registry add PATH" if not example else "Next: dvc repro")
