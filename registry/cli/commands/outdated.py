"""`registry outdated`."""

from __future__ import annotations

import typer

from registry.cli.common import Run, command


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @command(app, "outdated")
    def outdated(run: Run) -> None:
        """Compare registry.lock with its stores.

        Shows what each spec would give now, and the newest release of all.
        Example: registry outdated
        """
        from registry.consume.sync import Project
        from registry.consume.sync import outdated as compare

        found = compare(Project(run.directory, run.store_url))
        run.out.document({"format": "registry.outdated/1", "datasets": [one.to_json() for one in found]})
        rows = [
            (
                one.name,
                one.spec,
                one.locked,
                one.wanted or "-",
                one.latest or "-",
                f"yanked: {one.yanked}" * bool(one.yanked),
            )
            for one in found
            if one.behind
        ]
        if rows:
            run.out.table(("dataset", "asked for", "locked", "wanted", "latest", "note"), rows)
            run.out.note("Next: registry lock, or registry lock NAME@^2 for another major version")
        else:
            run.out.text("everything locked is the newest there is")
