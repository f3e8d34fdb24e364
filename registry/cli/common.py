"""What every command shares: its options, and the surroundings it runs in.

`@command` adds the options that all commands have to a function's own and hands it a
`Run` first.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from registry.cli.output import Out

if TYPE_CHECKING:
    from registry.consume.source import Settings
    from registry.stores.base import Store
    from registry.workspace.workspace import Workspace


class Lang(StrEnum):
    """Languages of documents."""

    en = "en"
    ko = "ko"
    both = "both"


@dataclass(frozen=True, slots=True)
class Run:
    """The surroundings of one command: directory, store as given, and the sink."""

    directory: Path
    store_url: str | None
    out: Out

    def workspace(self) -> Workspace:
        """The workspace around the directory, in a git repository; else `WorkspaceError`."""
        from registry.workspace.workspace import Workspace

        found = Workspace.find(self.directory)
        assert found.git
        return found

    def store(self, deciding: Settings | None = None) -> Store:
        """The store: `--store`, else `REGISTRY_STORE`, else the one of `deciding`, else of `registry.toml`."""
        from registry.consume.source import open_default_store

        return open_default_store(self.directory, self.store_url, deciding)


COMMON: dict[str, tuple[Any, Any]] = {
    "run_directory": (
        Annotated[Path, typer.Option("-C", metavar="DIR", help="Run as if started in DIR.", show_default=False)],
        Path(),
    ),
    "run_store": (
        Annotated[
            str | None, typer.Option("--store", metavar="URL", help="The store: a path, file:…, s3://… or https://….")
        ],
        None,
    ),
    "run_json": (Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")], False),
    "run_quiet": (Annotated[bool, typer.Option("--quiet", "-q", help="Results only.")], False),
    "run_verbose": (Annotated[bool, typer.Option("--verbose", "-v", help="Say more; tracebacks for bugs.")], False),
    "run_no_progress": (Annotated[bool, typer.Option("--no-progress", help="No progress bars.")], False),
    "run_lang": (Annotated[Lang, typer.Option("--lang", help="Language of documents.")], Lang.en),
}


def command(
    app: typer.Typer, name: str, *, writes: bool = False
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Registers a function as the command `name`; `writes` adds `--dry-run` for it to take."""

    def register(function: Callable[..., None]) -> Callable[..., None]:
        hints = get_type_hints(function, include_extras=True)
        own = list(inspect.signature(function).parameters.values())[1:]
        extra = dict(COMMON)
        if writes:
            own = [p for p in own if p.name != "dry_run"]
            extra["dry_run"] = (Annotated[bool, typer.Option("--dry-run", help="Say what would be done.")], False)

        def call(**values: Any) -> None:
            shared = {key: values.pop(key) for key in COMMON}
            function(_run(shared), **values)

        kind = inspect.Parameter.KEYWORD_ONLY
        parameters = [p.replace(kind=kind, annotation=hints[p.name]) for p in own]
        parameters += [inspect.Parameter(k, kind, default=d, annotation=a) for k, (a, d) in extra.items()]
        call.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        call.__annotations__ = {p.name: p.annotation for p in parameters}
        call.__doc__ = function.__doc__
        call.__name__ = function.__name__
        app.command(name)(call)
        return function

    return register


def _run(shared: dict[str, Any]) -> Run:
    out = Out(
        json=shared["run_json"],
        quiet=shared["run_quiet"],
        verbose=shared["run_verbose"],
        progress_wanted=not shared["run_no_progress"] and not os.environ.get("CI"),
        lang=shared["run_lang"].value,
    )
    directory = shared["run_directory"]
    if not directory.is_dir():
        from registry.errors import UsageError

        raise UsageError(f"there is no directory {directory}", hint="registry -C DIR …")
    return Run(directory.resolve(), shared["run_store"], out)
