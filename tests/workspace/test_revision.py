"""A workspace as a commit holds it: behind links, in another directory, and never from outside the repository."""

from __future__ import annotations

import pytest

from registry.errors import ConfigError
from registry.workspace.git import Git, init
from registry.workspace.revision import at_commit
from registry.workspace.workspace import Workspace

FILES = {
    "registry.toml": "format = 1\n",
    "dvc.yaml": "artifacts: {하나: {path: data/one, type: model}, one: {path: data/one, type: dataset}}\n",
    "rules/one.yaml": "of the rules",
    "schemas/one.yaml": "a schema",
}


def lay(root, files=FILES):
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, "utf-8")


def committed(root):
    init(root)
    git = Git.require(root)
    git.run("add", "-A")
    git.run("commit", "-q", "-m", "one")
    return git


def held(workspace, commit="HEAD"):
    with at_commit(workspace, commit) as then:
        files = (path for path in then.root.rglob("*") if path.is_file())
        return {path.relative_to(then.root).as_posix(): path.read_text("utf-8") for path in files}


@pytest.mark.parametrize(("link", "target"), [("checks/one.yaml", "../rules/one.yaml"), ("checks", "rules")])
def test_links_inside_the_repository_are_followed(tmp_path, link, target):
    lay(tmp_path)
    (tmp_path / link).parent.mkdir(exist_ok=True)
    (tmp_path / link).symlink_to(target)
    committed(tmp_path)
    assert held(Workspace.find(tmp_path))["checks/one.yaml"] == "of the rules"


@pytest.mark.parametrize("target", ["/etc/hosts", "../../elsewhere.yaml", "one.yaml", "gone/one.yaml/../../../../x"])
@pytest.mark.parametrize("link", ["checks/one.yaml", "schemas/one.yaml", "checks/waivers.yaml", "cards/one.md"])
def test_links_that_lead_elsewhere_are_refused_and_never_read(tmp_path, link, target):
    root = tmp_path / "team"
    lay(root)
    (tmp_path / "elsewhere.yaml").write_text("secret")
    (root / link).unlink(missing_ok=True)
    (root / link).parent.mkdir(exist_ok=True)
    (root / link).symlink_to(target if target != "one.yaml" else (root / link).name)
    committed(root)
    with pytest.raises(ConfigError, match="cannot be read") as caught:
        held(Workspace.find(root))
    assert "leads nowhere in the repository" in str(caught.value), "a link to itself too"


def test_a_workspace_that_moved_is_found_by_its_datasets(tmp_path):
    lay(tmp_path)
    git = committed(tmp_path)
    (tmp_path / "sub").mkdir()
    for name in ("registry.toml", "dvc.yaml", "rules", "schemas"):
        git.run("mv", name, f"sub/{name}")
    moved = Workspace.find(tmp_path / "sub")
    assert held(moved)["schemas/one.yaml"] == "a schema"
    (tmp_path / "registry.toml").write_text("format = 1\n")
    (tmp_path / "dvc.yaml").write_text("artifacts: {}\n")
    assert "schemas/one.yaml" in held(moved), "an empty one that was left in its place hides nothing"
    git.run("commit", "-q", "-a", "-m", "moved")
    for name in ("registry.toml", "dvc.yaml", "rules", "schemas"):
        git.run("mv", "-f", f"sub/{name}", name)
    assert "schemas/one.yaml" in held(Workspace.find(tmp_path), git.run("rev-parse", "HEAD").strip()), "and back up"


def test_a_second_workspace_is_new_and_one_of_two_that_are_gone_cannot_be_told(tmp_path):
    for place in ("a", "b"):
        lay(tmp_path / place)
    committed(tmp_path)
    lay(tmp_path / "c")
    assert held(Workspace.find(tmp_path / "c")) == {}, "those beside it still declare theirs"
    for place in ("a", "b"):
        (tmp_path / place / "dvc.yaml").unlink()
    with pytest.raises(ConfigError, match="moved from a or b"):
        held(Workspace.find(tmp_path / "c"))
