"""Hashes every byte of a release again: in a pulled directory, or in the store.

>>> import tempfile
>>> from registry.stores import open_store
>>> from registry.testing.releases import make_release
>>> with tempfile.TemporaryDirectory() as folder:
...     store = open_store(folder + "/store")
...     made = make_release(store, "reviews", "1.2", {"a.csv": b"id\\n1\\n"})
...     verify_release(store, Ref.parse("reviews@1.2")).problems
()

A problem has a path and a kind: `missing`, `changed`, `unexpected` (no part of the
release), `irregular` (a link or device in a file's place), `foreign` (the store knows
this version by another manifest).
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from registry.consume.contents import FILES, MANIFEST, SELECTION, Contents, Item, chosen, contents_of, parse_selections
from registry.consume.deliver import Crew, Progress, fits, from_store, verified
from registry.consume.listing import state_of_listing
from registry.consume.resolve import Released, find_released, resolve
from registry.errors import IntegrityError, NotFoundError, PurgedError, UsageError
from registry.model.digest import sha256_of
from registry.model.files import FileEntry, FileList
from registry.model.names import Ref, Version, is_dataset_name
from registry.model.release import Artefact, Manifest
from registry.model.schema import DatasetSchema
from registry.stores.base import Store
from registry.stores.layout import read_files
from registry.stores.tree import Tree

SCHEMA = ".registry/schema.json"


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One file that is not as the release says."""

    path: str
    kind: str


