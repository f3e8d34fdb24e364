"""`registry rebuild-index`."""

from __future__ import annotations

import typer

from registry.cli.common import Run, command


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @command(app, "rebuild-index", writes=True)
    def rebuild_index(run: Run, dry_run: bool = False) -> None:
        """Make a store's index anew.

        The index only spares reading; it counts for nothing when a release is pulled.
        Example: registry rebuild-index --store s3://bucket/datasets
        """
        from registry.stores.layout import catalogue, open_registry
        from registry.stores.layout import rebuild_index as rebuild

        store = run.store()
        open_registry(store)
        known = catalogue(store) if dry_run else rebuild(store)
        releases = sum(len(versions) for versions in known.values())
        run.out.document(
            {"format": "registry.rebuild-index/1", "datasets": len(known), "releases": releases, "dry_run": dry_run}
        )
        verb = "would list" if dry_run else "lists"
        run.out.text(f"the index {verb} {len(known):,} datasets, {releases:,} releases")
