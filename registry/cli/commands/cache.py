"""`registry cache`."""

from __future__ import annotations

from typing import Annotated

import typer

from registry.cli.common import Run, command
from registry.cli.output import human_bytes


def register(app: typer.Typer) -> None:
    """Adds the group of commands."""
    group = typer.Typer(help="Look into the cache of pulled data.", no_args_is_help=True, rich_markup_mode=None)

    @command(group, "list")
    def show(run: Run) -> None:
        """Say what the cache holds.

        The releases that REGISTRY_OFFLINE=1 finds, and the space of everything.
        Example: registry cache list
        """
        from registry.consume.cache import Cache
        from registry.consume.upkeep import inventory

        found = inventory(Cache.default().root)
        run.out.document(found.to_json())
        rows = [(known.name, known.version, known.store, "yes" if known.tree else "no") for known in found.releases]
        if rows:
            run.out.table(("dataset", "version", "store", "loaded"), rows)
        run.out.text(f"{found.root}: {human_bytes(found.bytes)} in {len(found.objects):,} objects")
        if found.leftovers:
            run.out.note(f"{len(found.leftovers):,} leftovers. Next: registry cache prune --delete")

    @command(group, "prune", writes=True)
    def prune(
        run: Run,
        max_size: Annotated[
            str | None, typer.Option("--max-size", metavar="N", help="Such as 20GB: the longest unused goes first.")
        ] = None,
        delete: Annotated[bool, typer.Option("--delete", help="Remove it.")] = False,
        dry_run: bool = False,
    ) -> None:
        """Make the cache smaller.

        Without --delete nothing is changed. What interrupted commands left a day ago goes;
        with --max-size also what was not used for longest.
        Example: registry cache prune --max-size 20GB --delete
        """
        from registry.consume.cache import Cache
        from registry.consume.upkeep import prune as shrink
        from registry.model.sizes import parse_size

        limit = parse_size(max_size) if max_size is not None else None
        result = shrink(Cache.default().root, limit=limit, delete=delete and not dry_run)
        run.out.document(result.to_json())
        verb = "would remove" if result.dry_run else "removed"
        size = human_bytes(sum(kept.bytes for kept in result.removed))
        run.out.text(f"{verb} {len(result.removed):,} entries, {size}; {human_bytes(result.kept_bytes)} stay")
        if result.dry_run and result.removed:
            run.out.note("Nothing was changed. Next: registry cache prune --delete, with the same --max-size")

    app.add_typer(group, name="cache")
