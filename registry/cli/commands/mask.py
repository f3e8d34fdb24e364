"""`registry mask`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from registry.cli.common import Run, command
from registry.cli.mending import Output, Reason, conclude, delivery_json, writing_of

if TYPE_CHECKING:
    from registry.mending.mask import Masked


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @command(app, "mask", writes=True)
    def mask(
        run: Run,
        name: Annotated[str, typer.Argument(metavar="NAME", help="Which dataset.")],
        kinds: Annotated[
            list[str] | None,
            typer.Option("--kinds", metavar="KIND", help="What to mask, by comma or repeated; default: as checked."),
        ] = None,
        output: Output = None,
        reason: Reason = "",
        dry_run: bool = False,
    ) -> None:
        """Mask the personal data that is found.

        And nothing else: it looks for what the dataset's own check looks for, and writes the data anew in its own
        format, whole or not at all, to be added as the next version.
        Example: registry mask reviews --kinds phone,email --reason "left in by the export"
        """
        from registry.judge.judge import JudgeOptions, lay_out
        from registry.mending.mask import mask as hide

        workspace = run.workspace()
        dataset = workspace.dataset(name)
        chosen = [kind.strip() for given in kinds or () for kind in given.split(",") if kind.strip()]
        with run.out.progress(f"Masking {name}") as progress:
            bench = lay_out(workspace, dataset, JudgeOptions(progress=progress))
            _report(run, name, hide(bench, chosen, writing_of(run, output, reason, dry_run)))


def _report(run: Run, name: str, done: Masked) -> None:
    found = done.found
    columns = {column: len(places) for column, places in found.places.items()}
    document = {
        "format": "registry.mask/1",
        "name": name,
        "state": done.state,
        "path": str(done.target.path),
        "masked": found.rows,
        "kinds": dict(found.kinds),
        "columns": columns,
        "splits": dict(found.splits),
        "samples": [dict(sample) for sample in found.samples],
        "keys": list(done.keys),
        **delivery_json(done.delivered),
    }
    run.out.document(document)
    words = {"masked": "masked", "planned": "would be masked", "unchanged": "found: nothing to mask"}
    run.out.text(f"{name}: {found.rows:,} {'row' if found.rows == 1 else 'rows'} {words[done.state]}")
    run.out.table(("kind", "found"), [(kind, f"{count:,}") for kind, count in found.kinds.items()])
    run.out.table(("column", "rows"), [(column, f"{rows:,}") for column, rows in columns.items()])
    for column in done.keys:
        run.out.note(f"`{column}` tells rows apart: masked values may be equal, and its check may fail.")
    for column in done.left:
        run.out.note(f"`{column}` has fields whose names are personal data, which stay: rename them.")
    conclude(run, done.state, done.target.path, done.delivered)
