"""`registry diff`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from registry.cli.common import Run, command

if TYPE_CHECKING:
    from registry.model.difference import Difference
    from registry.model.names import Ref


class Format(StrEnum):
    """How a difference is shown."""

    text = "text"
    markdown = "markdown"
    html = "html"


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @command(app, "diff")
    def diff(
        run: Run,
        before: Annotated[
            str | None,
            typer.Argument(metavar="A", help="NAME@SPEC, a revision of git, or NAME (its latest)."),
        ] = None,
        after: Annotated[
            str | None,
            typer.Argument(metavar="B", help="NAME@SPEC or a revision; without it the workspace as it stands."),
        ] = None,
        dataset: Annotated[
            str | None, typer.Option("--dataset", metavar="NAME", help="Which dataset, where A is a revision.")
        ] = None,
        form: Annotated[Format, typer.Option("--format", help="text, markdown or html.")] = Format.text,
        output: Annotated[Path | None, typer.Option("-o", metavar="PATH", help="Write it to a file.")] = None,
    ) -> None:
        """Show what changed in a dataset.

        Rows, labels, splits, columns and schema, and the version that the change demands.
        Example: registry diff reviews@1.0 reviews@1.1
        """
        from registry.workspace.files import write_text

        found = _found(run, before, after, dataset)
        run.out.document(found.to_json())
        text = _rendered(found, form, run.out.lang)
        if output is not None:
            write_text(run.directory / output, text)
            run.out.note(f"{found.before} → {found.after}: {found.level}: written to {output}")
        else:
            run.out.text(text.rstrip("\n"))
        if not after and "@" in found.before and found.level != "none":
            run.out.note(f"Next: registry release auto {found.after}")


def _rendered(found: Difference, form: Format, lang: str) -> str:
    if form is Format.html:
        from registry.cards.difference import diff_html

        return diff_html(found, "ko" if lang == "ko" else "en")
    from registry.formats.changes import markdown, render

    return markdown(found) if form is Format.markdown else f"{render(found)}\n"


def _found(run: Run, before: str | None, after: str | None, name: str | None) -> Difference:
    """The difference of two states, each a release, a revision of git, or the workspace."""
    from registry.errors import UsageError
    from registry.release.differ import around, diff_releases, diff_states

    old, new = _release(before), _release(after)
    if old and new:
        return diff_releases(run.store(), old, new, around(run.directory))
    if new:
        raise UsageError(f"{new} is no later state", why="a release is the first of two", hint=f"registry diff {new}")
    workspace = run.workspace()
    if before in workspace.datasets:
        name, before = before, None
    if old is not None:
        name = name or old.name
    dataset = workspace.choose(name, run.directory, command="registry diff --dataset")
    return diff_states(workspace, dataset, old or before, after, run.store())


def _release(text: str | None) -> Ref | None:
    """The release that a text names, `NAME@SPEC`; None of anything else, such as `HEAD@{1}`."""
    from registry.model.names import Ref, is_dataset_name

    named = text is not None and "@" in text and "@{" not in text and is_dataset_name(text.partition("@")[0])
    return Ref.parse(str(text)) if named else None
