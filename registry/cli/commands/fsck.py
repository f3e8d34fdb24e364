"""`registry fsck`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from registry.cli.common import Run, command
from registry.cli.output import counted, human_bytes

if TYPE_CHECKING:
    from registry.stewardship.fsck import FsckOptions, Report
    from registry.stewardship.reach import Problem
    from registry.stewardship.repair import Copy

SHOWN = 20  # of one kind


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @command(app, "fsck", writes=True)
    def fsck(
        run: Run,
        data: Annotated[bool, typer.Option("--data", help="Hash every byte of the data too.")] = False,
        quick: Annotated[bool, typer.Option("--quick", help="Presence and sizes only.")] = False,
        repair: Annotated[
            bool, typer.Option("--repair", help="Fetch verified copies; put wrong objects aside.")
        ] = False,
        copy: Annotated[str, typer.Option("--from", metavar="URL", help="A store to repair from.")] = "",
        dry_run: bool = False,
    ) -> None:
        """Check a whole store.

        Names every object that is missing, corrupt, foreign or needed by nothing; exit 3
        where a release is harmed. An interrupted check goes on where it was.
        Example: registry fsck --data --repair --from s3://backup/datasets
        """
        from registry.errors import UsageError
        from registry.stewardship.fsck import FsckOptions
        from registry.stewardship.fsck import fsck as check

        if (data and quick) or (copy and not repair):
            raise UsageError(
                "these options contradict one another",
                why="--data and --quick are two depths, and --from is for --repair",
                hint="registry fsck --data --repair --from URL",
            )
        store = run.store()
        with run.out.progress("Checking") as progress:
            depth = "data" if data else "quick" if quick else "usual"
            total = progress.expect if progress else None
            options = FsckOptions(depth, _checkpoint(store.url) if data else None, progress, total)  # type: ignore[arg-type]
            report = check(store, options)
        document = report.to_json()
        if repair and report.problems and not dry_run:
            report, document = _mend(run, store, report, options, copy)
        run.out.document(document)
        _report(run, report, document)
        if not report.ok:
            raise typer.Exit(3)


def _checkpoint(url: str) -> Any:
    from registry.consume.resolve import cache_folder
    from registry.model.digest import sha256_of

    return cache_folder() / "fsck" / f"{sha256_of(url.encode())[:16]}.txt"


def _mend(run: Run, store: Any, report: Report, options: FsckOptions, copy: str) -> tuple[Report, dict[str, Any]]:
    from registry.stewardship.fsck import fsck as check
    from registry.stewardship.repair import repair

    done = repair(store, report, _copies(run, copy))
    after = check(store, options)
    return after, {**after.to_json(), "repaired": done.to_json()}


def _copies(run: Run, url: str) -> list[Copy]:
    """The store of `--from`, and DVC's cache of the workspace around."""
    from registry.consume.source import find_config, open_default_store
    from registry.stewardship.repair import from_copy, from_dvc_cache

    copies = [from_copy(open_default_store(run.directory, url))] if url else []
    config = find_config(run.directory)
    if config and (cache := config.parent / ".dvc" / "cache").is_dir():
        copies.append(from_dvc_cache(cache))
    return copies


def _report(run: Run, report: Report, document: dict[str, Any]) -> None:
    for problems in (report.problems, report.strays):
        _list(run, [(problem.kind, _named(problem)) for problem in problems])
    repaired = document.get("repaired", {})
    _list(run, [("repaired", key) for key in repaired.get("fetched", ())])
    _list(run, [("put aside", key) for key in repaired.get("quarantined", ())])
    if report.harmed:
        run.out.text(f"harmed: {', '.join(report.harmed)}")
    word = run.out.style("sound", "green") if report.ok else run.out.style("NOT SOUND", "red")
    run.out.text(
        f"{word}: {counted(report.releases, 'release')}, {counted(report.objects, 'object')}, "
        f"{report.hashed:,} hashed ({human_bytes(report.hashed_bytes)})"
    )
    for note in _notes(report):
        run.out.note(note)


def _named(problem: Problem) -> str:
    whose = " ".join(filter(None, (problem.release, problem.path)))
    return f"{problem.key or 'an object without a name'}{f' ({whose})' if whose else ''}"


def _list(run: Run, found: list[tuple[str, str]]) -> None:
    """Each, grouped by kind; of many of one kind the first ones."""
    for kind in dict.fromkeys(kind for kind, _ in found):
        names = [name for known, name in found if known == kind]
        for name in names[:SHOWN]:
            run.out.text(f"{kind}: {name}")
        if len(names) > SHOWN:
            run.out.text(f"{kind}: {len(names) - SHOWN:,} more, all of them with --json")


def _notes(report: Report) -> Iterator[str]:
    """What to do next, by what was found."""
    kinds = {stray.kind for stray in report.strays}
    if not report.ok:
        yield "Next: registry fsck --repair --from URL, a store or backup that has these releases"
        if any(problem.key.startswith("releases/") and problem.kind == "missing" for problem in report.problems):
            yield "Where a release was removed on purpose: registry rebuild-index"
    elif kinds & {"orphaned", "abandoned", "corrupt"}:
        yield "What nothing needs harms nothing. To remove it: registry gc"
    for stray in report.strays:
        if stray.kind == "unfinished":
            again = f"registry purge {stray.release} --reason R --confirm {stray.release}"
            yield f"Bytes of a purged release stand. Next: {again}"
    if "missing" in kinds:
        yield "An entry of a log was removed. See whether the release is withdrawn as it should be: registry list"
    if "stale" in kinds:
        yield "The index is only a cache. Next: registry rebuild-index"
    if "foreign" in kinds:
        yield "What is foreign was put there by somebody else, and is left alone"
