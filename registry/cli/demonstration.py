"""The demo: the whole path on real data, by the commands that a person would type."""

from __future__ import annotations

import csv
import os
import shlex
import subprocess
import sys
from pathlib import Path

from registry.authoring.examples import by_split, lexicon, write_csv
from registry.cli.output import Out
from registry.errors import InternalError, UsageError

LEAKED = 12
HELD_BACK = 400

CARD = """\
---
pretty_name: Sentiment lexicon
summary: English words and emoticons with the ratings of ten people and the label that follows from them.
language: [en]
license: mit
task_categories: [text-classification]
annotations_creators: [crowdsourced]
---

## Purpose

Shows what `registry` does, on real data.

## Collection

From the file `vader_lexicon.txt` of the package vaderSentiment 3.3.2 (Hutto and Gilbert, 2014).
"""


class Demo:
    """A directory, a sink, and a way to run commands in it."""

    def __init__(self, root: Path, out: Out) -> None:
        self.root = root
        self.out = out

    def say(self, text: str) -> None:
        """A sentence of what happens next."""
        self.out.text(f"\n{self.out.style('# ' + text, 'bold')}")

    def run(self, *arguments: str, expect: int = 0) -> None:
        """Runs `registry` with `arguments`; another exit code than `expect` is a bug."""
        self._run([sys.executable, "-m", "registry", *arguments], f"registry {shlex.join(arguments)}", expect)

    def git(self, *arguments: str) -> None:
        """Runs `git` with `arguments`."""
        self._run(["git", *arguments], f"git {shlex.join(arguments)}", 0)

    def _run(self, command: list[str], shown: str, expect: int) -> None:
        self.out.text(self.out.style(f"$ {shown}", "blue"))
        sys.stdout.flush()
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        environment.pop("REGISTRY_STORE", None)
        for key in ("AUTHOR", "COMMITTER"):
            environment.setdefault(f"GIT_{key}_NAME", "Registry Demo")
            environment.setdefault(f"GIT_{key}_EMAIL", "demo@example.org")
        quiet = subprocess.DEVNULL if self.out.json else None
        done = subprocess.run(command, cwd=self.root, check=False, env=environment, stdout=quiet)
        if done.returncode != expect:
            raise InternalError(f"`{shown}` ended with {done.returncode} where {expect} was expected")


def demonstrate(root: Path, out: Out) -> None:
    """Builds a workspace at `root`, is refused a release, mends it, releases twice, pulls and verifies."""
    if root.exists() and any(root.iterdir()):
        raise UsageError(f"{root} is not empty", hint="registry demo another-directory")
    root.mkdir(parents=True, exist_ok=True)
    demo = Demo(root, out)
    splits = by_split(lexicon())
    data = root / "data" / "lexicon"
    train, held_back = splits["train"][HELD_BACK:], splits["train"][:HELD_BACK]

    demo.say("A workspace, and a real dataset in it: words rated by ten people")
    demo.git("init", "-q")
    demo.run("init", "-q")
    data.mkdir(parents=True)
    raters = [word for name in train[0] if name.startswith("rater_") for word in ("--annotator", name)]
    leak = [{**row, "id": f"leak-{i:02}", "token": row["token"].upper()} for i, row in enumerate(train[40:52])]
    write_csv(data / "train.csv", train)
    write_csv(data / "validation.csv", splits["validation"])
    write_csv(data / "test.csv", splits["test"] + leak)
    roles = ["--label", "label", "--text", "token", "--key", "id", *raters, "--license", "mit"]
    demo.run("add", "data/lexicon", *roles, "-q")
    (root / "cards" / "lexicon.md").write_text(CARD, "utf-8")
    demo.git("add", ".")
    demo.git("commit", "-q", "-m", "Add lexicon")

    demo.say(f"{LEAKED} training words were copied into the test split, in capitals: the release is refused")
    demo.run("release", "v1.0", "-q", expect=1)

    demo.say("Mended, committed, released")
    write_csv(data / "test.csv", splits["test"])
    _publish(demo, "Remove leaked rows", "v1.0")

    demo.say(f"The data changes: {HELD_BACK} more training words. The change demands a minor version")
    write_csv(data / "train.csv", held_back + train)
    _publish(demo, "Add words", "v1.1")

    demo.say("A consumer needs the store and nothing else, and gets exactly v1.0")
    demo.run("list")
    demo.run("pull", "lexicon@v1.0", "-o", "pulled", "--store", str(root / ".registry" / "store"), "-q")
    demo.run("verify", "pulled")
    _close(demo, data, root)


def _publish(demo: Demo, message: str, version: str) -> None:
    demo.run("add", "data/lexicon", "-q")
    demo.git("commit", "-q", "-am", message)
    demo.run("release", version, "-q")


def _close(demo: Demo, data: Path, root: Path) -> None:
    pulled = root / "pulled"
    with (
        (pulled / "train.csv").open(encoding="utf-8", newline="") as old,
        (data / "train.csv").open(encoding="utf-8", newline="") as new,
    ):
        rows = len(list(csv.reader(old))) - 1, len(list(csv.reader(new))) - 1
    demo.say(f"v1.0 has {rows[0]:,} training rows, the workspace {rows[1]:,}. What to look at:")
    for label, name in (
        ("card", "README.md"),
        ("data report", ".registry/eda.html"),
        ("quality report", ".registry/quality.html"),
        ("changes", ".registry/CHANGELOG.md"),
    ):
        demo.out.text(f"  {label:<15} {pulled / name}")
    demo.out.document({"format": "registry.demo/1", "root": str(root), "pulled": str(pulled)})
