"""A store over plain http: what a web server says is believed as little as any other store."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from registry.consume.catalog import list_datasets, show
from registry.consume.load import load
from registry.consume.pull import pull
from registry.consume.sync import Project, lock, outdated, sync
from registry.consume.verify import verify
from registry.errors import (
    ConfigError,
    IntegrityError,
    NotFoundError,
    RegistryError,
    StoreError,
    UsageError,
    YankedError,
)
from registry.model.names import Ref, Version
from registry.stores import StoreOptions, open_store
from registry.stores.base import CHUNK
from registry.stores.layout import move_channel, record
from registry.stores.local import LocalStore
from registry.stores.standing import Standing
from registry.stores.web import WebStore
from registry.testing.releases import Shape, make_release
from registry.testing.web import Handler, WebServer
from tests.journeys.harness import Shell

REVIEWS = Ref("reviews")
FILES = {"train/가.csv": b"id,text\n1,\xea\xb0\x80\n", "test/b.csv": b"id,text\n2,b\n", "test/empty.csv": b""}
SPLITS = Shape(splits=("train", "test"))
BIG = os.urandom(CHUNK) + b"the rest"


@pytest.fixture
def origin(tmp_path: Path) -> LocalStore:
    store = LocalStore(tmp_path / "store")
    make_release(store, "reviews", "1.0", FILES, SPLITS)
    return store


@pytest.fixture(params=[True, False], ids=["parts", "no parts"])
def server(request: pytest.FixtureRequest, origin: LocalStore) -> Iterator[WebServer]:
    with WebServer(origin.root, parts=request.param) as server:
        yield server


@pytest.fixture
def store(server: WebServer) -> WebStore:
    found = open_store(server.url + "/")
    assert isinstance(found, WebStore) and found.url == server.url
    return found


def delivered(target: Path) -> dict[str, bytes]:
    return {str(f.relative_to(target)): f.read_bytes() for f in target.rglob("*.csv")}


def test_a_consumer_does_all_over_the_web(server, store, origin, tmp_path):
    released = make_release(origin, "reviews", "1.1", FILES | {"test/b.csv": BIG}, SPLITS)
    move_channel(
        origin, "reviews", "stable", Version(1), pull(store, Ref.parse("reviews@1.0"), tmp_path / "a").manifest,
        by="Kim", at="2026-01-01T00:00:00Z",
    )  # fmt: skip
    assert delivered(tmp_path / "a") == FILES
    assert pull(store, REVIEWS, tmp_path / "b").transferred_files == 1
    assert (tmp_path / "b/test/b.csv").read_bytes() == BIG
    assert pull(store, Ref.parse("reviews@stable"), tmp_path / "c").version == "1.0.0"
    [listed] = list_datasets(store)["datasets"]
    assert [v["version"] for v in listed["versions"]] == ["1.1.0", "1.0.0"] and listed["channels"] == {}
    assert show(store, REVIEWS)["manifest"] == f"sha256:{released.reference.manifest}"
    assert verify(REVIEWS, store).ok
    project = Project(tmp_path / "work", server.url)
    project.folder.mkdir()
    assert lock(project, [REVIEWS]).entries[0].store == server.url
    assert [done.result.transferred_files for done in sync(project, frozen=True)] == [0]
    assert not outdated(project)[0].behind
    assert load("reviews@1.0", "test", as_="path", store=server.url).is_dir()


def test_what_was_yanked_is_seen(store, origin, tmp_path):
    make_release(origin, "reviews", "1.1", FILES, SPLITS)
    for state in ("yanked", "restored", "yanked"):
        record(origin, "reviews", Version(1, 1), Standing(state, "이름", "Kim", "2026-01-02T00:00:00Z", "privacy"))
    assert pull(store, REVIEWS, tmp_path / "a").version == "1.0.0"
    with pytest.raises(YankedError, match="이름"):
        pull(store, Ref.parse("reviews@1.1"), tmp_path / "b")


def test_parts(store, origin):
    origin.create("objects/big", BIG)
    for start, length in ((0, None), (0, 5), (CHUNK, None), (7, CHUNK + 1), (len(BIG) - 2, 99), (len(BIG), 9), (3, 0)):
        end = None if length is None else start + length
        assert b"".join(store.stream("objects/big", start, length)) == BIG[start:end]
    assert all(len(chunk) <= CHUNK for chunk in store.stream("objects/big"))
    assert store.size("objects/big") == len(BIG) and store.size("objects/none") is None
    origin.create("objects/empty", b"")
    assert store.size("objects/empty") == 0 and store.read("objects/empty") == b""


def test_a_connection_serves_many_requests(store, server):
    made = server._server.get_request
    connections = []

    def count():
        connections.append(1)
        return made()

    server._server.get_request = count
    for _ in range(5):
        store.read("registry.json")
    assert len(connections) == 1


def test_writing_is_refused_and_the_hint_says_where(store, server, tmp_path):
    for write in (
        lambda: store.create("a", b""), lambda: store.create_stream("a", [], 0), lambda: store.swap("a", b"", None),
        lambda: store.delete("a"), lambda: make_release(store, "reviews", "2.0", FILES),
    ):  # fmt: skip
        with pytest.raises(UsageError, match="read-only") as caught:
            write()
        assert caught.value.exit == 2 and "--store s3://" in caught.value.hint
    done = Shell(tmp_path)("yank", "reviews@1.0", "--reason", "x", "--store", server.url, code=2)
    assert "is read-only" in done.err


@pytest.mark.parametrize(
    "url",
    ["https://", "http:///x", "https://kim:secret@host/x", "https://host/x?sig=secret", "https://host/#a",
     "https://host/a/../b", "http://host:0/", "http://host:99999/"],
)  # fmt: skip
def test_odd_addresses_are_refused_and_not_echoed(url):
    with pytest.raises(ConfigError) as caught:
        open_store(url)
    assert "secret" not in str(caught.value)


# --- answers that are none


def answering(server: WebServer, prefix: str, answer) -> None:
    def chosen(handler: Handler, key: str) -> bool:
        return key.startswith(prefix) and not key.endswith(".dir") and bool(answer(handler, key))

    server.answers.append(chosen)


def fails(store: WebStore, tmp_path: Path, kind: type[RegistryError], match: str) -> None:
    with pytest.raises(kind, match=match):
        pull(store, REVIEWS, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("prefix", ["registry.json", "index.json", "releases/", "objects/", "files/"])
def test_a_page_is_no_object(server, store, tmp_path, prefix):
    page = b"<!doctype html><title>Log in</title>"
    answering(server, prefix, lambda h, _: h.reply(200, page, {"Content-Type": "text/html; charset=utf-8"}))
    fails(store, tmp_path, StoreError, "a page instead of the object")


@pytest.mark.parametrize("kind", ["text/html", "application/json"])
def test_a_server_that_has_whatever_it_is_asked_for_is_left(server, store, tmp_path, monkeypatch, kind):
    monkeypatch.setattr("registry.stores.web.ENTRIES", 20)
    answering(server, "status/", lambda h, _: h.reply(200, b"<!doctype html>", {"Content-Type": kind}))
    fails(store, tmp_path, StoreError, "a page instead|whatever it is asked for")


@pytest.mark.parametrize(
    "datasets", [b"[]", b'{"reviews": 1}', b'{"reviews": {"1.0.0": {}}}', b'{"reviews": {"1.0.0": 1}}']
)
def test_a_broken_index_is_said_to_be_broken(server, store, tmp_path, datasets):
    index = b'{"format": "registry.index/1", "datasets": ' + datasets + b"}"
    answering(server, "index.json", lambda h, _: h.reply(200, index))
    fails(store, tmp_path, IntegrityError, "index.json .*is broken")


@pytest.mark.parametrize("prefix", ["registry.json", "releases/", "objects/", "files/"])
def test_a_page_that_says_it_is_none_is_no_object_either(server, store, tmp_path, prefix):
    answering(server, prefix, lambda h, _: h.reply(200, b"<!doctype html>" + b" " * 500))
    fails(store, tmp_path, IntegrityError, ".")


@pytest.mark.parametrize("status", [400, 401, 403, 418])
def test_refusals_are_told(server, store, tmp_path, status):
    answering(server, "files/", lambda h, _: h.reply(status, b"no"))
    fails(store, tmp_path, StoreError, "credentials" if status in (401, 403) else str(status))


def test_a_missing_object_is_named(server, store, tmp_path):
    answering(server, "files/", lambda h, _: h.reply(410, b"gone"))
    fails(store, tmp_path, NotFoundError, "the object of .* is nowhere")


def test_a_server_that_is_busy_is_asked_again(server, store, tmp_path):
    busy = iter([503, 429, 502])
    answering(server, "files/", lambda h, _: (code := next(busy, None)) and h.reply(code, b"", {"Retry-After": "9999"}))
    assert pull(store, REVIEWS, tmp_path / "out").files == 3


def test_an_endless_document_is_none(server, store, tmp_path, monkeypatch):
    monkeypatch.setattr("registry.stores.web.LONGEST", 100_000)

    def endless(handler: Handler, _: str) -> bool:
        handler.send_response(200)
        handler.send_header("Connection", "close")
        handler.end_headers()
        handler.close_connection = True
        try:
            for _ in range(10_000):
                handler.wfile.write(b"x" * 10_000)
        except OSError:
            return True
        raise AssertionError("somebody read all of it")

    answering(server, "index.json", endless)
    fails(store, tmp_path, StoreError, "a document of more than")


def test_endless_data_ends_at_its_size(server, store, tmp_path):
    answering(server, "files/", lambda h, _: h.reply(200, b"x" * 10_000_000))
    fails(store, tmp_path, IntegrityError, "more bytes instead of")


def test_a_body_that_breaks_off_is_gone_on_with(server, store, origin):
    origin.create("objects/big", BIG)
    cuts = iter([10, CHUNK])

    def cut(handler: Handler, _: str) -> bool:
        at = next(cuts, None)
        if at is None or handler.headers.get("Range"):
            return False
        handler.close_connection = True
        return handler.reply(200, BIG[:at], {"Content-Length": str(len(BIG))})

    answering(server, "objects/big", cut)
    assert store.read("objects/big") == BIG
    assert server.asked.count("objects/big") == 2


def test_a_body_that_always_breaks_off_is_an_error(server, store, tmp_path):
    answering(server, "files/", lambda h, _: h.reply(200, b"id", {"Content-Length": "999"}) and h.finish())
    fails(store, tmp_path, RegistryError, ".")


def test_a_shorter_length_than_promised_is_an_error(server, store, tmp_path):
    answering(server, "files/", lambda h, _: h.reply(200, b"id"))
    fails(store, tmp_path, IntegrityError, "2 bytes instead of|instead of 0")


def test_another_part_than_was_asked_for_is_refused(origin):
    with WebServer(origin.root) as server:
        answering(server, "objects/", lambda h, _: h.reply(206, b"abc", {"Content-Range": "bytes 0-2/9"}))
        with pytest.raises(StoreError, match="another part"):
            list(open_store(server.url).stream("objects/x", 4, 3))


def test_a_packed_answer_is_refused(server, store, tmp_path):
    answering(server, "files/", lambda h, _: h.reply(200, b"x", {"Content-Encoding": "gzip"}))
    fails(store, tmp_path, StoreError, "answered as gzip")


# --- redirects


def leading(server: WebServer, prefix: str, to: str) -> None:
    answering(server, prefix, lambda h, key: h.reply(302, b"", {"Location": f"{to}/{key}"}))


def test_objects_may_come_from_elsewhere_for_they_are_hashed(origin, tmp_path):
    with WebServer(origin.root) as cdn, WebServer(origin.root) as server:
        leading(server, "files/", cdn.url)
        leading(server, "objects/", cdn.url)
        pull(open_store(server.url), REVIEWS, tmp_path / "a")
        assert delivered(tmp_path / "a") == FILES
        assert cdn.sent("files/md5") and not server.sent("objects/")


@pytest.mark.parametrize("key", ["registry.json", "index.json", "releases/", "status/"])
def test_what_decides_comes_from_the_host_that_was_named(origin, tmp_path, key):
    record(origin, "reviews", Version(1), Standing("yanked", "이름", "Kim", "2026-01-02T00:00:00Z"))
    with WebServer(origin.root) as elsewhere, WebServer(origin.root) as server:
        leading(server, key, elsewhere.url)
        with pytest.raises(StoreError, match="the server leads to http://127"):
            pull(open_store(server.url), Ref.parse("reviews@1.0"), tmp_path / "a")
        assert not elsewhere.asked


@pytest.mark.parametrize("to", ["file:///etc", "ftp://host", "http://", "//[bad", "gopher://127.0.0.1:70"])
def test_odd_redirects_are_refused(origin, tmp_path, to):
    with WebServer(origin.root) as server:
        leading(server, "files/", to)
        with pytest.raises(RegistryError):
            pull(open_store(server.url), REVIEWS, tmp_path / "a")


def test_nobody_leads_from_https_to_http():
    store = WebStore.at("https://host/x", StoreOptions())
    assert store._followed("files/a", "https://host/x/files/a", "https://cdn/a") == "https://cdn/a"
    with pytest.raises(StoreError, match="leads to http://"):
        store._followed("files/a", "https://host/x/files/a", "http://host/x/files/a")
    plain = WebStore.at("http://host/x", StoreOptions())
    assert plain._followed("index.json", "http://host/x/index.json", "https://host/x/index.json")


def test_circles_end(origin, tmp_path):
    with WebServer(origin.root) as server:
        answering(server, "index.json", lambda h, key: h.reply(301, b"", {"Location": f"/{key}"}))
        with pytest.raises(StoreError, match="redirects more than"):
            pull(open_store(server.url), REVIEWS, tmp_path / "a")
        assert len(server.asked) < 10


# --- nobody there


def test_no_store_there(tmp_path):
    with WebServer(tmp_path) as server, pytest.raises(StoreError, match=r"it has no index\.json"):
        pull(open_store(server.url), REVIEWS, tmp_path / "a")


def test_nobody_answers(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(StoreError, match="nobody answers there") as caught:
        pull(open_store(f"http://127.0.0.1:{port}"), REVIEWS, tmp_path / "a")
    assert caught.value.exit == 5


def test_a_silent_server_is_left(origin, tmp_path):
    silent = threading.Event()
    with WebServer(origin.root) as server:
        answering(server, "files/", lambda *_: silent.wait(20) or True)
        store = WebStore.at(server.url, StoreOptions(timeout=0.1))
        store._pool.connection_pool_kw["retries"].total = 0
        with pytest.raises(StoreError, match="timeout"):
            list(store.stream("files/md5/aa/b"))
        silent.set()


def test_a_proxy_of_the_environment_is_used(origin, monkeypatch):
    with WebServer(origin.root) as proxy:
        answering(proxy, "", lambda h, key: h.reply(200, h.path.encode()))
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.delenv("no_proxy", raising=False)
        assert (
            open_store("http://data.example.org/x").read("registry.json") == b"http://data.example.org/x/registry.json"
        )
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        with WebServer(origin.root) as server:
            assert b"registry.store/1" in open_store(server.url).read("registry.json")
