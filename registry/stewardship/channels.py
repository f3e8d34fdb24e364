"""`registry promote`: points a channel to a release.

>>> import tempfile
>>> from registry.stores import open_store
>>> from registry.testing.releases import make_release
>>> with tempfile.TemporaryDirectory() as folder:
...     store = open_store(folder)
...     made = make_release(store, "reviews", "1.2", {"a.csv": b"id\\n1\\n"})
...     promote(store, "reviews", Version(1, 2), "stable", by="Kim").sequence
1

A channel moves by compare-and-swap and its sequence only grows, also when it goes back
to an older version; so a consumer who has seen a later move notices a store that was
set back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from registry.consume.resolve import find_released, no_dataset, refusal
from registry.errors import NotFoundError, StateError, UsageError
from registry.model.names import CHANNEL, MAX_NAME, RESERVED, Version
from registry.stewardship.acting import now
from registry.stores.base import Store
from registry.stores.layout import channels, move_channel, open_registry, versions


@dataclass(frozen=True, slots=True)
class Promotion:
    """Where a channel points now; `previous` is the version it pointed to before this move."""

    name: str
    version: str
    channel: str
    manifest: str
    sequence: int
    previous: str | None
    state: Literal["promoted", "unchanged", "planned"]

    def to_json(self) -> dict[str, Any]:
        """The `registry.promote/1` document."""
        return {
            "format": "registry.promote/1",
            "name": self.name,
            "version": self.version,
            "channel": self.channel,
            "manifest": f"sha256:{self.manifest}",
            "sequence": self.sequence,
            "previous": self.previous,
            "state": self.state,
        }


def promote(store: Store, name: str, version: Version, channel: str, *, by: str, dry_run: bool = False) -> Promotion:
    """Points `channel` of `name` to `version`.

    Raises `UsageError` for a channel's name that reads as something else, `NotFoundError`
    for a version that was not released, `StateError` for one that was withdrawn, also where
    that happened meanwhile: the channel has moved then, and consumers are warned or refused.
    """
    _require_channel(channel)
    open_registry(store)
    manifest = _require_standing(store, name, version)
    before = channels(store, name).get(channel)
    if before and (before.version, before.manifest) == (version, manifest):
        return Promotion(name, str(version), channel, manifest, before.sequence, before.previous, "unchanged")
    if dry_run:
        sequence, previous = (before.sequence + 1, str(before.version)) if before else (1, None)
        return Promotion(name, str(version), channel, manifest, sequence, previous, "planned")
    moved = move_channel(store, name, channel, version, manifest, by=by, at=now())
    _require_standing(store, name, version)  # once more: of a yank at the same time, one of the two sees the other
    return Promotion(name, str(version), channel, manifest, moved.sequence, moved.previous, "promoted")


def _require_channel(channel: str) -> None:
    legal = CHANNEL.match(channel) and len(channel) <= MAX_NAME
    if legal and channel not in RESERVED and not Version.is_version(channel):
        return
    raise UsageError(
        f"`{channel}` is no name for a channel",
        why="it has lower-case letters, digits and inner hyphens, and is no version, `latest` or `auto`",
        hint="registry promote NAME@1.0.0 stable",
    )


def _require_standing(store: Store, name: str, version: Version) -> str:
    """The digest of the manifest of a release that may be promoted."""
    released = find_released(store, name, version)
    if released is None:
        raise no_version(store, name, version)
    standing = released.standing
    if standing and standing.withdrawn:
        raise StateError(
            f"{name}@{version} is withdrawn and cannot be promoted",
            why=str(refusal(name, version, standing)),
            hint=f"registry list {name}" if standing.state == "purged" else f"registry unyank {name}@{version}",
        )
    return released.reference.manifest


def no_version(store: Store, name: str, version: Version) -> NotFoundError:
    """The error for a version that was not released; it names the newest that were."""
    known = [str(found) for found in versions(store, name)]
    if not known:
        return no_dataset(store, name)
    return NotFoundError(
        f"{name}@{version} was not released",
        why=f"there are the versions {', '.join(known[-5:][::-1])}",
        hint=f"registry list {name}",
        names=known,
    )
