"""Which release a reference selects, and which it is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from registry.consume.catalog import list_datasets, show
from registry.consume.resolve import find_previous, find_released, known_files, resolve
from registry.errors import IntegrityError, NotFoundError, PurgedError, YankedError
from registry.model.names import Ref, Version
from registry.model.release import object_key, reference_key
from registry.stores.layout import Standing, move_channel, record
from registry.stores.local import LocalStore
from registry.stores.standing import Harm, State
from registry.testing.releases import Shape, make_release

AT = "2026-02-01T00:00:00Z"
VERSIONS = ("1.0.0", "1.2.0", "1.2.3", "1.10.0", "2.0.0", "2.1.0-rc.1", "3.0.0")


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> LocalStore:
    """Seven versions; 3.0.0 is yanked for quality, `stable` is 1.2.3, `next` the pre-release."""
    store = LocalStore(tmp_path_factory.mktemp("resolve") / "store")
    made = {text: make_release(store, "reviews", text, {"a.csv": text.encode()}) for text in VERSIONS}
    make_release(store, "korquad", "1.0", {"b.csv": b"1"}, Shape(title="한국어 질의응답"))
    withdraw(store, "3.0.0", "quality")
    for channel, text in (("stable", "1.2.3"), ("next", "2.1.0-rc.1"), ("bad", "3.0.0")):
        digest = made[text].reference.manifest
        move_channel(store, "reviews", channel, Version.parse(text), digest, by="Kim", at=AT)
    return store


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    store = LocalStore(tmp_path / "store")
    for text in ("1.0.0", "1.1.0"):
        make_release(store, "reviews", text, {"a.csv": text.encode()})
    return store


def withdraw(store: LocalStore, version: str, severity: Harm, state: State = "yanked") -> None:
    record(store, "reviews", Version.parse(version), Standing(state, "표본 오류", "Kim", AT, severity))


@pytest.mark.parametrize(
    ("spec", "version"),
    [
        ("latest", "2.0.0"), ("^1", "1.10.0"), ("^1.2", "1.10.0"), ("~1.2", "1.2.3"), ("~1", "1.10.0"), ("^2", "2.0.0"),
        ("1.2", "1.2.0"), ("v1.2.3", "1.2.3"), ("2.1.0-rc.1", "2.1.0-rc.1"), ("3.0.0", "3.0.0"), ("stable", "1.2.3"),
        ("next", "2.1.0-rc.1"), ("bad", "3.0.0"),
    ],
)  # fmt: skip
def test_selection(shared: LocalStore, spec: str, version: str) -> None:
    released = resolve(shared, Ref("reviews", spec))
    assert str(released.version) == version
    assert (released.warning is not None) == (version == "3.0.0")


@pytest.mark.parametrize("spec", ["1.3", "^4", "~2.1", "^3", "nightly", "2.1.0-rc.2"])
def test_unknown_versions_name_what_there_is(shared: LocalStore, spec: str) -> None:
    with pytest.raises(NotFoundError) as caught:
        resolve(shared, Ref("reviews", spec))
    assert caught.value.exit == 6
    assert caught.value.hint == "registry list reviews"
    assert any(f"`{text}`" in str(caught.value) for text in VERSIONS)


def test_a_misspelt_channel_is_suggested(shared: LocalStore) -> None:
    with pytest.raises(NotFoundError, match="near are `stable`"):
        resolve(shared, Ref("reviews", "stabel"))


def test_a_misspelt_dataset_is_suggested(shared: LocalStore) -> None:
    with pytest.raises(NotFoundError, match="did you mean `reviews`") as caught:
        resolve(shared, Ref("revews"))
    assert caught.value.hint == "registry list"


def test_an_empty_store_has_nothing(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="no datasets"):
        resolve(LocalStore(tmp_path / "none"), Ref("reviews"))


@pytest.mark.parametrize("severity", ["privacy", "security"])
def test_harmful_releases_are_refused_even_when_pinned(store: LocalStore, severity: Harm) -> None:
    withdraw(store, "1.1.0", severity)
    assert str(resolve(store, Ref("reviews")).version) == "1.0.0"
    with pytest.raises(YankedError, match=severity) as caught:
        resolve(store, Ref("reviews", "1.1.0"))
    assert caught.value.exit == 6
    assert resolve(store, Ref("reviews", "1.1.0"), withdrawn=True).standing is not None


def test_purged_releases_are_gone(store: LocalStore) -> None:
    withdraw(store, "1.1.0", "quality", "purged")
    with pytest.raises(PurgedError, match="표본 오류"):
        resolve(store, Ref("reviews", "1.1.0"))


def test_restored_releases_are_back(store: LocalStore) -> None:
    withdraw(store, "1.1.0", "quality")
    assert str(resolve(store, Ref("reviews")).version) == "1.0.0"
    withdraw(store, "1.1.0", "quality", "restored")
    released = resolve(store, Ref("reviews"))
    assert (str(released.version), released.warning) == ("1.1.0", None)


def test_all_withdrawn_says_so(store: LocalStore) -> None:
    for version in ("1.0.0", "1.1.0"):
        withdraw(store, version, "quality")
    with pytest.raises(NotFoundError, match="yanked"):
        resolve(store, Ref("reviews"))


def test_a_channel_of_another_manifest_is_not_followed(store: LocalStore) -> None:
    move_channel(store, "reviews", "stable", Version(1), "f" * 64, by="Kim", at=AT)
    with pytest.raises(NotFoundError, match="does not point to"):
        resolve(store, Ref("reviews", "stable"))


def test_a_manifest_of_another_version_is_refused(store: LocalStore) -> None:
    """Whoever can write the store points 1.1.0 to the manifest of 1.0.0."""
    old = (store.root / reference_key("reviews", Version(1))).read_bytes()
    target = store.root / reference_key("reviews", Version(1, 1))
    target.write_bytes(old)
    with pytest.raises(IntegrityError, match="belongs to"):
        resolve(store, Ref("reviews", "1.1.0"))


def test_previous_is_the_greatest_release_below(shared: LocalStore) -> None:
    def previous(text: str | None) -> str | None:
        found = find_previous(shared, "reviews", Version.parse(text) if text else None)
        return str(found.version) if found else None

    assert [previous(text) for text in ("1.0.0", "1.2.1", "2.1.0", None)] == [None, "1.2.0", "2.0.0", "3.0.0"]
    assert find_previous(shared, "none", None) is None


def test_find_released_is_exact(shared: LocalStore) -> None:
    assert find_released(shared, "reviews", Version(1, 1)) is None
    found = find_released(shared, "reviews", Version(3))
    assert found is not None
    assert found.standing is not None


def test_known_files_leave_purged_ones_out(store: LocalStore) -> None:
    assert len(known_files(store, "reviews")) == 2
    withdraw(store, "1.1.0", "privacy", "purged")
    assert {size for _, _, size in known_files(store, "reviews")} == {5}
    assert len(known_files(store, "reviews")) == 1


def test_list(shared: LocalStore) -> None:
    document = list_datasets(shared)
    assert document["format"] == "registry.list/1"
    korquad, reviews = document["datasets"]
    assert (korquad["name"], korquad["title"], korquad["channels"]) == ("korquad", "한국어 질의응답", {})
    assert [v["version"] for v in reviews["versions"]][:3] == ["3.0.0", "2.1.0-rc.1", "2.0.0"]
    assert reviews["channels"] == {"bad": "3.0.0", "next": "2.1.0-rc.1", "stable": "1.2.3"}
    yanked = {v["version"]: v["yanked"] for v in reviews["versions"]}
    assert yanked["2.0.0"] is None
    assert yanked["3.0.0"]["reason"] == "표본 오류"
    assert all(v["manifest"].startswith("sha256:") and v["released"] for v in reviews["versions"])


def test_list_of_one_and_of_none(shared: LocalStore, tmp_path: Path) -> None:
    assert [d["name"] for d in list_datasets(shared, "korquad")["datasets"]] == ["korquad"]
    assert list_datasets(LocalStore(tmp_path / "none"))["datasets"] == []
    with pytest.raises(NotFoundError, match="did you mean"):
        list_datasets(shared, "korqua")


def test_show_is_the_manifest_joined_with_its_standing(shared: LocalStore) -> None:
    document = show(shared, Ref("reviews", "3.0.0"))
    assert document["format"] == "registry.manifest/1"
    assert document["released"] == "2026-01-01T00:00:00Z"
    assert document["status"]["yanked"]["severity"] == "quality"
    assert document["channels"] == ["bad"]
    assert show(shared, Ref("reviews"))["status"] == {"yanked": None}


def test_show_does_not_believe_the_manifest(store: LocalStore) -> None:
    released = resolve(store, Ref("reviews"))
    path = store.root / object_key(released.reference.manifest)
    path.write_bytes(path.read_bytes().replace(b"CC-BY-4.0", b"CC0-1.000"))
    with pytest.raises(IntegrityError):
        show(store, Ref("reviews"))
