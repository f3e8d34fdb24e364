"""Whether data, pointer and git agree, for one dataset."""

from __future__ import annotations

from typing import Any

from registry.content.hashing import StatCache, hash_tree
from registry.judge.pointers import way_back
from registry.workspace.workspace import Dataset, Workspace


def status_of(workspace: Workspace, dataset: Dataset) -> dict[str, Any]:
    """The entry of `registry.status/1`.

    `data` is current, stale (differs from the pointer), absent (only the pointer is here),
    or not added; `uncommitted` lists declared files that git does not hold as they are.
    """
    pointer = workspace.pointer(dataset)
    path = workspace.root / dataset.path
    files = size = None
    mend = ""
    if path.exists():
        cache = StatCache.load(workspace.cache / "stat" / f"{dataset.name}.jsonl")
        snapshot = hash_tree(path, cache=cache)
        files, size = len(snapshot.files), snapshot.files.bytes
        state = "not added" if pointer is None else "current" if pointer.md5 == snapshot.md5 else "stale"
        mend = way_back(workspace, dataset, pointer, snapshot.md5) if pointer and state == "stale" else ""
    else:
        state = "missing" if pointer is None else "absent"
    declared = [*workspace.declared_files(dataset), workspace.root / "dvc.yaml"]
    uncommitted = workspace.git.dirty(file for file in declared if file.exists())
    return {
        "name": dataset.name,
        "path": dataset.path,
        "data": state,
        "files": files,
        "bytes": size,
        "uncommitted": uncommitted,
        "next": mend or _next(dataset, state, uncommitted),
    }


def _next(dataset: Dataset, state: str, uncommitted: list[str]) -> str:
    if state == "not added":
        return f"registry add {dataset.path}"
    if state == "missing":
        return f"put the data at {dataset.path}, then registry add {dataset.path}"
    if state == "absent":
        return f"registry check {dataset.name} fetches what it needs; to edit: dvc pull, the store is a DVC remote"
    return f"git add {' '.join(uncommitted)} && git commit" if uncommitted else ""
