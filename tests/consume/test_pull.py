"""Pull: what is released arrives, whole, or nothing does."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry.consume.pull import PullOptions, PullResult, pull
from registry.consume.verify import verify_directory
from registry.errors import EnvironmentFailed, NotFoundError, PurgedError, StateError, UsageError
from registry.model.names import Ref, Version
from registry.model.paths import problems
from registry.model.schema import Column, DatasetSchema
from registry.stewardship.purge import purge
from registry.stores.local import LocalStore
from registry.stores.tree import Tree
from registry.testing.releases import Shape, make_release

REVIEWS = Ref("reviews")
FILES = {
    "train/가나다.csv": b"id,text\n1,a\n",
    "train/b.csv": b"id,text\n2,b\n",
    "test/c.csv": b"",
    "LICENSE": b"CC-BY",
}
SPLITS = Shape(splits=("train", "test"))


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    store = LocalStore(tmp_path / "store")
    make_release(store, "reviews", "1.0", FILES, SPLITS)
    return store


def data_of(target: Path) -> dict[str, bytes]:
    """The data files of a pulled tree."""
    own = ("README.md", "croissant.json")
    found = {f.path: (target / f.path).read_bytes() for f in Tree(target).files() if f.regular}
    return {path: data for path, data in found.items() if path not in own and not path.startswith(".registry/")}


class Counting(LocalStore):
    """Notes which keys are streamed, and dies at the one that `fatal` says."""

    streamed: list[str]
    fatal: int = 10**9

    def stream(self, key: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        if key.startswith("files/") and not key.endswith(".dir"):
            self.streamed.append(key)
            if len(self.streamed) > self.fatal:
                raise KeyboardInterrupt
        yield from super().stream(key, start, length)


def test_files_that_were_edited_are_replaced_and_named(store: LocalStore, tmp_path: Path) -> None:
    first = pull(store, REVIEWS, tmp_path / "out")
    edited, lost = sorted(FILES)[:2]
    (tmp_path / "out" / edited).write_bytes(b"mine")
    (tmp_path / "out" / lost).unlink()
    again = pull(store, REVIEWS, tmp_path / "out")
    assert (first.mended, again.mended) == ((), (edited,))
    assert "mended" not in first.to_json()
    assert again.to_json()["mended"] == [edited]
    assert data_of(tmp_path / "out") == FILES


def test_the_tree_is_the_release(store: LocalStore, tmp_path: Path) -> None:
    target = tmp_path / "out" / "reviews"
    result = pull(store, REVIEWS, target)
    assert data_of(target) == FILES
    assert (target / "README.md").read_bytes() == b"# A dataset\n"
    assert {p.name for p in (target / ".registry").iterdir()} == {"manifest.json", "files.jsonl", "schema.json"}
    size = sum(map(len, FILES.values()))
    assert result == PullResult("reviews", "1.0.0", result.manifest, str(target), 4, size, 4, size, 8)
    assert result.to_json()["transferred"] == {"files": 4, "bytes": size}
    assert [path.name for path in target.parent.iterdir()] == ["reviews"]
    assert verify_directory(target).ok


def test_files_are_plain(store: LocalStore, tmp_path: Path) -> None:
    pull(store, REVIEWS, tmp_path / "out")
    umask = os.umask(0)
    os.umask(umask)
    for found in Tree(tmp_path / "out").files():
        state = (tmp_path / "out" / found.path).lstat()
        assert found.regular
        assert (state.st_mode & 0o777, state.st_nlink) == (0o644 & ~umask, 1)


def test_a_release_of_one_file(tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "store")
    made = make_release(store, "reviews", "1.0", {"리뷰.csv": b"x"}, Shape(single=True))
    assert not made.manifest.data["dvc"]["md5"].endswith(".dir")
    pull(store, REVIEWS, tmp_path / "out")
    assert data_of(tmp_path / "out") == {"리뷰.csv": b"x"}


def test_a_second_pull_moves_nothing(store: LocalStore, tmp_path: Path) -> None:
    pull(store, REVIEWS, tmp_path / "out")
    before = {f.path: (tmp_path / "out" / f.path).stat().st_mtime_ns for f in Tree(tmp_path / "out").files()}
    again = pull(store, REVIEWS, tmp_path / "out")
    assert (again.files, again.transferred_files, again.transferred_bytes) == (4, 0, 0)
    assert before == {f.path: (tmp_path / "out" / f.path).stat().st_mtime_ns for f in Tree(tmp_path / "out").files()}


def test_a_damaged_directory_is_mended(store: LocalStore, tmp_path: Path) -> None:
    out = tmp_path / "out"
    pull(store, REVIEWS, out)
    (out / "train/b.csv").write_bytes(b"id,text\n2,X\n")
    (out / "test/c.csv").unlink()
    (out / "LICENSE").unlink()
    (out / "LICENSE").symlink_to(tmp_path / "elsewhere")
    (out / "README.md").write_bytes(b"")
    (out / "notes.txt").write_bytes(b"mine")
    result = pull(store, REVIEWS, out)
    assert result.transferred_files == 3
    assert data_of(out) == {**FILES, "notes.txt": b"mine"}
    assert (out / "README.md").read_bytes() == b"# A dataset\n"
    assert not (out / "LICENSE").is_symlink()
    assert not (tmp_path / "elsewhere").exists()
    assert [p.name for p in (out / ".registry").iterdir() if p.name.startswith(".mending")] == []


def test_leftovers_of_a_killed_mending_are_removed(store: LocalStore, tmp_path: Path) -> None:
    pull(store, REVIEWS, tmp_path / "out")
    (tmp_path / "out/.registry/.mending-dead").write_bytes(b"half")
    pull(store, REVIEWS, tmp_path / "out")
    assert verify_directory(tmp_path / "out").ok


@pytest.mark.parametrize("content", ["file", "other", "broken", "target-is-file"])
def test_a_foreign_directory_is_refused(store: LocalStore, tmp_path: Path, content: str) -> None:
    out = tmp_path / "out"
    if content == "target-is-file":
        out.write_bytes(b"mine")
    elif content == "other":
        make_release(store, "reviews", "0.9", {"a": b"1"})
        pull(store, Ref("reviews", "0.9"), out)
    else:
        (out / ".registry").mkdir(parents=True)
        (out / ("mine" if content == "file" else ".registry/manifest.json")).write_bytes(b"mine")
    before = data_of(out) if out.is_dir() else out.read_bytes()
    with pytest.raises(StateError) as caught:
        pull(store, REVIEWS, out)
    assert caught.value.exit == 4
    assert "registry pull" in caught.value.hint
    assert (data_of(out) if out.is_dir() else out.read_bytes()) == before


def test_an_empty_directory_is_used(store: LocalStore, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    pull(store, REVIEWS, tmp_path / "out")
    assert data_of(tmp_path / "out") == FILES


def test_the_current_directory_is_not_swapped_away(
    store: LocalStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    with pytest.raises(UsageError, match="current directory"):
        pull(store, REVIEWS, Path())


def test_a_link_to_a_directory_is_followed_where_the_user_made_it(store: LocalStore, tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "out").symlink_to("disk")
    pull(store, REVIEWS, tmp_path / "out")
    assert data_of(tmp_path / "disk") == FILES
    assert (tmp_path / "out").is_symlink()


@pytest.mark.parametrize("fatal", [0, 1, 2, 3])
def test_an_interrupted_pull_goes_on(tmp_path: Path, fatal: int) -> None:
    store = Counting(tmp_path / "store")
    store.streamed = []
    make_release(store, "reviews", "1.0", FILES, SPLITS)
    store.fatal = fatal
    with pytest.raises(KeyboardInterrupt):
        pull(store, REVIEWS, tmp_path / "out", PullOptions(workers=1))
    assert not (tmp_path / "out").exists()
    store.streamed, store.fatal = [], 10**9
    result = pull(store, REVIEWS, tmp_path / "out", PullOptions(workers=1))
    assert len(store.streamed) == result.transferred_files == 4 - fatal
    assert data_of(tmp_path / "out") == FILES
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out", "store"]


def test_what_an_interrupted_pull_left_is_not_believed(tmp_path: Path) -> None:
    store = Counting(tmp_path / "store")
    store.streamed = []
    make_release(store, "reviews", "1.0", FILES, SPLITS)
    store.fatal = 3
    with pytest.raises(KeyboardInterrupt):
        pull(store, REVIEWS, tmp_path / "out", PullOptions(workers=1))
    (staging,) = tmp_path.glob(".out.registry-partial-*")
    (staging / "LICENSE").write_bytes(b"CC-0!")
    (staging / "stray").write_bytes(b"not of the release")
    store.fatal = 10**9
    pull(store, REVIEWS, tmp_path / "out")
    assert data_of(tmp_path / "out") == FILES


def test_the_disk_is_synced_once_before_the_swap(
    store: LocalStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bool] = []
    sync = Tree.sync
    monkeypatch.setattr(Tree, "sync", lambda tree: (seen.append((tmp_path / "out").exists()), sync(tree)))
    pull(store, REVIEWS, tmp_path / "out")
    assert seen == [False]


def test_a_full_disk_delivers_nothing(store: LocalStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(handle: int, data: Any) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(EnvironmentFailed, match="No space left"):
        pull(store, REVIEWS, tmp_path / "out")
    monkeypatch.undo()
    assert not (tmp_path / "out").exists()
    pull(store, REVIEWS, tmp_path / "out")
    assert data_of(tmp_path / "out") == FILES


def test_splits_and_globs(store: LocalStore, tmp_path: Path) -> None:
    pull(store, REVIEWS, tmp_path / "test", PullOptions(splits=("test",)))
    assert set(data_of(tmp_path / "test")) == {"test/c.csv", "LICENSE"}
    pull(store, REVIEWS, tmp_path / "glob", PullOptions(include=("*.csv",)))
    assert set(data_of(tmp_path / "glob")) == set(FILES) - {"LICENSE"}
    pull(store, REVIEWS, tmp_path / "both", PullOptions(splits=("train",), include=("*가*",)))
    assert set(data_of(tmp_path / "both")) == {"train/가나다.csv"}
    assert all(verify_directory(tmp_path / name).ok for name in ("test", "glob", "both"))


def test_a_part_grows_into_the_whole(store: LocalStore, tmp_path: Path) -> None:
    out = tmp_path / "out"
    pull(store, REVIEWS, out, PullOptions(include=("test/*",)))
    grown = pull(store, REVIEWS, out, PullOptions(include=("LICENSE",)))
    assert set(data_of(out)) == {"test/c.csv", "LICENSE"}
    assert (grown.files, grown.transferred_files) == (2, 1)
    assert verify_directory(out).ok
    whole = pull(store, REVIEWS, out)
    assert (whole.files, whole.transferred_files) == (4, 2)
    assert data_of(out) == FILES
    assert not (out / ".registry/selection.json").exists()
    assert verify_directory(out).ok


@pytest.mark.parametrize("options", [PullOptions(splits=("dev",)), PullOptions(include=("*.parquet",))])
def test_a_selection_of_nothing_is_an_error(store: LocalStore, tmp_path: Path, options: PullOptions) -> None:
    with pytest.raises(NotFoundError):
        pull(store, REVIEWS, tmp_path / "out", options)
    assert not (tmp_path / "out").exists()


def test_splits_that_are_rows_cannot_be_pulled_alone(tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "store")
    schema = DatasetSchema("reviews", (Column("s", "string", role="split"),), open=True)
    shape = Shape(schema=schema, splits=("train", "test"))
    make_release(store, "reviews", "1.0", {"a.csv": b"s\ntrain\ntest\n"}, shape)
    with pytest.raises(UsageError, match="column `s`"):
        pull(store, REVIEWS, tmp_path / "out", PullOptions(splits=("test",)))


def test_link_shares_the_stores_bytes_read_only(store: LocalStore, tmp_path: Path) -> None:
    pull(store, REVIEWS, tmp_path / "out", PullOptions(link=True))
    linked = (tmp_path / "out/train/b.csv").stat()
    assert (linked.st_nlink > 1, linked.st_mode & 0o777) == (True, 0o444)
    assert data_of(tmp_path / "out") == FILES
    assert verify_directory(tmp_path / "out").ok


def test_dry_run_writes_nothing(store: LocalStore, tmp_path: Path) -> None:
    result = pull(store, REVIEWS, tmp_path / "out", PullOptions(dry_run=True))
    assert (result.files, result.transferred_files) == (4, 4)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["store"]
    pull(store, REVIEWS, tmp_path / "out")
    (tmp_path / "out/LICENSE").unlink()
    assert pull(store, REVIEWS, tmp_path / "out", PullOptions(dry_run=True)).transferred_files == 1
    assert not (tmp_path / "out/LICENSE").exists()


def test_progress_adds_up(store: LocalStore, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    options = PullOptions(progress=lambda files, size: told.append((files, size)), workers=4)
    pull(store, REVIEWS, tmp_path / "out", options)
    present = [found.size for found in Tree(tmp_path / "out").files()]
    assert (sum(f for f, _ in told), sum(b for _, b in told)) == (len(present), sum(present))


def test_two_pulls_at_once_both_succeed(store: LocalStore, tmp_path: Path) -> None:
    from registry.testing.store_contract import together

    results = together(4, lambda _: pull(store, REVIEWS, tmp_path / "out"))
    assert {result.files for result in results} == {4}
    assert data_of(tmp_path / "out") == FILES
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out", "store"]


def test_many_pulls_of_one_store_at_once(tmp_path: Path) -> None:
    from registry.testing.store_contract import together

    store = LocalStore(tmp_path / "store")
    files = {f"train/{n % 7}/{n}.csv": b"id\n%d\n" % n for n in range(150)}
    make_release(store, "reviews", "1.0", files)
    usual = store._tree
    results = together(6, lambda n: pull(store, REVIEWS, tmp_path / f"out{n}", PullOptions(workers=1 + n % 3)))
    assert [result.transferred_files for result in results] == [150] * 6 and store._tree is usual
    assert all(data_of(tmp_path / f"out{n}") == files for n in range(6))


def test_pull_from_s3(moto_bucket: Any, tmp_path: Path) -> None:
    store = moto_bucket.store()
    make_release(store, "reviews", "1.0", FILES, SPLITS)
    assert pull(store, REVIEWS, tmp_path / "out", PullOptions(link=True)).transferred_files == 4
    assert data_of(tmp_path / "out") == FILES


names = st.text("ab가ñ ._-1", min_size=1, max_size=6)
trees = st.dictionaries(
    st.lists(names, min_size=1, max_size=3).map("/".join), st.binary(max_size=40), min_size=1, max_size=6
).filter(lambda files: not problems(files))


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
@given(trees)
def test_what_is_released_is_what_is_pulled(files: dict[str, bytes]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = LocalStore(Path(folder, "store"))
        make_release(store, "reviews", "1.0", files)
        pull(store, REVIEWS, Path(folder, "out"))
        assert data_of(Path(folder, "out")) == files
        assert verify_directory(Path(folder, "out")).ok


class PurgedMeanwhile(LocalStore):
    """Loses its release at the read of number `at`."""

    at = -1

    def stream(self, key: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        self.at -= 1
        if self.at == 0:
            purge(LocalStore(self.root), "reviews", Version(1), "동의 철회", by="Kim")
        return super().stream(key, start, length)


@pytest.mark.parametrize("at", range(1, 15))
def test_a_purge_meanwhile_is_said_and_leaves_nothing_of_it(tmp_path: Path, at: int) -> None:
    make_release(LocalStore(tmp_path / "store"), "reviews", "1.0", FILES, SPLITS)
    store = PurgedMeanwhile(tmp_path / "store")
    store.at = at
    try:
        pull(store, Ref("reviews", "1.0.0"), tmp_path / "out" / "r", PullOptions(workers=1))
    except NotFoundError as error:
        assert isinstance(error, PurgedError) and "동의 철회" in str(error)
        assert not any((tmp_path / "out").glob(".*")) and not (tmp_path / "out" / "r").exists()
    else:
        assert data_of(tmp_path / "out" / "r") == FILES
