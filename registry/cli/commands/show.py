"""`registry show`."""

from __future__ import annotations

from textwrap import fill
from typing import Annotated

import typer

from registry.cli.common import Run, command
from registry.cli.failures import in_store
from registry.cli.output import counted, human_bytes
from registry.formats.plain import one_line


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
        withdrawn = document["status"]["yanked"]
        if withdrawn:
            word = f"  {withdrawn['state'].upper():<9} {withdrawn['severity']}, {withdrawn['at'][:10]}: "
            run.out.text(run.out.style(word, "red") + one_line(withdrawn["reason"]))
        if document["channels"]:
            run.out.text(f"  channels  {', '.join(document['channels'])}")
        run.out.text(f"  license   {document['license'] or 'not declared'}")
        amount = f"{counted(data['files'], 'file')}, {human_bytes(data['bytes'])}"
        run.out.text(f"  data      {counted(data['rows'], 'row')}, {amount}")
        for split, facts in data["splits"].items():
            frozen = ", frozen" if facts["frozen"] else ""
            run.out.text(
                f"            {split}: {facts['rows']:,} rows{frozen}, unchanged since {facts['unchanged_since']}"
            )
        run.out.text(f"  verdict   {document['evidence']['verdict']}")
        since = (
            f"{document['change']['level']} since {document['previous']}"
            if document["previous"]
            else "none: the first release"
        )
        run.out.text(f"  change    {since}")
        listing = ", ".join(sorted(document["artefacts"]))
        run.out.text(fill(listing, 80, initial_indent="  documents ", subsequent_indent=" " * 12))
        if withdrawn is None:
            step = f"registry pull {document['name']}@{document['version']}"
            run.out.note(f"Next: {in_store(step, run.store_url or '')}")
