"""From a reference such as `reviews@^1.2` to one release, vetted.

>>> import tempfile
>>> from registry.stores import open_store
>>> from registry.testing.releases import make_release
>>> with tempfile.TemporaryDirectory() as folder:
...     store = open_store(folder + "/store")
...     made = make_release(store, "reviews", "1.2", {"a.csv": b"id\\n1\\n"})
...     str(resolve(store, Ref.parse("reviews@^1")).version)
'1.2.0'

Only the exact version, or a channel, reaches a release that was yanked for its quality;
one yanked for privacy or security, and a purged one, is refused.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from registry.consume.rollback import Memory
from registry.consume.source import is_missing
from registry.errors import NotFoundError, PurgedError, YankedError
from registry.model.names import Ref, Version, select
from registry.model.release import Manifest, Reference
from registry.stores.base import Store
from registry.stores.layout import (
    channels,
    names,
    open_registry,
    read_channel,
    read_files,
    read_manifest,
    read_reference,
    standings,
    versions,
)
from registry.stores.standing import Channel, Standing

KNOWN_RELEASES = 5  # whose files `known_files` counts as present; the rest is read back and hashed


@dataclass(frozen=True, slots=True)
class Released:
    """One release: reference, manifest, the manifest's bytes as they stand, and its standing if it has one.

    `remark` is what else a consumer must hear about how it was found.
    """

    reference: Reference
    manifest: Manifest
    raw: bytes
    standing: Standing | None = None
    remark: str = ""

    @property
    def name(self) -> str:
        """The dataset."""
        return self.manifest.name

    @property
    def version(self) -> Version:
        """The version."""
        return self.manifest.version

    @property
    def warning(self) -> str | None:
        """What a consumer must hear before using the release."""
        if self.standing is None or not self.standing.withdrawn:
            return self.remark or None
        return f"{self.name}@{self.version} was yanked: {self.standing.reason}"


def cache_folder() -> Path:
    """The cache of this user, or the one that `REGISTRY_CACHE` names."""
    named = os.environ.get("REGISTRY_CACHE")
    return Path(named).expanduser() if named else Path.home() / ".cache" / "registry"


def resolve(store: Store, ref: Ref, *, withdrawn: bool = False, allow_rollback: bool = False) -> Released:
    """The release that `ref` selects.

    `NotFoundError` names what there is instead; `YankedError` and `PurgedError` refuse
    what may not be used, unless `withdrawn` (for those who only want to know of it).
    `RollbackError` refuses a channel that this user has seen further on.
    """
    open_registry(store)
    known = versions(store, ref.name)
    if not known:
        raise no_dataset(store, ref.name)
    log = standings(store, ref.name)
    version, channel = _chosen(store, ref, known, log)
    standing = log.get(version)
    if standing and standing.refused and not withdrawn:
        raise refusal(ref.name, version, standing)
    reference = read_reference(store, ref.name, version)
    if channel and channel.manifest != reference.manifest:
        raise NotFoundError(
            f"the channel {ref} does not point to the release {version} as it stands",
            hint=f"registry promote {ref.name}@{version} {ref.spec}",
        )
    manifest, raw = read_manifest(store, ref.name, version, reference)
    remark = ""
    if channel and not withdrawn:
        memory = Memory(cache_folder(), store.url, ref.name, ref.spec)
        remark = memory.admit(channel, allow_rollback=allow_rollback)
    return Released(reference, manifest, raw, standing, remark)


def _chosen(
    store: Store, ref: Ref, known: list[Version], log: Mapping[Version, Standing]
) -> tuple[Version, Channel | None]:
    if Version.is_version(ref.spec):
        exact = Version.parse(ref.spec)
        if exact not in known:
            raise _no_version(ref, known)
        return exact, None
    if ref.spec != "latest" and ref.spec[0] not in "^~":
        channel = read_channel(store, ref.name, ref.spec)
        if channel is None or channel.version not in known:
            raise _no_version(ref, known, channels(store, ref.name))
        return channel.version, channel
    standing = [version for version in known if version not in log or not log[version].withdrawn]
    version = select(ref.spec, standing)
    if version is None:
        raise _no_version(ref, known, withdrawn=len(standing) < len(known))
    return version, None


def find_released(store: Store, name: str, version: Version) -> Released | None:
    """The release of exactly this version, whatever its standing, or None."""
    if version not in versions(store, name):
        return None
    reference = read_reference(store, name, version)
    manifest, raw = read_manifest(store, name, version, reference)
    return Released(reference, manifest, raw, standings(store, name).get(version))


def find_previous(store: Store, name: str, version: Version | None) -> Released | None:
    """The greatest release below `version` (or of all) that is no pre-release, or None.

    Withdrawn ones count: their number is taken, and somebody may use them.
    """
    fitting = [known for known in versions(store, name) if not known.pre and (version is None or known < version)]
    return find_released(store, name, fitting[-1]) if fitting else None


def known_files(store: Store, name: str) -> frozenset[tuple[str, str, int]]:
    """(md5, sha256, size) of the files that the latest releases vouch for; purged ones vouch for nothing."""
    log = standings(store, name)
    standing = [v for v in versions(store, name) if v not in log or log[v].state != "purged"]
    found: set[tuple[str, str, int]] = set()
    for version in standing[-KNOWN_RELEASES:]:
        manifest, _ = read_manifest(store, name, version, read_reference(store, name, version))
        found |= {(entry.md5, entry.sha256, entry.size) for entry in read_files(store, manifest)}
    return frozenset(found)


def refusal(name: str, version: Version, standing: Standing) -> NotFoundError:
    """The error for a release that was withdrawn."""
    if standing.state == "purged":
        return PurgedError(
            f"{name}@{version} was purged on {standing.at[:10]}", why=standing.reason, hint=f"registry list {name}"
        )
    return YankedError(
        f"{name}@{version} was yanked for {standing.severity}", why=standing.reason, hint=f"registry list {name}"
    )


@contextmanager
def watching(store: Store, name: str, version: Version) -> Iterator[None]:
    """Runs a block that reads a release; what it does not find because of a purge meanwhile is a `PurgedError`."""
    try:
        yield
    except PurgedError:
        raise
    except NotFoundError as error:
        standing = standings(store, name).get(version)
        if standing and standing.state == "purged":
            raise refusal(name, version, standing) from error
        raise


def no_dataset(store: Store, name: str) -> NotFoundError:
    """The error for an unknown dataset; it names those that are near."""
    known = list(names(store))
    why = f"did you mean {_quoted(_near(name, known))}?" if _near(name, known) else _holds(known, "datasets")
    why += ", for there is no such directory" * is_missing(store.url)
    return NotFoundError(f"there is no dataset `{name}` in {store.url}", why=why, hint="registry list", names=known)


def _no_version(
    ref: Ref, known: list[Version], others: Iterable[str] = (), *, withdrawn: bool = False
) -> NotFoundError:
    texts = [str(version) for version in known]
    candidates = [*texts, *others]
    why = _holds(texts[::-1], "versions")
    if close := _near(ref.spec.lstrip("v^~"), candidates):
        why = f"near are {_quoted(close)}"
    if withdrawn:
        why = f"what it admits was yanked, purged or is a pre-release; {_holds(texts[::-1], 'versions')}"
    return NotFoundError(f"{ref} selects no release", why=why, hint=f"registry list {ref.name}", names=candidates)


def _near(name: str, known: list[str]) -> list[str]:
    return difflib.get_close_matches(name, known, 3, 0.6)


def _quoted(texts: Iterable[str]) -> str:
    return ", ".join(f"`{text}`" for text in texts)


def _holds(known: list[str], what: str) -> str:
    more = f" and {len(known) - 5} more" if len(known) > 5 else ""
    return f"there are the {what} {_quoted(known[:5])}{more}" if known else f"there are no {what}"
