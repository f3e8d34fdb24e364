"""`registry://reviews@1.2/train.parquet` for whatever opens files through fsspec: pandas, polars, DuckDB, datasets.

    pandas.read_parquet("registry://reviews@1.2/train.parquet", storage_options={"store": "s3://bucket/datasets"})

The first part names the release, the rest a file of it. Data is read by parts, each block
of 4 MiB verified before a byte of it is given; nothing can be written.

>>> RegistryFileSystem._strip_protocol("registry://reviews@^1.2/train/a.parquet")
'reviews@^1.2/train/a.parquet'
"""

from __future__ import annotations

import io
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from fsspec import AbstractFileSystem

from registry.consume.contents import Contents, contents_of
from registry.consume.load import note, warn_of
from registry.consume.opened import OpenedFiles
from registry.consume.origin import Origin
from registry.errors import UsageError
from registry.model.names import Ref


class RegistryFileSystem(AbstractFileSystem):  # type: ignore[misc]
    """Released files, read-only; `store` is an address as for `--store`, else that of the environment."""

    protocol = "registry"
    root_marker = ""

    def __init__(self, store: str | None = None, **options: Any) -> None:
        super().__init__(**options)
        self._store = store
        self._start = Path().absolute()
        self._known: dict[str, _Release] = {}

    def ls(self, path: str, detail: bool = True, **options: Any) -> list[Any]:
        """What lies in a folder of a release; of a file that file itself."""
        ref, inside = self._parts(path)
        found: dict[str, dict[str, Any]] = {}
        for name, size in self._release(ref).sizes.items():
            if name == inside:
                found = {name: _file(ref, name, size)}
                break
            if name.startswith(f"{inside}/" if inside else ""):
                at, _, below = name.removeprefix(inside).lstrip("/").partition("/")
                here = f"{inside}/{at}".lstrip("/")
                found[here] = _folder(f"{ref}/{here}") if below else _file(ref, here, size)
        if not found:
            raise FileNotFoundError(path)
        return list(found.values()) if detail else [entry["name"] for entry in found.values()]

    def info(self, path: str, **options: Any) -> dict[str, Any]:
        """Name, size and type of a file or a folder."""
        ref, inside = self._parts(path)
        sizes = self._release(ref).sizes
        if inside in sizes:
            return _file(ref, inside, sizes[inside])
        if inside and not any(name.startswith(f"{inside}/") for name in sizes):
            raise FileNotFoundError(path)
        return _folder(f"{ref}/{inside}".rstrip("/"))

    def ukey(self, path: str) -> str:
        """The sha256 of a file: equal keys are equal bytes."""
        ref, inside = self._parts(path)
        digests = self._release(ref).digests
        if inside not in digests:
            raise FileNotFoundError(path)
        return digests[inside]

    def modified(self, path: str) -> datetime:
        """When the release was made: no file of it changes later."""
        return datetime.fromisoformat(self._release(self._parts(path)[0]).origin.released.reference.at)

    def invalidate_cache(self, path: str | None = None) -> None:
        """Forgets which releases `latest`, ranges and channels were."""
        self._known.clear()

    def _open(self, path: str, mode: str = "rb", **options: Any) -> IO[bytes]:
        if mode != "rb":
            raise UsageError("what is released is not written to", hint="registry add PATH, then registry release")
        ref, inside = self._parts(path)
        return self._release(ref).open(inside)

    def _parts(self, path: str) -> tuple[str, str]:
        ref, _, inside = self._strip_protocol(path).strip("/").partition("/")
        if not ref:
            raise UsageError("no release is named", hint="registry://reviews@1.2/train.parquet; registry list")
        return ref, inside

    def _release(self, ref: str) -> _Release:
        known = self._known.get(ref)
        if known is None:
            known = self._known[ref] = _Release(Origin.find(self._start, self._store, Ref.parse(ref)), self._start)
            note(ref, known.origin.released)
            warn_of(known.origin)
        return known


class _Release:
    """One release: its files by path."""

    def __init__(self, origin: Origin, start: Path) -> None:
        self.origin = origin
        released, files = origin.released, origin.files
        origin.remember()
        contents: Contents = contents_of(released.manifest, released.raw, files, files.entries)
        self.sizes = {item.path: item.size for item in contents}
        self.digests = {item.path: item.sha256 for item in contents}
        self._files = OpenedFiles.of(origin.url, start, files, (released.name, released.version))

    def open(self, path: str) -> IO[bytes]:
        """A file to read: data by parts, a document whole."""
        if path in self._files.entries:
            return io.BufferedReader(self._files / path)
        if path in self.digests:
            return io.BytesIO(self.origin.document(self.digests[path]))
        raise FileNotFoundError(path)


def _file(ref: str, path: str, size: int) -> dict[str, Any]:
    return {"name": f"{ref}/{path}", "size": size, "type": "file"}


def _folder(name: str) -> dict[str, Any]:
    return {"name": name, "size": 0, "type": "directory"}
