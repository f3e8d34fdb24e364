"""The gate over several datasets at once: what `registry check` runs on a desk and on a pull request."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace

from registry.content.hashing import Progress
from registry.errors import RegistryError
from registry.judge.judge import Bench, JudgeOptions, judge, lay_out
from registry.judge.places import places_of
from registry.model.difference import Difference
from registry.model.judgement import Judgement
from registry.model.scope import Scope
from registry.release.differ import diff_bench
from registry.stores.base import Store
from registry.workspace.workspace import Dataset, Workspace


@dataclass(frozen=True)
class Surroundings:
    """What a run of the gate is given: how to open the store, show progress of a dataset, and warn."""

    store: Callable[[], Store]
    progress: Callable[[Dataset], AbstractContextManager[Progress | None]]
    warn: Callable[[str], None]


def judge_all(
    workspace: Workspace,
    datasets: Iterable[Dataset],
    options: JudgeOptions,
    around: Surroundings,
    *,
    scope: Scope | None = None,
    compare: bool = False,
) -> Judgement:
    """Judges each dataset; with `compare`, says how each differs from its latest release, where that can be told."""
    judgement = Judgement((), scope=scope)
    for dataset in datasets:
        store = None if (workspace.root / dataset.path).exists() else around.store()
        with around.progress(dataset) as progress:
            bench = lay_out(workspace, dataset, replace(options, store=store, progress=progress))
            evidence = judge(bench)
        difference = _difference(bench, around) if compare else {}
        judgement = replace(
            judgement,
            evidences=(*judgement.evidences, evidence),
            places={**judgement.places, **places_of(bench, evidence)},
            differences={**judgement.differences, **difference},
        )
    return judgement


def _difference(bench: Bench, around: Surroundings) -> dict[str, Difference]:
    """How a dataset differs from its latest release, by name; empty where there is none, or no store."""
    name = bench.dataset.name
    try:
        return {name: diff_bench(bench, None, around.store())}
    except RegistryError as error:
        if error.exit != 6:  # a first version differs from nothing
            around.warn(f"{name} is not compared with its last release: {error}")
        return {}
