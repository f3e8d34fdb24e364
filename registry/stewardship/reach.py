"""What each release of a store needs, object by object.

>>> import tempfile
>>> from registry.stores import open_store
>>> from registry.testing.releases import make_release
>>> with tempfile.TemporaryDirectory() as folder:
...     store = open_store(folder)
...     made = make_release(store, "reviews", "1.2", {"a.csv": b"id\\n1\\n"})
...     found = survey(store)
...     [str(release) for release in found.releases], len(found.needed), found.problems
(['reviews@1.2.0'], 6, ())
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from registry.consume.contents import vetted
from registry.errors import IntegrityError, NotFoundError, RegistryError
from registry.model.names import Version, is_dataset_name
from registry.model.release import Manifest, Reference, object_key
from registry.stores.base import Store
from registry.stores.layout import at_once, read_files, read_manifest, read_reference, standings, tree_key, unlisted
from registry.stores.staging import Staged, staged

Kind = Literal["missing", "corrupt", "dangling", "foreign", "orphaned", "abandoned", "stale", "unfinished"]
DATA = re.compile(r"files/md5/([0-9a-f]{2})/([0-9a-f]{30})(\.dir)?\Z")
DOCUMENT = re.compile(r"objects/sha256/([0-9a-f]{2})/([0-9a-f]{62})\Z")
KEPT = frozenset({".registry/schema.json", ".registry/CHANGELOG.md", ".registry/CHANGELOG.ko.md"})
"""Documents of a purged release that the next release builds on; they hold no rows."""


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """An object that is not as it should be; `release` and `path` say whose file it is, where that is known."""

    key: str
    kind: Kind
    release: str = ""
    path: str = ""

    def to_json(self) -> dict[str, str]:
        """The entry in documents."""
        known = {"key": self.key, "kind": self.kind, "release": self.release, "path": self.path}
        return {name: value for name, value in known.items() if value}


@dataclass(frozen=True, slots=True)
class Needed:
    """An object that a release needs: its key, its digest (`sha256` or `md5`), its size in bytes where it is stated."""

    key: str
    algorithm: str
    digest: str
    size: int | None
    path: str

    def fits(self, chunks: Iterable[bytes]) -> bool:
        """Whether `chunks` are its bytes."""
        hashed, size = hashlib.new(self.algorithm, usedforsecurity=False), 0
        for chunk in chunks:
            hashed.update(chunk)
            size += len(chunk)
        return hashed.hexdigest() == self.digest and self.size in (None, size)


@dataclass(frozen=True)
class Surveyed:
    """One release and what it needs, by key; `data` is the part that is data files, `listing` the list of them.

    A release that was purged needs neither.
    """

    name: str
    version: Version
    purged: bool
    needs: Mapping[str, Needed]
    data: frozenset[str]
    listing: str = ""

    def __str__(self) -> str:
        return f"{self.name}@{self.version}"


@dataclass(frozen=True)
class Survey:
    """All releases of a store. `problems` are those that keep a release from being read at all."""

    releases: tuple[Surveyed, ...]
    problems: tuple[Problem, ...] = ()
    references: Mapping[tuple[str, Version], Reference] = field(default_factory=dict)

    @cached_property
    def needed(self) -> dict[str, tuple[Needed, str]]:
        """Every needed object, with the first release that needs it."""
        found: dict[str, tuple[Needed, str]] = {}
        for release in self.releases:
            for key, need in release.needs.items():
                found.setdefault(key, (need, str(release)))
        return found

    def require_whole(self) -> None:
        """Raises `IntegrityError` if a release could not be read: then nobody knows what is needed."""
        if self.problems:
            first = self.problems[0]
            raise IntegrityError(
                f"{first.release or 'a release'} cannot be read, so nothing may be removed",
                why=f"{first.key} is {first.kind}",
                hint="registry fsck --repair --from URL; where no copy has it, remove its reference and rebuild-index",
                key=first.key,
            )


def survey(store: Store) -> Survey:
    """Reads every reference, manifest and file list of the store, each hashed."""
    pairs = [pair for info in store.list("releases/") if (pair := parse_reference_key(info.key))]
    purged = _purged(store, {name for name, _ in pairs})
    read = at_once(store, lambda pair: _release(store, *pair, pair in purged), pairs)
    releases = tuple(found for found, _, _ in read if found)
    problems = tuple(sorted(problem for _, problem, _ in read if problem))
    references = {pair: ref for pair, (_, _, ref) in zip(pairs, read, strict=True) if ref}
    return Survey(releases, problems, references)


def survey_to_remove(store: Store) -> tuple[list[Staged], Survey]:
    """What publishers at work and releases need, for who is about to remove objects.

    A listing that is not whole must not cost a release. The index is the second witness:
    `IntegrityError` where it names a release that the listing lacks.
    """
    # NOTE: in this order. An entry that is gone already when it is looked for belongs to a release
    # that stands, and is found by the survey.
    entries = staged(store)
    if lacking := unlisted(store):
        name, version = next(iter(lacking))
        raise IntegrityError(
            f"{name}@{version} stands in the index and not in the listing, so nothing may be removed",
            why="the store listed only a part, or somebody removed the reference",
            hint="registry fsck --repair --from URL; where it was removed on purpose: registry rebuild-index",
        )
    found = survey(store)
    return at_work(entries, found), found


def at_work(entries: Iterable[Staged], found: Survey) -> list[Staged]:
    """The entries whose release does not stand yet; `found` must be younger than they are.

    Whoever wrote one of the others has won, or has lost and can no more succeed.
    """
    standing = {f"{name}@{version}" for name, version in found.references}
    return [entry for entry in entries if entry.of not in standing]


def parse_reference_key(key: str) -> tuple[str, Version] | None:
    """Dataset and version of a reference's key, or None."""
    name, _, file = key.removeprefix("releases/").partition("/")
    stem = file.removesuffix(".json")
    canonical = Version.is_canonical(stem) and f"{stem}.json" == file
    return (name, Version.parse(stem)) if canonical and is_dataset_name(name) else None


