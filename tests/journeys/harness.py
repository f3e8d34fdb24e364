"""Drives the command as a person would: a process, its output, its exit code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from registry.formats.documents import schema_of
from tests.journeys.warm import Warm, fixed

CHECKOUT = Path(__file__).parents[2]
COMMAND = (sys.executable, "-m", "registry")
TIMEOUT = 300


@dataclass(frozen=True)
class Done:
    """A finished command."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one document on stdout, valid by the JSON Schema of its format."""
        assert self.out.count("\n") == 1, self.out
        document = json.loads(self.out)
        Draft202012Validator(schema_of(document["format"])).validate(document)
        return document


@cache
def warm() -> Warm:
    """The process with the libraries that all tests of this process share; it ends as this one does."""
    return Warm()


@dataclass(frozen=True)
class Shell:
    """A directory in which commands are run; `command` starts registry.

    `fresh` makes each command a process of its own from its first import on, as a user has it.
    """

    cwd: Path
    command: tuple[str, ...] = COMMAND
    env: tuple[tuple[str, str], ...] = ()
    fresh: bool = False

    def __call__(self, *arguments: object, code: int | None = 0, cwd: Path | None = None) -> Done:
        environment = self._environment()
        if self.command[0] == sys.executable:
            environment["PYTHONPATH"] = str(CHECKOUT)
        done = self._run(list(map(str, arguments)), cwd or self.cwd, environment)
        assert "Traceback" not in done.err, done.err
        assert code is None or done.code == code, f"exit {done.code}\n{done.out}\n{done.err}"
        return done

    def _run(self, arguments: list[str], cwd: Path, environment: dict[str, str]) -> Done:
        if self.command == COMMAND and not self.fresh and fixed(environment) == warm().fixed:
            return Done(*warm()(arguments, cwd, environment, TIMEOUT))
        done = subprocess.run(
            [*self.command, *arguments],
            cwd=cwd, capture_output=True, text=True, env=environment, timeout=TIMEOUT, check=False,
        )  # fmt: skip
        return Done(done.returncode, done.stdout, done.stderr)

    def _environment(self) -> dict[str, str]:
        return {**os.environ, **dict(self.env)}

    def git(self, *arguments: str) -> str:
        return subprocess.run(
            ["git", *arguments], cwd=self.cwd, capture_output=True, text=True, check=True, env=self._environment()
        ).stdout

    def commit(self, message: str = "Change") -> None:
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)


def rows(kind: str, count: int, offset: int = 0) -> list[dict[str, Any]]:
    """Distinct rows of a small sentiment table; `kind` keeps splits apart."""
    words = ["맛있다", "느리다", "친절하다", "비싸다", "깨끗하다", "시끄럽다", "편하다", "좁다", "새롭다", "낡았다"]
    found = []
    for i in range(offset, offset + count):
        text = f"{kind} 후기 {i}번: {words[i % 10]} 그리고 {words[(i * 7 + 3) % 10]} service {i * 31 % 997}"
        found.append({"id": f"{kind[:2]}{i:05}", "text": text, "label": ("neg", "pos")[i % 2], "score": i % 5})
    return found


def write_csv(file: Path, records: list[dict[str, Any]], **options: Any) -> None:
    """A CSV file with a header."""
    import csv

    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w", encoding=options.pop("encoding", "utf-8"), newline="") as out:
        writer = csv.DictWriter(out, list(records[0]), lineterminator="\n", **options)
        writer.writeheader()
        writer.writerows(records)


def plant_reviews(folder: Path, train: int = 80, test: int = 20) -> None:
    """Three splits of distinct reviews."""
    write_csv(folder / "train.csv", rows("train", train))
    write_csv(folder / "validation.csv", rows("validation", 20))
    write_csv(folder / "test.csv", rows("test", test))


def tree(root: Path) -> dict[str, bytes]:
    """Every file below `root` with its bytes."""
    return {p.relative_to(root).as_posix(): p.read_bytes() for p in sorted(root.rglob("*")) if p.is_file()}
