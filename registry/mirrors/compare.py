"""A released tree against the files of a commit on the Hub: what is the same, what is missing, whose the rest is.

>>> there = {"a.csv": Entry("a.csv", 2, git_oid(b"1\\n")), "b.csv": Entry("b.csv", 2, git_oid(b"2\\n"))}
>>> items = [Item.of("a.csv", b"1\\n"), Item.of("c.csv", b"3\\n")]
>>> compare(items, there, lambda item: [item.inline])
Difference(added=('c.csv',), replaced=(), removed=('b.csv',))
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from registry.consume.contents import Item
from registry.consume.deliver import Fetch, verified
from registry.mirrors.hub import Entry

THEIRS = frozenset({".gitattributes"})  # the Hub makes it with the repository, and decides by it what is stored apart


@dataclass(frozen=True, slots=True)
class Difference:
    """Paths that a commit lacks, has with other bytes, or has too many; each sorted."""

    added: tuple[str, ...] = ()
    replaced: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.added or self.replaced or self.removed)

    @property
    def sent(self) -> tuple[str, ...]:
        """What has to be uploaded."""
        return tuple(sorted((*self.added, *self.replaced)))


def compare(items: Iterable[Item], there: Mapping[str, Entry], fetch: Fetch) -> Difference:
    """How the files `there` differ from the tree of `items`.

    A file that is stored apart is compared by its sha256; of another one the bytes are
    fetched, verified, and hashed as git does. They are read only where the sizes agree.
    """
    wanted = {item.path: item for item in items}
    present = {path for path in there if path in wanted}
    return Difference(
        tuple(sorted(path for path in wanted if path not in there)),
        tuple(sorted(path for path in present if not same(wanted[path], there[path], fetch))),
        tuple(sorted(path for path in there if path not in wanted and path not in THEIRS)),
    )


def same(item: Item, entry: Entry, fetch: Fetch) -> bool:
    """Whether a file on the Hub has the item's bytes."""
    if entry.size != item.size:
        return False
    if entry.sha256 is not None:
        return entry.sha256 == item.sha256
    hashed = hashlib.sha1(b"blob %d\0" % item.size, usedforsecurity=False)
    for chunk in verified(item, fetch(item) if item.inline is None else [item.inline]):
        hashed.update(chunk)
    return hashed.hexdigest() == entry.oid


def git_oid(data: bytes) -> str:
    """Git's id of a file with these bytes: sha1 of its kind, size and bytes."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
