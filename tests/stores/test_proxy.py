"""What a store makes of answers that are none, or come twice, or not at all."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest

from registry.errors import StoreError
from registry.model.names import Version
from registry.stores import StoreOptions
from registry.stores.obs import FastStore
from registry.stores.probe import probe
from registry.stores.s3 import S3Store
from registry.stores.staging import read_sweep, sweeping
from registry.stores.standing import Standing, record, standings
from registry.testing.proxy import FAULTS, FaultProxy

ELSEWHERE = {"no answer", "stalled answer", "another page", "longer answer"}  # tried by other tests
pytestmark = pytest.mark.slow


@pytest.fixture(params=[FastStore, S3Store])
def reached(request: Any, moto_bucket: Any):
    """A store behind the proxy, and the proxy."""
    with FaultProxy(moto_bucket.server.endpoint) as proxy:
        options = StoreOptions(endpoint_url=proxy.endpoint, timeout=1.0)
        yield request.param(moto_bucket.name, "data", options), proxy


def test_a_page_of_somebody_else_is_no_answer(reached):
    store, proxy = reached
    store.create("a", b"one")
    for work in (
        lambda: store.read("a"), lambda: store.size("a"), lambda: store.delete("a"),
        lambda: list(S3Store.list(store, "")), lambda: store.create("b", b"x"), lambda: store.read_tagged("a"),
    ):  # fmt: skip
        proxy.arm("another page", lasting=True)
        with pytest.raises(StoreError):
            work()
    proxy.disarm()
    assert store.read("a") == b"one" and store.size("b") is None


def test_one_fault_is_recovered_from_or_told(reached):
    store, proxy = reached
    store.create("a", b"one" * 999)
    for number, fault in enumerate(sorted(set(FAULTS) - ELSEWHERE)):
        key = f"b/{number}"
        proxy.arm(fault)
        with suppress(StoreError):
            store.create(key, b"x" * 99)
        proxy.arm(fault)
        with suppress(StoreError):
            assert [info.key for info in store.list("a")] == ["a"], fault
        proxy.disarm()
        assert store.size(key) in (None, 99), fault


def test_a_server_that_is_silent_is_left(reached):
    store, proxy = reached
    store.create("a", b"one")
    proxy.arm("no answer", lasting=True)
    with pytest.raises(StoreError):
        S3Store.read(store, "a")


def test_a_lost_answer_is_no_lost_race(reached):
    """The write was done; its answer was lost; the client asked again and was told that it is there."""
    store, proxy = reached
    entry = Standing("yanked", "odd", "Kim", "2026-01-01T00:00:00Z", "quality")
    for at in range(10):
        name = f"reviews{at}"
        proxy.arm("lost answer", at, methods="PUT")
        assert probe(store).sound
        with sweeping(store):
            assert read_sweep(store)[0].running
        record(store, name, Version(1), entry)
        proxy.disarm()
        assert not read_sweep(store)[0].running
        assert standings(store, name) == {Version(1): entry}
        assert [info.key for info in store.list(f"status/{name}/")] == [f"status/{name}/1.0.0/000001.json"]
