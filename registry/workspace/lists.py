"""Files that a suite names, such as lists of terms: where they lie, and which there are.

A file is named from the suite's own directory, or from the workspace's, where `registry.toml` lies.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from registry.errors import ConfigError
from registry.workspace.config import FILE
from registry.workspace.yamls import load_yaml

ARGUMENT = "list"  # of an expectation, whose value is the path of a file


def place_of_list(name: str, suite: Path) -> Path:
    """The file `name` of the suite at `suite`; raises `ConfigError` where it leads out of the workspace or is none."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts:
        raise ConfigError(
            f"{suite}: the list `{name}` lies elsewhere",
            why="what judges the data is committed with it",
            hint=f"copy it beside {suite.name}, and name it from there",
        )
    for folder in _folders(suite):
        if (folder / path).is_file():
            return folder / path
    raise ConfigError(
        f"{suite}: there is no list `{name}`",
        why=f"it is looked for beside {suite.name}, and in the workspace",
        hint="name a file of one term a line",
    )


def _folders(suite: Path) -> Iterator[Path]:
    """The directory of a suite, and that of the workspace around it."""
    here = suite.absolute().parent
    yield here
    yield from (folder for folder in here.parents if (folder / FILE).is_file())


def lists_of(suite: Path) -> list[Path]:
    """The files that a suite names and that exist. A suite that cannot be read names none; its loader says why."""
    try:
        document, _ = load_yaml(suite)
        entries = document.get("expectations") if isinstance(document, dict) else None
        named = [_named(entry) for entry in entries] if isinstance(entries, list) else []
        return [place_of_list(name, suite) for name in named if name]
    except ConfigError:
        return []


def _named(entry: object) -> str:
    kwargs = entry.get("kwargs") if isinstance(entry, dict) else None
    found = kwargs.get(ARGUMENT) if isinstance(kwargs, dict) else None
    return found if isinstance(found, str) else ""
