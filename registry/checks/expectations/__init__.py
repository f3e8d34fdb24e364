"""Our own expectations, by topic.

>>> sorted(OURS)[0]
'expect_annotator_agreement_at_least'
"""

from __future__ import annotations

from collections.abc import Mapping

from registry.checks.core import CORE, ExpectationForm
from registry.checks.expectations import (
    agreement,
    alike,
    anonymity,
    balance,
    contamination,
    disparity,
    drift,
    duplicates,
    leakage,
    listed,
    near,
    noise,
    personal,
    provenance,
    shares,
    sufficiency,
    target,
    times,
)
from registry.checks.specs import Spec

TOPICS = (
    leakage,
    near,
    duplicates,
    balance,
    shares,
    times,
    target,
    provenance,
    agreement,
    personal,
    listed,
    anonymity,
    alike,
    disparity,
    drift,
    noise,
    contamination,
    sufficiency,
)
OURS: Mapping[str, Spec] = {spec.form.type: spec for topic in TOPICS for spec in topic.SPECS}
FORMS: Mapping[str, ExpectationForm] = {**CORE, **{name: spec.form for name, spec in OURS.items()}}
