"""What `check` says of waivers: those that waive nothing, and that they are a way out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import TYPE_CHECKING

from registry.cli.output import one_line

if TYPE_CHECKING:
    from registry.workspace.workspace import Dataset, Workspace

ENTRY = "{check_id: …, reason: …, owner: …, expires: YYYY-MM-DD}"


def idle_waivers(workspace: Workspace) -> Iterator[str]:
    """A line for each waiver whose check no dataset has, with what may be meant.

    One file may serve several datasets: what matches in another one is in order.
    """
    from registry.judge.judge import waivers_of

    waivers = waivers_of(workspace)
    if not waivers:
        return
    ids = {name: _ids(workspace, dataset) for name, dataset in workspace.datasets.items()}
    every = sorted({check for known in ids.values() for check in known})
    for waiver in waivers:
        known = sorted(ids.get(waiver.dataset, ())) if waiver.dataset else every
        place = f"{waiver.path}:{waiver.line}"
        if waiver.dataset and waiver.dataset not in ids:
            named = one_line(waiver.dataset)
            yield f"{place}: a waiver is for `{named}`, which is no dataset here{_meant(waiver.dataset, ids)}"
        elif waiver.check_id not in known:
            of = f"`{waiver.dataset}`" if waiver.dataset else "any dataset"
            meant = _meant(waiver.check_id, known)
            named = one_line(waiver.check_id)
            yield f"{place}: a waiver of `{named}` waives nothing: no check of {of} has this id{meant}"


def way_out(workspace: Workspace) -> str:
    """How someone answers for a finding until a day."""
    file = workspace.config.waivers or "the file that `waivers` under [gate] of registry.toml names"
    return f"Mend the data or the rule, or answer for a finding until a day, by an entry in {file}:\n  - {ENTRY}"


def _ids(workspace: Workspace, dataset: Dataset) -> set[str]:
    from registry.cards.terms import IDS
    from registry.checks.suite import expectations_of, joined
    from registry.judge.rules import load_rules
    from registry.schemas.hub import ID as HUB_READER
    from registry.schemas.verify import derived_suite

    rules = load_rules(workspace, dataset)
    derived = expectations_of(derived_suite(rules.schema), dataset.schema)
    built_in = {"data:rows", "data:readable", "schema:columns", "schema:types", "schema:files", HUB_READER, *IDS}
    return {one.check_id for one in joined([derived, rules.expectations])} | built_in


def _meant(name: str, known: Iterable[str]) -> str:
    near = get_close_matches(name, list(known), 3, 0.5)
    return f"; did you mean {' or '.join(f'`{one}`' for one in near)}?" if near else ""
