"""Our own expectations, by topic.

>>> sorted(OURS)[0]
'expect_class_balance_to_be_at_least'
"""

from __future__ import annotations

from collections.abc import Mapping

from registry.checks.core import CORE, ExpectationForm
from registry.checks.expectations import balance, duplicates, leakage, near, shares, target, times
from registry.checks.specs import Spec

TOPICS = (leakage, near, duplicates, balance, shares, times, target)
OURS: Mapping[str, Spec] = {spec.form.type: spec for topic in TOPICS for spec in topic.SPECS}
FORMS: Mapping[str, ExpectationForm] = {**CORE, **{name: spec.form for name, spec in OURS.items()}}
