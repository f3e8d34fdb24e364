"""What one run of the gate found, as one value that every output renders.

>>> Judgement(()).verdict
'error'
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from registry.model.difference import Difference
from registry.model.digest import digest_of
from registry.model.evidence import Check, Evidence, Verdict, check_document
from registry.model.scope import Scope

Weight = Literal["error", "warning", "note"]


@dataclass(frozen=True, slots=True)
class Place:
    """A line of a file, relative to the repository."""

    path: str
    line: int = 1


@dataclass(frozen=True, slots=True)
class Finding:
    """A check that did not pass: of which dataset, how much it weighs, where its rule stands."""

    dataset: str
    check: Check
    weight: Weight
    place: Place

    @property
    def fingerprint(self) -> str:
        """The same in every run that finds the same: of dataset and check, not of counts."""
        return digest_of([self.dataset, self.check.id])

    @property
    def what(self) -> str:
        """What was found, without the example, which names a row, and what a file holds where it cannot be read."""
        text = self.check.message or self.check.status.replace("_", " ")
        return text.partition(": " if self.check.type == "data" else "; first: ")[0]

    @property
    def message(self) -> str:
        """What was found, of which dataset, by which check."""
        return f"{self.dataset}: {self.check.id}: {self.what}"


@dataclass(frozen=True, slots=True)
class Judgement:
    """The evidence of each dataset; where the rule of each (dataset, check id) stands; the differences, if any.

    `uncompared` says why a dataset could not be compared with its last release. `scope` says which
    datasets a change touches, where only those were judged.
    """

    evidences: tuple[Evidence, ...]
    places: Mapping[tuple[str, str], Place] = field(default_factory=dict)
    differences: Mapping[str, Difference] = field(default_factory=dict)
    uncompared: Mapping[str, str] = field(default_factory=dict)
    scope: Scope | None = None

    @property
    def verdict(self) -> Verdict:
        """The worst verdict of all datasets; `error` where there is none, but `pass` where none was touched."""
        if self.scope is not None and not self.evidences and not self.scope.touched:
            return "pass"
        found: Verdict = check_document(self.evidences)["verdict"]
        return found

    def to_json(self) -> dict[str, Any]:
        """The `registry.check/1` document."""
        document = check_document(self.evidences)
        return (
            document if self.scope is None else {**document, "verdict": self.verdict, "changed": self.scope.to_json()}
        )

    def findings(self) -> Iterator[Finding]:
        """What did not pass and was not waived, by dataset, the weightiest first."""
        for evidence in self.evidences:
            found = [
                Finding(evidence.dataset, check, weight, self.place(evidence.dataset, check))
                for check in evidence.checks
                if (weight := weight_of(check, evidence.fail_on))
            ]
            yield from sorted(found, key=lambda one: (("error", "warning", "note").index(one.weight), one.check.id))

    def place(self, dataset: str, check: Check) -> Place:
        """Where the rule of a check stands; the dataset's pointer where nothing else is known."""
        return self.places.get((dataset, check.id), self.places.get((dataset, ""), Place("dvc.yaml")))


def weight_of(check: Check, fail_on: str) -> Weight | None:
    """`error` for what blocks, `warning` for what failed, `note` for what was not measured; None for the rest."""
    if check.blocks(fail_on):
        return "error"
    if check.status in ("fail", "error"):
        return "warning"
    return "note" if check.status == "not_measured" else None
