"""The process is killed during the whole `add`, the whole `release`, and between any two requests to S3."""

from __future__ import annotations

from functools import partial

import pytest

from tests.crash.departing import Departing
from tests.crash.remote import KINDS, NAMES, act, proxied, remote
from tests.crash.scenarios import SCENARIOS, SOAK, hold, outcome, prepared
from tests.crash.workspaces import WHOLE, files, pointed, recorded

pytestmark = pytest.mark.slow
POINTS = {"first add": (40, 3), "add": (130, 5), "whole release": (130, 6)}  # in a soak, else
PLACES = [(name, kind) for at, name in enumerate(NAMES) for kind in (KINDS if SOAK else [sorted(KINDS)[at % 2]])]


def spread(count: int, soak: int, usual: int, seed: int) -> list[tuple[int, str]]:
    """Points over the whole work, alike far apart; another moment at each."""
    wanted = min(count * 3, soak if SOAK else usual)
    points = [(at, moment) for at in range(count) for moment in ("before", "torn", "after")]
    return sorted({points[(number * len(points) // wanted + seed) % len(points)] for number in range(wanted)})


@pytest.mark.parametrize("name", WHOLE)
def test_a_kill_during_the_whole_work_loses_nothing(name, tmp_path, record_property):
    scenario = WHOLE[name]
    start = prepared(scenario, tmp_path / "start")
    before = files(start)
    whole = start.copy(tmp_path / "whole")
    _, count = Departing(partial(scenario.act, whole)).wait()
    after, known, held, stored = files(whole), recorded(whole), pointed(whole), outcome(whole)
    fired = 0
    for number, (at, moment) in enumerate(spread(count, *POINTS[name], seed=7)):
        place = start.copy(tmp_path / f"{number}")
        code, _ = Departing(partial(scenario.act, place), at, moment).wait()
        fired += code != 0
        now = files(place)
        for path, data in before.items():
            assert now.get(path) in (data, after.get(path)), (name, at, moment, path)
        if name != "first add":
            hold(scenario, place)
        scenario.act(place)
        assert files(place) == after, (name, at, moment)
        assert recorded(place) == known, (name, at, moment)
        assert pointed(place) == held and outcome(place) == stored, (name, at, moment)
        if name != "first add":
            hold(scenario, place, retried=True)
    assert fired >= 2
    record_property("kills of whole commands", fired)


@pytest.mark.parametrize(("name", "kind"), PLACES)
def test_a_kill_between_requests_loses_nothing(name, kind, tmp_path, seaweed_bucket, record_property):
    scenario = SCENARIOS[name]
    start = remote(name, tmp_path / "start", seaweed_bucket, kind)
    with proxied(seaweed_bucket) as proxy:
        whole = start.copy(tmp_path / "whole")
        Departing(partial(act, name, whole.through(proxy.endpoint).sent())).wait()
        count, wanted, fired = proxy.seen, outcome(whole), 0
        for number, (at, moment) in enumerate(spread(count, 40, 2, seed=len(name))):
            place = start.copy(tmp_path / f"{number}")
            fired += killed_at(proxy, partial(act, name, place.through(proxy.endpoint).sent()), at, moment)
            hold(scenario, place)
            scenario.act(place)
            hold(scenario, place, retried=True)
            assert outcome(place) == wanted, (name, kind, at, moment)
    assert fired >= 1
    record_property("kills on S3", fired)


def killed_at(proxy, work, at, moment):
    """Kills a process that does `work` when its request `at` comes: not, half, or wholly delivered."""
    victims = []

    def kill(one):
        if moment == "torn":
            one.abandon(one.request)
        elif moment == "after":
            one.ask(one.request)
        while not victims:
            continue
        victims[0].kill()
        one.reset()

    proxy.arm(kill, at)
    victims.append(Departing(work))
    code, _ = victims[0].wait()
    proxy.disarm()
    return code != 0