def _purged(store: Store, names: set[str]) -> set[tuple[str, Version]]:
    found = set()
    for name in names:
        try:
            log = standings(store, name)
        except IntegrityError:  # `fsck` names the entry; until it is mended everything counts as needed
            continue
        found |= {(name, version) for version, standing in log.items() if standing.state == "purged"}
    return found


def _release(
    store: Store, name: str, version: Version, purged: bool
) -> tuple[Surveyed | None, Problem | None, Reference | None]:
    label, reference = f"{name}@{version}", None
    at = f"releases/{name}/{version}.json"
    try:
        reference = read_reference(store, name, version)
        at = object_key(reference.manifest)
        manifest, raw = read_manifest(store, name, version, reference)
        at = object_key(str(manifest.data["sha256"]))
        return _needs(store, manifest, len(raw), reference, purged), None, reference
    except NotFoundError:
        return None, Problem(at, "missing", label), reference
    except RegistryError as error:
        if not isinstance(error, IntegrityError):
            raise
        return None, Problem(at, "corrupt", label), reference


def _needs(store: Store, manifest: Manifest, size: int, reference: Reference, purged: bool) -> Surveyed:
    texts = vetted(manifest)
    needs = [_document(".registry/manifest.json", reference.manifest, size)]
    needs += [_document(path, a.sha256, a.bytes) for path, a in texts.items() if path in KEPT or not purged]
    if all(a.sha256 != manifest.schema for a in texts.values()):
        needs.append(_document(".registry/schema.json", manifest.schema, None))
    data: list[Needed] = []
    if not purged:
        needs.append(_document(".registry/files.jsonl", str(manifest.data["sha256"]), None))
        data = [Needed(e.key, "sha256", e.sha256, e.size, e.path) for e in read_files(store, manifest)]
        needs += tree_of(manifest)
    by_key = {need.key: need for need in (*needs, *data)}
    listing = object_key(str(manifest.data["sha256"]))
    return Surveyed(manifest.name, manifest.version, purged, by_key, frozenset(need.key for need in data), listing)


def tree_of(manifest: Manifest) -> list[Needed]:
    """DVC's listing of the release's directory, if it is one."""
    dvc: Any = manifest.data["dvc"]
    md5 = str(dvc["md5"])
    if not md5.endswith(".dir"):
        return []
    return [Needed(tree_key(md5), "md5", md5.removesuffix(".dir"), None, "")]


def _document(path: str, sha256: str, size: int | None) -> Needed:
    return Needed(object_key(sha256), "sha256", sha256, size, path)


def by_name(key: str) -> Needed | None:
    """What an object that nothing needs should be, by its own name."""
    if match := DOCUMENT.match(key):
        return Needed(key, "sha256", match[1] + match[2], None, "")
    if match := DATA.match(key):
        return Needed(key, "md5", match[1] + match[2], None, "")
    return None
