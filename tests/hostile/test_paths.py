"""One corpus of hostile paths through every way by which a path comes in from somewhere else."""

from __future__ import annotations

import hashlib
import json

import pytest

from registry.consume.contents import vetted
from registry.consume.pull import pull
from registry.content.fetch import materialise
from registry.content.walk import walk
from registry.errors import IntegrityError, RegistryError
from registry.model.digest import canonical, sha256_of
from registry.model.files import FileList
from registry.model.names import Ref
from registry.model.paths import problem_of
from registry.model.release import Manifest
from registry.stores.local import LocalStore
from registry.testing.releases import entry_of, make_manifest, make_release
from registry.workspace.pointer import Pointer
from tests.hostile.paths import corpus

PATHS = corpus()
ENTRY = entry_of("x", b"payload")


def md5(data):
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def test_the_corpus_has_three_hundred_names_and_all_are_refused():
    assert len(PATHS) >= 300
    assert [path for path in PATHS if problem_of(path) is None] == []


def test_no_file_list_names_them():
    """The list of a release, as a store, a mirror on the Hub or an export gives it."""
    for path in PATHS:
        line = json.dumps({**ENTRY.to_json(), "path": path}, sort_keys=True, separators=(",", ":")) + "\n"
        with pytest.raises(IntegrityError):
            FileList.parse(line.encode())


def test_no_manifest_names_them_as_documents():
    manifest, _ = make_manifest("reviews", "1.0", {"a.csv": b"id\n"})
    own = ("README.md", "README.ko.md", "croissant.json")  # what a release itself writes there
    for path in PATHS:
        raw = manifest.to_json()
        raw["artefacts"] = {**raw["artefacts"], path: {"sha256": sha256_of(b"x"), "bytes": 1}}
        data = json.dumps(raw, sort_keys=True, separators=(",", ":")).encode() + b"\n"
        if path in own:
            continue
        with pytest.raises(IntegrityError):
            vetted(Manifest.parse(data, name="reviews", version=manifest.version))


def test_no_listing_of_dvc_writes_them(tmp_path):
    objects = {md5(b"payload"): b"payload"}
    for number, path in enumerate(PATHS):
        listing = json.dumps([{"md5": md5(b"payload"), "relpath": path}]).encode()
        objects[f"{md5(listing)}.dir"] = listing
        pointer = Pointer(None, "data/x", f"{md5(listing)}.dir", None, None)
        with pytest.raises(RegistryError):
            materialise(pointer, tmp_path / "t" / str(number), [lambda oid: [objects[oid]] if oid in objects else None])
    assert not any(place.is_file() for place in tmp_path.rglob("*"))


def test_no_directory_that_holds_them_is_added(tmp_path):
    """Those that this file system can hold at all: names out of a clone, an unpacked archive, another machine."""
    tried = 0
    for number, path in enumerate(PATHS):
        root = tmp_path / str(number)
        if ".." in path.split("/") or path.startswith("/") or "\0" in path or not path.strip("./"):
            continue
        try:
            (root / path).parent.mkdir(parents=True)
            (root / path).write_bytes(b"payload")
        except (OSError, UnicodeEncodeError):
            continue
        if problem_of((root / path).relative_to(root).as_posix()) is None:
            continue  # the file system gave it another name
        tried += 1
        with pytest.raises(RegistryError):
            walk(root)
    assert tried > 150


def test_nothing_is_pulled_from_a_store_that_names_them(tmp_path):
    """With all digests right: only the rule of paths stands in the way. A few; the rule is the same for all."""
    store = LocalStore(tmp_path / "store")
    made = make_release(store, "reviews", "1.0", {"x": b"payload"})
    before = {place for place in tmp_path.rglob("*") if "store" not in place.parts}
    for path in PATHS[:: len(PATHS) // 40]:
        line = json.dumps({**ENTRY.to_json(), "path": path}, sort_keys=True, separators=(",", ":")).encode() + b"\n"
        raw = {**made.manifest.to_json(), "data": {**made.manifest.data, "sha256": sha256_of(line)}}
        for document in (line, canonical(raw)):
            key = sha256_of(document)
            store.create(f"objects/sha256/{key[:2]}/{key[2:]}", document)
        reference = json.loads(store.read("releases/reviews/1.0.0.json"))
        reference["manifest"] = f"sha256:{sha256_of(canonical(raw))}"
        (store.root / "releases/reviews/1.0.0.json").write_bytes(canonical(reference))
        with pytest.raises(IntegrityError):
            pull(store, Ref.parse("reviews@1.0"), tmp_path / "target")
    assert {place for place in tmp_path.rglob("*") if "store" not in place.parts} == before
