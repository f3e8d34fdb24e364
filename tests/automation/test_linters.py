"""The workflows by the judgement of others: zizmor's audits, and the schemas of GitHub and GitLab."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft7Validator

from registry.automation.provision import Settings, pieces_of, provision
from registry.workspace.config import Config
from tests.automation.runner import ACTIONS

SCHEMAS = files("check_jsonschema.builtin_schemas") / "vendor"


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    root = tmp_path_factory.mktemp("written")
    config = Config(ci_install=("-c", "it's # a file.txt", ".[author]"), ci_prepare="dvc repro")
    for provider in ("github", "gitlab", "pre-commit"):
        provision(root, pieces_of(provider, Settings.of(config, "sub folder")))
    return root


def test_zizmor_finds_nothing(written):
    """Unpinned actions, templates in scripts, kept credentials, wide permissions, caches, secrets …"""
    program = Path(sys.executable).parent / "zizmor"
    command = [program, "--offline", "--no-progress", "--format", "json-v1", written / ".github"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, json.loads(done.stdout)) == (0, []), done.stdout


def test_zizmor_would_find_what_is_wrong(written, tmp_path):
    text = (written / ".github/workflows/registry.yml").read_text("utf-8")
    worse = text.replace("          persist-credentials: false\n", "").replace("permissions: {}", "")
    assert worse != text
    (tmp_path / "registry.yml").write_text(worse, "utf-8")
    command = [Path(sys.executable).parent / "zizmor", "--offline", "--format", "json-v1", tmp_path / "registry.yml"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert {one["ident"] for one in json.loads(done.stdout)} >= {"artipacked"}


@pytest.mark.parametrize(
    ("file", "schema"),
    [
        (".github/workflows/registry.yml", "github-workflows"),
        (".github/workflows/registry-comment.yml", "github-workflows"),
        (".github/workflows/registry-release.yml", "github-workflows"),
        (".github/actions/registry/action.yml", "github-actions"),
        (".gitlab/registry.yml", "gitlab-ci"),
        (".gitlab-ci.yml", "gitlab-ci"),
    ],
)
def test_the_schema_of_the_forge(written, file, schema):
    document = yaml.safe_load((written / file).read_text("utf-8"))
    document = {"on" if key is True else key: value for key, value in document.items()}
    validator = Draft7Validator(json.loads((SCHEMAS / f"{schema}.json").read_text("utf-8")))
    assert [error.message for error in validator.iter_errors(document)] == []
    assert list(validator.iter_errors({**document, "jobs": 3, "runs": 3, "stages": 3}))


def test_every_action_is_pinned_and_known_to_the_tests(written):
    used = set()
    for file in written.rglob("*.yml"):
        for line in file.read_text("utf-8").splitlines():
            if found := re.search(r"uses: ([\w./-]+)@(\S+)(.*)", line):
                assert re.fullmatch(r"[0-9a-f]{40}", found[2]) and re.fullmatch(r" # v\d+\.\d+\.\d+", found[3])
                used.add(found[1])
    assert used == set(ACTIONS)


def test_bash_can_read_every_script(written):
    scripts = []
    for file in (*written.rglob(".github/**/*.yml"), written / ".gitlab" / "registry.yml"):
        document = yaml.safe_load(file.read_text("utf-8"))
        jobs = [*document.get("jobs", {}).values(), document.get("runs", {})]
        scripts += [step["run"] for job in jobs for step in job.get("steps", []) if "run" in step]
        jobs = [job for job in document.values() if isinstance(job, dict)]
        scripts += ["\n".join(job.get("before_script", []) + job.get("script", [])) for job in jobs]
    assert len(scripts) > 10
    for script in scripts:
        assert "${{" not in script, "an expression in a script is a template that a title could fill"
        subprocess.run(["bash", "-n", "-c", script], check=True)
    assert any("'it'\"'\"'s # a file.txt'" in script for script in scripts)
