"""The numbers of an outcome: how many were looked at, how many are not as expected, what was observed.

Great Expectations calls a check of nothing a success; here it is named, and is no pass.

>>> from registry.checks.suite import Expectation
>>> nulls = Expectation("expect_column_values_to_be_in_set", {"column": "a", "value_set": [1]})
>>> outcome = Outcome(True, {"element_count": 3, "unexpected_count": 0, "missing_count": 3})
>>> figures_of(outcome, nulls, None).nothing
'`a` has no value, so there is nothing to measure'
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from registry.checks.specs import Measure
from registry.checks.suite import Expectation


@dataclass(frozen=True, slots=True)
class Outcome:
    """What Great Expectations said of one expectation; `error` is empty where it could judge."""

    success: bool
    result: Mapping[str, Any] = field(default_factory=dict)
    error: str = ""


@dataclass(frozen=True, slots=True)
class Figures:
    """The numbers of one outcome.

    `found` says that there is something to sample, `nothing` why nothing was measured,
    `assessed` how many values were looked at, `note` what a reader must know besides.
    """

    total: int | None
    unexpected: int | None
    observed: Any
    threshold: Any
    found: bool = False
    nothing: str = ""
    assessed: int = 0
    samples: Sequence[Any] = ()
    note: str = ""


def figures_of(outcome: Outcome, expectation: Expectation, measure: Measure | None) -> Figures:
    """The numbers of an outcome; of a core expectation where `measure` is None."""
    return _ours(outcome, measure) if measure else _core(outcome, expectation)


def _ours(outcome: Outcome, measure: Measure) -> Figures:
    result = outcome.result
    total, unexpected = int(result["element_count"]), int(result["unexpected_count"])
    details = result["details"]
    named = ", ".join(measure.columns)
    nothing = details["nothing"] or ("" if total else f"no row has a value in {named}, so there is nothing to measure")
    found = unexpected > 0 and not nothing
    return Figures(
        total,
        unexpected,
        result["observed_value"],
        measure.threshold,
        found=found,
        nothing=nothing,
        assessed=total,
        samples=details["samples"],
        note=details["note"],
    )


def _core(outcome: Outcome, expectation: Expectation) -> Figures:
    result = outcome.result
    threshold = {
        kwarg.name: expectation.kwargs.get(kwarg.name, kwarg.default)
        for kwarg in expectation.form.kwargs
        if kwarg.kind not in ("column", "columns", "condition", "parser")
        and expectation.kwargs.get(kwarg.name, kwarg.default) is not None
    }
    if "element_count" in result:
        return _mapped(result, threshold, expectation)
    failed = int(not outcome.success)
    if "distinct_values" in expectation.type:
        outside, absent = result.get("unexpected_count", 0), result.get("missing_count", 0)
        nothing = _no_values(expectation) if outside is None or absent is None else ""
        observed = {"unexpected_values": outside, "missing_values": absent}
        return Figures(1, failed, observed, threshold, bool(outside or absent), nothing)
    value = result.get("observed_value")
    of_column = expectation.type.startswith("expect_column_") and expectation.type != "expect_column_to_exist"
    empty = value is None and of_column
    return Figures(1, failed, value, threshold, nothing=_no_values(expectation) if empty else "")


def _mapped(result: Mapping[str, Any], threshold: Any, expectation: Expectation) -> Figures:
    total, unexpected = result["element_count"], result["unexpected_count"]
    absent = result.get("missing_count") or 0
    assessed = total - absent
    observed = {"missing": absent, "share": unexpected / assessed if assessed else None}
    nothing = "" if assessed else _no_values(expectation)
    return Figures(total, unexpected, observed, threshold, unexpected > 0, nothing, assessed)


def _no_values(expectation: Expectation) -> str:
    what = ", ".join(f"`{name}`" for name in expectation.columns()) or "the table"
    under = " under its row_condition" if expectation.condition else ""
    return f"{what} has no value{under}, so there is nothing to measure"
