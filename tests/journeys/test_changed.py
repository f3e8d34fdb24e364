"""The gate of a pull request: only what a branch touches, as the command says it."""

from __future__ import annotations

import ast
import subprocess
import sys

import pytest

from tests.docs.test_shape import HEAVY
from tests.journeys.harness import CHECKOUT, rows, write_csv

pytestmark = pytest.mark.slow


@pytest.fixture
def branch(team):
    """The clean dataset on `main`, and a branch `work` that HEAD is on."""
    team.git("branch", "-f", "main")
    team.git("checkout", "-q", "-B", "work")
    return team


def test_nothing_touched_is_a_pass_that_loads_next_to_nothing(branch):
    (branch.cwd / "README.md").write_text("설명", "utf-8")
    branch.commit("Prose")
    found = branch("check", "--changed", "--base", "main", "--json").json
    assert (found["verdict"], found["datasets"]) == ("pass", [])
    assert found["changed"]["untouched"] == ["reviews"] and found["changed"]["base"]["revision"] == "main"
    text = branch("check", "--changed", "--base", "main", "--format", "markdown=c.md").out
    assert "nothing changed; untouched: reviews" in text
    assert "## ✅ No dataset was touched" in (branch.cwd / "c.md").read_text("utf-8")
    code = "import sys, atexit; sys.argv[1:] = ['check', '--changed', '--base', 'main']\n"
    code += "import registry.cli.app as app\n"
    code += "atexit.register(lambda: sys.stderr.write(repr(sorted({m.partition('.')[0] for m in sys.modules}))))\n"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}app.main()"],
        cwd=branch.cwd, env={**branch._environment(), "PYTHONPATH": str(CHECKOUT)},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert not set(ast.literal_eval(done.stderr)) & {*HEAVY, "pyarrow", "numpy"}
    assert "--changed needs --base" in branch("check", "--changed", code=2).err
    assert "--base needs --changed" in branch("check", "--base", "main", code=2).err


def test_what_a_branch_does_to_the_data_is_shown(branch):
    data = branch.cwd / "data" / "reviews"
    tested = rows("test", 20)
    tested[3]["label"] = "neg" if tested[3]["label"] == "pos" else "pos"
    write_csv(data / "test.csv", tested)
    found = branch("diff", "main", "--json").json
    assert (found["from"], found["to"], found["level"]) == ("reviews at main", "reviews", "major")
    assert found["rows"]["samples"]["relabelled"] == ["te00003"] and found["shifts"][0]["column"] == "label"
    branch("diff", "main", "--format", "html", "-o", "out/diff.html", "--lang", "ko")
    assert "고정 분할 변경" in (branch.cwd / "out" / "diff.html").read_text("utf-8")
    assert "a release is the first of two" in branch("diff", "main", "reviews@1.0", code=2).err


def test_a_push_that_leaves_objects_missing_is_no_success(team, tmp_path):
    remote = tmp_path / "remote"
    (team.cwd / ".dvc/config").write_text(
        f"[core]\n    remote = work\n['remote \"work\"']\n    url = {remote}\n", "utf-8"
    )
    team.commit("A remote")
    clone = tmp_path / "clone"
    team.git("clone", "-q", str(team.cwd), str(clone))
    refused = team("push", "reviews", cwd=clone, code=6)
    assert "the remote still lacks" in refused.err and "clone where the data was added" in refused.err
    assert "objects sent" in team("push", "reviews").out
    assert team("push", "reviews", cwd=clone).out.startswith("reviews: 0 objects")
