"""The Python interface: each command's work as a function that returns a value.

import registry

ds = registry.load("reviews@^1.2", split="train", store="s3://bucket/datasets")
registry.pull("reviews@1.2.0", "data/reviews")
registry.check("reviews").verdict
registry.release("1.3.0", "reviews").state
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from registry.consume.load import load as load
from registry.consume.load import loaded as loaded
from registry.model.names import Ref

if TYPE_CHECKING:
    from registry.consume.pull import PullResult
    from registry.model.evidence import Evidence
    from registry.model.release import ReleaseResult


def pull(
    ref: str, target: str | Path | None = None, *, store: str | None = None, splits: tuple[str, ...] = ()
) -> PullResult:
    """Brings the release `ref` to the directory `target` (default `./NAME`), every byte verified."""
    from registry.consume.origin import Origin, PullOptions
    from registry.consume.pull import place

    wanted, options = Ref.parse(ref), PullOptions(splits=splits)
    return place(Origin.find(Path(), store, wanted, options), Path(target or wanted.name), options)


def check(name: str | None = None, *, directory: str | Path = ".") -> Evidence:
    """The evidence of the dataset `name` in the workspace around `directory`; see its `verdict`."""
    from registry.judge.judge import JudgeOptions, judge, lay_out

    workspace, dataset = _chosen(name, Path(directory))
    return judge(lay_out(workspace, dataset, JudgeOptions()))


def release(
    version: str, name: str | None = None, *, directory: str | Path = ".", store: str | None = None
) -> ReleaseResult:
    """Releases the dataset `name` as `version`.

    Raises `GateFailed` with the evidence where the data is unfit, `StateError` where the
    state refuses.
    """
    from registry.consume.source import open_default_store
    from registry.release.release import ReleaseOptions
    from registry.release.release import release as run

    workspace, dataset = _chosen(name, Path(directory))
    place = open_default_store(Path(directory), store)
    return run(workspace, dataset, version, place, ReleaseOptions()).result


def _chosen(name: str | None, directory: Path) -> tuple[Any, Any]:
    from registry.workspace.workspace import Workspace

    workspace = Workspace.find(directory)
    return workspace, workspace.choose(name, directory, command="registry check")
