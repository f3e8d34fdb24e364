"""`registry publish --to URL`: a release in another store, object by object, verified on the way.

The other store gets the same reference, byte for byte: who released it and when stays true.
What is there already, and no release there vouches for, is read back and hashed; so an
interrupted copy goes on.

>>> import tempfile
>>> from registry.consume.resolve import find_released
>>> from registry.model.names import Version
>>> from registry.stores import open_store
>>> from registry.testing.releases import make_release
>>> with tempfile.TemporaryDirectory() as folder:
...     here, there = open_store(folder + "/here"), open_store(folder + "/there")
...     made = make_release(here, "reviews", "1.2", {"a.csv": b"id\\n1\\n"})
...     state = copy(here, there, made).state
...     state, find_released(there, "reviews", Version(1, 2)).reference == made.reference
('published', True)
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

from registry.consume.contents import FILES, MANIFEST, vetted
from registry.consume.deliver import Progress
from registry.consume.resolve import Released, find_released, known_files, refusal
from registry.errors import IntegrityError, NotFoundError, UsageError, VersionExistsError
from registry.mirrors.result import Changed, Publication, State
from registry.model.files import FileEntry, FileList
from registry.model.release import object_key
from registry.stores.base import Store, as_promised
from registry.stores.layout import (
    Known,
    at_once,
    corrupt,
    open_registry,
    publish_reference,
    put_document,
    put_file,
    put_tree_object,
    read_files,
    read_object,
    tree_key,
    update_index,
)
from registry.stores.staging import Stage


@dataclass
class _Transfer:
    """One copy under way; `changes` are the objects that the other store lacked."""

    here: Store
    there: Store
    released: Released
    files: FileList
    progress: Progress | None = None
    changes: list[Changed] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def documents(self) -> dict[str, str]:
        """sha256 by path of all documents, those that stand under no path too."""
        manifest = self.released.manifest
        found = {path: artefact.sha256 for path, artefact in vetted(manifest).items()}
        found |= {FILES: str(manifest.data["sha256"]), MANIFEST: self.released.reference.manifest}
        return found if manifest.schema in found.values() else found | {".registry/schema.json": manifest.schema}

    @property
    def listing(self) -> str:
        """md5 of DVC's listing, or an empty text for a release of one file."""
        md5 = str(self.released.manifest.data["dvc"]["md5"])
        return md5 if md5.endswith(".dir") else ""

    @property
    def keys(self) -> set[str]:
        """Every object that the release needs."""
        found = {object_key(sha256) for sha256 in self.documents.values()} | {entry.key for entry in self.files}
        return found | ({tree_key(self.listing)} if self.listing else set())

    def run(self) -> None:
        """Brings every object that the other store lacks; what no release of it vouches for is read back."""
        known = known_files(self.there, self.released.name)
        unique = list({(entry.md5, entry.sha256): entry for entry in self.files}.values())
        at_once(self.there, lambda entry: self._file(entry, known), unique)
        if self.listing:
            put_tree_object(self.there, self.listing, self.here.read(tree_key(self.listing)))
        at_once(self.there, self._document, list(self.documents.items()))
        self.there.flush()

    def _file(self, entry: FileEntry, known: Known) -> None:
        written = put_file(self.there, entry, lambda: self._bytes(entry), known)
        with self.lock:
            if written:
                self.changes.append(Changed(entry.path, "add", entry.size))
            if self.progress:
                self.progress(1, entry.size)

    def _bytes(self, entry: FileEntry) -> Iterator[bytes]:
        def wrong(_: int) -> IntegrityError:
            return corrupt(self.here, entry.key, entry.path)

        return as_promised(self.here.stream(entry.key, 0, entry.size + 1), entry.size, entry.sha256, wrong)

    def _document(self, pair: tuple[str, str]) -> None:
        path, sha256 = pair
        data = read_object(self.here, sha256)
        if put_document(self.there, data):
            with self.lock:
                self.changes.append(Changed(path, "add", len(data)))


def copy(
    here: Store, there: Store, released: Released, *, dry_run: bool = False, progress: Progress | None = None
) -> Publication:
    """Copies a release from one store to another; the state is `published`, `already-published` or `planned`.

    Raises `VersionExistsError` where the other store holds this version with another
    manifest, a refusal where it withdrew the version, `IntegrityError` for a wrong byte on
    either side.
    """
    if here.url == there.url:
        raise UsageError(
            f"{here.url} is the store that the release comes from", hint="registry publish NAME@V --to s3://bucket/x"
        )
    transfer = _Transfer(here, there, released, read_files(here, released.manifest), progress)
    open_registry(there, write=not dry_run)
    if _stands(there, released):
        return _result(transfer, "already-published")
    if dry_run:
        return _result(transfer, "planned", _lacking(transfer))
    reference, of = released.reference, f"{released.name}@{released.version}"
    stage = Stage.enter(there, reference.manifest, transfer.keys, of=of, by=reference.by)
    transfer.run()
    if stage.disturbed():  # objects that were there may be gone: whoever swept did not know of this release
        transfer.run()
    manifest = released.manifest
    with stage.deciding():
        publish_reference(there, manifest.name, manifest.version, released.reference)
        update_index(there, manifest.name, manifest.version, released.reference.manifest, title=manifest.title)
    return _result(transfer, "published", transfer.changes)


def _stands(there: Store, released: Released) -> bool:
    known = find_released(there, released.name, released.version)
    if known is None:
        return False
    if known.standing and known.standing.refused:
        raise refusal(released.name, released.version, known.standing)
    if known.reference.manifest == released.reference.manifest:
        return True
    raise VersionExistsError(
        f"{released.name}@{released.version} is released in {there.url} already, by another manifest",
        why=f"its manifest is sha256:{known.reference.manifest}, by {known.reference.by} at {known.reference.at}",
        hint=f"registry show {released.name}@{released.version} --store {there.url}",
        manifest=known.reference.manifest,
    )


def _lacking(transfer: _Transfer) -> list[Changed]:
    """What would be written, by the keys alone: nothing is read back."""
    files = {entry.key: Changed(entry.path, "add", entry.size) for entry in transfer.files}
    for path, sha256 in transfer.documents.items():
        size = transfer.here.size(object_key(sha256))
        if size is None:
            raise NotFoundError(f"the object of {path} is nowhere", hint="registry fsck")
        files[object_key(sha256)] = Changed(path, "add", size)
    present = at_once(transfer.there, transfer.there.size, list(files))
    return [change for change, size in zip(files.values(), present, strict=True) if size is None]


def _result(transfer: _Transfer, state: State, changes: list[Changed] | None = None) -> Publication:
    released = transfer.released
    return Publication(
        name=released.name,
        version=str(released.version),
        manifest=released.reference.manifest,
        to="store",
        url=transfer.there.url,
        state=state,
        files=len(transfer.files) + len(transfer.documents),
        bytes=transfer.files.bytes + sum(a.bytes for a in released.manifest.artefacts.values()),
        changes=tuple(sorted(changes or [], key=lambda change: change.path)),
    )
