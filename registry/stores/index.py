"""`index.json`: a cache of what references say, so that listing a store is one read.

It holds immutable facts only (a reference never changes), counts for nothing when a
release is read, and can be made anew at any time.

>>> import tempfile
>>> from registry.stores import open_store
>>> with tempfile.TemporaryDirectory() as folder:
...     catalogue(open_store(folder))
{}
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from registry.errors import IntegrityError, NotFoundError, StateError
from registry.model.digest import canonical, is_sha256
from registry.model.names import Version, is_dataset_name
from registry.stores.base import Store
from registry.stores.objects import at_once, parse_object
from registry.stores.releases import names, read_manifest, read_reference

INDEX_KEY = "index.json"
FORMAT = "registry.index/1"
TRIES = 64


@dataclass(frozen=True, slots=True)
class Listed:
    """What the index keeps of one version: manifest digest, when it was released, by whom, its title."""

    manifest: str
    released: str
    by: str
    title: str


Catalogue = dict[str, dict[Version, Listed]]


def catalogue(store: Store) -> Catalogue:
    """Every release of the store: one listing decides which, the index spares reading them one by one."""
    cached = _cached(store)[0]
    present = [(name, version) for name, known in names(store).items() for version in known]
    missing = [pair for pair in present if pair[1] not in cached.get(pair[0], {})]
    read = dict(zip(missing, at_once(store, lambda pair: _read(store, *pair), missing), strict=True))
    result: Catalogue = {}
    for name, version in present:
        listed = read.get((name, version)) or cached[name][version]
        result.setdefault(name, {})[version] = listed
    return result


def rebuild_index(store: Store) -> Catalogue:
    """Makes the index anew from the references alone; returns it."""
    present = [(name, version) for name, known in names(store).items() for version in known]
    fresh: Catalogue = {}
    for (name, version), listed in zip(present, at_once(store, lambda pair: _read(store, *pair), present), strict=True):
        fresh.setdefault(name, {})[version] = listed
    _update(store, lambda _: fresh)
    return fresh


def unlisted(store: Store) -> dict[tuple[str, Version], str]:
    """Releases that the index names and the listing of the references does not: one of the two is not whole.

    With the digests of their manifests, as the index has them.
    """
    known = _cached(store)[0]  # first: a release that is made meanwhile stands before the index names it
    present = names(store)
    return {
        (name, version): there[version].manifest
        for name, there in sorted(known.items())
        for version in sorted(there)
        if version not in present.get(name, ())
    }


def update_index(store: Store, name: str, version: Version, manifest: str, *, title: str) -> None:
    """Adds one release, which stands already; a race is tried again."""
    reference = read_reference(store, name, version)
    listed = Listed(manifest, reference.at, reference.by, title)
    _update(store, lambda known: {**known, name: {**known.get(name, {}), version: listed}})


def _update(store: Store, change: Callable[[Catalogue], Catalogue]) -> None:
    for _ in range(TRIES):
        known, tag = _cached(store)
        if store.swap(INDEX_KEY, _to_bytes(change(known)), tag):
            return
    raise StateError(f"the index of {store.url} is written by others all the time", hint="registry rebuild-index")


def _read(store: Store, name: str, version: Version) -> Listed:
    reference = read_reference(store, name, version)
    manifest, _ = read_manifest(store, name, version, reference)
    return Listed(reference.manifest, reference.at, reference.by, manifest.title)


def _cached(store: Store) -> tuple[Catalogue, str | None]:
    try:
        data, tag = store.read_tagged(INDEX_KEY)
    except NotFoundError:
        return {}, None
    try:
        return parse_index(data), tag
    except (IntegrityError, KeyError, TypeError, AttributeError):
        return {}, tag  # a broken cache is an empty one, and is replaced by the next release


def _to_bytes(known: Catalogue) -> bytes:
    datasets: Mapping[str, Any] = {
        name: {str(version): asdict(listed) for version, listed in versions.items()} for name, versions in known.items()
    }
    return canonical({"format": FORMAT, "datasets": datasets})


def parse_index(data: bytes) -> Catalogue:
    """What an index says; anything irregular raises `IntegrityError` or what its fields raise."""
    raw = parse_object(data, INDEX_KEY)
    if raw.get("format") != FORMAT:
        return {}
    return {
        name: {Version.parse(text): _listed(entry) for text, entry in versions.items() if Version.is_canonical(text)}
        for name, versions in raw["datasets"].items()
        if is_dataset_name(name)
    }


def _listed(entry: Mapping[str, Any]) -> Listed:
    listed = Listed(entry["manifest"], entry["released"], entry["by"], entry["title"])
    if not is_sha256(listed.manifest) or not all(isinstance(value, str) for value in asdict(listed).values()):
        raise IntegrityError(f"{INDEX_KEY} is broken")
    return listed
