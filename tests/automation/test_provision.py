"""What `ci init` writes, that a second run changes nothing, and that nobody's file is overwritten."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from registry.automation.pieces import Listed, Owned
from registry.automation.provision import PROVIDERS, Settings, namesakes, pieces_of, provider_of, provision, survey
from registry.errors import ConfigError, StateError, UsageError
from registry.workspace.config import Config, load_config, parse_config
from tests.journeys.harness import Shell

CHECKOUT = Path(__file__).parents[2]
PLAIN = Settings.of(Config(), ".")


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_second_run_changes_nothing(provider, tmp_path):
    pieces = pieces_of(provider, PLAIN)
    assert {one.state for one in provision(tmp_path, pieces, dry_run=True)} == {"absent"}
    assert not list(tmp_path.iterdir())
    assert {one.state for one in provision(tmp_path, pieces)} == {"written"}
    first = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()}
    assert {one.state for one in provision(tmp_path, pieces)} == {one.state for one in survey(tmp_path, pieces)}
    assert {one.state for one in survey(tmp_path, pieces)} == {"current"}
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()} == first


def test_other_settings_update_what_nobody_edited(tmp_path):
    provision(tmp_path, pieces_of("github", PLAIN))
    other = pieces_of("github", Settings.of(Config(ci_install=("-c", "my file.txt", ".[author]")), "sub"))
    states = {one.path: one.state for one in survey(tmp_path, other)}
    assert states[".github/actions/registry/action.yml"] == "outdated"
    assert states[".github/actions/registry/post.py"] == "current"
    provision(tmp_path, other)
    action = (tmp_path / ".github/actions/registry/action.yml").read_text("utf-8")
    assert "pip install --quiet -c 'my file.txt' '.[author]'\n" in action and "working-directory: sub" in action


def test_nothing_is_written_where_a_file_is_somebody_else_s(tmp_path):
    mine = tmp_path / ".github" / "workflows" / "registry.yml"
    mine.parent.mkdir(parents=True)
    mine.write_text("name: mine\n")
    with pytest.raises(StateError, match="would be overwritten") as refused:
        provision(tmp_path, pieces_of("github", PLAIN))
    assert refused.value.exit == 4 and "--force" in refused.value.hint
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [mine]
    done = {one.path: one.state for one in provision(tmp_path, pieces_of("github", PLAIN), force=True)}
    assert done[".github/workflows/registry.yml"] == "replaced"


@pytest.mark.parametrize("link", [".github", ".github/workflows", ".github/workflows/registry.yml"])
def test_nothing_is_written_through_a_link(tmp_path, link):
    top, elsewhere = tmp_path / "team", tmp_path / "elsewhere"
    elsewhere.mkdir()
    (top / link).parent.mkdir(parents=True)
    (top / link).symlink_to(elsewhere if "." not in link[1:] else elsewhere / "x.yml")
    for act in (provision, survey):
        with pytest.raises(StateError, match=f"{link} is a link"):
            act(top, pieces_of("github", PLAIN))
    assert not list(elsewhere.iterdir())


def test_a_job_that_reports_as_the_gate_does_is_told(tmp_path):
    provision(tmp_path, pieces_of("github", PLAIN))
    assert namesakes(tmp_path) == [], "ours is none"
    for name, job in {"a.yml": "{registry: {runs-on: x}}", "b.yaml": "{x: {name: registry}}",
                      "c.yml": "{registry: {name: other}}", "d.yml": "[", "e.yml": "[x]"}.items():  # fmt: skip
        (tmp_path / ".github" / "workflows" / name).write_text(f"jobs: {job}\n")
    assert namesakes(tmp_path) == [".github/workflows/a.yml", ".github/workflows/b.yaml"]


def test_an_edit_of_ours_is_told_from_an_earlier_version():
    piece = Owned("x.yml", "a: 1\nb: 2\n", "github")
    assert piece.state(Owned("x.yml", "a: 0\n", "github").text) == "outdated"
    assert piece.state(piece.text.replace("a: 1", "a: 3")) == "edited"


names = st.text("abc-_ 가", min_size=1, max_size=8).map(str.strip).filter(len)


@given(st.lists(names, min_size=1, max_size=4), st.sampled_from(["", "  "]), st.sampled_from(["", "# mine\n"]))
def test_a_block_goes_into_any_list_and_comes_out_again(repos, spaces, remark):
    """The user's own entries are read as before, whatever their indentation."""
    mine = "".join(f"{spaces}- repo: {name!r}\n{spaces}  rev: v1\n" for name in repos)
    text = f"minimum: 3\nrepos:\n{remark}{mine}ci:\n  skip: [x]\n"
    piece = Listed("f.yaml", "repos", "- repo: local\n  hooks:\n    - id: a\n", "pre-commit")
    merged = piece.merged(text)
    assert piece.state(text) == "absent" and piece.state(merged) == "current" and piece.merged(merged) == merged
    before, after = yaml.safe_load(text), yaml.safe_load(merged)
    assert after["repos"] == [{"repo": "local", "hooks": [{"id": "a"}]}, *before["repos"]]
    assert {**after, "repos": 0} == {**before, "repos": 0}
    newer = Listed("f.yaml", "repos", "- repo: local\n", "pre-commit")
    assert newer.state(merged) == "outdated" and yaml.safe_load(newer.merged(merged))["repos"][1:] == before["repos"]
    assert piece.state(merged.replace("id: a", "id: b", 1)) == "edited"


