"""Released files opened by path, where they are: out of the cache where it has them, else out of the store.

>>> import tempfile
>>> from registry.stores import open_store
>>> from registry.testing.releases import entry_of, make_release
>>> with tempfile.TemporaryDirectory() as folder:
...     store = open_store(folder)
...     made = make_release(store, "reviews", "1.2", {"a.csv": b"id\\n1\\n"})
...     files = OpenedFiles({"a.csv": entry_of("a.csv", b"id\\n1\\n")}, None, store)
...     (files / "a.csv").read()
b'id\\n1\\n'
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from registry.consume.blocks import BlockFile
from registry.consume.cache import Cache
from registry.consume.contents import Item
from registry.consume.resolve import watching
from registry.consume.shelf import Shelf
from registry.consume.source import is_remote, offline, open_default_store
from registry.errors import NotFoundError
from registry.model.files import FileEntry, FileList
from registry.model.names import Version
from registry.stores.base import Store


@dataclass(frozen=True, slots=True)
class OpenedFiles:
    """Stands for the directory of a release: `files / "train.csv"` is a file to read, verified block by block."""

    entries: Mapping[str, FileEntry]
    shelf: Shelf | None
    store: Store | None
    release: tuple[str, Version] | None = None

    @classmethod
    def of(cls, url: str, start: Path, files: FileList, release: tuple[str, Version]) -> OpenedFiles:
        """Those of a release (name, version) in the store at `url`; offline, what the cache has of them.

        Reading a file that is gone is a `PurgedError` where the release was purged meanwhile.
        """
        shelf = Shelf(Cache.default().root) if is_remote(url) else None
        store = None if shelf and offline() else open_default_store(start, url)
        return cls({entry.path: entry for entry in files}, shelf, store, release)

    def __truediv__(self, path: str) -> BlockFile:
        entry = self.entries[path]
        item = Item.of_entry(entry)
        here = (partial(_from_shelf, self.shelf, item),) if self.shelf and self.shelf.holds(item) else ()
        there = (partial(_from_store, self.store, self.release, item),) if self.store else ()
        if not here and not there:
            raise NotFoundError(
                f"{path} is not in the cache, and REGISTRY_OFFLINE is set", hint="unset REGISTRY_OFFLINE"
            )
        return BlockFile(entry, *here, *there)


def _from_shelf(shelf: Shelf, item: Item, start: int, _length: int) -> Iterable[bytes]:
    return shelf.stream(item, start) or ()


def _from_store(
    store: Store, release: tuple[str, Version] | None, item: Item, start: int, length: int
) -> Iterable[bytes]:
    with watching(store, *release) if release else nullcontext():
        # One byte more than there should be, to notice an object that is too long.
        yield from store.stream(item.key, start, length + 1)
