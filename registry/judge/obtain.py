"""The bytes to be judged: the workspace's, or where it lacks them those of the pointer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from registry.content import dvc
from registry.content.fetch import Source, file_source, materialise, read_listing
from registry.content.hashing import Progress, Snapshot, StatCache, hash_tree
from registry.errors import EnvironmentFailed, IntegrityError, NotFoundError
from registry.stores.base import Store
from registry.stores.objects import at_once
from registry.workspace.pointer import Pointer
from registry.workspace.workspace import Dataset, Workspace


@dataclass(frozen=True, slots=True)
class Obtained:
    """A snapshot, the pointer (None before the first add), and whether they agree."""

    snapshot: Snapshot
    pointer: Pointer | None

    @property
    def stale(self) -> bool:
        """Whether the workspace holds other data than git's pointer says."""
        return self.pointer is None or self.pointer.md5 != self.snapshot.md5


class Depot:
    """Where the objects of pointers may lie: DVC's cache on this machine, its default remote, the store."""

    def __init__(self, workspace: Workspace, store: Store | None) -> None:
        self._root = workspace.home
        named = workspace.remote or dvc.has_remote(workspace.home)
        self._remote = dvc.Remote(workspace.home, workspace.remote) if named else None
        self._store = store

    @property
    def shared(self) -> bool:
        """Whether there is a remote: a place that other clones reach as well."""
        return self._remote is not None

    @property
    def sources(self) -> list[Source]:
        """The sources of objects, the nearest first."""
        found: list[Source] = [file_source(lambda md5: dvc.cache_file(self._root, md5))]
        if self._remote is not None:
            found.append(self._remote.read)
        if self._store is not None:
            found.append(_store_source(self._store))
        return found

    def missing(self, pointer: Pointer) -> dict[str, str]:
        """The files of a pointer that neither the remote nor the store holds, by path, with their md5.

        Raises `EnvironmentFailed` where one that may hold them cannot be reached.
        """
        try:
            wanted = dict(read_listing(pointer, self.sources)) if pointer.directory else {pointer.path: pointer.md5}
        except NotFoundError:
            return {pointer.path: pointer.md5}
        lacking = {*wanted.values(), pointer.md5}
        unreached: EnvironmentFailed | None = None
        for held in (self._in_store, self._in_remote):
            try:
                lacking -= held(lacking)
            except EnvironmentFailed as error:
                unreached = error
        if lacking and unreached:
            raise unreached
        if lacking == {pointer.md5} and pointer.directory:
            return {f"the listing of {pointer.path}": pointer.md5}
        return {path: md5 for path, md5 in sorted(wanted.items()) if md5 in lacking}

    def lacking(self, pointers: Iterable[Pointer]) -> dict[str, str]:
        """As `missing`, of several pointers."""
        return {path: md5 for pointer in pointers for path, md5 in self.missing(pointer).items()}

    def _in_store(self, ids: set[str]) -> set[str]:
        store = self._store
        if store is None:
            return set()
        wanted = sorted(ids)
        sizes = at_once(store, lambda md5: store.size(_key(md5)), wanted)
        return {md5 for md5, size in zip(wanted, sizes, strict=True) if size is not None}

    def _in_remote(self, ids: set[str]) -> set[str]:
        return self._remote.held(ids) if self._remote is not None else set()


def obtain(
    workspace: Workspace,
    dataset: Dataset,
    *,
    store: Store | None = None,
    progress: Progress | None = None,
    limit: int | None = None,
) -> Obtained:
    """Hashes the data of `dataset`; fetches it by its pointer, at most `limit` bytes, where the workspace has none.

    Raises `NotFoundError` where there is neither data nor pointer, or an object is nowhere.
    """
    pointer = workspace.pointer(dataset)
    path = workspace.root / dataset.path
    here = path.exists() or path.is_symlink()
    if not here:
        path = _fetched(workspace, dataset, pointer, store, limit)
    known = dataset.name if here or pointer is None else pointer.md5
    cache = StatCache.load(workspace.cache / "stat" / f"{known}.jsonl")
    snapshot = hash_tree(path, cache=cache, progress=progress)
    if not here and pointer is not None and snapshot.md5 != pointer.md5:
        raise IntegrityError(f"the fetched copy of {dataset.path} was altered", hint=f"rm -r {path.parent}")
    return Obtained(snapshot, pointer)


def _fetched(
    workspace: Workspace, dataset: Dataset, pointer: Pointer | None, store: Store | None, limit: int | None
) -> Path:
    if pointer is None:
        raise NotFoundError(
            f"`{dataset.name}` has neither data nor pointer",
            why=f"no {dataset.path}",
            hint=f"registry add {dataset.path}",
        )
    target = workspace.cache / "fetched" / pointer.md5
    return materialise(pointer, target, Depot(workspace, store).sources, limit=limit)


def _key(md5: str) -> str:
    return f"files/md5/{md5[:2]}/{md5[2:]}"


def _store_source(store: Store) -> Source:
    def read(md5: str) -> object:
        return store.stream(_key(md5)) if store.size(_key(md5)) is not None else None

    return read  # type: ignore[return-value]
