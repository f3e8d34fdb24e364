"""Brings the files of a tree to disk: in parallel, each byte hashed on its way, nothing outside the root.

>>> item = Item.of("a.txt", b"hello")
>>> b"".join(verified(item, [b"he", b"llo"]))
b'hello'

A file that is there already with the right bytes stays; so an interrupted delivery goes
on where it was.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field, replace
from typing import Protocol

from registry.consume.contents import Item
from registry.consume.shelf import Shelf
from registry.errors import IntegrityError, NotFoundError
from registry.stores.base import CHUNK, Store, as_promised, ending
from registry.stores.local import LocalStore, write_all
from registry.stores.tree import Tree, held

Progress = Callable[[int, int], None]
Fetch = Callable[[Item], Iterable[bytes]]
Share = Callable[[Item, Tree, str], bool]
"""Puts an item's bytes into a tree at a path without copying them, unverified; False where that is impossible."""
MENDING = ".registry/.mending-"


class Near(Protocol):
    """What is on this machine already; nothing of it is believed."""

    def stream(self, item: Item) -> Iterator[bytes] | None:
        """The item's bytes, or None where they are not here."""
        ...

    def drop(self, item: Item) -> None:
        """They were wrong."""
        ...


@dataclass(frozen=True, slots=True)
class Supply:
    """Where the bytes of items come from: from what is near, else by `fetch`, and then the `shelf` keeps them.

    `link` hard-links them, read-only, where the file system allows it: out of the shelf, or else of the store.
    `many` gives what fetches many in a row better than `fetch`, if there is such.
    """

    fetch: Fetch
    shelf: Shelf | None = None
    near: tuple[Near, ...] = ()
    link: Share | None = None
    many: Callable[[], AbstractContextManager[Fetch | None]] = nullcontext


@dataclass(slots=True)
class Delivery:
    """The items that a tree lacked or had wrong (`replaced`), and those of them that had to be fetched."""

    brought: list[Item] = field(default_factory=list)
    replaced: list[Item] = field(default_factory=list)
    fetched: list[Item] = field(default_factory=list)


class _HaltedError(Exception):
    """Another worker failed."""


