"""Objects, references, standings, channels and the index of a registry."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest

from registry.errors import IntegrityError, MovedError, NotFoundError, StoreError, VersionExistsError
from registry.model.digest import canonical, sha256_of
from registry.model.names import Version
from registry.model.release import Reference, object_key, reference_key
from registry.stores import Store, layout
from registry.stores.index import INDEX_KEY, Listed
from registry.stores.layout import ROOT_KEY, Standing
from registry.stores.local import LocalStore
from registry.testing.releases import Shape, entry_of, make_release
from registry.testing.store_contract import together

AT = "2026-01-01T00:00:00Z"
V1, V2 = Version(1), Version(2)


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    store = LocalStore(tmp_path / "store")
    layout.open_registry(store, write=True)
    return store


def overwrite(store: LocalStore, key: str, data: bytes) -> None:
    path = store.root / key
    path.chmod(0o644)
    path.write_bytes(data)


def never() -> list[bytes]:
    raise AssertionError("the source was read")


# registry.json


def test_a_registry_is_marked_once(store: LocalStore) -> None:
    before = store.read(ROOT_KEY)
    layout.open_registry(store, write=True)
    layout.open_registry(store)
    assert store.read(ROOT_KEY) == before
    document = json.loads(before)
    assert document["probe"] == {"create_only": True, "compare_and_swap": True}


def test_an_empty_place_is_left_alone_by_readers(tmp_path: Path) -> None:
    layout.open_registry(LocalStore(tmp_path / "none"))
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("write", [False, True])
def test_a_newer_format_says_what_to_do(store: LocalStore, write: bool) -> None:
    overwrite(store, ROOT_KEY, canonical({"format": "registry.store/2"}))
    with pytest.raises(StoreError, match="newer format") as caught:
        layout.open_registry(store, write=write)
    assert "pip install -U" in caught.value.hint


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"format": 1}', b"\xff", b"[" * 5000])
def test_a_foreign_marker_is_refused(store: LocalStore, data: bytes) -> None:
    overwrite(store, ROOT_KEY, data)
    with pytest.raises(IntegrityError):
        layout.open_registry(store)


# objects


def test_documents_are_written_once_and_verified(store: LocalStore) -> None:
    assert layout.put_document(store, b"hello") is True
    assert layout.put_document(store, b"hello") is False
    digest = sha256_of(b"hello")
    assert layout.read_object(store, digest) == b"hello"
    overwrite(store, object_key(digest), b"hellO")
    with pytest.raises(IntegrityError, match=digest[2:]):
        layout.read_object(store, digest)
    with pytest.raises(IntegrityError):
        layout.put_document(store, b"hello")


def test_a_file_is_written_once(store: LocalStore) -> None:
    entry = entry_of("a.csv", b"hello")
    assert layout.put_file(store, entry, lambda: [b"he", b"llo"]) is True
    assert store.read(entry.key) == b"hello"
    assert layout.put_file(store, entry, never) is False


def test_an_existing_object_is_not_believed(store: LocalStore) -> None:
    entry = entry_of("a.csv", b"hello")
    store.create(entry.key, b"hellO")
    with pytest.raises(IntegrityError) as caught:
        layout.put_file(store, entry, never)
    assert caught.value.exit == 3
    assert caught.value.fields["path"] == "a.csv"
    known = {(entry.md5, entry.sha256, entry.size)}
    assert layout.put_file(store, entry, never, known) is False


def test_an_object_of_another_size_is_not_believed_even_if_known(store: LocalStore) -> None:
    entry = entry_of("a.csv", b"hello")
    store.create(entry.key, b"hello and more")
    with pytest.raises(IntegrityError):
        layout.put_file(store, entry, never, {(entry.md5, entry.sha256, entry.size)})


def test_two_files_of_one_md5_are_never_mixed_up(store: LocalStore) -> None:
    one = entry_of("a", b"one")
    layout.put_file(store, one, lambda: [b"one"])
    colliding = replace(entry_of("b", b"two"), md5=one.md5)
    with pytest.raises(IntegrityError):
        layout.put_file(store, colliding, lambda: [b"two"])
    assert store.read(one.key) == b"one"


@pytest.mark.parametrize("data", [b"hellO", b"hell", b"hello!", b""])
def test_a_source_that_moved_leaves_nothing(store: LocalStore, data: bytes) -> None:
    entry = entry_of("a.csv", b"hello")
    with pytest.raises(MovedError) as caught:
        layout.put_file(store, entry, lambda: [data])
    assert caught.value.fields["path"] == "a.csv"
    assert store.size(entry.key) is None


def test_the_tree_object_is_that_of_dvc(store: LocalStore) -> None:
    data = b'[{"md5": "x", "relpath": "a"}]'
    md5 = hashlib.md5(data, usedforsecurity=False).hexdigest()
    assert layout.put_tree_object(store, md5 + ".dir", data) is True
    assert layout.put_tree_object(store, md5, data) is False
    assert store.read(f"files/md5/{md5[:2]}/{md5[2:]}.dir") == data
    with pytest.raises(IntegrityError):
        layout.put_tree_object(store, md5, data + b" ")
    overwrite(store, layout.tree_key(md5), b"[]")
    with pytest.raises(IntegrityError):
        layout.put_tree_object(store, md5, data)


class Swept(LocalStore):
    """A store in which a sweep removes each object between the answer that it exists and its reading."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.swept: set[str] = set()

    def create(self, key: str, data: bytes) -> bool:
        created = super().create(key, data)
        if not created:
            self._sweep(key)
        return created

    def size(self, key: str) -> int | None:
        size = super().size(key)
        if size is not None:
            self._sweep(key)
        return size

    def _sweep(self, key: str) -> None:
        if key not in self.swept:
            self.swept.add(key)
            self.delete(key)


