"""A day at the S3 server: two publishers, a collector and a reader at once; then what a steward does."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from registry.consume.pull import PullOptions, pull
from registry.consume.verify import verify_release
from registry.errors import LockHeldError, PurgedError, YankedError
from registry.model.names import Ref, Version
from registry.release.execute import execute
from registry.stewardship.channels import promote
from registry.stewardship.fsck import FsckOptions, fsck
from registry.stewardship.gc import gc
from registry.stewardship.purge import purge
from registry.stewardship.withdrawal import Cause, yank
from registry.stores import StoreOptions, open_store
from registry.stores.layout import channels, versions
from registry.testing.releases import make_release
from tests.crash.scenarios import AT_ONCE, OLD, Place, plan_of

pytestmark = pytest.mark.slow
ROUNDS = 4


@pytest.mark.parametrize("kind", ["store", "fast_store"])
def test_publishers_a_collector_and_readers_at_once(seaweed_bucket, tmp_path, kind):
    store = getattr(seaweed_bucket, kind)("data")
    make_release(store, "reviews", "0.1", OLD)

    def publish(name):
        for number in range(ROUNDS):
            files = {**OLD, "who.csv": f"{name} {number}\n".encode()}
            execute(plan_of(Place(tmp_path / name), f"1.{number}", files, name), store)
            promote(store, name, Version(1, number), "stable", by=name)

    def collect():
        for _ in range(ROUNDS * 2):
            try:
                gc(store, AT_ONCE)
            except LockHeldError:
                continue

    def read():
        for number in range(ROUNDS):
            read = pull(store, Ref.parse("reviews@0.1"), tmp_path / f"read{number}", PullOptions(keep=False))
            assert read.transferred_files == len(OLD)

    with ThreadPoolExecutor(4) as pool:
        work = [pool.submit(publish, "kim"), pool.submit(publish, "lee"), pool.submit(collect), pool.submit(read)]
        for one in work:
            one.result()
    for name in ("kim", "lee"):
        assert len(versions(store, name)) == ROUNDS and channels(store, name)["stable"].sequence == ROUNDS
        for version in versions(store, name):
            assert verify_release(store, Ref(name, str(version))).ok
    assert fsck(store, FsckOptions("data")).ok

    yank(store, "kim", Version(1, 3), Cause("names", "privacy"), by="Lee")
    with pytest.raises(YankedError):
        pull(store, Ref.parse("kim@stable"), tmp_path / "x")
    done = purge(store, "kim", Version(1, 3), "names", by="Lee")
    assert done.channels == ("stable",) and {share.release for share in done.shared} >= {"kim@1.2.0", "lee@1.0.0"}
    with pytest.raises(PurgedError):
        pull(store, Ref.parse("kim@1.3"), tmp_path / "x")
    assert fsck(store, FsckOptions("data")).ok


def test_the_command_line_takes_the_faster_client(seaweed_bucket):
    pytest.importorskip("obstore", reason="obstore is not installed")
    store = open_store(f"s3://{seaweed_bucket.name}/x", options=StoreOptions())
    assert type(store).__name__ == "FastStore" and store.create("a", b"1") and store.read("a") == b"1"
