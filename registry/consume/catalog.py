"""What a store offers: the list of datasets, and one release in full.

>>> import tempfile
>>> from registry.stores import open_store
>>> from registry.testing.releases import make_release
>>> with tempfile.TemporaryDirectory() as folder:
...     store = open_store(folder + "/store")
...     made = make_release(store, "reviews", "1.2", {"a.csv": b"id\\n1\\n"})
...     [dataset["name"] for dataset in list_datasets(store)["datasets"]]
['reviews']
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from registry.consume.resolve import no_dataset, resolve
from registry.model.names import Ref, Version
from registry.stores.base import Store
from registry.stores.layout import at_once, catalogue, channels, open_registry, standings
from registry.stores.standing import Standing, channels_of


def list_datasets(store: Store, name: str | None = None) -> dict[str, Any]:
    """The `registry.list/1` document; versions descend, `title` is that of the newest.

    With `name` only that dataset, which must exist (`NotFoundError`).
    """
    open_registry(store)
    known = catalogue(store)
    if name is not None and name not in known:
        raise no_dataset(store, name)
    chosen = [name] if name is not None else list(known)
    return {
        "format": "registry.list/1",
        "datasets": at_once(store, lambda one: _dataset(store, one, known[one]), chosen),
    }


def _dataset(store: Store, name: str, known: Mapping[Version, Any]) -> dict[str, Any]:
    log = standings(store, name)
    newest = max(known)
    return {
        "name": name,
        "title": known[newest].title,
        "versions": [
            {
                "version": str(version),
                "manifest": f"sha256:{known[version].manifest}",
                "released": known[version].released,
                "yanked": _withdrawal(log.get(version)),
            }
            for version in sorted(known, reverse=True)
        ],
        "channels": {channel: str(state.version) for channel, state in channels(store, name).items()},
    }


def show(store: Store, ref: Ref) -> dict[str, Any]:
    """The manifest of the release that `ref` selects, joined with when it was released, its standing and channels.

    Withdrawn releases are shown too: the auditor asks about those.
    """
    released = resolve(store, ref, withdrawn=True)
    document: dict[str, Any] = json.loads(released.raw)
    return {
        **document,
        "manifest": f"sha256:{released.reference.manifest}",
        "released": released.reference.at,
        "status": {"yanked": _withdrawal(released.standing)},
        "channels": channels_of(channels(store, ref.name), released.version),
    }


def _withdrawal(standing: Standing | None) -> dict[str, Any] | None:
    if standing is None or not standing.withdrawn:
        return None
    return {key: value for key, value in standing.to_json().items() if key != "format"}
