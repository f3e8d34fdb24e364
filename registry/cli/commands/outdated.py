"""`registry outdated`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import typer

from registry.cli.common import Run, command

if TYPE_CHECKING:
    from registry.consume.sync import Outdated


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
            run.out.note(f"Next: {_next(found)}")
        else:
            run.out.text("everything locked is the newest there is")


def _next(found: Iterable[Outdated]) -> str:
    """What brings the newer ones: the same specs again, else a spec that admits the newest."""
    from registry.model.names import Version

    behind = [one for one in found if one.behind]
    if any(one.wanted not in (one.locked, None) for one in behind):
        return "registry lock, then registry sync"
    beyond = [one for one in behind if one.latest and Version.parse(one.latest) > Version.parse(one.locked)]
    return f"registry lock {' '.join(f'{one.name}@^{one.latest}' for one in beyond)}" if beyond else "registry list"
