"""`registry cite`."""

from __future__ import annotations

from typing import Annotated

import typer

from registry.cli.common import Run, command


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @command(app, "cite")
    def cite(run: Run, ref: Annotated[str, typer.Argument(metavar="NAME[@SPEC]", help="A release.")]) -> None:
        """Cite a release, as BibTeX.

        Names the exact version and the digest of its manifest, so that a reader can
        verify the same bytes. Example: registry cite reviews@v1.2
        """
        from registry.consume.cite import cite as citation
        from registry.model.names import Ref

        found = citation(run.store(), Ref.parse(ref))
        run.out.document(found.to_json())
        run.out.text(found.bibtex)
        if found.text:
            run.out.note(f"The authors ask for: {found.text}")
