"""Input that is hard on purpose: the right status and a message that says why, never a wrong number."""

from __future__ import annotations

import datetime as dt
import random
from decimal import Decimal

import pyarrow as pa
import pytest

from registry.checks.expectations import OURS
from registry.checks.expectations.contamination import CONTAMINATION
from registry.checks.expectations.drift import SINCE
from registry.checks.expectations.near import NearRequest
from registry.checks.run import run_checks
from registry.checks.suite import expectations_of
from registry.tables.duck import Session
from tests.checks.tables import judged, one, schema_of, table_of

NULLS = pa.array([None, None, None], pa.string())
ARGUMENTS = {
    "expect_class_balance_to_be_at_least": {"column": "l", "min_share": 0.1},
    "expect_counts_to_meet_targets": {"column": "l", "targets": {"a": 1}},
    "expect_shares_to_overlap": {"column": "l", "shares": {"a": 1.0}, "min_overlap": 0.5},
    "expect_split_shares_to_be_between": {"shares": {"train": [0, 1]}},
    "expect_synthetic_share_at_most": {"synthetic_values": ["a"], "max_share": 0},
    "expect_no_contamination_with": {"references": ["nothing"]},
    "expect_no_listed_terms": {"list": "tests/checks/terms.txt"},
    "expect_k_anonymity_at_least": {"k": 2},
    "expect_l_diversity_at_least": {"l": 2},
    "expect_t_closeness_at_most": {"t": 0.5},
    "expect_group_disparity_at_most": {"max_difference": 0.2},
}
ROLES = {"t": "text", "g": "group", "w": "time", "l": "label"}
MISSING_ROLE = {
    "expect_splits_to_have_no_near_duplicates": "role text",
    "expect_no_near_duplicates": "role text",
    "expect_groups_not_to_cross_splits": "role group",
    "expect_splits_to_follow_time": "role time",
    "expect_split_class_distributions_to_match": "role label",
    "expect_duplicates_to_agree_on_label": "role label",
    "expect_no_target_leakage": "role label",
    "expect_synthetic_share_at_most": "role provenance",
    "expect_annotator_agreement_at_least": "role annotator",
    "expect_label_to_follow_annotators": "role label",
    "expect_label_noise_at_most": "role label",
    "expect_data_to_suffice": "role label",
    "expect_near_duplicates_to_agree_on_label": "role label",
    "expect_k_anonymity_at_least": "role quasi-identifier",
    "expect_l_diversity_at_least": "role quasi-identifier",
    "expect_t_closeness_at_most": "role quasi-identifier",
    "expect_group_disparity_at_most": "role sensitive",
}
NEEDS_MORE = (
    "expect_class_balance_to_be_at_least",
    "expect_no_target_leakage",
    "expect_annotator_agreement_at_least",
    "expect_label_to_follow_annotators",
    "expect_label_noise_at_most",
    "expect_data_to_suffice",
)


def every(root, rows, **roles):
    """The check of each of our expectations, by type."""
    configs = ({"type": kind, "kwargs": ARGUMENTS.get(kind, {})} for kind in OURS)
    return judged(root, rows, *configs, fingerprints=lambda _: [], **roles)


def by_type(found):
    return {check.type: check for check in found.values()}


@pytest.mark.parametrize("kind", MISSING_ROLE)
def test_what_is_not_declared_is_not_measured_and_named(tmp_path, kind):
    rows = {"train": {"t": ["a", "b"], "l": ["x", "y"]}, "test": {"t": ["c", "d"], "l": ["x", "y"]}}
    check = one(tmp_path, rows, kind, ARGUMENTS.get(kind))
    assert check.status == "not_measured" and MISSING_ROLE[kind] in check.message


def test_columns_of_only_nulls(tmp_path):
    rows = {split: {"t": NULLS, "g": NULLS, "w": NULLS, "l": NULLS} for split in ("train", "test")}
    found = by_type(every(tmp_path, rows, **ROLES))
    measured = {
        "expect_counts_to_meet_targets": "fail",
        "expect_split_shares_to_be_between": "pass",
        SINCE: "not_applicable",
        CONTAMINATION: "not_applicable",
    }
    assert {kind: check.status for kind, check in found.items()} == {
        kind: measured.get(kind, "not_measured") for kind in OURS
    }
    assert all(check.message for check in found.values())


