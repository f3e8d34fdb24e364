"""Documents of a store, mutated in every way: each entry point ends in a typed error or in the truth, and soon."""

from __future__ import annotations

import json
import os
import random
import shutil
import time
from pathlib import Path

import pytest

from registry.consume.catalog import list_datasets, show
from registry.consume.pull import pull
from registry.consume.verify import verify_directory, verify_release
from registry.errors import IntegrityError, InternalError, RegistryError
from registry.model.digest import canonical, sha256_of
from registry.model.names import Ref, Version
from registry.model.release import object_key
from registry.stewardship.channels import promote
from registry.stewardship.fsck import FsckOptions, fsck
from registry.stewardship.gc import GcOptions, gc
from registry.stewardship.purge import purge
from registry.stewardship.stats import stats
from registry.stewardship.withdrawal import Cause, yank
from registry.stores.layout import put_document
from registry.stores.local import LocalStore
from registry.testing.releases import make_release

ROUNDS = 20_000 if os.environ.get("REGISTRY_SOAK") else 400
FILES = {"train.csv": b"id\n1\n", "하위/test.csv": b"id\n2\n"}
REF = Ref.parse("reviews@1.0")
LATEST = Ref.parse("reviews@stable")
JUNK = (
    None, True, -1, 0, 2**70, 1e308, "", "x", "../../escape", "/etc/passwd", "a\0b", "\udc80", "x" * 5000, [], {}, [[]],
    {"a": {"b": []}}, "sha256:" + "0" * 64, "0" * 64, ["a"] * 50, "<script>", "１.0.0", "con", "a/../../b",
)  # fmt: skip


def entry_points(store, target):
    return (
        lambda: list_datasets(store),
        lambda: show(store, REF),
        lambda: verify_release(store, REF),
        lambda: pull(store, REF, target),
        lambda: pull(store, LATEST, target),
        lambda: fsck(store, FsckOptions("data")),
        lambda: stats(store),
        lambda: gc(store, GcOptions(delete=True)),
        lambda: promote(store, "reviews", Version(1), "beta", by="Kim"),
        lambda: yank(store, "reviews", Version(1), Cause("x"), by="Kim"),
        lambda: purge(store, "reviews", Version(1), "x", by="Kim", dry_run=True),
    )


def mutate(value, dice):
    """`value` with one place changed: replaced, removed, added, doubled."""
    if isinstance(value, dict) and value and dice.random() < 0.85:
        key = dice.choice(sorted(value))
        how = dice.random()
        if how < 0.15:
            return {k: v for k, v in value.items() if k != key}
        if how < 0.25:
            return {**value, dice.choice(("x", "..", "", "README.md")): dice.choice(JUNK)}
        return {**value, key: mutate(value[key], dice)}
    if isinstance(value, list) and value and dice.random() < 0.7:
        index = dice.randrange(len(value))
        return [*value[:index], mutate(value[index], dice), *value[index + dice.randint(0, 1) :]]
    return dice.choice(JUNK)


def scrambled(data, dice):
    """Bytes that are no document any more, or a deeply nested one."""
    at = dice.randrange(len(data))
    return dice.choice(
        (data[:at], data[:at] + bytes([dice.randrange(256)]) + data[at + 1 :], b"", b"[" * 60_000, b'{"a":' * 20_000,
         b"\xff\xfe" + data, data + data, b"null", b"NaN", b"[]", b'"x"')
    )  # fmt: skip


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    root = tmp_path_factory.mktemp("hostile") / "store"
    store = LocalStore(root)
    make_release(store, "reviews", "1.0", FILES)
    promote(store, "reviews", Version(1), "stable", by="Kim")
    yank(store, "reviews", Version(1), Cause("odd"), by="Kim")
    return root


