"""`registry diff`."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from registry.cli.common import Run, command

if TYPE_CHECKING:
    from registry.model.difference import Difference
    from registry.model.names import Ref
    from registry.release.touched import Differences


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

        Rows, labels, splits, columns and schema, and the version that the change demands; of a
        workspace with several datasets those that differ, one after the other.
        Example: registry diff reviews@1.0 reviews@1.1
        """
        from registry.release.touched import Differences
        from registry.workspace.files import write_text

        found = _found(run, before, after, dataset)
        run.out.document(found.to_json())
        text = _rendered(found, form, run.out.lang)
        if output is not None:
            write_text(run.directory / output, text)
            run.out.note(f"{found.before} → {found.after}: {found.level}: written to {output}")
        else:
            run.out.text(text.rstrip("\n"))
        for one in found.touched if isinstance(found, Differences) else (found,):
            if not after and "@" in one.before and one.level != "none":
                run.out.note(f"Next: registry release auto {one.after}")


def _rendered(found: Difference | Differences, form: Format, lang: str) -> str:
    from registry.formats.changes import markdown, render
    from registry.release.touched import Differences

    each = found.touched if isinstance(found, Differences) else (found,)
    if form is Format.html:
        return _page(each, lang)
    parts = [markdown(one) if form is Format.markdown else f"{render(one)}\n" for one in each]
    if isinstance(found, Differences):
        parts += [f"{word}: {', '.join(names)}\n" for word, names in found.others()]
    return "\n".join(parts)


def _page(each: Sequence[Difference], lang: str) -> str:
    """The page of a difference; it is of one dataset."""
    from registry.cards.difference import diff_html
    from registry.errors import UsageError

    if len(each) == 1:
        return diff_html(each[0], "ko" if lang == "ko" else "en")
    names = [one.after.partition("@")[0].partition(" ")[0] for one in each]
    raise UsageError(
        f"a page is of one dataset, and {len(each) or 'none'} differ",
        why=f"they are {', '.join(names)}" if names else "there is nothing to show",
        hint=f"registry diff … --dataset {names[0]} --format html" if names else "registry diff --help",
    )


def _found(run: Run, before: str | None, after: str | None, name: str | None) -> Difference | Differences:
    """The difference of two states, each a release, a revision of git, or the workspace.

    Of a workspace with several datasets all of them, unless one is named or the command runs in its data.
    """
    from registry.errors import UsageError
    from registry.release.differ import around, diff_releases, diff_states
    from registry.release.touched import diff_touched

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
    if name is None and len(workspace.datasets) > 1 and workspace.around(run.directory) is None:
        return diff_touched(workspace, before, after, run.store())
    dataset = workspace.choose(name, run.directory, command="registry diff --dataset")
    return diff_states(workspace, dataset, old or before, after, run.store())


def _release(text: str | None) -> Ref | None:
    """The release that a text names, `NAME@SPEC`; None of anything else, such as `HEAD@{1}`."""
    from registry.model.names import Ref, is_dataset_name

    named = text is not None and "@" in text and "@{" not in text and is_dataset_name(text.partition("@")[0])
    return Ref.parse(str(text)) if named else None
