"""A store that somebody else can write: nothing wrong is delivered, nothing is written outside."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry.consume.contents import vetted
from registry.consume.pull import pull
from registry.consume.verify import verify_release
from registry.errors import IntegrityError, NotFoundError, RegistryError
from registry.model.digest import canonical, sha256_of
from registry.model.names import Ref, Version
from registry.model.paths import problem_of
from registry.model.release import Artefact, Manifest, object_key, reference_key
from registry.stores.layout import put_document, tree_key
from registry.stores.local import LocalStore
from registry.testing.releases import entry_of, make_release

REVIEWS = Ref("reviews")
V1 = Version(1)
FILES = {"train/a.csv": b"id,text\n1,a\n", "test/b.csv": b"id,text\n2,b\n"}
HOSTILE = (
    "../escape", "a/../../escape", "/etc/escape", "a//b", "./a", "a/.", "..", ".", "", "nul\0byte", "back\\slash",
    "C:escape", "con", "a/NUL.txt", "trailing.", "trailing ", " leading", ".git/hooks/post-checkout", "a/.git/config",
    ".dvc/config", "README.md", "readme.MD", "croissant.json", ".registry/manifest.json", ".registry/x", "line\nfeed",
    "bidi\u202etxt", "zero\u200bwidth", "e\u0301-nfd", "a" * 256, "/".join("b" * 200 for _ in range(6)), "star*",
)  # fmt: skip


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    store = LocalStore(tmp_path / "store")
    make_release(store, "reviews", "1.0", FILES)
    return store


@pytest.fixture
def sentinel(tmp_path: Path) -> Iterator[None]:
    """Everything around the target is the same afterwards."""

    def around() -> dict[str, bytes | None]:
        found = [p for p in tmp_path.rglob("*") if not {"store", "target"} & set(p.relative_to(tmp_path).parts)]
        return {str(p): p.read_bytes() if p.is_file() else None for p in found if "registry-partial" not in str(p)}

    (tmp_path / "neighbour").mkdir()
    (tmp_path / "neighbour/file").write_bytes(b"keep")
    (tmp_path / "escape").write_bytes(b"keep")
    before = around()
    yield
    assert around() == before
    assert not Path("/etc/escape").exists()


def overwrite(store: LocalStore, key: str, data: bytes) -> None:
    path = store.root / key
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def forge(store: LocalStore, change: Callable[[dict[str, Any]], None], listing: bytes | None = None) -> None:
    """Rewrites the release of 1.0 consistently: list, manifest and reference all have right digests."""
    reference = json.loads(store.read(reference_key("reviews", V1)))
    manifest = json.loads(store.read(object_key(reference["manifest"].removeprefix("sha256:"))))
    if listing is not None:
        put_document(store, listing)
        lines = [json.loads(line) for line in listing.splitlines()]
        manifest["data"] |= {"sha256": sha256_of(listing), "files": len(lines)}
        manifest["data"]["bytes"] = sum(line["size"] for line in lines)
    change(manifest)
    put_document(store, canonical(manifest))
    reference["manifest"] = f"sha256:{sha256_of(canonical(manifest))}"
    overwrite(store, reference_key("reviews", V1), canonical(reference))


def unchanged(_: dict[str, Any]) -> None:
    """Leaves the manifest as it is."""


def refused(store: LocalStore, target: Path, kind: type[RegistryError] = IntegrityError) -> RegistryError:
    with pytest.raises(kind) as caught:
        pull(store, REVIEWS, target)
    assert not target.exists()
    return caught.value


@pytest.mark.parametrize("path", HOSTILE)
def test_hostile_paths_of_data(store: LocalStore, tmp_path: Path, sentinel: None, path: str) -> None:
    entry = entry_of("x", b"payload")
    overwrite(store, entry.key, b"payload")
    forge(store, unchanged, canonical({**entry.to_json(), "path": path}))
    error = refused(store, tmp_path / "target")
    assert error.exit == 3
    assert not list(tmp_path.glob(".target.*"))


@pytest.mark.parametrize("paths", [["a.csv", "A.csv"], ["a", "a/b"], ["straße", "STRASSE"], ["x", "x"]])
def test_paths_that_fall_together(store: LocalStore, tmp_path: Path, sentinel: None, paths: list[str]) -> None:
    entry = entry_of("x", b"payload")
    overwrite(store, entry.key, b"payload")
    lines = [canonical({**entry.to_json(), "path": path}) for path in sorted(paths)]
    forge(store, unchanged, b"".join(lines))
    refused(store, tmp_path / "target")


DOCUMENTS = (
    "../escape", "/etc/escape", ".registry/../../escape", ".registry/", ".registry", ".registry/a/../b", "data.csv",
    "train/a.csv", "readme.md", ".registry/manifest.json", ".registry/selection.json", ".git/config", "README.md/x",
    ".Registry/x", ".registry/A\0", ".registry/.git/x", ".registry/files.jsonl",
)  # fmt: skip


@pytest.mark.parametrize("path", DOCUMENTS)
def test_hostile_paths_of_documents(store: LocalStore, tmp_path: Path, sentinel: None, path: str) -> None:
    put_document(store, b"payload")

    def add(manifest: dict[str, Any]) -> None:
        manifest["artefacts"][path] = {"sha256": sha256_of(b"payload"), "bytes": 7}

    forge(store, add)
    error = refused(store, tmp_path / "target")
    assert repr(path)[1:-1] in str(error)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(path=st.text(max_size=30) | st.text("./\\ .rREGISTYregistyabc\0", max_size=30))
def test_no_document_path_leads_out(store: LocalStore, path: str) -> None:
    manifest = make_manifest(store)
    try:
        known = vetted(replace(manifest, artefacts={path: Artefact("0" * 64, 1)}))
    except IntegrityError:
        return
    (found,) = known
    inner = found.removeprefix(".registry/")
    assert found in {"README.md", "README.ko.md", "croissant.json"} or problem_of(inner) is None


def make_manifest(store: LocalStore) -> Manifest:
    reference = json.loads(store.read(reference_key("reviews", V1)))
    raw = store.read(object_key(reference["manifest"].removeprefix("sha256:")))
    return Manifest.parse(raw, name="reviews", version=V1)


def keys_of(store: LocalStore) -> dict[str, str]:
    """A stored object of every kind that a pull reads, and the file that an error must name."""
    manifest = make_manifest(store)
    return {
        "data": entry_of("train/a.csv", FILES["train/a.csv"]).key,
        "files": object_key(str(manifest.data["sha256"])),
        "manifest": object_key(sha256_of(manifest.to_bytes())),
        "document": manifest.artefacts["README.md"].key,
    }


NAMED = {"data": "train/a.csv", "document": "README.md", "files": "objects/sha256/", "manifest": "objects/sha256/"}


@pytest.mark.parametrize("kind", NAMED)
@pytest.mark.parametrize("how", ["flip", "truncate", "lengthen", "empty", "replace"])
def test_damaged_objects(store: LocalStore, tmp_path: Path, sentinel: None, kind: str, how: str) -> None:
    key = keys_of(store)[kind]
    good = store.read(key)
    bad = {
        "flip": bytes([good[0] ^ 1]) + good[1:],
        "truncate": good[:-1],
        "lengthen": good + b"\n",
        "empty": b"",
        "replace": bytes(len(good)),
    }[how]
    overwrite(store, key, bad)
    error = refused(store, tmp_path / "target")
    assert error.exit == 3
    assert NAMED[kind] in str(error)
    overwrite(store, key, good)
    assert pull(store, REVIEWS, tmp_path / "target").files == 2


def test_every_byte_of_the_manifest_counts(store: LocalStore, tmp_path: Path) -> None:
    key = keys_of(store)["manifest"]
    good = store.read(key)
    for position in range(0, len(good), 7):
        overwrite(store, key, good[:position] + bytes([good[position] ^ 1]) + good[position + 1 :])
        refused(store, tmp_path / "target")


@pytest.mark.parametrize("kind", NAMED)
def test_missing_objects(store: LocalStore, tmp_path: Path, kind: str) -> None:
    store.delete(keys_of(store)[kind])
    error = refused(store, tmp_path / "target", NotFoundError)
    assert error.exit == 6
    assert NAMED[kind] in str(error)


def test_an_endless_object_is_not_read_to_its_end(store: LocalStore, tmp_path: Path) -> None:
    read: list[int] = []

    class Endless(LocalStore):
        def stream(self, key: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
            if not key.startswith("files/"):
                yield from super().stream(key, start, length)
                return
            while True:
                read.append(1)
                yield bytes(1024)

    refused(Endless(store.root), tmp_path / "target")
    assert len(read) <= 60  # a listing of so few files is no longer than that


def test_the_manifest_of_another_version(store: LocalStore, tmp_path: Path) -> None:
    make_release(store, "reviews", "2.0", {"train/a.csv": b"other"})
    newer = store.read(reference_key("reviews", Version(2)))
    overwrite(store, reference_key("reviews", V1), newer)
    store.delete(reference_key("reviews", Version(2)))
    assert "belongs to reviews@2.0.0" in str(refused(store, tmp_path / "target"))


def test_the_manifest_of_another_dataset(store: LocalStore, tmp_path: Path) -> None:
    make_release(store, "korquad", "1.0", {"train/a.csv": b"other"})
    overwrite(store, reference_key("reviews", V1), store.read(reference_key("korquad", V1)))
    assert "belongs to korquad" in str(refused(store, tmp_path / "target"))


def test_the_file_list_of_another_version(store: LocalStore, tmp_path: Path) -> None:
    other = make_release(store, "reviews", "0.9", {"train/a.csv": b"other", "z": b"1"})
    here = object_key(str(make_manifest(store).data["sha256"]))
    overwrite(store, here, store.read(object_key(str(other.manifest.data["sha256"]))))
    refused(store, tmp_path / "target")


@pytest.mark.parametrize(
    "data",
    [b"", b"[]", b"{}", b"\xff", b"[" * 9000, *(b'{"format":"registry.reference/%d"}' % n for n in (1, 2))],
)
def test_broken_references(store: LocalStore, tmp_path: Path, data: bytes) -> None:
    overwrite(store, reference_key("reviews", V1), data)
    refused(store, tmp_path / "target")


def test_counts_of_the_manifest_must_be_those_of_the_list(store: LocalStore, tmp_path: Path) -> None:
    forge(store, lambda manifest: manifest["data"].update(files=3))
    assert "other counts" in str(refused(store, tmp_path / "target"))


def test_a_link_planted_in_the_staging_directory(store: LocalStore, tmp_path: Path, sentinel: None) -> None:
    """Somebody who can write beside the target plants links where files will be written."""
    overwrite(store, entry_of("train/a.csv", FILES["train/a.csv"]).key, b"wrong")
    refused(store, tmp_path / "target")
    (staging,) = tmp_path.glob(".target.registry-partial-*")
    for path in staging.rglob("*"):
        if path.is_file():
            path.unlink()
    (staging / "README.md").symlink_to(tmp_path / "escape")
    (staging / "test/b.csv").symlink_to(tmp_path / "new")
    store.delete(entry_of("train/a.csv", FILES["train/a.csv"]).key)
    overwrite(store, entry_of("train/a.csv", FILES["train/a.csv"]).key, FILES["train/a.csv"])
    pull(store, REVIEWS, tmp_path / "target")
    assert not (tmp_path / "target/README.md").is_symlink()
    assert not (tmp_path / "new").exists()


def test_a_folder_link_in_a_pulled_tree_is_not_followed(store: LocalStore, tmp_path: Path, sentinel: None) -> None:
    pull(store, REVIEWS, tmp_path / "target")
    for path in (tmp_path / "target/train").iterdir():
        path.unlink()
    (tmp_path / "target/train").rmdir()
    (tmp_path / "target/train").symlink_to(tmp_path / "neighbour")
    with pytest.raises(RegistryError):
        pull(store, REVIEWS, tmp_path / "target")


def test_the_listing_for_dvc_is_verified_too(store: LocalStore) -> None:
    key = tree_key(str(make_manifest(store).data["dvc"]["md5"]))
    overwrite(store, key, store.read(key).replace(b"train/", b"../../"))
    result = verify_release(store, REVIEWS)
    assert [(problem.path, problem.kind) for problem in result.problems] == [(key, "changed")]
