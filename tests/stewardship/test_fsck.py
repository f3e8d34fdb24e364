"""fsck finds every harm, names it, mends only from verified copies."""

from __future__ import annotations

import json
import random
import shutil

import pytest

from registry.consume.verify import verify_release
from registry.errors import IntegrityError, StoreError, UsageError
from registry.model.names import Ref, Version
from registry.model.release import reference_key
from registry.stewardship import fsck as fsck_module
from registry.stewardship.channels import promote
from registry.stewardship.fsck import FsckOptions, fsck
from registry.stewardship.gc import gc
from registry.stewardship.reach import survey
from registry.stewardship.repair import from_copy, from_dvc_cache, repair
from registry.stewardship.withdrawal import Cause, yank
from registry.stores.layout import rebuild_index
from registry.stores.local import LocalStore
from registry.testing.releases import make_release

V = Version.parse


def data(store):
    return fsck(store, FsckOptions("data"))


def kinds(report):
    return {(problem.key, problem.kind) for problem in (*report.problems, *report.strays)}


@pytest.fixture
def busy(three):
    """With a channel and a withdrawal."""
    promote(three, "reviews", V("1.1"), "stable", by="Kim")
    yank(three, "reviews", V("1.0"), Cause("odd"), by="Kim")
    return three


def test_a_sound_store_has_nothing_to_say(busy, cli):
    report = data(busy)
    assert (report.ok, report.problems, report.strays, report.releases) == (True, (), (), 3)
    assert cli("fsck", "--data")["checked"]["hashed"] == report.hashed
    assert fsck(busy, FsckOptions("quick")).hashed == 0
    assert data(LocalStore(busy.root / "nowhere")).ok


def test_every_needed_object_is_missed(busy):
    for key, (need, release) in survey(busy).needed.items():
        kept = busy.read(key)
        assert busy.delete(key)
        for depth in ("quick", "usual", "data"):
            report = fsck(busy, FsckOptions(depth))
            assert not report.ok
            found = {(p.key, p.kind): p for p in report.problems}[key, "missing"]
            if need.path:
                assert found.release and release
        busy.create(key, kept)
    assert data(busy).strays == ()


def test_every_corruption_is_found_in_every_file_that_has_a_digest(busy):
    dice = random.Random(5)
    spared = {"index.json"}
    for info in list(busy.list("")):
        if info.key in spared:
            continue
        file = busy.root / info.key
        whole = file.read_bytes()
        addressed = info.key.startswith(("files/", "objects/"))
        changes = [b"", whole[:-2], whole + b"x"]
        if addressed:
            at = dice.randrange(len(whole))
            changes.append(whole[:at] + bytes([whole[at] ^ (1 << dice.randrange(8))]) + whole[at + 1 :])
        for changed in changes if addressed else changes[:2]:
            file.chmod(0o644)
            file.write_bytes(changed)
            report = data(busy)
            assert not report.ok, info.key
            assert info.key in {p.key for p in report.problems} or info.key.startswith("releases/"), info.key
        file.write_bytes(whole)
    assert data(busy).ok


def test_every_byte_of_a_manifest_counts(busy):
    reference = survey(busy).references["reviews", V("1.2")]
    key = f"objects/sha256/{reference.manifest[:2]}/{reference.manifest[2:]}"
    whole = busy.read(key)
    file = busy.root / key
    for at in range(len(whole)):
        file.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        assert (key, "corrupt") in {(p.key, p.kind) for p in survey(busy).problems}
    file.write_bytes(whole)
    assert survey(busy).problems == ()


def test_swapped_objects_are_corrupt(busy):
    keys = [key for key in survey(busy).needed if key.startswith("objects/")][:2]
    first, second = (busy.root / key for key in keys)
    a, b = first.read_bytes(), second.read_bytes()
    first.write_bytes(b)
    second.write_bytes(a)
    assert kinds(fsck(busy)) >= {(key, "corrupt") for key in keys}


