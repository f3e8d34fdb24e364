"""`registry publish`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from registry.cli.common import Run, command
from registry.cli.output import counted, human_bytes
from registry.formats.plain import one_line

if TYPE_CHECKING:
    from registry.mirrors.result import Publication
    from registry.model.names import Version

STEPS = {"compare": "comparing with the Hub", "upload": "uploading", "tag": "tagging"}
SHOWN = 20  # changes that are listed; --json has all


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @command(app, "publish", writes=True)
    def publish(
        run: Run,
        ref: Annotated[str, typer.Argument(metavar="NAME@V", help="The release.")],
        to: Annotated[str, typer.Option("--to", metavar="hub|URL", help="The Hugging Face Hub, or another store.")],
        replace: Annotated[
            bool, typer.Option("--replace", help="Of the Hub: take the place of files that are not ours.")
        ] = False,
        restore: Annotated[
            bool, typer.Option("--restore", help="Of the Hub: put a moved or deleted tag back.")
        ] = False,
        dry_run: bool = False,
    ) -> None:
        """Mirror a release to the Hub or a store.

        On the Hub one commit and a tag, recorded with the commit's id; [hub] in
        registry.toml says where. Interrupted, the same command goes on.
        Example: registry publish reviews@v1.2 --to hub
        """
        from registry.stewardship.acting import exact

        name, version = exact(ref, "registry publish")
        if to == "hub":
            result = _to_hub(run, name, version, replace=replace, restore=restore, dry_run=dry_run)
        else:
            result = _to_store(run, name, version, to, dry_run=dry_run)
        run.out.document(result.to_json())
        _report(run, result)


def _to_hub(run: Run, name: str, version: Version, *, replace: bool, restore: bool, dry_run: bool) -> Publication:
    from registry.mirrors.hub import Repository, quiet, repository_name
    from registry.mirrors.publish import Order, publish
    from registry.mirrors.require import released, require_declared
    from registry.stewardship.acting import whoami

    workspace, store = run.workspace(), run.store()
    config = workspace.config
    found = released(store, name, version)
    repository = Repository(repository_name(config.hub_repo, name))
    require_declared(workspace, found.manifest, config.hub_required)
    with run.out.progress(f"Fetching {name}", lambda: found.manifest.size) as progress:
        if progress is None:
            quiet()
        order = Order(
            store, found, repository, whoami(run.directory), private=config.hub_private, gated=config.hub_gated or "",
            replace=replace, restore=restore, dry_run=dry_run, progress=progress,
            step=lambda step: run.out.note(f"{name}: {STEPS[step]}"),
        )  # fmt: skip
        return publish(order)


def _to_store(run: Run, name: str, version: Version, to: str, *, dry_run: bool) -> Publication:
    from registry.consume.source import open_default_store
    from registry.mirrors.copy import copy
    from registry.mirrors.require import released

    _require_address(run, f"{name}@{version}", to)
    store, there = run.store(), open_default_store(run.directory, to)
    found = released(store, name, version)
    with run.out.progress(f"Copying {name}", lambda: int(found.manifest.data["bytes"])) as progress:
        return copy(store, there, found, dry_run=dry_run, progress=progress)


def _require_address(run: Run, ref: str, to: str) -> None:
    """A misspelt `hub` must not become a directory."""
    if not {"/", ":"} & set(to) and not (run.directory / to).exists():
        from registry.errors import UsageError

        raise UsageError(
            f"--to {one_line(to)} is neither hub nor a store",
            why="there is no such directory, and a new one is written with a slash",
            hint=f"registry publish {ref} --to hub, or --to ./{one_line(to)}",
        )


def _report(run: Run, result: Publication) -> None:
    ref = f"{result.name}@{result.version}"
    words = {"planned": "would publish", "already-published": "published already:", "restored": "tag put back:"}
    verb = words.get(result.state, "published")
    run.out.text(f"{run.out.style(verb, 'bold', 'green')} {run.out.style(ref, 'bold')}")
    run.out.text(f"  at        {result.url}")
    if result.hub is not None:
        hidden = "private" if result.hub.private else "public"
        run.out.text(f"  commit    {result.hub.commit or 'none yet'} on {result.hub.branch}, tag {result.hub.tag}")
        run.out.text(f"  seen by   {hidden}{f', gated ({result.hub.gated})' if result.hub.gated else ''}")
    sent = f"{result.uploaded_files:,} of {counted(result.files, 'file')}"
    run.out.text(f"  sent      {sent}, {human_bytes(result.uploaded_bytes)}")
    if result.state == "planned":
        signs = {"add": "+", "replace": "~", "remove": "-"}
        for change in result.changes[:SHOWN]:
            run.out.text(f"  {signs[change.change]} {one_line(change.path)}  {human_bytes(change.bytes)}")
        if len(result.changes) > SHOWN:
            run.out.text(f"  and {len(result.changes) - SHOWN:,} more; --json has all")
    elif result.hub is not None:
        run.out.note(f'Then: datasets.load_dataset("{result.hub.repository}", revision="{result.hub.tag}")')
    else:
        run.out.note(f"Then: registry pull {ref} --store {result.url}")
