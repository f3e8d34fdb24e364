"""Releases in a store: versions, references, manifests and file lists, all vetted.

>>> import tempfile
>>> from registry.stores import open_store
>>> with tempfile.TemporaryDirectory() as folder:
...     store = open_store(folder)
...     reference = Reference(manifest="0" * 64, content="1" * 64, by="Kim", at="2026-01-01T00:00:00Z")
...     publish_reference(store, "reviews", Version(1, 2), reference), [str(v) for v in versions(store, "reviews")]
(True, ['1.2.0'])
"""

from __future__ import annotations

from registry.errors import IntegrityError, VersionExistsError
from registry.model.files import FileList
from registry.model.names import Version, is_dataset_name
from registry.model.release import Manifest, Reference, reference_key
from registry.stores.base import Store
from registry.stores.objects import at_once, read_object


def versions(store: Store, name: str) -> list[Version]:
    """The released versions of a dataset, ascending; withdrawn ones too."""
    prefix = f"releases/{name}/"
    stems = (info.key[len(prefix) :].removesuffix(".json") for info in store.list(prefix))
    return sorted(Version.parse(stem) for stem in stems if Version.is_canonical(stem))


def names(store: Store) -> dict[str, list[Version]]:
    """All released datasets with their versions, from one listing."""
    found: dict[str, list[Version]] = {}
    for info in store.list("releases/"):
        name, _, file = info.key.removeprefix("releases/").partition("/")
        if is_dataset_name(name) and Version.is_canonical(stem := file.removesuffix(".json")):
            found.setdefault(name, []).append(Version.parse(stem))
    return {name: sorted(found[name]) for name in sorted(found)}


def read_reference(store: Store, name: str, version: Version) -> Reference:
    """The reference of one version; `NotFoundError` where it was not released."""
    data = store.read(reference_key(name, version))
    return Reference.parse(data, where=f"the reference of {name}@{version}")


def references(store: Store, name: str) -> dict[Version, Reference]:
    """All references of a dataset, by ascending version."""
    known = versions(store, name)
    return dict(zip(known, at_once(store, lambda v: read_reference(store, name, v), known), strict=True))


def publish_reference(store: Store, name: str, version: Version, reference: Reference) -> bool:
    """THE COMMIT POINT: makes everything written so far durable, then creates the reference.

    True where this call released; False where the same content stands already. Another
    content raises `VersionExistsError`. An answer that got lost is not a lost race: the
    bytes that stand are compared, and a reference has who and when in it.
    """
    store.flush()
    key, data = reference_key(name, version), reference.to_bytes()
    if store.create(key, data):
        return True
    standing = store.read(key)
    if standing == data:
        return True
    there = Reference.parse(standing, where=f"the reference of {name}@{version}")
    if there.content == reference.content:
        return False
    raise VersionExistsError(
        f"{name}@{version} is released already, with other content",
        why=f"its manifest is sha256:{there.manifest}, by {there.by} at {there.at}",
        hint=f"registry release auto {name}",
        manifest=there.manifest,
    )


def read_manifest(store: Store, name: str, version: Version, reference: Reference) -> tuple[Manifest, bytes]:
    """The manifest that `reference` names, with its bytes as they stand; both are vetted."""
    data = read_object(store, reference.manifest)
    manifest = Manifest.parse(data, name=name, version=version)
    if manifest.content != reference.content:
        raise IntegrityError(
            f"the reference of {name}@{version} states another content than its manifest",
            hint="do not use this release; tell whoever runs the store",
        )
    return manifest, data


def read_files(store: Store, manifest: Manifest) -> FileList:
    """The release's file list, vetted and equal in count and bytes to what the manifest states."""
    return vet_files(read_object(store, str(manifest.data["sha256"])), manifest)


def vet_files(data: bytes, manifest: Manifest) -> FileList:
    """As `read_files`, of the list's bytes, which the caller has hashed."""
    where = f"the file list of {manifest.name}@{manifest.version}"
    files = FileList.parse(data, where=where)
    if (len(files), files.bytes) != (manifest.data["files"], manifest.data["bytes"]):
        raise IntegrityError(f"{where} has other counts than the manifest", hint="registry fsck")
    return files
