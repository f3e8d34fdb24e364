from __future__ import annotations

import pytest

from tests.journeys.harness import Shell, plant_reviews


@pytest.fixture
def shell(tmp_path):
    """A workspace directory, empty but for git."""
    root = tmp_path / "team"
    root.mkdir()
    return Shell(root)


@pytest.fixture
def team(shell):
    """A workspace with the clean dataset `reviews`, committed."""
    shell("init")
    plant_reviews(shell.cwd / "data" / "reviews")
    shell("add", "data/reviews", "--label", "label", "--text", "text", "--key", "id", "--license", "cc-by-4.0")
    shell.commit("Add reviews")
    return shell
