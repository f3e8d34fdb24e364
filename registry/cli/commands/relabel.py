"""`registry relabel`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from registry.cli.common import Run, command
from registry.cli.mending import Output, conclude, delivery_json, writing_of

if TYPE_CHECKING:
    from registry.mending.relabel import Relabel


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @command(app, "relabel", writes=True)
    def relabel(
        run: Run,
        name: Annotated[str, typer.Argument(metavar="NAME", help="Which dataset.")],
        corrections: Annotated[
            Path, typer.Option("--corrections", metavar="FILE", help="CSV: row, label, correction, who, why.")
        ],
        label: Annotated[str, typer.Option("--label", metavar="C", help="Default: the column with the role.")] = "",
        output: Output = None,
        who: Annotated[str, typer.Option("--who", metavar="NAME", help="Who decided, where FILE says nothing.")] = "",
        reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why, where FILE says nothing.")] = "",
        dry_run: bool = False,
    ) -> None:
        """Set labels as people decided.

        FILE is the list of `registry report labels` with its column `correction`
        filled in. All corrections are applied or none; the data is written anew in
        its own format.
        Example: registry relabel reviews --corrections reviews-labels.csv --who Kim
        """
        from registry.judge.judge import JudgeOptions, lay_out
        from registry.mending.corrections import Signed
        from registry.mending.relabel import relabel as apply

        workspace = run.workspace()
        dataset = workspace.dataset(name)
        with run.out.progress(f"Correcting labels of {name}") as progress:
            bench = lay_out(workspace, dataset, JudgeOptions(progress=progress))
            writing = writing_of(run, output, reason, dry_run)
            _report(run, name, apply(bench, run.directory / corrections, Signed(who, reason), writing, label))


def _report(run: Run, name: str, done: Relabel) -> None:
    applied, decisions = done.applied, done.applied.decisions
    run.out.document(
        {
            "format": "registry.relabel/1",
            "name": name,
            "state": done.state,
            "path": str(done.target.path),
            "column": applied.column,
            "relabelled": len(decisions.changed),
            "confirmed": decisions.confirmed,
            "undecided": decisions.undecided,
            "splits": applied.by_split,
            "moves": applied.moves,
            "by": applied.by,
            **delivery_json(done.delivered),
        }
    )
    words = {"relabelled": "labels corrected", "planned": "labels would be corrected", "unchanged": "labels to correct"}
    run.out.text(
        f"{name}: {len(decisions.changed):,} {words[done.state]}, {decisions.confirmed:,} confirmed, "
        f"{decisions.undecided:,} undecided"
    )
    run.out.table(("from", "to", "rows"), [(one["from"], one["to"], f"{one['rows']:,}") for one in applied.moves])
    run.out.table(("split", "corrected"), [(split, f"{rows:,}") for split, rows in applied.by_split.items()])
    conclude(run, done.state, done.target.path, done.delivered)
