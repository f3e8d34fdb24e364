"""How a registry lies in a store; this module opens one and gathers what reads and writes it.

    registry.json                      format, result of the conditional-write probe
    files/md5/ab/cdef…                 data, in DVC's layout: the store is a valid DVC remote
    objects/sha256/ab/cdef…            manifests, file lists, evidence, reports, cards
    releases/<name>/<version>.json     the reference: create-only, the commit point
    channels/<name>/<channel>.json     compare-and-swap, sequence only grows
    status/<name>/<version>/<n>.json   append-only: yanked, restored, purged
    mirrors/<name>/<version>/….json    where the release was published, with the commit's id
    staging/<manifest>.json            what a publisher at work needs
    sweep.json                         who removes objects, compare-and-swap
    doomed.json                        what nothing needed when it was last looked at
    quarantine/…                       objects whose bytes were wrong, as they were found
    index.json                         a cache

>>> import tempfile
>>> from registry.stores import open_store
>>> with tempfile.TemporaryDirectory() as folder:
...     store = open_store(folder)
...     open_registry(store, write=True)
...     store.read(ROOT_KEY)[:28]
b'{"format":"registry.store/1"'
"""

from __future__ import annotations

from registry.errors import IntegrityError, NotFoundError, StoreError
from registry.model.digest import canonical
from registry.stores.base import ReadOnly, Store
from registry.stores.index import Listed, catalogue, rebuild_index, unlisted, update_index
from registry.stores.objects import (
    Known,
    at_once,
    corrupt,
    holds,
    parse_object,
    put_document,
    put_file,
    put_tree_object,
    read_object,
    tree_key,
)
from registry.stores.probe import demand
from registry.stores.releases import (
    names,
    publish_reference,
    read_files,
    read_manifest,
    read_reference,
    references,
    versions,
    vet_files,
)
from registry.stores.standing import Channel, Standing, channels, move_channel, read_channel, record, standings

ROOT_KEY = "registry.json"
FORMAT = "registry.store/1"


def open_registry(store: Store, *, write: bool = False) -> None:
    """Makes sure that `store` is a registry of a format that we understand.

    An empty place is one without releases; with `write` it is probed and marked first.
    A newer format, and a place that ignores conditional writes, raise `StoreError`,
    one that cannot be written `UsageError`.
    """
    if write and isinstance(store, ReadOnly):
        raise store.refusal()
    try:
        data = store.read(ROOT_KEY)
    except NotFoundError:
        if write:
            document = {"format": FORMAT, "hash": "sha256", "probe": demand(store).to_json()}
            store.create(ROOT_KEY, canonical(document))
            _understand(store, store.read(ROOT_KEY))
        return
    _understand(store, data)


def _understand(store: Store, data: bytes) -> None:
    document = parse_object(data, ROOT_KEY, hint=f"put {ROOT_KEY} back from a backup, or from any other store")
    found = document.get("format")
    if found == FORMAT:
        return
    if isinstance(found, str) and found.startswith("registry.store/"):
        raise StoreError(
            f"the store {store.url} has the newer format {found[:40]}",
            why=f"this version understands {FORMAT}",
            hint="pip install -U dataset-release-registry",
        )
    raise IntegrityError(f"{ROOT_KEY} of {store.url} is not ours", hint="choose another --store")


__all__ = [
    "FORMAT",
    "ROOT_KEY",
    "Channel",
    "Known",
    "Listed",
    "Standing",
    "at_once",
    "catalogue",
    "channels",
    "corrupt",
    "holds",
    "move_channel",
    "names",
    "open_registry",
    "parse_object",
    "publish_reference",
    "put_document",
    "put_file",
    "put_tree_object",
    "read_channel",
    "read_files",
    "read_manifest",
    "read_object",
    "read_reference",
    "rebuild_index",
    "record",
    "references",
    "standings",
    "tree_key",
    "unlisted",
    "update_index",
    "versions",
    "vet_files",
]
