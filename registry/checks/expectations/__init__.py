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

# topics that every engine measures
ANYWHERE = (
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
)
TOPICS = (*ANYWHERE, drift, noise, contamination, sufficiency)  # and those that DuckDB alone measures
OURS: Mapping[str, Spec] = {spec.form.type: spec for topic in TOPICS for spec in topic.SPECS}
SPREAD = frozenset(spec.form.type for topic in ANYWHERE for spec in topic.SPECS)
FORMS: Mapping[str, ExpectationForm] = {**CORE, **{name: spec.form for name, spec in OURS.items()}}
