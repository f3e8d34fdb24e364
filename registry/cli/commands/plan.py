"""`registry plan`."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from registry.cli.common import Run, command
from registry.cli.output import counted, human_bytes


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @command(app, "plan")
    def plan(
        run: Run,
        version: Annotated[str, typer.Argument(metavar="VERSION", help="v1.2, auto, major, minor, patch.")] = "auto",
        name: Annotated[str | None, typer.Argument(metavar="NAME", help="Which dataset.")] = None,
        out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Write the plan as JSON.")] = None,
    ) -> None:
        """Show what a release would do.

        What it would write, and which version the change demands.
        Example: registry plan auto reviews
        """
        from registry.cli.releasing import planned
        from registry.formats.changes import alarm_lines
        from registry.model.difference import Difference
        from registry.model.digest import canonical
        from registry.versions.demand import describe
        from registry.workspace.files import write_bytes

        plan, store, state = planned(run, version, name)
        if plan is None:
            run.out.document({"format": "registry.plan/1", **state})
            run.out.text(f"{state['name']}@{state['version']}: {state['state']}: nothing to release")
            return
        document = plan.to_json(store)
        if out:
            write_bytes(run.directory / out, canonical(document))
        run.out.document(document)
        upload = document["upload"]
        run.out.text(f"{document['name']}@{document['version']} to {store}")
        change = Difference(document["previous"] or "", document["name"], plan.manifest.level, plan.manifest.facts)
        for line in alarm_lines(change):
            run.out.text(line)
        run.out.text(f"  verdict   {document['verdict']}")
        run.out.text(f"  previous  {document['previous'] or 'none'}")
        run.out.text(f"  change    {document['change']['level']}")
        for fact in plan.manifest.facts:
            run.out.text(f"            {describe(fact)}")
        run.out.text(f"  upload    {counted(upload['files'], 'data file')}, {human_bytes(upload['bytes'])}")
        run.out.text(f"  documents {len(plan.documents)}")
        exactly = f" --plan {shlex.quote(str(out))}" if out else ""
        run.out.note(f"Next: registry release {document['version']} {document['name']}{exactly}")
