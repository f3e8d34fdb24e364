"""What a reviewer should see of a judgement: what did not pass, and what the change does that is grave.

Every form shows these and nothing else, each in its own words and marks.

>>> from registry.model.evidence import DataFacts, Evidence
>>> check = Check("leak", "expect_splits_to_be_disjoint", "fail", total=20, unexpected=3, message="3 of 20; first: r1")
>>> evidence = Evidence.of(checks=[check], fail_on="critical", dataset="x", data=DataFacts("", 0, 0, 0), ruleset="")
>>> for one in findings(Judgement((evidence,))):
...     print(one.weight, one.message, one.rows, one.mend, sep=" | ")
error | x: leak: 3 of 20 | (3, 20) | `registry drop x --check leak`
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from registry.formats.remedies import STATED, remedy
from registry.model.difference import FROZEN, Difference
from registry.model.digest import digest_of
from registry.model.evidence import OF_CHANGE, Check, Evidence
from registry.model.judgement import Judgement, Place, Weight, weight_of
from registry.model.release import ChangeFact

LOST = "FROZEN SPLIT CHANGED, scores published on it no longer compare"
WEIGHTS: tuple[Weight, ...] = ("error", "warning", "note")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a reviewer should see.

    `id` and `kind` name it for programs, `what` says it in a sentence, `mend` what to do next; `rows` are
    (found, of). `new` tells whether it came with the change: None where what stood before is not known;
    `then` is how many rows it had before.
    """

    dataset: str
    id: str
    kind: str
    weight: Weight
    place: Place
    what: str
    mend: str = ""
    rows: tuple[int, int] | None = None
    new: bool | None = None
    then: int | None = None

    @property
    def fingerprint(self) -> str:
        """The same in every run that finds the same: of dataset and check, not of counts."""
        return digest_of([self.dataset, self.id])

    @property
    def message(self) -> str:
        """What was found, of which dataset, by which check."""
        return f"{self.dataset}: {self.id}: {self.what}"

    @property
    def advice(self) -> str:
        """What to do about it, as a sentence; empty where there is nothing."""
        return f"To mend: {self.mend}" if self.mend else ""

    @property
    def age(self) -> str:
        """Whether the change brought it, in a word or two; empty where that is not known."""
        if self.new is None:
            return ""
        if self.new:
            return "new"
        return "was there" if self.then is None or self.rows is None else f"was there: {self.then:,}"


def findings(judgement: Judgement) -> Iterator[Finding]:
    """By dataset: the grave facts of its change, then the checks that did not pass, the weightiest first."""
    for evidence in judgement.evidences:
        yield from alarms(judgement, evidence.dataset)
        yield from failures(judgement, evidence)


def failures(judgement: Judgement, evidence: Evidence) -> list[Finding]:
    """The checks of one dataset that did not pass and were not waived, the weightiest first."""
    found = [one for check in evidence.checks if (one := _of_check(judgement, evidence, check))]
    return sorted(found, key=lambda one: (WEIGHTS.index(one.weight), one.id))


def alarms(judgement: Judgement, dataset: str) -> list[Finding]:
    """What the change of a dataset does that is grave: warnings, for the version pays and the gate lets them pass."""
    change = judgement.differences.get(dataset)
    if change is None:
        return []
    place = judgement.places.get((dataset, ""), Place("dvc.yaml"))
    return [_of_fact(dataset, change, fact, place) for fact in change.grave]


def _of_fact(dataset: str, change: Difference, fact: ChangeFact, place: Place) -> Finding:
    where = [part for part in (fact.split, fact.column) if part]
    said = " ".join([fact.kind.replace("-", " "), *([f"({', '.join(where)})"] if where else []), fact.detail]).strip()
    lost = f"{LOST}: " if fact.kind.startswith(FROZEN) else ""
    mend = f"release it as {fact.level}, or undo it; `registry diff {dataset}` shows the rows"
    name = ":".join(("change", fact.kind, *where))
    return Finding(dataset, name, fact.kind, "warning", place, f"{lost}{said} (since {change.before})", mend)


def _of_check(judgement: Judgement, evidence: Evidence, check: Check) -> Finding | None:
    weight = weight_of(check, evidence.fail_on)
    if weight is None:
        return None
    known = None if check.id.startswith(OF_CHANGE) else judgement.before.get(evidence.dataset)
    had = known is not None and known.had(check)
    return Finding(
        evidence.dataset,
        check.id,
        check.type,
        weight,
        judgement.place(evidence.dataset, check),
        told(check),
        remedy(evidence, check, judgement.frozen),
        None if check.unexpected is None or check.total is None else (check.unexpected, check.total),
        None if known is None else not had,
        known.checks[check.id].unexpected if known and had else None,
    )


def told(check: Check) -> str:
    """What a check found, without the example, which names a row, and what a file holds where it cannot be read."""
    text = check.message or check.status.replace("_", " ")
    if check.type == "pointer":
        return text.partition(f"; {STATED}")[0]  # what to do is told beside it
    return text.partition(": " if check.type == "data" else "; first: ")[0]
