"""What publishing to the Hub does to the repository, and what it refuses."""

from __future__ import annotations

import threading

import pytest

from registry.consume.contents import contents_of
from registry.errors import (
    DataError,
    EnvironmentFailed,
    IntegrityError,
    PurgedError,
    StateError,
    StoreError,
    YankedError,
)
from registry.mirrors import publish as publishing
from registry.mirrors import record
from registry.mirrors.hub import Repository
from registry.mirrors.publish import publish
from registry.mirrors.require import released
from registry.model.names import Version
from registry.stewardship.fsck import fsck
from registry.stewardship.purge import purge
from registry.stewardship.withdrawal import Cause, yank
from registry.stores.layout import read_files
from registry.stores.standing import Standing
from registry.stores.standing import record as record_standing
from registry.testing.hub_repository import Blob, Refused
from registry.testing.releases import make_release
from tests.mirrors.conftest import REPOSITORY, order

pytestmark = pytest.mark.usefixtures("login")


def tree(hub, revision):
    """What the Hub holds, without what it puts there itself."""
    found = hub.repository(REPOSITORY).at(revision).tree
    return {path: hub.world.bytes_of(blob) for path, blob in found.items() if path != ".gitattributes"}


def released_tree(store, version):
    wanted = order(store, version).released
    files = read_files(store, wanted.manifest)
    items = contents_of(wanted.manifest, wanted.raw, files, files.entries)
    return {item.path: store.read(item.key) if item.inline is None else item.inline for item in items}


def commits(hub):
    return [path for method, path in hub.calls if method == "POST" and "/commit/" in path]


def writes(hub):
    return [call for call in hub.calls if call[0] != "GET" and "preupload" not in call[1]]


def test_a_release_is_one_commit_a_tag_and_a_record(hub, reviews):
    result = publish(order(reviews, "1.0"))
    repository = hub.repository(REPOSITORY)
    commit = repository.at("v1.0.0")
    assert tree(hub, "v1.0.0") == released_tree(reviews, "1.0")
    assert {"README.md", ".registry/manifest.json", "옛 파일.csv"} <= commit.tree.keys()
    assert len(commits(hub)) == 1 and repository.commits[commit.parent].title == "initial commit"
    assert repository.branches == {"main": commit.oid} and result.hub.commit == commit.oid
    assert (commit.title, commit.description) == (
        "Release reviews@1.0.0", f"Manifest-Digest: sha256:{result.manifest}",
    )  # fmt: skip
    entry = record.read(reviews, "reviews", Version(1), hub.endpoint, REPOSITORY)
    assert (entry.commit, entry.tag, entry.manifest) == (commit.oid, "v1.0.0", result.manifest)
    assert result.state == "published" and result.uploaded_files == result.files == len(commit.tree) - 1
    report = fsck(reviews)
    assert report.ok and not report.strays


def test_the_same_again_writes_nothing(hub, reviews):
    first = publish(order(reviews, "1.0"))
    hub.calls.clear()
    again = publish(order(reviews, "1.0"))
    assert (again.state, again.hub.commit) == ("already-published", first.hub.commit)
    assert not writes(hub)


def test_the_next_release_sends_what_changed_and_removes_what_is_gone(hub, reviews):
    before = publish(order(reviews, "1.0")).hub.commit
    hub.calls.clear()
    result = publish(order(reviews, "1.1"))
    assert tree(hub, "main") == tree(hub, "v1.1.0") == released_tree(reviews, "1.1")
    assert tree(hub, "v1.0.0") == released_tree(reviews, "1.0")
    assert hub.repository(REPOSITORY).at("v1.1.0").parent == before
    changes = {change.path: change.change for change in result.changes if not change.path.startswith(".registry")}
    assert changes == {"test.csv": "replace", "new.csv": "add", "옛 파일.csv": "remove"}
    assert not [path for method, path in hub.calls if path.startswith("/lfs/")]


@pytest.mark.parametrize("late", ["1.0", "1.2.0-rc.1"])
def test_what_people_see_never_goes_back(hub, reviews, late):
    if late != "1.0":
        make_release(reviews, "reviews", late, {"train.csv": b"id\n1\n"})
    newest = publish(order(reviews, "1.1")).hub.commit
    result = publish(order(reviews, late))
    assert hub.repository(REPOSITORY).branches["main"] == newest
    assert result.hub.branch == f"release-{Version.parse(late)}"
    assert tree(hub, result.hub.tag) == released_tree(reviews, late)


