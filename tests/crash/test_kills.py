"""A process that ends at any operation on the file system, before, after or half-way through it."""

from __future__ import annotations

import pytest

from registry.testing.faults import killed, operations
from tests.crash.scenarios import SCENARIOS, hold, outcome, prepared, share


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_kill_at_any_operation_loses_nothing(name, tmp_path, record_property):
    scenario = SCENARIOS[name]
    start = prepared(scenario, tmp_path / "start")
    whole = start.copy(tmp_path / "whole")
    count = operations(lambda: scenario.act(whole))
    hold(scenario, whole, retried=True)
    wanted = outcome(whole)
    points = [(at, moment) for at in range(count) for moment in ("before", "torn", "after")]
    fired = 0
    for number, (at, moment) in enumerate(share(points, seed=len(name))):
        place = start.copy(tmp_path / f"{number}")
        fired += killed(lambda place=place: scenario.act(place), at, moment)
        hold(scenario, place)
        scenario.act(place)
        hold(scenario, place, retried=True)
        assert outcome(place) == wanted, (at, moment)
    assert fired >= len(share(points, seed=len(name))) * 0.8
    record_property("kills", fired)


@pytest.mark.parametrize("name", ["release", "gc", "purge", "pull", "yank"])
def test_a_kill_during_the_retry_loses_nothing_either(name, tmp_path, record_property):
    scenario = SCENARIOS[name]
    start = prepared(scenario, tmp_path / "start")
    whole = start.copy(tmp_path / "whole")
    count = operations(lambda: scenario.act(whole))
    wanted = outcome(whole)
    pairs = [(first, second) for first in range(3, count, 5) for second in range(2, count, 9)]
    for number, (first, second) in enumerate(share(pairs, per=24, seed=5)):
        place = start.copy(tmp_path / f"{number}")
        killed(lambda place=place: scenario.act(place), first, "after")
        killed(lambda place=place: scenario.act(place), second, "before")
        hold(scenario, place)
        scenario.act(place)
        hold(scenario, place, retried=True)
        assert outcome(place) == wanted, (first, second)
    record_property("kills", 2 * len(share(pairs, per=24, seed=5)))
