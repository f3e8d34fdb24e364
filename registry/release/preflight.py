"""What must hold before a release: a committed state, and no tag that says otherwise."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from pathlib import Path

from registry.errors import StateError
from registry.model.names import Version
from registry.workspace.beside import folder_of
from registry.workspace.workspace import Dataset, Workspace, datasets_of
from registry.workspace.yamls import parse_yaml


def require_clean(workspace: Workspace, dataset: Dataset) -> None:
    """Raises `StateError`, with the git command that mends it, where declared files are not committed."""
    attachments = workspace.git.held(folder_of(workspace.root / dataset.card))  # also those that are there no more
    files = [file for file in (*workspace.declared_files(dataset), *attachments) if file.name != "dvc.yaml"]
    dirty = workspace.git.dirty(file for file in files if file.exists() or _tracked(workspace, file))
    if not _same_entry(workspace, dataset):
        dirty.append(workspace.git.relative(workspace.root / "dvc.yaml"))
    if not dirty:
        return
    names = " ".join(shlex.quote(name) for name in dirty)
    where = "" if workspace.root == workspace.git.top else f" -C {shlex.quote(str(workspace.git.top))}"
    raise StateError(
        f"`{dataset.name}` has changes that are not committed",
        why=", ".join(dirty),
        hint=f"git{where} add {names} && git{where} commit -m 'Update {dataset.name}'",
        paths=dirty,
    )


def _tracked(workspace: Workspace, file: Path) -> bool:
    return workspace.git.show("HEAD", file) is not None


def _same_entry(workspace: Workspace, dataset: Dataset) -> bool:
    """Whether HEAD declares the dataset as the work tree does; other entries of dvc.yaml do not count."""
    committed = workspace.git.show("HEAD", workspace.root / "dvc.yaml")
    if committed is None:
        return False
    document, _ = parse_yaml(committed.decode("utf-8", "replace"), "HEAD:dvc.yaml")
    return datasets_of(document, "HEAD:dvc.yaml").get(dataset.name) == dataset


def recorded(workspace: Workspace, name: str, commit: str) -> set[Version]:
    """The releases of `name` that `commit` records."""
    held = workspace.git.held(workspace.root / "releases" / name, commit)
    stems = [path.name.removesuffix(".manifest.json") for path in held]
    return {Version.parse(stem) for stem in stems if Version.is_version(stem)}


def require_known_history(
    workspace: Workspace, name: str, released: Iterable[Version], store: str, commit: str = "HEAD"
) -> None:
    """Raises `StateError` where `commit` records releases that the store lacks: it is another store.

    Releasing there would start the numbers and the changelog anew.
    """
    missing = sorted(recorded(workspace, name, commit) - set(released))
    if not missing:
        return
    raise StateError(
        f"git records {name}@{missing[-1]}, which the store {store} does not hold",
        why="releases of one dataset go to one store; the default one is on the machine that released",
        hint="set `store` in registry.toml, or pass --store URL",
        missing=[str(version) for version in missing],
    )


def require_no_other_tag(workspace: Workspace, name: str, version: Version, manifest: str | None) -> None:
    """Raises `StateError` where the version's tag exists and does not carry `manifest` (None: is no release's)."""
    message = workspace.git.tag_message(version.tag(name))
    if message is None or (manifest is not None and f"sha256:{manifest}" in message):
        return
    raise StateError(
        f"the git tag {version.tag(name)} exists and does not name this release",
        why="a tag of a release is written by `registry release` alone",
        hint=f"registry release auto {name}, or look at it with: git show {version.tag(name)}",
    )
