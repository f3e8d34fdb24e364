"""Our own expectations, by topic.

>>> sorted(OURS)[0]
'expect_class_balance_to_be_at_least'
"""

from __future__ import annotations

from collections.abc import Mapping

from registry.checks.core import CORE, ExpectationForm
from registry.checks.expectations import balance, duplicates, leakage, near, provenance, shares, target, times
from registry.checks.specs import Spec

ANYWHERE = (leakage, near, duplicates, balance, shares, times, target, provenance)  # topics that every engine measures
TOPICS = (*ANYWHERE,)  # and those that DuckDB alone measures
OURS: Mapping[str, Spec] = {spec.form.type: spec for topic in TOPICS for spec in topic.SPECS}
SPREAD = frozenset(spec.form.type for topic in ANYWHERE for spec in topic.SPECS)
FORMS: Mapping[str, ExpectationForm] = {**CORE, **{name: spec.form for name, spec in OURS.items()}}
