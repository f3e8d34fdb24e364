"""Which datasets were touched since a branch was left: by data, declarations, or the code that makes them.

Needs no data: what git holds at the two commits is compared, so that a change which touches no
dataset is answered in the time of a start. Data in the workspace that was edited and not added
counts as well.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path, PurePosixPath
from typing import Any

from registry.checks.waivers import Waiver, load_waivers
from registry.content.dvc import default_remote
from registry.content.hashing import StatCache, hash_tree
from registry.errors import ConfigError, RegistryError
from registry.model.scope import Scope
from registry.workspace.beside import attachments_of, folder_of, templates_of
from registry.workspace.lists import lists_of
from registry.workspace.pointer import stage_of
from registry.workspace.revision import at_commit
from registry.workspace.workspace import Dataset, Workspace
from registry.workspace.yamls import load_yaml

DROPPED = "dropped"
"""The part of a dataset that is declared no more, or not as one, while its data is still there."""


@dataclass(frozen=True, slots=True)
class Base:
    """The workspace where the work parted from `revision`, and the one at its tip, whose rules are in force."""

    revision: str
    commit: str
    workspace: Workspace
    tip: Workspace

    @property
    def moved(self) -> bool:
        """Whether the base has gone on since the work parted from it."""
        return self.tip is not self.workspace


@contextmanager
def base_of(workspace: Workspace, revision: str) -> Iterator[Base]:
    """The base of the work on `workspace`; raises what `Git.merge_base` and `at_commit` raise."""
    _require_own_memory(workspace, workspace.config.store)
    commit, tip = workspace.git.merge_base(revision), workspace.git.tip(revision)
    with ExitStack() as stack:
        parted = stack.enter_context(at_commit(workspace, commit))
        there = parted if tip == commit else stack.enter_context(at_commit(workspace, tip))
        _require_own_memory(workspace, there.config.store)
        yield Base(revision, commit, parted, there)


def _require_own_memory(workspace: Workspace, store: str) -> None:
    """Raises `ConfigError` where git holds what belongs to a machine: a branch would vouch for itself.

    That is what the tool remembers, the `store`, and DVC's settings for this machine, which go before the others.
    """
    places = [workspace.root / ".registry", workspace.root / ".dvc" / "config.local"]
    if store.startswith("file:"):
        places.append(workspace.root / store.removeprefix("file:"))
    git = workspace.git
    for place in dict.fromkeys((*places, *(path.resolve() for path in places))):
        held = git.held(place) if place.is_relative_to(git.top) and place != git.top else []
        if held:
            raise ConfigError(
                f"git holds {git.relative(held[0])}",
                why="what is this machine's alone is no part of a branch: it would vouch for itself",
                hint=f"git rm -r --cached {git.relative(place)}",
            )


def scope_of(workspace: Workspace, base: Base) -> Scope:
    """What was touched since `base`."""
    old, new = base.workspace.datasets, workspace.datasets
    gone = [name for name in old if name not in new]
    renamed = {name: was for name in new if name not in old if (was := _was(new[name], workspace, base, gone))}
    code = _Code(workspace, base)
    parts = {
        name: tuple(_parts(workspace, dataset, base.workspace, old.get(renamed.get(name, name)), code))
        for name, dataset in sorted(new.items())
    }
    left = [name for name in gone if name not in renamed.values()]
    dropped = {name: (DROPPED,) for name in left if workspace.pointer(old[name]) is not None}
    return Scope(
        revision=base.revision,
        commit=base.commit,
        touched=dict(sorted({**{name: found for name, found in parts.items() if found}, **dropped}.items())),
        untouched=tuple(name for name, found in parts.items() if not found),
        deleted=tuple(sorted(left)),
        renamed=renamed,
    )


def _was(dataset: Dataset, workspace: Workspace, base: Base, gone: Iterable[str]) -> str | None:
    """The old name of a dataset: of the one that lay at the same path, or of one that is gone and had the same data."""
    at_path = (name for name, other in base.workspace.datasets.items() if other.path == dataset.path)
    pointer = _id(workspace, dataset)
    same = (
        name for name in gone if pointer is not None and _id(base.workspace, base.workspace.datasets[name]) == pointer
    )
    return next(chain(at_path, same), None)


def _parts(
    workspace: Workspace, dataset: Dataset, before: Workspace, old: Dataset | None, code: _Code
) -> Iterator[str]:
    if old is None:
        yield "new"
        return
    if _data_differs(workspace, dataset, before, old):
        yield "data"
    sides = (workspace, dataset), (before, old)
    for part, files in (("schema", _schema), ("checks", _checks), ("card", _card)):
        now, then = ([_bytes(side.root / file) for file in files(of)] for side, of in sides)
        beside = {"card": _attached, "checks": _lists}.get(part)
        if now != then or (beside is not None and beside(*sides[0]) != beside(*sides[1])):
            yield part
    if _waivers(workspace, dataset.name) != _waivers(before, old.name):
        yield "waivers"
    if _settings(workspace) != _settings(before):
        yield "settings"
    if default_remote(workspace.root) != default_remote(before.root):
        yield "remote"
    if dataset != old:
        yield "entry"
    if _bytes_of(workspace.records(dataset.name)) != _bytes_of(before.records(old.name)):
        yield "records"
    if code.touches(dataset.path):
        yield "code"


def _schema(dataset: Dataset) -> tuple[str, ...]:
    return (dataset.schema,)


def _checks(dataset: Dataset) -> tuple[str, ...]:
    return dataset.checks


def _card(dataset: Dataset) -> tuple[str, ...]:
    card = PurePosixPath(dataset.card)
    return str(card), *map(str, templates_of(card))


def _attached(workspace: Workspace, dataset: Dataset) -> list[tuple[str, bytes | None]]:
    card = workspace.root / dataset.card
    return [(file.relative_to(folder_of(card)).as_posix(), _bytes(file)) for file in attachments_of(card)]


def _lists(workspace: Workspace, dataset: Dataset) -> list[tuple[str, bytes | None]]:
    """The files that the suites name, such as lists of terms."""
    suites = (workspace.root / suite for suite in dataset.checks)
    return [(file.name, _bytes(file)) for suite in suites for file in lists_of(suite)]


def _waivers(workspace: Workspace, name: str) -> list[Waiver]:
    """The waivers that a dataset may use, wherever they stand; one file may serve several datasets."""
    file = workspace.config.waivers
    known = load_waivers(workspace.root / file) if file else ()
    return [replace(waiver, path="", line=0, dataset="") for waiver in known if waiver.dataset in ("", name)]


def _settings(workspace: Workspace) -> tuple[Any, ...]:
    """What `registry.toml` says that a judgement or a release depends on."""
    config = workspace.config
    levels = _bytes(workspace.root / config.preset) if config.preset.endswith(".toml") else None
    judged = (config.gate_json(), levels, config.card_required, config.owners, config.baseline)
    hub = (config.hub_repo, config.hub_required, config.hub_private, config.hub_gated)
    return (*judged, *hub, config.store, config.s3_endpoint)


def _bytes(file: Path) -> bytes | None:
    """The bytes of a text as git keeps it, or None where there is none."""
    try:
        return file.read_bytes().replace(b"\r\n", b"\n")
    except OSError:
        return None


def _bytes_of(files: Iterable[Path]) -> list[tuple[str, bytes | None]]:
    return [(file.name, _bytes(file)) for file in files]


def _id(workspace: Workspace, dataset: Dataset) -> str | None:
    pointer = workspace.pointer(dataset)
    return pointer.md5 if pointer else None


def _data_differs(workspace: Workspace, dataset: Dataset, before: Workspace, old: Dataset) -> bool:
    """Whether the pointer changed or is gone, or the data in the workspace is not what the pointer says."""
    pointer = _id(workspace, dataset)
    if pointer is None or pointer != _id(before, old):
        return True
    path = workspace.root / dataset.path
    if not path.exists():
        return False
    try:
        cache = StatCache.load(workspace.cache / "stat" / f"{dataset.name}.jsonl")
        return hash_tree(path, cache=cache).md5 != pointer
    except RegistryError:
        return True  # what is wrong with it is said by the judgement


class _Code:
    """The paths that changed, and the stages of dvc.yaml; both are asked for only where a stage makes data."""

    def __init__(self, workspace: Workspace, base: Base) -> None:
        self._workspace = workspace
        self._base = base
        self._known: tuple[Mapping[str, Any], Mapping[str, Any], list[str]] | None = None

    def touches(self, path: str) -> bool:
        """Whether the stage that makes `path`, what it depends on, or a stage before it changed."""
        if stage_of(self._workspace.root, path) is None:
            return False
        return self._touched(path, set())

    def _touched(self, path: str, seen: set[str]) -> bool:
        now, before, changed = self._read()
        name = stage_of(self._workspace.root, path)
        if name is None or name in seen:
            return False
        stage = now[name] or {}
        if stage != before.get(name):
            return True
        folder = str(stage.get("wdir", "."))
        deps = [posixpath.normpath(posixpath.join(folder, str(dep))) for dep in stage.get("deps") or ()]
        if any(one == dep or one.startswith(f"{dep}/") for dep in deps for one in changed):
            return True
        return any(self._touched(dep, {*seen, name}) for dep in deps)

    def _read(self) -> tuple[Mapping[str, Any], Mapping[str, Any], list[str]]:
        if self._known is None:
            git, root = self._workspace.git, self._workspace.root
            place = git.relative(root)
            start = "" if place == "." else f"{place}/"
            changed = [path.removeprefix(start) for path in git.changed(self._base.commit) if path.startswith(start)]
            self._known = _stages(root), _stages(self._base.workspace.root), changed
        return self._known


def _stages(root: Path) -> Mapping[str, Any]:
    file = root / "dvc.yaml"
    document = load_yaml(file)[0] if file.is_file() else None
    found = document.get("stages") if isinstance(document, dict) else None
    return found or {}
