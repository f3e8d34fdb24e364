"""What a hook can tell in a second: declarations that cannot be read, data in git, datasets without a pointer.

No data is read, no network asked, and neither DVC nor Great Expectations imported.

>>> list(RULES)
['config', 'schemas', 'cards', 'data', 'pointers']
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from registry.errors import RegistryError, UsageError
from registry.workspace.config import FILE
from registry.workspace.workspace import Dataset, Workspace

LARGE = 1_000_000
"""Bytes from which a table in git is taken for raw data."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong in which file (relative to the workspace), by which rule, and what to do."""

    rule: str
    path: str
    message: str
    hint: str


def lint_document(problems: Sequence[Problem]) -> dict[str, Any]:
    """The `registry.lint/1` document."""
    return {"format": "registry.lint/1", "ok": not problems, "problems": [asdict(one) for one in problems]}


def lint(start: Path, rules: Sequence[str] = ()) -> list[Problem]:
    """The problems of the workspace around `start` by the named rules (none: by all), in their order.

    Raises `UsageError` for an unknown rule and `WorkspaceError` outside a workspace.
    """
    for rule in rules:
        if rule not in RULES:
            raise UsageError(f"there is no rule `{rule}`", why=f"there are {', '.join(RULES)}", hint="registry lint")
    problems: list[Problem] = []
    with _caught(problems, "config", FILE, start):
        workspace = Workspace.find(start)
        for name in rules or RULES:
            RULES[name](workspace, problems)
    return list(dict.fromkeys(problems))  # a schema that cannot be read is told once, by whatever needs it


@contextmanager
def _caught(problems: list[Problem], rule: str, path: str, root: Path) -> Iterator[None]:
    """What is wrong with a declaration becomes a problem; that there is no workspace or git is none of it."""
    try:
        yield
    except RegistryError as error:
        if error.code == "workspace" or error.exit == 5:
            raise
        message = str(error).replace(f"{root}/", "")
        where = re.match(r"([^:\n]+):(\d+)(?=\W)", message)
        if where and (root / where[1]).is_file():  # the file itself, not the dataset's first
            path, message = where[1], f"line {where[2]}{message[where.end() :]}"
        problems.append(Problem(rule, path, message, error.hint.replace(f"{root}/", "")))


def _config(workspace: Workspace, problems: list[Problem]) -> None:
    """`registry.toml` and `dvc.yaml` were read already: the preset, the waivers, and files that are declared."""
    from registry.checks.waivers import load_waivers
    from registry.versions.rules import load_rules

    root, config = workspace.root, workspace.config
    with _caught(problems, "config", FILE, root):
        load_rules(config.preset, frozen=config.frozen_splits, root=root)
    if config.waivers:
        with _caught(problems, "config", config.waivers, root):
            load_waivers(root / config.waivers)
    for dataset in workspace.datasets.values():
        for path in (dataset.schema, *dataset.checks, dataset.card):
            if not (root / path).is_file():
                what = f"`{dataset.name}` declares {path}, which does not exist"
                problems.append(Problem("config", "dvc.yaml", what, f"registry add {dataset.path}"))


def _schemas(workspace: Workspace, problems: list[Problem]) -> None:
    """Schemas and suites, and that the columns of the one are those of the other."""
    from registry.judge.rules import own_rules

    for dataset in workspace.datasets.values():
        if _there(workspace, dataset.schema, *dataset.checks):
            with _caught(problems, "schemas", dataset.schema, workspace.root):
                own_rules(workspace, dataset)


def _cards(workspace: Workspace, problems: list[Problem]) -> None:
    """Cards as they can be judged without the data: fields, required ones, what the schema contradicts."""
    from registry.cards.declared import load_card
    from registry.cards.lint import lint_declared
    from registry.schemas.odcs import load_schema

    for dataset in workspace.datasets.values():
        if not _there(workspace, dataset.card, dataset.schema):
            continue
        with _caught(problems, "schemas", dataset.schema, workspace.root):
            schema = load_schema(workspace.root / dataset.schema)
            with _caught(problems, "cards", dataset.card, workspace.root):
                declared = load_card(workspace.root / dataset.card)
                found = lint_declared(declared, schema, required=workspace.config.card_required)
                hint = f"registry card lint {dataset.name}"
                problems += [Problem("cards", dataset.card, f"{one['field']}: {one['message']}", hint) for one in found]


def _there(workspace: Workspace, *paths: str) -> bool:
    """Whether the declared files exist; where they do not, the rule `config` says so."""
    return all((workspace.root / path).is_file() for path in paths)


def _data(workspace: Workspace, problems: list[Problem]) -> None:
    """Files in git's index that lie within a dataset, and large tables anywhere."""
    from registry.tables.formats import IMAGES, format_of

    for path, size in _indexed(workspace):
        within = next((d for d in workspace.datasets.values() if _is_within(path, d)), None)
        hint = f"git rm --cached {path}"
        if within:
            problems.append(Problem("data", path, f"git holds data of `{within.name}`, which belongs to DVC", hint))
        elif size > LARGE and format_of(path) not in (None, IMAGES):
            what = f"git holds a table of {size:,} bytes that no dataset declares"
            problems.append(Problem("data", path, what, f"registry add {path}"))


def _is_within(path: str, dataset: Dataset) -> bool:
    home = PurePosixPath(dataset.path)
    return PurePosixPath(path) == home or home in PurePosixPath(path).parents


def _indexed(workspace: Workspace) -> Iterator[tuple[str, int]]:
    """Every file of git's index below the workspace with its size there, by path."""
    listing = workspace.git.run("-C", str(workspace.root), "ls-files", "--stage", "-z")
    blobs = {entry.partition("\t")[2]: entry.split()[1] for entry in listing.split("\0") if entry}
    asked = "".join(f"{blob}\n" for blob in blobs.values()).encode()
    answers = workspace.git.run("cat-file", "--batch-check=%(objectsize)", stdin=asked).splitlines() if blobs else []
    for path, answer in zip(blobs, answers, strict=True):
        if answer.isdecimal():  # a submodule has no size here
            yield path, int(answer)


def _pointers(workspace: Workspace, problems: list[Problem]) -> None:
    """Every dataset has a pointer that can be read, and git has it."""
    for dataset in workspace.datasets.values():
        with _caught(problems, "pointers", f"{dataset.path}.dvc", workspace.root):
            pointer = workspace.pointer(dataset)
            if pointer is None:
                what = f"`{dataset.name}` has no pointer: nobody else can get its data"
                problems.append(Problem("pointers", f"{dataset.path}.dvc", what, f"registry add {dataset.path}"))
                continue
            name = pointer.file.relative_to(workspace.root).as_posix()
            if workspace.git.try_run("ls-files", "--error-unmatch", "--", str(pointer.file)) is None:
                problems.append(Problem("pointers", name, f"git does not hold {name}", f"git add {name}"))


RULES: Mapping[str, Callable[[Workspace, list[Problem]], None]] = {
    "config": _config,
    "schemas": _schemas,
    "cards": _cards,
    "data": _data,
    "pointers": _pointers,
}
