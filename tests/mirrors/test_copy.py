"""A release in another store: the same bytes, the same reference, whole or absent."""

from __future__ import annotations

import pytest

from registry.consume.pull import pull
from registry.consume.resolve import find_released
from registry.consume.verify import verify_release
from registry.errors import IntegrityError, StoreError, UsageError, VersionExistsError, YankedError
from registry.mirrors.copy import copy
from registry.model.names import Ref, Version
from registry.stewardship.fsck import FsckOptions, fsck
from registry.stewardship.withdrawal import Cause, yank
from registry.stores import open_store
from registry.stores.layout import catalogue, read_files
from registry.testing.releases import Shape, make_release
from tests.journeys.harness import tree

FILES = {"train.csv": b"id\n1\n", "하위/test.csv": b"id\n2\n", "twin.csv": b"id\n1\n"}
REF = Ref.parse("reviews@1.0.0")


@pytest.fixture
def there(tmp_path):
    return open_store(str(tmp_path / "there"))


@pytest.fixture
def made(store):
    return make_release(store, "reviews", "1.0", FILES, Shape(documents={".registry/eda.html": b"<p>"}))


def keys(store):
    return {info.key for info in store.list("")}


@pytest.mark.parametrize("single", [False, True])
def test_the_other_store_is_a_registry_of_its_own(store, there, tmp_path, single):
    files = {"train.csv": b"id\n1\n"} if single else FILES
    made = make_release(store, "reviews", "1.0", files, Shape(single=single))
    result = copy(store, there, made)
    assert result.state == "published" and result.uploaded_files == len(keys(there)) - 3 - (not single)
    assert find_released(there, "reviews", Version(1)).reference == made.reference
    assert verify_release(there, REF).ok and catalogue(there).keys() == {"reviews"}
    report = fsck(there, FsckOptions(depth="data"))
    assert report.ok and not report.strays
    for source, target in ((store, "a"), (there, "b")):
        pull(source, REF, tmp_path / target)
    assert tree(tmp_path / "a") == tree(tmp_path / "b")
    again = copy(store, there, made)
    assert (again.state, again.changes) == ("already-published", ())


def test_a_second_release_moves_only_what_changed(store, there, made):
    copy(store, there, made)
    more = make_release(store, "reviews", "1.1", {**FILES, "new.csv": b"id\n3\n"})
    moved = {change.path for change in copy(store, there, more).changes}
    assert "new.csv" in moved and not moved & FILES.keys()


def test_a_dry_run_says_what_would_move_and_leaves_nothing(store, there, made):
    plan = copy(store, there, made, dry_run=True)
    assert plan.state == "planned" and not keys(there)
    paths = {change.path for change in plan.changes}
    assert {"하위/test.csv", "README.md", ".registry/manifest.json"} <= paths


@pytest.mark.parametrize("step", range(0, 12, 3))
def test_broken_off_anywhere_it_is_absent_and_the_same_again_finishes(store, there, made, monkeypatch, step):
    count = [0]
    create = type(there).create

    def failing(self, key, data):
        count[0] += 1
        if count[0] > step and self.url == there.url:
            raise StoreError("the disk is full")
        return create(self, key, data)

    with monkeypatch.context() as patch:
        patch.setattr(type(there), "create", failing)
        with pytest.raises(StoreError):
            copy(store, there, made)
    assert find_released(there, "reviews", Version(1)) is None
    assert copy(store, there, made).state == "published" and verify_release(there, REF).ok


@pytest.mark.parametrize("kind", ["data", "document"])
def test_a_wrong_byte_is_not_passed_on(store, there, made, tmp_path, kind):
    entry = read_files(store, made.manifest).entries[0]
    key = entry.key if kind == "data" else made.manifest.artefacts["README.md"].key
    file = tmp_path / "store" / key
    file.chmod(0o644)
    file.write_bytes(b"x" * len(file.read_bytes()))
    with pytest.raises(IntegrityError):
        copy(store, there, made)
    assert find_released(there, "reviews", Version(1)) is None and key not in keys(there)


def test_another_release_of_the_same_number_is_refused(store, there, made):
    make_release(there, "reviews", "1.0", {"train.csv": b"other\n"})
    with pytest.raises(VersionExistsError) as caught:
        copy(store, there, made)
    assert caught.value.exit == 4


def test_what_the_other_store_withdrew_is_not_said_to_stand_there(store, there, made):
    copy(store, there, made)
    yank(there, "reviews", Version(1), Cause("주민등록번호", "privacy"), by="Kim")
    with pytest.raises(YankedError):
        copy(store, there, made)


def test_a_store_is_not_copied_to_itself(store, made):
    with pytest.raises(UsageError):
        copy(store, open_store(store.url), made)


@pytest.mark.slow
def test_from_a_bucket_to_the_hub_and_to_a_directory(moto_bucket, hub, login, there):
    from registry.mirrors.publish import publish
    from tests.mirrors.conftest import order

    bucket = moto_bucket.store()
    made = make_release(bucket, "reviews", "1.0", FILES)
    assert copy(bucket, there, made).state == "published" and verify_release(there, REF).ok
    assert publish(order(bucket, "1.0")).state == "published"
    assert publish(order(bucket, "1.0")).state == "already-published"
    assert FILES.keys() <= hub.repository("my-team/reviews").at("v1.0.0").tree.keys()
