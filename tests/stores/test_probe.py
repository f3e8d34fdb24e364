"""A store that ignores conditions is found out before it holds a release."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from registry.errors import StoreError
from registry.stewardship.doctor import examine_store
from registry.stores.layout import ROOT_KEY, open_registry
from registry.stores.local import LocalStore
from registry.stores.probe import demand, probe
from registry.testing.releases import make_release


class Overwriting(LocalStore):
    """Answers as many S3 look-alikes do: conditions are accepted and ignored."""

    def create(self, key: str, data: bytes) -> bool:
        self.delete(key)
        return super().create(key, data)


class Swapping(LocalStore):
    """Keeps create-only writes, ignores the tag of a swap."""

    def swap(self, key: str, data: bytes, tag: str | None) -> bool:
        return super().swap(key, data, tag and self.read_tagged(key)[1])


class Lying(LocalStore):
    """Says that it refused, and overwrites."""

    def create(self, key: str, data: bytes) -> bool:
        written = super().create(key, data)
        if not written:
            (self.root / key).write_bytes(data)
        return written


def test_sound_store(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    assert demand(store).to_json() == {"create_only": True, "compare_and_swap": True}
    assert list(store.list("")) == []


@pytest.mark.parametrize(
    ("kind", "create_only", "compare_and_swap"),
    [(Overwriting, False, True), (Swapping, True, False), (Lying, False, True)],
)
def test_careless_stores_are_refused(
    tmp_path: Path, kind: type[LocalStore], create_only: bool, compare_and_swap: bool
) -> None:
    store = kind(tmp_path)
    found = probe(store)
    assert (found.create_only, found.compare_and_swap) == (create_only, compare_and_swap)
    with pytest.raises(StoreError, match="not safe for releases") as caught:
        open_registry(store, write=True)
    assert caught.value.fields["probe"] == found.to_json()
    assert store.size(ROOT_KEY) is None
    assert list(store.list("")) == []


@pytest.mark.slow
def test_a_server_that_ignores_conditions_is_refused(rclone_bucket: Any) -> None:
    for store in (rclone_bucket.store("a"), rclone_bucket.fast_store("b")):
        assert not probe(store).sound
        with pytest.raises(StoreError, match="not safe for releases"):
            make_release(store, "reviews", "1.0", {"a.csv": b"id\n1\n"})
        assert store.size(ROOT_KEY) is None and list(store.list("releases/")) == []
        found = {finding.id: finding.state for finding in examine_store(store)}
        assert "fail" in (found["store:create-only"], found["store:compare-and-swap"])
