"""`registry check`."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from registry.cli.common import Run, command
from registry.cli.output import size_of


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @command(app, "check")
    def check(
        run: Run,
        names: Annotated[list[str] | None, typer.Argument(metavar="NAME…", help="Default: all.")] = None,
        formats: Annotated[
            list[str] | None,
            typer.Option("--format", metavar="F[=PATH]", help="text or json, to stdout or a file; repeatable."),
        ] = None,
        as_of: Annotated[
            str | None, typer.Option("--as-of", metavar="DATE", help="The day that waivers are read on.")
        ] = None,
        no_memory: Annotated[bool, typer.Option("--no-memory", help="Measure again what is remembered.")] = False,
    ) -> None:
        """Judge datasets by schema and suite.

        Exit 1 where one is unfit.
        Example: registry check reviews --format json=verdict.json
        """
        from registry.cli.verdicts import parse_date, parse_formats, write_verdict
        from registry.errors import UsageError
        from registry.judge.judge import JudgeOptions, judge, lay_out
        from registry.model.evidence import check_document

        outputs = parse_formats(formats or [])
        workspace = run.workspace()
        chosen = [workspace.dataset(name) for name in names] if names else list(workspace.datasets.values())
        if not chosen:
            raise UsageError("this workspace declares no dataset", hint="registry add PATH")
        store = None
        evidences = []
        for dataset in chosen:
            if not (workspace.root / dataset.path).exists() and store is None:
                store = run.store()
            with run.out.progress(
                f"Hashing {dataset.name}", partial(size_of, workspace.root / dataset.path)
            ) as progress:
                options = JudgeOptions(as_of=parse_date(as_of), remember=not no_memory, progress=progress, store=store)
                evidences.append(judge(lay_out(workspace, dataset, options)))
        write_verdict(run, evidences, outputs)
        if check_document(evidences)["verdict"] != "pass":
            raise typer.Exit(1)
