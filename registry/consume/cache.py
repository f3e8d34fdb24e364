"""The consumer's cache: whole releases by manifest digest, and what references said.

It lies in `REGISTRY_CACHE`, else in `~/.cache/registry`, and may be shared: releases
are swapped in by rename and re-hashed at every use.

>>> Cache(Path("/tmp/c")).tree("ab" * 32).name[:8]
'abababab'
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from registry.consume.contents import FILES, MANIFEST, Item
from registry.consume.deliver import fits
from registry.consume.pull import Source
from registry.consume.resolve import Released, cache_folder
from registry.errors import EnvironmentFailed, IntegrityError, NotFoundError
from registry.model.digest import sha256_of
from registry.model.files import FileList
from registry.model.names import Ref, Version, select
from registry.model.release import Manifest, Reference
from registry.stores.base import CHUNK
from registry.stores.tree import Tree


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
        return self.root / "releases" / manifest

    def remember(self, url: str, released: Released) -> None:
        """Keeps the reference, so that the release can be found without its store."""
        file = self._references(url, released.name) / f"{released.version}.json"
        data = released.reference.to_bytes()
        try:
            if file.is_file() and file.read_bytes() == data:
                return
            file.parent.mkdir(parents=True, exist_ok=True)
            beside = file.with_name(f".{file.name}.{secrets.token_hex(6)}")
            beside.write_bytes(data)
            beside.replace(file)
        except OSError as error:
            raise EnvironmentFailed(
                f"the cache {self.root} cannot be written", why=error.strerror or "", hint="set REGISTRY_CACHE"
            ) from error

    def recall(self, url: str, ref: Ref) -> Released:
        """The release that `ref` selects among those that were used before; `NotFoundError` else.

        Channels and standings are the store's to know: without it only numbers count.
        """
        folder = self._references(url, ref.name)
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
        file = self.tree(reference.manifest) / MANIFEST
        raw = file.read_bytes() if file.is_file() else b""
        if sha256_of(raw) != reference.manifest:
            raise NotFoundError(f"{ref} is not whole in the cache {self.root}", hint="unset REGISTRY_OFFLINE")
        return Released(reference, Manifest.parse(raw, name=ref.name, version=version), raw)

    def source(self, released: Released) -> Source:
        """The release from its tree here alone; a file that is missing or wrong there raises `NotFoundError`."""
        root = self.tree(released.reference.manifest)
        tree = Tree(root)

        def fetch(item: Item) -> Iterator[bytes]:
            if not fits(tree, item):
                raise NotFoundError(
                    f"{item.path} is not in the cache, and REGISTRY_OFFLINE is set", hint="unset REGISTRY_OFFLINE"
                )
            with os.fdopen(tree.open(item.path), "rb") as file:
                while chunk := file.read(CHUNK):
                    yield chunk

        listing = root / FILES
        data = listing.read_bytes() if listing.is_file() else b""
        if sha256_of(data) != released.manifest.data["sha256"]:
            raise IntegrityError(f"{listing} is not the release's file list", hint="unset REGISTRY_OFFLINE")
        return Source(FileList.parse(data), None, fetch, 4)

    def _references(self, url: str, name: str) -> Path:
        return self.root / "references" / sha256_of(url.encode())[:16] / name
