"""`registry list`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from registry.cli.common import Run, command


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @command(app, "list")
    def list_(
        run: Run, name: Annotated[str | None, typer.Argument(metavar="NAME", help="Only this dataset.")] = None
    ) -> None:
        """List a store's datasets and versions.

        Example: registry list --store s3://bucket/datasets
        """
        from registry.consume.catalog import list_datasets

        store = run.store()
        document = list_datasets(store, name)
        run.out.document(document)
        rows = []
        for dataset in document["datasets"]:
            for version in dataset["versions"]:
                channels = [c for c, v in dataset["channels"].items() if v == version["version"]]
                mark = ", ".join([*_withdrawn(version["yanked"]), *channels])
                rows.append((dataset["name"], version["version"], version["released"], mark, dataset["title"]))
        if rows:
            run.out.table(("dataset", "version", "released", "status", "title"), rows)
        else:
            run.out.note(_nothing(store.url, named=run.store_url is not None))


def _nothing(url: str, *, named: bool) -> str:
    from registry.consume.source import is_missing

    if named and is_missing(url):
        return f"There is no directory {url.removeprefix('file:')}: is --store right? The first release would make it"
    return f"The store {url} holds no release. Next: registry release v1.0"


def _withdrawn(status: dict[str, Any] | None) -> list[str]:
    if status is None:
        return []
    return ["purged" if status["state"] == "purged" else f"yanked ({status['severity']})"]
