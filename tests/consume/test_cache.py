"""The cache: what was moved once is not moved again, and what is wrong in it never arrives."""

from __future__ import annotations

import errno
import fcntl
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from registry.consume.cache import Cache
from registry.consume.contents import Item
from registry.consume.load import load
from registry.consume.origin import Origin, PullOptions
from registry.consume.pull import PullResult, place, pull
from registry.consume.resolve import resolve
from registry.consume.shelf import LOCKS, Shelf
from registry.consume.sync import Project, lock, sync
from registry.consume.upkeep import STALE, inventory, prune
from registry.consume.verify import verify_directory
from registry.errors import NotFoundError, RegistryWarning
from registry.model.names import Ref
from registry.model.release import object_key
from registry.stores.base import CHUNK
from registry.stores.layout import move_channel
from registry.stores.local import LocalStore
from registry.testing.releases import Shape, entry_of, make_release
from registry.testing.web import WebServer
from tests.journeys.harness import Shell

REVIEWS = Ref("reviews")
FIRST = {f"train/{n:03}.csv": f"id,text\n{n},후기 {n}\n".encode() for n in range(99)} | {"test/가.csv": b"id\n1\n"}
SECOND = FIRST | {"train/007.csv": b"id,text\n7,changed\n"}
SPLITS = Shape(splits=("train", "test"))