@dataclass
class Crew:
    """How many work at once, and who is told of (files, bytes) done since the last call, one call at a time."""

    workers: int = 4
    progress: Progress | None = None
    halted: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def each(self, work: Callable[[Item], None], items: Iterable[Item]) -> None:
        """Runs `work` of every item; the first failure stops all and is raised."""
        source = iter(items)
        failures: list[BaseException] = []

        def run() -> None:
            while not self.halted.is_set():
                with self._lock:
                    item = next(source, None)
                if item is None:
                    return
                try:
                    work(item)
                except BaseException as error:
                    failures.append(error)
                    self.halted.set()

        with ThreadPoolExecutor(self.workers) as pool:
            try:
                for future in [pool.submit(run) for _ in range(self.workers)]:
                    future.result()
            except BaseException:
                self.halted.set()
                raise
        if failures:
            raise next((f for f in failures if not isinstance(f, _HaltedError)), failures[0])

    def watched(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """`chunks`, reported as they pass, broken off where another worker failed."""
        with ending(chunks):
            for chunk in chunks:
                if self.halted.is_set():
                    raise _HaltedError
                self.tell(0, len(chunk))
                yield chunk

    def tell(self, files: int, size: int) -> None:
        """Reports progress."""
        if self.progress:
            with self._lock:
                self.progress(files, size)


def from_store(store: Store) -> Fetch:
    """Fetches an item's object; `NotFoundError` names the file whose object is nowhere."""

    def fetch(item: Item) -> Iterator[bytes]:
        try:
            # One byte more than there should be, to notice an object that is too long.
            yield from store.stream(item.key, 0, item.size + 1)
        except NotFoundError as error:
            raise NotFoundError(
                f"the object of {item.path} is nowhere",
                why=str(error),
                hint="whoever runs the store: registry fsck --data",
                path=item.path,
                key=item.key,
            ) from error

    return fetch


def verified(item: Item, chunks: Iterable[bytes]) -> Iterator[bytes]:
    """`chunks`, hashed as they pass; `IntegrityError` names the file if they are not its bytes."""

    def wrong(size: int) -> IntegrityError:
        amount = "more" if size > item.size else f"{size}"
        why = "another sha256" if size == item.size else f"{amount} bytes instead of {item.size}"
        return IntegrityError(
            f"{item.path} does not have the bytes that the release promises",
            why=f"its object {item.key} has {why}",
            hint="do not use this release; whoever runs the store: registry fsck --data",
            path=item.path,
            key=item.key,
        )

    return as_promised(chunks, item.size, item.sha256, wrong)


def fits(tree: Tree, item: Item) -> bool:
    """Whether the tree holds the item's bytes already."""
    try:
        handle = tree.open(item.path)
    except FileNotFoundError:
        return False
    try:
        if os.fstat(handle).st_size != item.size:
            return False
        hashed = hashlib.sha256()
        while chunk := os.read(handle, CHUNK):
            hashed.update(chunk)
        return hashed.hexdigest() == item.sha256
    finally:
        os.close(handle)


@contextmanager
def many_from(store: LocalStore) -> Iterator[Fetch]:
    """As `from_store`, for many items in a row."""
    with store.held() as same:
        yield from_store(same)


def linked_from(store: LocalStore) -> Share:
    """Hard-links an item's object out of a local store."""
    return lambda item, tree, path: store.link(item.key, tree, path)


def ensure(tree: Tree, items: Iterable[Item], supply: Supply, crew: Crew) -> Delivery:
    """Makes the tree hold every item; a wrong file is replaced by one rename."""
    shelf = supply.shelf.held() if supply.shelf else nullcontext()
    with held(tree.root) as open_tree, shelf, supply.many() as fetch:
        return _ensured(open_tree, items, replace(supply, fetch=fetch or supply.fetch), crew)


def _ensured(tree: Tree, items: Iterable[Item], supply: Supply, crew: Crew) -> Delivery:
    done = Delivery()
    present = {found.path for found in tree.files()}

    def bring(item: Item) -> None:
        if item.path in present and fits(tree, item):
            crew.tell(0, item.size)
        else:
            done.brought.append(item)
            if item.path in present:
                done.replaced.append(item)
            if _bring(tree, item, supply, crew):
                done.fetched.append(item)
        crew.tell(1, 0)

    crew.each(bring, items)
    return done


def _bring(tree: Tree, item: Item, supply: Supply, crew: Crew) -> bool:
    """Writes the item into the tree; whether it had to be fetched."""
    if item.inline is not None:
        _write(tree, item, crew.watched([item.inline]))
        return False
    if _taken(tree, item, supply, crew):
        return False
    if supply.shelf is None:
        if not (supply.link and _shared(tree, item, supply.link)):
            _write(tree, item, crew.watched(supply.fetch(item)))
        return True
    with supply.shelf.claim(item, crew.halted.is_set):
        if _taken(tree, item, supply, crew):  # another process has fetched it meanwhile
            return False
        _fetch(tree, item, supply, supply.shelf, crew)
        return True


def _taken(tree: Tree, item: Item, supply: Supply, crew: Crew) -> bool:
    """Whether the item could be taken from what is near."""
    shelf = supply.shelf if supply.shelf and supply.shelf.holds(item) else None
    if shelf and _shared(tree, item, supply.link or shelf.clone):
        crew.tell(0, item.size)
        return True
    for place in (*filter(None, [shelf]), *supply.near):
        chunks = place.stream(item)
        if chunks is None:
            continue
        try:
            _write(tree, item, crew.watched(chunks))
            return True
        except IntegrityError:
            place.drop(item)
    return False


def _fetch(tree: Tree, item: Item, supply: Supply, shelf: Shelf, crew: Crew) -> None:
    chunks = crew.watched(supply.fetch(item))
    if supply.link:
        _write(tree, item, chunks)
        shelf.adopt(item, tree, item.path)
        return
    with shelf.keeping(item) as keep:
        _write(tree, item, chunks, keep)


def _ignored(_: bytes) -> None:
    """Nobody else wants the bytes."""


def _write(tree: Tree, item: Item, chunks: Iterable[bytes], keep: Callable[[bytes], None] = _ignored) -> None:
    """Writes `chunks`, verified, in the item's place; `keep` gets them too."""
    try:
        handle, place = tree.create(item.path), item.path
    except FileExistsError:
        place = f"{MENDING}{secrets.token_hex(8)}"
        handle = tree.create(place)
    try:
        try:
            with ending(chunks):
                for chunk in verified(item, chunks):
                    write_all(handle, chunk)
                    keep(chunk)
        finally:
            os.close(handle)
        if place != item.path:
            tree.rename(place, item.path)
    except BaseException:
        with suppress(OSError):
            tree.remove(place)
        raise


def _shared(tree: Tree, item: Item, share: Share) -> bool:
    place = f"{MENDING}{secrets.token_hex(8)}"
    if not share(item, tree, place):
        return False
    if not fits(tree, replace(item, path=place)):
        tree.remove(place)
        return False  # reading it the usual way says what is wrong with it
    tree.rename(place, item.path)
    return True
