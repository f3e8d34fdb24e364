"""Which store a consumer means: `--store`, else `REGISTRY_STORE`, else `registry.toml`.

>>> store_url(Path("/nowhere"), "s3://bucket/data")
's3://bucket/data'
"""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from registry.errors import ConfigError, StoreError, UsageError
from registry.stores import Store, StoreOptions, open_store

FILE = "registry.toml"
DEFAULT = "file:.registry/store"


@dataclass(frozen=True, slots=True)
class Settings:
    """What stands in for a `registry.toml` in the directory `root`: its store, and the endpoint of S3."""

    store: str
    endpoint: str | None
    root: Path


def open_default_store(start: Path, explicit: str | None = None, settings: Settings | None = None) -> Store:
    """The store that a command started in the directory `start` works with; `settings` go before `registry.toml`.

    Raises `UsageError` where none is named, `StoreError` for a remote one under
    `REGISTRY_OFFLINE=1`.
    """
    if settings is None:
        url, options = store_url(start, explicit), store_options(start)
    else:
        url = _named(start, explicit) or _resolved(settings.store, settings.root)
        options = StoreOptions(endpoint_url=settings.endpoint)
    if is_remote(url) and offline():
        raise StoreError(
            f"the store {url.partition('?')[0]} is remote and REGISTRY_OFFLINE is set",
            why="nothing may be asked of the network",
            hint="unset REGISTRY_OFFLINE",
        )
    return open_store(url, options=options)


def store_url(start: Path, explicit: str | None = None) -> str:
    """The store's address; a relative path is resolved against the place that named it."""
    url = _named(start, explicit) or default_store_url(start)
    if url is None:
        raise UsageError(
            "no store is named",
            why=f"there is no --store, no REGISTRY_STORE and no {FILE} here or above",
            hint="registry list --store s3://bucket/datasets",
        )
    return url


def _named(start: Path, explicit: str | None) -> str | None:
    """The address that whoever calls names, or the environment."""
    found = explicit or os.environ.get("REGISTRY_STORE")
    return _resolved(found, start) if found else None


def default_store_url(start: Path) -> str | None:
    """The store of the `registry.toml` in `start` or the nearest directory above it, or None."""
    file = find_config(start)
    if file is None:
        return None
    url = _read(file).get("store", DEFAULT)
    if not isinstance(url, str):
        raise ConfigError(f"{file}: `store` is no text", hint=f"mend {file}")
    return _resolved(url, file.parent)


def store_options(start: Path) -> StoreOptions:
    """The `[s3]` table of that file."""
    file = find_config(start)
    table = _read(file).get("s3", {}) if file else {}
    endpoint = table.get("endpoint-url") if isinstance(table, dict) else None
    return StoreOptions(endpoint_url=endpoint if isinstance(endpoint, str) else None)


def find_config(start: Path) -> Path | None:
    """The nearest `registry.toml` in `start` or above."""
    folder = start.absolute()
    return next((place / FILE for place in (folder, *folder.parents) if (place / FILE).is_file()), None)


def is_remote(url: str) -> bool:
    """Whether reaching the store needs the network."""
    return url.startswith(("s3:", "https:", "http:"))


def is_missing(url: str) -> bool:
    """Whether the store would be a directory that is not there."""
    return url.startswith("file:") and not Path(url.removeprefix("file:")).exists()


def offline() -> bool:
    """Whether `REGISTRY_OFFLINE` forbids the network."""
    return os.environ.get("REGISTRY_OFFLINE", "") not in ("", "0")


def _resolved(url: str, base: Path) -> str:
    if "://" in url and not url.startswith("file:"):
        return url
    path = Path(url.removeprefix("file:").removeprefix("//")).expanduser()
    return f"file:{base.absolute() / path}"


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file} is no valid TOML", why=str(error), hint=f"mend {file}") from error
