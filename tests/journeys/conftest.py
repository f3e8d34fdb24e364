from __future__ import annotations

import shutil

import pytest

from tests.journeys.harness import Shell, plant_reviews

IDENTITY = tuple(
    (f"GIT_{role}_{key}", value)
    for role in ("AUTHOR", "COMMITTER")
    for key, value in (("NAME", "김 데이터"), ("EMAIL", "kim@example.org"))
)


@pytest.fixture
def shell(tmp_path):
    """A workspace directory, empty but for git."""
    root = tmp_path / "team"
    root.mkdir()
    return Shell(root)


@pytest.fixture(scope="session")
def template(tmp_path_factory):
    """A workspace with the clean dataset `reviews`, committed; made once and copied."""
    shell = Shell(tmp_path_factory.mktemp("template") / "team", env=IDENTITY)
    shell.cwd.mkdir()
    shell("init")
    plant_reviews(shell.cwd / "data" / "reviews")
    shell("add", "data/reviews", "--label", "label", "--text", "text", "--key", "id", "--license", "cc-by-4.0")
    shell.commit("Add reviews")
    return shell.cwd


@pytest.fixture
def team(shell, template):
    """A workspace of this test's own with the clean dataset `reviews`, committed."""
    shutil.copytree(template, shell.cwd, symlinks=True, dirs_exist_ok=True)
    return shell
