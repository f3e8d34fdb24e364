"""Channels and withdrawals, as an operator and a consumer see them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from registry.consume.pull import PullOptions, pull
from registry.consume.resolve import resolve
from registry.errors import (
    IntegrityError,
    NotFoundError,
    PurgedError,
    RollbackError,
    StateError,
    UsageError,
    YankedError,
)
from registry.model.names import Ref, Version
from registry.model.release import object_key
from registry.stewardship import channels as channels_module
from registry.stewardship.channels import promote
from registry.stewardship.purge import purge
from registry.stewardship.withdrawal import Cause, unyank, yank
from registry.stores.layout import Standing, channels, move_channel, record, references

V = Version.parse


def test_promote_moves_and_the_sequence_only_grows(three, cli):
    first = cli("promote", "reviews@v1.0", "stable")
    assert (first["state"], first["sequence"], first["previous"]) == ("promoted", 1, None)
    assert cli("promote", "reviews@1.0", "stable")["state"] == "unchanged"
    assert cli("promote", "reviews@1.2", "stable", "--dry-run")["state"] == "planned"
    assert cli("promote", "reviews@1.1", "stable")["sequence"] == 2
    back = cli("promote", "reviews@1.0", "stable")
    assert (back["sequence"], back["previous"], back["manifest"]) == (3, "1.1.0", first["manifest"])
    assert resolve(three, Ref.parse("reviews@stable")).version == V("1.0")


@pytest.mark.parametrize("channel", ["latest", "auto", "v1", "1.0", "Stable", "a/b", "", "../x", "x" * 97])
def test_what_reads_as_something_else_is_no_channel(three, channel):
    with pytest.raises(UsageError):
        promote(three, "reviews", V("1.0"), channel, by="Kim")
    assert [found.key for found in three.list("channels/")] == []


@pytest.mark.parametrize("ref", ["reviews", "reviews@^1", "reviews@stable", "reviews@latest"])
def test_a_steward_names_one_version(three, cli, ref):
    with pytest.raises(UsageError, match="single version"):
        cli("promote", ref, "stable")


def test_only_what_stands_can_be_promoted(three, cli):
    with pytest.raises(NotFoundError, match=r"1\.2\.0"):
        cli("promote", "reviews@9.0", "stable")
    cli("yank", "reviews@1.1", "--reason", "라벨 오류")
    with pytest.raises(StateError, match="라벨 오류"):
        cli("promote", "reviews@1.1", "stable")


def test_racing_promotions_lose_no_move(three):
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: promote(three, "reviews", V(f"1.{n % 3}"), "stable", by="Kim"), range(24)))
    state = channels(three, "reviews")["stable"]
    moves = state.sequence
    assert 3 <= moves <= 24
    promote(three, "reviews", V("1.0"), "beta", by="Kim")
    assert channels(three, "reviews")["stable"].sequence == moves


def test_yank_says_which_channel_points_there_and_what_is_latest_now(three, cli):
    cli("promote", "reviews@1.2", "stable")
    planned = cli("yank", "reviews@1.2", "--reason", "swapped", "--dry-run")
    assert planned["state"] == "planned" and planned["latest"] == "1.1.0"
    assert resolve(three, Ref.parse("reviews")).version == V("1.2")
    done = cli("yank", "reviews@1.2", "--reason", "swapped")
    assert (done["state"], done["channels"], done["latest"]) == ("yanked", ["stable"], "1.1.0")
    assert cli("yank", "reviews@1.2", "--reason", "swapped")["state"] == "unchanged"
    assert len(list(three.list("status/"))) == 1
    assert resolve(three, Ref.parse("reviews")).version == V("1.1")
    assert "swapped" in resolve(three, Ref.parse("reviews@1.2")).warning


@pytest.mark.parametrize("severity", ["privacy", "security"])
def test_a_grave_yank_is_refused_even_when_pinned_and_can_be_lifted(three, cli, severity):
    cli("yank", "reviews@1.2", "--reason", "names in it", "--severity", severity)
    with pytest.raises(YankedError, match="names in it"):
        resolve(three, Ref.parse("reviews@1.2"))
    restored = cli("unyank", "reviews@1.2", "--reason", "false alarm")
    assert (restored["state"], restored["latest"]) == ("restored", "1.2.0")
    assert cli("unyank", "reviews@1.2")["state"] == "unchanged"
    assert resolve(three, Ref.parse("reviews@1.2")).warning is None
    assert len(list(three.list("status/"))) == 2


def test_a_changed_mind_is_another_entry(three):
    yank(three, "reviews", V("1.2"), Cause("odd"), by="Kim")
    assert yank(three, "reviews", V("1.2"), Cause("names", "privacy"), by="Kim").state == "yanked"
    assert len(list(three.list("status/"))) == 2


def test_nonsense_is_refused_before_anything_is_written(three):
    for cause in (Cause("x", "grave"), Cause("  ")):
        with pytest.raises(UsageError):
            yank(three, "reviews", V("1.2"), cause, by="Kim")
    with pytest.raises(NotFoundError):
        yank(three, "nothing", V("1.2"), Cause("x"), by="Kim")
    record(three, "reviews", V("1.0"), Standing("purged", "gone", "Kim", "2026-01-01T00:00:00Z"))
    for act in (lambda: yank(three, "reviews", V("1.0"), Cause("x"), by="Kim"),
                lambda: unyank(three, "reviews", V("1.0"), by="Kim")):  # fmt: skip
        with pytest.raises(PurgedError):
            act()
    assert len(list(three.list("status/"))) == 1


def test_a_channel_that_was_set_back_is_refused(three, tmp_path):
    promote(three, "reviews", V("1.0"), "stable", by="Kim")
    old = three.read("channels/reviews/stable.json")
    promote(three, "reviews", V("1.2"), "stable", by="Kim")
    ref = Ref.parse("reviews@stable")
    assert resolve(three, ref).version == V("1.2")
    (three.root / "channels/reviews/stable.json").write_bytes(old)
    with pytest.raises(RollbackError, match="2 was seen") as caught:
        pull(three, ref, tmp_path / "here")
    assert caught.value.exit == 4 and not (tmp_path / "here").exists()
    assert resolve(three, ref, withdrawn=True).version == V("1.0")  # who only looks is not refused
    assert pull(three, ref, tmp_path / "here", PullOptions(allow_rollback=True)).version == "1.0.0"
    assert resolve(three, ref).version == V("1.0")  # what was taken once is the state now
    promote(three, "reviews", V("1.1"), "stable", by="Kim")
    assert resolve(three, ref).version == V("1.1")


def test_a_channel_with_two_histories_is_refused(three):
    promote(three, "reviews", V("1.0"), "stable", by="Kim")
    ref = Ref.parse("reviews@stable")
    resolve(three, ref)
    three.delete("channels/reviews/stable.json")
    manifest = resolve(three, Ref.parse("reviews@1.2")).reference.manifest
    move_channel(three, "reviews", "stable", V("1.2"), manifest, by="Eve", at="2026-01-01T00:00:00Z")
    with pytest.raises(RollbackError, match="not what was seen"):
        resolve(three, ref)


@pytest.mark.parametrize("removed", [(), ("000001", "000002", "000003")])
def test_a_yank_counts_however_the_log_was_left(three, cli, removed):
    """Entries far ahead, or removed by hand: the last one to be written decides all the same."""
    for number in range(4):
        yank(three, "reviews", V("1.2"), Cause(f"reason {number}"), by="Kim")
    unyank(three, "reviews", V("1.2"), by="Kim")
    log = "status/reviews/1.2.0"
    three.create(f"{log}/999999999999.json", three.read(f"{log}/000005.json"))
    for number in removed:
        three.delete(f"{log}/{number}.json")
    cli("yank", "reviews@1.2", "--reason", "개인정보", "--severity", "privacy")
    with pytest.raises(YankedError, match="개인정보"):
        resolve(three, Ref.parse("reviews@1.2"))
    missing = f"{log}/{'000001' if removed else '000006'}.json"
    assert {"key": missing, "kind": "missing", "release": "reviews@1.2.0"} in cli("fsck")["strays"]


def test_of_a_promotion_and_a_yank_at_once_one_sees_the_other(three, monkeypatch):
    def late(*arguments, **options):
        yank(three, "reviews", V("1.2"), Cause("names", "privacy"), by="Lee")
        return move_channel(*arguments, **options)

    monkeypatch.setattr(channels_module, "move_channel", late)
    with pytest.raises(StateError, match="names"):
        promote(three, "reviews", V("1.2"), "stable", by="Kim")


def test_a_release_that_is_broken_can_be_withdrawn(three):
    reference = references(three, "reviews")[V("1.2")]
    three.delete(object_key(reference.manifest))
    yank(three, "reviews", V("1.2"), Cause("damaged"), by="Kim")
    assert resolve(three, Ref.parse("reviews")).version == V("1.1")
    with pytest.raises(IntegrityError) as refused:
        purge(three, "reviews", V("1.1"), "x", by="Kim")
    assert "rebuild-index" in refused.value.hint