def test_one_row_one_class_one_split(tmp_path):
    rows = {
        "train": {"t": ["한 문장으로 된 아주 짧은 데이터입니다 그렇죠"], "g": ["g"], "w": ["2024-01-01"], "l": ["a"]}
    }
    found = by_type(every(tmp_path, rows, **ROLES))
    between = [kind for kind in OURS if "splits" in kind or "distributions" in kind]
    assert {found[kind].status for kind in between} == {"not_applicable"}
    assert {found[kind].status for kind in NEEDS_MORE} == {"not_measured"}
    assert (
        "1 rows" in found["expect_no_target_leakage"].message or "classes" in found["expect_no_target_leakage"].message
    )
    undeclared = {kind for kind, role in MISSING_ROLE.items() if role.removeprefix("role ") not in ROLES.values()}
    assert found[SINCE].status == found[CONTAMINATION].status == "not_applicable"
    rest = set(OURS) - {*between, *undeclared, *NEEDS_MORE, SINCE, CONTAMINATION}
    assert {found[kind].status for kind in rest} == {"pass"}
    assert not any(check.unexpected for check in found.values())


def test_one_class_gives_nothing_away(tmp_path):
    rows = {"train": {"x": list(range(60)), "l": ["a"] * 60}}
    check = one(tmp_path, rows, "expect_no_target_leakage", l="label")
    assert check.status == "not_measured" and "at least two" in check.message


@pytest.mark.parametrize("kind", ["expect_splits_to_have_no_near_duplicates", "expect_no_near_duplicates"])
def test_texts_shorter_than_twenty_characters_are_not_assessed(tmp_path, kind):
    rows = {"train": {"t": ["좋아요", "별로예요", "abc"]}, "test": {"t": ["좋아요", "abc"]}}
    check = one(tmp_path, rows, kind, t="text")
    assert check.status == "not_measured" and "shorter than 20 characters" in check.message
    assert check.observed["not_assessed"] == (2 if "splits" in kind else 5)
    long = "이 문장은 스무 글자를 넘기 때문에 비교할 수 있습니다"
    mixed = {"train": {"t": [long, "abc"]}, "test": {"t": [long, "abc"]}}
    check = one(tmp_path, mixed, "expect_splits_to_have_no_near_duplicates", t="text")
    assert (check.status, check.total, check.unexpected, check.observed["not_assessed"]) == ("fail", 2, 1, 1)


def test_a_work_limit_answers_not_measured_with_the_figure(tmp_path, monkeypatch):
    import registry.tables.near as near
    from registry.tables.near import NearNotMeasured

    monkeypatch.setattr(near, "near_between", lambda *_: NearNotMeasured(1234, 1000))
    rows = {split: {"t": ["this text is long enough to compare it"]} for split in ("train", "test")}
    check = one(tmp_path, rows, "expect_splits_to_have_no_near_duplicates", t="text")
    assert check.status == "not_measured" and "1,234" in check.message and check.unexpected == 0
    assert check.observed == {"work": 1234, "limit": 1000}
    assert check.samples == ()


def test_a_search_is_made_once_a_session(tmp_path, monkeypatch):
    calls = []
    table = table_of(
        tmp_path, {split: {"t": ["this text is long enough to compare it"]} for split in ("train", "test")}
    )
    before = NearRequest.make
    monkeypatch.setattr(NearRequest, "make", lambda *given: calls.append(1) or before(*given))
    kind = "expect_splits_to_have_no_near_duplicates"
    configs = [{"type": kind, "kwargs": {"max_share": share}} for share in (0, 0.5, 1)]
    with Session(table) as session:
        checks = run_checks(expectations_of(configs, "s"), table, schema_of(table, t="text"), session)
    assert sorted(check.status for check in checks) == ["fail", "fail", "pass"] and len(calls) == 1


def test_a_group_column_that_is_unique_says_so(tmp_path):
    rows = {"train": {"g": ["a", "b"]}, "test": {"g": ["c", "d"]}}
    check = one(tmp_path, rows, "expect_groups_not_to_cross_splits", {"column": "g"})
    assert (check.status, check.total, check.unexpected) == ("pass", 2, 0)
    assert "every group has one row" in check.message


