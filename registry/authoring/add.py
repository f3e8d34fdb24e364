"""`registry add`: addresses data, and the first time writes what declares it.

The declarations are inferred from the data and meant to be read, edited and committed;
what cannot be measured is left to fill, never invented.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from registry.cards.fresh import new_card
from registry.checks.defaults import default_suite
from registry.content import dvc
from registry.content.hashing import Progress, Snapshot, StatCache, hash_tree
from registry.content.walk import walk
from registry.errors import DataError, NotFoundError, UsageError
from registry.mending.record import records_of as mended_records
from registry.model.names import dataset_name, is_dataset_name
from registry.schemas.infer import Roles, hint_schema, infer_schema
from registry.schemas.odcs import load_schema
from registry.schemas.write import write_schema
from registry.tables.duck import Session
from registry.tables.read import open_table
from registry.workspace.declare import declare_artifact
from registry.workspace.files import write_text
from registry.workspace.pointer import stage_of
from registry.workspace.successor import move_artifact, successor_of
from registry.workspace.workspace import Dataset, Workspace


@dataclass(frozen=True, slots=True)
class AddOptions:
    """A name for the dataset, and what a person says of its columns."""

    name: str | None = None
    roles: Roles = field(default_factory=Roles)
    progress: Progress | None = None
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Added:
    """What `add` did: the dataset, whether its data changed, and the files written for git."""

    dataset: Dataset
    state: Literal["added", "updated", "unchanged", "planned"]
    snapshot: Snapshot
    written: tuple[str, ...] = ()


def add(workspace: Workspace, path: Path, options: AddOptions) -> Added:
    """Addresses the data at `path`; declares it the first time.

    Raises `UsageError` for a path made by a DVC stage or without a legal name,
    `HostilePathError` for files that no consumer could be given, `DataError` for
    unreadable ones.
    """
    if not path.exists() and not path.is_symlink():
        known = workspace.datasets.get(path.name)
        hint = f"registry add {known.path}" if known else "registry add PATH"
        raise NotFoundError(f"there is no file or directory {path}", hint=hint)
    inside = _inside(workspace, path)
    relative = _place(workspace, path, options)
    if stage := stage_of(workspace.root, relative):
        raise UsageError(
            f"{relative} is made by the DVC stage `{stage}`",
            why="a stage's output is addressed when the stage runs",
            hint=f"dvc repro {stage}",
        )
    known = next((d for d in workspace.datasets.values() if d.path == relative), None)
    succeeded = None if known else _succeeded(workspace, relative)
    if options.dry_run:
        return _planned(workspace, path, relative, known or succeeded, options)
    if succeeded:
        return _succeed(workspace, succeeded, relative, options)
    if known:
        return _readdress(workspace, known, options)
    if inside:
        return _declare(workspace, relative, options)
    walk(path)
    _copy(path, workspace.root / relative)
    try:
        return _declare(workspace, relative, options)
    except BaseException:
        _remove(workspace.root / relative)  # the same command can then be given again, mended
        raise


def _inside(workspace: Workspace, path: Path) -> bool:
    real = path.parent.resolve() / path.name
    return real.is_relative_to(workspace.root)


def _place(workspace: Workspace, path: Path, options: AddOptions) -> str:
    """The path relative to the workspace; data from outside goes to `data/<name>`."""
    if _inside(workspace, path):
        relative = (path.parent.resolve() / path.name).relative_to(workspace.root).as_posix()
        if relative in (".", "data") or relative.split("/")[0] in (".git", ".dvc", ".registry"):
            raise UsageError(f"{relative} is no place for one dataset", hint="registry add data/my-dataset")
        return relative
    name = options.name or name_of(path)
    suffix = "" if path.is_dir() else path.name[len(path.name.split(".")[0]) :]
    return f"data/{dataset_name(name)}{suffix}"


def name_of(path: Path) -> str:
    """The dataset name that a path gives; raises `UsageError` asking for `--name` where it gives none."""
    stem = path.name.split(".")[0]
    if is_dataset_name(stem):
        return stem
    close = "-".join("".join(c if c.isascii() and c.isalnum() else " " for c in stem.lower()).split())
    suggestion = close if is_dataset_name(close) else "my-dataset"
    raise UsageError(
        f"{path.name} gives no legal dataset name",
        why="a name has lower-case letters, digits and inner hyphens",
        hint=f"registry add {path} --name {suggestion}",
    )


def _copy(source: Path, target: Path) -> None:
    if target.exists():
        raise UsageError(f"{target} exists already", hint=f"registry add {target}")
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.with_name(f".{target.name}.adding")
    shutil.rmtree(beside, ignore_errors=True)
    if source.is_dir():
        shutil.copytree(source, beside, symlinks=True)
    else:
        shutil.copy2(source, beside)
    beside.rename(target)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _snapshot(workspace: Workspace, name: str, relative: str, options: AddOptions) -> Snapshot:
    cache = StatCache.load(workspace.cache / "stat" / f"{name}.jsonl")
    return hash_tree(workspace.root / relative, cache=cache, progress=options.progress)


def _readdress(workspace: Workspace, dataset: Dataset, options: AddOptions) -> Added:
    snapshot = _snapshot(workspace, dataset.name, dataset.path, options)
    pointer = workspace.pointer(dataset)
    if pointer is not None and pointer.md5 == snapshot.md5:
        return Added(dataset, "unchanged", snapshot)
    dvc.add(workspace.root, dataset.path, snapshot)
    return Added(dataset, "updated", snapshot, (f"{dataset.path}.dvc",))


def _succeeded(workspace: Workspace, relative: str) -> Dataset | None:
    """The dataset of one file that the directory at `relative` was split from, as its last record says."""
    place = workspace.root / relative
    named = [d for d in workspace.datasets.values() if d.path != relative and successor_of(d.path) == relative]
    for dataset in named if place.is_dir() else []:
        records = mended_records(workspace, dataset.name)
        if records and records[-1][1]["after"]["md5"] == hash_tree(place).md5:
            return dataset
    return None


def _succeed(workspace: Workspace, dataset: Dataset, relative: str, options: AddOptions) -> Added:
    """The directory takes the place of the file, which stays where it is and is the dataset's no more."""
    snapshot = _snapshot(workspace, dataset.name, relative, options)
    pointer = workspace.pointer(dataset)
    dvc.add(workspace.root, relative, snapshot)
    move_artifact(workspace.root, dataset.name, relative)
    written = [f"{relative}.dvc", *_ignore_files(workspace, relative), "dvc.yaml"]
    if pointer is not None:
        pointer.file.unlink()
        if workspace.git.show("HEAD", pointer.file) is not None:  # git is to hear that it is gone
            written.append(pointer.file.relative_to(workspace.root).as_posix())
    return Added(replace(dataset, path=relative), "updated", snapshot, tuple(written))


