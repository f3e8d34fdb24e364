"""The network does its worst at any request to a real S3 server: what stood stands, and the same command finishes."""

from __future__ import annotations

import random
import time

import pytest

from registry.errors import InternalError, RegistryError
from registry.testing.proxy import FAULTS
from tests.crash.remote import NAMES, proxied, remote
from tests.crash.scenarios import SCENARIOS, SOAK, hold, outcome

pytestmark = pytest.mark.slow
GONE = "connection refused"  # nobody listens any more
LASTING = ("reset before", "500", "503 slow down", "403", "no answer", "garbage", "another page")
KINDS = [(name, False) for name in FAULTS] + [(name, True) for name in LASTING] + [(GONE, True)]
COUNT = 44 if SOAK else 5  # of each scenario
DEADLINE = 60.0  # seconds; how long anything may take to give up


def attempt(act):
    """What `act` raised that we have a word for, or None."""
    try:
        act()
    except InternalError:
        raise
    except RegistryError as error:
        return error
    return None


@pytest.mark.parametrize("name", NAMES)
def test_a_fault_of_the_network_loses_nothing(name, tmp_path, seaweed_bucket, record_property):
    scenario, dice, fired = SCENARIOS[name], random.Random(name), 0
    starts = {kind: remote(name, tmp_path / kind, seaweed_bucket, kind) for kind in ("obstore", "s3fs")}
    with proxied(seaweed_bucket) as proxy:
        counts, wanted = {}, {}
        for kind, start in starts.items():
            whole = start.copy(tmp_path / f"whole-{kind}")
            proxy.disarm()
            scenario.act(whole.through(proxy.endpoint))
            counts[kind], wanted[kind] = proxy.seen, outcome(whole)
        drawn = [KINDS[(number + 5 * NAMES.index(name)) % len(KINDS)] for number in range(COUNT)]
        for number, (fault, lasting) in enumerate(drawn):
            kind = ("obstore", "s3fs")[number % 2]
            place = starts[kind].copy(tmp_path / f"{number}")
            at = dice.randrange(counts[kind])
            where = (name, kind, fault, lasting, at)
            proxy.arm(proxy.hang_up if fault == GONE else fault, at, lasting=lasting)
            began = time.monotonic()
            error = attempt(lambda place=place: scenario.act(place.through(proxy.endpoint)))
            took = time.monotonic() - began
            assert took < DEADLINE, (where, took)
            assert lasting is False or error is not None or name in ("gc", "purge", "yank"), where
            fired += proxy.fired > 0
            proxy.disarm()
            proxy.reopen()
            hold(scenario, place)
            scenario.act(place)
            hold(scenario, place, retried=True)
            assert outcome(place) == wanted[kind], where
    assert fired >= COUNT * 0.8
    record_property("network faults", fired)
