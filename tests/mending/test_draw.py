"""Cuts, times and ties: the pure part of drawing splits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import UsageError
from registry.mending.draw import SPAN, Strata, draw, fair_cuts, parse_shares, places, places_by_stratum, plain_cuts
from registry.mending.ties import Ties
from registry.mending.timeline import Spans, moments, places_in_time

SHARES = {"train": 0.7, "validation": 0.1, "test": 0.2}


@pytest.mark.parametrize(
    "text", ["", "train", "train=x", "train=0.5", "train=0.5,train=0.5", "a=1.5,b=-0.5", "train=nan"]
)
def test_shares_that_are_none_are_refused(text):
    with pytest.raises(UsageError):
        parse_shares(text)


def test_shares_stand_in_the_order_of_splits():
    assert list(parse_shares("test=0.2,extra=0.1,train=0.7")) == ["train", "test", "extra"]
    assert list(parse_shares("train=0.5,dev=0.5", ("dev", "train"))) == ["dev", "train"]


def test_plain_cuts_meet_the_shares_of_many_rows():
    draws = np.array([draw(3, f"r{i}") for i in range(20_000)])
    found = np.bincount(places(draws, plain_cuts(SHARES))) / len(draws)
    assert np.allclose(found, list(SHARES.values()), atol=0.01)


@given(st.lists(st.integers(1, 5), min_size=20, max_size=80), st.integers(0, 99))
def test_fair_cuts_miss_no_share_by_more_than_the_units_at_its_cuts(rows, seed):
    draws = np.array([draw(seed, str(i)) for i in range(len(rows))])
    weights = np.array(rows)
    found = np.bincount(places(draws, fair_cuts(draws, weights, SHARES)), weights=weights, minlength=3)
    assert np.all(np.abs(found - np.array(list(SHARES.values())) * weights.sum()) <= 5)


@given(st.integers(20, 60), st.integers(1, 60), st.integers(0, 9))
def test_known_cuts_keep_every_unit_where_it_is(count, more, seed):
    draws = np.array([draw(seed, str(i)) for i in range(count + more)])
    strata = Strata(np.arange(count + more) % 3, ("a", "b", "c"))
    before = Strata(strata.of_unit[:count], strata.names)
    ones = np.ones(count + more, np.int64)
    first, cuts = places_by_stratum(draws[:count], ones[:count], before, SHARES, {})
    later, kept = places_by_stratum(draws, ones, strata, SHARES, cuts)
    assert kept == cuts and (later[:count] == first).all()


def test_strata_of_a_few_units_do_not_all_fall_to_the_first_split():
    draws = np.arange(0, SPAN, SPAN // 500)
    strata = Strata(np.arange(len(draws)), tuple(map(str, range(len(draws)))))
    found, _ = places_by_stratum(draws, np.ones(len(draws)), strata, SHARES, {})
    assert np.allclose(np.bincount(found) / len(draws), list(SHARES.values()), atol=0.01)


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 3)), min_size=1, max_size=40))
def test_time_parts_units_strictly_or_not_at_all(spans):
    first = np.array([start for start, _ in spans])
    units = Spans(first, first + np.array([length for _, length in spans]), np.ones(len(spans), np.int64))
    try:
        cuts = moments(units, {"train": 0.5, "test": 0.5})
    except UsageError:
        reached = {moment for start, length in spans for moment in range(start, start + length + 1)}
        assert all({start, start + 1} & reached != set() for start in range(min(reached), max(reached)))
        return
    found = places_in_time(units, cuts)
    assert units.last[found == 0].max() < units.first[found == 1].min()


def test_a_unit_on_both_sides_of_a_kept_cut_is_refused():
    with pytest.raises(UsageError, match="time"):
        places_in_time(Spans(np.array([1]), np.array([9]), np.array([2])), (5,))


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=40))
def test_ties_give_the_least_member_of_each_component(pairs):
    ties = Ties(31)
    ties.tie([a for a, _ in pairs], [b for _, b in pairs])
    known = list(range(31))
    for _ in known:  # by plain spreading
        for a, b in pairs:
            known[a] = known[b] = min(known[a], known[b])
    assert ties.roots().tolist() == known
