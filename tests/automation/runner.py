"""Runs the workflows of a repository step by step, as GitHub's and GitLab's runners do, with services of this machine.

Commands are run as they stand, by bash, in a fresh clone of a bare repository. What the forges themselves provide is
here: expressions, contexts, outputs, artefacts, the checkout, and credentials for a role.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.journeys.harness import CHECKOUT

TOKEN = re.compile(r"\s*(?:'((?:[^']|'')*)'|(\d+)|(==|!=|&&|\|\||[!(),])|([A-Za-z_][\w.-]*))")
ALWAYS = re.compile(r"\b(always|failure|cancelled)\(\)")


def evaluate(text: str, contexts: dict[str, Any]) -> Any:
    """An expression of GitHub's: literals, contexts, comparisons, `&&`, `||`, `!`, and the functions that are used."""
    tokens, at = [], 0
    while at < len(text.rstrip()):
        found = TOKEN.match(text, at)
        assert found, f"no expression: {text[at:]!r} of {text!r}"
        tokens.append((found.lastindex, found[found.lastindex]))
        at = found.end()
    value, rest = _either(tokens, contexts)
    assert not rest, f"left over in {text!r}: {rest}"
    return value


def _either(tokens, contexts):
    value, tokens = _both(tokens, contexts)
    while tokens and tokens[0] == (3, "||"):
        other, tokens = _both(tokens[1:], contexts)
        value = value or other
    return value, tokens


def _both(tokens, contexts):
    value, tokens = _compared(tokens, contexts)
    while tokens and tokens[0] == (3, "&&"):
        other, tokens = _compared(tokens[1:], contexts)
        value = value and other
    return value, tokens


def _compared(tokens, contexts):
    value, tokens = _single(tokens, contexts)
    while tokens and tokens[0] in ((3, "=="), (3, "!=")):
        other, rest = _single(tokens[1:], contexts)
        same = str(value or "").casefold() == str(other or "").casefold()
        value, tokens = same == (tokens[0][1] == "=="), rest
    return value, tokens


def _single(tokens, contexts):
    (kind, word), rest = tokens[0], tokens[1:]
    if (kind, word) == (3, "!"):
        value, rest = _single(rest, contexts)
        return not value, rest
    if (kind, word) == (3, "("):
        value, rest = _either(rest, contexts)
        return value, rest[1:]
    if kind in (1, 2):
        return (word.replace("''", "'") if kind == 1 else int(word)), rest
    if rest and rest[0] == (3, "("):
        given, rest = [], rest[1:]
        while rest[0] != (3, ")"):
            value, rest = _either(rest[1:] if rest[0] == (3, ",") else rest, contexts)
            given.append(value)
        return contexts["functions"][word](*given), rest[1:]
    value = {"true": True, "false": False, "null": None}.get(word, contexts)
    for part in word.split(".") if value is contexts else ():
        value = value.get(part) if isinstance(value, dict) else None
    return value, rest


def filled(value: Any, contexts: dict[str, Any]) -> str:
    """A text with its `${{ }}` replaced."""

    def text(found: re.Match[str]) -> str:
        value = evaluate(found[1], contexts)
        return json.dumps(value) if isinstance(value, bool) else str("" if value is None else value)

    return re.sub(r"\$\{\{(.*?)\}\}", text, json.dumps(value) if isinstance(value, bool) else str(value))


@dataclass
class Ran:
    """A run of a commit: how each job ended, what it printed, its summary, outputs, artefacts
    (name → folder), the roles that were taken, and what code scanning got."""

    sha: str = ""
    jobs: dict[str, str] = field(default_factory=dict)
    log: str = ""
    summary: str = ""
    outputs: dict[str, dict[str, str]] = field(default_factory=dict)
    artefacts: dict[str, Path] = field(default_factory=dict)
    roles: list[str] = field(default_factory=list)
    scanned: str = ""

    def artefact(self, name: str, file: str) -> str:
        return (self.artefacts[name] / file).read_text("utf-8")