def test_a_dry_run_lists_and_writes_nothing(hub, reviews):
    plan = publish(order(reviews, "1.0", dry_run=True))
    assert plan.state == "planned" and plan.uploaded_files == plan.files and plan.hub.commit is None
    publish(order(reviews, "1.0"))
    hub.calls.clear()
    plan = publish(order(reviews, "1.1", dry_run=True))
    listed = {change.path for change in plan.changes}
    assert {"test.csv", "new.csv", "옛 파일.csv", ".registry/manifest.json"} <= listed and "train.csv" not in listed
    assert not writes(hub) and list(hub.repository(REPOSITORY).tags) == ["v1.0.0"]


@pytest.mark.parametrize("how", ["moved", "deleted"])
def test_a_moved_or_deleted_tag_is_told_by_its_commit_and_put_back(hub, reviews, how):
    commit = publish(order(reviews, "1.0")).hub.commit
    repository = hub.repository(REPOSITORY)
    other = repository.commit("main", None, {"x.csv": Blob.of(b"x\n")}, [], "Sneak in")
    del repository.tags["v1.0.0"]
    if how == "moved":
        repository.tags["v1.0.0"] = other
    with pytest.raises(IntegrityError, match=how) as caught:
        publish(order(reviews, "1.0"))
    assert caught.value.exit == 3 and commit in str(caught.value) and "--restore" in caught.value.hint
    assert publish(order(reviews, "1.0", restore=True)).state == "restored"
    assert repository.tags["v1.0.0"] == commit
    assert publish(order(reviews, "1.0")).state == "already-published"


def test_a_repository_that_was_deleted_is_published_anew_only_when_asked(hub, reviews):
    before = publish(order(reviews, "1.0")).hub.commit
    del hub.world.repositories[REPOSITORY]
    with pytest.raises(EnvironmentFailed) as caught:
        publish(order(reviews, "1.0"))
    assert "--restore" in caught.value.hint and not hub.world.repositories
    result = publish(order(reviews, "1.0", restore=True))
    assert result.state == "published" and result.hub.commit != before
    assert publish(order(reviews, "1.0")).state == "already-published"


def test_files_of_others_are_not_overwritten(hub, reviews):
    kim = next(iter(hub.world.people.values()))
    repository = hub.world.make(kim, REPOSITORY)
    theirs = repository.commit("main", None, {"notes.txt": Blob.of("메모\n".encode())}, [], "Mine")
    with pytest.raises(StateError) as caught:
        publish(order(reviews, "1.0"))
    assert "notes.txt" in str(caught.value) and "--replace" in caught.value.hint
    assert repository.branches["main"] == theirs and not repository.tags
    assert publish(order(reviews, "1.0", replace=True)).state == "published"
    assert "notes.txt" not in tree(hub, "v1.0.0") and "notes.txt" in repository.commits[theirs].tree


def test_a_card_that_was_edited_on_the_hub_is_not_overwritten(hub, reviews):
    publish(order(reviews, "1.0"))
    repository = hub.repository(REPOSITORY)
    edited = repository.commit("main", None, {"README.md": Blob.of(b"# Better\n")}, [], "Typo")
    # It is the same in the next release, so it is the next one that would undo the edit.
    with pytest.raises(StateError, match=r"was changed on the Hub: README\.md") as caught:
        publish(order(reviews, "1.1"))
    assert caught.value.exit == 4 and repository.branches["main"] == edited
    publish(order(reviews, "1.1", replace=True))
    assert tree(hub, "main") == released_tree(reviews, "1.1")


def at(hub, method, part, act, times=1):
    """Calls `act` ahead of the first `times` requests of `method` whose path has `part`."""
    left = [times]

    def before(called, path):
        if called == method and part in path and left[0]:
            left[0] -= 1
            act()

    hub.before = before


def test_a_parent_gone_stale_by_a_stranger_is_refused(hub, reviews):
    publish(order(reviews, "1.0"))
    repository = hub.repository(REPOSITORY)
    at(hub, "POST", "/commit/", lambda: repository.commit("main", None, {"x.csv": Blob.of(b"x")}, [], "Theirs"))
    with pytest.raises(StateError, match=r"x\.csv") as caught:
        publish(order(reviews, "1.1"))
    assert caught.value.exit == 4 and "v1.1.0" not in repository.tags and "x.csv" in tree(hub, "main")


def test_a_parent_gone_stale_by_our_own_release_is_tried_again(hub, reviews):
    at(hub, "POST", "/commit/", lambda: publish(order(reviews, "1.0")))
    result = publish(order(reviews, "1.1"))
    repository = hub.repository(REPOSITORY)
    assert result.state == "published" and repository.at("v1.1.0").parent == repository.tags["v1.0.0"]
    assert tree(hub, "main") == released_tree(reviews, "1.1")


