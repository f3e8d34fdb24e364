"""Planned figures beside results (정량목표 · 결과값 · 달성률 · 판정), wherever a check plans one.

>>> from registry.model.evidence import Check
>>> planned = Check("t", "expect_counts_to_meet_targets", "fail", columns=("label",), total=2, unexpected=1,
...                 observed={"achievement": {"pos": 0.9, "neg": 1.0}}, threshold={"targets": {"pos": 100, "neg": 100}})
>>> [(t.value, t.planned, t.result, t.achievement, t.met) for t in targets_of(planned)]
[('pos', 100, 90, 0.9, False), ('neg', 100, 100, 1.0, True)]
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from registry.model.evidence import Check
from registry.reports.numbers import tidy
from registry.reports.readings import Unit, reading_of


@dataclass(frozen=True, slots=True)
class Target:
    """One planned figure: of which value of the column (empty: of the whole), plan, result, whether it is met."""

    value: str
    planned: int | float
    result: int | float | None
    achievement: float | None
    met: bool
    unit: Unit


def targets_of(check: Check) -> tuple[Target, ...]:
    """The planned figures of `check`: one a value where it lists them, else its lower bound."""
    threshold = check.threshold if isinstance(check.threshold, Mapping) else {}
    if isinstance(threshold.get("targets"), Mapping):
        return tuple(_listed(check, threshold["targets"], threshold.get("min_achievement", 1.0)))
    reading = reading_of(check)
    if reading is None or not reading.low or check.type in ("schema", "data"):
        return ()
    met = check.status == "pass"
    return (Target("", reading.low, reading.value, reading.achievement, met, reading.unit),)


def _listed(check: Check, targets: Mapping[str, Any], least: float) -> Iterator[Target]:
    """Results follow from achievement, which the check observes for each planned value."""
    reached = check.observed.get("achievement") if isinstance(check.observed, Mapping) else None
    for value, planned in targets.items():
        part = reached.get(str(value)) if isinstance(reached, Mapping) else None
        result = None if part is None else round(part * planned)
        yield Target(str(value), planned, result, tidy(part), part is not None and part >= least, "rows")
