"""Scenarios on an S3 server, reached through the fault proxy or directly."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from registry.stores import Store, StoreOptions
from registry.stores.obs import FastStore
from registry.stores.s3 import S3Store
from registry.testing.proxy import FaultProxy
from tests.crash.scenarios import SCENARIOS, Place

NAMES = ("first release", "release", "pull", "promote", "yank", "gc", "purge")
KINDS = {"obstore": FastStore, "s3fs": S3Store}
TIMEOUT = 1.0  # seconds of silence


@cache
def connected(kind: str, bucket: str, prefix: str, endpoint: str) -> Store:
    """One client for a place, as costly as it is to make."""
    options = StoreOptions(endpoint_url=endpoint, timeout=TIMEOUT)
    shared = _session(endpoint) if kind == "s3fs" or endpoint else None
    return KINDS[kind](bucket, prefix, options, shared)


@cache
def _session(endpoint: str) -> Any:
    return S3Store("unused", "", StoreOptions(endpoint_url=endpoint, timeout=TIMEOUT)).filesystem


@dataclass(frozen=True)
class Remote(Place):
    """As `Place`, with the store in a bucket."""

    bucket: str = ""
    prefix: str = ""
    endpoint: str = ""
    kind: str = "obstore"
    client: Any = field(default=None, compare=False)

    @property
    def store(self) -> Store:
        return connected(self.kind, self.bucket, self.prefix, self.endpoint)

    def copy(self, to: Path) -> Remote:
        """The same state under another prefix; only the local part is copied by the file system."""
        super().copy(to)
        fresh = f"p{secrets.token_hex(6)}"
        for key in self._keys():
            source = {"Bucket": self.bucket, "Key": key}
            self.client.copy_object(Bucket=self.bucket, Key=fresh + key[len(self.prefix) :], CopySource=source)
        return replace(self, root=to, prefix=fresh)

    def through(self, endpoint: str) -> Remote:
        """The same place, reached elsewhere."""
        return replace(self, endpoint=endpoint)

    def sent(self) -> Remote:
        """The same place, for another process."""
        return replace(self, client=None)

    def _keys(self) -> list[str]:
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=self.prefix + "/")
        return [entry["Key"] for page in pages for entry in page.get("Contents", ())]


def remote(name: str, root: Path, bucket: Any, kind: str) -> Remote:
    """The state that a scenario starts from, in `bucket`."""
    root.mkdir(parents=True)
    place = Remote(root, bucket.name, f"p{secrets.token_hex(6)}", bucket.server.endpoint, kind, bucket.client)
    SCENARIOS[name].prepare(place)
    return place


def act(name: str, place: Remote) -> None:
    """The work of a scenario, by its name, as another process can be told of it."""
    SCENARIOS[name].act(place)


@contextmanager
def proxied(bucket: Any) -> Iterator[FaultProxy]:
    with FaultProxy(bucket.server.endpoint) as proxy:
        yield proxy
