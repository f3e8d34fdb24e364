"""What is personal is hidden wherever a value is told: in figures, samples and messages of a check."""

import json

import pytest

from registry.checks.discreet import discreet
from tests.checks.tables import judged

PHONE, MAIL = "010-9999-1234", "kim.secret@example.co.kr"
N = 30
ROWS = {
    "l": ["긍정", "부정"] * (N // 2 - 1) + [PHONE, MAIL],
    "a": [PHONE, MAIL] + ["긍정", "부정"] * (N // 2 - 1),
    "b": ["긍정", "부정"] * (N // 2),
    "t": [f"무난한 글 {at} 입니다" for at in range(N)],
}
ROLES = {"l": "label", "a": "annotator", "b": "annotator", "t": "text"}
CHECKS = (
    {"type": "expect_annotator_agreement_at_least"},
    {"type": "expect_annotator_agreement_at_least", "kwargs": {"metric": "cohen"}, "meta": {"check_id": "cohen"}},
    {"type": "expect_label_to_follow_annotators"},
    {"type": "expect_class_balance_to_be_at_least", "kwargs": {"column": "l", "min_share": 0.3}},
    {"type": "expect_shares_to_overlap", "kwargs": {"column": "l", "shares": {"긍정": 1.0}, "min_overlap": 1}},
    {"type": "expect_column_values_to_be_in_set", "kwargs": {"column": "l", "value_set": ["긍정", "부정"]}},
    {"type": "expect_column_distinct_values_to_be_in_set", "kwargs": {"column": "l", "value_set": ["긍정", "부정"]}},
)


def test_a_rating_or_a_class_that_is_personal_is_told_masked(tmp_path):
    found = judged(tmp_path, {"train": ROWS}, *CHECKS, **ROLES)
    assert len(found) == len(CHECKS)
    for check in found.values():
        told = json.dumps([check.observed, check.samples, check.message], ensure_ascii=False)
        assert "9999" not in told and "secret" not in told, check.id
        assert "010-****-****" in told, check.id
    classes = found["cohen"].observed["classes"]
    assert {name: one["ratings"] for name, one in classes.items()} == {
        "010-****-****": 1, "k***@***.kr": 1, "긍정": 29, "부정": 29,
    }  # fmt: skip


@pytest.mark.parametrize("value", [None, True, 3, 1.5, "긍정 12,000원", ["a", {"b": 1}], {"classes": ["v1.2.3.4"]}])
def test_what_is_not_personal_is_told_as_it_is(value):
    assert discreet(value) == value
