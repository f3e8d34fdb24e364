"""`registry card`."""

from __future__ import annotations

from typing import Annotated

import typer

from registry.cli.common import Run, command


def register(app: typer.Typer) -> None:
    """Adds the group of commands."""
    group = typer.Typer(help="Look after the dataset card.", no_args_is_help=True, rich_markup_mode=None)

    @command(group, "lint")
    def lint(
        run: Run, name: Annotated[str | None, typer.Argument(metavar="NAME", help="Which dataset.")] = None
    ) -> None:
        """Compare the card with policy and measurement.

        Exit 1 where a required declaration is missing or a measurement contradicts one.
        Example: registry card lint reviews
        """
        from registry.release.preview import lint_card

        workspace = run.workspace()
        dataset = workspace.choose(name, run.directory, command="registry card lint")
        problems = lint_card(workspace, dataset, run.store())
        run.out.document({"format": "registry.card-lint/1", "name": dataset.name, "problems": problems})
        for problem in problems:
            run.out.text(f"{dataset.card}: {problem['field']}: {problem['message']}")
        if problems:
            raise typer.Exit(1)
        run.out.text(f"{dataset.card}: no problem")

    app.add_typer(group, name="card")
