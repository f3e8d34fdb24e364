"""Distances of distributions: against figures computed by hand, and as what they are called."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.checks.distances import MEASURES, Aligned, aligned, between_splits, distance

COUNTS = st.lists(st.integers(0, 50), min_size=5, max_size=5).filter(any)
CUTS = (0.0, 1.0, 2.0, 3.0, 4.0, 5.0)


def pair(before, now, cuts=CUTS):
    return Aligned(tuple(n / sum(before) for n in before), tuple(n / sum(now) for n in now), cuts)


def column(counts, **splits):
    values = [{"value": v, "count": n, "splits": {s: c[v] for s, c in splits.items()}} for v, n in counts.items()]
    return {
        "kind": "category",
        "role": None,
        "overall": {"count": sum(counts.values())},
        "splits": {split: {"count": sum(c.values())} for split, c in splits.items()},
        "histogram": None,
        "top": {"values": values, "others": 0, "withheld": False},
    }


def test_by_hand():
    half = pair([5, 5, 0, 0, 0], [0, 5, 5, 0, 0])
    assert distance("ks", half) == 0.5
    assert distance("js", half) == 0.5
    # Moved by 1: the spread of two bins of width 1 is 1/4 + 1/12. All of the gap is positive.
    assert distance("wasserstein", half) == pytest.approx(1 / math.sqrt(1 / 3))
    assert distance("psi", pair([2, 8], [3, 7], (0.0, 1.0, 2.0))) == pytest.approx(
        0.1 * math.log(1.5) - 0.1 * math.log(7 / 8)
    )


@pytest.mark.parametrize("measure", MEASURES)
@given(one=COUNTS, other=COUNTS)
def test_nothing_is_as_near_as_itself(measure, one, other):
    there = distance(measure, pair(one, other))
    assert there is not None and there >= 0
    assert distance(measure, pair(one, [7 * n for n in one])) == pytest.approx(0, abs=1e-9)
    if measure != "wasserstein":  # which is in standard deviations of before
        assert there == pytest.approx(distance(measure, pair(other, one)), abs=1e-9)
    if measure in ("js", "ks"):
        assert there <= 1


def test_categories_have_no_axis():
    one, other = column({"긍정": 5, "부정": 5}), column({"긍정": 9, "부정": 1})
    assert round(distance("js", aligned(one, other)) or 0, 4) == 0.1468
    assert distance("ks", aligned(one, other)) is distance("wasserstein", aligned(one, other)) is None
    assert aligned(one, {**other, "kind": "number"}) is None
    assert aligned({**one, "role": "key"}, {**other, "role": "key"}) is None


def test_splits_of_one_profile():
    both = column({"a": 5, "b": 5}, train={"a": 4, "b": 0}, test={"a": 1, "b": 5})
    found = between_splits(both, "train", "test")
    assert found is not None and found.before[:2] == (1.0, 0.0) and found.now[:2] == pytest.approx((1 / 6, 5 / 6))
    withheld = {**both, "top": {**both["top"], "withheld": True}}
    assert between_splits(withheld, "train", "test") is None
    empty = column({"a": 5}, train={"a": 5}, test={"a": 0})
    assert between_splits(empty, "train", "test") is None
