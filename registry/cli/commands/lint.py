"""`registry lint`."""

from __future__ import annotations

from typing import Annotated

import typer

from registry.cli.common import Run, command


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @command(app, "lint")
    def lint(
        run: Run,
        only: Annotated[
            list[str] | None,
            typer.Option("--only", metavar="RULE", help="config, schemas, cards, data or pointers; repeatable."),
        ] = None,
    ) -> None:
        """Look at declarations, reading no data.

        In a second: files that cannot be read or contradict one another, data in git, datasets without a
        pointer. Exit 1 where there is a problem.
        Example: registry lint --only schemas --only cards
        """
        from registry.automation.lint import lint, lint_document

        problems = lint(run.directory, only or ())
        run.out.document(lint_document(problems))
        for problem in problems:
            run.out.text(f"{problem.path}: {problem.message}")
            run.out.note(f"  try: {problem.hint}")
        if problems:
            raise typer.Exit(1)
        run.out.note("no problem")