class Remote(LocalStore):
    """A store that passes for a remote one, and counts what it sends of the data; `late` is waited for first."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.url = "s3://bucket/datasets"
        self.sent: list[str] = []
        self.late = threading.Event()
        self.late.set()

    def stream(self, key: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        if key.startswith("files/") and not key.endswith(".dir"):
            assert self.late.wait(30)
            self.sent.append(key)
        yield from super().stream(key, start, length)


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Remote:
    monkeypatch.setenv("REGISTRY_CACHE", str(tmp_path / "cache"))
    store = Remote(tmp_path / "store")
    make_release(store, "reviews", "1.0", FIRST, SPLITS)
    store.sent.clear()
    return store


@pytest.fixture
def shelf(tmp_path: Path, store: Remote) -> Shelf:
    return Shelf(tmp_path / "cache")


def object_of(tmp_path: Path, data: bytes) -> Path:
    return tmp_path / "cache" / object_key(entry_of("x", data).sha256)


def delivered(target: Path) -> dict[str, bytes]:
    return {str(f.relative_to(target)): f.read_bytes() for f in target.rglob("*.csv")}


def test_a_later_release_moves_only_what_changed(store, tmp_path):
    assert pull(store, REVIEWS, tmp_path / "a").transferred_files == 100
    make_release(store, "reviews", "1.1", SECOND, SPLITS)
    make_release(store, "reviews", "1.1.1", SECOND, Shape(splits=("train", "test"), title="Only documents"))
    store.sent.clear()
    changed = pull(store, Ref.parse("reviews@1.1"), tmp_path / "b")
    assert (changed.transferred_files, changed.brought_files > 100, len(store.sent)) == (1, True, 1)
    assert delivered(tmp_path / "b") == SECOND and verify_directory(tmp_path / "b").ok
    documents = pull(store, REVIEWS, tmp_path / "c")
    assert (documents.version, documents.transferred_bytes, len(store.sent)) == ("1.1.1", 0, 1)
    assert pull(store, REVIEWS, tmp_path / "d", PullOptions(dry_run=True)).transferred_files == 0


def test_what_is_pulled_is_a_file_of_its_own(store, tmp_path):
    pull(store, REVIEWS, tmp_path / "a")
    pull(store, REVIEWS, tmp_path / "b")
    for name in "ab":
        (tmp_path / name / "test/가.csv").write_bytes(b"edited")
    assert delivered(tmp_path / "b") | {"test/가.csv": FIRST["test/가.csv"]} == FIRST
    assert object_of(tmp_path, FIRST["test/가.csv"]).read_bytes() == FIRST["test/가.csv"]


def test_links_are_read_only_and_one_with_the_object(store, tmp_path):
    for name in "ab":  # the first makes the objects of the files, the second files of the objects
        pull(store, REVIEWS, tmp_path / name, PullOptions(link=True))
        file = tmp_path / name / "test/가.csv"
        assert file.samefile(object_of(tmp_path, FIRST["test/가.csv"])) and file.stat().st_mode & 0o777 == 0o444
    assert len(store.sent) == 100


@pytest.mark.parametrize("broken", [b"id\n2\n", b"id\n", b"", b"id\n1\nand more"])
@pytest.mark.parametrize("link", [False, True])
def test_a_wrong_object_is_never_delivered_and_moved_again(store, tmp_path, broken, link):
    pull(store, REVIEWS, tmp_path / "a")
    wrong = object_of(tmp_path, FIRST["test/가.csv"])
    wrong.chmod(0o644)
    wrong.write_bytes(broken)
    again = pull(store, REVIEWS, tmp_path / "b", PullOptions(link=link))
    assert (again.transferred_files, again.warning) == (1, None)
    assert delivered(tmp_path / "b") == FIRST
    assert wrong.read_bytes() == FIRST["test/가.csv"]


def test_a_directory_in_the_place_of_an_object_is_no_object(store, tmp_path):
    object_of(tmp_path, FIRST["test/가.csv"]).mkdir(parents=True)
    result = pull(store, REVIEWS, tmp_path / "a")
    assert delivered(tmp_path / "a") == FIRST and "cannot be written" in str(result.warning)


def failing(monkeypatch, code: int, *, of: str) -> None:
    """Every attempt to write (`write_all`) or to make a file or folder (`open`) below the cache fails."""
    real = os.write if of == "write" else os.open

    def write(handle, data):
        if "/cache/" in str(Path(f"/proc/self/fd/{handle}").readlink()):
            raise OSError(code, os.strerror(code))
        return real(handle, data)

    def open_(path, flags, *rest, dir_fd=None, **others):
        where = str(Path(f"/proc/self/fd/{dir_fd}").readlink() if dir_fd is not None else path)
        if flags & os.O_CREAT and "/cache" in where:
            raise OSError(code, os.strerror(code))
        return real(path, flags, *rest, dir_fd=dir_fd, **others)

    monkeypatch.setattr(os, of, write if of == "write" else open_)


@pytest.mark.parametrize(("code", "of"), [(errno.ENOSPC, "write"), (errno.EROFS, "open"), (errno.EDQUOT, "write")])
def test_a_cache_that_cannot_be_written_is_a_warning(store, tmp_path, monkeypatch, code, of):
    pull(store, Ref.parse("reviews@1.0"), tmp_path / "a")
    make_release(store, "reviews", "1.1", SECOND, SPLITS)
    failing(monkeypatch, code, of=of)
    result = pull(store, REVIEWS, tmp_path / "b")
    assert result.transferred_files == 1
    assert str(result.warning).startswith(f"the cache {tmp_path}/cache cannot be written: {os.strerror(code)}")
    assert delivered(tmp_path / "b") == SECOND
    monkeypatch.undo()
    assert not list((tmp_path / "cache/.tmp").iterdir())


def test_a_channel_is_pulled_though_it_cannot_be_remembered(store, tmp_path, monkeypatch):
    released = resolve(store, REVIEWS)
    move_channel(
        store, "reviews", "stable", released.version, released.reference.manifest, by="Kim", at="2026-01-01T00:00:00Z"
    )
    (tmp_path / "cache").write_text("no directory")
    result = pull(store, Ref.parse("reviews@stable"), tmp_path / "a")
    assert "how far stable is, is not kept" in str(result.warning) and delivered(tmp_path / "a") == FIRST


def test_nothing_is_kept_on_request_and_of_a_local_store(store, tmp_path):
    pull(store, REVIEWS, tmp_path / "a", PullOptions(keep=False))
    pull(LocalStore(store.root), REVIEWS, tmp_path / "b")
    assert not (tmp_path / "cache").exists()


def test_blocks_are_shared_where_the_file_system_can(store, tmp_path, monkeypatch):
    pull(store, REVIEWS, tmp_path / "a")
    calls = []

    def clone(handle, request, source):
        calls.append(request)
        with os.fdopen(os.dup(source), "rb") as file:
            os.write(handle, file.read())

    monkeypatch.setattr(fcntl, "ioctl", clone)
    assert pull(store, REVIEWS, tmp_path / "b").transferred_files == 0
    assert delivered(tmp_path / "b") == FIRST and calls == [0x40049409] * len(calls) and len(calls) > 100

    def cannot(*_):
        calls.append(0)
        raise OSError(errno.EOPNOTSUPP, "not supported")

    calls.clear()
    monkeypatch.setattr(fcntl, "ioctl", cannot)
    pull(store, REVIEWS, tmp_path / "c", PullOptions(workers=1))
    assert delivered(tmp_path / "c") == FIRST and len(calls) == 1


def test_offline_pull_and_sync_from_what_was_pulled(store, tmp_path, monkeypatch):
    monkeypatch.setattr("registry.consume.origin.open_default_store", lambda start, url: store)
    monkeypatch.setattr("registry.consume.sync.open_default_store", lambda start, url: store)
    pull(store, REVIEWS, tmp_path / "a", PullOptions(splits=("test",)))
    project = Project(tmp_path / "work", store.url)
    project.folder.mkdir()
    lock(project, [REVIEWS])

    monkeypatch.setenv("REGISTRY_OFFLINE", "1")
    store.late.clear()  # asked now, it would not answer

    def offline(target: str, *splits: str) -> PullResult:
        options = PullOptions(splits=splits, workers=2)
        return place(Origin.find(tmp_path, store.url, REVIEWS, options), tmp_path / target, options)

    assert offline("b", "test").transferred_files == 0
    assert verify_directory(tmp_path / "b").ok and list(delivered(tmp_path / "b")) == ["test/가.csv"]
    with pytest.raises(NotFoundError, match=r"train/\d+\.csv is not in the cache, and REGISTRY_OFFLINE"):
        offline("c")
    assert not (tmp_path / "c").exists()
    with pytest.raises(NotFoundError, match="is not in the cache"):
        list(sync(project, frozen=True))

    monkeypatch.delenv("REGISTRY_OFFLINE")
    store.late.set()
    assert [done.result.transferred_files for done in sync(project, frozen=True)] == [99]
    monkeypatch.setenv("REGISTRY_OFFLINE", "1")
    store.late.clear()
    assert [done.state for done in sync(project, frozen=True)] == ["unchanged"]
    assert offline("c").files == 100 and delivered(tmp_path / "c") == FIRST
    object_of(tmp_path, FIRST["test/가.csv"]).chmod(0o644)
    object_of(tmp_path, FIRST["test/가.csv"]).write_bytes(b"id\n2\n")
    with pytest.raises(NotFoundError, match=r"가\.csv is not in the cache"):
        offline("d")


def test_sync_takes_from_the_earlier_release_and_from_the_cache(store, tmp_path, monkeypatch):
    monkeypatch.setattr("registry.consume.origin.open_default_store", lambda start, url: store)
    monkeypatch.setattr("registry.consume.sync.open_default_store", lambda start, url: store)
    project = Project(tmp_path / "work", store.url)
    project.folder.mkdir()
    lock(project, [REVIEWS])
    list(sync(project))
    make_release(store, "reviews", "1.1", SECOND, SPLITS)
    prune(tmp_path / "cache", limit=0, delete=True)
    store.sent.clear()
    lock(project, [REVIEWS])
    [done] = sync(project, frozen=True)
    assert (done.state, done.result.transferred_files, len(store.sent)) == ("replaced", 1, 1)
    (project.folder / "reviews/train/007.csv").unlink()
    [done] = sync(project, frozen=True)
    assert (done.state, done.result.transferred_files) == ("pulled", 0)


def test_a_loaded_tree_is_linked_to_the_objects(store, tmp_path, monkeypatch):
    monkeypatch.setattr("registry.consume.origin.open_default_store", lambda start, url: store)
    root = load("reviews", as_="path", store=store.url)
    assert (root / "test/가.csv").samefile(object_of(tmp_path, FIRST["test/가.csv"]))
    (root / "test/가.csv").chmod(0o644)
    (root / "test/가.csv").write_bytes(b"id\n2\n")
    assert load("reviews", as_="path", store=store.url) == root and delivered(root) == FIRST
    (tmp_path / "cache/.tmp").rmdir()
    (tmp_path / "cache/.tmp").write_text("in the way")
    (root / "test/가.csv").unlink()
    assert load("reviews", as_="path", store=store.url) == root and delivered(root) == FIRST


def test_a_load_hears_of_trouble(store, tmp_path, monkeypatch):
    monkeypatch.setattr("registry.consume.origin.open_default_store", lambda start, url: store)
    load("reviews", as_="path", store=store.url)
    failing(monkeypatch, errno.EROFS, of="open")
    (tmp_path / "cache/references").rename(tmp_path / "elsewhere")
    monkeypatch.setattr(Path, "mkdir", lambda *_, **__: (_ for _ in ()).throw(OSError(errno.EROFS, "read-only")))
    with pytest.warns(RegistryWarning, match="cannot be written"):
        assert load("reviews", as_="path", store=store.url).is_dir()


# --- several at once


def test_who_comes_second_waits_and_moves_nothing(store, tmp_path):
    store.late.clear()
    results: list[PullResult] = []
    threads = [
        threading.Thread(target=lambda n=n: results.append(pull(store, REVIEWS, tmp_path / f"t{n}"))) for n in range(4)
    ]
    for thread in threads:
        thread.start()
    store.late.set()
    for thread in threads:
        thread.join()
    assert len(store.sent) == 100 and sum(result.transferred_files for result in results) == 100
    assert all(delivered(tmp_path / f"t{n}") == FIRST for n in range(4))


@pytest.mark.parametrize("code", [errno.EBADF, errno.ENOLCK, errno.EOPNOTSUPP])
def test_without_locks_all_arrives_all_the_same(store, tmp_path, monkeypatch, code):
    def no_locks(*_):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(fcntl, "flock", no_locks)
    targets = [tmp_path / "same", tmp_path / "same", tmp_path / "other"]
    threads = [threading.Thread(target=pull, args=(store, REVIEWS, target)) for target in targets]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert delivered(tmp_path / "same") == delivered(tmp_path / "other") == FIRST
    assert sorted(p.name for p in tmp_path.iterdir() if "partial" in p.name and any(p.iterdir())) == []


def test_who_does_not_end_is_not_waited_for_for_ever(shelf, monkeypatch):
    monkeypatch.setattr("registry.consume.shelf.PATIENCE", 0.05)
    item = Item.of("a", b"x")
    with shelf.claim(item, lambda: False), shelf.claim(item, lambda: False):
        assert (shelf.root / LOCKS / item.sha256[:2]).is_file()
    with shelf.claim(item, lambda: False), shelf.claim(item, lambda: True):
        assert not shelf.trouble


def test_a_killed_writer_leaves_no_object(shelf, tmp_path):
    item = Item.of("a", b"x" * 100)
    code = (
        "import os, sys; from pathlib import Path; from registry.consume.shelf import Shelf\n"
        "from registry.consume.contents import Item\n"
        "with Shelf(Path(sys.argv[1])).keeping(Item.of('a', b'x' * 100)) as keep:\n"
        "    keep(b'x' * 50); os._exit(9)\n"
    )
    assert subprocess.run([sys.executable, "-c", code, str(shelf.root)], check=False).returncode == 9
    assert not shelf.holds(item) and shelf.stream(item) is None
    [left] = (shelf.root / ".tmp").iterdir()
    assert [kept.path for kept in prune(shelf.root).removed] == []  # it may still be at work
    os.utime(left, (0, 0))
    assert [kept.path for kept in prune(shelf.root, delete=True).removed] == [left]
    assert not left.exists()


# --- list and prune


def test_prune_removes_what_was_not_used_for_longest(store, tmp_path, monkeypatch):
    monkeypatch.setattr("registry.consume.origin.open_default_store", lambda start, url: store)
    pull(store, REVIEWS, tmp_path / "a")
    load("reviews", as_="path", store=store.url)
    found = inventory(tmp_path / "cache")
    assert [(r.name, r.version, r.store, r.tree) for r in found.releases] == [("reviews", "1.0.0", store.url, True)]
    root = found.trees[0].path
    own = sum((root / ".registry" / name).stat().st_size for name in ("manifest.json", "files.jsonl"))
    assert [kept.bytes for kept in found.trees] == [own]
    assert found.bytes == own + sum(kept.bytes for kept in found.objects)
    for kept in found.objects:
        os.utime(kept.path, (1000, 1000))
    used = object_of(tmp_path, FIRST["test/가.csv"])
    os.utime(used, (2000, 2000))
    assert prune(tmp_path / "cache", limit=100).dry_run and used.exists() and found.trees[0].path.exists()
    done = prune(tmp_path / "cache", limit=used.stat().st_size, delete=True)
    assert done.kept_bytes <= used.stat().st_size and used.exists()
    after = inventory(tmp_path / "cache")
    assert [kept.path for kept in after.objects] == [used] and not after.trees and not after.releases
    assert pull(store, REVIEWS, tmp_path / "b").transferred_files == 99


def test_what_was_on_its_way_to_the_hub_is_a_leftover_after_a_day(tmp_path):
    folder = tmp_path / "publishing" / ("0" * 64)
    folder.mkdir(parents=True)
    (folder / "a.csv").write_bytes(b"12345")
    assert not inventory(tmp_path).leftovers
    old = (folder / "a.csv").stat().st_mtime - 2 * STALE
    for path in (folder / "a.csv", folder):
        os.utime(path, (old, old))
    assert [(kept.path, kept.bytes) for kept in inventory(tmp_path).leftovers] == [(folder, 5)]
    assert prune(tmp_path, delete=True).to_json()["removed"] == {"count": 1, "bytes": 5}
    assert not folder.exists()


def test_the_commands(store, tmp_path):
    pull(store, REVIEWS, tmp_path / "a")
    shell = Shell(tmp_path)
    listed = shell("cache", "list", "--json").json
    assert listed["objects"]["count"] > 100 and [r["version"] for r in listed["releases"]] == ["1.0.0"]
    assert shell("cache", "prune", "--max-size", "0", "--json").json["dry_run"]
    assert "Nothing was changed" in shell("cache", "prune", "--max-size", "0").err
    assert shell("cache", "prune", "--max-size", "0", "--delete", "--json").json["kept"] == {"bytes": 0}
    assert shell("cache", "list", "--json").json["bytes"] == 0
    assert shell("cache", "prune", "--max-size", "lots", code=2).err


def test_large_objects_are_kept_in_chunks(store, tmp_path):
    big = os.urandom(CHUNK) * 2 + b"end"
    make_release(store, "big", "1.0", {"a.csv": big})
    pull(store, Ref("big"), tmp_path / "a")
    assert object_of(tmp_path, big).stat().st_size == len(big)
    assert pull(store, Ref("big"), tmp_path / "b").transferred_files == 0
    assert (tmp_path / "b/a.csv").read_bytes() == big
    assert Cache.default().root == tmp_path / "cache"


@pytest.mark.slow
def test_sixteen_processes_move_the_bytes_once(tmp_path, monkeypatch):
    monkeypatch.setenv("REGISTRY_CACHE", str(tmp_path / "cache"))
    big = b"id,text\n" + b"".join(f"{n},후기 {n}\n".encode() for n in range(20_000))
    files = {"train/big.csv": big, "train/b.csv": b"id,text\n-1,b\n", "test/c.csv": b"id,text\n0,c\n"}
    make_release(LocalStore(tmp_path / "store"), "reviews", "1.0", files, SPLITS)
    with WebServer(tmp_path / "store") as server:
        command = [sys.executable, str(Path(__file__).with_name("crowd.py")), server.url, "train"]
        done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2],
                              env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])})  # fmt: skip
        listing = next(key for key in server.counts if key.endswith(".dir"))
        assert server.sent("files/") - server.sent(listing) == sum(map(len, files.values()))
    assert len(done.stdout.split()) == 16 and len(set(done.stdout.split())) == 1
