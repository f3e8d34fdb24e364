"""A team as GitHub sees it: a bare repository, DVC's remote and the store on S3, and people who propose changes."""

from __future__ import annotations

import csv
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from registry.authoring.add import AddOptions, add
from registry.cli.app import app
from registry.content import dvc
from registry.workspace.workspace import Workspace
from tests.automation.runner import Host, Ran
from tests.journeys.harness import Shell


def here(root: Path, *arguments: object) -> int:
    """Runs a command in this process, whose libraries are loaded already; its exit code."""
    before = Path.cwd()
    try:
        return (
            app(args=[str(arguments[0]), "-C", str(root), "-q", *map(str, arguments[1:])], standalone_mode=False) or 0
        )
    finally:
        os.chdir(before)


Edit = Callable[["Author"], None]


@dataclass(frozen=True)
class Author:
    """Somebody's clone, with the data."""

    root: Path

    @property
    def shell(self) -> Shell:
        return Shell(self.root)

    def rows(self, split: str) -> list[dict[str, Any]]:
        with (self.root / "data" / "reviews" / f"{split}.csv").open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    def write(self, split: str, rows: list[dict[str, Any]]) -> None:
        with (self.root / "data" / "reviews" / f"{split}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)

    def address(self, *, push: bool = True) -> None:
        """`registry add` and, unless it is forgotten, `registry push`."""
        workspace = Workspace.find(self.root)
        add(workspace, self.root / "data" / "reviews", AddOptions())
        pointer = workspace.pointer(workspace.dataset("reviews"))
        if push:
            dvc.push(self.root, [pointer])

    def edit(self, name: str, old: str, new: str) -> None:
        file = self.root / name
        text = file.read_text("utf-8")
        assert old in text, f"{old!r} is not in {name}"
        file.write_text(text.replace(old, new), "utf-8")


@dataclass
class Team:
    """Main as everybody has it, its template, and the forge."""

    template: Path
    host: Host
    proposals: int = 0

    def propose(self, edit: Edit) -> dict[str, Any]:
        """A pull request with `edit`, merged with main as the forge does it for a run; its event."""
        self.proposals += 1
        number, root = self.proposals, self.host.scratch / f"author-{self.proposals}"
        shutil.copytree(self.template, root, symlinks=True)
        author = Author(root)
        author.shell.git("checkout", "-q", "-B", "work")
        edit(author)
        author.shell.commit("Propose")
        head = author.shell.git("rev-parse", "HEAD").strip()
        author.shell.git("checkout", "-q", "--detach", "main")
        author.shell.git("merge", "-q", "--no-ff", "-m", "Merge", "work")
        refs = f"HEAD:refs/pull/{number}/merge", f"work:refs/heads/work-{number}"
        author.shell.git("push", "-q", str(self.host.remote), *refs)
        return {"pull_request": {"number": number, "head": {"sha": head, "repo": {"full_name": "team/data"}}}}

    def judge(self, event: dict[str, Any]) -> Ran:
        """The run of the gate for a pull request."""
        ref = f"refs/pull/{event['pull_request']['number']}/merge"
        return self.host.run("registry.yml", "pull_request", event, ref, base_ref="main")