def test_groups_without_a_name_are_left_out(tmp_path):
    rows = {"train": {"g": ["a", None, ""]}, "test": {"g": ["a", None, "", "b"]}}
    check = one(tmp_path, rows, "expect_groups_not_to_cross_splits", {"column": "g"})
    assert (check.status, check.total, check.unexpected, check.observed["empty"]) == ("fail", 2, 1, 4)
    assert check.observed["crossing"] == 1 and "1 of 2 groups cross" in check.message


@pytest.mark.parametrize("value", [[1, 2], {"a": 1, "나": "x"}, Decimal("68.50"), 68.0, True, dt.date(2024, 1, 1)])
def test_any_type_can_be_a_group_or_a_key(tmp_path, value):
    rows = {"train": pa.table({'그룹 "g"': [value, None]}), "test": pa.table({'그룹 "g"': [value, value]})}
    check = one(tmp_path, rows, "expect_groups_not_to_cross_splits", {"column": '그룹 "g"'})
    assert (check.status, check.total, check.unexpected) == ("fail", 2, 2)
    check = one(tmp_path, rows, "expect_rows_to_be_unique", {"columns": ['그룹 "g"'], "normalize": "text"})
    assert (check.total, check.unexpected) == (3, 2)
    check = one(tmp_path, rows, "expect_no_target_leakage", {"label": '그룹 "g"', "columns": ['그룹 "g"']})
    assert check.status == "not_measured"


def test_nan_is_no_group_no_time_and_no_label(tmp_path):
    nan = float("nan")
    rows = {"train": {"x": [1.0, nan]}, "test": {"x": [nan, 2.0, 0.5]}}
    group = one(tmp_path, rows, "expect_groups_not_to_cross_splits", {"column": "x"})
    assert (group.status, group.total, group.unexpected, group.observed["empty"]) == ("pass", 2, 0, 2)
    time = one(tmp_path, rows, "expect_splits_to_follow_time", {"column": "x"})
    assert (time.status, time.total, time.unexpected, time.observed["empty"]) == ("fail", 2, 1, 2)
    same = {"train": {"t": ["a"] * 3, "x": [1.0, nan, None]}}
    labels = one(tmp_path, same, "expect_duplicates_to_agree_on_label", {"columns": ["t"], "label": "x"})
    assert (labels.status, labels.total, labels.observed["unlabelled"]) == ("pass", 1, 2)


ZONES = ["2024-01-01T09:00:00+09:00", "2024-01-01T00:30:00Z", "2023-12-31T20:00:00-05:00"]  # 00:00, 00:30, 01:00 UTC


def test_times_of_mixed_zones_are_instants(tmp_path):
    rows = {"train": {"w": ZONES[:2]}, "test": {"w": ["2024-01-01T09:10:00+09:00", ZONES[2]]}}
    check = one(tmp_path, rows, "expect_splits_to_follow_time", {"column": "w"})
    assert (check.status, check.total, check.unexpected) == ("fail", 2, 1)
    assert check.samples[0]["row"] == "test.parquet#0" and check.samples[0]["not_after"]["row"] == "train.parquet#1"
    instants = [dt.datetime.fromisoformat(text) for text in ("2024-01-01T00:30:00+00:00", "2024-01-01T00:10:00+00:00")]
    typed = {
        "train": pa.table({"w": pa.array(instants[:1], pa.timestamp("us", tz="Asia/Seoul"))}),
        "test": pa.table({"w": pa.array(instants[1:], pa.timestamp("us", tz="UTC"))}),
    }
    check = one(tmp_path, typed, "expect_splits_to_follow_time", {"column": "w"})
    assert (check.status, check.unexpected) == ("fail", 1)


@pytest.mark.parametrize(
    ("times", "words"),
    [
        (["2024-01-01T09:00:00", "2024-01-01T09:00:00Z"], "name no zone"),
        (["2024-01-01", "어제"], "1 values of `w` are no times"),
        (["24.1.1 오전", "13/25/2024"], "2 values of `w` are no times"),
    ],
)
def test_times_that_cannot_be_ordered_are_not_measured(tmp_path, times, words):
    rows = {"train": {"w": times[:1]}, "test": {"w": times[1:]}}
    check = one(tmp_path, rows, "expect_splits_to_follow_time", {"column": "w"})
    assert (check.status, check.unexpected) == ("not_measured", 0) and words in check.message
    assert check.samples == ()


