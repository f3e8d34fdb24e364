"""What `check` says of waivers: those that waive nothing, and that they are a way out."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING

from registry.formats.plain import one_line

if TYPE_CHECKING:
    from registry.formats.findings import Finding
    from registry.model.evidence import Evidence
    from registry.model.judgement import Judgement
    from registry.workspace.workspace import Dataset, Workspace

STEPS = 5  # findings of a dataset of which the way out is told
DECLARED = ("card", "terms")  # types of checks that hang on the card and leave the data as it is
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


def way_out(workspace: Workspace, judgement: Judgement, revision: str | None = None) -> str:
    """What to do about what blocks, what to run then, and how someone answers for a finding until a day."""
    from registry.formats.findings import failures

    lines = []
    for evidence in judgement.evidences:
        blocking = [one for one in failures(judgement, evidence) if one.weight == "error" and one.mend]
        steps = dict.fromkeys(f"{one.id}: {one.mend}" for one in blocking[:STEPS])
        lines += [f"  {evidence.dataset}: {one_line(step)}" for step in steps]
        if len(blocking) > STEPS:
            lines.append(f"  {evidence.dataset}: … and {len(blocking) - STEPS} more above")
        lines += [f"  then: {step}" for step in _then(workspace, evidence, blocking, revision)] if blocking else []
    file = workspace.config.waivers or "the file that `waivers` under [gate] of registry.toml names"
    mend = ["Mend the data or the rule:", *lines] if lines else ["Mend the data or the rule."]
    return "\n".join([*mend, f"Or answer for a finding until a day, by an entry in {file}:", f"  - {ENTRY}"])


def _then(workspace: Workspace, evidence: Evidence, blocking: Sequence[Finding], revision: str | None) -> list[str]:
    """The commands after data or card were mended; a pull request needs the data where others can fetch it."""
    name = evidence.dataset
    dataset = workspace.datasets.get(name)
    again = f"registry check {name}" + (f" --changed --base {shlex.quote(revision)}" if revision else "")
    mended = dataset and any(one.kind not in DECLARED for one in blocking)
    add = [f"registry add {shlex.quote(dataset.path)}"] if dataset and mended else []
    push = ["git commit, registry push " + name] if revision and mended else ["git commit"] if revision else []
    return [", ".join([*add, *push, again])]


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
