import subprocess

import pytest

from registry.errors import EnvironmentFailed, WorkspaceError
from registry.workspace.git import Git, init


@pytest.fixture
def git(tmp_path):
    init(tmp_path)
    found = Git.require(tmp_path)
    (tmp_path / "first").write_text("1")
    found.run("add", "first")
    found.run("commit", "-q", "-m", "first")
    return found


def status(git):
    return git.run("status", "--porcelain").splitlines()


def test_outside_a_repository(tmp_path):
    assert Git.find(tmp_path) is None
    with pytest.raises(WorkspaceError) as caught:
        Git.require(tmp_path)
    assert caught.value.exit == 2


def test_a_directory_that_a_branch_fills_like_a_repository_is_none(git):
    inside = git.top / "작업"
    for folder in ("objects", "refs/heads"):
        (inside / folder).mkdir(parents=True)
    (inside / "HEAD").write_text("ref: refs/heads/main\n")
    settings = f'repositoryformatversion = 0\nbare = false\nworktree = .\nfsmonitor = "touch {git.top}/ran; false"\n'
    (inside / "config").write_text(f"[core]\n{settings}")
    assert Git.find(inside) is None
    with pytest.raises(EnvironmentFailed, match="git status failed"):
        Git(inside).run("status")
    assert not (git.top / "ran").exists()


def test_another_commit_in_place_of_one_does_not_count(git):
    first = git.head()
    (git.top / "first").write_text("2")
    git.run("commit", "-q", "-a", "-m", "second")
    git.run("replace", first, git.head())
    assert git.show(first, git.top / "first") == b"1"


def test_a_commit_of_ours_leaves_what_is_staged_and_edited(git):
    (git.top / "first").write_text("edited")
    (git.top / "staged").write_text("staged")
    git.run("add", "staged")
    record = git.top / "releases" / "x.json"
    record.parent.mkdir()
    record.write_bytes(b"{}")
    before = status(git)
    commit = git.commit_files({record: b"{}"}, "Release x")
    assert git.run("show", "--name-only", "--format=", commit).split() == ["releases/x.json"]
    assert status(git) == [line for line in before if "releases" not in line]


def test_the_same_commit_again_is_none(git):
    file = git.top / "r"
    file.write_bytes(b"x")
    assert git.commit_files({file: b"x"}, "m")
    head = git.head()
    assert git.commit_files({file: b"x"}, "m") is None
    assert git.head() == head


def test_the_first_commit_of_a_repository(tmp_path):
    init(tmp_path)
    git = Git.require(tmp_path)
    (tmp_path / "한글.json").write_bytes(b"{}")
    assert git.head() is None
    commit = git.commit_files({tmp_path / "한글.json": b"{}"}, "m")
    assert git.head() == commit and status(git) == []


def test_dirty_names_edited_staged_untracked_and_ignored_files(git):
    for name in ("edited", "clean"):
        (git.top / name).write_text("1")
    git.run("add", "edited", "clean")
    git.run("commit", "-q", "-m", "m")
    (git.top / "edited").write_text("2")
    (git.top / "new").write_text("1")
    (git.top / ".gitignore").write_text("hidden\n")
    (git.top / "hidden").write_text("1")
    names = [git.top / n for n in ("edited", "clean", "new", "hidden")]
    assert git.dirty(names) == ["edited", "hidden", "new"]


def test_tags_are_annotated_and_never_moved(git):
    git.tag("x@v1.0.0", "Release\n\nManifest-Digest: sha256:0", "HEAD")
    assert "Manifest-Digest: sha256:0" in git.tag_message("x@v1.0.0")
    assert git.run("cat-file", "-t", "x@v1.0.0").strip() == "tag"
    with pytest.raises(EnvironmentFailed):
        git.tag("x@v1.0.0", "other", "HEAD")
    assert git.tag_message("x@v9.0.0") is None


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://user:secret@example.org/a/b.git?token=x", "https://example.org/a/b.git"),
        ("git@example.org:a/b.git", "git@example.org:a/b.git"),
        ("file:///srv/x", ""),
        ("/srv/x", ""),
    ],
)
def test_a_remote_is_shown_without_secrets_or_local_paths(git, url, shown):
    subprocess.run(["git", "-C", str(git.top), "remote", "add", "origin", url], check=True)
    assert git.remote_url() == shown


def test_last_commit_is_of_the_named_files(git):
    digest, date = git.last_commit([git.top / "first"])
    (git.top / "second").write_text("2")
    git.run("add", "second")
    git.run("commit", "-q", "-m", "second")
    assert git.last_commit([git.top / "first"]) == (digest, date)
    assert len(date) == 10 and digest != git.head()


def test_who_releases_is_who_git_would_sign_as(git, monkeypatch):
    assert git.identity() == "김 데이터 <kim@example.org>"
    monkeypatch.setenv("GIT_COMMITTER_NAME", "이 검수")
    assert git.identity() == "이 검수 <kim@example.org>"


@pytest.mark.parametrize("trick", ["ignored folder", "assume-unchanged", "skip-worktree"])
def test_dirty_does_not_look_away(git, trick):
    file = git.top / "schemas" / "x.yaml"
    file.parent.mkdir()
    file.write_text("1")
    if trick == "ignored folder":
        (git.top / ".gitignore").write_text("schemas/\n")
    else:
        git.run("add", "schemas")
        git.run("commit", "-q", "-m", "m")
        git.run("update-index", f"--{trick}", "schemas/x.yaml")
        file.write_text("2")
    assert git.dirty([file]) == ["schemas/x.yaml"]


def test_a_commit_that_ended_before_its_index_was_refreshed_is_finished(git, monkeypatch):
    file = git.top / "r.json"
    file.write_bytes(b"{}")
    real = Git._stage
    calls = []

    def fails_second(self, names, env):
        calls.append(env)
        if env is None and len(calls) == 2:
            raise EnvironmentFailed("index.lock")
        real(self, names, env)

    monkeypatch.setattr(Git, "_stage", fails_second)
    with pytest.raises(EnvironmentFailed):
        git.commit_files({file: b"{}"}, "m")
    assert git.commit_files({file: b"{}"}, "m") is None
    assert status(git) == []
