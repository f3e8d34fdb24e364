"""registry.lock: what is pinned arrives, exactly, and nothing else ever does."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from registry.consume.cite import cite
from registry.consume.lockfile import FILE, Locked, Lockfile
from registry.consume.pull import PullOptions
from registry.consume.sync import Project, lock, outdated, sync
from registry.errors import (
    ConfigError,
    IntegrityError,
    NotFoundError,
    PurgedError,
    StateError,
    UsageError,
    YankedError,
)
from registry.model.names import Ref, Version
from registry.model.release import reference_key
from registry.stores.local import LocalStore
from registry.stores.standing import Standing
from registry.testing.releases import Shape, make_release
from tests.journeys.harness import Shell

FIRST = {"train/가.csv": b"id\n1\n", "train/b.csv": b"id\n2\n", "test/c.csv": b"id\n3\n"}
SECOND = FIRST | {"test/c.csv": b"id\n4\n"}
SHAPE = Shape(splits=("train", "test"))


@pytest.fixture
def project(tmp_path: Path) -> Project:
    store = LocalStore(tmp_path / "store")
    make_release(store, "reviews", "1.0", FIRST, SHAPE)
    (tmp_path / "work").mkdir()
    return Project(tmp_path / "work", store.url)


def store_of(project: Project) -> LocalStore:
    return LocalStore(Path(str(project.store).removeprefix("file:")))


def tree(folder: Path) -> dict[str, bytes]:
    return {str(f.relative_to(folder)): f.read_bytes() for f in sorted(folder.rglob("*")) if f.is_file()}


def states(project: Project, **how) -> list[tuple[str, str]]:
    return [(done.state, done.result.version) for done in sync(project, **how)]


def test_what_is_locked_arrives_and_a_second_time_nothing_moves(project):
    locked = lock(project, [Ref.parse("reviews@^1")])
    assert [(e.name, e.spec, e.version, e.path) for e in locked.entries] == [("reviews", "^1", "1.0.0", "reviews")]
    assert states(project, frozen=True) == [("pulled", "1.0.0")]
    before = tree(project.folder)
    assert states(project, frozen=True) == [("unchanged", "1.0.0")]
    assert tree(project.folder) == before
    assert before["reviews/train/가.csv"] == b"id\n1\n"


def test_a_newer_release_changes_nothing_until_it_is_locked(project):
    lock(project, [Ref.parse("reviews@^1")])
    list(sync(project))
    make_release(store_of(project), "reviews", "1.1", SECOND, SHAPE)
    make_release(store_of(project), "reviews", "2.0", SECOND, SHAPE)
    assert states(project) == [("unchanged", "1.0.0")]
    (found,) = outdated(project)
    assert (found.locked, found.wanted, found.latest, found.behind) == ("1.0.0", "1.1.0", "2.0.0", True)
    assert lock(project).entries[0].version == "1.1.0"
    (done,) = sync(project)
    assert (done.state, done.result.version) == ("replaced", "1.1.0")
    assert (project.folder / "reviews/test/c.csv").read_bytes() == b"id\n4\n"
    assert sorted(path.name for path in project.folder.iterdir()) == [FILE, "reviews"]


def test_only_what_changed_is_read_from_the_store(project, monkeypatch):
    lock(project, [Ref.parse("reviews@^1")])
    list(sync(project))
    make_release(store_of(project), "reviews", "1.1", SECOND, SHAPE)
    lock(project)
    streamed: list[str] = []
    stream = LocalStore.stream
    monkeypatch.setattr(LocalStore, "stream", lambda self, key, *a: (streamed.append(key), stream(self, key, *a))[1])
    assert states(project) == [("replaced", "1.1.0")]
    assert len([key for key in streamed if key.startswith("files/") and not key.endswith(".dir")]) == 1


def test_an_edited_tree_is_not_thrown_away(project):
    lock(project, [Ref.parse("reviews@^1")])
    list(sync(project))
    make_release(store_of(project), "reviews", "1.1", SECOND, SHAPE)
    lock(project)
    mine = project.folder / "reviews" / "notes.txt"
    mine.write_text("what I found out")
    with pytest.raises(StateError, match="changes of yours"):
        list(sync(project))
    assert mine.read_text() == "what I found out"
    assert (project.folder / "reviews/test/c.csv").read_bytes() == b"id\n3\n"


def test_an_interrupted_replacement_is_finished_by_the_same_command(project, monkeypatch):
    lock(project, [Ref.parse("reviews@^1")])
    list(sync(project))
    make_release(store_of(project), "reviews", "1.1", SECOND, SHAPE)
    lock(project)
    from registry.consume import sync as module

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(module, "swap", killed)
        list(sync(project))
    assert (project.folder / "reviews/test/c.csv").read_bytes() == b"id\n3\n", "the old release is whole"
    assert states(project) == [("replaced", "1.1.0")]
    assert sorted(path.name for path in project.folder.iterdir()) == ["registry.lock", "reviews"]


@pytest.mark.parametrize("moment", ["before the swap", "after the swap"])
def test_what_a_killed_replacement_left_is_in_nobodys_way(project, monkeypatch, moment):
    lock(project, [Ref.parse("reviews@^1")])
    list(sync(project))
    make_release(store_of(project), "reviews", "1.1", SECOND, SHAPE)
    lock(project)
    from registry.consume import sync as module

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        if moment == "before the swap":
            patched.setattr(module, "swap", killed)
        else:
            patched.setattr(module.shutil, "rmtree", killed)
        list(sync(project))
    make_release(store_of(project), "reviews", "1.2", FIRST, SHAPE)
    lock(project)
    assert states(project, watch=lambda _: PullOptions(dry_run=True)) == [("would-pull", "1.2.0")]
    assert states(project) == [("replaced", "1.2.0")]
    assert (project.folder / "reviews/test/c.csv").read_bytes() == b"id\n3\n"
    assert sorted(path.name for path in project.folder.iterdir()) == ["registry.lock", "reviews"]


def test_a_kill_after_the_swap_leaves_nothing_once_the_command_is_repeated(project, monkeypatch):
    lock(project, [Ref.parse("reviews@^1")])
    list(sync(project))
    make_release(store_of(project), "reviews", "1.1", SECOND, SHAPE)
    lock(project)
    from registry.consume import sync as module

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(module.shutil, "rmtree", killed)
        list(sync(project))
    assert states(project) == [("unchanged", "1.1.0")]
    assert sorted(path.name for path in project.folder.iterdir()) == ["registry.lock", "reviews"]


def test_two_replacements_at_once_do_not_swap_the_old_release_back(project, monkeypatch):
    lock(project, [Ref.parse("reviews@^1")])
    list(sync(project))
    make_release(store_of(project), "reviews", "1.1", SECOND, SHAPE)
    lock(project)
    from registry.consume import sync as module

    both, plain = threading.Barrier(2), module.swap

    def together(*paths):
        with suppress(threading.BrokenBarrierError):
            both.wait(0.5)  # for the other one, if it gets here too
        plain(*paths)

    monkeypatch.setattr(module, "swap", together)
    with ThreadPoolExecutor(2) as pool:
        done = [future.result() for future in [pool.submit(states, project) for _ in range(2)]]
    assert sorted(done) == [[("replaced", "1.1.0")], [("unchanged", "1.1.0")]]
    assert (project.folder / "reviews/test/c.csv").read_bytes() == b"id\n4\n"
    assert sorted(path.name for path in project.folder.iterdir()) == ["registry.lock", "reviews"]


def test_who_locks_a_yanked_release_hears_of_it(project):
    yank(project, Standing("yanked", "라벨 오류", "Kim", "2026-01-02T00:00:00Z"))
    heard: list[str] = []
    assert lock(project, [Ref.parse("reviews@1.0.0")], tell=heard.append).entries[0].version == "1.0.0"
    assert heard == ["reviews@1.0.0 was yanked: 라벨 오류"]
    done = Shell(project.folder)("lock", "--store", str(project.store))
    assert "라벨 오류" in done.err


def test_another_manifest_than_the_pinned_one_is_refused(project):
    lock(project, [Ref.parse("reviews@^1")])
    made = Lockfile.load(project.folder)
    for wrong in ({"manifest": "0" * 64}, {"data": "0" * 64}):
        entry = Locked(**{**{f: getattr(made.entries[0], f) for f in Locked.__dataclass_fields__}, **wrong})
        Lockfile((entry,)).save(project.folder)
        with pytest.raises(IntegrityError, match=r"registry\.lock pins"):
            list(sync(project))
        assert not (project.folder / "reviews").exists()


@pytest.mark.parametrize(("severity", "refused"), [("quality", False), ("privacy", True), ("security", True)])
def test_a_yanked_release_warns_or_is_refused_though_it_is_locked(project, severity, refused):
    lock(project, [Ref.parse("reviews@^1")])
    yank(project, Standing("yanked", "라벨 오류", "Kim", "2026-01-02T00:00:00Z", severity))
    if refused:
        with pytest.raises(YankedError):
            list(sync(project))
        assert not (project.folder / "reviews").exists()
    else:
        (done,) = sync(project)
        assert done.result.warning and "라벨 오류" in done.result.warning
    assert outdated(project)[0].yanked == "라벨 오류"


def test_a_purged_release_is_refused(project):
    lock(project, [Ref.parse("reviews@^1")])
    yank(project, Standing("purged", "파기 요청", "Kim", "2026-01-02T00:00:00Z"))
    with pytest.raises(PurgedError, match="파기 요청"):
        list(sync(project))


def yank(project: Project, standing: Standing) -> None:
    from registry.stores.standing import record

    record(store_of(project), "reviews", Version.parse("1.0"), standing)


def test_an_entry_by_hand_is_pinned_first_but_not_when_frozen(project):
    written = {"format": "registry.lock/1", "datasets": [{"name": "reviews", "spec": "~1.0", "path": "data/r"}]}
    (project.folder / FILE).write_text(json.dumps(written))
    with pytest.raises(StateError, match="pins no release of reviews"):
        list(sync(project, frozen=True))
    assert states(project) == [("pulled", "1.0.0")]
    assert Lockfile.load(project.folder).entries[0].pinned
    assert (project.folder / "data/r/train/b.csv").exists()


@pytest.mark.parametrize(
    "broken",
    [
        "",
        "[]",
        "{}",
        '{"format": "registry.lock/2", "datasets": []}',
        '{"format": "registry.lock/1", "datasets": [1]}',
        '{"format": "registry.lock/1", "datasets": [{"name": "../x"}]}',
        '{"format": "registry.lock/1", "datasets": [{"name": "r", "path": "../../etc"}]}',
        '{"format": "registry.lock/1", "datasets": [{"name": "r", "path": "/etc"}]}',
        '{"format": "registry.lock/1", "datasets": [{"name": "r", "manifest": "sha256:1"}]}',
        '{"format": "registry.lock/1", "datasets": [{"name": "r", "version": "x y"}]}',
        '{"format": "registry.lock/1", "datasets": [{"name": "r", "surprise": ""}]}',
        '{"format": "registry.lock/1", "datasets": [{"name": "r"}, {"name": "r", "path": "s"}]}',
        '{"format": "registry.lock/1", "datasets": [{"name": "r", "path": "s"}, {"name": "t", "path": "s"}]}',
        '{"format": "registry.lock/1", "datasets": [{"name": "r", "path": "s"}, {"name": "t", "path": "./s"}]}',
        '{"format": "registry.lock/1", "datasets": [{"name": "r", "path": "s/t"}, {"name": "t", "path": "s"}]}',
        '{"format": "registry.lock/1", "datasets": [{"name": "r", "path": "a\\ud800"}]}',
        '{"format": "registry.lock/1", "datasets": [{"name": "r", "license": "a\\nb"}]}',
        "[" * 100_000,
    ],
)
def test_a_lockfile_that_is_none_is_refused_before_anything_is_written(project, broken):
    (project.folder / FILE).write_text(broken)
    with pytest.raises(ConfigError):
        list(sync(project))
    assert [path.name for path in project.folder.iterdir()] == [FILE]


def test_nothing_locked_and_unknown_names(project):
    with pytest.raises(UsageError, match="nothing is locked"):
        lock(project)
    with pytest.raises(NotFoundError):
        list(sync(project))
    with pytest.raises(NotFoundError, match="did you mean"):
        lock(project, [Ref.parse("review")])
    assert not (project.folder / FILE).exists()


def test_a_dry_run_writes_nothing(project):
    lock(project, [Ref.parse("reviews")], dry_run=True)
    assert not any(project.folder.iterdir())
    lock(project, [Ref.parse("reviews")])
    assert [done.state for done in sync(project, watch=lambda _: PullOptions(dry_run=True))] == ["would-pull"]
    list(sync(project))
    make_release(store_of(project), "reviews", "1.1", SECOND, SHAPE)
    lock(project)
    assert [done.state for done in sync(project, watch=lambda _: PullOptions(dry_run=True))] == ["would-pull"]
    assert sorted(path.name for path in project.folder.iterdir()) == [FILE, "reviews"]
    assert (project.folder / "reviews/test/c.csv").read_bytes() == b"id\n3\n"


def test_a_store_inside_the_project_is_relative_so_that_a_clone_works(tmp_path):
    one, other = tmp_path / "one", tmp_path / "other"
    make_release(LocalStore(one / "store"), "reviews", "1.0", FIRST, SHAPE)
    lock(Project(one, f"file:{one / 'store'}"), [Ref.parse("reviews")])
    assert json.loads((one / FILE).read_text())["datasets"][0]["store"] == "file:store"
    one.rename(other)
    assert states(Project(other), frozen=True) == [("pulled", "1.0.0")]


def test_the_store_without_its_reference(project):
    lock(project, [Ref.parse("reviews")])
    store_of(project).delete(reference_key("reviews", Version.parse("1.0")))
    with pytest.raises(NotFoundError):
        list(sync(project))


def test_by_the_command(project):
    shell = Shell(project.folder, env=(("REGISTRY_STORE", str(project.store)),))
    assert shell("lock", "reviews@^1", "--json").json["datasets"][0]["version"] == "1.0.0"
    assert shell("sync", "--frozen", "--json").json["datasets"][0]["state"] == "pulled"
    assert "newest there is" in shell("outdated").out
    assert "asked for  version  manifest      license" in shell("lock").out
    assert shell("outdated", "--json").json["datasets"][0]["latest"] == "1.0.0"
    cited = shell("cite", "reviews@1.0", "--json").json
    assert cited["version"] == "1.0.0" and cited["manifest"] in cited["bibtex"]


def test_a_citation_escapes_what_latex_reads(project):
    make_release(store_of(project), "reviews", "1.1", SECOND, Shape(title="R&D 100% {한국어} \\input{x}"))
    found = cite(store_of(project), Ref.parse("reviews@1.1")).bibtex
    assert r"{R\&D 100\% \{한국어\} \textbackslash{}input\{x\}}" in found
    assert found.count("\n@") == 0


@pytest.mark.parametrize(
    ("spec", "added", "hint"),
    [
        ("1.0.0", "1.1", "Next: registry lock reviews@^1.1.0"),
        ("^1.0", "1.1", "Next: registry lock, then registry sync"),
        ("^1.0", "2.0", "Next: registry lock reviews@^2.0.0"),
    ],
)
def test_what_is_newer_comes_with_the_command_that_takes_it(project, spec, added, hint):
    shell = Shell(project.folder, env=(("REGISTRY_STORE", project.store),))
    shell("lock", f"reviews@{spec}")
    make_release(store_of(project), "reviews", added, SECOND, SHAPE)
    assert shell("outdated").err.splitlines() == [hint]


def test_a_consumer_is_told_what_is_wrong_with_the_address(project, tmp_path):
    shell = Shell(tmp_path)
    assert f"There is no directory {tmp_path / '없다'}" in shell("list", "--store", tmp_path / "없다").err
    assert "no such directory" in shell("pull", "reviews", "--store", tmp_path / "없다", code=6).err
    shown = shell("show", "reviews", "--store", project.store)
    assert "change    none: the first release" in shown.out
    assert f"registry pull reviews@1.0.0 --store {project.store}" in shown.err
    part = shell("pull", "reviews", "--split", "test", "--store", project.store).out
    assert "  1 file, " in part
    assert "registry list" in shell("pull", "reviews==1.0", "--store", project.store, code=2).err


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_what_is_in_the_way_of_a_sync_is_to_be_moved_not_pulled_elsewhere(project, kind):
    lock(project, [Ref.parse("reviews")])
    there = project.folder / "reviews"
    there.write_text("내 것") if kind == "file" else (there.mkdir(), (there / "내 것.txt").touch())
    with pytest.raises(StateError) as caught:
        list(sync(project))
    assert caught.value.hint == "move reviews away, then: registry sync"
