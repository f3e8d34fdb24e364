"""Every call to the system fails once, or from some moment on, as full disks and bad ones do."""

from __future__ import annotations

import errno

import pytest

from registry.errors import InternalError, RegistryError
from registry.testing.faults import failing, operations
from tests.crash.scenarios import SCENARIOS, SOAK, hold, outcome, prepared, share

ERRORS = (errno.ENOSPC, errno.EIO, errno.EMFILE, errno.EACCES, errno.EINTR)


@pytest.mark.parametrize("name", ["release", "pull", "yank", "gc", "purge"])
def test_an_error_of_the_system_is_told_and_loses_nothing(name, tmp_path, record_property):
    scenario = SCENARIOS[name]
    start = prepared(scenario, tmp_path / "start")
    whole = start.copy(tmp_path / "whole")
    count = operations(lambda: scenario.act(whole), reading=True)
    wanted = outcome(whole)
    points = [(at, number, lasting) for at in range(count) for number in ERRORS for lasting in (False, True)]
    chosen = points[:: max(1, len(points) // 400)] if SOAK else share(points, per=max(1, len(points) // 16), seed=3)
    for index, (at, number, lasting) in enumerate(chosen):
        place = start.copy(tmp_path / f"{index}")
        error = failing(lambda place=place: scenario.act(place), at, number, lasting=lasting)
        told = isinstance(error, (RegistryError, OSError)) and not isinstance(error, InternalError)
        assert error is None or told, (at, number, repr(error))
        hold(scenario, place)
        scenario.act(place)
        hold(scenario, place, retried=True)
        assert outcome(place) == wanted, (at, number, lasting)
    record_property("errors", len(chosen))
