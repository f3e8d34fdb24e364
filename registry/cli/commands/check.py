"""`registry check`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import ExitStack
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from registry.cli.common import Run, command
from registry.cli.output import size_of

if TYPE_CHECKING:
    from datetime import date

    from registry.cli.verdicts import Output
    from registry.model.judgement import Judgement
    from registry.release.gate import Surroundings
    from registry.workspace.workspace import Dataset, Workspace


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @command(app, "check")
    def check(
        run: Run,
        names: Annotated[list[str] | None, typer.Argument(metavar="NAME…", help="Default: all.")] = None,
        formats: Annotated[
            list[str] | None,
            typer.Option(
                "--format",
                metavar="F[=PATH]",
                help="text, json, markdown, junit, sarif, github or gitlab, to stdout or a file; repeatable.",
            ),
        ] = None,
        engine: Annotated[
            str, typer.Option("--engine", metavar="E", help="duckdb, or spark as registry.toml sets it.")
        ] = "duckdb",
        as_of: Annotated[
            str | None, typer.Option("--as-of", metavar="DATE", help="The day that waivers are read on.")
        ] = None,
        mutate: Annotated[
            bool, typer.Option("--mutate", help="Test the gate with defects planted into a copy.")
        ] = False,
        no_memory: Annotated[bool, typer.Option("--no-memory", help="Measure again what is remembered.")] = False,
        changed: Annotated[bool, typer.Option("--changed", help="Only what was touched since --base.")] = False,
        base: Annotated[
            str | None, typer.Option("--base", metavar="REV", help="The branch that a pull request is to be merged to.")
        ] = None,
        evidence: Annotated[
            list[Path] | None,
            typer.Option(
                "--evidence", metavar="FILE", help="A verdict of an earlier run, believed for equal data and rules."
            ),
        ] = None,
        max_bytes: Annotated[
            str | None, typer.Option("--max-bytes", metavar="N", help="The most to fetch of a dataset, such as 20GB.")
        ] = None,
    ) -> None:
        """Judge datasets by schema and suite.

        Exit 1 where one is unfit. With --changed only datasets are judged whose data,
        declarations or code were touched since the work parted from --base. With --mutate
        the gate itself is tested: defects are planted into a copy, and a table says which
        checks catch them.
        Example: registry check reviews --format json=verdict.json
        """
        from registry.cli.verdicts import parse_date, parse_engine, parse_formats, require_base, write_verdict
        from registry.errors import UsageError
        from registry.model.judgement import Judgement
        from registry.model.sizes import parse_size

        outputs, chosen_engine = parse_formats(formats or []), parse_engine(engine)
        revision = require_base(changed, base)
        workspace = run.workspace()
        chosen = [workspace.dataset(name) for name in names] if names else list(workspace.datasets.values())
        if not chosen and revision is None:
            raise UsageError("this workspace declares no dataset", hint="registry add PATH")
        if mutate:
            _mutate(run, workspace, chosen, parse_date(as_of))
            return
        with ExitStack() as stack:
            scope = found = None
            if revision is not None:
                from registry.judge.scope import base_of, scope_of

                found = stack.enter_context(base_of(workspace, revision))
                scope = scope_of(workspace, found).of(dataset.name for dataset in chosen)
                if not scope.touched:
                    write_verdict(run, Judgement((), scope=scope), outputs)
                    return
            from registry.judge.judge import JudgeOptions
            from registry.release.gate import Gate, judge_all, judge_scope

            limit = parse_size(max_bytes) if max_bytes else workspace.config.max_bytes
            gate = Gate(
                JudgeOptions(as_of=parse_date(as_of), remember=not no_memory, engine=chosen_engine, limit=limit),
                _surroundings(run, workspace, found.tip if found else None),
                compare=scope is not None or any(output.format not in ("text", "json") for output in outputs),
                evidence=tuple(run.directory / file for file in evidence or ()),
                pinned=os.environ.get("CI", "").lower() in ("1", "true"),
            )
            if scope and found:
                judgement = judge_scope(workspace, found, scope, gate)
            else:
                judgement = judge_all(workspace, chosen, gate)
        _conclude(run, workspace, judgement, outputs, revision)


def _surroundings(run: Run, workspace: Workspace, base: Workspace | None) -> Surroundings:
    """What the gate asks of a command line; on a branch of `base` the store that this names is asked."""
    from registry.consume.source import Settings
    from registry.release.gate import Surroundings

    settings = Settings(base.config.store, base.config.s3_endpoint, workspace.root) if base else None
    return Surroundings(
        store=cache(partial(run.store, settings)),
        progress=lambda dataset: run.out.progress(
            f"Hashing {dataset.name}", partial(size_of, workspace.root / dataset.path)
        ),
        warn=lambda line: run.out.alarm(f"warning: {line}"),
    )


def _conclude(
    run: Run, workspace: Workspace, judgement: Judgement, outputs: Sequence[Output], revision: str | None
) -> None:
    """Writes the verdict with what to beware of, and ends with exit 1 where it is not a pass."""
    from registry.cli.verdicts import write_verdict
    from registry.cli.waiving import idle_waivers, way_out

    write_verdict(run, judgement, outputs)
    for line in idle_waivers(workspace):
        run.out.alarm(f"warning: {line}")
    if any(evidence.verdict == "fail" for evidence in judgement.evidences):
        run.out.note(f"\n{way_out(workspace, judgement, revision)}")
    if judgement.verdict != "pass":
        raise typer.Exit(1)


def _mutate(run: Run, workspace: Workspace, chosen: list[Dataset], as_of: date | None) -> None:
    """Tries the gate on each dataset; what it finds is reported, and no failure."""
    from registry.judge.judge import JudgeOptions
    from registry.mending.mutate import lay_out_untouched, mutate, mutate_document

    words = {"caught": "caught", "not_caught": "not caught", "not_applicable": "not applicable"}
    trials = []
    for dataset in chosen:
        here = (workspace.root / dataset.path).exists()
        options = JudgeOptions(as_of=as_of, store=None if here else run.store(), reach=run.store)
        trial = mutate(lay_out_untouched(workspace, dataset, options))
        trials.append(trial)
        sampled = f"{trial.rows:,} of {trial.of:,} rows" if trial.rows < trial.of else f"{trial.rows:,} rows"
        run.out.text(f"{dataset.name}: {sampled}; without defect: {trial.verdict}")
        table = [
            (
                catch.defect,
                f"{catch.planted:,}" if catch.planted else "",
                words[catch.state],
                ", ".join(catch.caught_by) or catch.why,
                "" if catch.state == "not_applicable" else "blocked" if catch.blocked else "allowed",
            )
            for catch in trial.catches
        ]
        run.out.table(("defect", "planted", "outcome", "by", "a release"), table)
    run.out.document(mutate_document(trials))
