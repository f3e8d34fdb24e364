"""A valid release in one call, for tests of stores, mirrors and consumers: no gate, no git.

>>> import tempfile
>>> from registry.stores import open_store
>>> with tempfile.TemporaryDirectory() as folder:
...     made = make_release(open_store(folder), "reviews", "1.0", {"train.csv": b"a\\n1\\n"})
...     made.manifest.data["files"], sorted(made.manifest.artefacts)
(1, ['.registry/schema.json', 'README.md'])
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from registry.consume.resolve import Released
from registry.content.hashing import dir_id, dir_object
from registry.model.digest import canonical, digest_of, sha256_of
from registry.model.files import BLOCK, FileEntry, FileList
from registry.model.names import Version
from registry.model.release import Artefact, Manifest, Reference, SplitFacts
from registry.model.schema import DatasetSchema
from registry.stores.base import Store
from registry.stores.layout import (
    open_registry,
    publish_reference,
    put_document,
    put_file,
    put_tree_object,
    update_index,
)


@dataclass(frozen=True)
class Shape:
    """What else a made release has: schema, splits, further documents by path, whether it is one file, title, date."""

    schema: DatasetSchema | None = None
    splits: tuple[str, ...] = ("train",)
    documents: Mapping[str, bytes] = field(default_factory=dict)
    single: bool = False
    title: str = "A dataset"
    at: str = "2026-01-01T00:00:00Z"


def entry_of(path: str, data: bytes) -> FileEntry:
    """The file list's entry of a file with these bytes."""
    blocks = (data[i : i + BLOCK] for i in range(0, len(data), BLOCK)) if len(data) > BLOCK else ()
    md5 = hashlib.md5(data, usedforsecurity=False).hexdigest()
    return FileEntry(path, len(data), md5, sha256_of(data), tuple(sha256_of(block) for block in blocks))


def make_release(
    store: Store, name: str, version: str, files: Mapping[str, bytes], shape: Shape | None = None
) -> Released:
    """Writes `files` as a release of `name` into `store`, which becomes a registry if it is none yet."""
    shape = shape or Shape()
    open_registry(store, write=True)
    listing = FileList.of(entry_of(path, data) for path, data in files.items())
    for entry in listing:
        put_file(store, entry, lambda entry=entry: [files[entry.path]])  # type: ignore[misc]
    if not shape.single:
        put_tree_object(store, dir_id(listing), dir_object(listing))
    manifest = _manifest(name, Version.parse(version), listing, shape)
    for document in (listing.jsonl(), *_documents(name, shape).values(), manifest.to_bytes()):
        put_document(store, document)
    reference = Reference(manifest.sha256, manifest.content, "Kim <kim@example.org>", shape.at)
    publish_reference(store, name, manifest.version, reference)
    update_index(store, name, manifest.version, manifest.sha256, title=shape.title)
    return Released(reference, manifest, manifest.to_bytes())


def make_manifest(name: str, version: str, files: Mapping[str, bytes]) -> tuple[Manifest, Mapping[str, bytes]]:
    """The manifest and the documents of the release that `make_release` would make of `files`."""
    listing = FileList.of(entry_of(path, data) for path, data in files.items())
    return manifest_of(name, Version.parse(version), listing)


def manifest_of(name: str, version: Version, listing: FileList) -> tuple[Manifest, Mapping[str, bytes]]:
    """As `make_manifest`, of files that are hashed already."""
    return _manifest(name, version, listing, Shape()), _documents(name, Shape())


def _schema(name: str, shape: Shape) -> DatasetSchema:
    return shape.schema or DatasetSchema(name=name, open=True)


def _documents(name: str, shape: Shape) -> dict[str, bytes]:
    schema = canonical(_schema(name, shape).to_json())
    return {"README.md": f"# {shape.title}\n".encode(), ".registry/schema.json": schema, **shape.documents}


def _manifest(name: str, version: Version, listing: FileList, shape: Shape) -> Manifest:
    documents = _documents(name, shape)
    md5 = listing.entries[0].md5 if shape.single else dir_id(listing)
    path = f"data/{listing.entries[0].path}" if shape.single else f"data/{name}"
    split = SplitFacts(rows=1, sha256=listing.sha256, frozen=False, unchanged_since=str(version))
    schema = _schema(name, shape)
    return Manifest(
        name=name,
        version=version,
        previous=None,
        content=digest_of({"name": name, "version": str(version), "data": listing.sha256, "schema": schema.sha256}),
        data={
            "sha256": listing.sha256,
            "dvc": {"path": path, "md5": md5},
            "files": len(listing),
            "bytes": listing.bytes,
            "rows": len(shape.splits),
        },
        splits=dict.fromkeys(shape.splits, split),
        schema=schema.sha256,
        ruleset=digest_of({}),
        evidence=digest_of({}),
        verdict="pass",
        artefacts={path: Artefact(sha256_of(data), len(data)) for path, data in documents.items()},
        level="none",
        released_by="Kim <kim@example.org>",
        license="CC-BY-4.0",
        title=shape.title,
    )