def test_a_nested_column_holds_no_times(tmp_path):
    rows = {"train": {"w": [[1]]}, "test": {"w": [[2]]}}
    check = one(tmp_path, rows, "expect_splits_to_follow_time", {"column": "w"})
    assert check.status == "error" and "holds no times" in check.message


def test_times_compare_with_the_last_of_all_earlier_splits(tmp_path):
    days = {"train": [1, 5, None], "validation": [3, 6], "test": [5, 6, 7]}
    rows = {name: {"w": [day and dt.date(2024, 1, day) for day in found]} for name, found in days.items()}
    check = one(tmp_path, rows, "expect_splits_to_follow_time", {"column": "w"})
    assert (check.total, check.unexpected, check.observed["empty"]) == (5, 3, 1)
    back = one(
        tmp_path, rows, "expect_splits_to_follow_time", {"column": "w", "order": ["test", "validation", "train"]}
    )
    assert (back.total, back.unexpected) == (4, 4)


def test_splits_without_an_earlier_time_are_not_compared(tmp_path):
    rows = {"train": {"w": pa.array([None], pa.date32())}, "test": {"w": [dt.date(2024, 1, 1)]}}
    assert one(tmp_path, rows, "expect_splits_to_follow_time", {"column": "w"}).status == "not_measured"


def test_names_with_quotes_and_hangul(tmp_path):
    name = '라벨 "l" \'; DROP VIEW data; --'
    rows = {
        split: {
            name: ["긍정", "부정"] * 15,
            "본문 'x'": [f"{split} {n} 배송이 빠르고 좋았어요 정말" for n in range(30)],
        }
        for split in ("train", "test")
    }
    roles = {name: "label", "본문 'x'": "text"}
    configs = [
        {"type": "expect_no_target_leakage"},
        {"type": "expect_duplicates_to_agree_on_label"},
        {"type": "expect_split_class_distributions_to_match"},
        {"type": "expect_counts_to_meet_targets", "kwargs": {"column": name, "targets": {"긍정": 30, "부정": 31}}},
        {
            "type": "expect_shares_to_overlap",
            "kwargs": {"column": name, "shares": {"긍정": 0.5, "부정": 0.5}, "min_overlap": 1},
        },
        {"type": "expect_groups_not_to_cross_splits", "kwargs": {"column": name}},
    ]
    found = {
        check.type: (check.status, check.unexpected) for check in judged(tmp_path, rows, *configs, **roles).values()
    }
    assert found == {
        "expect_no_target_leakage": ("pass", 0),
        "expect_duplicates_to_agree_on_label": ("pass", 0),
        "expect_split_class_distributions_to_match": ("pass", 0),
        "expect_counts_to_meet_targets": ("fail", 1),
        "expect_shares_to_overlap": ("pass", 0),
        "expect_groups_not_to_cross_splits": ("fail", 30),
    }


@pytest.mark.slow
def test_a_million_identical_rows(tmp_path):
    text = "같은 문장이 백만 번 되풀이되는 데이터입니다 그렇습니다"
    parts = {"train": 900_000, "test": 100_000}
    rows = {split: pa.table({"t": pa.array([text] * n)}) for split, n in parts.items()}
    found = by_type(
        judged(
            tmp_path,
            rows,
            {"type": "expect_splits_to_be_disjoint"},
            {"type": "expect_rows_to_be_unique", "kwargs": {"normalize": "text"}},
            {"type": "expect_splits_to_have_no_near_duplicates"},
            {"type": "expect_no_near_duplicates"},
            t="text",
        )
    )
    assert {kind: (check.status, check.total, check.unexpected) for kind, check in found.items()} == {
        "expect_splits_to_be_disjoint": ("fail", 100_000, 100_000),
        "expect_rows_to_be_unique": ("fail", 1_000_000, 999_999),
        "expect_splits_to_have_no_near_duplicates": ("fail", 100_000, 100_000),
        "expect_no_near_duplicates": ("fail", 1_000_000, 999_998),
    }


