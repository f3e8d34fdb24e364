"""The local store: confined, durable, quiet about its temporary files."""

from __future__ import annotations

import multiprocessing
import os
from pathlib import Path

import pytest

from registry.errors import ConfigError, NotFoundError, StoreError
from registry.stores import open_store
from registry.stores.base import exactly
from registry.stores.local import TEMPORARY, LocalStore
from registry.stores.s3 import S3Store
from registry.stores.tree import Tree, held


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore(tmp_path / "store")


def test_addresses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for url in ("file:a/b", "a/b", f"{tmp_path}/a/b", f"file:{tmp_path}/a/b", f"file://{tmp_path}/a/b"):
        opened = open_store(url)
        assert isinstance(opened, LocalStore)
        assert opened.root == tmp_path / "a/b"
        assert opened.url == f"file:{tmp_path}/a/b"
    assert not (tmp_path / "a").exists()
    s3 = open_store("s3://bucket/a/b/")
    assert isinstance(s3, S3Store)
    assert (s3.url, s3.bucket, s3.prefix) == ("s3://bucket/a/b", "bucket", "a/b/")


@pytest.mark.parametrize("url", ["", "file:", "ftp://host/x", "s3://", "s3://b/../c"])
def test_refuses_other_addresses(url: str) -> None:
    with pytest.raises(ConfigError) as caught:
        open_store(url)
    assert caught.value.hint


def test_credentials_in_an_address_are_refused_and_not_echoed() -> None:
    with pytest.raises(ConfigError) as caught:
        open_store("s3://AKIAKEY:hunter2@bucket/x")
    assert "hunter2" not in str(caught.value) + caught.value.hint
    assert "AKIAKEY" not in str(caught.value)