def test_what_a_sweep_takes_away_while_it_is_looked_at_is_put_again(tmp_path: Path) -> None:
    store = Swept(tmp_path / "store")
    entry, data = entry_of("a.csv", b"hello"), b'[{"md5": "x", "relpath": "a"}]'
    md5 = hashlib.md5(data, usedforsecurity=False).hexdigest()
    for key, there in ((entry.key, b"hello"), (object_key(sha256_of(data)), data), (layout.tree_key(md5), data)):
        LocalStore.create(store, key, there)
    assert layout.put_file(store, entry, lambda: [b"hello"])
    assert layout.put_document(store, data)
    assert layout.put_tree_object(store, md5, data)
    assert len(store.swept) == 3
    assert store.read(entry.key) == b"hello"
    assert store.read(object_key(sha256_of(data))) == store.read(layout.tree_key(md5)) == data


# references


def reference(content: str = "1", by: str = "Kim") -> Reference:
    return Reference(manifest="0" * 64, content=content * 64, by=by, at=AT)


def test_a_version_is_released_once(store: LocalStore) -> None:
    assert layout.publish_reference(store, "reviews", V1, reference()) is True
    assert layout.publish_reference(store, "reviews", V1, reference()) is True  # the same call, repeated
    assert layout.publish_reference(store, "reviews", V1, reference(by="Lee")) is False
    with pytest.raises(VersionExistsError) as caught:
        layout.publish_reference(store, "reviews", V1, reference("2"))
    assert caught.value.exit == 4
    assert "Kim" in str(caught.value)
    assert layout.read_reference(store, "reviews", V1).by == "Kim"


def test_racing_publishers_have_one_winner(store: LocalStore) -> None:
    def publish(index: int) -> bool:
        try:
            return layout.publish_reference(store, "reviews", V1, reference(str(index)))
        except VersionExistsError:
            return False

    won = together(8, publish)
    assert won.count(True) == 1
    assert layout.read_reference(store, "reviews", V1).content == str(won.index(True)) * 64


