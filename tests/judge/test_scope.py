"""Which datasets a change touches: told from what git holds at two commits, without any data."""

from __future__ import annotations

import shutil

import pytest

from registry.errors import ConfigError, EnvironmentFailed, UsageError
from registry.judge.scope import base_of, scope_of
from registry.workspace.git import Git, init
from registry.workspace.workspace import Workspace

DVC_YAML = """stages:
  prepare: {cmd: python code/prepare.py, deps: [code, data/raw], outs: [data/made]}
  fetch: {cmd: python fetch.py, deps: [fetch.py], outs: [data/raw]}
artifacts:
  one: {path: data/one, type: dataset}
  둘: {path: data/model, type: model}
  made: {path: data/made, type: dataset}
"""
SUITE = "expectations: [{type: expect_table_row_count_to_be_between, kwargs: {min_value: 1}}]\n"
LISTED = "expectations: [{type: expect_no_listed_terms, kwargs: {list: terms.txt}}]\n"
LOCK = (
    "schema: '2.0'\nstages:\n  prepare:\n    cmd: x\n    outs:\n"
    "    - {path: data/made, hash: md5, md5: DIGEST.dir, size: 1}\n"
)


def pointer(path, digest):
    name = path.rpartition("/")[2]
    return f"outs:\n- md5: {digest}.dir\n  size: 5\n  nfiles: 1\n  hash: md5\n  path: {name}\n"


@pytest.fixture(scope="module")
def committed(tmp_path_factory):
    root = tmp_path_factory.mktemp("base")
    files = {
        "registry.toml": "format = 1\n",
        "dvc.yaml": DVC_YAML,
        "dvc.lock": LOCK.replace("DIGEST", "b" * 32),
        "data/one.dvc": pointer("data/one", "a" * 32),
        "code/prepare.py": "1",
        "fetch.py": "1",
        "README.md": "설명",
        **{f"{kind}/{name}": kind for kind in ("schemas", "cards") for name in ("one.yaml", "made.yaml")},
        "checks/one.yaml": SUITE,
        "checks/made.yaml": LISTED,
        "checks/terms.txt": "나쁜말\n",
        "cards/one.md": "# 하나",
    }
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, "utf-8")
    init(root)
    return root


@pytest.fixture
def work(committed, tmp_path):
    """A branch `work` that parted from `main` at its one commit."""
    root = tmp_path / "team"
    shutil.copytree(committed, root)
    git = Git.require(root)
    git.run("add", "-A")
    git.run("commit", "-q", "-m", "base")
    git.run("branch", "-f", "main")
    git.run("checkout", "-q", "-B", "work")
    return root


def touched(root, revision="main"):
    workspace = Workspace.find(root)
    with base_of(workspace, revision) as base:
        return scope_of(workspace, base)


def write(root, name, text):
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(text, "utf-8")


def test_nothing(work):
    found = touched(work)
    assert (found.touched, found.untouched, found.deleted) == ({}, ("made", "one"), ())
    assert "nothing changed; untouched: made, one" in found.describe()


WAIVER = "- {check_id: x, reason: r, owner: kim, expires: 2030-01-01, dataset: one}\n"


@pytest.mark.parametrize(
    ("file", "text", "expected"),
    [
        ("README.md", "다른 글", {}),
        ("code/other/unused.txt", "x", {"made": ("code",)}),
        ("fetch.py", "2", {"made": ("code",)}),
        ("data/one.dvc", pointer("data/one", "c" * 32), {"one": ("data",)}),
        ("dvc.lock", LOCK.replace("DIGEST", "d" * 32), {"made": ("data",)}),
        ("dvc.lock", LOCK.replace("DIGEST", "b" * 32) + "# longer\n", {}),
        ("schemas/one.yaml", "other", {"one": ("schema",)}),
        ("checks/one.yaml", SUITE + "# 더\n", {"one": ("checks",)}),
        ("checks/terms.txt", "", {"made": ("checks",)}),
        ("cards/one.md", "# 하나둘", {"one": ("card",)}),
        ("cards/_card.md.j2", "x", {"one": ("card",), "made": ("card",)}),
        ("checks/waivers.yaml", WAIVER, {"one": ("waivers",)}),
        ("changes/one/1-drop.json", "{}", {"one": ("records",)}),
        ("registry.toml", "format = 1\n# said\n", {}),
        ("registry.toml", 'format = 1\n[gate]\nfail-on = "warning"\n', {"one": ("settings",), "made": ("settings",)}),
        ("registry.toml", "format = 1\n[hub]\nprivate = false\n", {"one": ("settings",), "made": ("settings",)}),
        ("dvc.yaml", DVC_YAML.replace("data/one, ", "data/one, desc: 후기, "), {"one": ("entry",)}),
        ("dvc.yaml", DVC_YAML.replace("cmd: python code", "cmd: python -u code"), {"made": ("code",)}),
    ],
)
def test_each_part_touches_its_dataset_alone(work, file, text, expected):
    write(work, file, text)
    assert touched(work).touched == expected, "as edited"
    Git.require(work).run("add", "-A")
    Git.require(work).run("commit", "-q", "--allow-empty", "-m", "변경")
    assert touched(work).touched == expected, "as committed"


def test_what_the_base_did_meanwhile_is_not_ours(work):
    git = Git.require(work)
    git.run("checkout", "-q", "main")
    write(work, "cards/one.md", "# of main")
    git.run("commit", "-q", "-a", "-m", "main goes on")
    git.run("checkout", "-q", "work")
    assert touched(work).touched == {}