@dataclass
class Host:
    """A forge on this machine: the bare repository, variables, and the credentials that a role is given."""

    remote: Path
    scratch: Path
    variables: dict[str, str] = field(default_factory=dict)
    role: dict[str, str] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    repository: str = "team/data"
    runs: int = 0

    def workflow(self, name: str, ref: str) -> dict[str, Any]:
        """A workflow as it stands at `ref`; YAML 1.1 takes `on` for true, which is mended."""
        text = subprocess.run(
            ["git", "show", f"{ref}:.github/workflows/{name}"], cwd=self.remote, check=True, capture_output=True
        ).stdout
        found = yaml.safe_load(text)
        return {"on" if key is True else key: value for key, value in found.items()}

    def run(self, name: str, event_name: str, event: dict[str, Any], ref: str, **github: Any) -> Ran:
        """Runs the workflow `name` of `ref` for an event."""
        self.runs += 1
        sha = self.git("rev-parse", ref)
        workflow, ran, home = self.workflow(name, ref), Ran(sha), self.scratch / f"run-{self.runs}"
        assert event_name in workflow["on"]
        base = {"event_name": event_name, "event": event, "ref": ref, "sha": sha, "repository": self.repository}
        contexts = {
            "github": {**base, "actor": "kim", "token": "token-of-the-run", **github},
            "inputs": event.get("inputs", {}),
            "vars": self.variables,
            "needs": {},
        }
        for job, told in workflow["jobs"].items():
            Job(self, ran, home / job, {**contexts, "env": {}}).run(job, told, workflow)
            contexts["needs"][job] = {"outputs": ran.outputs.get(job, {}), "result": ran.jobs[job]}
        return ran

    def git(self, *arguments: str) -> str:
        done = subprocess.run(["git", *arguments], cwd=self.remote, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    @property
    def programs(self) -> Path:
        """A folder with the command of this checkout, which stands for the one that `pip install` brings."""
        folder = self.scratch / "bin"
        if not folder.exists():
            folder.mkdir(parents=True)
            (folder / "registry").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m registry "$@"\n')
            (folder / "registry").chmod(0o755)
        return folder

    def shell(self, script: str, where: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
        """Bash as a runner calls it: with the machine's programs, and nobody's settings or secrets."""
        clean = {
            "PATH": f"{self.programs}:{Path(sys.executable).parent}:/usr/bin:/bin",
            "HOME": str(where), "LANG": "C.UTF-8", "CI": "true",
            "PYTHONPATH": str(CHECKOUT), "PIP_NO_INDEX": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "PIP_ROOT_USER_ACTION": "ignore", "GIT_CONFIG_NOSYSTEM": "1",
        }  # fmt: skip
        return subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
            cwd=where, env={**clean, **self.environment, **environment}, text=True, check=False,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300,
        )  # fmt: skip


@dataclass
class Job:
    """One job of a run, in a home of its own."""

    host: Host
    ran: Ran
    home: Path
    contexts: dict[str, Any]
    ok: bool = True
    exported: dict[str, str] = field(default_factory=dict)

    def run(self, name: str, told: dict[str, Any], workflow: dict[str, Any]) -> None:
        """Every step in its turn; those after a failure only where their condition says so."""
        needed = self.contexts["needs"]
        self.ok = all(needed[one]["result"] == "success" for one in _listed(told.get("needs", [])))
        self.contexts |= {"steps": {}, "runner": {"temp": str(self.home / "temp")}}
        self.contexts["functions"] = {
            "always": lambda: True, "success": lambda: self.ok, "failure": lambda: not self.ok,
            "cancelled": lambda: False, "format": lambda text, *values: text.format(*values),
        }  # fmt: skip
        if not self.wanted(told):
            self.ran.jobs[name] = "skipped"
            return
        self.ok = True  # the steps of a job that runs all the same begin anew
        assert told["timeout-minutes"] and isinstance(told["permissions"], dict), "a job has limits and permissions"
        self.contexts["permissions"] = told["permissions"]
        self.work.mkdir(parents=True)
        (self.home / "temp").mkdir()
        (self.home / "event.json").write_text(json.dumps(self.contexts["github"]["event"]), "utf-8")
        for scope in (workflow, told):
            self.contexts["env"] |= {key: filled(value, self.contexts) for key, value in scope.get("env", {}).items()}
        self.steps(told["steps"], self.contexts)
        self.ran.jobs[name] = "success" if self.ok else "failure"
        outputs = told.get("outputs", {})
        self.ran.outputs[name] = {key: filled(value, self.contexts) for key, value in outputs.items()}

    @property
    def work(self) -> Path:
        return self.home / "work"

    def wanted(self, told: dict[str, Any]) -> bool:
        condition = str(told.get("if", "success()")).strip().removeprefix("${{").removesuffix("}}")
        value = bool(evaluate(condition, self.contexts))
        return value if ALWAYS.search(condition) else value and self.ok

    def steps(self, steps: list[dict[str, Any]], contexts: dict[str, Any]) -> None:
        for step in steps:
            self.contexts = contexts
            if not self.wanted(step):
                continue
            given = {key: filled(value, contexts) for key, value in step.get("with", {}).items()}
            if "run" in step:
                self.command(step, contexts)
            elif step["uses"].startswith("./"):
                self.composite(step["uses"], given, contexts)
            else:
                action, _, version = step["uses"].partition("@")
                assert re.fullmatch("[0-9a-f]{40}", version), f"{action} is not pinned"
                ACTIONS[action](self, given)

    def command(self, step: dict[str, Any], contexts: dict[str, Any]) -> None:
        files = {name: self.home / name for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITHUB_ENV")}
        for file in files.values():
            file.write_text("", "utf-8")
        github = contexts["github"]
        machine = {
            "GITHUB_EVENT_PATH": str(self.home / "event.json"), "GITHUB_REPOSITORY": github["repository"],
            "RUNNER_TEMP": contexts["runner"]["temp"], "GITHUB_SHA": github["sha"],
        }  # fmt: skip
        own = {key: filled(value, contexts) for key, value in step.get("env", {}).items()}
        given = {**contexts["env"], **self.exported, **machine, **{k: str(v) for k, v in files.items()}, **own}
        where = self.work / step.get("working-directory", ".")
        done = self.host.shell(filled(step["run"], contexts), where, given)
        self.ran.log += f"## {step.get('name', step['run'].splitlines()[0])}\n{done.stdout}"
        self.ran.summary += files["GITHUB_STEP_SUMMARY"].read_text("utf-8")
        outputs = dict(line.split("=", 1) for line in files["GITHUB_OUTPUT"].read_text("utf-8").splitlines())
        contexts["steps"][step.get("id", "")] = {"outputs": outputs}
        self.ok = self.ok and done.returncode == 0

    def composite(self, path: str, given: dict[str, str], contexts: dict[str, Any]) -> None:
        action = yaml.safe_load((self.work / path / "action.yml").read_text("utf-8"))
        assert all(key in action["inputs"] for key in given)
        inside = {**contexts, "inputs": given, "steps": {}}
        self.steps(action["runs"]["steps"], inside)
        self.contexts = contexts


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def _checkout(job: Job, given: dict[str, str]) -> None:
    """The commit of the event; all branches and tags only where `fetch-depth` is 0."""
    assert given.get("persist-credentials") == "false", "the token would stay in the clone"
    github, deep = job.contexts["github"], given.get("fetch-depth") == "0"
    refs = ["+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*"] if deep else ["--depth=1"]
    script = f"git init -q . && git remote add origin 'file://{job.host.remote}'\n"
    script += f"git fetch -q origin {' '.join(refs)} '+{github['ref']}:refs/remotes/event'\n"
    script += "git checkout -q --detach refs/remotes/event\n"
    if "sparse-checkout" in given:
        script = script.replace("git fetch", f"git sparse-checkout set -- '{given['sparse-checkout']}'\ngit fetch", 1)
    if github["ref"].startswith("refs/heads/"):
        script += f"git checkout -q -B '{github['ref'].removeprefix('refs/heads/')}'\n"
    done = job.host.shell(script, job.work, {})
    assert done.returncode == 0, done.stdout


def _upload(job: Job, given: dict[str, str]) -> None:
    source, target = Path(given["path"]), job.host.scratch / f"artefact-{job.host.runs}-{given['name']}"
    shutil.rmtree(target, ignore_errors=True)
    if source.is_dir():
        shutil.copytree(source, target)
    else:
        target.mkdir()
        shutil.copy(source, target)
    job.ran.artefacts[given["name"]] = target


def _download(job: Job, given: dict[str, str]) -> None:
    shutil.copytree(job.ran.artefacts[given["name"]], given["path"], dirs_exist_ok=True)


def _credentials(job: Job, given: dict[str, str]) -> None:
    """What AWS gives for a token of the run; a run of a stranger's fork gets no token."""
    assert job.contexts["permissions"]["id-token"] == "write" and given["role-to-assume"] and given["aws-region"]
    job.exported |= job.host.role
    job.ran.roles.append(given["role-to-assume"])


def _scan(job: Job, given: dict[str, str]) -> None:
    """What code scanning takes: a log, from a job that may write it."""
    assert job.contexts["permissions"]["security-events"] == "write" and given["category"] == "registry"
    job.ran.scanned = Path(given["sarif_file"]).read_text("utf-8")


ACTIONS = {
    "actions/checkout": _checkout,
    "actions/setup-python": lambda job, given: None,
    "actions/upload-artifact": _upload,
    "actions/download-artifact": _download,
    "aws-actions/configure-aws-credentials": _credentials,
    "github/codeql-action/upload-sarif": _scan,
}


def run_gitlab(host: Host, name: str, variables: dict[str, str], work: Path) -> tuple[int, str]:
    """Runs one job of `.gitlab/registry.yml` in the clone `work`: its exit code, and what it printed."""
    document = yaml.safe_load((work / ".gitlab" / "registry.yml").read_text("utf-8"))
    job = document[name]
    parent = document.get(job.get("extends"), {})
    given = {**parent.get("variables", {}), **job.get("variables", {})}
    assert not any("$" in value for value in given.values()), "what an unset variable becomes is GitLab's to say"
    lines = [*job.get("before_script", parent.get("before_script", [])), *job["script"]]
    done = host.shell("\n".join(lines), work, {**given, **variables, "CI_PROJECT_DIR": str(work)})
    return done.returncode, done.stdout
