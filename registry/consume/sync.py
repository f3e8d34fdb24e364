"""`lock`, `sync` and `outdated`: a project's datasets, exactly as its `registry.lock` pins them.

>>> import tempfile
>>> from registry.stores import open_store
>>> from registry.testing.releases import make_release
>>> with tempfile.TemporaryDirectory() as folder:
...     store = open_store(folder + "/store")
...     _ = make_release(store, "reviews", "1.2", {"a.csv": b"id\\n1\\n"})
...     project = Project(Path(folder), store.url)
...     locked = lock(project, [Ref.parse("reviews@^1")])
...     [(done.state, done.result.version) for done in sync(project)]
[('pulled', '1.2.0')]
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from registry.consume.contents import FILES, MANIFEST, Item
from registry.consume.lockfile import Locked, Lockfile
from registry.consume.origin import Origin, PullOptions
from registry.consume.pull import PullResult, locked_folder, place
from registry.consume.resolve import Released, resolve
from registry.consume.source import open_default_store
from registry.consume.verify import verify_directory
from registry.errors import IntegrityError, NotFoundError, StateError, UsageError
from registry.model.digest import sha256_of
from registry.model.files import FileList
from registry.model.names import Ref, Version, select
from registry.stores.base import CHUNK, Store
from registry.stores.layout import standings, versions
from registry.stores.tree import Tree
from registry.workspace.swap import swap

State = Literal["pulled", "replaced", "unchanged", "would-pull"]
Watch = Callable[[Locked], PullOptions]


@dataclass(frozen=True, slots=True)
class Project:
    """Where a lockfile lies, and the store to use where an entry names none."""

    folder: Path
    store: str | None = None

    def open(self, url: str) -> Store:
        """The store of an entry, else the project's."""
        return open_default_store(self.folder, url or self.store)


@dataclass(frozen=True, slots=True)
class Synced:
    """What became of one entry."""

    state: State
    result: PullResult

    def to_json(self) -> dict[str, Any]:
        """Its entry in the `registry.sync/1` document."""
        rest = {key: value for key, value in self.result.to_json().items() if key != "format"}
        return {"state": self.state, **rest}


@dataclass(frozen=True, slots=True)
class Outdated:
    """One entry beside what there is: the newest that its spec admits, and the newest of all; its withdrawal."""

    name: str
    spec: str
    locked: str
    wanted: str | None
    latest: str | None
    yanked: str | None = None

    @property
    def behind(self) -> bool:
        """Whether there is anything to do: a newer release, or the locked one was withdrawn."""
        return self.locked not in (self.wanted, None) or self.locked != self.latest or self.yanked is not None

    def to_json(self) -> dict[str, Any]:
        """Its entry in the `registry.outdated/1` document."""
        return {key: getattr(self, key) for key in ("name", "spec", "locked", "wanted", "latest", "yanked")}


def lock(
    project: Project, refs: Sequence[Ref] = (), *, dry_run: bool = False, tell: Callable[[str], None] = lambda _: None
) -> Lockfile:
    """Pins what `refs` select, or anew what the lockfile asks for, and writes it.

    `tell` hears what a consumer must hear of a release that is pinned: that it was yanked.
    Raises `UsageError` where there is neither, and what `resolve` raises; then nothing is written.
    """
    try:
        before = Lockfile.load(project.folder)
    except NotFoundError:
        if not refs:
            raise UsageError("nothing is locked yet", hint="registry lock NAME@^1.2") from None
        before = Lockfile()
    asked = [_asked(before, ref) for ref in refs] or list(before.entries)
    after = before.with_entries([_pinned(project, entry, tell) for entry in asked])
    if not dry_run:
        after.save(project.folder)
    return after


def _asked(before: Lockfile, ref: Ref) -> Locked:
    known = before.get(ref.name)
    return Locked(ref.name, ref.spec, store="", path=known.path if known else ref.name)


def _pinned(project: Project, entry: Locked, tell: Callable[[str], None] = lambda _: None) -> Locked:
    store = project.open(entry.store)
    released = resolve(store, Ref(entry.name, entry.spec))
    if released.warning:
        tell(released.warning)
    manifest = released.manifest
    return replace(
        entry, version=str(released.version), store=store.url, manifest=released.reference.manifest,
        data=str(manifest.data["sha256"]), license=manifest.license,
    )  # fmt: skip


def sync(project: Project, *, frozen: bool = False, watch: Watch = lambda _: PullOptions()) -> Iterator[Synced]:
    """Brings every locked release to its path, and verifies those that are there.

    Entries that name no release yet are pinned first, which changes the lockfile: not with
    `frozen`, which raises `StateError` instead. A directory that holds another release of the
    dataset, untouched, is replaced in one step; files that did not change are not moved again.
    Raises `IntegrityError` where a store has another manifest than the one that is pinned.
    """
    found = Lockfile.load(project.folder)
    missing = [entry for entry in found.entries if not entry.pinned]
    if missing and frozen:
        names = ", ".join(entry.name for entry in missing)
        raise StateError(f"registry.lock pins no release of {names}", hint="registry lock, then commit registry.lock")
    if missing:
        found = found.with_entries([_pinned(project, entry) for entry in missing])
        found.save(project.folder)
    for entry in found.entries:
        yield _synced(project, entry, watch(entry))


