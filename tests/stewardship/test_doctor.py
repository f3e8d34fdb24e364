"""doctor: permissions by role, tried for real; the least policy; nothing left behind."""

from __future__ import annotations

import os

import pytest

from registry.errors import DeniedError
from registry.stewardship.doctor import document, examine_machine, examine_store, examine_workspace, roles_of
from registry.stewardship.policies import ROLES, policy
from registry.stores.base import ReadOnly
from registry.stores.layout import open_registry
from registry.stores.local import LocalStore
from registry.stores.staging import Sweep


class Limited(LocalStore):
    """A store that forbids some operations, as an S3 policy would."""

    def __init__(self, root, *forbidden):
        super().__init__(root)
        self.forbidden = forbidden

    def _refuse(self, operation):
        if operation in self.forbidden:
            raise DeniedError("refused", why="AccessDenied", hint="ask for it")

    def create(self, key, data):
        self._refuse("create")
        return super().create(key, data)

    def delete(self, key, tag=None):
        self._refuse("delete")
        return super().delete(key, tag)

    def list(self, prefix):
        self._refuse("list")
        return super().list(prefix)


class Careless(LocalStore):
    """A server that answers 200 to every conditional write."""

    def create(self, key, data):
        super().delete(key)
        return super().create(key, data)

    def swap(self, key, data, tag):
        return self.create(key, data)


@pytest.mark.parametrize(
    ("forbidden", "roles"),
    [((), list(ROLES)), (("delete",), ["reader", "releaser"]), (("create", "delete"), ["reader"]), (("list",), [])],
)
def test_roles_are_tried(tmp_path, forbidden, roles):
    store = Limited(tmp_path, *forbidden)
    found = examine_store(store)
    assert roles_of(found) == roles
    if "delete" not in forbidden and "list" not in forbidden:
        assert list(store.list("")) == []


def test_who_only_reads_is_told_so_and_nothing_fails(tmp_path):
    found = examine_store(Limited(tmp_path, "create", "delete"))
    assert document(found, None)["ok"] and roles_of(found) == ["reader"]
    assert [finding.id for finding in found if finding.state == "warn"] == ["store:create"]
    assert found[0].what == f"the store is file:{tmp_path}"
    assert not document(examine_store(Limited(tmp_path, "list")), None)["ok"]


def test_a_store_that_is_only_served_is_enough_to_read(tmp_path):
    class Served(ReadOnly, LocalStore):
        """What a web server serves."""

    assert roles_of(found := examine_store(Served(tmp_path))) == ["reader"] and document(found, None)["ok"]


def test_who_may_not_delete_may_release(tmp_path):
    store = Limited(tmp_path, "delete")
    open_registry(store, write=True)
    assert store.read("registry.json")


def test_a_store_that_ignores_conditions_fails(tmp_path):
    failed = {found.id for found in examine_store(Careless(tmp_path)) if found.state == "fail"}
    assert failed == {"store:create-only", "store:compare-and-swap"}


def test_looking_only_writes_nothing(three, cli):
    before = sorted(info.key for info in three.list(""))
    found = cli("doctor", "--dry-run")
    assert found["roles"] == ["reader"] and found["ok"]
    assert cli("doctor")["roles"] == list(ROLES)
    assert sorted(info.key for info in three.list("")) == before


def test_a_killed_sweep_is_told(three):
    three.create("sweep.json", Sweep(1, "elsewhere/1/2/ab", "2020-01-01T00:00:00Z").to_bytes())
    assert [f.hint for f in examine_store(three) if f.id == "store:sweep"] == ["registry gc --delete"]


def test_the_machine_and_no_workspace(tmp_path, monkeypatch):
    assert {found.id for found in examine_machine()} >= {"python", "git", "cache", "extra:author", "extra:fast"}
    [found] = examine_workspace(tmp_path)
    assert (found.id, found.state) == ("workspace", "warn") and found.hint


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_cache_that_cannot_be_written(tmp_path, monkeypatch):
    tmp_path.chmod(0o500)
    monkeypatch.setenv("REGISTRY_CACHE", str(tmp_path / "cache"))
    assert [f.state for f in examine_machine() if f.id == "cache"] == ["fail"]


def test_policies_grow_by_role_and_stay_in_the_prefix():
    actions = [set(policy("b", "data", role)["Statement"][1]["Action"]) for role in ROLES]
    assert actions[0] < actions[1] < actions[2] and "s3:DeleteObject" not in actions[1]
    listing, objects = policy("b", "a/data/", "reader")["Statement"]
    assert listing["Condition"] == {"StringLike": {"s3:prefix": ["a/data/*"]}}
    assert objects["Resource"] == ["arn:aws:s3:::b/a/data/*"]
    assert policy("b", "", "reader")["Statement"][1]["Resource"] == ["arn:aws:s3:::b/*"]


def test_a_real_s3_server(seaweed_bucket):
    store = seaweed_bucket.store("data")
    found = examine_store(store)
    assert roles_of(found) == list(ROLES) and list(store.list("")) == []
    written = document(found, store)
    assert written["ok"] and set(written["policies"]) == set(ROLES)
