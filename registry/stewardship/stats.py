"""`registry stats`: bytes of a store, per dataset, its own and shared.

>>> import tempfile
>>> from registry.stores import open_store
>>> from registry.testing.releases import make_release
>>> with tempfile.TemporaryDirectory() as folder:
...     store = open_store(folder)
...     made = make_release(store, "reviews", "1.2", {"a.csv": b"id\\n1\\n"})
...     stats(store)["datasets"][0]["own"]["bytes"] == stats(store)["datasets"][0]["stored"]["bytes"]
True
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from registry.stewardship.reach import Surveyed, survey
from registry.stores.base import Store
from registry.stores.layout import open_registry


def stats(store: Store) -> dict[str, Any]:
    """The `registry.stats/1` document.

    Per dataset: `released` is the data of all versions summed, `stored` what that takes
    in the store (equal files once), `own` what no other dataset needs, `shared` the rest.
    `unneeded` is what no release needs. Sizes are those in the store, in bytes.
    """
    open_registry(store)
    found = survey(store)
    sizes = {info.key: info.size for prefix in ("files/", "objects/") for info in store.list(prefix)}
    by_name: dict[str, list[Surveyed]] = {}
    for release in found.releases:
        by_name.setdefault(release.name, []).append(release)
    keys = {name: set().union(*(r.needs for r in releases)) for name, releases in by_name.items()}
    users = Counter(key for needed in keys.values() for key in needed)
    datasets = [
        {
            "name": name,
            "versions": len(releases),
            "released": _amount([key for release in releases for key in release.data], sizes),
            "stored": _amount(keys[name], sizes),
            "own": _amount((key for key in keys[name] if users[key] == 1), sizes),
            "shared": _amount((key for key in keys[name] if users[key] > 1), sizes),
        }
        for name, releases in by_name.items()
    ]
    return {
        "format": "registry.stats/1",
        "store": store.url,
        "datasets": datasets,
        "stored": _amount(sizes, sizes),
        "unneeded": _amount((key for key in sizes if key not in users), sizes),
        "unreadable": [problem.to_json() for problem in found.problems],
    }


def _amount(keys: Iterable[str], sizes: Mapping[str, int]) -> dict[str, int]:
    known = [sizes[key] for key in keys if key in sizes]
    return {"objects": len(known), "bytes": sum(known)}
