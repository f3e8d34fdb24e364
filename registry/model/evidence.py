"""Checks, verdicts and evidence: what was measured, of which bytes, by which rules.

A verdict is a value; text, JSON, reports, cards and exit codes render it.

>>> check = Check(id="rows", type="expect_table_row_count_to_be_between", status="fail", severity="critical")
>>> verdict_of([check], fail_on="critical")
'fail'
>>> verdict_of([], fail_on="critical")
'error'
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

Status = Literal["pass", "fail", "error", "waived", "not_measured", "not_applicable"]
Severity = Literal["critical", "warning", "info"]
Verdict = Literal["pass", "fail", "error"]

STATUSES: tuple[Status, ...] = ("pass", "fail", "error", "waived", "not_measured", "not_applicable")
SEVERITIES: tuple[Severity, ...] = ("critical", "warning", "info")
MAX_SAMPLES = 20
WEAKENED = "gate-weakened"
"""The type of a check that says what became weaker; it never blocks."""
OF_CHANGE = ("pointer:", "gate:", "card:", "terms:")
"""How the ids of checks begin that are about a change (of pointers, rules, the card) and not about rows."""


@dataclass(frozen=True, slots=True)
class Check:
    """One check's outcome.

    `total` and `unexpected` are counts in the check's unit (rows, or measured units of an
    aggregate); `observed` and `threshold` are JSON values; `samples` holds at most 20
    entries of row keys and masked values. `may_be_unmeasured` is true where the
    suite says `meta.when_not_measured: allow`. `arguments` are the expectation's, as the
    suite gives them.
    """

    id: str
    type: str
    status: Status
    severity: Severity = "critical"
    columns: tuple[str, ...] = ()
    total: int | None = None
    unexpected: int | None = None
    observed: Any = None
    threshold: Any = None
    samples: tuple[Any, ...] = ()
    message: str = ""
    waiver: Mapping[str, str] | None = None
    may_be_unmeasured: bool = False
    arguments: Mapping[str, Any] = field(default_factory=dict)

    def blocks(self, fail_on: str) -> bool:
        """Whether this check blocks a release when `fail_on` is the lowest blocking severity."""
        if SEVERITIES.index(self.severity) > SEVERITIES.index(fail_on):
            return False
        if self.status == "not_measured":
            return not self.may_be_unmeasured
        return self.status not in ("pass", "waived", "not_applicable")

    def to_json(self) -> dict[str, Any]:
        """The check's entry in the evidence."""
        document: dict[str, Any] = {
            "id": self.id,
            "type": self.type,
            "status": self.status,
            "severity": self.severity,
            "columns": list(self.columns),
            "total": self.total,
            "unexpected": self.unexpected,
            "observed": self.observed,
            "threshold": self.threshold,
            "samples": list(self.samples),
            "message": self.message,
        }
        if self.waiver:
            document["waiver"] = dict(self.waiver)
        if self.arguments:
            document["arguments"] = dict(self.arguments)
        if self.may_be_unmeasured:
            document["when_not_measured"] = "allow"
        return document

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Check:
        """The check that `to_json` wrote."""
        return cls(
            id=document["id"],
            type=document["type"],
            status=document["status"],
            severity=document["severity"],
            columns=tuple(document["columns"]),
            total=document["total"],
            unexpected=document["unexpected"],
            observed=document["observed"],
            threshold=document["threshold"],
            samples=tuple(document["samples"]),
            message=document["message"],
            waiver=document.get("waiver"),
            may_be_unmeasured=document.get("when_not_measured") == "allow",
            arguments=document.get("arguments", {}),
        )


def verdict_of(checks: Iterable[Check], *, fail_on: str) -> Verdict:
    """`error` if a blocking check is in error or nothing was checked, `fail` if any blocks, else `pass`."""
    known = list(checks)
    if not known:
        return "error"
    blocking = [check for check in known if check.blocks(fail_on)]
    if any(check.status == "error" for check in blocking):
        return "error"
    return "fail" if blocking else "pass"


