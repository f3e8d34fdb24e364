"""What the hooks find, how quickly, and what they leave alone."""

from __future__ import annotations

import ast
import re
import resource
import shlex
import shutil
import subprocess
import sys

import pytest
import yaml

from registry.automation.lint import LARGE, RULES, lint
from registry.automation.provision import Settings, pieces_of
from registry.errors import UsageError, WorkspaceError
from registry.workspace.config import Config
from tests.docs.test_shape import HEAVY
from tests.journeys.conftest import template  # noqa: F401
from tests.journeys.harness import CHECKOUT, Shell

pytestmark = pytest.mark.slow


@pytest.fixture
def team(template, tmp_path):  # noqa: F811
    shell = Shell(tmp_path / "team")
    shutil.copytree(template, shell.cwd, symlinks=True)
    return shell


def edit(team, name, old, new):
    text = (team.cwd / name).read_text("utf-8")
    assert old in text
    (team.cwd / name).write_text(text.replace(old, new), "utf-8")


def told(team, *rules):
    return [(one.rule, one.path, one.message) for one in lint(team.cwd, rules)]


def test_a_sound_workspace_and_one_of_nothing(team, tmp_path):
    assert lint(team.cwd) == []
    with pytest.raises(WorkspaceError):
        lint(tmp_path)
    with pytest.raises(UsageError, match="no rule `schema`"):
        lint(team.cwd, ["schema"])


@pytest.mark.parametrize(
    ("name", "old", "new", "rule", "path", "says"),
    [
        ("registry.toml", "fail-on", "fail-at", "config", "registry.toml", "did you mean `fail-on`"),
        ("registry.toml", '"ml"', '"mll"', "config", "registry.toml", "no preset"),
        ("dvc.yaml", "cards/reviews.md", "cards/other.md", "config", "dvc.yaml", "which does not exist"),
        ("schemas/reviews.yaml", "required:", "requird:", "schemas", "schemas/reviews.yaml", "requird"),
        ("checks/reviews.yaml", "expect_splits_to_be_disjoint", "expect_split", "schemas", "checks/reviews.yaml",
         "line 10 "),
        ("cards/reviews.md", "language:", "langage:", "cards", "cards/reviews.md", "did you mean `language`"),
        ("schemas/reviews.yaml", "cc-by-4.0", "my-own", "cards", "cards/reviews.md", "the schema my-own"),
    ],
)  # fmt: skip
def test_wrong_declarations(team, name, old, new, rule, path, says):
    edit(team, name, old, new)
    found = told(team)
    assert [(one[0], one[1]) for one in found] == [(rule, path)] and says in found[0][2], found
    assert str(team.cwd) not in found[0][2]


def test_a_waiver_without_an_owner(team):
    (team.cwd / "checks" / "waivers.yaml").write_text("- {check_id: x, reason: y, expires: 2027-01-01}\n")
    ((rule, path, message),) = told(team)
    assert (rule, path) == ("config", "checks/waivers.yaml") and "owner" in message


def test_data_in_git(team):
    team.git("add", "-f", "data/reviews/test.csv")
    (team.cwd / "리뷰.csv").write_text("a,b\n" + "1,2\n" * (LARGE // 4), "utf-8")
    (team.cwd / "small.csv").write_text("a\n1\n", "utf-8")
    team.git("add", "리뷰.csv", "small.csv")
    found = told(team)
    assert [one[:2] for one in found] == [("data", "data/reviews/test.csv"), ("data", "리뷰.csv")]
    assert "belongs to DVC" in found[0][2] and "1,000,004 bytes" in found[1][2]


def test_a_dataset_that_nobody_else_can_get(team):
    team.git("rm", "-q", "--cached", "data/reviews.dvc")
    assert told(team, "pointers") == [("pointers", "data/reviews.dvc", "git does not hold data/reviews.dvc")]
    (team.cwd / "data" / "reviews.dvc").unlink()
    ((_, _, message),) = told(team, "pointers")
    assert "no pointer" in message
    (team.cwd / "data" / "reviews.dvc").write_text("outs: []\n")
    ((_, path, message),) = told(team, "pointers")
    assert path == "data/reviews.dvc" and "no pointer of one output" in message


def test_the_command_tells_all_and_the_next_step(team):
    edit(team, "cards/reviews.md", "language:", "langage:")
    done = team("lint", "--json", code=1).json
    assert not done["ok"] and [one["rule"] for one in done["problems"]] == ["cards"]
    done = team("lint", "--only", "cards", code=1)
    assert done.out.startswith("cards/reviews.md: ") and "  try: " in done.err
    assert team("lint", "--only", "data").out == ""


def test_every_hook_ends_within_two_seconds_and_loads_nothing_heavy(team):
    (piece,) = pieces_of("pre-commit", Settings.of(Config(), "."))
    hooks = yaml.safe_load(piece.items)[0]["hooks"]
    assert [hook["id"].removeprefix("registry-") for hook in hooks] == list(RULES)
    code = "import sys, atexit\natexit.register(lambda: sys.stderr.write(repr(sorted({m.partition('.')[0] for m in "
    code += "sys.modules}))))\nimport registry.cli.app as app\napp.main()"
    for hook in hooks:
        re.compile(hook.get("files", ""))
        words = shlex.split(hook["entry"])
        assert words[0] == "registry"
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run(
            [sys.executable, "-c", code, *words[1:]],
            cwd=team.cwd, env={**team._environment(), "PYTHONPATH": str(CHECKOUT)}, capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert (
            after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 2
        )  # seconds, however busy others are
        loaded = ast.literal_eval(done.stderr.splitlines()[-1].removeprefix("no problem"))
        assert not set(loaded) & {*HEAVY, "fsspec", "requests"}
