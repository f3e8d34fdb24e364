"""What may change about a release: its standing (yanked, restored, purged) and the channels.

The standing is an append-only log per version, of which the last entry counts; a
purge is final. A channel names one version, moves by compare-and-swap, and its
sequence only grows.

>>> import tempfile
>>> from registry.stores import open_store
>>> with tempfile.TemporaryDirectory() as folder:
...     store = open_store(folder)
...     moved = move_channel(store, "reviews", "stable", Version(1), "0" * 64, by="Kim", at="2026-01-01T00:00:00Z")
...     moved.sequence, channels(store, "reviews")["stable"].version
(1, Version(major=1, minor=0, patch=0, pre=()))
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from registry.errors import IntegrityError, NotFoundError, StateError
from registry.model.digest import canonical, is_sha256
from registry.model.names import CHANNEL, Version
from registry.stores.base import Store
from registry.stores.objects import at_once, parse_object

State = Literal["yanked", "restored", "purged"]
Harm = Literal["quality", "privacy", "security"]
TRIES = 64


@dataclass(frozen=True, slots=True)
class Standing:
    """One entry of the log: what was done to a version, why, by whom and when (RFC 3339, UTC)."""

    state: State
    reason: str
    by: str
    at: str
    severity: Harm = "quality"

    @property
    def withdrawn(self) -> bool:
        """Whether `latest` and ranges pass the version over."""
        return self.state != "restored"

    @property
    def refused(self) -> bool:
        """Whether even an exact pin is refused."""
        return self.state == "purged" or (self.state == "yanked" and self.severity != "quality")

    def to_json(self) -> dict[str, Any]:
        """The `registry.status/1` document."""
        return {
            "format": "registry.status/1",
            "state": self.state,
            "severity": self.severity,
            "reason": self.reason,
            "by": self.by,
            "at": self.at,
        }

    @classmethod
    def parse(cls, data: bytes, where: str) -> Standing:
        """Reads an entry from a store; anything irregular raises `IntegrityError`."""
        raw = parse_object(data, where)
        text = all(isinstance(raw.get(field), str) for field in ("reason", "by", "at"))
        known = raw.get("state") in get_args(State) and raw.get("severity") in get_args(Harm)
        if raw.get("format") != "registry.status/1" or not (text and known):
            raise IntegrityError(f"{where} is broken", hint="pip install -U dataset-release-registry", key=where)
        return cls(raw["state"], raw["reason"], raw["by"], raw["at"], raw["severity"])


@dataclass(frozen=True, slots=True)
class Channel:
    """Which version a channel means; `sequence` grows by one with each move."""

    version: Version
    manifest: str
    sequence: int
    previous: str | None
    by: str
    at: str

    def to_bytes(self) -> bytes:
        """The `registry.channel/1` document."""
        return canonical(
            {
                "format": "registry.channel/1",
                "version": str(self.version),
                "manifest": f"sha256:{self.manifest}",
                "sequence": self.sequence,
                "previous": self.previous,
                "by": self.by,
                "at": self.at,
            }
        )

    @classmethod
    def parse(cls, data: bytes, where: str) -> Channel:
        """Reads a channel from a store; anything irregular raises `IntegrityError`."""
        raw = parse_object(data, where)
        version, sequence = raw.get("version"), raw.get("sequence")
        manifest = str(raw.get("manifest")).removeprefix("sha256:")
        sound = (
            raw.get("format") == "registry.channel/1"
            and isinstance(version, str)
            and Version.is_version(version)
            and is_sha256(manifest)
            and type(sequence) is int
            and sequence > 0
        )
        if not sound:
            raise IntegrityError(f"{where} is broken", hint="pip install -U dataset-release-registry", key=where)
        previous = raw.get("previous")
        return cls(
            Version.parse(str(version)), manifest, int(sequence or 0),
            str(previous) if previous else None, str(raw.get("by", "")), str(raw.get("at", "")),
        )  # fmt: skip


def standings(store: Store, name: str) -> dict[Version, Standing]:
    """The standing of each version that has one; a purge stays whatever follows it."""
    prefix = f"status/{name}/"
    logs: dict[Version, list[tuple[int, str]]] = {}
    for info in store.list(prefix):
        stem, _, number = info.key[len(prefix) :].removesuffix(".json").rpartition("/")
        if Version.is_canonical(stem) and number.isdecimal():
            logs.setdefault(Version.parse(stem), []).append((int(number), info.key))
    keys = [key for log in logs.values() for _, key in sorted(log)]
    entries = dict(zip(keys, at_once(store, lambda key: Standing.parse(store.read(key), key), keys), strict=True))
    return {version: _last([entries[key] for _, key in sorted(log)]) for version, log in sorted(logs.items())}


def _last(log: list[Standing]) -> Standing:
    return next((entry for entry in log if entry.state == "purged"), log[-1])


def record(store: Store, name: str, version: Version, standing: Standing) -> str:
    """Appends to the log of a version; returns the key. The entry is durable on return."""
    prefix = f"status/{name}/{version}/"
    data = canonical(standing.to_json())
    # NOTE: after the highest number, not the count: where an entry was removed, or one stands far ahead,
    # the last number decides all the same.
    stems = (info.key[len(prefix) :].removesuffix(".json") for info in store.list(prefix))
    number = max((int(stem) for stem in stems if stem.isdecimal()), default=0) + 1
    for key in (f"{prefix}{n:06}.json" for n in range(number, number + TRIES)):
        if store.create(key, data) or store.read(key) == data:  # the answer to an earlier attempt may have got lost
            return key
    raise StateError(f"the log of {name}@{version} is written too often at once", hint="try again")


def channels(store: Store, name: str) -> dict[str, Channel]:
    """All channels of a dataset, by name."""
    prefix = f"channels/{name}/"
    keys = [info.key for info in store.list(prefix)]
    stems = [key[len(prefix) :].removesuffix(".json") for key in keys]
    known = [(stem, key) for stem, key in zip(stems, keys, strict=True) if CHANNEL.match(stem)]
    return dict(at_once(store, lambda pair: (pair[0], Channel.parse(store.read(pair[1]), pair[1])), known))


def read_channel(store: Store, name: str, channel: str) -> Channel | None:
    """One channel of a dataset, or None where there is none."""
    return _current(store, f"channels/{name}/{channel}.json")[0]


def move_channel(
    store: Store, name: str, channel: str, version: Version, manifest: str, *, by: str, at: str
) -> Channel:
    """Points `channel` to a version; a race is decided by compare-and-swap and tried again."""
    key = f"channels/{name}/{channel}.json"
    for _ in range(TRIES):
        current, tag = _current(store, key)
        if current and (current.version, current.manifest) == (version, manifest):
            return current
        sequence, previous = (current.sequence + 1, str(current.version)) if current else (1, None)
        moved = Channel(version, manifest, sequence, previous, by, at)
        if store.swap(key, moved.to_bytes(), tag):
            return moved
    raise StateError(f"the channel {name}@{channel} is moved by others all the time", hint="try again")


def _current(store: Store, key: str) -> tuple[Channel | None, str | None]:
    try:
        data, tag = store.read_tagged(key)
    except NotFoundError:
        return None, None
    return Channel.parse(data, key), tag


def channels_of(known: Mapping[str, Channel], version: Version) -> list[str]:
    """The channels that point to `version`, sorted."""
    return sorted(channel for channel, state in known.items() if state.version == version)