def test_a_dataset_that_is_new_deleted_renamed_or_without_pointer(work):
    write(work, "dvc.yaml", DVC_YAML.replace("  one:", "  uno:"))
    found = touched(work)
    assert found.renamed == {"uno": "one"} and "entry" in found.touched["uno"] and found.deleted == ()
    write(work, "dvc.yaml", DVC_YAML.replace("  one: {path: data/one, type: dataset}\n", ""))
    assert (touched(work).deleted, touched(work).touched) == (("one",), {"one": ("dropped",)}), "its data is there"
    pointer_file = (work / "data/one.dvc").read_bytes()
    (work / "data/one.dvc").unlink()
    assert (touched(work).deleted, touched(work).touched) == (("one",), {})
    (work / "data/one.dvc").write_bytes(pointer_file)
    write(work, "dvc.yaml", DVC_YAML.replace("path: data/one, type: dataset", "path: data/one, type: model"))
    assert touched(work).touched == {"one": ("dropped",)}
    write(
        work,
        "dvc.yaml",
        DVC_YAML.replace("one: {path: data/one,", "one: {path: data/two,") + "  new: {path: data/one, type: dataset}\n",
    )
    assert touched(work).renamed == {"new": "one"}, "a new name at an old path, although the old name stays"
    write(work, "dvc.yaml", DVC_YAML + "  new: {path: data/new, type: dataset}\n")
    assert touched(work).touched == {"new": ("new",)}
    write(work, "dvc.yaml", DVC_YAML)
    (work / "data/one.dvc").unlink()
    assert touched(work).touched == {"one": ("data",)}


def test_data_that_was_edited_and_not_added_is_seen(work):
    write(work, "data/one/train.csv", "a,b\n1,2\n")
    assert touched(work).touched == {"one": ("data",)}


def test_a_base_without_a_workspace_makes_all_datasets_new(work):
    git = Git.require(work)
    git.run("checkout", "-q", "--orphan", "empty")
    git.run("rm", "-rqf", "--cached", ".")
    git.run("commit", "-q", "--allow-empty", "-m", "nothing")
    git.run("add", "-A")
    git.run("commit", "-q", "-m", "all")
    assert touched(work, "HEAD~1").touched == {"made": ("new",), "one": ("new",)}


def test_a_revision_that_cannot_be_compared_with(work, tmp_path):
    with pytest.raises(UsageError, match="knows no revision `nowhere`"):
        touched(work, "nowhere")
    with pytest.raises(UsageError, match="knows no revision `--all`"):
        touched(work, "--all")
    git = Git.require(work)
    git.run("checkout", "-q", "--orphan", "other")
    git.run("commit", "-q", "-m", "another beginning")
    with pytest.raises(UsageError, match="no common ancestor"):
        touched(work)
    for number in range(3):
        git.run("commit", "-q", "--allow-empty", "-m", str(number))
    Git(tmp_path).run("clone", "-q", "--depth", "1", work.as_uri(), "shallow")
    with pytest.raises(EnvironmentFailed, match="shallow clone") as caught:
        touched(tmp_path / "shallow", "origin/main")
    assert "--unshallow" in caught.value.hint and "fetch-depth: 0" in caught.value.hint


def test_a_base_that_cannot_be_read_is_named(work):
    git = Git.require(work)
    write(work, "registry.toml", "format = 2\n")
    git.run("commit", "-q", "-a", "-m", "broken")
    broken = git.head()
    write(work, "registry.toml", "format = 1\n")
    git.run("commit", "-q", "-a", "-m", "mended")
    with pytest.raises(ConfigError, match=broken[:12]) as caught:
        touched(work, broken)
    assert "/tmp" not in str(caught.value)


def test_where_two_commits_could_be_the_parting_the_tip_counts(work):
    git = Git.require(work)
    write(work, "cards/one.md", "# of work")
    git.run("commit", "-q", "-a", "-m", "work")
    git.run("checkout", "-q", "main")
    write(work, "fetch.py", "2")
    git.run("commit", "-q", "-a", "-m", "main")
    first, second = git.run("rev-parse", "main").strip(), git.run("rev-parse", "work").strip()
    git.run("merge", "-q", "-m", "one way", second)
    git.run("checkout", "-q", "work")
    git.run("merge", "-q", "-m", "the other", first)
    assert git.merge_base("main") == git.tip("main") == git.run("rev-parse", "main").strip()
    assert touched(work).touched == {}
    write(work, "cards/one.md", "# 하나")
    assert touched(work).touched == {"one": ("card",)}, "back to what it was before both"


@pytest.mark.parametrize("link", [".dvc", "stores"])
def test_what_is_a_machine_s_is_found_behind_links(work, link):
    write(work, "hidden/config.local", "[core]\n    remote = mine\n")
    write(work, "hidden/mine/registry.json", "{}")
    shutil.rmtree(work / link, ignore_errors=True)
    (work / link).symlink_to("hidden")
    if link == "stores":
        Git.require(work).run("checkout", "-q", "main")
        write(work, "registry.toml", 'format = 1\nstore = "file:stores/mine"\n')
        Git.require(work).run("commit", "-q", "-m", "a store", "registry.toml")
        Git.require(work).run("checkout", "-q", "work")
        Git.require(work).run("add", "-f", "hidden", link)
    else:
        Git.require(work).run("add", "-f", "hidden", link)
    Git.require(work).run("commit", "-q", "-m", "hidden")
    with pytest.raises(ConfigError, match="it would vouch for itself"):
        touched(work)


def test_a_path_is_the_same_however_it_is_written(work):
    other = DVC_YAML.replace("  one: {path: data/one,", "  uno: {path: ./data//one/,")
    write(work, "dvc.yaml", other)
    write(work, "data/one.dvc", pointer("data/one", "c" * 32))
    found = touched(work)
    assert found.renamed == {"uno": "one"} and "data" in found.touched["uno"] and "entry" not in found.deleted
