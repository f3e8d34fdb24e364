"""Disparity between groups beside figures made by hand, hidden names, and what cannot be compared."""

from __future__ import annotations

from dataclasses import replace

import pytest

from registry.checks.run import run_checks
from registry.checks.suite import parse_suite
from registry.errors import ConfigError
from registry.reports.measures import measure_of
from registry.reports.readings import Reading, reading_of
from registry.tables.duck import Session
from tests.checks.tables import expectation, judged, one, schema_of, table_of

KIND = "expect_group_disparity_at_most"
# Of 40 women 30 were accepted, of 60 men 30; the third group has too few rows to be compared.
PEOPLE = {
    "성별": ["여"] * 40 + ["남"] * 60 + ["기타"] * 5,
    "결과": ["합격"] * 30 + ["불합격"] * 10 + ["합격"] * 30 + ["불합격"] * 30 + ["합격"] * 5,
    "지역": (["서울", "부산"] * 53)[:105],
}
ROLES = {"성별": "sensitive", "결과": "label"}


def test_the_widest_gap_and_the_lowest_ratio_are_those_made_by_hand(tmp_path):
    check = one(tmp_path, {"train": PEOPLE}, KIND, {"max_difference": 0.2}, **ROLES)
    assert (check.status, check.total, check.unexpected, check.columns) == ("fail", 2, 2, ("성별", "결과"))
    assert check.observed["difference"] == 0.25
    assert check.observed["ratio"] == 0.5  # 불합격: 10 of 40 beside 30 of 60
    gap = check.observed["columns"]["성별"]
    assert gap["interval"][0] < 0.25 < gap["interval"][1]
    first = check.samples[0]
    assert {first["highest"], first["lowest"]} == {"여", "남"} and first["difference"] == 0.25
    assert one(tmp_path, {"train": PEOPLE}, KIND, {"max_difference": 0.25}, **ROLES).status == "pass"


@pytest.mark.parametrize(("classes", "least", "status"), [(["합격"], 0.66, "pass"), (["합격"], 0.67, "fail"),
                                                          (None, 0.66, "fail")])  # fmt: skip
def test_the_ratio_is_of_the_classes_that_are_named(tmp_path, classes, least, status):
    named = {"classes": classes} if classes else {}
    assert one(tmp_path, {"train": PEOPLE}, KIND, {"min_ratio": least, **named}, **ROLES).status == status


def test_columns_named_go_before_those_declared_and_a_wide_gap_shows_whichever_it_is(tmp_path):
    given = {"columns": ["지역", "성별"], "max_difference": 0.1}
    check = one(tmp_path, {"train": PEOPLE}, KIND, given, **ROLES)
    assert (check.status, check.total, set(check.observed["columns"])) == ("fail", 4, {"지역", "성별"})
    assert {sample["column"] for sample in check.samples} == {"성별"}


def test_small_groups_are_compared_where_the_suite_asks_for_it(tmp_path):
    check = one(tmp_path, {"train": PEOPLE}, KIND, {"max_difference": 0.3, "min_rows": 5}, **ROLES)
    assert (check.status, check.observed["difference"]) == ("fail", 0.5)  # 5 of 5 beside 30 of 60


def test_what_cannot_be_compared_is_not_measured_and_says_why(tmp_path):
    alone = {"성별": ["여"] * 40, "결과": ["합격", "불합격"] * 20}
    check = one(tmp_path, {"train": alone}, KIND, {"max_difference": 0.2}, **ROLES)
    assert check.status == "not_measured" and "fewer than two groups of 30 labelled rows" in check.message
    many = {"성별": [f"{n}" for n in range(2000)], "결과": ["합격", "불합격"] * 1000}
    check = one(tmp_path, {"train": many}, KIND, {"max_difference": 0.2, "min_rows": 1}, **ROLES)
    assert check.status == "not_measured" and "2,000 groups" in check.message
    undeclared = one(tmp_path, {"train": PEOPLE}, KIND, {"max_difference": 0.2}, 성별="sensitive")
    assert undeclared.status == "not_measured" and "role label" in undeclared.message


def test_rows_without_group_or_label_are_left_out(tmp_path):
    rows = {name: [*values, None, "", None] for name, values in PEOPLE.items()}
    check = one(tmp_path, {"train": rows}, KIND, {"max_difference": 0.2}, **ROLES)
    assert check.observed["difference"] == 0.25


def test_names_that_the_schema_withholds_stand_nowhere(tmp_path):
    table = table_of(tmp_path, {"train": PEOPLE})
    plain = schema_of(table, **ROLES)
    columns = tuple(replace(c, classification="restricted") if c.name == "성별" else c for c in plain.columns)
    with Session(table) as session:
        (check,) = run_checks([expectation(KIND, max_difference=0.2)], table, replace(plain, columns=columns), session)
    told = str(check.to_json())
    assert check.status == "fail" and "group 2" in told
    assert "'여'" not in told and "'남'" not in told


def test_a_report_reads_value_and_bound_on_one_scale(tmp_path):
    found = judged(tmp_path, {"train": PEOPLE}, {"type": KIND, "kwargs": {"max_difference": 0.2}},
                   {"type": KIND, "kwargs": {"min_ratio": 0.8}}, **ROLES)  # fmt: skip
    readings = [reading_of(check) for check in found.values()]
    assert readings == [Reading(0.25, None, 0.2, "points"), Reading(0.5, 0.8, None, "number")]
    assert measure_of(KIND).family == "diversity"


def test_one_bound_is_asked_for():
    for given in ("{}", "{max_difference: 0.1, min_ratio: 0.8}"):
        text = f"name: s\nexpectations:\n- {{type: {KIND}, kwargs: {given}}}\n"
        with pytest.raises(ConfigError, match="max_difference"):
            parse_suite(text, "checks/s.yaml")