def _declare(workspace: Workspace, relative: str, options: AddOptions) -> Added:
    name = dataset_name(options.name or name_of(workspace.root / relative))
    if name in workspace.datasets:
        raise UsageError(
            f"`{name}` is declared already, at {workspace.datasets[name].path}",
            hint=f"registry add {relative} --name another-name",
        )
    snapshot = _snapshot(workspace, name, relative, options)
    dataset = Dataset(name, relative, f"schemas/{name}.yaml", (f"checks/{name}.yaml",), f"cards/{name}.md")
    texts = _declarations(workspace, dataset, snapshot, options)
    dvc.add(workspace.root, relative, snapshot)
    written = [f"{relative}.dvc", *_ignore_files(workspace, relative)]
    for file, text in texts.items():
        write_text(workspace.root / file, text)
        written.append(file)
    declare_artifact(workspace.root, name, _artifact(dataset))
    return Added(dataset, "added", snapshot, (*written, "dvc.yaml"))


def _declarations(workspace: Workspace, dataset: Dataset, snapshot: Snapshot, options: AddOptions) -> dict[str, str]:
    """The texts of schema, suite and card by path; files that exist are kept and believed."""
    declared = workspace.root / dataset.schema
    known = load_schema(declared) if declared.exists() else hint_schema(dataset.name, options.roles)
    table = open_table(snapshot.base, snapshot.files, known, workspace.cache / "tables")
    if not table.rows:
        raise DataError(f"{dataset.path} holds no rows", why="there is nothing to infer a schema from")
    texts: dict[str, str] = {}
    with Session(table) as session:
        schema = load_schema(declared) if declared.exists() else None
        if schema is None:
            schema = infer_schema(dataset.name, table, session, options.roles)
            texts[dataset.schema] = write_schema(schema)
        texts[dataset.checks[0]] = default_suite(schema, table, session)
    snapshot.check_unmoved()
    texts[dataset.card] = new_card(schema)
    return {file: text for file, text in texts.items() if not (workspace.root / file).exists()}


def _artifact(dataset: Dataset) -> dict[str, object]:
    meta = {"schema": dataset.schema, "checks": list(dataset.checks), "card": dataset.card}
    return {"path": dataset.path, "type": "dataset", "meta": meta}


def _ignore_files(workspace: Workspace, relative: str) -> list[str]:
    file = (workspace.root / relative).parent / ".gitignore"
    return [file.relative_to(workspace.root).as_posix()] if file.exists() else []


def _planned(workspace: Workspace, path: Path, relative: str, known: Dataset | None, options: AddOptions) -> Added:
    name = known.name if known else dataset_name(options.name or name_of(workspace.root / relative))
    dataset = known or Dataset(name, relative, f"schemas/{name}.yaml", (f"checks/{name}.yaml",), f"cards/{name}.md")
    written: tuple[str, ...] = (f"{relative}.dvc",)
    if known is None:
        files = [
            file for file in (dataset.schema, *dataset.checks, dataset.card) if not (workspace.root / file).exists()
        ]
        written = (*written, *files, "dvc.yaml")
    return Added(dataset, "planned", hash_tree(path), written)
