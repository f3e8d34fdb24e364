"""What to do about a check that did not pass: the next command, or who has to decide.

>>> from registry.model.evidence import Check, DataFacts, Evidence
>>> leak = Check("leakage-exact", "expect_splits_to_be_disjoint", "fail", samples=({"row": "r1", "split": "test"},))
>>> data = DataFacts("", 1, 1, 9, {"train": 6, "test": 3})
>>> evidence = Evidence.of(checks=[leak], fail_on="critical", dataset="reviews", data=data, ruleset="")
>>> remedy(evidence, leak, frozen=("test",))
'`registry drop reviews --check leakage-exact --keep test` leaves test, which is frozen, as it is'
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from registry.model.evidence import WEAKENED, Check, Evidence

BETWEEN = frozenset(
    {"expect_splits_to_be_disjoint", "expect_splits_to_have_no_near_duplicates", "expect_groups_not_to_cross_splits"}
)
"""Checks whose rows stand on both sides, so that either side can be kept."""
DROPPED = frozenset(
    {"expect_rows_to_be_unique", "expect_no_near_duplicates", "expect_no_listed_terms", "expect_no_contamination_with"}
)
"""Checks whose rows are best left out."""
COMMANDS = {
    "expect_no_personal_data": "`registry mask {dataset}`, or `registry drop {dataset} --check {check}`",
    "expect_duplicates_to_agree_on_label": "`registry report labels {dataset}` lists them for a person to decide",
    "expect_label_noise_at_most": "`registry report labels {dataset}` lists them for a person to decide",
    "expect_label_to_follow_annotators": "`registry report labels {dataset}` lists them for a person to decide",
    "expect_split_shares_to_be_between": "`registry split {dataset}` draws the splits anew",
    "expect_split_class_distributions_to_match": "`registry split {dataset} --stratify C` draws the splits anew",
    "expect_splits_to_follow_time": "`registry split {dataset} --time C` draws the splits anew",
    "expect_no_drift_from_previous_release": "`registry diff {dataset}` shows what moved",
    "expect_class_balance_to_be_at_least": "collect rows of the rare classes, or lower the limit in the suite",
    "expect_no_target_leakage": "leave such a column out of the data, or name the `columns` that are inputs",
    "schema": "mend the data, or change the schema, for which the version pays",
    "card": "edit the card; `registry card lint {dataset}` says more",
    "terms": "mend what cards/{dataset}.md declares, or the data that it speaks of",
    WEAKENED: "merge the weakening on its own, or let an owner that the base names waive the finding",
}
STATED = "mend: "  # a message that ends so says itself what to do


def remedy(evidence: Evidence, check: Check, frozen: Sequence[str] = ()) -> str:
    """What to do next about `check`; of a leak into a frozen split, without touching that one."""
    if check.type == "pointer" and STATED in check.message:
        return check.message.rpartition(STATED)[2]
    dataset, named = evidence.dataset, _quoted(check.id)
    if check.status == "not_measured":
        allow = "give it what it names, or say `when_not_measured: allow` in its `meta`, in a change of its own"
        return allow if check.blocks(evidence.fail_on) else ""
    if check.status == "error":
        return f"`registry check {dataset}` says more"
    if check.type in BETWEEN:
        return _one_side(evidence, check, frozen)
    if check.type in DROPPED:
        return f"`registry drop {dataset} --check {named}`"
    return COMMANDS.get(check.type, "`registry check {dataset}` shows examples").format(dataset=dataset, check=named)


def _one_side(evidence: Evidence, check: Check, frozen: Sequence[str]) -> str:
    """Which side to drop: the later one, or, where that is frozen, what it has in common with it."""
    drop = f"registry drop {evidence.dataset} --check {_quoted(check.id)}"
    kept = [split for split in evidence.data.splits if split in frozen]
    keep = "".join(f" --keep {_quoted(split)}" for split in kept)
    return f"`{drop}{keep}`" + (f" leaves {', '.join(kept)}, which is frozen, as it is" if kept else "")


def _quoted(text: str) -> str:
    """A word of a command line; a backtick would end what stands between two."""
    return shlex.quote(text.replace("`", "ˋ"))
