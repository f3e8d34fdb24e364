"""`registry doctor`."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from registry.cli.common import Run, command

MARKS = {"ok": ("ok  ", "green"), "warn": ("warn", "yellow"), "fail": ("FAIL", "red")}


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @command(app, "doctor", writes=True)
    def doctor(
        run: Run,
        role: Annotated[
            str, typer.Option("--policy", metavar="ROLE", help="Print the S3 policy of reader, releaser or steward.")
        ] = "",
        dry_run: bool = False,
    ) -> None:
        """Say what stands in the way.

        Looks at this machine, the workspace and the store, where it tries each
        permission on an object of its own; with --dry-run it only reads. Exit 5 where
        something fails; a right that a reader does not need is no failure.
        Example: registry doctor --store s3://bucket/datasets --policy releaser
        """
        from registry.stewardship import doctor as examine

        findings = [*examine.examine_machine(), *examine.examine_workspace(run.directory)]
        store = _store(run, findings)
        if store is not None:
            findings += examine.examine_store(store, write=not dry_run)
        document = examine.document(findings, store)
        run.out.document(document)
        _report(run, document, role, dry_run=dry_run)
        if not document["ok"]:
            raise typer.Exit(5)


def _store(run: Run, findings: list[Any]) -> Any:
    from registry.errors import RegistryError
    from registry.stewardship.doctor import Finding

    try:
        return run.store()
    except RegistryError as error:
        state: Any = "warn" if error.exit == 2 and run.store_url is None else "fail"
        findings.append(Finding("store", state, str(error), error.hint))
        return None


def _report(run: Run, document: dict[str, Any], role: str, *, dry_run: bool) -> None:
    from registry.errors import UsageError

    for found in document["findings"]:
        mark, colour = MARKS[found["state"]]
        run.out.text(f"{run.out.style(mark, colour)}  {found['what']}")
        if found["hint"]:
            run.out.text(f"      try: {found['hint']}")
    if document["roles"]:
        only = " (only reading was tried)" if dry_run else ""
        run.out.text(f"these credentials are enough for: {', '.join(document['roles'])}{only}")
    if document["policies"] and not role:
        run.out.note("The least policy of a role: registry doctor --policy reader, releaser or steward")
    if role and role not in document["policies"]:
        raise UsageError(
            f"there is no policy for `{role}` here",
            why="roles are reader, releaser and steward, and a policy is for a store on S3",
            hint="registry doctor --store s3://bucket/datasets --policy releaser",
        )
    if role:
        run.out.text(json.dumps(document["policies"][role], indent=2))
