"""Which files each provider gets, how they stand to what a repository has, and the writing of them.

>>> [piece.path for piece in pieces_of("pre-commit", Settings.of(Config(), "."))]
['.pre-commit-config.yaml']
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from registry.automation.pieces import Listed, Owned, Piece, State
from registry.errors import ConfigError, StateError, UsageError
from registry.workspace.config import Config
from registry.workspace.files import write_text
from registry.workspace.yamls import load_yaml

PROVIDERS = ("github", "gitlab", "pre-commit")
CHECK = "registry"  # the name of the job that is required on GitHub
PLACE = files("registry.automation")

# provider → (file, template), for files that are ours as a whole
OWNED = {
    "github": (
        (".github/actions/registry/action.yml", "templates/github/action.yml"),
        (".github/actions/registry/post.py", "post.py"),
        (".github/workflows/registry.yml", "templates/github/check.yml"),
        (".github/workflows/registry-comment.yml", "templates/github/comment.yml"),
        (".github/workflows/registry-release.yml", "templates/github/release.yml"),
    ),
    "gitlab": ((".gitlab/registry.yml", "templates/gitlab/registry.yml"), (".gitlab/registry/post.py", "post.py")),
    "pre-commit": (),
}
# provider → (file, its list, template), for files that the user writes to
LISTED = {
    "github": (),
    "gitlab": ((".gitlab-ci.yml", "include", "templates/gitlab/include.yml"),),
    "pre-commit": ((".pre-commit-config.yaml", "repos", "templates/pre-commit/hooks.yml"),),
}


@dataclass(frozen=True, slots=True)
class Settings:
    """What the files depend on: how to get ready, Python's version, where the workspace lies in the repository."""

    setup: str
    python: str
    directory: str

    @classmethod
    def of(cls, config: Config, directory: str) -> Settings:
        """The settings under [ci]."""
        install = f"python -m pip install --quiet {shlex.join(config.ci_install)}"
        setup = f"{install} && {config.ci_prepare}" if config.ci_prepare else install
        return cls(setup, config.ci_python, directory)

    def fill(self, template: str) -> str:
        """`template` with its `@@names@@` replaced; words of shell commands are quoted."""
        inside = "" if self.directory == "." else f"{self.directory}/"
        words = {
            "setup": self.setup,
            "python": self.python,
            "directory": shlex.quote(self.directory),
            "pattern": re.escape(inside),
            "lint": "registry lint" if not inside else f"registry -C {shlex.quote(self.directory)} lint",
        }
        return re.sub(r"@@(\w+)@@", lambda found: words[found[1]], template)


@dataclass(frozen=True, slots=True)
class Outcome:
    """A file and how it stood, or what was done to it."""

    path: str
    state: State | str


def provider_of(text: str) -> str:
    """The provider of that name; another one raises `UsageError`."""
    if text in PROVIDERS:
        return text
    raise UsageError(
        f"there is no provider `{text}`", why=f"there are {', '.join(PROVIDERS)}", hint="registry ci init github"
    )


def pieces_of(provider: str, settings: Settings) -> tuple[Piece, ...]:
    """Everything that `ci init` writes for a provider."""

    def template(name: str) -> str:
        return settings.fill(PLACE.joinpath(name).read_text("utf-8"))

    owned = [Owned(path, template(name), provider) for path, name in OWNED[provider]]
    return (*owned, *(Listed(path, key, template(name), provider) for path, key, name in LISTED[provider]))


def survey(top: Path, pieces: Sequence[Piece]) -> list[Outcome]:
    """How each piece stands in the repository whose top is `top`; nothing is written.

    Raises `StateError` where a link would lead elsewhere, as `provision` does.
    """
    _refuse_links(top, pieces)
    return [Outcome(piece.path, piece.state(_text(top / piece.path))) for piece in pieces]


def provision(top: Path, pieces: Sequence[Piece], *, force: bool = False, dry_run: bool = False) -> list[Outcome]:
    """Writes what is absent or outdated; with `force` also what somebody edited; a dry run tells the states instead.

    Raises `StateError` before anything is written, where an edited file is in the way, a list has no place, or a
    link would lead elsewhere.
    """
    _refuse_links(top, pieces)
    found = {piece: _text(top / piece.path) for piece in pieces}
    states = {piece: piece.state(text) for piece, text in found.items()}
    edited = [piece.path for piece, state in states.items() if state == "edited"]
    if edited and not force:
        raise StateError(
            f"{', '.join(edited)} would be overwritten",
            why="these lines are not what `registry ci init` wrote",
            hint="move them elsewhere, or run the same command with --force",
            paths=edited,
        )
    merged = {piece: _merged(piece, found[piece]) for piece in pieces}
    if dry_run:
        return [Outcome(piece.path, state) for piece, state in states.items()]
    for piece, text in merged.items():
        if states[piece] != "current":
            write_text(top / piece.path, text)
    words = {"absent": "written", "outdated": "updated", "edited": "replaced", "current": "current"}
    return [Outcome(piece.path, words[state]) for piece, state in states.items()]


def _refuse_links(top: Path, pieces: Sequence[Piece]) -> None:
    for piece in pieces:
        file = top / piece.path
        link = next(
            (one for one in (file, *file.parents) if one.is_relative_to(top) and one != top and one.is_symlink()), None
        )
        if link is not None:
            name = link.relative_to(top).as_posix()
            raise StateError(
                f"{name} is a link",
                why="what the forge reads would lie elsewhere, or be no file to it",
                hint=f"put {'the file' if link == file else 'a directory'} itself in its place",
                paths=[name],
            )


def namesakes(top: Path) -> list[str]:
    """The workflows of GitHub, other than ours, with a job that reports as the gate does: the required check's name."""
    ours = {path for path, _ in OWNED["github"]}
    folder = top / ".github" / "workflows"
    others = (file for file in sorted(folder.glob("*.y*ml")) if file.relative_to(top).as_posix() not in ours)
    return [file.relative_to(top).as_posix() for file in others if CHECK in _jobs(file)]


def _jobs(file: Path) -> set[str]:
    """By which names the jobs of a workflow report; none of one that cannot be read."""
    try:
        document, _ = load_yaml(file)
    except ConfigError:
        return set()
    jobs = document.get("jobs") if isinstance(document, dict) else None
    entries = jobs.items() if isinstance(jobs, dict) else ()
    return {str((isinstance(job, dict) and job.get("name")) or name) for name, job in entries}


def _merged(piece: Piece, found: str | None) -> str:
    text = piece.merged(found)
    if text is None:
        assert isinstance(piece, Listed)
        raise StateError(
            f"{piece.path} has no list `{piece.key}` to add to",
            why="only a list of lines that begin with a dash can be added to",
            hint=f"write `{piece.key}` as a list, then run the same command again",
            paths=[piece.path],
        )
    return text


def _text(file: Path) -> str | None:
    return file.read_text("utf-8", "replace") if file.is_file() else None
