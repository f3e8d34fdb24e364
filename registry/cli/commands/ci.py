"""`registry ci`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from registry.cli.common import Run, command

if TYPE_CHECKING:
    from registry.automation.provision import Outcome

NEXT = {
    "github": "git add .github, commit; then docs/how-to/pull-requests.md: the required check, variables, approval",
    "gitlab": "git add .gitlab .gitlab-ci.yml, commit; then docs/how-to/pull-requests.md: variables and tokens",
    "pre-commit": "git add .pre-commit-config.yaml && pre-commit install",
}


def register(app: typer.Typer) -> None:
    """Adds the group of commands."""
    group = typer.Typer(help="Put the gate where changes are reviewed.", no_args_is_help=True, rich_markup_mode=None)

    @command(group, "init", writes=True)
    def init(
        run: Run,
        provider: Annotated[str, typer.Argument(metavar="PROVIDER", help="github, gitlab or pre-commit.")],
        check: Annotated[bool, typer.Option("--check", help="Write nothing; exit 4 where a file has drifted.")] = False,
        force: Annotated[bool, typer.Option("--force", help="Replace files that somebody edited, too.")] = False,
        dry_run: bool = False,
    ) -> None:
        """Write the files of the gate for a provider.

        They follow [ci] of registry.toml; a second run changes nothing, and files that
        somebody edited are left alone.
        Example: registry ci init github
        """
        from registry.automation import provision

        chosen = provision.provider_of(provider)
        workspace = run.workspace()
        top = workspace.git.top
        settings = provision.Settings.of(workspace.config, workspace.git.relative(workspace.root))
        pieces = provision.pieces_of(chosen, settings)
        for file in provision.namesakes(top) if chosen == "github" else ():
            run.out.alarm(
                f"warning: {file} has a job called `{provision.CHECK}`, as the gate is: "
                "a required check of that name would take either"
            )
        if chosen != "pre-commit" and workspace.config.store.startswith("file:"):
            run.out.alarm(
                f"warning: the store {workspace.config.store} is on this machine only, and what a run releases is gone "
                "with it; set `store` in registry.toml, or the variable REGISTRY_STORE of the forge"
            )
        if check:
            _check(run, chosen, str(top), provision.survey(top, pieces))
            return
        done = provision.provision(top, pieces, force=force, dry_run=dry_run)
        run.out.document(_document(chosen, str(top), done, ok=True))
        for outcome in done:
            run.out.text(f"{outcome.path}: {outcome.state}")
        if not dry_run and any(outcome.state != "current" for outcome in done):
            run.out.note(f"Next: {NEXT[chosen]}")

    app.add_typer(group, name="ci")


def _check(run: Run, provider: str, root: str, found: Sequence[Outcome]) -> None:
    drifted = [outcome for outcome in found if outcome.state != "current"]
    run.out.document(_document(provider, root, found, ok=not drifted))
    for outcome in found:
        run.out.text(f"{outcome.path}: {outcome.state}")
    if drifted:
        force = " --force" if any(outcome.state == "edited" for outcome in drifted) else ""
        run.out.alarm(f"error: {len(drifted)} of {len(found)} files of `ci init {provider}` have drifted")
        run.out.alarm(f"  try: registry ci init {provider}{force}")
        raise typer.Exit(4)


def _document(provider: str, root: str, outcomes: Sequence[Outcome], *, ok: bool) -> dict[str, Any]:
    entries = [{"path": outcome.path, "state": outcome.state} for outcome in outcomes]
    return {"format": "registry.ci/1", "provider": provider, "root": root, "ok": ok, "files": entries}
