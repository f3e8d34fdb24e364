"""Verification: every byte, in a directory and in a store."""

from __future__ import annotations

from pathlib import Path

import pytest

from registry.consume.pull import PullOptions, pull
from registry.consume.verify import Problem, verify, verify_directory, verify_release
from registry.errors import NotFoundError, PurgedError
from registry.model.names import Ref, Version
from registry.stores.layout import Standing, record
from registry.stores.local import LocalStore
from registry.testing.releases import Shape, entry_of, make_release

REVIEWS = Ref("reviews")
FILES = {"train/a.csv": b"1", "test/b.csv": b"2", "검증.csv": b"3"}


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    store = LocalStore(tmp_path / "store")
    make_release(store, "reviews", "1.0", FILES)
    return store


@pytest.fixture
def out(store: LocalStore, tmp_path: Path) -> Path:
    pull(store, REVIEWS, tmp_path / "out")
    return tmp_path / "out"


def found(out: Path, store: LocalStore | None = None) -> list[tuple[str, str]]:
    return [(problem.path, problem.kind) for problem in verify_directory(out, store=store).problems]


def test_sound(out: Path, store: LocalStore) -> None:
    result = verify(out, store)
    assert result.ok
    assert result.to_json()["checked"] == {"files": 7, "bytes": result.bytes}
    assert result.bytes == sum(p.stat().st_size for p in out.rglob("*") if p.is_file())
    assert (result.name, result.version) == ("reviews", "1.0.0")


def test_each_kind_of_problem(out: Path) -> None:
    (out / "train/a.csv").write_bytes(b"X")
    (out / "test/b.csv").unlink()
    (out / "검증.csv").unlink()
    (out / "검증.csv").symlink_to("train/a.csv")
    (out / "extra/deep").mkdir(parents=True)
    (out / "extra/deep/file").write_bytes(b"")
    (out / "link").symlink_to("train")
    (out / "README.md").write_bytes(b"")
    assert found(out) == [
        ("README.md", "changed"), ("extra/deep/file", "unexpected"), ("link", "unexpected"),
        ("test/b.csv", "missing"), ("train/a.csv", "changed"), ("검증.csv", "irregular"),
    ]  # fmt: skip
    assert verify_directory(out).to_json()["problems"][0] == {"path": "README.md", "kind": "changed"}


def test_every_file_counts(out: Path) -> None:
    for path in [p for p in out.rglob("*") if p.is_file()]:
        good = path.read_bytes()
        path.write_bytes(good[:-1] + bytes([good[-1] ^ 1]))
        problems = verify_directory(out).problems
        assert Problem(str(path.relative_to(out)), "changed") in problems, path
        path.write_bytes(good)
    assert verify_directory(out).ok


def test_a_broken_file_list_hides_nothing(out: Path) -> None:
    (out / ".registry/files.jsonl").write_bytes(b"")
    (out / "README.md").unlink()
    assert found(out) == [(".registry/files.jsonl", "changed"), ("README.md", "missing")]
    (out / ".registry/files.jsonl").unlink()
    assert (".registry/files.jsonl", "missing") in found(out)


@pytest.mark.parametrize("data", [b"", b"{}", b'{"name":"a","version":"1.0.0"}', b"[" * 9000])
def test_a_broken_manifest(out: Path, data: bytes) -> None:
    (out / ".registry/manifest.json").write_bytes(data)
    assert found(out) == [(".registry/manifest.json", "changed")]


def test_a_consistent_forgery_is_told_by_the_store(out: Path, store: LocalStore, tmp_path: Path) -> None:
    other = LocalStore(tmp_path / "forged")
    make_release(other, "reviews", "1.0", {"train/a.csv": b"forged"})
    pull(other, REVIEWS, tmp_path / "forgery")
    assert found(tmp_path / "forgery") == []
    assert found(tmp_path / "forgery", store) == [(".registry/manifest.json", "foreign")]
    assert found(out, store) == []


def test_a_part_is_verified_as_a_part(store: LocalStore, tmp_path: Path) -> None:
    part = tmp_path / "part"
    pull(store, REVIEWS, part, PullOptions(include=("t*",)))
    assert found(part) == []
    (part / "검증.csv").write_bytes(b"3")
    (part / "train/a.csv").unlink()
    assert found(part) == [("train/a.csv", "missing"), ("검증.csv", "unexpected")]
    (part / ".registry/selection.json").write_bytes(b"x")
    assert (".registry/selection.json", "changed") in found(part)


def test_no_release(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="holds no release"):
        verify_directory(tmp_path)
    with pytest.raises(NotFoundError, match="no store"):
        verify(REVIEWS)


def test_a_release_in_the_store(store: LocalStore) -> None:
    result = verify(REVIEWS, store)
    assert (result.ok, result.files) == (True, 7)
    for path, data in (("train/a.csv", b"X"), ("test/b.csv", None)):
        object_ = store.root / entry_of(path, FILES[path]).key
        object_.write_bytes(data) if data else object_.unlink()
    problems = verify_release(store, REVIEWS).problems
    assert problems == (Problem("test/b.csv", "missing"), Problem("train/a.csv", "changed"))


def test_withdrawn_releases_can_be_verified_purged_ones_not(store: LocalStore) -> None:
    at = "2026-01-01T00:00:00Z"
    record(store, "reviews", Version(1), Standing("yanked", "leak", "Kim", at, "security"))
    assert verify_release(store, Ref("reviews", "1.0.0")).ok
    record(store, "reviews", Version(1), Standing("purged", "leak", "Kim", at, "security"))
    with pytest.raises(PurgedError):
        verify_release(store, Ref("reviews", "1.0.0"))


def test_progress_and_one_file_releases(tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "one")
    make_release(store, "reviews", "1.0", {"a.csv": b"1"}, Shape(single=True))
    told: list[int] = []
    result = verify_release(store, REVIEWS, progress=lambda files, _: told.append(files))
    assert (result.ok, sum(told)) == (True, result.files)
