"""`registry pull`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from registry.cli.common import Run, command
from registry.cli.output import counted, human_bytes

SHOWN = 5  # names of files that were replaced


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @command(app, "pull", writes=True)
    def pull(
        run: Run,
        ref: Annotated[str, typer.Argument(metavar="NAME[@SPEC]", help="A release.")],
        output: Annotated[Path | None, typer.Option("--output", "-o", metavar="DIR", help="Default: ./NAME.")] = None,
        split: Annotated[list[str] | None, typer.Option("--split", metavar="S", help="Only this; repeatable.")] = None,
        include: Annotated[
            list[str] | None, typer.Option("--include", metavar="GLOB", help="Only these paths; repeatable.")
        ] = None,
        link: Annotated[bool, typer.Option("--link", help="Read-only hard links to store or cache.")] = False,
        no_cache: Annotated[bool, typer.Option("--no-cache", help="Do not keep what is moved for later.")] = False,
        allow_rollback: Annotated[
            bool, typer.Option("--allow-rollback", help="Take a channel that was set back.")
        ] = False,
        dry_run: bool = False,
    ) -> None:
        """Bring a release here, verified.

        Every byte is hashed before it is seen; interrupted, the same command goes on. What a
        remote store sends is kept in REGISTRY_CACHE, and not moved again.
        Example: registry pull reviews@v1.2 -o data/reviews --split test
        """
        from dataclasses import replace

        from registry.consume.origin import Origin, PullOptions
        from registry.consume.pull import place
        from registry.model.names import Ref

        wanted = Ref.parse(ref)
        target = run.directory / (output or Path(wanted.name))
        options = PullOptions(
            splits=tuple(split or ()), include=tuple(include or ()), link=link, dry_run=dry_run,
            allow_rollback=allow_rollback, keep=not no_cache,
        )  # fmt: skip
        origin = Origin.find(run.directory, run.store_url, wanted, options)
        with run.out.progress(f"Pulling {wanted}", lambda: origin.released.manifest.size) as progress:
            result = place(origin, target, replace(options, progress=progress))
        run.out.document(result.to_json())
        if result.warning:
            run.out.alarm(f"warning: {result.warning}")
        verb = "would pull" if dry_run else "pulled"
        run.out.text(f"{verb} {result.name}@{result.version} to {target}")
        if result.mended:
            more = f" and {len(result.mended) - SHOWN:,} more" if len(result.mended) > SHOWN else ""
            run.out.text(f"  replaced, its bytes were not the release's: {', '.join(result.mended[:SHOWN])}{more}")
        amount = f"{counted(result.files, 'file')}, {human_bytes(result.bytes)}"
        run.out.text(f"  {amount}; moved {human_bytes(result.transferred_bytes)}")
