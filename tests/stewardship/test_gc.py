"""gc and purge: what is needed stays, whatever runs beside them."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from registry.consume.pull import pull
from registry.consume.resolve import resolve
from registry.consume.verify import verify_release
from registry.errors import (
    IntegrityError,
    LockHeldError,
    PurgedError,
    StateError,
    StoreError,
    UsageError,
    VersionExistsError,
)
from registry.model.names import Ref, Version
from registry.model.release import object_key
from registry.release.execute import execute
from registry.stewardship import gc as gc_module
from registry.stewardship.channels import promote
from registry.stewardship.fsck import FsckOptions, fsck
from registry.stewardship.gc import GcOptions, gc, parse_span
from registry.stewardship.purge import purge
from registry.stewardship.reach import survey
from registry.stewardship.repair import quarantine
from registry.stewardship.stats import stats
from registry.stewardship.withdrawal import Cause, yank
from registry.stores import staging
from registry.stores.layout import rebuild_index
from registry.stores.staging import Stage, Sweep, read_sweep, sweeping
from registry.testing.releases import make_release
from tests.crash.scenarios import Place, plan_of
from tests.stewardship.conftest import ROWS

V = Version.parse
NOW = GcOptions(delete=True, grace=timedelta(0))
LEFT = "files/md5/ab/" + "c" * 30
TEXT = "objects/sha256/ab/" + "d" * 62


def keys(store):
    return {info.key for info in store.list("") if info.key not in ("sweep.json", "doomed.json")}


def test_gc_is_dry_marks_then_removes(three, cli):
    before = keys(three)
    three.create(LEFT, b"left")
    dry = cli("gc")
    assert (dry["waiting"], dry["dry_run"]) == ({"objects": 1, "bytes": 4}, True)
    assert keys(three) == before | {LEFT}
    assert cli("gc", "--delete", "--dry-run")["dry_run"] is True and three.size("doomed.json") is None
    assert cli("gc", "--delete", "--grace", "0")["removed"]["objects"] == 0
    assert cli("gc", "--delete")["removed"]["objects"] == 0  # marked, but not a week ago
    assert cli("gc", "--grace", "0")["due"] == {"objects": 1, "bytes": 4}
    assert cli("gc", "--delete", "--grace", "0")["removed"] == {"objects": 1, "bytes": 4}
    assert keys(three) == before
    assert fsck(three, FsckOptions("data")).strays == ()


def test_gc_keeps_yanked_releases_and_what_became_needed_again(three):
    yank(three, "reviews", V("1.2"), Cause("odd", "security"), by="Kim")
    made = make_release(three, "other", "1.0", {"a.csv": b"a\n"})
    reference = three.read("releases/other/1.0.0.json")
    three.delete("releases/other/1.0.0.json")
    with pytest.raises(IntegrityError, match=r"other@1.0.0 stands in the index"):
        gc(three, NOW)
    rebuild_index(three)
    assert gc(three, NOW).doomed > 0
    three.create("releases/other/1.0.0.json", reference)
    assert gc(three, NOW).removed == 0
    assert verify_release(three, Ref.parse("other@1.0")).manifest == made.reference.manifest
    assert verify_release(three, Ref.parse("reviews@1.2")).ok


def test_gc_removes_nothing_while_a_release_cannot_be_read(three):
    three.create(LEFT, b"left")
    gc(three, NOW)
    (three.root / "releases/reviews/1.1.0.json").write_bytes(b"{")
    with pytest.raises(IntegrityError, match="nothing may be removed"):
        gc(three, NOW)
    assert three.size(LEFT) == 4
    assert not read_sweep(three)[0].running


def test_gc_keeps_what_a_publisher_has_staged_and_forgets_publishers_that_are_gone(three, monkeypatch):
    three.create(LEFT, b"left")
    gc(three, NOW)
    stage = Stage.enter(three, "a" * 64, [LEFT])
    assert gc(three, NOW).removed == 0
    gc(three, NOW)
    monkeypatch.setattr(staging, "FRESH", timedelta(seconds=-1))
    gc(three, NOW)
    assert gc(three, NOW).removed == 2
    assert three.size(stage.key) is None and three.size(LEFT) is None


def test_a_publisher_that_comes_while_objects_are_removed_looks_again(three, monkeypatch):
    """The worst moment: the collector has read what is needed, the publisher has seen the object."""
    three.create(LEFT, b"left")
    gc(three, NOW)
    seen = {}
    remove = gc_module._remove

    def late(store, doomed):
        stage = Stage.enter(store, "a" * 64, [LEFT])
        seen["there"] = store.size(LEFT)
        removed = remove(store, doomed)
        threading.Thread(target=lambda: seen.update(disturbed=stage.disturbed())).start()
        return removed

    monkeypatch.setattr(gc_module, "_remove", late)
    assert gc(three, NOW).removed == 1
    for _ in range(200):
        if "disturbed" in seen:
            break
        threading.Event().wait(0.05)
    assert seen == {"there": 4, "disturbed": True}


def test_a_sweep_that_does_not_end_is_named(three, monkeypatch):
    monkeypatch.setattr(staging, "PATIENCE", 0.0)
    stage = Stage.enter(three, "a" * 64, [])
    assert stage.disturbed() is False
    with sweeping(three):
        for act in (stage.disturbed, lambda: gc(three, NOW), lambda: purge(three, "reviews", V("1.0"), "x", by="Kim")):
            with pytest.raises(LockHeldError, match="being swept"):
                act()
    assert stage.disturbed() is True


@pytest.mark.parametrize(("by", "at"), [("elsewhere/1/2", "2020-01-01T00:00:00Z"), ("DEAD", "2999-01-01T00:00:00Z")])
def test_a_killed_sweep_is_taken_over(three, by, at, monkeypatch):
    by = f"{staging._place()}/999999999/ab" if by == "DEAD" else by
    three.create("sweep.json", Sweep(1, by, at).to_bytes())
    assert Stage.enter(three, "a" * 64, []).disturbed() is True  # nobody knows what it removed
    gc(three, NOW)
    state = read_sweep(three)[0]
    assert (state.count, state.running) == (4, False)
    assert Stage.enter(three, "a" * 64, []).disturbed() is False


@pytest.mark.parametrize("text", ["", "7", "-1d", "1w", "1.5h", "9999999d"])
def test_spans(text):
    assert parse_span("7d") == timedelta(days=7) and parse_span("0") == timedelta(0)
    with pytest.raises(UsageError):
        parse_span(text)


def test_stats_tell_own_from_shared(three, cli):
    shared = b"id,text\n2,b\n"
    make_release(three, "copy", "1.0", {"test.csv": shared, "x.csv": b"xyz"})
    three.create(LEFT, b"left")
    document = cli("stats")
    by_name = {dataset["name"]: dataset for dataset in document["datasets"]}
    assert by_name["reviews"]["released"]["objects"] == 6 and by_name["reviews"]["versions"] == 3
    assert by_name["copy"]["shared"]["bytes"] >= len(shared)
    assert by_name["copy"]["own"]["bytes"] + by_name["copy"]["shared"]["bytes"] == by_name["copy"]["stored"]["bytes"]
    assert document["unneeded"] == {"objects": 1, "bytes": 4}
    sizes = sum(info.size for info in three.list("") if info.key.startswith(("files/", "objects/")))
    assert document["stored"]["bytes"] == sizes
    assert stats(three) == document


def test_purge_destroys_what_only_it_needs_and_names_what_shares(three, cli, tmp_path):
    before = {str(r): r for r in survey(three).releases}
    own = (
        before["reviews@1.1.0"].needs.keys()
        - before["reviews@1.0.0"].needs.keys()
        - before["reviews@1.2.0"].needs.keys()
    )
    promote(three, "reviews", V("1.1"), "stable", by="Kim")
    wrong = next(key for key in own if key.startswith("files/") and not key.endswith(".dir"))
    three.create(f"quarantine/{wrong}-0123456789abcdef", b"an older, wrong state of it")
    planned = cli("purge", "reviews@1.1", "--reason", "동의 철회", "--dry-run")
    assert planned["state"] == "planned" and verify_release(three, Ref.parse("reviews@1.1")).ok
    done = cli("purge", "reviews@1.1", "--reason", "동의 철회", "--confirm", "reviews@v1.1.0")
    assert {**done, "state": "planned"} == planned
    assert [share["release"] for share in done["shared"]] == ["reviews@1.0.0", "reviews@1.2.0"]
    assert done["channels"] == ["stable"]
    gone = own - keys(three)
    released = resolve(three, Ref.parse("reviews@1.1"), withdrawn=True)
    kept = {object_key(released.reference.manifest)}
    assert own - gone == kept
    assert not list(three.list("quarantine/"))
    with pytest.raises(PurgedError, match="동의 철회"):
        pull(three, Ref.parse("reviews@1.1"), tmp_path / "x")
    for other in ("1.0", "1.2"):
        assert verify_release(three, Ref.parse(f"reviews@{other}")).ok
    report = fsck(three, FsckOptions("data"))
    assert report.ok and not report.strays, report
    assert cli("purge", "reviews@1.1", "--reason", "again", "--confirm", "reviews@1.1")["state"] == "unchanged"
    assert len(list(three.list("status/"))) == 1


@pytest.mark.parametrize("confirm", [[], ["--confirm", "reviews@1.0"], ["--confirm", "other@1.1"]])
def test_purge_wants_the_name_twice(three, cli, confirm):
    with pytest.raises(UsageError, match="not confirmed"):
        cli("purge", "reviews@1.1", "--reason", "x", *confirm)
    assert not list(three.list("status/"))


def test_purge_of_an_unreadable_or_a_shared_store_is_careful(three):
    stage = Stage.enter(three, "a" * 64, survey(three).needed)
    done = purge(three, "reviews", V("1.1"), "x", by="Kim")
    assert done.destroyed == 0 and done.shared[-1].waits
    stage.leave()
    (three.root / "releases/reviews/1.0.0.json").write_bytes(b"{")
    with pytest.raises(IntegrityError, match=r"1\.0\.0"):
        purge(three, "reviews", V("1.2"), "x", by="Kim")
    assert not any("1.2.0" in info.key for info in three.list("status/"))


def stage_until(store):
    [entry] = staging.staged(store)
    return entry.until


def test_purge_waits_for_a_publisher_and_is_finished_by_the_same_command(three, cli):
    """A release that is about to be made needs the very bytes: they go when it has ended, not before, not never."""
    own = survey(three).releases[1].needs.keys() - survey(three).releases[0].needs.keys()
    train = next(key for key in own if key.startswith("files/") and not key.endswith(".dir"))
    stage = Stage.enter(three, "a" * 64, [train], of="reviews@1.3.0", by="이영희")
    again = ("purge", "reviews@1.1", "--reason", "x", "--confirm", "reviews@1.1")
    assert cli("gc")["in_progress"] == [{"release": "reviews@1.3.0", "by": "이영희", "until": stage_until(three)}]
    waiting = cli(*again)["shared"][-1]
    assert (waiting["release"], waiting["files"], waiting["in_progress"]["by"]) == ("reviews@1.3.0", 1, "이영희")
    assert three.size(train) is not None
    [stray] = [stray for stray in cli("fsck")["strays"] if stray["kind"] == "unfinished"]
    assert stray["release"] == "reviews@1.1.0" and cli("fsck")["ok"]
    stage.leave()
    assert cli(*again)["destroyed"]["objects"] == 2  # the file, and the list of files that told of it
    assert three.size(train) is None and not cli("fsck")["strays"]


def test_who_lost_a_version_keeps_nothing_from_being_purged(three, tmp_path):
    files = {**ROWS, "train.csv": "id,text\n1,이름\n".encode()}
    make_release(three, "reviews", "1.3", files)
    with pytest.raises(VersionExistsError):
        execute(plan_of(Place(tmp_path / "late"), "1.2", files), three)
    assert not list(three.list("staging/"))
    shared = purge(three, "reviews", V("1.3"), "x", by="Kim").shared
    assert [share.release for share in shared] == ["reviews@1.0.0", "reviews@1.1.0", "reviews@1.2.0"]
    assert not {stray.kind for stray in fsck(three).strays} & {"unfinished", "abandoned"}


def test_who_may_not_delete_leaves_an_entry_that_counts_for_nothing(three):
    """A releaser without the right to delete cannot take its entry back: its release stands, and that is enough."""
    needs = survey(three).releases[1].needs
    Stage.enter(three, "b" * 64, needs, of="reviews@1.1.0", by="Kim")
    assert purge(three, "reviews", V("1.1"), "x", by="Kim").destroyed > 0
    assert [(stray.kind, stray.key[:8]) for stray in fsck(three).strays] == [("abandoned", "staging/")]
    gc(three, NOW)
    assert gc(three, NOW).removed == 1 and fsck(three).strays == ()


def test_a_tombstone_is_set_by_nobody_who_may_not_destroy(three, monkeypatch):
    def refused(self, key, tag=None):
        raise StoreError("refused", why="AccessDenied", hint="ask for it")

    monkeypatch.setattr(type(three), "delete", refused)
    with pytest.raises(StoreError):
        purge(three, "reviews", V("1.1"), "x", by="Kim")
    assert not list(three.list("status/")) and verify_release(three, Ref.parse("reviews@1.1")).ok


def test_quarantine_keeps_the_bytes(three):
    three.create(LEFT, b"left")
    assert three.read(quarantine(three, LEFT)) == b"left" and three.size(LEFT) is None


def test_the_next_release_builds_on_a_purged_one(three):
    purge(three, "reviews", V("1.2"), "x", by="Kim")
    with pytest.raises(StateError):
        promote(three, "reviews", V("1.2"), "stable", by="Kim")
    from registry.consume.resolve import find_previous
    from registry.stores.layout import read_object

    before = find_previous(three, "reviews", None)
    assert before.version == V("1.2") and read_object(three, before.manifest.schema)
