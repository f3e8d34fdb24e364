"""The tally under a verdict does not say `fail` of what lets a release through."""

from __future__ import annotations

from registry.formats.text import render
from registry.model.evidence import Check, DataFacts, Evidence


def test_failures_that_do_not_block_are_warnings():
    facts = DataFacts("0" * 64, 1, 10, 2, {"train": 2})
    checks = [
        Check("a", "data", "pass"),
        Check("b", "expect_rows_to_be_unique", "fail", "warning", message="여섯 행"),
        Check("c", "expect_rows_to_be_unique", "fail", "warning"),
    ]
    shared = {"fail_on": "critical", "dataset": "리뷰", "data": facts, "ruleset": "1" * 64}
    assert render(Evidence.of(checks=checks, **shared)).endswith("\n1 pass, 2 warnings")
    blocked = [*checks[:2], Check("d", "expect_rows_to_be_unique", "fail")]
    assert render(Evidence.of(checks=blocked, **shared)).endswith("\n1 pass, 1 fail, 1 warning")
