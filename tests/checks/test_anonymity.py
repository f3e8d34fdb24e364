"""k-anonymity, l-diversity and t-closeness beside tables of the literature, brute force, and figures made by hand."""

from __future__ import annotations

import hashlib
import json
import math
import random
from collections import Counter, defaultdict

import pytest

from registry.checks.suite import parse_suite
from registry.errors import ConfigError
from tests.checks.tables import judged, one

K, L, T = "expect_k_anonymity_at_least", "expect_l_diversity_at_least", "expect_t_closeness_at_most"

# Li et al. 2007, table 3 (after Machanavajjhala et al. 2007): three classes of three, salaries in thousands.
PATIENTS = {
    "zip": ["476**"] * 3 + ["4790*"] * 3 + ["476**"] * 3,
    "age": ["2*"] * 3 + [">=40"] * 3 + ["3*"] * 3,
    "salary": [3, 4, 5, 6, 11, 8, 7, 9, 10],
    "disease": ["gastric ulcer", "gastritis", "stomach cancer", "gastritis", "flu", "bronchitis", "bronchitis",
                "pneumonia", "stomach cancer"],
}  # fmt: skip
# Sweeney 2002, figure 2: race, birth, gender, ZIP; k = 2.
SWEENEY = {
    "race": ["Black"] * 4 + ["Black"] * 2 + ["White"] * 5,
    "birth": ["1965", "1965", "1965", "1965", "1964", "1964", "1964", "1964", "1964", "1967", "1967"],
    "gender": ["m", "m", "f", "f", "f", "f", "m", "m", "m", "m", "m"],
    "zip": ["0214*", "0214*", "0213*", "0213*", "0213*", "0213*", "0213*", "0213*", "0213*", "0213*", "0213*"],
}  # fmt: skip
ROLES = {"zip": "quasi-identifier", "age": "quasi-identifier", "salary": "sensitive", "disease": "sensitive"}


def observed(root, rows, kind, kwargs, **roles):
    return one(root, {"train": rows}, kind, kwargs, **roles).observed


def test_the_table_of_sweeney_is_2_anonymous(tmp_path):
    found = one(tmp_path, {"train": SWEENEY}, K, {"quasi_identifiers": [*SWEENEY], "k": 2})
    assert (found.status, found.total, found.unexpected) == ("pass", 11, 0)
    assert found.observed == {"k": 2, "groups": 5, "groups_beyond": 0, "empty": 0}
    assert one(tmp_path, {"train": SWEENEY}, K, {"quasi_identifiers": [*SWEENEY], "k": 3}).unexpected == 8


def test_the_patients_of_li_are_3_diverse_and_their_distances_are_those_of_the_paper(tmp_path):
    """0.375 for salaries 3, 4, 5; by hand for diseases: each class has one in three of what is 1, 2 and 2 in nine."""
    entries = [
        {"type": K, "kwargs": {"k": 3}, "meta": {"check_id": "k"}},
        {"type": L, "kwargs": {"l": 3}, "meta": {"check_id": "l"}},
        {"type": T, "kwargs": {"t": 0.3, "sensitive": "salary"}, "meta": {"check_id": "t"}},
        {"type": T, "kwargs": {"t": 1, "sensitive": "disease"}, "meta": {"check_id": "d"}},
        {"type": T, "kwargs": {"t": 0.2, "sensitive": ["salary", "disease"]}, "meta": {"check_id": "both"}},
    ]
    found = judged(tmp_path, {"train": PATIENTS}, *entries, **ROLES)
    assert (found["k"].observed["k"], found["l"].observed["l"], found["l"].total) == (3, 3, 18)
    assert found["t"].observed["t"] == 0.375 and found["t"].unexpected == 3
    assert found["t"].samples[0]["t"] == 0.375 and found["t"].samples[0]["rows"] == 3
    assert found["d"].observed["t"] == pytest.approx(4 / 9, abs=1e-9)
    assert {(sample["sensitive"], sample["t"]) for sample in found["both"].samples} >= {("salary", 0.375)}


def test_the_second_class_of_li_lies_at_a_sixth(tmp_path):
    """P2 = {6, 8, 11}: 0.167, in the paper's section 4.2."""
    rows = {"q": ["a"] * 3 + ["b"] * 6, "s": [6, 8, 11, 3, 4, 5, 7, 9, 10]}
    found = one(tmp_path, {"train": rows}, T, {"quasi_identifiers": ["q"], "sensitive": "s", "t": 0})
    assert {sample["rows"]: sample["t"] for sample in found.samples}[3] == pytest.approx(1 / 6, abs=1e-9)


def brute(rows, quasi, sensitive, *, ordered):
    """Groups by their quasi-identifiers: sizes, different values, distances, by the definitions."""
    members = defaultdict(list)
    for at, value in enumerate(rows[sensitive]):
        key = tuple(rows[name][at] or None for name in quasi)
        if value not in (None, "") and any(part is not None for part in key):
            members[key].append(value)
    whole = Counter(value for values in members.values() for value in values)
    every, order = sum(whole.values()), sorted(whole, key=lambda value: (str(type(value)), value))
    distances = {}
    for key, values in members.items():
        counts, total, moved = Counter(values), 0.0, 0.0
        for value in order:
            moved += counts[value] / len(values) - whole[value] / every
            total += abs(moved) if ordered else abs(counts[value] / len(values) - whole[value] / every)
        distances[key] = total / max(1, len(order) - 1) if ordered else total / 2
    return (
        {key: len(values) for key, values in members.items()},
        {k: len(set(v)) for k, v in members.items()},
        distances,
    )


