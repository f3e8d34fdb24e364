"""`registry diff`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from registry.cli.common import Run, command


class Format(StrEnum):
    """How a difference is shown."""

    text = "text"
    markdown = "markdown"


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @command(app, "diff")
    def diff(
        run: Run,
        before: Annotated[
            str | None, typer.Argument(metavar="A", help="NAME@SPEC, or NAME for its latest release.")
        ] = None,
        after: Annotated[
            str | None, typer.Argument(metavar="B", help="NAME@SPEC; without it the workspace as it stands.")
        ] = None,
        form: Annotated[Format, typer.Option("--format", help="text or markdown.")] = Format.text,
    ) -> None:
        """Show what changed in a dataset.

        Rows, labels, splits and schema, and the version that the change demands.
        Example: registry diff reviews@1.0 reviews@1.1
        """
        from registry.formats.changes import markdown, render
        from registry.model.names import Ref
        from registry.release.differ import around, diff_releases, diff_workspace

        if before and after:
            found = diff_releases(run.store(), Ref.parse(before), Ref.parse(after), around(run.directory))
        else:
            workspace = run.workspace()
            ref = Ref.parse(before) if before and "@" in before else None
            name = before.partition("@")[0] if before else None
            dataset = workspace.choose(name, run.directory, command="registry diff")
            found = diff_workspace(workspace, dataset, ref, run.store())
        run.out.document(found.to_json())
        run.out.text((markdown if form is Format.markdown else render)(found).rstrip("\n"))
        if not after and found.level != "none":
            run.out.note(f"Next: registry release auto {found.after}")
