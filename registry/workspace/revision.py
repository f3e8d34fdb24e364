"""The workspace as a commit holds it: its declarations and pointers, laid out in a directory for a while.

What reads a workspace reads this one too. It holds no data, and no git repository of its own.
"""

from __future__ import annotations

import posixpath
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from registry.errors import ConfigError
from registry.workspace.beside import folder_of
from registry.workspace.config import FILE, Config, load_config
from registry.workspace.git import Git
from registry.workspace.lists import names_in, places_in
from registry.workspace.tree import CommitTree
from registry.workspace.workspace import CHANGES, Workspace, datasets_of, read_datasets
from registry.workspace.yamls import parse_yaml

ALWAYS = (FILE, "dvc.yaml", "dvc.lock", ".dvc/config")


@contextmanager
def at_commit(workspace: Workspace, commit: str) -> Iterator[Workspace]:
    """The workspace of `commit`; one without any dataset where there was none then.

    A workspace that lay in another directory of the repository is found by the names of its datasets.
    Raises `ConfigError`, naming the commit, where its declarations cannot be read, or are links that lead
    out of the repository.
    """
    tree = CommitTree.of(workspace.git, commit)
    with tempfile.TemporaryDirectory(prefix="registry-revision-") as folder:
        root = Path(folder).resolve()
        try:
            laid = _Laid(workspace.git, tree, _place(workspace, tree), root)
            if not laid.has(FILE):
                yield Workspace(root, Config(), {}, workspace.root)
                return
            found = _read(laid)
        except ConfigError as error:
            why = str(error).replace(f"{root}/", "")
            raise ConfigError(
                f"the declarations of commit {commit[:12]} cannot be read", why=why, hint="compare with another base"
            ) from error
        yield replace(found, elsewhere=workspace.root)


def _place(workspace: Workspace, tree: CommitTree) -> str:
    """The directory of the workspace in a commit: where it is today, else where its datasets were declared.

    Of several it is the one that has lost the most of them; where that is not one alone nobody can tell.
    """
    top, here = workspace.git.top, workspace.git.relative(workspace.root)
    if tree.blob(posixpath.normpath(f"{here}/{FILE}")):
        return here
    known = [posixpath.dirname(path) or "." for path in tree.entries if posixpath.basename(path) == FILE]
    moved = {
        place: len(workspace.datasets.keys() & _declared(workspace.git, tree, place) - _left(top / place))
        for place in known
    }
    most = max(moved.values(), default=0)
    found = [place for place, count in moved.items() if count == most]
    if most and len(found) > 1:
        raise ConfigError(
            f"the workspace may have moved from {' or '.join(found)}",
            why="each declared datasets of these names, and declares them no more",
            hint="move one workspace at a time",
        )
    return found[0] if most else here


def _declared(git: Git, tree: CommitTree, place: str) -> set[str]:
    """The datasets of the workspace at `place` of a commit, by name."""
    blob = tree.blob(posixpath.normpath(f"{place}/dvc.yaml"))
    texts = git.blobs([blob]) if blob else []
    return {
        name
        for text in texts
        for name in datasets_of(parse_yaml(text.decode("utf-8", "replace"), "dvc.yaml")[0], "dvc.yaml")
    }


def _left(folder: Path) -> set[str]:
    """The datasets that a directory declares today, by name; one that cannot be read declares none."""
    try:
        return set(read_datasets(folder))
    except ConfigError:
        return set()


@dataclass(frozen=True, slots=True)
class _Laid:
    """The workspace at `place` of a commit, whose files are written below `root` as they are asked for."""

    git: Git
    tree: CommitTree
    place: str
    root: Path

    def has(self, path: str) -> bool:
        return self._blob(path) is not None

    def below(self, folder: str) -> list[str]:
        start = posixpath.normpath(f"{self.place}/{folder}")
        return [posixpath.relpath(path, self.place) for path in self.tree.below(start)]

    def lay_out(self, paths: Iterable[str]) -> None:
        """Writes those of `paths` that the commit holds."""
        wanted = {path: self._blob(path) for path in dict.fromkeys(paths) if not (self.root / path).exists()}
        held = {path: blob for path, blob in wanted.items() if blob is not None}
        for path, data in zip(held, self.git.blobs(list(held.values())), strict=True):
            (self.root / path).parent.mkdir(parents=True, exist_ok=True)
            (self.root / path).write_bytes(data)

    def _blob(self, path: str) -> str | None:
        return self.tree.blob(posixpath.normpath(f"{self.place}/{path}"))


def _read(laid: _Laid) -> Workspace:
    root = laid.root
    laid.lay_out([*ALWAYS, *(path for path in laid.below(".") if path.endswith(".dvc")), *laid.below(CHANGES)])
    config, datasets = load_config(root / FILE), read_datasets(root)
    laid.lay_out(f"{dataset.path}.dvc" for dataset in datasets.values())  # behind links as well
    found = Workspace(root, config, datasets)
    files = [file for dataset in found.datasets.values() for file in found.declared_files(dataset)]
    inside = [file.relative_to(root).as_posix() for file in files if file.is_relative_to(root)]
    folders = {str(folder_of(PurePosixPath(dataset.card))) for dataset in found.datasets.values()}
    table = PurePosixPath(config.preset).as_posix()  # of levels, where it is a file
    laid.lay_out([table, *inside, *(path for folder in sorted(folders) for path in laid.below(folder))])
    suites = {suite for dataset in found.datasets.values() for suite in dataset.checks}
    lists = [path for suite in suites for name in names_in(root / suite) for path in places_in(suite, name)]
    laid.lay_out(sorted(lists))
    return found
