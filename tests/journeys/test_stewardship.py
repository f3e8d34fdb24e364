"""Every command of a steward as a process, its document valid by its JSON Schema (the harness sees to that)."""

from __future__ import annotations

import shutil

import pytest

from registry.stores.local import LocalStore
from registry.testing.releases import make_release
from tests.journeys.harness import Shell

pytestmark = pytest.mark.slow


@pytest.fixture
def steward(tmp_path):
    """A directory beside a store with two releases."""
    store = LocalStore(tmp_path / "store")
    make_release(store, "reviews", "1.0", {"train.csv": b"id\n1\n", "하위/test.csv": b"id\n9\n"})
    make_release(store, "reviews", "1.1", {"train.csv": b"id\n1\n2\n", "하위/test.csv": b"id\n9\n"})
    return Shell(tmp_path, env=(("REGISTRY_STORE", str(store.root)),))


def test_a_steward_s_documents(steward):
    def say(*arguments, code=0):
        return steward(*arguments, "--json", code=code).json

    assert say("promote", "reviews@1.1", "stable", "--dry-run")["state"] == "planned"
    assert say("promote", "reviews@1.1", "stable")["sequence"] == 1
    assert say("promote", "reviews@1.0", "stable")["previous"] == "1.1.0"
    assert say("yank", "reviews@1.1", "--reason", "개인정보", "--severity", "privacy")["latest"] == "1.0.0"
    assert say("unyank", "reviews@1.1")["state"] == "restored"
    assert say("stats")["datasets"][0]["versions"] == 2
    assert say("purge", "reviews@1.1", "--reason", "이름", "--confirm", "reviews@1.1")["destroyed"]["objects"] > 0
    assert say("yank", "reviews@1.1", "--reason", "x", code=6)["format"] == "registry.error/1"
    assert say("rebuild-index")["releases"] == 2
    assert say("gc")["due"]["objects"] == 0
    assert say("gc", "--delete", "--grace", "0")["removed"]["objects"] == 0
    assert "reader" in say("doctor")["roles"]
    assert say("fsck")["ok"] is True


def test_repair_says_what_it_did(steward):
    store = steward.cwd / "store"
    shutil.copytree(store, steward.cwd / "backup")
    data = sorted((store / "files/md5").rglob("*"))
    next(path for path in data if path.is_file()).write_bytes(b"wrong")
    (store / "odd.txt").write_bytes(b"")
    found = steward("fsck", "--data", "--json", code=3).json
    assert [problem["kind"] for problem in found["problems"]] == ["corrupt"]
    assert {"key": "odd.txt", "kind": "foreign"} in found["strays"]
    mended = steward("fsck", "--data", "--repair", "--from", steward.cwd / "backup", "--json").json
    assert len(mended["repaired"]["fetched"]) == len(mended["repaired"]["quarantined"]) == 1
