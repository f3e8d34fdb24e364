"""`registry check`."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from registry.cli.common import Run, command
from registry.cli.output import size_of

if TYPE_CHECKING:
    from datetime import date

    from registry.model.difference import Difference
    from registry.model.judgement import Place
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
    ) -> None:
        """Judge datasets by schema and suite.

        Exit 1 where one is unfit. With --mutate the gate itself is tested: defects are
        planted into a copy, and a table says which checks catch them.
        Example: registry check reviews --format json=verdict.json
        """
        from registry.cli.verdicts import parse_date, parse_engine, parse_formats, write_verdict
        from registry.cli.waiving import idle_waivers, way_out
        from registry.errors import UsageError
        from registry.judge.judge import JudgeOptions, judge, lay_out
        from registry.judge.places import places_of
        from registry.model.judgement import Judgement

        outputs, chosen_engine = parse_formats(formats or []), parse_engine(engine)
        workspace = run.workspace()
        chosen = [workspace.dataset(name) for name in names] if names else list(workspace.datasets.values())
        if not chosen:
            raise UsageError("this workspace declares no dataset", hint="registry add PATH")
        if mutate:
            _mutate(run, workspace, chosen, parse_date(as_of))
            return
        store = None
        evidences = []
        places: dict[tuple[str, str], Place] = {}
        differences: dict[str, Difference] = {}
        for dataset in chosen:
            if not (workspace.root / dataset.path).exists() and store is None:
                store = run.store()
            with run.out.progress(
                f"Hashing {dataset.name}", partial(size_of, workspace.root / dataset.path)
            ) as progress:
                options = JudgeOptions(
                    as_of=parse_date(as_of),
                    remember=not no_memory,
                    progress=progress,
                    store=store,
                    engine=chosen_engine,
                )
                bench = lay_out(workspace, dataset, options)
                evidences.append(judge(bench))
                places |= places_of(bench, evidences[-1])
            if any(output.format == "markdown" for output in outputs):
                differences |= _difference(run, workspace, dataset)
        judgement = Judgement(tuple(evidences), places, differences)
        write_verdict(run, judgement, outputs)
        for line in idle_waivers(workspace):
            run.out.alarm(f"warning: {line}")
        if any(evidence.verdict == "fail" for evidence in evidences):
            run.out.note(f"\n{way_out(workspace)}")
        if judgement.verdict != "pass":
            raise typer.Exit(1)


def _difference(run: Run, workspace: Workspace, dataset: Dataset) -> dict[str, Difference]:
    """How a dataset differs from its latest release, by name; empty where there is none, or no store."""
    from registry.errors import RegistryError
    from registry.release.differ import diff_workspace

    try:
        return {dataset.name: diff_workspace(workspace, dataset, None, run.store())}
    except RegistryError as error:
        if error.exit != 6:  # a first version differs from nothing
            run.out.alarm(f"warning: {dataset.name} is not compared with its last release: {error}")
        return {}


def _mutate(run: Run, workspace: Workspace, chosen: list[Dataset], as_of: date | None) -> None:
    """Tries the gate on each dataset; what it finds is reported, and no failure."""
    from registry.judge.judge import JudgeOptions
    from registry.mending.mutate import lay_out_untouched, mutate, mutate_document

    words = {"caught": "caught", "not_caught": "not caught", "not_applicable": "not applicable"}
    trials = []
    for dataset in chosen:
        here = (workspace.root / dataset.path).exists()
        options = JudgeOptions(as_of=as_of, store=None if here else run.store())
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