def forge(store, dice):
    """Changes one document. Manifests and lists are forged so that all digests above them fit again."""
    reference = json.loads(store.read("releases/reviews/1.0.0.json"))
    manifest = json.loads(store.read(object_key(reference["manifest"][7:])))
    what = dice.choice(("manifest", "list", "reference", "channel", "status", "index", "registry", "sweep", "staging"))
    if what == "list":
        lines = [json.loads(line) for line in store.read(object_key(manifest["data"]["sha256"])).splitlines()]
        at = dice.randrange(len(lines))
        whole = b"".join(_dumped(mutate(line, dice) if index == at else line) for index, line in enumerate(lines))
        listing = whole if dice.random() < 0.8 else scrambled(whole, dice)
        put_document(store, listing)
        manifest["data"] |= {"sha256": sha256_of(listing)}
    if what in ("list", "manifest"):
        raw = _dumped(mutate(manifest, dice) if what == "manifest" and dice.random() < 0.85 else manifest)
        raw = scrambled(raw, dice) if what == "manifest" and dice.random() < 0.2 else raw
        put_document(store, raw)
        reference["manifest"] = f"sha256:{sha256_of(raw)}"
        return write(store, "releases/reviews/1.0.0.json", canonical(reference))
    keys = {
        "reference": "releases/reviews/1.0.0.json", "channel": "channels/reviews/stable.json", "index": "index.json",
        "status": "status/reviews/1.0.0/000001.json", "registry": "registry.json", "sweep": "sweep.json",
        "staging": "staging/" + "a" * 64 + ".json",
    }  # fmt: skip
    key = keys[what]
    fresh = b'{"at":"2026-01-01T00:00:00Z","by":"x","count":1,"format":"registry.sweep/1","keys":["a"]}'
    data = store.read(key) if store.size(key) is not None else fresh
    return write(store, key, _dumped(mutate(json.loads(data), dice)) if dice.random() < 0.8 else scrambled(data, dice))


def _dumped(value):
    return json.dumps(value, ensure_ascii=True, sort_keys=True, separators=(",", ":")).encode() + b"\n"


def write(store, key, data):
    path = store.root / key
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def test_no_document_of_a_store_leads_astray(template, tmp_path, record_property):
    dice = random.Random(20260101)
    neighbour = tmp_path / "work" / "neighbour"
    neighbour.mkdir(parents=True)
    (neighbour / "file").write_bytes(b"keep")
    refused = 0
    for number in range(ROUNDS):
        root = tmp_path / "work" / "store"
        shutil.copytree(template, root)
        store = LocalStore(root)
        forge(store, dice)
        target = tmp_path / "work" / "target"
        for act in dice.sample(entry_points(store, target), 3):
            began = time.monotonic()
            try:
                act()
            except InternalError:
                raise
            except RegistryError:
                refused += 1
            assert time.monotonic() - began < 5, number
        if target.exists():
            assert verify_directory(target).ok
            for path in FILES:
                assert not (target / path).exists() or (target / path).read_bytes() == FILES[path]
            shutil.rmtree(target)
        left = {p.name for p in (tmp_path / "work").iterdir() if "registry-partial" not in p.name}
        assert left == {"store", "neighbour"} and list(neighbour.iterdir()) == [neighbour / "file"]
        shutil.rmtree(root)
    assert refused > ROUNDS
    assert not Path("/etc/escape").exists()
    record_property("malformed documents", ROUNDS)


@pytest.mark.parametrize("key", ["v9.json", "9.json", "1.0.0-01.json", "1.0.0", "1.0.json", "١.0.0.json", "x.json"])
def test_a_key_that_is_no_reference_hides_no_release(template, tmp_path, key):
    root = shutil.copytree(template, tmp_path / "store")
    store = LocalStore(root)
    write(store, f"releases/reviews/{key}", b"{}")
    write(store, f"status/reviews/v{key}/000001.json", b"{}")
    write(store, f"status/reviews/1.0.0/no-{key}", b"{}")
    assert [v["version"] for v in list_datasets(store)["datasets"][0]["versions"]] == ["1.0.0"]
    assert pull(store, REF, tmp_path / "here").version == "1.0.0"
    assert {stray.key for stray in fsck(store).strays} >= {f"releases/reviews/{key}"}


def test_a_sequence_is_a_number(template, tmp_path):
    store = LocalStore(shutil.copytree(template, tmp_path / "store"))
    data = store.read("channels/reviews/stable.json")
    write(store, "channels/reviews/stable.json", data.replace(b'"sequence":1', b'"sequence":true'))
    with pytest.raises(IntegrityError, match="stable"):
        pull(store, LATEST, tmp_path / "here")
