"""`registry demo`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from registry.cli.common import Run, command


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @command(app, "demo")
    def demo(
        run: Run,
        directory: Annotated[Path, typer.Argument(metavar="DIR", help="A new directory.")] = Path("registry-demo"),
    ) -> None:
        """Walk the whole path on real data.

        Refused by a planted leak, mended, released twice, pulled back and verified.
        Example: registry demo
        """
        from registry.cli.demonstration import demonstrate

        demonstrate(run.directory / directory, run.out)
