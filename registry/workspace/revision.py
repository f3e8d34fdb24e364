"""The workspace as a commit holds it: its declarations and pointers, laid out in a directory for a while.

What reads a workspace reads this one too. It holds no data, and no git repository of its own.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path, PurePosixPath

from registry.errors import ConfigError
from registry.workspace.beside import folder_of
from registry.workspace.config import FILE, Config, load_config
from registry.workspace.git import Git
from registry.workspace.lists import names_in, places_in
from registry.workspace.workspace import CHANGES, Workspace, read_datasets

ALWAYS = (FILE, "dvc.yaml", "dvc.lock")


@contextmanager
def at_commit(workspace: Workspace, commit: str) -> Iterator[Workspace]:
    """The workspace of `commit`; one without any dataset where there was none then.

    Raises `ConfigError`, naming the commit, where its declarations cannot be read.
    """
    listing = workspace.git.tree(commit, workspace.root)
    with tempfile.TemporaryDirectory(prefix="registry-revision-") as folder:
        root = Path(folder).resolve()
        if FILE not in listing:
            yield Workspace(root, Config(), {}, workspace.root)
            return
        pointers = [path for path in listing if path.endswith(".dvc") or path.startswith(f"{CHANGES}/")]
        _lay_out(workspace.git, listing, [*ALWAYS, *pointers], root)
        yield replace(_read(workspace.git, listing, root, commit), elsewhere=workspace.root)


def _read(git: Git, listing: Mapping[str, str], root: Path, commit: str) -> Workspace:
    try:
        found = Workspace(root, load_config(root / FILE), read_datasets(root))
        files = [file for dataset in found.datasets.values() for file in found.declared_files(dataset)]
    except ConfigError as error:
        why = str(error).replace(f"{root}/", "")
        raise ConfigError(
            f"the declarations of commit {commit[:12]} cannot be read", why=why, hint="compare with another base"
        ) from error
    inside = [file.relative_to(root).as_posix() for file in files if file.is_relative_to(root)]
    beside = tuple(f"{folder_of(PurePosixPath(dataset.card))}/" for dataset in found.datasets.values())
    table = PurePosixPath(found.config.preset).as_posix()  # of levels, where it is a file
    _lay_out(git, listing, [table, *inside, *(path for path in listing if path.startswith(beside))], root)
    suites = {suite for dataset in found.datasets.values() for suite in dataset.checks}
    lists = [path for suite in suites for name in names_in(root / suite) for path in places_in(suite, name)]
    _lay_out(git, listing, sorted(lists), root)
    return found


def _lay_out(git: Git, listing: Mapping[str, str], paths: Iterable[str], root: Path) -> None:
    wanted = [path for path in dict.fromkeys(paths) if path in listing and not (root / path).exists()]
    for path, data in zip(wanted, git.blobs([listing[path] for path in wanted]), strict=True):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)
