"""Does a store keep its promises? Asked once, before the first release goes there.

Many S3-compatible servers answer 200 to a conditional write and overwrite anyway; on
such a store two releasers would both believe that they have won.

>>> import tempfile
>>> from registry.stores import open_store
>>> with tempfile.TemporaryDirectory() as folder:
...     probe(open_store(folder)).sound
True
"""

from __future__ import annotations

import secrets
from contextlib import suppress
from dataclasses import dataclass

from registry.errors import StoreError
from registry.stores.base import Store


@dataclass(frozen=True, slots=True)
class Probe:
    """Whether create-only writes and compare-and-swap were kept."""

    create_only: bool
    compare_and_swap: bool

    @property
    def sound(self) -> bool:
        """Whether releases are safe there."""
        return self.create_only and self.compare_and_swap

    def to_json(self) -> dict[str, bool]:
        """The `probe` entry of `registry.json`."""
        return {"create_only": self.create_only, "compare_and_swap": self.compare_and_swap}


def probe(store: Store) -> Probe:
    """Tries both conditions on a random key, and removes it.

    `StoreError` where the store cannot be written at all.
    """
    key = f".probe/{secrets.token_hex(16)}"
    # NOTE: nobody else knows the key. What stands there although a write was refused is our own: its answer got lost.
    if not store.create(key, b"first") and store.read(key) != b"first":
        raise StoreError(f"the store {store.url} refused a new object", hint=f"registry doctor --store {store.url}")
    try:
        create_only = not store.create(key, b"second") and store.read(key) == b"first"
        _, stale = store.read_tagged(key)
        current = store.swap(key, b"third", stale) or store.read(key) == b"third"
        refused = not store.swap(key, b"fourth", stale)
        return Probe(create_only, current and refused and store.read(key) == b"third")
    finally:
        with suppress(StoreError):  # who may release may not always delete; `gc` takes it away
            store.delete(key)


def demand(store: Store) -> Probe:
    """The probe's result; `StoreError` where a condition was ignored."""
    found = probe(store)
    if not found.sound:
        ignored = "compare-and-swap" if found.create_only else "create-only writes"
        raise StoreError(
            f"the store {store.url} is not safe for releases",
            why=f"it ignores {ignored}: of two releases of one version both would succeed",
            hint="choose a store that honours If-None-Match and If-Match, or --store file:PATH",
            probe=found.to_json(),
        )
    return found
