"""`registry verify`."""

from __future__ import annotations

from typing import Annotated

import typer

from registry.cli.common import Run, command
from registry.cli.output import counted, human_bytes, size_of


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @command(app, "verify")
    def verify(
        run: Run, target: Annotated[str, typer.Argument(metavar="NAME@V|DIR", help="A release, or a pulled directory.")]
    ) -> None:
        """Hash every byte of a release again.

        Exit 3 where one differs from the manifest.
        Example: registry verify data/reviews
        """
        from registry.consume.verify import verify_directory, verify_release
        from registry.model.names import Ref

        directory = run.directory / target
        with run.out.progress("Verifying", lambda: size_of(directory) if directory.is_dir() else None) as progress:
            if directory.is_dir():
                store = run.store() if run.store_url else None
                result = verify_directory(directory, store=store, progress=progress)
            else:
                result = verify_release(run.store(), Ref.parse(target), progress=progress)
        document = result.to_json()
        run.out.document(document)
        for problem in document["problems"]:
            run.out.text(f"{problem['kind']}: {problem['path']}")
        checked = document["checked"]
        verdict = "sound" if document["ok"] else "NOT SOUND"
        run.out.text(f"{verdict}: {counted(checked['files'], 'file')}, {human_bytes(checked['bytes'])}")
        if not document["ok"]:
            if directory.is_dir() and document["name"]:
                mend = f"registry pull {document['name']}@{document['version']} -o {target}"
                run.out.note(f"Next: {mend} mends what is missing or changed; move away what is unexpected")
            raise typer.Exit(3)
