"""Sizes and mixes against figures computed by hand; arguments that cannot be are refused before data is read."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.checks.expectations.shares import divergence
from registry.checks.suite import parse_suite
from registry.errors import ConfigError
from registry.model.digest import canonical
from tests.checks.planting import KINDS, World
from tests.checks.tables import judged, one

COUNTS = st.lists(st.integers(0, 50), min_size=4, max_size=4).filter(any)
ROWS = {
    "train": {"성별": ["남"] * 6 + ["여"] * 2, "n": [1] * 8},
    "test": {"성별": ["여"] * 2, "n": [2, None]},
}


@given(one=COUNTS, other=COUNTS)
def test_divergence_is_a_bounded_symmetric_one(one, other):
    assert 0 <= divergence(one, other) <= 1
    assert divergence(one, other) == pytest.approx(divergence(other, one), abs=1e-12)
    assert divergence(one, [7 * n for n in one]) == pytest.approx(0, abs=1e-12)
    assert divergence([*one, 0, 0, 0, 0], [0, 0, 0, 0, *other]) == pytest.approx(1)


def test_mix_is_that_of_each_later_split_beside_the_first(tmp_path):
    check = one(tmp_path, ROWS, "expect_split_class_distributions_to_match", {"column": "성별"})
    half = 0.75 * math.log2(2) / 2 + 0.25 * math.log2(0.5 / 1.25) / 2 + math.log2(2 / 1.25) / 2
    assert (check.status, check.total, check.unexpected) == ("fail", 1, 1)
    assert check.observed["splits"]["test"] == pytest.approx(half)
    assert check.samples[0]["split"] == "test" and "test" in check.message


@pytest.mark.parametrize(
    ("shares", "status", "outside"),
    [
        ({"train": [0.8, 0.8], "test": [0.1, 0.2]}, "pass", 0),
        ({"train": [0.81, 1], "test": [0, 0.19]}, "fail", 2),
        ({"train": [0, 1], "validation": [0.1, 0.2]}, "fail", 1),
    ],
)
def test_split_shares(tmp_path, shares, status, outside):
    check = one(tmp_path, ROWS, "expect_split_shares_to_be_between", {"shares": shares})
    assert (check.status, check.total, check.unexpected) == (status, 2, outside)
    assert check.observed["shares"] == {"train": 0.8, "test": 0.2}


def test_targets_of_a_column_of_splits_and_of_all_rows(tmp_path):
    kind = "expect_counts_to_meet_targets"
    people = one(tmp_path, ROWS, kind, {"column": "성별", "targets": {"남": 5, "여": 8, "모름": 1}})
    assert (people.status, people.total, people.unexpected) == ("fail", 3, 2)
    assert people.observed["achievement"] == {"남": 1.2, "여": 0.5, "모름": 0.0}
    assert [sample["value"] for sample in people.samples] == ["모름", "여"]
    numbers = one(tmp_path, ROWS, kind, {"column": "n", "targets": {1: 8, 2: 1}})
    assert numbers.status == "pass"
    rows = one(tmp_path, ROWS, kind, {"targets": {"rows": 20, "test": 2}, "min_achievement": 0.5})
    assert (rows.status, rows.observed["min_achievement"]) == ("pass", 0.5)


@pytest.mark.parametrize(("least", "status"), [(0.9, "pass"), (0.91, "fail")])
def test_overlap(tmp_path, least, status):
    kwargs = {"column": "성별", "shares": {"남": 0.5, "여": 0.5}, "min_overlap": least}
    check = one(tmp_path, ROWS, "expect_shares_to_overlap", kwargs)
    assert (check.status, check.total, check.observed["overlap"]) == (status, 1, 0.9)


@pytest.mark.parametrize(
    ("kind", "kwargs"),
    [
        ("expect_split_shares_to_be_between", "{shares: {train: [0.9, 0.1]}}"),
        ("expect_split_shares_to_be_between", "{shares: {train: 0.9}}"),
        ("expect_split_shares_to_be_between", "{shares: {}}"),
        ("expect_counts_to_meet_targets", "{targets: {a: -1}}"),
        ("expect_counts_to_meet_targets", "{targets: {1: 5, '1': 5}}"),
        ("expect_shares_to_overlap", "{column: x, shares: {a: 0.5, b: 0.4}, min_overlap: 1}"),
        ("expect_splits_to_have_no_near_duplicates", "{threshold: 0}"),
        ("expect_no_near_duplicates", "{threshold: 80}"),
    ],
)
def test_arguments_that_cannot_be_are_refused(kind, kwargs):
    with pytest.raises(ConfigError, match="allowed"):
        parse_suite(f"name: s\nexpectations:\n  - type: {kind}\n    kwargs: {kwargs}\n", "s.yaml")


def test_the_ruleset_knows_mappings():
    texts = ["{targets: {a: 1, b: 2}}", "{targets: {b: 2, a: 1}}", "{targets: {a: 1, b: 3}}"]
    head = "name: s\nexpectations:\n  - type: expect_counts_to_meet_targets\n    kwargs: "
    one, other, third = (canonical(parse_suite(f"{head}{text}\n", "s.yaml").to_json()) for text in texts)
    assert one == other != third


@pytest.mark.parametrize("shape", ["text", "tabular"])
def test_evidence_of_all_checks_does_not_depend_on_threads(tmp_path, shape):
    world = World(1, shape, "ko")
    entries = []
    for name, kind in KINDS.items():
        if shape in kind.shapes and name not in ("shares", "targets"):
            kind.plant(world, 5)
            kwargs = {key: world.inputs if value == "inputs" else value for key, value in kind.kwargs.items()}
            entries.append({"type": kind.type, "kwargs": kwargs, "meta": {"check_id": name}})

    def evidence(threads):
        found = judged(tmp_path, world.tables(), *entries, threads=threads, **world.roles)
        assert {name: check.message for name, check in found.items() if check.status not in ("fail", "pass")} == {}
        assert sum(check.status == "fail" for check in found.values()) >= 8
        return canonical([check.to_json() for check in found.values()])

    assert evidence(1) == evidence(2) == evidence(4)