def test_a_planted_folder_link_leads_nowhere(store: LocalStore, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_bytes(b"secret")
    store.create("first", b"x")
    (store.root / "files").symlink_to(outside)
    with pytest.raises(StoreError):
        store.create("files/new", b"x")
    with pytest.raises(StoreError):
        store.create_stream("files/new", [b"x"], 1)
    with pytest.raises(NotFoundError):
        store.read("files/secret")
    assert store.size("files/secret") is None
    assert not store.delete("files/secret")
    assert [found.key for found in store.list("")] == ["first"]
    assert [path.name for path in outside.iterdir()] == ["secret"]


def test_a_planted_file_link_is_no_object(store: LocalStore, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"keep")
    store.root.mkdir()
    (store.root / "key").symlink_to(victim)
    (store.root / "dangling").symlink_to(tmp_path / "new")
    assert store.create("key", b"x") is False
    assert store.create("dangling", b"x") is False
    assert store.size("key") is None
    with pytest.raises(NotFoundError):
        store.read("key")
    assert victim.read_bytes() == b"keep"
    assert not (tmp_path / "new").exists()


def test_a_pipe_in_the_store_does_not_hang(store: LocalStore) -> None:
    store.root.mkdir()
    os.mkfifo(store.root / "pipe")
    with pytest.raises(NotFoundError):
        store.read("pipe")
    assert list(store.list("")) == []


def test_leftovers_are_hidden_but_can_be_listed(store: LocalStore) -> None:
    (store.root / TEMPORARY).mkdir(parents=True)
    (store.root / TEMPORARY / "1-dead").write_bytes(b"half")
    store.create("a", b"x")
    assert [found.key for found in store.list("")] == ["a"]
    assert [found.key for found in store.list(f"{TEMPORARY}/")] == [f"{TEMPORARY}/1-dead"]


def test_writes_leave_no_temporary_file(store: LocalStore) -> None:
    store.create("a", b"x")
    store.create("a", b"y")
    store.swap("a", b"z", store.read_tagged("a")[1])
    store.swap("a", b"z", "stale")
    assert list(store.list(f"{TEMPORARY}/")) == []


def test_a_file_in_the_place_of_the_store_is_an_error_of_the_place(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    store = LocalStore(tmp_path / "file")
    with pytest.raises(StoreError) as caught:
        store.create("a", b"x")
    assert (caught.value.exit, "registry doctor" in caught.value.hint) == (5, True)


def test_a_full_disk_is_an_error_of_the_place(store: LocalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(handle: int, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    store.create("before", b"x")
    monkeypatch.setattr(os, "write", full)
    for attempt in (lambda: store.create("a", b"x"), lambda: store.create_stream("a", [b"x"], 1)):
        with pytest.raises(StoreError, match="No space left"):
            attempt()
    monkeypatch.undo()
    assert [found.key for found in store.list("")] == ["before"]
    assert list(store.list(f"{TEMPORARY}/")) == []


def _claim(root: Path, barrier: object, number: int, queue: object) -> None:
    store = LocalStore(root)
    barrier.wait()  # type: ignore[attr-defined]
    won = store.create("claim", b"%d" % number)
    for _ in range(5):
        while True:
            value, tag = store.read_tagged("counter")
            if store.swap("counter", b"%d" % (int(value) + 1), tag):
                break
    queue.put((number, won))  # type: ignore[attr-defined]


def test_processes_race_as_threads_do(store: LocalStore) -> None:
    store.create("counter", b"0")
    context = multiprocessing.get_context("spawn")
    barrier, queue = context.Barrier(3), context.Queue()
    crowd = [context.Process(target=_claim, args=(store.root, barrier, n, queue)) for n in range(3)]
    for process in crowd:
        process.start()
    answers = dict(queue.get(timeout=60) for _ in crowd)
    for process in crowd:
        process.join()
    winners = [number for number, won in answers.items() if won]
    assert len(winners) == 1
    assert store.read("claim") == b"%d" % winners[0]
    assert store.read("counter") == b"15"


def test_link_shares_the_object_read_only(store: LocalStore, tmp_path: Path) -> None:
    store.create("a/b", b"hello")
    assert store.link("a/b", Tree(tmp_path / "out"), "x/y")
    linked = tmp_path / "out/x/y"
    assert linked.read_bytes() == b"hello"
    assert linked.samefile(store.root / "a/b")
    assert linked.stat().st_mode & 0o777 == 0o444
    assert store.link("none", Tree(tmp_path / "out"), "z") is False


def test_tree_walks_in_order_and_names_what_is_irregular(tmp_path: Path) -> None:
    for path in ("b/c", "a.txt", "a/z", "a0"):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_bytes(b"1")
    (tmp_path / "link").symlink_to("b")
    found = [(entry.path, entry.regular) for entry in Tree(tmp_path).files()]
    assert found == [("a.txt", True), ("a/z", True), ("a0", True), ("b/c", True), ("link", False)]
    assert list(Tree(tmp_path / "none").files()) == []


def test_exactly_lets_only_the_announced_size_pass() -> None:
    assert b"".join(exactly([b"ab", b"c"], 3, "k")) == b"abc"
    passed = []
    with pytest.raises(Exception, match="more than 2"):
        passed.extend(exactly([b"ab", b"c", b"d"], 2, "k"))
    assert passed == [b"ab"]


def test_folders_that_stay_open_are_the_same_folders(tmp_path: Path) -> None:
    import random

    draw = random.Random(3)
    paths = ["/".join(draw.choices("abc가", k=draw.randint(1, 12))) + f"/f{n}" for n in range(200)]
    with held(tmp_path) as tree:
        for path in paths:
            handle = tree.create(path)
            os.write(handle, path.encode())
            os.close(handle)
        for path in paths[::2]:
            tree.rename(path, f"moved/{path}")
        draw.shuffle(paths)
        for path in paths:
            place = path if (tmp_path / path).exists() else f"moved/{path}"
            with os.fdopen(tree.open(place), "rb") as file:
                assert file.read() == path.encode()
        before = len(list(Path("/proc/self/fd").iterdir()))
    assert len(list(Path("/proc/self/fd").iterdir())) < before
    assert len(list(Tree(tmp_path).files())) == 200
    with held(tmp_path) as tree:
        (tmp_path / "link").symlink_to(tmp_path / "moved")
        with pytest.raises(FileNotFoundError):
            tree.open(f"link/{paths[0]}")


def test_a_file_is_no_store(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_bytes(b"")
    with pytest.raises(ConfigError, match="is a file"):
        open_store(str(tmp_path / "notes.txt"))


def test_a_document_longer_than_any_is_refused(store: LocalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("registry.stores.base.LONGEST", 1000)
    store.create("index.json", b"x" * 1001)
    store.create("registry.json", b"x" * 1000)
    for read in (store.read, store.read_tagged):
        assert read("registry.json")
        with pytest.raises(StoreError, match="a document of more than"):
            read("index.json")
