"""What one run of the gate found, as one value that every output renders.

>>> Judgement(()).verdict
'error'
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from registry.model.difference import Difference
from registry.model.evidence import Check, Evidence, Verdict, check_document
from registry.model.scope import Scope

Weight = Literal["error", "warning", "note"]
FOUND = frozenset({"fail", "error", "waived"})
"""Statuses of a check that found something."""


@dataclass(frozen=True, slots=True)
class Place:
    """A line of a file, relative to the repository."""

    path: str
    line: int = 1


@dataclass(frozen=True, slots=True)
class Before:
    """What is known of a dataset before a change: how its checks came out, and (in words) where that is known from."""

    origin: str
    checks: Mapping[str, Check]

    @classmethod
    def of(cls, evidence: Evidence, origin: str) -> Before:
        """What `evidence` says of the rows; what it says of the change that it was about counts no longer."""
        return cls(origin, {check.id: check for check in evidence.measured().checks})

    def had(self, check: Check) -> bool:
        """Whether the same was found then already, with whatever count."""
        then = self.checks.get(check.id)
        return then is not None and (then.status == check.status or {then.status, check.status} <= FOUND)

    def mended(self, evidence: Evidence) -> tuple[str, ...]:
        """The checks that pass now and did not then, by id."""
        then = {name for name, check in self.checks.items() if check.status in FOUND}
        return tuple(check.id for check in evidence.checks if check.status == "pass" and check.id in then)


@dataclass(frozen=True, slots=True)
class Judgement:
    """The evidence of each dataset; where the rule of each (dataset, check id) stands; the differences, if any.

    `uncompared` says why a dataset could not be compared with its last release, `before` what its checks
    found before the change, where that is known. `scope` says which datasets a change touches, where only
    those were judged; `frozen` are the splits that published scores hang on.
    """

    evidences: tuple[Evidence, ...]
    places: Mapping[tuple[str, str], Place] = field(default_factory=dict)
    differences: Mapping[str, Difference] = field(default_factory=dict)
    uncompared: Mapping[str, str] = field(default_factory=dict)
    before: Mapping[str, Before] = field(default_factory=dict)
    scope: Scope | None = None
    frozen: tuple[str, ...] = ()

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