def test_a_branch_that_never_rests_ends_with_exit_4(hub, reviews):
    def refuse():
        raise Refused(412, "A commit has happened since.")

    at(hub, "POST", "/commit/", refuse, times=99)
    with pytest.raises(StateError) as caught:
        publish(order(reviews, "1.0"))
    assert caught.value.exit == 4 and len(commits(hub)) == publishing.TRIES


def test_two_at_once_make_one_commit(hub, reviews):
    results, together = [], threading.Barrier(2)

    def run():
        wanted = order(reviews, "1.0")
        together.wait()
        try:
            results.append(publish(wanted).hub.commit)
        except StateError as error:
            results.append(error.exit)

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    repository = hub.repository(REPOSITORY)
    assert len(repository.commits) == 2 and set(results) <= {repository.tags["v1.0.0"], 4}
    assert publish(order(reviews, "1.0")).hub.commit == repository.branches["main"]


@pytest.mark.parametrize(
    "where", ["/preupload/", "/info/lfs", "/verify", "/commit/", "/tag/", "/create", "/refs", "record"]
)
def test_broken_off_anywhere_the_same_again_finishes_with_one_commit(hub, reviews, monkeypatch, where):
    def fail(*_, **__):
        raise Refused(418, "Gone") if where != "record" else StoreError("the disk is full")

    if where == "record":
        with monkeypatch.context() as patch:
            patch.setattr(record, "write", fail)
            with pytest.raises(EnvironmentFailed, match="the record in the store is missing"):
                publish(order(reviews, "1.0"))
    else:
        at(hub, "GET" if where == "/refs" else "POST", where, fail)
        with pytest.raises(EnvironmentFailed):
            publish(order(reviews, "1.0"))
    publish(order(reviews, "1.0"))
    repository = hub.repository(REPOSITORY)
    assert len(repository.commits) == 2 and tree(hub, "v1.0.0") == released_tree(reviews, "1.0")
    assert publish(order(reviews, "1.0")).state == "already-published"


def test_a_release_whose_record_was_lost_is_still_ours(hub, reviews, monkeypatch):
    publish(order(reviews, "1.0"))
    for info in list(reviews.list(record.PREFIX)):
        reviews.delete(info.key)
    assert publish(order(reviews, "1.1")).state == "published"
    assert tree(hub, "main") == released_tree(reviews, "1.1")


def test_after_a_purge_the_next_release_still_follows(hub, reviews):
    publish(order(reviews, "1.0"))
    purge(reviews, "reviews", Version(1), "동의 철회", by="Kim")
    assert publish(order(reviews, "1.1")).state == "published"
    assert tree(hub, "main") == released_tree(reviews, "1.1")


def test_a_tag_of_somebody_else_is_not_taken_for_the_release(hub, reviews):
    kim = next(iter(hub.world.people.values()))
    hub.world.make(kim, REPOSITORY).tag("v1.0.0", "main")
    with pytest.raises(StateError, match="with other content") as caught:
        publish(order(reviews, "1.0"))
    assert caught.value.exit == 4 and "hf repos tag delete" in caught.value.hint and not commits(hub)


def test_a_hub_that_drops_a_file_gets_no_tag(hub, reviews, monkeypatch):
    from registry.testing.hub_repository import Repository as There

    whole = There.commit

    def lossy(self, branch, parent, files, *more):
        return whole(self, branch, parent, {k: v for k, v in files.items() if k != "test.csv"}, *more)

    monkeypatch.setattr(There, "commit", lossy)
    with pytest.raises(IntegrityError, match=r"test\.csv is missing"):
        publish(order(reviews, "1.0"))
    assert not hub.repository(REPOSITORY).tags


@pytest.mark.parametrize("private", [None, True, False])
def test_a_new_repository_is_private_unless_declared_otherwise(hub, reviews, private):
    result = publish(order(reviews, "1.0", private=private, gated="manual"))
    repository = hub.repository(REPOSITORY)
    assert repository.private == result.hub.private == (private is not False)
    assert repository.gated == result.hub.gated == "manual"


def test_a_repository_is_closed_before_data_goes_there_and_never_opened(hub, reviews):
    kim = next(iter(hub.world.people.values()))
    repository = hub.world.make(kim, REPOSITORY)
    at(hub, "POST", "/preupload/", lambda: seen.append((repository.private, repository.gated)))
    seen = []
    publish(order(reviews, "1.0", private=True, gated="auto"))
    assert seen == [(True, "auto")]
    publish(order(reviews, "1.1", private=False))
    assert (repository.private, repository.gated) == (True, "auto")


