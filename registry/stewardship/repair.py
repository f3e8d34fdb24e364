"""`registry fsck --repair`: brings objects back from a verified copy, or puts wrong ones aside.

Nothing is ever made up: an object is written only with the bytes that its digest
promises, found elsewhere; a wrong one without such a copy is moved to `quarantine/`,
where nobody takes it for the release's. Channels and standings are never touched, nor is
a reference that stands; one that was removed comes back if the copy and the index name
the same manifest.

>>> import tempfile
>>> from registry.stores import open_store
>>> from registry.testing.releases import make_release
>>> with tempfile.TemporaryDirectory() as folder:
...     store, copy = open_store(folder + "/a"), open_store(folder + "/b")
...     for place in (store, copy):
...         made = make_release(place, "reviews", "1.2", {"a.csv": b"id\\n1\\n"})
...     lost = [key for key in survey(store).needed if key.startswith("files/") and store.delete(key)]
...     mended = repair(store, fsck(store), [from_copy(copy)])
...     mended.fetched == tuple(sorted(lost)), fsck(store, FsckOptions("data")).ok
(True, True)
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from registry.errors import IntegrityError, NotFoundError
from registry.model.release import Reference, reference_key
from registry.stewardship.fsck import FsckOptions, Report, fsck
from registry.stewardship.reach import Needed, Problem, by_name, survey
from registry.stores.base import Store
from registry.stores.index import unlisted
from registry.stores.staging import sweeping

ROUNDS = 4  # a manifest that came back tells of its file list, that of its files

Copy = Callable[[Needed], Iterable[bytes] | None]
"""The bytes that a place holds for an object, unverified, or None."""


@dataclass(frozen=True, slots=True)
class Repaired:
    """Keys that were brought back, that were put aside, and that are wrong still."""

    fetched: tuple[str, ...]
    quarantined: tuple[str, ...]
    left: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """The `repaired` entry of the `registry.fsck/1` document."""
        return {"fetched": list(self.fetched), "quarantined": list(self.quarantined), "left": list(self.left)}


def from_copy(store: Store) -> Copy:
    """Another store with some of the same releases."""

    def read(need: Needed) -> Iterable[bytes] | None:
        return None if store.size(need.key) is None else store.stream(need.key)

    return read


def from_dvc_cache(folder: Path) -> Copy:
    """DVC's cache of a workspace; `folder` is its `.dvc/cache`."""

    def read(need: Needed) -> Iterable[bytes] | None:
        file = folder / need.key
        return _chunks(file) if need.key.startswith("files/md5/") and file.is_file() else None

    return read


def _chunks(file: Path) -> Iterator[bytes]:
    with file.open("rb") as source:
        while chunk := source.read(4 * 1024 * 1024):
            yield chunk


def repair(store: Store, report: Report, copies: Sequence[Copy]) -> Repaired:
    """Mends what `report` names, as far as `copies` have it."""
    fetched: list[str] = []
    aside: list[str] = []
    left: list[str] = []
    problems = report.problems
    with sweeping(store):
        for key, manifest in _removed(store).items():
            (fetched if _bring_reference(store, key, manifest, copies) else left).append(key)
        if fetched:
            problems = fsck(store, FsckOptions(report.depth)).problems
        for _ in range(ROUNDS):
            todo = _todo(survey(store).needed, problems, done={*fetched, *left})
            if not todo:
                break
            for need, kind in todo:
                if kind == "corrupt" and store.size(need.key) is not None and not _sound(store, need):
                    quarantine(store, need.key)
                    aside.append(need.key)
                (fetched if _bring(store, need, copies) else left).append(need.key)
            problems = fsck(store, FsckOptions(report.depth)).problems
        store.flush()
    hopeless = {problem.key for problem in problems}
    return Repaired(tuple(sorted(fetched)), tuple(sorted(set(aside))), tuple(sorted({*left, *hopeless})))


def _removed(store: Store) -> dict[str, str]:
    """Keys of references that are gone, and the manifests that the index says they named."""
    return {reference_key(name, version): manifest for (name, version), manifest in unlisted(store).items()}


def _bring_reference(store: Store, key: str, manifest: str, copies: Iterable[Copy]) -> bool:
    """Brings a reference back as a copy has it, if that names the manifest which stood here too."""
    for copy in copies:
        chunks = copy(Needed(key, "sha256", "", None, ""))
        try:
            data = b"".join(chunks or ())
            if chunks is not None and Reference.parse(data, where=key).manifest == manifest and store.create(key, data):
                return True
        except (IntegrityError, NotFoundError):
            continue  # that copy is wrong too
    return False


def _todo(needed: Any, problems: Iterable[Problem], done: set[str]) -> list[tuple[Needed, str]]:
    chosen: dict[str, tuple[Needed, str]] = {}
    for problem in problems:
        need = needed[problem.key][0] if problem.key in needed else by_name(problem.key)
        if need and problem.key not in done:
            chosen[problem.key] = (need, problem.kind)
    return list(chosen.values())


def _sound(store: Store, need: Needed) -> bool:
    try:
        return need.fits(store.stream(need.key))
    except NotFoundError:
        return False


def quarantine(store: Store, key: str) -> str:
    """Moves an object aside, as it is; returns where to."""
    size = store.size(key) or 0
    digest = hashlib.sha256()
    for chunk in store.stream(key):
        digest.update(chunk)
    aside = f"quarantine/{key}-{digest.hexdigest()[:16]}"
    store.create_stream(aside, store.stream(key), size)
    store.flush()
    store.delete(key)
    return aside


def _bring(store: Store, need: Needed, copies: Iterable[Copy]) -> bool:
    for copy in copies:
        chunks = copy(need)
        if chunks is None:
            continue
        try:
            size = need.size if need.size is not None else sum(len(chunk) for chunk in copy(need) or ())
            if store.create_stream(need.key, _verified(need, chunks), size) or _sound(store, need):
                return True
        except (IntegrityError, NotFoundError):
            continue  # that copy is wrong too
    return False


def _verified(need: Needed, chunks: Iterable[bytes]) -> Iterator[bytes]:
    """`chunks`; `IntegrityError` at their end where they are not the object's, so that nothing is written."""
    hashed = hashlib.new(need.algorithm, usedforsecurity=False)
    for chunk in chunks:
        hashed.update(chunk)
        yield chunk
    if hashed.hexdigest() != need.digest:
        raise IntegrityError(f"the copy of {need.key} is wrong too", key=need.key)
