"""Carries out a plan: objects, documents, manifest, then the reference, which is the commit point.

Every step may be repeated: a killed release is finished by the same command.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from registry.content.hashing import Progress
from registry.model.digest import sha256_of
from registry.model.files import BLOCK, FileEntry
from registry.model.release import Reference, ReleaseResult, object_key
from registry.release.plan import Plan
from registry.stores.base import Store
from registry.stores.layout import (
    publish_reference,
    put_document,
    put_file,
    put_tree_object,
    tree_key,
    update_index,
)
from registry.stores.staging import Stage


@dataclass(frozen=True, slots=True)
class Uploaded:
    """What the store lacked: data files and documents, and their bytes."""

    files: int
    bytes: int


def execute(plan: Plan, store: Store, *, progress: Progress | None = None) -> ReleaseResult:
    """Releases what `plan` says; the result's state is `released` or `already-released`.

    Raises `VersionExistsError` where another content won the version, `MovedError` where
    a file is no longer what was judged, `IntegrityError` where the store holds a wrong
    object.
    """
    manifest = plan.manifest
    release = f"{manifest.name}@{manifest.version}"
    stage = Stage.enter(store, manifest.sha256, keys_of(plan), of=release, by=manifest.released_by)
    data = _upload_files(plan, store, progress)
    texts = _upload_documents(plan, store)
    store.flush()
    if stage.disturbed():  # objects that were there may be gone: whoever swept did not know of this release
        _upload_files(plan, store, None)
        _upload_documents(plan, store)
    reference = Reference(manifest.sha256, manifest.content, manifest.released_by, _now())
    with stage.deciding():
        fresh = publish_reference(store, manifest.name, manifest.version, reference)
        update_index(store, manifest.name, manifest.version, reference.manifest, title=manifest.title)
    return plan.result(
        store.url,
        "released" if fresh else "already-released",
        uploaded_files=data.files + texts.files,
        uploaded_bytes=data.bytes + texts.bytes,
    )


def keys_of(plan: Plan) -> set[str]:
    """Every object that the release will need."""
    texts = (plan.snapshot.files.jsonl(), *plan.documents.values(), plan.manifest.to_bytes())
    keys = {object_key(sha256_of(text)) for text in texts} | {entry.key for entry in plan.snapshot.files}
    return keys | {tree_key(plan.snapshot.md5)} if plan.tree_object is not None else keys


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _upload_files(plan: Plan, store: Store, progress: Progress | None) -> Uploaded:
    def upload(entry: FileEntry) -> int | None:
        done = put_file(store, entry, lambda: chunks_of(plan.snapshot.file(entry)), plan.known)
        if progress:
            progress(1, entry.size)
        return entry.size if done else None

    unique = {(entry.md5, entry.sha256): entry for entry in plan.snapshot.files}.values()
    with ThreadPoolExecutor(max_workers=store.concurrency) as pool:
        sizes = [size for size in pool.map(upload, unique) if size is not None]
    if plan.tree_object is not None:
        put_tree_object(store, plan.snapshot.md5, plan.tree_object)
    return Uploaded(len(sizes), sum(sizes))


def chunks_of(file: Path) -> Iterator[bytes]:
    """The bytes of `file`; whoever takes them hashes them, and refuses others than were judged."""
    with file.open("rb", buffering=0) as source:
        while chunk := source.read(BLOCK):
            yield chunk


def _upload_documents(plan: Plan, store: Store) -> Uploaded:
    texts = [plan.snapshot.files.jsonl(), *plan.documents.values(), plan.manifest.to_bytes()]
    written = [len(text) for text in texts if put_document(store, text)]
    return Uploaded(len(written), sum(written))
