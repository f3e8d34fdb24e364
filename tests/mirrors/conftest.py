from __future__ import annotations

import pytest

from registry.consume.resolve import find_released
from registry.mirrors.hub import Repository
from registry.mirrors.publish import Order
from registry.model.names import Version
from registry.stores import open_store
from registry.testing.hub import loopback_hub
from registry.testing.releases import make_release
from tests.journeys.conftest import shell, team, template  # noqa: F401 - fixtures

REPOSITORY = "my-team/reviews"


@pytest.fixture
def hub():
    """A Hub of this test alone."""
    with loopback_hub() as found:
        yield found


@pytest.fixture
def login(hub, monkeypatch):
    """Makes the client of this process one of the loopback Hub; the function takes another token."""
    constants = pytest.importorskip("huggingface_hub.constants")
    for name, value in hub.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)

    def login(token):
        monkeypatch.setenv("HF_TOKEN", token)
        return token

    login(hub.token("kim", "my-team"))
    return login


@pytest.fixture
def store(tmp_path):
    return open_store(str(tmp_path / "store"))


def order(store, version, **options):
    """An order for a release of `reviews` that the store holds."""
    found = find_released(store, "reviews", Version.parse(version))
    return Order(store, found, Repository(REPOSITORY), "Kim <kim@example.org>", **options)


def rows(kind, count=3):
    return ("id,text\n" + "".join(f"{kind}{i},{kind} 후기 {i}\n" for i in range(count))).encode()


@pytest.fixture
def reviews(store):
    """Two releases: the second changes one file, adds one and drops one."""
    first = {
        "train.csv": rows("train"),
        "test.csv": rows("test"),
        "옛 파일.csv": rows("old"),
        "big.parquet": b"P" * 999,
    }
    second = {**first, "test.csv": rows("test", 4), "new.csv": rows("new")}
    del second["옛 파일.csv"]
    make_release(store, "reviews", "1.0", first)
    make_release(store, "reviews", "1.1", second)
    return store