def test_what_is_not_ours_is_named_and_harms_nothing(busy):
    strays = {
        "notes.txt": "foreign",
        "files/md5/ab/short": "foreign",
        "objects/sha256/ab/" + "c" * 62: "corrupt",  # nothing needs it, and it is not what its name says
        "releases/reviews/1.2.json.bak": "foreign",
        "releases/Bad Name/1.0.0.json": "foreign",
        "status/other/1.0.0/000001.json": "foreign",
        "channels/reviews/a/b.json": "foreign",
        ".probe/abc": "abandoned",
        ".tmp/123-abc": "abandoned",
    }
    standing = busy.read("status/reviews/1.0.0/000001.json")
    channel = busy.read("channels/reviews/stable.json")
    for key in strays:
        text = standing if key.startswith("status/") else channel if key.startswith("channels/") else b"x"
        assert busy.create(key, text)
    report = data(busy)
    assert kinds(report) == set(strays.items())
    assert report.ok


def test_a_channel_into_nothing_dangles(busy):
    busy.delete(reference_key("reviews", V("1.1")))
    report = fsck(busy)
    assert ("channels/reviews/stable.json", "dangling") in kinds(report) and not report.ok
    assert {stray.kind for stray in report.strays} == {"orphaned"}


def test_a_reference_of_another_release_is_corrupt(busy):
    (busy.root / "releases/reviews/1.2.0.json").write_bytes(busy.read("releases/reviews/1.1.0.json"))
    assert [p.release for p in fsck(busy).problems] == ["reviews@1.2.0"]


def test_an_index_that_lies_is_stale_and_can_be_made_anew(busy, cli):
    whole = busy.read("index.json")
    stale = whole.replace(survey(busy).references["reviews", V("1.2")].manifest.encode(), b"0" * 64)
    (busy.root / "index.json").write_bytes(stale)
    assert ("index.json", "stale") in kinds(fsck(busy))
    assert cli("rebuild-index", "--dry-run")["releases"] == 3
    assert busy.read("index.json") == stale
    assert cli("rebuild-index") == {
        "format": "registry.rebuild-index/1", "datasets": 1, "releases": 3, "dry_run": False
    }  # fmt: skip
    assert busy.read("index.json") == whole
    busy.delete("index.json")
    rebuild_index(busy)
    assert busy.read("index.json") == whole


def test_a_newer_store_is_nobodys_to_judge(busy):
    (busy.root / "registry.json").write_bytes(b'{"format":"registry.store/9"}')
    with pytest.raises(StoreError, match="newer"):
        fsck(busy)
    (busy.root / "registry.json").write_bytes(b"{}")
    assert ("registry.json", "corrupt") in kinds(fsck(busy))


def test_an_interrupted_check_goes_on_where_it_was(busy, tmp_path, monkeypatch):
    monkeypatch.setattr(fsck_module, "BATCH", 2)
    options = FsckOptions("data", tmp_path / "checkpoint")
    whole = data(busy).hashed_bytes

    def stop(_objects, _bytes):
        stop.calls += 1
        if stop.calls == 7:
            raise KeyboardInterrupt

    stop.calls = 0
    with pytest.raises(KeyboardInterrupt):
        fsck(busy, FsckOptions("data", tmp_path / "checkpoint", stop))
    rest = fsck(busy, options)
    assert rest.ok and 0 < rest.hashed_bytes < whole
    assert fsck(busy, options).hashed_bytes == whole  # it was whole, so the next one begins anew


@pytest.mark.parametrize("harm", ["missing", "corrupt"])
def test_repair_fetches_whatever_was_lost_from_a_copy(busy, tmp_path, harm):
    shutil.copytree(busy.root, tmp_path / "backup")
    copy = LocalStore(tmp_path / "backup")
    keys = list(survey(busy).needed)
    for key in keys:
        (busy.root / key).unlink() if harm == "missing" else (busy.root / key).write_bytes(b"wrong")
    done = repair(busy, data(busy), [from_copy(copy)])
    assert sorted(done.fetched) == sorted(keys) and done.left == ()
    assert len(done.quarantined) == (0 if harm == "missing" else len(keys))
    assert data(busy).ok
    assert verify_release(busy, Ref.parse("reviews@1.2")).ok
    assert sum(1 for _ in busy.list("quarantine/")) == len(done.quarantined)


