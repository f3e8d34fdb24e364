"""The suite of an organisation: `[gate] baseline`, wherever it lies, by its sha256.

Fetched once and kept in the user's cache by digest; after that no network is asked. Bytes of another
digest are never read.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from registry.checks.suite import Suite, parse_baseline
from registry.consume.resolve import cache_folder
from registry.consume.source import offline
from registry.errors import ConfigError, EnvironmentFailed, IntegrityError
from registry.model.digest import sha256_of
from registry.model.schema import DatasetSchema
from registry.stores import open_store
from registry.workspace.config import Pinned
from registry.workspace.files import write_bytes
from registry.workspace.workspace import Workspace
from registry.workspace.yamls import MAX_BYTES


@dataclass(frozen=True, slots=True)
class Baseline:
    """What an organisation asks of every repository, and who may waive it."""

    suite: Suite
    owners: tuple[str, ...]


def load_baseline(workspace: Workspace, schema: DatasetSchema) -> Baseline | None:
    """The baseline that `registry.toml` names, or None.

    Raises `IntegrityError` where the bytes are others, `EnvironmentFailed` where they cannot be had.
    """
    pinned = workspace.config.baseline
    if pinned is None:
        return None
    text = _bytes(pinned, workspace.home).decode("utf-8", "replace")
    return Baseline(*parse_baseline(text, pinned.url, schema))


def _bytes(pinned: Pinned, root: Path) -> bytes:
    kept = cache_folder() / "baselines" / f"{pinned.sha256}.yaml"
    try:
        data = kept.read_bytes()
    except OSError:
        data = b""
    if sha256_of(data) == pinned.sha256:
        return data
    data = _fetched(pinned, root)
    if sha256_of(data) != pinned.sha256:
        raise IntegrityError(
            f"the baseline {pinned.url} has other bytes than registry.toml names",
            why=f"its sha256 is {sha256_of(data)}",
            hint="ask whoever keeps it; a new version of it is a new `sha256` under [gate] of registry.toml",
        )
    write_bytes(kept, data)
    return data


def _fetched(pinned: Pinned, root: Path) -> bytes:
    if pinned.url.startswith("file:"):
        file = root / pinned.url.removeprefix("file://").removeprefix("file:")
        try:
            with file.open("rb") as opened:
                return opened.read(MAX_BYTES)
        except OSError as error:
            raise EnvironmentFailed(f"the baseline {pinned.url} cannot be read", why=error.strerror or "") from error
    if offline():
        raise EnvironmentFailed(
            f"the baseline {pinned.url} is not in the cache, and REGISTRY_OFFLINE is set", hint="unset REGISTRY_OFFLINE"
        )
    place, _, name = pinned.url.rpartition("/")
    if name in ("", ".", ".."):
        raise ConfigError(f"the baseline {pinned.url} names no file", hint="mend registry.toml")
    return b"".join(open_store(place).stream(name, 0, MAX_BYTES))