@pytest.mark.parametrize("seed", range(4))
def test_figures_equal_brute_force(tmp_path, seed):
    draw = random.Random(seed)
    size = 300
    rows = {
        "구": draw.choices(["중구", "동구", "서구", "", None], k=size),
        "나이": draw.choices([20, 30, 40, None], k=size),
        "키": draw.choices([1.5, 1.6, math.nan], k=size),
        "소득": draw.choices([*range(12), None], k=size),
        "병": draw.choices(["a", "b", "c", "d", "", None], k=size),
    }
    plain = {
        name: [None if isinstance(v, float) and math.isnan(v) else v for v in values] for name, values in rows.items()
    }
    quasi = ["구", "나이", "키"]
    for sensitive, ordered in (("소득", True), ("병", False)):
        sizes, kinds, distances = brute(plain, quasi, sensitive, ordered=ordered)
        arguments = {"quasi_identifiers": quasi, "sensitive": sensitive}
        least = sorted(kinds.values())[len(kinds) // 2]
        found = one(tmp_path, {"train": rows}, L, {**arguments, "l": least})
        assert found.observed["l"] == min(kinds.values()) and found.observed["groups"] == len(sizes)
        assert found.unexpected == sum(sizes[key] for key, count in kinds.items() if count < least)
        assert found.total == sum(sizes.values()) == size - found.observed["empty"]
        limit = sorted(distances.values())[len(distances) // 2] + 1e-6
        close = one(tmp_path, {"train": rows}, T, {**arguments, "t": limit})
        assert close.observed["t"] == pytest.approx(max(distances.values()), abs=1e-9)
        assert close.unexpected == sum(sizes[key] for key, distance in distances.items() if distance > limit)


def test_missing_values_are_equal_to_one_another_and_rows_without_any_are_left_out(tmp_path):
    rows = {"a": ["x", "x", None, None, None, ""], "b": [1, 1, 2, 2, None, None]}
    found = one(tmp_path, {"train": rows}, K, {"quasi_identifiers": ["a", "b"], "k": 2})
    assert (found.status, found.total, found.observed) == (
        "pass",
        4,
        {"k": 2, "groups": 2, "groups_beyond": 0, "empty": 2},
    )
    nothing = one(tmp_path, {"train": {"a": [None, ""]}}, K, {"quasi_identifiers": ["a"], "k": 2})
    assert nothing.status == "not_measured"


def test_groups_are_told_by_digest_of_their_first_row_and_dropped_by_rows(tmp_path):
    rows = {
        "train": {"age": [31, 31, 42], "zip": ["047", "047", "981"]},
        "test": {"age": [31, 93], "zip": ["047", "111"]},
    }
    found = one(tmp_path, rows, K, {"quasi_identifiers": ["age", "zip"], "k": 2})
    assert (found.unexpected, found.observed["k"], found.total) == (2, 1, 5)
    names = {hashlib.sha256(name.encode()).hexdigest()[:16] for name in ("test.parquet#1", "train.parquet#2")}
    assert {sample["group"] for sample in found.samples} == names
    assert not {"93", "111", "981", "42"} & set(json.dumps(found.samples).replace('"', " ").split())


@pytest.mark.parametrize(
    ("kind", "kwargs", "problem"),
    [(K, {}, "needs `k`"), (K, {"k": 0}, "is no `k`"), (L, {"l": 1.5}, "is no `l`"), (T, {"t": 2}, "is no `t`")],
)
def test_limits_that_mean_nothing_are_refused(kind, kwargs, problem):
    with pytest.raises(ConfigError, match=problem):
        parse_suite(f"name: x\nexpectations: [{{type: {kind}, kwargs: {json.dumps(kwargs)}}}]", "x.yaml")


def test_what_is_not_declared_is_not_measured_and_what_is_both_is_an_error(tmp_path):
    rows = {"train": {"a": [1, 2], "b": [1, 2]}}
    assert one(tmp_path, rows, K, {"k": 2}).status == "not_measured"
    assert one(tmp_path, rows, L, {"l": 2}, a="quasi-identifier").status == "not_measured"
    both = one(tmp_path, rows, T, {"t": 0.1, "sensitive": "a"}, a="quasi-identifier")
    assert both.status == "error" and "at once" in both.message
    assert one(tmp_path, rows, K, {"k": 2, "quasi_identifiers": ["c"]}).status == "error"


def test_an_empty_text_is_as_missing_as_a_null(tmp_path):
    rows = {"q": ["a", "a", "b", "b"], "r": ["x", "x", "", None], "s": ["독감", "", "감기", "독감"]}
    given = {"q": "quasi-identifier", "r": "quasi-identifier", "s": "sensitive"}
    assert one(tmp_path, {"train": rows}, "expect_k_anonymity_at_least", {"k": 2}, **given).observed["groups"] == 2
    check = one(tmp_path, {"train": rows}, "expect_l_diversity_at_least", {"l": 2}, **given)
    assert (check.status, check.total, check.unexpected, check.observed["empty"]) == ("fail", 3, 1, 1)


def test_numbers_too_long_to_be_ordered_are_no_distance_of_nothing(tmp_path):
    rows = {"q": ["a", "a", "b", "b"], "s": [2**60 + at for at in range(4)]}
    check = one(tmp_path, {"train": rows}, T, {"quasi_identifiers": ["q"], "sensitive": "s", "t": 0.1})
    assert check.status == "error" and "more digits than can be told apart" in check.message