def test_everything_is_flushed_before_the_commit_point(store: LocalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    create = store.create
    monkeypatch.setattr(store, "flush", lambda: seen.append("flush"))
    monkeypatch.setattr(store, "create", lambda key, data: seen.append(key) or create(key, data))
    layout.publish_reference(store, "reviews", V1, reference())
    assert seen == ["flush", reference_key("reviews", V1)]


def test_versions_ascend_and_foreign_files_do_not_count(store: LocalStore) -> None:
    for text in ("1.10", "1.2", "2.0.0-rc.1", "1.9"):
        layout.publish_reference(store, "reviews", Version.parse(text), reference())
    layout.publish_reference(store, "reviews-ko", V1, reference())
    store.create("releases/reviews/notes.txt", b"")
    store.create("releases/Not A Name/1.0.0.json", b"")
    assert [str(v) for v in layout.versions(store, "reviews")] == ["1.2.0", "1.9.0", "1.10.0", "2.0.0-rc.1"]
    assert list(layout.names(store)) == ["reviews", "reviews-ko"]
    assert list(layout.references(store, "reviews")) == layout.versions(store, "reviews")


def test_the_manifest_must_be_the_one_of_the_reference(store: LocalStore) -> None:
    made = make_release(store, "reviews", "1.0", {"a.csv": b"1"})
    manifest, raw = layout.read_manifest(store, "reviews", V1, made.reference)
    assert (manifest, raw) == (made.manifest, made.raw)
    with pytest.raises(IntegrityError, match="another content"):
        layout.read_manifest(store, "reviews", V1, replace(made.reference, content="9" * 64))
    with pytest.raises(IntegrityError, match="belongs to"):
        layout.read_manifest(store, "reviews", V2, made.reference)


# standings and channels


def test_the_last_standing_counts_and_a_purge_is_final(store: LocalStore) -> None:
    log = [Standing("yanked", "labels are wrong", "Kim", AT), Standing("restored", "checked", "Kim", AT)]
    keys = [layout.record(store, "reviews", V1, entry) for entry in log]
    assert keys == ["status/reviews/1.0.0/000001.json", "status/reviews/1.0.0/000002.json"]
    assert layout.standings(store, "reviews") == {V1: log[1]}
    assert not log[1].withdrawn
    layout.record(store, "reviews", V2, purged := Standing("purged", "personal data", "Kim", AT, "privacy"))
    layout.record(store, "reviews", V2, Standing("restored", "oops", "Kim", AT))
    assert layout.standings(store, "reviews")[V2] == purged
    assert purged.refused


def test_racing_records_all_stay(store: LocalStore) -> None:
    keys = together(6, lambda i: layout.record(store, "reviews", V1, Standing("yanked", f"reason {i}", "Kim", AT)))
    assert len(set(keys)) == 6


@pytest.mark.parametrize("change", [{"state": "gone"}, {"severity": "minor"}, {"reason": 1}, {"format": "x"}])
def test_a_broken_standing_is_not_overlooked(store: LocalStore, change: dict[str, object]) -> None:
    document = Standing("yanked", "why", "Kim", AT).to_json() | change
    store.create("status/reviews/1.0.0/000001.json", canonical(document))
    with pytest.raises(IntegrityError):
        layout.standings(store, "reviews")


def test_channels_move_and_count(store: LocalStore) -> None:
    move = {"by": "Kim", "at": AT}
    first = layout.move_channel(store, "reviews", "stable", V1, "a" * 64, **move)
    again = layout.move_channel(store, "reviews", "stable", V1, "a" * 64, **move)
    second = layout.move_channel(store, "reviews", "stable", V2, "b" * 64, **move)
    assert (first.sequence, again.sequence, second.sequence, second.previous) == (1, 1, 2, "1.0.0")
    assert layout.channels(store, "reviews") == {"stable": second}
    assert layout.channels(store, "other") == {}


def test_racing_channel_moves_all_count(store: LocalStore) -> None:
    moved = together(
        6, lambda i: layout.move_channel(store, "reviews", "stable", Version(i), f"{i}" * 64, by="Kim", at=AT)
    )
    assert sorted(channel.sequence for channel in moved) == [1, 2, 3, 4, 5, 6]


# the index


def test_the_index_spares_reading_references(store: LocalStore) -> None:
    made = [make_release(store, "reviews", v, {"a": v.encode()}, Shape(title=f"리뷰 {v}")) for v in ("1.0", "1.1")]
    expected = {
        release.version: Listed(release.reference.manifest, AT, release.reference.by, release.manifest.title)
        for release in made
    }
    assert layout.catalogue(store) == {"reviews": expected}
    overwrite(store, reference_key("reviews", V1), b"unread")
    assert layout.catalogue(store) == {"reviews": expected}


@pytest.mark.parametrize("broken", [b"", b"{}", b'{"format":"registry.index/1","datasets":{"reviews":[]}}', b"\0"])
def test_a_broken_index_costs_time_only(store: LocalStore, broken: bytes) -> None:
    make_release(store, "reviews", "1.0", {"a": b"1"})
    expected = layout.catalogue(store)
    overwrite(store, INDEX_KEY, broken)
    assert layout.catalogue(store) == expected
    make_release(store, "reviews", "1.1", {"a": b"2"})
    assert layout.rebuild_index(store) == layout.catalogue(store)
    assert len(layout.catalogue(store)["reviews"]) == 2


def test_the_index_adds_and_hides_no_release(store: LocalStore) -> None:
    make_release(store, "reviews", "1.0", {"a": b"1"})
    document = json.loads(store.read(INDEX_KEY))
    document["datasets"]["ghost"] = document["datasets"]["reviews"]
    overwrite(store, INDEX_KEY, canonical(document))
    store.delete(reference_key("reviews", V1))
    assert layout.catalogue(store) == {}


def test_racing_releases_all_reach_the_index(store: LocalStore) -> None:
    together(6, lambda i: make_release(store, "reviews", f"1.{i}", {"a": b"%d" % i}))
    document = json.loads(store.read(INDEX_KEY))
    assert len(document["datasets"]["reviews"]) == 6


def test_missing_objects_are_not_found(store: Store) -> None:
    with pytest.raises(NotFoundError):
        layout.read_object(store, "0" * 64)
    with pytest.raises(NotFoundError):
        layout.read_reference(store, "reviews", V1)
