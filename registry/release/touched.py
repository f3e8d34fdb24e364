"""Which datasets of two states of a workspace differ, and how each does: those that a branch touched, one by one.

A dataset is the same if its name is, else its path, else its data; what git holds of it is compared
first, so that one that nobody touched costs no reading.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

from registry.consume.resolve import find_previous
from registry.judge.judge import JudgeOptions, lay_out
from registry.model.difference import Difference
from registry.model.release import LEVELS, Level
from registry.release.differ import diff_benches, diff_states, id_of, was
from registry.release.status import status_of
from registry.stores.base import Store
from registry.workspace.revision import at_commit
from registry.workspace.workspace import Dataset, Workspace

LATEST = "the latest releases"


@dataclass(frozen=True, slots=True)
class Differences:
    """How the datasets of one state differ from those of another.

    `touched` are in order of name; `added` stand in the later state alone, `deleted` in the earlier one;
    `untouched` are the same in both.
    """

    before: str
    after: str
    touched: tuple[Difference, ...] = ()
    added: tuple[str, ...] = ()
    deleted: tuple[str, ...] = ()
    untouched: tuple[str, ...] = ()

    @property
    def level(self) -> Level:
        """The greatest level of all."""
        return max((one.level for one in self.touched), key=LEVELS.index, default="none")

    def to_json(self) -> dict[str, Any]:
        """The `registry.diffs/1` document, which holds a `registry.diff/1` document for each touched dataset."""
        return {
            "format": "registry.diffs/1",
            "from": self.before,
            "to": self.after,
            "level": self.level,
            "datasets": [one.to_json() for one in self.touched],
            "added": list(self.added),
            "deleted": list(self.deleted),
            "untouched": list(self.untouched),
        }

    def others(self) -> list[tuple[str, tuple[str, ...]]]:
        """The datasets that have no difference to show, by what became of them."""
        named = [
            ("never released" if self.before == LATEST else "new", self.added),
            ("declared no more", self.deleted),
            ("untouched", self.untouched),
        ]
        return [(word, names) for word, names in named if names]


def diff_touched(workspace: Workspace, before: str | None, after: str | None, store: Store) -> Differences:
    """How every dataset differs between two revisions of git; `after` None is the workspace as it stands.

    Without `before` each is compared with its latest release, and those never released count as added.
    """
    if before is None:
        return _since_release(workspace, store)
    with ExitStack() as stack:
        old = stack.enter_context(_at(workspace, before))
        new = stack.enter_context(_at(workspace, after))
        pairs = {name: (was(dataset, new, old), dataset) for name, dataset in sorted(new.datasets.items())}
        both = {name: (then, now) for name, (then, now) in pairs.items() if then}
        known = {then.name for then, _ in both.values()}
        changed = [name for name, (then, now) in both.items() if _differ((old, then), (new, now))]
        options = JudgeOptions(store=store, remember=False, limit=workspace.config.max_bytes)
        return Differences(
            before,
            after or "the workspace",
            tuple(
                diff_benches(
                    lay_out(old, both[name][0], options),
                    lay_out(new, both[name][1], options if after else JudgeOptions(store=store)),
                    (f"{both[name][0].name} at {before}", f"{name} at {after}" if after else name),
                )
                for name in changed
            ),
            tuple(name for name in pairs if name not in both),
            tuple(sorted(old.datasets.keys() - known)),
            tuple(name for name in both if name not in changed),
        )


def _since_release(workspace: Workspace, store: Store) -> Differences:
    released = {name: find_previous(store, name, None) is not None for name in sorted(workspace.datasets)}
    found = {
        name: diff_states(workspace, workspace.dataset(name), None, None, store) for name in released if released[name]
    }
    return Differences(
        LATEST,
        "the workspace",
        tuple(one for one in found.values() if one.level != "none" or one.facts),
        tuple(name for name, known in released.items() if not known),
        (),
        tuple(name for name, one in found.items() if one.level == "none" and not one.facts),
    )


@contextmanager
def _at(workspace: Workspace, revision: str | None) -> Iterator[Workspace]:
    """The workspace as a revision of git holds it; as it stands, for None."""
    held = at_commit(workspace, workspace.git.require_commit(revision)) if revision else nullcontext(workspace)
    with held as there:
        yield there


def _differ(before: tuple[Workspace, Dataset], after: tuple[Workspace, Dataset]) -> bool:
    """Whether the pointer, the entry or a file of the declaration is another, or data was edited and not added."""
    if before[1] != after[1] or id_of(*before) != id_of(*after) or _declared(*before) != _declared(*after):
        return True
    workspace, dataset = after
    return (workspace.root / dataset.path).exists() and status_of(workspace, dataset)["data"] != "current"


def _declared(workspace: Workspace, dataset: Dataset) -> dict[str, bytes]:
    """The files that declare a dataset, as git keeps texts."""
    files = {file for file in workspace.declared_files(dataset) if file.is_file()}
    return {file.relative_to(workspace.root).as_posix(): file.read_bytes().replace(b"\r\n", b"\n") for file in files}
