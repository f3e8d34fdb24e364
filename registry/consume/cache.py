"""The consumer's cache: objects by sha256, what references said, and releases as trees for `load`.

It lies in `REGISTRY_CACHE`, else in `~/.cache/registry`, and may be shared: everything is
swapped in by rename and hashed at every use.

    objects/sha256/ab/cdef…            what a remote store sent, read-only
    references/<store>/<name>/…json    what it said of each version that was used
    releases/<manifest>/               trees, linked to the objects
    channels/…                         how far channels were seen
    publishing/<manifest>/             what is on its way to the Hub
    locks/, .tmp/                      who brings what

>>> Cache(Path("/tmp/c")).tree("ab" * 32).name[:8]
'abababab'
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path

from registry.consume.contents import FILES, MANIFEST, Item
from registry.consume.resolve import Released, cache_folder
from registry.consume.shelf import Shelf
from registry.errors import NotFoundError
from registry.model.digest import sha256_of
from registry.model.files import FileList
from registry.model.names import Ref, Version, select
from registry.model.release import Manifest, Reference

REFERENCES = "references"
RELEASES = "releases"
STORE = "store"  # the file that says whose references a folder has


@dataclass(frozen=True, slots=True)
class Cache:
    """A cache directory."""

    root: Path

    @classmethod
    def default(cls) -> Cache:
        """The cache of this user, or the one that `REGISTRY_CACHE` names."""
        return cls(cache_folder())

    def tree(self, manifest: str) -> Path:
        """Where the release with this manifest digest lies, or would."""
        return self.root / RELEASES / manifest

    def remember(self, url: str, released: Released, files: FileList, shelf: Shelf) -> None:
        """Keeps the reference, the manifest and the file list, so that the release can be found without its store."""
        shelf.put(Item.of(MANIFEST, released.raw))
        shelf.put(Item.of(FILES, files.jsonl()))
        folder = self._references(url)
        with shelf.told():
            _write(folder / STORE, url.encode())
            _write(folder / released.name / f"{released.version}.json", released.reference.to_bytes())

    def recall(self, url: str, ref: Ref) -> Released:
        """The release that `ref` selects among those that were used before; `NotFoundError` else.

        Channels and standings are the store's to know: without it only numbers count.
        """
        folder = self._references(url) / ref.name
        stems = [file.stem for file in folder.glob("*.json")] if folder.is_dir() else []
        known = sorted(Version.parse(stem) for stem in stems if Version.is_version(stem))
        numbered = ref.spec == "latest" or ref.spec[0] in "^~" or Version.is_version(ref.spec)
        version = select(ref.spec, known) if numbered else None
        if version is None:
            raise NotFoundError(
                f"{ref} is not in the cache, and REGISTRY_OFFLINE is set",
                why=f"the cache {self.root} has {', '.join(map(str, known)) or 'no version of it'}",
                hint="unset REGISTRY_OFFLINE",
            )
        reference = Reference.parse((folder / f"{version}.json").read_bytes(), where=f"the cached {ref}")
        raw = Shelf(self.root).read(reference.manifest)
        if raw is None:
            raise self.lacking(ref.name, version)
        return Released(reference, Manifest.parse(raw, name=ref.name, version=version), raw)

    def lacking(self, name: str, version: Version) -> NotFoundError:
        """The error for a release that was used before, of which something is gone."""
        why = "it was used here, and `registry cache prune` or somebody else removed a part of it"
        what = f"{name}@{version} is not whole in the cache {self.root}"
        return NotFoundError(what, why=why, hint="unset REGISTRY_OFFLINE")

    def _references(self, url: str) -> Path:
        return self.root / REFERENCES / sha256_of(url.encode())[:16]


def _write(file: Path, data: bytes) -> None:
    """Writes a small file whole, if it does not have these bytes already."""
    if file.is_file() and file.read_bytes() == data:
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    beside = file.with_name(f".{file.name}.{secrets.token_hex(6)}")
    beside.write_bytes(data)
    beside.replace(file)
