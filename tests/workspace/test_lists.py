"""Lists that a suite names are declared files: committed with it, and read as a commit holds them."""

from __future__ import annotations

import subprocess

import pytest

from registry.workspace.lists import lists_of
from registry.workspace.revision import at_commit
from registry.workspace.workspace import Workspace

SUITE = """name: x
expectations:
- {type: expect_no_listed_terms, kwargs: {list: terms.txt}}
- {type: expect_no_listed_terms, kwargs: {list: lists/욕설.txt}}
- {type: expect_no_listed_terms, kwargs: {list: gone.txt}}
- {type: expect_no_listed_terms, kwargs: {list: ../elsewhere.txt}}
"""
DVC = "artifacts: {x: {path: data/x.csv, type: dataset, meta: {checks: [checks/x.yaml]}}}\n"


@pytest.fixture
def workspace(tmp_path):
    files = {
        "registry.toml": "format = 1\n",
        "dvc.yaml": DVC,
        "checks/terms.txt": "바보\n",
        "lists/욕설.txt": "멍청이\n",
    }
    for name, text in {**files, "checks/x.yaml": SUITE}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    git = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@b.example"]
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "x"]):
        subprocess.run([*git, *command], check=True)
    return Workspace.find(tmp_path)


def test_lists_are_declared_files(workspace):
    declared = workspace.declared_files(workspace.dataset("x"))
    assert {workspace.root / "checks/terms.txt", workspace.root / "lists/욕설.txt"} <= set(declared)


def test_a_commit_holds_its_own_lists(workspace):
    commit = workspace.git.head()
    (workspace.root / "checks/terms.txt").write_text("다른 말\n", "utf-8")
    with at_commit(workspace, commit) as then:
        lists = lists_of(then.root / "checks/x.yaml")
        found = {file.relative_to(then.root).as_posix(): file.read_text("utf-8") for file in lists}
    assert found == {"checks/terms.txt": "바보\n", "lists/욕설.txt": "멍청이\n"}


def test_a_suite_that_cannot_be_read_names_none(tmp_path):
    (tmp_path / "x.yaml").write_text("a: [")
    (tmp_path / "y.yaml").write_text(SUITE)
    assert lists_of(tmp_path / "x.yaml") == lists_of(tmp_path / "y.yaml") == lists_of(tmp_path / "none.yaml") == []