def _synced(project: Project, entry: Locked, options: PullOptions) -> Synced:
    origin = Origin.find(project.folder, entry.store or project.store, Ref(entry.name, entry.version), options)
    _require_pinned(entry, origin.released)
    target = project.folder / entry.path
    with locked_folder(project.folder):  # of two at once, the second finds what the first has done
        before = _other_release(target, origin.released)
        if before is not None:
            return _replaced(target, before, origin, options)
        beside = _beside(target)
        if beside.is_dir() and not options.dry_run:  # a kill after the swap left it
            shutil.rmtree(beside)
    there = target.is_dir() and any(target.iterdir())
    try:
        result = place(origin, target, options)
    except StateError as error:  # a pull would go elsewhere; what is locked has its place
        error.hint = f"move {entry.path} away, then: registry sync"
        raise
    moved: State = "pulled" if result.brought_files or not there else "unchanged"
    return Synced("would-pull" if options.dry_run and moved == "pulled" else moved, result)


def _beside(target: Path) -> Path:
    """Where the release that is to replace the one in `target` is made."""
    return target.with_name(f".{target.name[:200]}.registry-next")


def _replaced(target: Path, before: dict[str, str], origin: Origin, options: PullOptions) -> Synced:
    origin = replace(origin, supply=replace(origin.supply, near=(_Earlier(Tree(target), before),)))
    beside = _beside(target)
    if options.dry_run:
        foreseen = place(origin, target.with_name(f"{beside.name}-dry-run"), options)
        return Synced("would-pull", replace(foreseen, path=str(target)))
    if beside.is_dir() and not _is_release(beside, origin.released):
        shutil.rmtree(beside)  # an attempt that ended, at another release or after the swap
    result = place(origin, beside, options)
    swap(beside, target)
    shutil.rmtree(beside)
    return Synced("replaced", replace(result, path=str(target)))


def _require_pinned(entry: Locked, released: Released) -> None:
    facts = {"manifest": released.reference.manifest, "data": str(released.manifest.data["sha256"])}
    for what, digest in facts.items():
        if digest != getattr(entry, what):
            raise IntegrityError(
                f"{entry.name}@{entry.version} is not the release that registry.lock pins",
                why=f"the sha256 of its {what} is {digest[:12]}…, not {getattr(entry, what)[:12]}…",
                hint="ask who runs the store; a release never changes",
                name=entry.name,
            )


def _other_release(target: Path, released: Released) -> dict[str, str] | None:
    """Path by sha256 of the files of another release of the dataset that `target` holds; None where it holds none.

    `StateError` where files in it are no part of that release, or were changed: they would be lost.
    """
    if not (target / MANIFEST).is_file() or _is_release(target, released):
        return None
    found = verify_directory(target)
    if found.name != released.name:
        return None  # `place` says what is in the way
    kept = [problem for problem in found.problems if problem.kind != "missing"]
    if kept:
        raise StateError(
            f"{target} holds {found.name}@{found.version} with changes of yours",
            why=f"{kept[0].path} is {kept[0].kind}",
            hint=f"move {target} away, then run the same command again",
        )
    try:
        with os.fdopen(Tree(target).open(FILES), "rb") as file:
            return {entry.sha256: entry.path for entry in FileList.parse(file.read())}
    except FileNotFoundError:
        return {}


def _is_release(folder: Path, released: Released) -> bool:
    raw = folder / MANIFEST
    return raw.is_file() and sha256_of(raw.read_bytes()) == released.reference.manifest


@dataclass(frozen=True, slots=True)
class _Earlier:
    """The files of the release that a directory holds until now, by sha256; hashed again as they are taken."""

    tree: Tree
    paths: dict[str, str]

    def stream(self, item: Item) -> Iterator[bytes] | None:
        path = self.paths.get(item.sha256)
        return None if path is None else self._chunks(path)

    def drop(self, item: Item) -> None:
        self.paths.pop(item.sha256, None)

    def _chunks(self, path: str) -> Iterator[bytes]:
        with os.fdopen(self.tree.open(path), "rb") as file:
            while chunk := file.read(CHUNK):
                yield chunk


def outdated(project: Project) -> list[Outdated]:
    """Every entry beside what its store has now."""
    return [_outdated(project, entry) for entry in Lockfile.load(project.folder).entries]


def _outdated(project: Project, entry: Locked) -> Outdated:
    store = project.open(entry.store)
    log = standings(store, entry.name)
    usable = [v for v in versions(store, entry.name) if v not in log or not log[v].withdrawn]
    wanted: Version | None = None
    with suppress(NotFoundError):
        wanted = resolve(store, Ref(entry.name, entry.spec), withdrawn=True).version
    newest = select("latest", usable)
    standing = log.get(Version.parse(entry.version)) if entry.version else None
    return Outdated(
        entry.name, entry.spec, entry.version, str(wanted) if wanted else None, str(newest) if newest else None,
        standing.reason if standing and standing.withdrawn else None,
    )  # fmt: skip
