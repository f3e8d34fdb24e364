"""`registry add`."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from registry.cli.common import Run, command
from registry.cli.output import human_bytes, size_of

if TYPE_CHECKING:
    from registry.authoring.add import Added
    from registry.schemas.infer import Roles
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
        _report(run, workspace, added, roles)


def _report(run: Run, workspace: Workspace, added: Added, roles: Roles) -> None:
    files = added.snapshot.files
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
    if added.state == "planned":
        return
    then = _next_release(workspace, added.dataset.name)
    if added.state == "added" and not run.out.json:
        then = _judge(run, workspace, added, roles) or then
    _next(run, workspace, added, then)


def _judge(run: Run, workspace: Workspace, added: Added, roles: Roles) -> str:
    """Says what was guessed and what the gate makes of it; what to do before a release, if anything."""
    from registry.cli.adding import remarks
    from registry.formats.text import render
    from registry.judge.judge import JudgeOptions, judge, lay_out
    from registry.workspace.workspace import Workspace as Finder

    bench = lay_out(Finder.find(workspace.root), added.dataset, JudgeOptions())
    evidence = judge(bench)
    given = None if added.dataset.schema not in added.written else roles.given()
    one_file = not added.snapshot.directory and bench.table.split_column is None
    for line in remarks(added.dataset, bench.rules.schema, given, tuple(evidence.data.splits), one_file=one_file):
        run.out.text(f"  {line}")
    run.out.text()
    run.out.text(render(evidence))
    return "" if evidence.verdict == "pass" else f"mend what fails, registry check {added.dataset.name}"


def _next(run: Run, workspace: Workspace, added: Added, then: str) -> None:
    """What git should hold and may not yet: files of the dataset, and of the workspace."""
    from registry.cli.adding import uncommitted
    from registry.content.dvc import has_remote
    from registry.workspace.workspace import Workspace as Finder

    fresh = Finder.find(workspace.root)
    open_files = uncommitted(fresh, fresh.dataset(added.dataset.name))
    files = list(dict.fromkeys([*added.written, *open_files]))
    if not files or (added.state == "unchanged" and not open_files):
        return
    verb = "Add" if added.state == "added" else "Update"
    run.out.note(f"\nNext: git add {shlex.join(files)} && git commit -m '{verb} {added.dataset.name}'")
    remote = "" if has_remote(workspace.home) else "dvc remote add -d work URL && "
    run.out.note(f"Then: {remote}registry push {added.dataset.name}: other clones, and CI, have the data")
    run.out.note(f"Then: {then}")


def _next_release(workspace: Workspace, name: str) -> str:
    released = any((workspace.root / "releases" / name).glob("*.manifest.json"))
    return f"registry release {'auto' if released else 'v1.0'} {name}"


def _files(count: int) -> str:
    return "1 file" if count == 1 else f"{count:,} files"