@dataclass(frozen=True, slots=True)
class DataFacts:
    """What was judged: digest of the file list, files, bytes, rows, rows per split in split order.

    `md5` is what the pointer in git says of these bytes; `sha256` is empty where they could not be had.
    """

    sha256: str
    files: int
    bytes: int
    rows: int
    splits: Mapping[str, int] = field(default_factory=dict)
    md5: str = ""

    def to_json(self) -> dict[str, Any]:
        """The evidence's `data` block."""
        document = {
            "sha256": self.sha256,
            "files": self.files,
            "bytes": self.bytes,
            "rows": self.rows,
            "splits": dict(self.splits),
        }
        return {**document, "md5": self.md5} if self.md5 else document


@dataclass(frozen=True, slots=True)
class Evidence:
    """The outcome of the gate for one dataset: deterministic, without clock or tool versions."""

    dataset: str
    data: DataFacts
    ruleset: str
    checks: tuple[Check, ...]
    verdict: Verdict
    engine: str = "duckdb"
    pointer: Literal["current", "stale"] = "current"
    references: Mapping[str, str] = field(default_factory=dict)
    fail_on: str = "critical"

    @classmethod
    def of(cls, *, checks: Iterable[Check], fail_on: str, **facts: Any) -> Evidence:
        """Sorts the checks by id and derives the verdict."""
        known = tuple(sorted(checks, key=lambda c: c.id))
        return cls(checks=known, verdict=verdict_of(known, fail_on=fail_on), fail_on=fail_on, **facts)

    def blocking(self) -> tuple[Check, ...]:
        """The checks that block, in order of id."""
        return tuple(check for check in self.checks if check.blocks(self.fail_on))

    def with_checks(self, checks: Iterable[Check]) -> Evidence:
        """The same evidence with other checks and the verdict they give."""
        known = tuple(sorted(checks, key=lambda c: c.id))
        return replace(self, checks=known, verdict=verdict_of(known, fail_on=self.fail_on))

    def measured(self) -> Evidence:
        """What was found of the data alone, for another day: no check of a change or of terms, and nothing waived."""
        kept = (check for check in self.checks if not check.id.startswith(OF_CHANGE))
        return self.with_checks(replace(one, status="fail", waiver=None) if one.waiver else one for one in kept)

    def to_json(self) -> dict[str, Any]:
        """The `registry.evidence/1` document."""
        return {
            "format": "registry.evidence/1",
            "dataset": self.dataset,
            "data": self.data.to_json(),
            "ruleset": {"sha256": self.ruleset},
            "references": dict(self.references),
            "engine": self.engine,
            "pointer": self.pointer,
            "fail_on": self.fail_on,
            "verdict": self.verdict,
            "checks": [check.to_json() for check in self.checks],
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Evidence:
        """The evidence that `to_json` wrote."""
        return cls(
            dataset=document["dataset"],
            data=DataFacts(**document["data"]),
            ruleset=document["ruleset"]["sha256"],
            checks=tuple(Check.from_json(check) for check in document["checks"]),
            verdict=document["verdict"],
            engine=document["engine"],
            pointer=document["pointer"],
            references=document["references"],
            fail_on=document["fail_on"],
        )


def check_document(evidences: Iterable[Evidence]) -> dict[str, Any]:
    """The `registry.check/1` document of one run: the worst verdict, and each dataset's evidence."""
    known = list(evidences)
    verdicts = {evidence.verdict for evidence in known}
    verdict = "error" if not known or "error" in verdicts else "fail" if "fail" in verdicts else "pass"
    return {"format": "registry.check/1", "verdict": verdict, "datasets": [e.to_json() for e in known]}


__all__ = [
    "MAX_SAMPLES",
    "SEVERITIES",
    "STATUSES",
    "Check",
    "DataFacts",
    "Evidence",
    "Severity",
    "Status",
    "Verdict",
    "check_document",
    "verdict_of",
]
