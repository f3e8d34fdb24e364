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
    if not _is_within(name):
        raise ConfigError(
            f"{suite}: the list `{name}` lies elsewhere",
            why="what judges the data is committed with it",
            hint=f"copy it beside {suite.name}, and name it from there",
        )
    found = _standing(name, suite)
    if found is not None:
        return found
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


def _is_within(name: str) -> bool:
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts


def _standing(name: str, suite: Path) -> Path | None:
    return next((folder / name for folder in _folders(suite) if (folder / name).is_file()), None)


def lists_of(suite: Path) -> list[Path]:
    """The files that a suite names and that exist."""
    found = (_standing(name, suite) for name in names_in(suite) if _is_within(name))
    return [file for file in found if file is not None]


def names_in(suite: Path) -> list[str]:
    """The files that a suite names. One that cannot be read names none; its loader says why."""
    try:
        document, _ = load_yaml(suite)
    except ConfigError:
        return []
    entries = document.get("expectations") if isinstance(document, dict) else None
    named = [_named(entry) for entry in entries] if isinstance(entries, list) else []
    return [name for name in named if name]


def places_in(suite: str, name: str) -> tuple[str, str]:
    """The paths, from the workspace on, at which a list of the suite `suite` may lie.

    >>> places_in("checks/reviews.yaml", "terms.txt")
    ('checks/terms.txt', 'terms.txt')
    """
    return str(PurePosixPath(suite).parent / name), name


def _named(entry: object) -> str:
    kwargs = entry.get("kwargs") if isinstance(entry, dict) else None
    found = kwargs.get(ARGUMENT) if isinstance(kwargs, dict) else None
    return found if isinstance(found, str) else ""
