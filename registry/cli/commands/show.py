"""`registry show`."""

from __future__ import annotations

from typing import Annotated

import typer

from registry.cli.common import Run, command
from registry.cli.output import human_bytes, one_line


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @command(app, "show")
    def show(run: Run, ref: Annotated[str, typer.Argument(metavar="NAME[@SPEC]", help="A release.")]) -> None:
        """Show one release.

        What it holds, its verdict and its documents.
        Example: registry show reviews@^1.2
        """
        from registry.consume.catalog import show as show_release
        from registry.model.names import Ref

        document = show_release(run.store(), Ref.parse(ref))
        run.out.document(document)
        data = document["data"]
        run.out.text(
            run.out.style(f"{document['name']}@{document['version']}", "bold") + f"  {one_line(document['title'])}"
        )
        run.out.text(f"  released  {document['released']} by {one_line(document['released_by'])}")
        if document["status"]["yanked"]:
            run.out.text(f"  YANKED    {document['status']['yanked'].get('reason', '')}")
        run.out.text(f"  license   {document['license'] or 'not declared'}")
        run.out.text(f"  data      {data['rows']:,} rows, {data['files']:,} files, {human_bytes(data['bytes'])}")
        for split, facts in data["splits"].items():
            frozen = ", frozen" if facts["frozen"] else ""
            run.out.text(
                f"            {split}: {facts['rows']:,} rows{frozen}, unchanged since {facts['unchanged_since']}"
            )
        run.out.text(f"  verdict   {document['evidence']['verdict']}")
        run.out.text(f"  change    {document['change']['level']} since {document['previous'] or 'nothing'}")
        run.out.text(f"  documents {', '.join(sorted(document['artefacts']))}")
        run.out.note(f"Next: registry pull {document['name']}@{document['version']}")