def test_repair_believes_no_copy_and_puts_the_wrong_object_aside(busy, tmp_path, cli):
    shutil.copytree(busy.root, tmp_path / "backup")
    key = next(key for key in survey(busy).needed if key.startswith("files/") and not key.endswith(".dir"))
    for root in (busy.root, tmp_path / "backup"):
        size = (root / key).stat().st_size
        (root / key).write_bytes(b"?" * size)
    document = cli("fsck", "--data", "--repair", "--from", str(tmp_path / "backup"))
    assert document["ok"] is False
    assert document["repaired"] == {"fetched": [], "quarantined": [key], "left": [key]}
    assert [(p["key"], p["kind"]) for p in document["problems"]] == [(key, "missing")]
    [aside] = busy.list("quarantine/")
    assert busy.read(aside.key) == b"?" * size


def test_a_reference_that_was_removed_is_missed_and_comes_back(busy, tmp_path, cli):
    """The release with it: nothing else tells of it, and `gc` would take its bytes for waste."""
    shutil.copytree(busy.root, tmp_path / "backup")
    key = reference_key("reviews", V("1.1"))
    kept = busy.read(key)
    busy.delete(key)
    document = cli("fsck")
    assert document["ok"] is False and "reviews@1.1.0" in document["harmed"]
    assert {"key": key, "kind": "missing", "release": "reviews@1.1.0"} in document["problems"]
    mended = cli("fsck", "--repair", "--from", str(tmp_path / "backup"))
    assert mended["ok"] and mended["repaired"]["fetched"] == [key] and busy.read(key) == kept


def test_a_reference_of_another_manifest_does_not_come_back(busy, tmp_path):
    key = reference_key("reviews", V("1.1"))
    busy.delete(key)
    other = LocalStore(tmp_path / "other")
    make_release(other, "reviews", "1.1", {"train.csv": b"id\n9\n"})
    done = repair(busy, fsck(busy), [from_copy(other)])
    assert done.fetched == () and key in done.left and busy.size(key) is None


def test_an_index_with_names_that_are_none_is_passed_over(busy, tmp_path):
    shutil.copytree(busy.root, tmp_path / "backup")
    entry = {"1.0.0": {"manifest": "a" * 64, "released": "", "by": "", "title": ""}}
    index = {"format": "registry.index/1", "datasets": {"../../x": entry, "gone": entry}}
    (busy.root / "index.json").write_text(json.dumps(index))
    assert repair(busy, fsck(busy), [from_copy(LocalStore(tmp_path / "backup"))]).left == ("releases/gone/1.0.0.json",)


def test_an_entry_that_nobody_can_read_is_named_and_the_way_out_told(busy):
    busy.create("staging/x.json", b"[[[")
    assert ("staging/x.json", "corrupt") in kinds(fsck(busy))
    with pytest.raises(IntegrityError) as refused:
        gc(busy)
    assert "remove staging/x.json" in refused.value.hint


def test_all_releases_that_a_loss_harms_are_named(busy):
    shared = next(key for key in survey(busy).needed if all(key in r.data for r in survey(busy).releases))
    busy.delete(shared)
    assert fsck(busy).harmed == ("reviews@1.0.0", "reviews@1.1.0", "reviews@1.2.0")


def test_repair_from_dvcs_cache(busy, tmp_path):
    cache = tmp_path / "cache"
    shutil.copytree(busy.root / "files", cache / "files")
    keys = [key for key in survey(busy).needed if key.startswith("files/")]
    for key in keys:
        (busy.root / key).unlink()
    assert repair(busy, fsck(busy), [from_dvc_cache(cache)]).fetched == tuple(sorted(keys))
    assert data(busy).ok


def test_options_that_contradict(busy, cli):
    for options in (["--data", "--quick"], ["--from", "x"]):
        with pytest.raises(UsageError):
            cli("fsck", *options)


def test_a_broken_release_hides_no_other(busy):
    reference = busy.root / "releases/reviews/1.0.0.json"
    reference.write_bytes(b"{")
    report = fsck(busy)
    assert report.releases == 3 and "reviews@1.0.0" in {p.release for p in report.problems}
    with pytest.raises(IntegrityError, match="nothing may be removed"):
        survey(busy).require_whole()
