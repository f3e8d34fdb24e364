from __future__ import annotations

from typing import Any

import pytest

from registry.model.evidence import Check
from registry.reports.measured import failure, grouped, limit_words, limits, result, row, spoken
from registry.reports.quality import measure
from registry.reports.readings import Reading, reading_of
from registry.reports.targets import targets_of
from registry.reports.text import Text

EN, KO = Text("en"), Text("ko")


def check(kind: str, observed: Any, threshold: Any, unexpected: int | None = 0, total: int | None = 100) -> Check:
    return Check("c", kind, "pass", total=total, unexpected=unexpected, observed=observed, threshold=threshold)


CASES = [
    ("expect_table_row_count_to_be_between", 7094, {"min_value": 3553}, Reading(7094, 3553, None, "rows")),
    ("expect_table_row_count_to_equal", 5, {"value": 5}, Reading(5, 5, 5, "rows")),
    (
        "expect_class_balance_to_be_at_least",
        {"min_share": 0.43, "splits": {}},
        {"min_share": 0.21},
        Reading(0.43, 0.21, None, "share"),
    ),
    (
        "expect_class_balance_to_be_at_least",
        {"max_imbalance_ratio": 3.5, "splits": {}},
        {"max_imbalance_ratio": 10},
        Reading(3.5, None, 10, "number"),
    ),
    ("expect_rows_to_be_unique", {"share": 0.02}, {"max_share": 0.01}, Reading(0.02, None, 0.01, "share")),
    ("expect_splits_to_be_disjoint", {"share": 0.0}, {"max_share": 0}, Reading(0, None, 0, "rows")),
    ("expect_column_values_to_be_in_set", {"missing": 0}, {"mostly": 0.9}, Reading(0.0, None, 0.1, "share")),
    ("expect_no_personal_data", {"phone": 3}, {"max_count": 5}, Reading(0, None, 5, "rows")),
    ("expect_k_anonymity_at_least", {"k": 1, "groups": 9}, {"k": 5}, Reading(1, 5, None, "number")),
    ("expect_t_closeness_at_most", {"t": 0.2, "groups": 9}, {"t": 0.1}, Reading(0.2, None, 0.1, "number")),
    ("expect_annotator_agreement_at_least", {"alpha": 0.7, "n": 9}, {"min_value": 0.8}, Reading(0.7, 0.8, None)),
    ("expect_column_mean_to_be_between", 2.5, {"min_value": 1, "max_value": 3}, Reading(2.5, 1, 3, "number")),
    (
        "expect_label_to_follow_annotators",
        {"share": 0.67, "ties": 3},
        {"min_share": 0.6, "max_share": 0.4},
        Reading(0.67, 0.6, None, "share"),
    ),
    ("expect_data_to_suffice", {"last_gain": 0.013}, {"max_last_gain": 0.03}, Reading(0.013, None, 0.03, "points")),
    (
        "expect_data_to_suffice",
        {"last_gain": -0.002, "score": 0.499},
        {"max_last_gain": 0.02, "min_score": 0.8},
        Reading(0.499, 0.8, None, "number"),  # of several limits the one that is missed
    ),
    (
        "expect_data_to_suffice",
        {"last_gain": 0.01, "score": 0.9},
        {"max_last_gain": 0.02, "min_score": 0.8},
        Reading(0.01, None, 0.02, "points"),
    ),
    ("expect_split_shares_to_be_between", {"shares": {}}, {"shares": {}}, Reading(0, None, 0, "units")),
]


@pytest.mark.parametrize(("kind", "observed", "threshold", "reading"), CASES)
def test_value_and_limit_are_on_one_scale(kind: str, observed: Any, threshold: Any, reading: Reading) -> None:
    assert reading_of(check(kind, observed, threshold)) == reading


@pytest.mark.parametrize("status", ["not_measured", "not_applicable", "error"])
def test_what_was_not_measured_has_no_reading(status: Any) -> None:
    assert reading_of(Check("c", "expect_rows_to_be_unique", status, threshold={"max_share": 0})) is None


def test_the_schema_is_read_in_columns() -> None:
    found = measure(check("schema", [], {"open": False}, total=13), fail_on="critical")
    assert (str(result(found, EN)), limit_words(found, EN)) == ("13 of 13\xa0columns", "as declared")
    assert (str(result(found, KO)), limit_words(found, KO)) == ("열\xa013개 중 13", "선언 기준")