@pytest.mark.parametrize("who", ["reader", "stranger", "unknown", "nobody"])
def test_a_token_without_rights_is_told_what_to_do_and_never_shown(hub, reviews, login, monkeypatch, who):
    kim = next(iter(hub.world.people.values()))
    hub.world.make(kim, REPOSITORY)
    tokens = {
        "reader": lambda: hub.token("lee", "my-team", writes=False),
        "stranger": lambda: hub.token("park"),
        "unknown": lambda: "hf_unknown0000",
        "nobody": lambda: "",
    }
    token = login(tokens[who]())
    with pytest.raises(EnvironmentFailed) as caught:
        publish(order(reviews, "1.0"))
    assert caught.value.exit == 5 and "hf auth login" in caught.value.hint
    assert not token or token not in repr(caught.value) + caught.value.hint + str(caught.value.__context__)
    assert len(hub.repository(REPOSITORY).commits) == 1


def test_a_hub_that_echoes_the_token_does_not_get_it_into_an_error(hub, reviews, login):
    token = login(hub.token("lee", "my-team"))

    def echo():
        raise Refused(403, f"no rights for Bearer {token}")

    at(hub, "POST", "/commit/", echo)
    with pytest.raises(EnvironmentFailed, match=r"\*\*\*") as caught:
        publish(order(reviews, "1.0"))
    assert token not in str(caught.value) and caught.value.__cause__ is None


def test_a_large_file_that_is_refused_is_no_bug_of_ours(hub, reviews):
    def refuse():
        raise Refused(403, "Storage quota exceeded: https://s3/x?X-Amz-Signature=abc")

    at(hub, "PUT", "/lfs/", refuse)
    with pytest.raises(EnvironmentFailed, match="quota") as caught:
        publish(order(reviews, "1.0"))
    assert "abc" not in str(caught.value) and not commits(hub)
    publish(order(reviews, "1.0"))


def test_a_path_that_the_client_would_not_send_is_named(hub, reviews):
    make_release(reviews, "reviews", "2.0", {".cache/x.csv": b"a\n1\n"})
    with pytest.raises(DataError, match=r"\.cache") as caught:
        publish(order(reviews, "2.0"))
    assert caught.value.exit == 1 and not commits(hub)


def test_a_repository_of_others_cannot_be_made(hub, reviews, login):
    login(hub.token("park"))
    with pytest.raises(EnvironmentFailed, match="403") as caught:
        publish(order(reviews, "1.0"))
    assert "my-team" in caught.value.hint and not hub.world.repositories


def test_offline_and_unreachable(hub, reviews, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(EnvironmentFailed, match="cannot be reached"):
        publish(order(reviews, "1.0"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(EnvironmentFailed, match="offline"):
        publish(order(reviews, "1.0"))
    monkeypatch.setenv("REGISTRY_OFFLINE", "1")
    with pytest.raises(EnvironmentFailed, match="REGISTRY_OFFLINE"):
        Repository(REPOSITORY)


def test_the_password_of_an_endpoint_is_never_said(hub, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", hub.endpoint.replace("//", "//kim:secret@"))
    repository = Repository(REPOSITORY)
    assert (repository.endpoint, repository.url) == (hub.endpoint, f"{hub.endpoint}/datasets/{REPOSITORY}")


def test_a_withdrawn_release_is_not_published(reviews):
    yank(reviews, "reviews", Version(1), Cause("중복"), by="Kim")
    with pytest.raises(YankedError):
        released(reviews, "reviews", Version(1))
    purged = Standing("purged", "동의 철회", "Kim", "2026-01-01T00:00:00Z")
    record_standing(reviews, "reviews", Version(1, 1), purged)
    with pytest.raises(PurgedError):
        released(reviews, "reviews", Version(1, 1))


def test_a_wrong_byte_in_the_store_is_not_published(hub, reviews, tmp_path):
    entry = next(e for e in read_files(reviews, order(reviews, "1.0").released.manifest) if e.path == "big.parquet")
    file = tmp_path / "store" / entry.key
    file.chmod(0o644)
    file.write_bytes(b"Q" * 999)
    with pytest.raises(IntegrityError, match=r"big\.parquet"):
        publish(order(reviews, "1.0"))
    assert not commits(hub) and not hub.world.large


def test_a_broken_record_is_told(hub, reviews):
    publish(order(reviews, "1.0"))
    key = record.key_of("reviews", Version(1), hub.endpoint, REPOSITORY)
    reviews.delete(key)
    reviews.create(key, b'{"format":"registry.mirror/1","kind":"hub"}')
    with pytest.raises(IntegrityError, match="is broken"):
        publish(order(reviews, "1.0"))
