"""`registry split`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from registry.cli.common import Run, command
from registry.cli.mending import Output, Reason, conclude, delivery_json, writing_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from registry.judge.judge import Bench
    from registry.mending.options import SplitOptions
    from registry.mending.split import Split

FAR = 0.02  # share by which a split may miss what was asked before it is worth a word


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @command(app, "split", writes=True)
    def split(
        run: Run,
        name: Annotated[str, typer.Argument(metavar="NAME", help="Which dataset.")],
        shares: Annotated[str, typer.Option("--shares", metavar="S=N,…", help="train=0.8,validation=0.1,test=0.1")],
        stratify: Annotated[
            str | None, typer.Option("--stratify", metavar="C", help="Meet the shares within each value of C.")
        ] = None,
        group: Annotated[
            str | None, typer.Option("--group", metavar="C", help="Rows of a group stay together.")
        ] = None,
        time: Annotated[str | None, typer.Option("--time", metavar="C", help="Later splits hold later rows.")] = None,
        near: Annotated[
            bool,
            typer.Option("--keep-near-duplicates-together", help="Texts, or pictures, that are nearly equal."),
        ] = False,
        seed: Annotated[int, typer.Option("--seed", metavar="N", help="Another seed draws other splits.")] = 0,
        folds: Annotated[
            int | None, typer.Option("--folds", metavar="K", help="Add a column `fold`, 0 to K-1.")
        ] = None,
        output: Output = None,
        reason: Reason = "",
        dry_run: bool = False,
    ) -> None:
        """Draw splits that cannot leak.

        A row's split follows from a hash of its key (or group), so that it keeps it when
        the data grows. Rows that are equal as normalised text, and pictures of equal pixels,
        stay together. The data is written anew in its own format, whole or not at all.
        Example: registry split reviews --shares train=0.8,validation=0.1,test=0.1 --stratify label
        """
        from registry.judge.judge import JudgeOptions, lay_out
        from registry.mending.draw import parse_shares
        from registry.mending.options import SplitOptions
        from registry.mending.split import split as draw

        workspace = run.workspace()
        dataset = workspace.dataset(name)
        with run.out.progress(f"Splitting {name}") as progress:
            bench = lay_out(workspace, dataset, JudgeOptions(progress=progress))
            parsed = parse_shares(shares, tuple(bench.rules.schema.splits))
            options = SplitOptions(parsed, stratify, group, time, near, seed, folds)
            _report(run, name, draw(bench, options, writing_of(run, output, reason, dry_run)), options)
        for line in _undeclared(bench, options):
            run.out.note(line)


def _report(run: Run, name: str, done: Split, asked: SplitOptions) -> None:
    total = sum(done.rows.values())
    document = {
        "format": "registry.split/1",
        "name": name,
        "state": done.state,
        "path": str(done.target.path),
        "rows": done.rows,
        "shares": {split: round(rows / total, 6) for split, rows in done.rows.items()},
        "moved": done.moved,
        "units": done.assignment.units,
        "largest_unit": done.assignment.largest,
        "folds": done.folds,
        **delivery_json(done.delivered),
    }
    run.out.document(document)
    words = {
        "split": "rows moved",
        "planned": "rows would move",
        "unchanged": "rows moved: every row stands where it belongs",
    }
    run.out.text(f"{name}: {done.moved:,} of {total:,} {words[done.state]}")
    run.out.table(
        ("split", "rows", "share"),
        [(split, f"{rows:,}", f"{rows / total:.1%}") for split, rows in done.rows.items()],
    )
    if done.assignment.largest > total / 10:
        run.out.note(f"{done.assignment.largest:,} rows are one unit that stays together; shares follow it.")
    elif not asked.stratify and max(abs(done.rows[s] / total - share) for s, share in asked.shares.items()) > FAR:
        run.out.note("Shares are met on average; --stratify C (a label) meets them closely.")
    conclude(run, done.state, done.target.path, done.delivered)


RULES = {"time": "expect_splits_to_follow_time", "group": "expect_groups_not_to_cross_splits"}


def _undeclared(bench: Bench, asked: SplitOptions) -> Iterator[str]:
    """What the gate cannot know of the split, since it was said on the command line alone."""
    import json

    schema, dataset = bench.rules.schema, bench.dataset
    for role, column in (("time", asked.time), ("group", asked.group)):
        kwargs = {"column": column}
        if column is None or schema.column_of_role(role) is not None:
            continue
        if any(one.type == RULES[role] and one.kwargs == kwargs for one in bench.rules.expectations):
            continue
        yield (
            f"`{column}` is not declared as the {role}, so that no check will hold the next release to it. "
            f"Give it `role: {role}` in {dataset.schema}, and {dataset.checks[0]} the entry\n"
            f"  - type: {RULES[role]}\n    kwargs: {json.dumps(kwargs, ensure_ascii=False)}\n"
            f"    severity: critical\n    meta: {{check_id: splits-by-{role}}}"
        )
