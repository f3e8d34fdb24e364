"""What `add` says beside its result: roles that were guessed, what follows from them, what git lacks.

>>> from registry.model.schema import Column, DatasetSchema
>>> from registry.workspace.workspace import Dataset
>>> reviews = Dataset("reviews", "data/reviews", "schemas/reviews.yaml", ("checks/reviews.yaml",), "cards/reviews.md")
>>> schema = DatasetSchema("reviews", (Column("y", "string", role="label"), Column("본문", "string", role="text")))
>>> print(*remarks(reviews, schema, {"y": "label"}, ("train", "test")), sep="\\n")
roles: label: y, text: 본문; guessed: 본문; change them in schemas/reviews.yaml
"""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING

from registry.workspace.successor import successor_of

if TYPE_CHECKING:
    from registry.model.schema import DatasetSchema
    from registry.workspace.workspace import Dataset, Workspace

ROLES = ("label", "text", "key", "group", "time", "split", "annotator")
WORKSPACE_FILES = ("registry.toml", ".gitignore", ".dvc/config", ".dvc/.gitignore", ".dvcignore")
SHARES = "train=0.8,validation=0.1,test=0.1"


def remarks(
    dataset: Dataset,
    schema: DatasetSchema,
    given: Collection[str] | None,
    splits: Sequence[str],
    *,
    one_file: bool = False,
) -> Iterator[str]:
    """Lines on a dataset just declared; `given` are the columns whose role a person said, None if all are declared."""
    known = [(role, column.name) for role in ROLES for column in schema.columns_of_role(role)]
    known += [("key", key) for key in schema.keys if ("key", key) not in known]
    if known:
        guessed = [] if given is None else [column for _, column in known if column not in given]
        told = "roles: " + ", ".join(f"{role}: {column}" for role, column in known)
        yield told + (f"; guessed: {', '.join(guessed)}; change them in {dataset.schema}" if guessed else "")
    if not any(role == "label" for role, _ in known):
        yield (
            "no column was found to be the label: label conflicts, target leakage and class balance are not checked; "
            f"give one `role: label` in {dataset.schema}, and its checks to {dataset.checks[0]}"
        )
    if len(splits) == 1:
        successor = successor_of(dataset.path)
        aside = f" -o {shlex.quote(successor)}" if one_file else ""
        yield (
            f"there is one split only, {splits[0]}, so that no leak can be looked for: "
            f"registry split {dataset.name} --shares {SHARES}{aside}"
        )


def uncommitted(workspace: Workspace, dataset: Dataset) -> list[str]:
    """Files that exist, declare the dataset or the workspace, and differ from what git holds; relative to the root."""
    pointer = workspace.pointer(dataset)
    ours = [workspace.root / name for name in WORKSPACE_FILES]
    ignore = [pointer.file.with_name(".gitignore")] if pointer else []
    files = [file for file in (*ours, *ignore, *workspace.declared_files(dataset)) if file.exists()]
    dirty = set(workspace.git.dirty(files))
    wanted = [file for file in files if workspace.git.relative(file) in dirty]
    return list(dict.fromkeys(file.relative_to(workspace.root).as_posix() for file in wanted))
