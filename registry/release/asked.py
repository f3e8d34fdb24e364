"""What the gate of a release asked, and what that of a workspace asks, to be told apart by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from registry.checks.expectations import FORMS
from registry.checks.suite import expectations_of, joined
from registry.judge.rules import Rules
from registry.schemas.verify import derived_suite
from registry.versions.asked import Asked, asked


def asked_of(evidence: Mapping[str, Any]) -> Asked:
    """What the gate of a release asked, as its evidence tells."""
    checks = (check for check in evidence["checks"] if check["type"] in FORMS)
    found = {one["id"]: asked(one["type"], one["severity"], one.get("arguments", {})) for one in checks}
    return {**found, "fail-on": {"": evidence["fail_on"]}}


def asked_by(rules: Rules) -> Asked:
    """What the gate of a workspace asks, with what follows from its schema."""
    every = joined([expectations_of(derived_suite(rules.schema), "the schema"), rules.expectations])
    found = {one.check_id: asked(one.type, one.severity, one.arguments) for one in every}
    return {**found, "fail-on": {"": rules.gate["fail_on"]}}