def test_identical_rows_without_text_are_copies_not_coincidence(tmp_path):
    rows = {split: {"a": [1] * 300, "b": ["x"] * 300} for split in ("train", "test")}
    check = one(tmp_path, rows, "expect_splits_to_be_disjoint")
    assert (check.status, check.unexpected) == ("fail", 300)


def test_a_patient_in_every_fold_is_no_giveaway(tmp_path):
    """Each group has one label: known groups predict it, new ones do not; a fold holds whole groups."""
    draw = random.Random(5)
    groups = {f"환자 {n}": draw.choice("ab") for n in range(40)}
    rows = [(name, label) for name, label in groups.items() for _ in range(10)]
    data = {"train": {"g": [name for name, _ in rows], "l": [label for _, label in rows]}}
    assert one(tmp_path, data, "expect_no_target_leakage", l="label").status == "fail"
    check = one(tmp_path, data, "expect_no_target_leakage", l="label", g="group")
    assert check.status == "pass", check.observed


@pytest.mark.parametrize(
    ("column", "how"),
    [
        ([f"{'neg' if n % 2 else 'pos'}_{n}" for n in range(200)], "prefix"),
        ([f"{n}: 이 글은 {'부정' if n % 2 else '긍정'}입니다" for n in range(200)], "names the label"),
        ([n % 2 for n in range(200)], "threshold"),
        ([None if n % 2 else 0.5 * n for n in range(200)], "threshold"),
        ([[n % 2] for n in range(200)], "value"),
    ],
)
def test_a_column_that_gives_the_label_away_is_named(tmp_path, column, how):
    draw = random.Random(1)
    rows = {
        "train": {
            "leak": column,
            "noise": [draw.random() for _ in range(200)],
            "id": [f"{draw.randrange(10**9)}" for _ in range(200)],
            "l": ["부정" if n % 2 else "긍정" for n in range(200)],
        }
    }
    check = one(tmp_path, rows, "expect_no_target_leakage", l="label", id="key")
    assert (check.status, check.total, check.unexpected) == ("fail", 3, 1)
    (sample,) = check.samples
    assert (sample["column"], sample["score"]) == ("leak", 1.0)
    assert sample["how"] == how or how == "threshold"
    assert check.observed["scores"]["id"] < 0.7 and check.observed["scores"]["noise"] < 0.7


def test_an_order_that_gives_the_label_away(tmp_path):
    rows = {"train": {"id": list(range(400)), "l": ["a"] * 200 + ["b"] * 200}}
    check = one(tmp_path, rows, "expect_no_target_leakage", id="key", l="label")
    assert check.status == "fail" and check.samples[0]["how"] == "threshold"


def test_imbalance_alone_predicts_nothing(tmp_path):
    draw = random.Random(3)
    rows = {
        "train": {
            "x": [draw.random() for _ in range(1000)],
            "l": ["rare" if n % 200 == 0 else "usual" for n in range(1000)],
        }
    }
    check = one(tmp_path, rows, "expect_no_target_leakage", l="label")
    assert check.status == "pass" and check.observed["max_score"] < 0.9


def test_splits_of_other_names_have_no_order_in_time(tmp_path):
    rows = {"spring": {"w": [1]}, "autumn": {"w": [2]}}
    check = one(tmp_path, rows, "expect_splits_to_follow_time", {"column": "w"})
    assert check.status == "not_measured" and "name `order`" in check.message
    check = one(tmp_path, rows, "expect_splits_to_follow_time", {"column": "w", "order": ["spring", "autumn"]})
    assert (check.status, check.total) == ("pass", 1)


def test_a_label_of_thousands_of_values_is_judged_by_its_frequent_ones(tmp_path):
    """A target of numbers: a table of all classes by all values would not fit."""
    labels = [i % 1200 for i in range(7200)]
    rows = {"label": labels, "x": [f"v{label}" for label in labels], "y": [i * 7919 % 6007 for i in range(7200)]}
    check = one(tmp_path, {"train": rows}, "expect_no_target_leakage", label="label")
    assert (check.status, check.total, check.unexpected) == ("fail", 2, 1)
    assert (check.observed["classes"], check.observed["rare"], check.observed["rows"]) == (200, 1000, 1200)
