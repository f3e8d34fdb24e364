"""`registry add`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from registry.cli.common import Run, command
from registry.cli.output import human_bytes, size_of

if TYPE_CHECKING:
    from registry.authoring.add import Added
    from registry.workspace.workspace import Workspace


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @command(app, "add", writes=True)
    def add(
        run: Run,
        path: Annotated[Path, typer.Argument(metavar="PATH", help="A file or directory of data.")],
        name: Annotated[str | None, typer.Option("--name", metavar="N", help="The dataset's name.")] = None,
        label: Annotated[str | None, typer.Option("--label", metavar="C", help="The label column.")] = None,
        text: Annotated[str | None, typer.Option("--text", metavar="C", help="The text column.")] = None,
        key: Annotated[str | None, typer.Option("--key", metavar="C", help="The column that names a row.")] = None,
        group: Annotated[str | None, typer.Option("--group", metavar="C", help="Rows kept in one split.")] = None,
        time: Annotated[str | None, typer.Option("--time", metavar="C", help="When a row arose.")] = None,
        split_column: Annotated[
            str | None, typer.Option("--split-column", metavar="C", help="The column that names the split.")
        ] = None,
        annotator: Annotated[
            list[str] | None, typer.Option("--annotator", metavar="C", help="A column of one annotator; repeatable.")
        ] = None,
        license: Annotated[str | None, typer.Option("--license", metavar="ID", help="Such as cc-by-4.0.")] = None,  # noqa: A002
        encoding: Annotated[str | None, typer.Option("--encoding", metavar="E", help="Such as cp949.")] = None,
        dry_run: bool = False,
    ) -> None:
        """Address data by content, and declare it.

        The first time, schema, suite and card are inferred and written; later only the
        pointer changes.
        Example: registry add data/reviews --label sentiment --text review --license cc-by-4.0
        """
        from registry.authoring.add import AddOptions
        from registry.authoring.add import add as add_data
        from registry.schemas.infer import Roles

        workspace = run.workspace()
        roles = Roles(
            label=label,
            text=text,
            key=key,
            group=group,
            time=time,
            split=split_column,
            annotators=tuple(annotator or ()),
            license=license or "",
            encoding=encoding or "utf-8",
        )
        with run.out.progress("Hashing", lambda: size_of(run.directory / path)) as progress:
            options = AddOptions(name=name, roles=roles, progress=progress, dry_run=dry_run)
            added = add_data(workspace, run.directory / path, options)
        _report(run, workspace, added)


def _report(run: Run, workspace: Workspace, added: Added) -> None:
    from registry.judge.judge import JudgeOptions, judge, lay_out
    from registry.workspace.workspace import Workspace as Finder

    files, name = added.snapshot.files, added.dataset.name
    then = f"registry release auto {name}"
    document = {
        "format": "registry.add/1",
        "name": added.dataset.name,
        "path": added.dataset.path,
        "state": added.state,
        "md5": added.snapshot.md5,
        "files": len(files),
        "bytes": files.bytes,
        "written": list(added.written),
    }
    run.out.document(document)
    run.out.text(f"{added.dataset.name}: {added.state}: {_files(len(files))}, {human_bytes(files.bytes)}")
    for file in added.written:
        run.out.text(f"  {'would write' if added.state == 'planned' else 'wrote'} {file}")
    if added.state == "added" and not run.out.json:
        from registry.formats.text import render

        fresh = Finder.find(workspace.root)
        run.out.text()
        evidence = judge(lay_out(fresh, added.dataset, JudgeOptions()))
        run.out.text(render(evidence))
        then = (
            f"registry release v1.0 {name}" if evidence.verdict == "pass" else f"mend what fails, registry check {name}"
        )
    if added.state in ("added", "updated"):
        commit = " ".join(dict.fromkeys([*added.written, *_ours(workspace)]))
        verb = "Add" if added.state == "added" else "Update"
        run.out.note(f"\nNext: git add {commit} && git commit -m '{verb} {added.dataset.name}'")
        run.out.note(f"Then: {then}")


def _files(count: int) -> str:
    return "1 file" if count == 1 else f"{count:,} files"


def _ours(workspace: Workspace) -> list[str]:
    """Workspace files that git should hold and may not yet."""
    candidates = ["registry.toml", ".gitignore", ".dvc/config", ".dvc/.gitignore", ".dvcignore"]
    names = [name for name in candidates if (workspace.root / name).exists()]
    dirty = workspace.git.dirty(workspace.root / name for name in names)
    top = workspace.git.relative(workspace.root)
    return [name for name in names if (name if top == "." else f"{top}/{name}") in dirty]
