"""What stands in the way of a release before any data is read."""

from __future__ import annotations

import subprocess

import pytest

from registry.authoring.initialise import initialise
from registry.errors import StateError
from registry.model.names import Version
from registry.release.preflight import require_known_history
from registry.workspace.workspace import Workspace
from tests.release.conftest import commit


@pytest.mark.parametrize("place", [".", "ml/data", "데이터/공개 1"])
def test_releases_that_git_records_are_known_wherever_the_workspace_lies(tmp_path, monkeypatch, place):
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "김 데이터")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "kim@example.org")
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    root = tmp_path / place
    root.mkdir(parents=True, exist_ok=True)
    initialise(root)
    record = root / "releases" / "reviews" / "1.0.0.manifest.json"
    record.parent.mkdir(parents=True)
    record.write_text("{}\n", "utf-8")
    commit(root)
    workspace = Workspace.find(root)
    with pytest.raises(StateError, match=r"git records reviews@1\.0\.0"):
        require_known_history(workspace, "reviews", [], "file:elsewhere")
    require_known_history(workspace, "reviews", [Version(1, 0, 0)], "file:elsewhere")
    require_known_history(workspace, "other", [], "file:elsewhere")
