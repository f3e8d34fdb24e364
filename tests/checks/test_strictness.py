"""Which of two expectations asks more: both sides of each rule, and what cannot be ranked."""

from __future__ import annotations

from dataclasses import replace

import pytest

from registry.checks.strictness import slack
from registry.checks.suite import expectations_of
from registry.privacy.terms import TermList

DISJOINT = "expect_splits_to_be_disjoint"
BETWEEN = "expect_column_values_to_be_between"
SHARES = "expect_split_shares_to_be_between"


def one(kind, severity="critical", meta=None, **kwargs):
    return expectations_of([{"type": kind, "kwargs": kwargs, "severity": severity, "meta": meta or {}}], "")[0]


def listed(terms, allowed=(), **kwargs):
    config = {"type": "expect_no_listed_terms", "kwargs": {"list": "tests/checks/terms.txt", **kwargs}}
    (found,) = expectations_of([config], "suite")
    return replace(found, kwargs={**found.kwargs, "list": TermList("terms.txt", terms, allowed)})


K, PERSONAL = "expect_k_anonymity_at_least", "expect_no_personal_data"
LOOSER = [
    (one(PERSONAL), one(PERSONAL, max_count=3)),
    (one(PERSONAL), one(PERSONAL, kinds=["phone", "email"])),
    (one(PERSONAL, kinds=["url", "email"]), one(PERSONAL, kinds=["email"])),
    (one(K, k=5, quasi_identifiers=["a", "b"]), one(K, k=3, quasi_identifiers=["a", "b"])),
    (one(K, k=5, quasi_identifiers=["a", "b"]), one(K, k=5, quasi_identifiers=["a"])),
    (listed(("가", "나")), listed(("가",))),
    (listed(("가",)), listed(("가",), ("가가",))),
    (listed(("가",)), listed(("가",), normalize="text")),
    (listed(("가",), leet=True), listed(("가",))),
    (one(DISJOINT), one(DISJOINT, max_share=0.1)),
    (one(DISJOINT, normalize="text"), one(DISJOINT)),
    (one(DISJOINT), one(DISJOINT, splits=["train", "test"])),
    (one(DISJOINT), one(DISJOINT, severity="warning")),
    (one(DISJOINT), one(DISJOINT, meta={"when_not_measured": "allow"})),
    (one("expect_no_near_duplicates", column="x", threshold=0.7),
     one("expect_no_near_duplicates", column="x", threshold=0.9)),
    (one(BETWEEN, column="x", min_value=1), one(BETWEEN, column="x", min_value=0)),
    (one(BETWEEN, column="x", min_value=1, max_value=5), one(BETWEEN, column="x", min_value=1)),
    (one(BETWEEN, column="x", min_value=1, strict_min=True), one(BETWEEN, column="x", min_value=1)),
    (one(BETWEEN, column="x", min_value=1), one(BETWEEN, column="x", min_value=1, mostly=0.9)),
    (one("expect_column_values_to_be_in_set", column="x", value_set=["a"]),
     one("expect_column_values_to_be_in_set", column="x", value_set=["a", "b"])),
    (one("expect_column_values_to_not_be_in_set", column="x", value_set=["a", "b"]),
     one("expect_column_values_to_not_be_in_set", column="x", value_set=["a"])),
    (one(SHARES, shares={"train": [0.7, 0.8]}), one(SHARES, shares={"train": [0.6, 0.8]})),
    (one(SHARES, shares={"train": [0.7, 0.8], "test": [0.1, 0.2]}), one(SHARES, shares={"train": [0.7, 0.8]})),
    (one("expect_counts_to_meet_targets", column="y", targets={"긍정": 50}),
     one("expect_counts_to_meet_targets", column="y", targets={"긍정": 40})),
    (one("expect_class_balance_to_be_at_least", column="y", min_share=0.2),
     one("expect_class_balance_to_be_at_least", column="y", min_share=0.1)),
]  # fmt: skip


@pytest.mark.parametrize(("strict", "loose"), LOOSER)
def test_what_asks_less_is_told_and_what_asks_more_is_not(strict, loose):
    assert len(slack(loose, strict)) == 1
    assert slack(strict, loose) == () == slack(strict, strict)


NEITHER = [
    (one(PERSONAL, kinds=["url"]), one(PERSONAL)),
    (one(DISJOINT, columns=["text"]), one(DISJOINT, columns=["title"])),
    (one(BETWEEN, column="x", min_value=1), one(BETWEEN, column="x", min_value="2024-01-01")),
    (one("expect_column_values_to_match_regex", column="x", regex="a"),
     one("expect_column_values_to_match_regex", column="x", regex="b")),
    (one("expect_column_distinct_values_to_equal_set", column="x", value_set=["a"]),
     one("expect_column_distinct_values_to_equal_set", column="x", value_set=["a", "b"])),
    (one("expect_shares_to_overlap", column="x", shares={"a": 1}, min_overlap=0.5),
     one("expect_shares_to_overlap", column="x", shares={"a": 0.5, "b": 0.5}, min_overlap=0.5)),
    (one("expect_column_values_to_not_be_null", column="x"),
     one("expect_column_values_to_not_be_null", column="x", row_condition='col("split") == "test"')),
]  # fmt: skip


@pytest.mark.parametrize(("left", "right"), NEITHER)
def test_what_cannot_be_ranked_counts_as_less_on_both_sides(left, right):
    assert slack(left, right) and slack(right, left)
