import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.model.evidence import STATUSES, Check, DataFacts, Evidence, check_document, verdict_of

FACTS = DataFacts("0" * 64, 1, 10, 3, {"train": 2, "test": 1})

checks = st.builds(
    Check,
    id=st.text(min_size=1, max_size=5),
    type=st.just("x"),
    status=st.sampled_from(STATUSES),
    severity=st.sampled_from(("critical", "warning", "info")),
    may_be_unmeasured=st.booleans(),
)


@pytest.mark.parametrize(
    ("status", "severity", "allowed", "fail_on", "blocks"),
    [
        ("pass", "critical", False, "critical", False),
        ("fail", "critical", False, "critical", True),
        ("fail", "warning", False, "critical", False),
        ("fail", "warning", False, "warning", True),
        ("fail", "info", False, "warning", False),
        ("error", "warning", False, "critical", False),
        ("error", "critical", False, "critical", True),
        ("waived", "critical", False, "critical", False),
        ("not_applicable", "critical", False, "critical", False),
        ("not_measured", "critical", False, "critical", True),
        ("not_measured", "critical", True, "critical", False),
        ("not_measured", "warning", False, "critical", False),
    ],
)
def test_what_blocks(status, severity, allowed, fail_on, blocks):
    assert Check("c", "t", status, severity, may_be_unmeasured=allowed).blocks(fail_on) is blocks


def test_nothing_checked_is_no_pass():
    assert verdict_of([], fail_on="critical") == "error"


@given(st.lists(checks, min_size=1, max_size=4))
def test_a_verdict_does_not_depend_on_order(found):
    verdicts = {verdict_of(order, fail_on="critical") for order in itertools.permutations(found)}
    assert len(verdicts) == 1
    assert (verdicts == {"pass"}) == (not any(check.blocks("critical") for check in found))


@given(st.lists(checks, min_size=1, max_size=5))
def test_evidence_reads_back(found):
    evidence = Evidence.of(checks=found, fail_on="critical", dataset="x", data=FACTS, ruleset="1" * 64)
    assert Evidence.from_json(evidence.to_json()) == evidence
    assert [c.id for c in evidence.checks] == sorted(c.id for c in found)


def test_the_worst_verdict_wins():
    def one(status):
        return Evidence.of(
            checks=[Check("c", "t", status)], fail_on="critical", dataset="x", data=FACTS, ruleset="1" * 64
        )

    assert check_document([])["verdict"] == "error"
    assert check_document([one("pass")])["verdict"] == "pass"
    assert check_document([one("pass"), one("fail")])["verdict"] == "fail"
    assert check_document([one("fail"), one("error"), one("pass")])["verdict"] == "error"
