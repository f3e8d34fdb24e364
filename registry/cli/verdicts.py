"""Writes verdicts in the formats that a command line asks for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from registry.errors import UsageError

if TYPE_CHECKING:
    from registry.cli.common import Run
    from registry.model.judgement import Judgement

FORMATS = ("text", "json", "markdown", "junit", "sarif", "github", "gitlab")


@dataclass(frozen=True, slots=True)
class Output:
    """One wanted rendering; `path` is None for stdout."""

    format: str
    path: Path | None


def parse_formats(texts: Sequence[str]) -> list[Output]:
    """`F` or `F=PATH`, each; at most one goes to stdout."""
    outputs = []
    for text in texts:
        kind, equals, path = text.partition("=")
        if kind not in FORMATS or (equals and not path):
            raise UsageError(
                f"`{text}` is no format",
                why=f"known are {', '.join(FORMATS)}",
                hint="registry check --format json=verdict.json",
            )
        outputs.append(Output(kind, Path(path) if path else None))
    if sum(output.path is None for output in outputs) > 1:
        raise UsageError("only one format can go to stdout", hint="registry check --format json=verdict.json")
    return outputs


def parse_engine(text: str) -> Literal["duckdb", "spark"]:
    """The engine of that name."""
    engines: Mapping[str, Literal["duckdb", "spark"]] = {"duckdb": "duckdb", "spark": "spark"}
    if text in engines:
        return engines[text]
    raise UsageError(f"there is no engine `{text}`", why="the engines are duckdb and spark", hint="registry check")


def require_base(changed: bool, base: str | None) -> str | None:
    """The revision to compare with, or None where everything is judged; one option needs the other."""
    if changed == (base is not None):
        return base
    raise UsageError(
        "--changed needs --base" if changed else "--base needs --changed",
        why="what changed is told by comparing with a revision",
        hint="registry check --changed --base origin/main",
    )


def parse_date(text: str | None) -> date | None:
    """An ISO date, or None where none is given."""
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise UsageError(
            f"`{text}` is no date", why="a date reads 2026-11-21", hint="registry check --as-of 2026-11-21"
        ) from error


def write_verdict(run: Run, judgement: Judgement, outputs: Sequence[Output]) -> None:
    """Renders to stdout as `--json`, `--format` or `--quiet` says, and to the files asked for."""
    from registry.formats.renderings import RENDERINGS, brief_text
    from registry.workspace.files import write_text

    for output in outputs:
        if output.path is not None:
            write_text(run.directory / output.path, RENDERINGS[output.format](judgement))
    asked = next((output.format for output in outputs if output.path is None), None)
    shown = RENDERINGS[asked] if asked else brief_text if run.out.quiet else RENDERINGS["text"]
    run.out.document(judgement.to_json())
    run.out.text(shown(judgement).rstrip("\n"), commands=asked == "github")
