"""Files of a release on this disk while they are sent: verified, linked from a local store where that works.

>>> import tempfile
>>> from registry.stores import open_store
>>> with tempfile.TemporaryDirectory() as cache:
...     os.environ["REGISTRY_CACHE"] = cache
...     with staged(open_store(cache), "0" * 64, [Item.of("a.txt", b"hello")]) as folder:
...         (folder / "a.txt").read_bytes()
b'hello'
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from registry.consume.contents import Item
from registry.consume.deliver import Crew, Progress, Supply, ensure, from_store, linked_from
from registry.consume.resolve import cache_folder
from registry.errors import EnvironmentFailed
from registry.stores.base import Store
from registry.stores.local import LocalStore
from registry.stores.tree import Tree


@contextmanager
def staged(store: Store, manifest: str, items: Iterable[Item], progress: Progress | None = None) -> Iterator[Path]:
    """A directory of the cache that holds `items`; what an interrupted call has brought is kept, verified again.

    Another process that sends the same release is waited for. Gone when the block has ended well.
    """
    folder = cache_folder() / "publishing" / manifest
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = os.open(folder.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise EnvironmentFailed(
            f"the cache {folder.parent} cannot be written", why=error.strerror or "", hint="set REGISTRY_CACHE"
        ) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        local = store if isinstance(store, LocalStore) else None
        supply = Supply(from_store(store), link=linked_from(local) if local else None)
        ensure(Tree(folder), items, supply, Crew(store.concurrency, progress))
        yield folder
        shutil.rmtree(folder)
    finally:
        os.close(lock)