def test_limits_are_words_a_reader_knows() -> None:
    assert limits({"low": None, "high": 0, "unit": "rows"}, EN) == "0\xa0rows"
    assert limits({"low": None, "high": 0.01, "unit": "share"}, EN) == "at most 1.0%"
    assert limits({"low": 0.21, "high": None, "unit": "share"}, KO) == "21.0% 이상"
    assert limits({"low": 1, "high": 3, "unit": "number"}, EN) == "1 to 3"
    assert limits({"low": None, "high": None, "unit": "number"}, EN) == ""
    assert spoken(None, "rows", EN) == "–"


def test_targets_tell_plan_result_and_achievement() -> None:
    observed = {"achievement": {"긍정": 0.5, "부정": 1.25}, "min_achievement": 0.5}
    found = targets_of(check("expect_counts_to_meet_targets", observed, {"targets": {"긍정": 100, "부정": 80}}))
    assert [(t.value, t.planned, t.result, t.achievement, t.met) for t in found] == [
        ("긍정", 100, 50, 0.5, False),
        ("부정", 80, 100, 1.25, True),
    ]
    assert targets_of(check("expect_rows_to_be_unique", {"share": 0}, {"max_share": 0})) == ()


def test_rules_of_the_schema_that_pass_are_gathered_and_those_that_fail_stand_alone() -> None:
    kind = "expect_column_values_to_not_be_null"
    checks = [
        Check(f"schema:required:{i}", kind, "pass", total=9, unexpected=0, threshold={"mostly": 1}) for i in "abc"
    ]
    checks.append(Check("schema:required:d", kind, "fail", total=9, unexpected=2, threshold={"mostly": 1}))
    checks.append(Check("mine", kind, "pass", total=9, unexpected=0, threshold={"mostly": 1}))
    groups = grouped([measure(one, fail_on="critical") for one in checks])
    assert [[m["id"] for m in group] for group in groups] == [
        ["schema:required:a", "schema:required:b", "schema:required:c"],
        ["schema:required:d"],
        ["mine"],
    ]


ARGUMENTS = [
    ({"normalize": "text", "max_share": 0}, {"max_share": 0}, "", ""),
    ({"splits": ["train", "test"], "max_share": 0.1}, {"max_share": 0.1}, "splits train, test", "분할 train, test"),
    ({"threshold": 0.9}, {"threshold": 0.9, "max_share": 0}, "similarity from 0.9", "유사도 0.9 이상"),
    ({"row_condition": 'col("n") > 3'}, None, 'only rows where col("n") > 3', '조건에 맞는 행만: col("n") > 3'),
    ({"order": ["train", "test"]}, None, "in the order train, test", "순서 train, test"),
    ({"shares": {"train": [0.5, 0.9]}}, None, "planned train 50.0%–90.0%", "계획 train 50.0%~90.0%"),
    ({"anything": 7}, None, "anything 7", "anything 7"),
]


@pytest.mark.parametrize(("arguments", "threshold", "english", "korean"), ARGUMENTS)
def test_arguments_stand_beside_the_limit_in_words(
    arguments: dict[str, Any], threshold: Any, english: str, korean: str
) -> None:
    kind = "expect_splits_to_be_disjoint"
    check = Check("c", kind, "pass", total=9, unexpected=0, threshold=threshold, arguments=arguments)
    found = measure(check, fail_on="critical")
    for text, words in ((Text("en"), english), (Text("ko"), korean)):
        line = str(row(found, "0", (), text)["about"].striptags())
        assert words in line
        assert "max_share" not in line
    assert ("normalised" in found["name"] or "Same text" in found["name"]) == ("normalize" in arguments)


def test_a_check_is_named_by_its_arguments_and_not_by_its_id() -> None:
    check = Check("leakage-normalised", "expect_splits_to_be_disjoint", "pass", total=9, unexpected=0)
    assert measure(check, fail_on="critical")["name"] == "Equal rows in two splits"


def test_samples_are_told_in_the_language_of_the_page() -> None:
    sample = {
        "row": "r7",
        "split": "test",
        "values": {"글": "맛…", "confidence": 3},
        "suggested": "부정",
        "confidence": 0.99951,
    }
    found = {
        **measure(check("expect_label_noise_at_most", {"share": 0.2}, {"max_share": 0.1}), fail_on="critical"),
        "samples": [sample],
    }
    shown = failure({**found, "columns": ["글"]}, "reviews", KO)["samples"][0]
    assert "test r7  글: 맛…  confidence: 3  모델 의견: 부정  확신도: 0.9995" in shown
    near = {"row": "r2", "split": "test", "near": {"row": "r1", "split": "train"}}
    assert [failure({**found, "samples": [near]}, "reviews", lang)["samples"][0].striptags() for lang in (EN, KO)] == [
        "test r2 near train r1",
        "test r2 근사 행 train r1",
    ]