@dataclass(frozen=True, slots=True)
class Verification:
    """What was checked, and what is wrong; `manifest` is the digest of the manifest that was gone by."""

    name: str
    version: str
    manifest: str
    files: int
    bytes: int
    problems: tuple[Problem, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems

    def to_json(self) -> dict[str, Any]:
        """The `registry.verify/1` document."""
        return {
            "format": "registry.verify/1",
            "ok": self.ok,
            "name": self.name,
            "version": self.version,
            "manifest": f"sha256:{self.manifest}",
            "checked": {"files": self.files, "bytes": self.bytes},
            "problems": [{"path": problem.path, "kind": problem.kind} for problem in self.problems],
        }


def verify(target: Path | Ref, store: Store | None = None, *, progress: Progress | None = None) -> Verification:
    """`verify_directory` of a path, `verify_release` of a reference (which needs `store`)."""
    if isinstance(target, Path):
        return verify_directory(target, store=store, progress=progress)
    if store is None:
        raise NotFoundError(f"{target} is a release, and no store is given", hint="registry verify --store URL")
    return verify_release(store, target, progress=progress)


def verify_directory(directory: Path, *, store: Store | None = None, progress: Progress | None = None) -> Verification:
    """Compares a pulled directory with the manifest in it, and that with the `store` if one is given.

    Raises `NotFoundError` where the directory holds no release.
    """
    tree = Tree(directory)
    raw = _bytes(tree, MANIFEST)
    if raw is None:
        raise NotFoundError(f"{directory} holds no release", why=f"it has no {MANIFEST}", hint="registry pull NAME")
    try:
        manifest = _manifest(raw)
        contents, problems = _expected(tree, manifest, raw)
    except IntegrityError:
        return Verification("", "", sha256_of(raw), 1, len(raw), (Problem(MANIFEST, "changed"),))
    if store is not None:
        there = find_released(store, manifest.name, manifest.version)
        if there is None or there.reference.manifest != sha256_of(raw):
            problems.append(Problem(MANIFEST, "foreign"))
    problems += _compared(tree, contents, progress)
    items = list(contents)
    found = tuple(sorted(set(problems)))
    return Verification(
        manifest.name, str(manifest.version), sha256_of(raw), len(items), sum(i.size for i in items), found
    )


def verify_release(store: Store, ref: Ref, *, progress: Progress | None = None) -> Verification:
    """Reads and hashes every object of the release that `ref` selects; a yanked one too."""
    released = resolve(store, ref, withdrawn=True)
    if released.standing and released.standing.state == "purged":
        raise PurgedError(f"{ref} was purged", why=released.standing.reason, hint=f"registry list {ref.name}")
    manifest = released.manifest
    files = read_files(store, manifest)
    items = list(contents_of(manifest, released.raw, files, files.entries))
    problems = [*_hashed(store, items, progress), *_listing(store, released)]
    return Verification(
        manifest.name, str(manifest.version), released.reference.manifest,
        len(items), sum(item.size for item in items), tuple(sorted(problems)),
    )  # fmt: skip


def _manifest(raw: bytes) -> Manifest:
    """The manifest of a directory, which says itself what it is of."""
    try:
        document = json.loads(raw)
        name, version = document["name"], Version.parse(document["version"])
    except Exception as error:
        raise IntegrityError(f"{MANIFEST} is broken", why=type(error).__name__) from error
    if not isinstance(name, str) or not is_dataset_name(name):
        raise IntegrityError(f"{MANIFEST} is broken", why="it has no name")
    return Manifest.parse(raw, name=name, version=version)


def _expected(tree: Tree, manifest: Manifest, raw: bytes) -> tuple[Contents, list[Problem]]:
    """What the directory should hold; without a sound file list only the documents are known."""
    listing = _bytes(tree, FILES)
    if listing is None or sha256_of(listing) != manifest.data["sha256"]:
        # The digest is known without the bytes, so the comparison itself will report the list.
        documents = contents_of(manifest, raw, FileList(()), ()).documents
        sound = tuple(item for item in documents if item.path != FILES)
        return Contents(sound, ()), [Problem(FILES, "missing" if listing is None else "changed")]
    files = FileList.parse(listing)
    selection = _bytes(tree, SELECTION)
    if selection is None:
        return contents_of(manifest, raw, files, files.entries), []
    try:
        parts = parse_selections(selection)
        wanted: set[FileEntry] = set()
        for part in parts:
            wanted |= set(chosen(manifest, files, _schema(tree, manifest), part))
    except (IntegrityError, NotFoundError, UsageError):
        return contents_of(manifest, raw, files, files.entries), [Problem(SELECTION, "changed")]
    data = tuple(entry for entry in files if entry in wanted)
    return contents_of(manifest, raw, files, data, *parts), []


def _schema(tree: Tree, manifest: Manifest) -> DatasetSchema | None:
    known: Artefact | None = manifest.artefacts.get(SCHEMA)
    data = _bytes(tree, SCHEMA) if known else None
    if data is None or known is None or sha256_of(data) != known.sha256:
        return None
    return DatasetSchema.from_json(json.loads(data))


def _compared(tree: Tree, contents: Contents, progress: Progress | None) -> Iterator[Problem]:
    present = {found.path: found for found in tree.files()}
    problems: list[Problem] = []

    def compare(item: Item) -> None:
        found = present.get(item.path)
        if found is None:
            problems.append(Problem(item.path, "missing"))
        elif not found.regular:
            problems.append(Problem(item.path, "irregular"))
        elif not fits(tree, item):
            problems.append(Problem(item.path, "changed"))

    crew = Crew(min(8, os.cpu_count() or 2), progress)
    crew.each(_telling(crew, compare), contents)
    yield from problems
    wanted = {item.path for item in contents}
    if FILES in wanted:  # else the file list is broken, and what it lists is unknown
        yield from (Problem(path, "unexpected") for path in present if path not in wanted | {SELECTION})


def _hashed(store: Store, items: list[Item], progress: Progress | None) -> list[Problem]:
    problems: list[Problem] = []
    fetch = from_store(store)

    def check(item: Item) -> None:
        try:
            for _ in verified(item, fetch(item)):
                pass
        except IntegrityError:
            problems.append(Problem(item.path, "changed"))
        except NotFoundError:
            problems.append(Problem(item.path, "missing"))

    crew = Crew(store.concurrency, progress)
    crew.each(_telling(crew, check), items)
    return problems


def _telling(crew: Crew, work: Any) -> Any:
    def told(item: Item) -> None:
        work(item)
        crew.tell(1, item.size)

    return told


def _listing(store: Store, released: Released) -> Iterable[Problem]:
    key, state = state_of_listing(store, released.manifest)
    return [] if state in ("sound", "none") else [Problem(key, state)]


def _bytes(tree: Tree, path: str) -> bytes | None:
    try:
        with os.fdopen(tree.open(path), "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None
