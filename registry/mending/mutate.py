"""`registry check --mutate`: plants every kind of defect and sees which checks catch it.

Each defect goes into a copy of its own, in a temporary workspace with the same declarations;
the same gate judges it. Caught by a check means that the check is able to see such a defect,
that it fails there and did not fail on the copy without defect, or finds more. Nothing is
remembered, nothing written elsewhere.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from registry.content.hashing import hash_tree
from registry.errors import ConfigError, DataError
from registry.judge.judge import Bench, JudgeOptions, judge, lay_out
from registry.judge.obtain import Obtained
from registry.judge.rules import load_rules
from registry.mending.album import Negatives
from registry.mending.defects import DEFECTS, Defect
from registry.mending.draft import Copy, Draft, NotApplicableError
from registry.mending.rewrite import Original
from registry.mending.sheet import Pages
from registry.model.evidence import Check, Evidence
from registry.tables.duck import Session
from registry.tables.formats import IMAGES, is_auxiliary
from registry.tables.read import open_table
from registry.workspace.lists import lists_of
from registry.workspace.workspace import Dataset, Workspace

BAD = ("fail", "error", "waived")


@dataclass(frozen=True, slots=True)
class Catch:
    """What became of one defect: the checks that caught it, and whether a release would have been blocked by them."""

    defect: str
    what: str
    state: Literal["caught", "not_caught", "not_applicable"]
    planted: int = 0
    caught_by: tuple[str, ...] = ()
    blocked: bool = False
    why: str = ""

    def to_json(self) -> dict[str, Any]:
        """Its entry in the document."""
        return {
            "defect": self.defect,
            "what": self.what,
            "state": self.state,
            "planted": self.planted,
            "caught_by": list(self.caught_by),
            "blocked": self.blocked,
            "why": self.why,
        }


@dataclass(frozen=True, slots=True)
class Trial:
    """The gate's trial on one dataset: rows of the copy, of the data, the verdict without defect, the catches."""

    dataset: str
    rows: int
    of: int
    verdict: str
    catches: tuple[Catch, ...]

    def to_json(self) -> dict[str, Any]:
        """Its entry in `registry.mutate/1`."""
        return {
            "dataset": self.dataset,
            "rows": self.rows,
            "of": self.of,
            "verdict": self.verdict,
            "defects": [catch.to_json() for catch in self.catches],
        }


def mutate_document(trials: list[Trial]) -> dict[str, Any]:
    """The `registry.mutate/1` document."""
    return {"format": "registry.mutate/1", "datasets": [trial.to_json() for trial in trials]}


def lay_out_untouched(workspace: Workspace, dataset: Dataset, options: JudgeOptions) -> Bench:
    """As `registry.judge.judge.lay_out`, without remembering digests in the workspace's cache."""
    path = workspace.root / dataset.path
    if not path.exists():
        return lay_out(workspace, dataset, options)
    obtained = Obtained(hash_tree(path), workspace.pointer(dataset))
    return Bench(workspace, dataset, load_rules(workspace, dataset), obtained, options)


def mutate(bench: Bench) -> Trial:
    """Tries the gate on the dataset of the bench. Raises `DataError` for data that cannot be read, or is empty."""
    with tempfile.TemporaryDirectory(prefix="registry-mutate-") as folder:
        aside = _aside(bench, Path(folder))
        table = open_table(bench.snapshot.base, bench.snapshot.files, bench.rules.schema, aside.cache / "tables")
        if not table.rows:
            raise DataError(f"{bench.dataset.path} holds no rows", why="there is nothing to plant a defect into")
        original = Original(bench.snapshot, table, bench.rules.schema.encoding)
        with Session(table) as session:
            copy: Copy
            if table.format == IMAGES:
                copy = Negatives(original, bench.rules.schema, session, Path(folder, "negatives"))
            else:
                copy = Pages(original, bench.rules.schema, session)
            clean = _judged(aside, bench, copy.draft())
            catches = tuple(_tried(aside, bench, copy, defect, clean) for defect in DEFECTS)
    return Trial(bench.dataset.name, copy.rows, table.rows, clean.verdict, catches)


def _aside(bench: Bench, root: Path) -> Workspace:
    """A workspace below `root` with the declarations of the dataset and none of its data."""
    workspace, dataset = bench.workspace, bench.dataset
    lists = [
        file.relative_to(workspace.root.absolute())
        for suite in dataset.checks
        for file in lists_of(workspace.root.absolute() / suite)
    ]
    for file in filter(None, (dataset.schema, *dataset.checks, *map(str, lists), workspace.config.waivers)):
        if (workspace.root / file).exists():
            (root / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(workspace.root / file, root / file)
    return Workspace(root, workspace.config, {dataset.name: dataset})


def _judged(aside: Workspace, bench: Bench, draft: Draft) -> Evidence:
    """The evidence of a draft."""
    place = aside.root / bench.dataset.path
    base = place if bench.snapshot.directory else place.parent
    if bench.snapshot.directory and place.exists():
        shutil.rmtree(place)
    for entry in bench.snapshot.files:
        if is_auxiliary(entry.path):
            (base / entry.path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(bench.snapshot.file(entry), base / entry.path)
    if not bench.snapshot.directory:
        place.unlink(missing_ok=True)
    draft.write(base)
    return judge(lay_out(aside, bench.dataset, replace(bench.options, store=None, progress=None, remember=False)))


def _tried(aside: Workspace, bench: Bench, copy: Copy, defect: Defect, clean: Evidence) -> Catch:
    draft = copy.draft()
    nothing = Catch(defect.name, defect.what, "not_applicable")
    try:
        planted = defect.plant(draft)
    except NotApplicableError as error:
        return replace(nothing, why=str(error))
    if not planted:
        return replace(nothing, why="no row of the data can be changed so")
    try:
        found = _judged(aside, bench, draft)
    except ConfigError as error:  # it does not even come to a verdict, and so to no release
        return Catch(defect.name, defect.what, "caught", planted, ("data:readable",), blocked=True, why=str(error))
    before = {check.id: check for check in clean.checks}
    able = [check for check in found.checks if defect.is_seen_by(check)]
    caught = [check for check in able if _is_new(check, before.get(check.id), found.fail_on)]
    return Catch(
        defect.name,
        defect.what,
        "caught" if caught else "not_caught",
        planted,
        tuple(check.id for check in caught),
        blocked=any(check.blocks(found.fail_on) for check in caught),
        why="" if caught else _why_missed(able),
    )


def _why_missed(able: Sequence[Check]) -> str:
    """Why no check caught a defect, of those that are able to."""
    blind = [check.id for check in able if check.status == "not_measured"]
    looked = [check.id for check in able if check.status in ("pass", *BAD)]
    if blind:
        return f"not measured: {', '.join(blind)}"
    return f"not seen by {', '.join(looked)}" if looked else "no check looks for it"


def _is_new(check: Check, before: Check | None, fail_on: str) -> bool:
    """Whether the check fails, or blocks, as it did not before; or finds more than before."""
    if check.status not in BAD and not check.blocks(fail_on):
        return False
    known = before is not None and (before.status in BAD or before.blocks(fail_on))
    return not known or (check.unexpected or 0) > (before.unexpected or 0 if before else 0)
