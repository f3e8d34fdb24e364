"""Where releases live: a local directory, S3 or, read-only, the web, behind one small protocol.

>>> open_store("file:.registry/store").url.startswith("file:/")
True
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from registry.errors import ConfigError
from registry.stores.base import ObjectInfo, Store


@dataclass(frozen=True, slots=True)
class StoreOptions:
    """How to reach a store. Credentials come from the environment or AWS profiles only.

    `endpoint_url` is an S3 endpoint other than AWS (else `AWS_ENDPOINT_URL` counts);
    `anonymous` reads a public bucket unsigned; `timeout` is how many seconds a server may
    keep silent.
    """

    endpoint_url: str | None = None
    anonymous: bool = False
    timeout: float = 60.0


def open_store(url: str, *, options: StoreOptions | None = None) -> Store:
    """The store at `url`: `file:path`, a plain path, `s3://bucket/prefix`, or read-only `https://host/path`.

    A relative path is relative to the current directory. Nothing is read yet; an
    address of another kind raises `ConfigError`.
    """
    scheme, colon, rest = url.partition(":")
    if scheme == "s3" and colon:
        from registry.stores.obs import FastStore, usable
        from registry.stores.s3 import S3Store

        options = options or StoreOptions()
        return (FastStore if usable(options) else S3Store).at(url, options)
    if scheme in ("http", "https") and rest.startswith("//"):
        from registry.stores.web import WebStore

        return WebStore.at(url, options or StoreOptions())
    if scheme == "file" and colon:
        path = unquote(rest.removeprefix("//")) if rest.startswith("//") else rest
    elif colon and rest.startswith("//"):
        raise ConfigError(
            f"`{scheme}:` is no kind of store",
            why="a store is file:PATH, a path, s3://BUCKET/PREFIX or, to read, https://HOST/PATH",
            hint="registry list --store file:.registry/store",
        )
    else:
        path = url
    if not path:
        raise ConfigError("the address of the store is empty", hint="registry list --store file:.registry/store")
    from registry.stores.local import LocalStore

    root = Path(path).expanduser()
    if root.is_file():
        raise ConfigError(f"{root} is a file, and a store is a directory", hint="registry list --store DIRECTORY")
    return LocalStore(root)


__all__ = ["ObjectInfo", "Store", "StoreOptions", "open_store"]