def test_a_list_in_another_notation_is_refused_and_left(tmp_path):
    file = tmp_path / ".pre-commit-config.yaml"
    file.write_text("repos: []\n")
    with pytest.raises(StateError, match="no list `repos`"):
        provision(tmp_path, pieces_of("pre-commit", PLAIN))
    assert file.read_text() == "repos: []\n"


def test_a_file_of_gitlab_that_includes_others_already(tmp_path):
    (tmp_path / ".gitlab-ci.yml").write_text("stages: [test]\ninclude:\n- local: other.yml\n")
    provision(tmp_path, pieces_of("gitlab", PLAIN))
    found = yaml.safe_load((tmp_path / ".gitlab-ci.yml").read_text())
    assert found["include"] == [{"local": ".gitlab/registry.yml"}, {"local": "other.yml"}]


def test_an_unknown_provider():
    with pytest.raises(UsageError, match="no provider `jenkins`"):
        provider_of("jenkins")


@pytest.mark.parametrize("line", ['python = "3"', 'install = ["a\\nb"]', 'prepare = "a\\nb"', "install = 3"])
def test_settings_that_cannot_stand_in_a_workflow(line):
    with pytest.raises(ConfigError):
        parse_config(f"format = 1\n[ci]\n{line}\n", "registry.toml")


@pytest.mark.slow
def test_the_command_says_what_it_did_and_what_has_drifted(tmp_path):
    shell = Shell(tmp_path)
    shell.git("init", "-q")
    (tmp_path / "registry.toml").write_text("format = 1\n")
    done = shell("ci", "init", "gitlab")
    assert done.out.splitlines() == [
        ".gitlab/registry.yml: written", ".gitlab/registry/post.py: written", ".gitlab-ci.yml: written"
    ]  # fmt: skip
    assert "the store file:.registry/store is on this machine only" in done.err
    (tmp_path / "registry.toml").write_text('format = 1\nstore = "s3://bucket/데이터"\n', "utf-8")
    assert "on this machine" not in shell("ci", "init", "gitlab").err
    assert shell("ci", "init", "gitlab", "--check", "--json").json["ok"]
    file = tmp_path / ".gitlab" / "registry.yml"
    file.write_text(file.read_text("utf-8").replace("GIT_DEPTH", "DEPTH"), "utf-8")
    done = shell("ci", "init", "gitlab", "--check", code=4)
    assert ".gitlab/registry.yml: edited" in done.out and "try: registry ci init gitlab --force" in done.err
    found = shell("ci", "init", "gitlab", "--check", "--json", code=4).json
    assert not found["ok"] and [one["state"] for one in found["files"]] == ["edited", "current", "current"]
    assert ".gitlab/registry.yml would be overwritten" in shell("ci", "init", "gitlab", code=4).err
    assert ".gitlab/registry.yml: replaced" in shell("ci", "init", "gitlab", "--force").out


@pytest.mark.parametrize("provider", ["github", "pre-commit"])
def test_this_repository_uses_its_own(provider):
    """Where this fails: registry ci init PROVIDER."""
    settings = Settings.of(load_config(CHECKOUT / "registry.toml"), ".")
    found = survey(CHECKOUT, pieces_of(provider, settings))
    assert {one.path: one.state for one in found} == {one.path: "current" for one in found}


def test_the_files_of_this_repository_are_in_git():
    tracked = subprocess.run(["git", "ls-files", ".github"], cwd=CHECKOUT, capture_output=True, text=True, check=False)
    if tracked.returncode:
        pytest.skip("not in a git repository")
    assert ".github/workflows/registry.yml" in tracked.stdout.splitlines()
