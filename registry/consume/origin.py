"""Where a release comes from: a store with the cache before it, or offline the cache alone.

>>> import tempfile
>>> from registry.stores import open_store
>>> from registry.testing.releases import make_release
>>> with tempfile.TemporaryDirectory() as folder:
...     store = open_store(folder + "/store")
...     made = make_release(store, "reviews", "1.2", {"a.csv": b"id\\n1\\n"})
...     [entry.path for entry in Origin.of(store, Ref.parse("reviews")).files]
['a.csv']
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from registry.consume.cache import Cache
from registry.consume.contents import Item, Selection
from registry.consume.deliver import Progress, Supply, from_store, linked_from, many_from
from registry.consume.listing import require_sound_listing
from registry.consume.resolve import Released, resolve, watching
from registry.consume.shelf import Shelf
from registry.consume.source import is_remote, offline, open_default_store, store_url
from registry.errors import NotFoundError
from registry.model.files import FileList
from registry.model.names import Ref
from registry.model.schema import DatasetSchema
from registry.stores.base import Store
from registry.stores.layout import read_object, vet_files
from registry.stores.local import LocalStore

SMALL = 64 * 1024  # bytes; files below it keep the interpreter busy, not the disk, and threads only get in its way


@dataclass(frozen=True, slots=True)
class PullOptions:
    """What to pull, and how.

    `splits` and `include` (globs over the data paths, `*` crosses directories) choose data
    files; `link` makes read-only hard links to a local store, or to the cache of a remote one.
    `progress` is called with (files, bytes) done since its last call, from one thread at a
    time; `workers` is the number of files at once (default: what serves the store).
    `allow_rollback` takes a channel that was set back behind what this user saw of it.
    `keep` is whether the cache takes what a remote store sends.
    """

    splits: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    link: bool = False
    dry_run: bool = False
    progress: Progress | None = None
    workers: int | None = None
    allow_rollback: bool = False
    keep: bool = True

    @property
    def selection(self) -> Selection:
        """The wanted part."""
        return Selection(self.splits, self.include)


@dataclass(frozen=True)
class Origin:
    """One release: the address of its store, its file list, its documents by sha256 and its bytes.

    `workers` is how many files to bring at once. What is read under `watch` and is missing because
    the release is purged meanwhile is a `PurgedError`.
    """

    url: str
    released: Released
    files: FileList
    document: Callable[[str], bytes]
    supply: Supply
    workers: int
    watch: Callable[[], AbstractContextManager[None]] = nullcontext

    @classmethod
    def of(cls, store: Store, ref: Ref, options: PullOptions | None = None) -> Origin:
        """The release that `ref` selects in a store; raises what `resolve` raises, `IntegrityError` for wrong bytes."""
        options = options or PullOptions()
        released = resolve(store, ref, allow_rollback=options.allow_rollback)
        watch = partial(watching, store, released.name, released.version)
        shelf = Shelf(Cache.default().root) if options.keep and is_remote(store.url) else None
        local = store if isinstance(store, LocalStore) else None
        with watch():
            require_sound_listing(store, released.manifest)
            files = vet_files(_document(store, shelf, str(released.manifest.data["sha256"])), released.manifest)
        usual = 1 if local and files.bytes < SMALL * len(files) else store.concurrency
        many = partial(many_from, local) if local else nullcontext
        link = shelf.link if shelf else linked_from(local) if local else None
        return cls(
            store.url, released, files,
            partial(_document, store, shelf),
            Supply(from_store(store), shelf, (), link if options.link else None, many),
            options.workers or usual, watch,
        )  # fmt: skip

    @classmethod
    def find(cls, start: Path, store: str | None, ref: Ref, options: PullOptions | None = None) -> Origin:
        """As `of`, in the store that a command started in `start` works with; offline, what the cache has of it."""
        url = store_url(start, store)
        if is_remote(url) and offline():
            return cls._cached(Cache.default(), url, ref, options or PullOptions())
        return cls.of(open_default_store(start, store), ref, options)

    @classmethod
    def _cached(cls, cache: Cache, url: str, ref: Ref, options: PullOptions) -> Origin:
        released = cache.recall(url, ref)
        shelf = Shelf(cache.root)

        def document(sha256: str) -> bytes:
            data = shelf.read(sha256)
            if data is None:
                raise cache.lacking(ref.name, released.version)
            return data

        listing = document(str(released.manifest.data["sha256"]))
        supply = Supply(_absent, shelf, link=shelf.link if options.link else None)
        return cls(
            url, released, vet_files(listing, released.manifest), document, supply, options.workers or 4,
        )  # fmt: skip

    @property
    def schema(self) -> DatasetSchema:
        """The schema that the release was judged by."""
        return DatasetSchema.from_json(json.loads(self.document(self.released.manifest.schema)))

    def within_cache(self) -> Origin:
        """The same for a tree in the cache: its files are linked to the objects beside it."""
        shelf = self.supply.shelf
        return self if shelf is None else replace(self, supply=replace(self.supply, link=shelf.link))

    def remember(self) -> None:
        """Lets the cache find the release without its store, if the store is remote."""
        if self.supply.shelf is not None:
            Cache.default().remember(self.url, self.released, self.files, self.supply.shelf)

    @property
    def warning(self) -> str | None:
        """What a consumer must hear: that the release was withdrawn, or that the cache cannot be written."""
        trouble = self.supply.shelf.trouble if self.supply.shelf else ""
        return "; ".join(filter(None, (self.released.warning, trouble))) or None


def _absent(item: Item) -> Iterator[bytes]:
    raise NotFoundError(f"{item.path} is not in the cache, and REGISTRY_OFFLINE is set", hint="unset REGISTRY_OFFLINE")


def _document(store: Store, shelf: Shelf | None, sha256: str) -> bytes:
    known = shelf.read(sha256) if shelf else None
    data = read_object(store, sha256) if known is None else known
    if shelf and known is None:
        shelf.put(Item.of("", data))
    return data
