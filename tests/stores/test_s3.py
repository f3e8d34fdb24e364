"""The S3 door: what servers answer, what a broken network does, and what never appears in a message."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import pytest

from registry.errors import ConfigError, NotFoundError, StoreError
from registry.stores import Store, StoreOptions, open_store, s3
from registry.stores.s3 import PART, S3Store
from registry.testing.servers import free_port

DATA = bytes(range(256)) * 40_000  # 10 MiB


def test_unreachable_endpoint_fails_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "canary-key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "canary-secret")
    store = open_store("s3://bucket/x", options=StoreOptions(endpoint_url=f"http://127.0.0.1:{free_port()}"))
    began = time.monotonic()
    with pytest.raises(StoreError) as caught:
        store.read("a")
    assert time.monotonic() - began < 15
    assert caught.value.exit == 5
    assert "cannot be reached" in str(caught.value)
    assert "canary" not in str(caught.value) + caught.value.hint


def test_missing_credentials_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    store = open_store("s3://bucket/x", options=StoreOptions(endpoint_url="http://127.0.0.1:9"))
    with pytest.raises(StoreError, match="credentials") as caught:
        store.size("a")
    assert "AWS_ACCESS_KEY_ID" in caught.value.hint


@pytest.mark.parametrize("prefix", ["a//b", "../up", "a/./b", "back\\slash", "tab\tx", "a/.."])
def test_a_prefix_that_servers_tidy_is_no_store(prefix: str) -> None:
    with pytest.raises(ConfigError, match="prefix"):
        open_store(f"s3://bucket/{prefix}")


@pytest.mark.parametrize("prefix", ["데이터/100% sure/a+b", "a%2Fb", "?q=1&x#y", "1.10"])
def test_a_prefix_of_any_letters_keeps_what_is_written(seaweed_bucket: Any, prefix: str) -> None:
    for store in (seaweed_bucket.store(prefix), seaweed_bucket.fast_store(prefix)):
        store.delete("a/b")
        assert store.create("a/b", b"1") and store.read("a/b") == b"1" and [i.key for i in store.list("a/")] == ["a/b"]


def test_missing_bucket_is_an_error_of_the_place(moto_bucket: Any) -> None:
    store = open_store("s3://no-such-bucket/x")
    for attempt in (lambda: store.read("a"), lambda: store.create("a", b""), lambda: list(store.list(""))):
        with pytest.raises(StoreError, match="bucket does not exist"):
            attempt()


def test_wrong_secret_is_refused_without_echo(seaweed_bucket: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "canary-secret")
    store = open_store(f"s3://{seaweed_bucket.name}/x")
    for attempt in (lambda: store.read("a"), lambda: store.create("a", b"x"), lambda: list(store.list(""))):
        with pytest.raises(StoreError, match="credentials") as caught:
            attempt()
        assert "canary" not in str(caught.value) + caught.value.hint


def test_endpoint_comes_from_the_environment_too(moto_bucket: Any) -> None:
    store = open_store(f"s3://{moto_bucket.name}/x")
    assert store.create("a", b"1")
    assert store.read("a") == b"1"


def test_failed_multipart_leaves_no_upload(seaweed_bucket: Any) -> None:
    store = seaweed_bucket.store()

    def chunks() -> Iterator[bytes]:
        for _ in range(5):
            yield bytes(PART // 4)
        raise RuntimeError("the disk went away")

    with pytest.raises(RuntimeError, match="disk went away"):
        store.create_stream("big", chunks(), 3 * PART)
    found = seaweed_bucket.client.list_multipart_uploads(Bucket=seaweed_bucket.name)
    assert not found.get("Uploads")


def test_multipart_race_has_one_winner(seaweed_bucket: Any) -> None:
    from registry.testing.store_contract import together

    store = seaweed_bucket.store()
    won = together(2, lambda i: store.create_stream("big", [bytes([i]) * (PART + 1)], PART + 1))
    assert won.count(True) == 1
    assert store.read("big") == bytes([won.index(True)]) * (PART + 1)


def test_the_store_is_listed_in_pages(moto_bucket: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s3, "PAGE", 4)
    store = moto_bucket.store()
    for index in range(10):
        moto_bucket.client.put_object(Bucket=moto_bucket.name, Key=f"data/p/{index:04}", Body=b"")
    assert [found.key for found in store.list("p/")] == [f"p/{index:04}" for index in range(10)]


class _Flaky(BaseHTTPRequestHandler):
    """An object of 10 MiB behind a network that cuts each of the first answers short."""

    protocol_version = "HTTP/1.1"
    cuts: ClassVar[int] = 0
    ranges: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        wanted = re.match(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        start = int(wanted[1]) if wanted else 0
        end = int(wanted[2]) + 1 if wanted and wanted[2] else len(DATA)
        body = DATA[start:end]
        type(self).ranges.append(self.headers.get("Range", ""))
        self.send_response(206 if wanted else 200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("ETag", '"tag"')
        self.end_headers()
        if type(self).cuts:
            type(self).cuts -= 1
            self.wfile.write(body[: len(body) // 2])
            self.close_connection = True
        else:
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def flaky(monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "k")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Flaky)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    endpoint = f"http://127.0.0.1:{server.server_address[1]}"
    yield S3Store.at("s3://bucket/x", StoreOptions(endpoint_url=endpoint))
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_body_cut_short_is_taken_up_where_it_broke(flaky: Store) -> None:
    _Flaky.cuts, _Flaky.ranges = 2, []
    assert b"".join(flaky.stream("object")) == DATA
    assert len(_Flaky.ranges) == 3
    _Flaky.cuts = 1
    assert b"".join(flaky.stream("object", 5, 9_000_000)) == DATA[5:9_000_005]


def test_a_body_always_cut_short_is_an_error(flaky: Store) -> None:
    _Flaky.cuts = 99
    with pytest.raises(StoreError) as caught:
        flaky.read("object")
    assert caught.value.exit == 5
    assert not isinstance(caught.value, NotFoundError)


@pytest.mark.parametrize("kind", ["store", "fast_store"])
def test_a_document_longer_than_any_is_refused(moto_bucket: Any, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    store = getattr(moto_bucket, kind)()
    store.create("index.json", b"x" * 1001)
    store.create("registry.json", b"x" * 1000)
    monkeypatch.setattr("registry.stores.base.LONGEST", 1000)
    monkeypatch.setattr("registry.stores.obs.LONGEST", 1000)
    for read in (store.read, store.read_tagged):
        assert read("registry.json")
        with pytest.raises(StoreError, match="a document of more than"):
            read("index.json")
