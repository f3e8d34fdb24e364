"""A repository with the clean dataset `reviews`, its DVC remote and its store: made once, copied for each test."""

from __future__ import annotations

import shutil

import pytest

from registry.authoring.add import AddOptions, add
from registry.authoring.initialise import initialise
from registry.content import dvc
from registry.judge.judge import JudgeOptions
from registry.release.release import ReleaseOptions, release
from registry.schemas.infer import Roles
from registry.stores.local import LocalStore
from registry.workspace.git import Git
from registry.workspace.workspace import Workspace
from tests.journeys.harness import plant_reviews


@pytest.fixture(scope="session")
def origin(tmp_path_factory):
    """A repository whose `main` holds the clean dataset `reviews`, pushed and released, with its remote and store."""
    top = tmp_path_factory.mktemp("gate")
    root = top / "team"
    with pytest.MonkeyPatch.context() as patch:
        for role in ("AUTHOR", "COMMITTER"):
            patch.setenv(f"GIT_{role}_NAME", "김 데이터")
            patch.setenv(f"GIT_{role}_EMAIL", "kim@example.org")
        root.mkdir()
        initialise(root)
        config = root / ".dvc" / "config"
        config.write_text(
            config.read_text("utf-8").replace("[core]", "[core]\n    remote = work")
            + "['remote \"work\"']\n    url = ../../remote\n",
            "utf-8",
        )
        plant_reviews(root / "data" / "reviews")
        roles = Roles(label="label", text="text", key="id", license="cc-by-4.0")
        add(Workspace.find(root), root / "data" / "reviews", AddOptions(roles=roles))
        commit(root)
        Git.require(root).run("branch", "-M", "main")
        workspace = Workspace.find(root)
        dvc.push(root, [workspace.pointer(workspace.dataset("reviews"))])
        store = LocalStore(top / "store")
        options = ReleaseOptions(judge=JudgeOptions(store=store), git=False)
        release(workspace, workspace.dataset("reviews"), "1.0", store, options)
    return top


@pytest.fixture
def team(origin, tmp_path):
    """A copy of all of it: a repository with data, its remote, its store."""
    shutil.copytree(origin, tmp_path / "o", symlinks=True)
    Git.require(tmp_path / "o" / "team").run("checkout", "-q", "-b", "work")
    return tmp_path / "o" / "team"


def commit(root):
    git = Git.require(root)
    git.run("add", "-A")
    git.run("commit", "-q", "--allow-empty", "-m", "변경")
