"""`registry purge`: destroys the bytes of a release that no other release needs.

The tombstone comes first and is final, so that nobody pulls a release that is being
taken apart; the file list goes last, so that an interrupted purge can be finished by the
same command. Kept are the manifest, the schema and the changelog, which hold no rows.

>>> import tempfile
>>> from registry.stores import open_store
>>> from registry.testing.releases import make_release
>>> with tempfile.TemporaryDirectory() as folder:
...     store = open_store(folder)
...     made = make_release(store, "reviews", "1.2", {"a.csv": b"id\\n1\\n"})
...     done = purge(store, "reviews", Version(1, 2), "a name was in it", by="Kim")
...     done.state, done.destroyed, done.shared
('purged', 4, ())
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from registry.consume.resolve import Released, find_released
from registry.errors import IntegrityError, NotFoundError, UsageError
from registry.model.files import FileEntry
from registry.model.names import Version
from registry.model.release import object_key
from registry.stewardship.acting import now
from registry.stewardship.channels import no_version
from registry.stewardship.reach import KEPT, Survey, survey_to_remove, tree_of
from registry.stores.base import Store
from registry.stores.layout import Standing, at_once, channels, open_registry, read_files, record
from registry.stores.staging import Staged, needs_of, sweeping
from registry.stores.standing import channels_of


@dataclass(frozen=True, slots=True)
class Share:
    """Another release that needs some of the same data, which therefore stays.

    `waits` says until when at the latest, where that release is only about to be made.
    """

    release: str
    files: int
    bytes: int
    by: str = ""
    waits: str = ""

    def to_json(self) -> dict[str, Any]:
        """The entry in the document."""
        known = {"release": self.release, "files": self.files, "bytes": self.bytes}
        return {**known, "in_progress": {"by": self.by, "until": self.waits}} if self.waits else known


@dataclass(frozen=True, slots=True)
class Purged:
    """What was destroyed (objects and bytes), what stays because others need it, who points there still."""

    name: str
    version: str
    state: Literal["purged", "unchanged", "planned"]
    reason: str
    destroyed: int
    destroyed_bytes: int
    shared: tuple[Share, ...]
    channels: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """The `registry.purge/1` document."""
        return {
            "format": "registry.purge/1",
            "name": self.name,
            "version": self.version,
            "state": self.state,
            "reason": self.reason,
            "destroyed": {"objects": self.destroyed, "bytes": self.destroyed_bytes},
            "shared": [share.to_json() for share in self.shared],
            "channels": list(self.channels),
        }


def purge(store: Store, name: str, version: Version, reason: str, *, by: str, dry_run: bool = False) -> Purged:
    """Destroys what only this release needs. What others share is listed and stays.

    Raises `NotFoundError` for a version that was not released, `IntegrityError` where some
    release cannot be read (then nobody knows what is shared), `LockHeldError` during a sweep.
    """
    if not reason.strip():
        raise UsageError(
            "a reason is needed", why="the tombstone shows it", hint="registry purge NAME@1.0.0 --reason R"
        )
    open_registry(store)
    released = find_released(store, name, version)
    if released is None:
        raise no_version(store, name, version)
    if dry_run:
        return _take_apart(store, released, reason, "planned")
    _require_right(store)
    with sweeping(store):
        before = released.standing
        if before is None or before.state != "purged":
            _survey_of_others(store, released)
            record(store, name, version, Standing("purged", reason, by, now(), "privacy"))
        else:
            reason = before.reason
        done = _take_apart(store, released, reason, "purged")
        store.flush()
    return done


def _require_right(store: Store) -> None:
    """A tombstone is final, so whoever may not destroy the bytes must not set it; raises `StoreError`."""
    store.delete(f".probe/{secrets.token_hex(16)}")  # of nothing: only the right is tried


def _survey_of_others(store: Store, released: Released) -> tuple[list[Staged], Survey]:
    """What publishers at work need, and what the other releases do."""
    entries, found = survey_to_remove(store)
    mine = f"{released.name}@{released.version}"
    others = Survey(
        tuple(r for r in found.releases if str(r) != mine), tuple(p for p in found.problems if p.release != mine)
    )
    others.require_whole()
    return entries, others


def _take_apart(store: Store, released: Released, reason: str, state: Literal["purged", "planned"]) -> Purged:
    entries, others = _survey_of_others(store, released)
    needed = needs_of(entries)
    manifest = released.manifest
    listing = object_key(str(manifest.data["sha256"]))
    files = _files(store, released)
    documents = [a.key for path, a in manifest.artefacts.items() if path not in KEPT]
    kept = {a.key for path, a in manifest.artefacts.items() if path in KEPT}
    kept |= {object_key(released.reference.manifest), object_key(manifest.schema)}
    mine = [*(entry.key for entry in files), *(need.key for need in tree_of(manifest)), *documents]
    doomed = [key for key in dict.fromkeys(mine) if key not in needed | others.needed.keys() | kept]
    waiting = needed.intersection(mine) - others.needed.keys()
    if not waiting and listing not in needed | others.needed.keys():
        doomed.append(listing)  # last: it is what a purge is finished by that was interrupted, or has to wait
    sizes = {key: size for key in doomed if (size := store.size(key)) is not None}
    if state == "purged":
        _destroy(store, doomed)
    return Purged(
        released.name,
        str(released.version),
        "unchanged" if not sizes and state == "purged" and not files else state,
        reason,
        len(sizes),
        sum(sizes.values()),
        tuple(_shares(files, entries, others)),
        tuple(channels_of(channels(store, released.name), released.version)),
    )


def _files(store: Store, released: Released) -> tuple[FileEntry, ...]:
    """The data files; none where an earlier purge destroyed the list of them."""
    try:
        return read_files(store, released.manifest).entries
    except NotFoundError:
        if released.standing and released.standing.state == "purged":
            return ()
        raise IntegrityError(
            f"the file list of {released.name}@{released.version} is missing",
            why="without it nobody knows which bytes are to be destroyed",
            hint="registry fsck --repair --from URL",
        ) from None


def _destroy(store: Store, keys: list[str]) -> None:
    quarantined = [info.key for info in store.list("quarantine/")]
    copies = [copy for copy in quarantined if any(copy.startswith(f"quarantine/{key}") for key in keys)]
    at_once(store, store.delete, [*copies, *keys[:-1]])
    store.flush()
    at_once(store, store.delete, keys[-1:])


def _shares(files: Iterable[FileEntry], entries: Iterable[Staged], others: Survey) -> Iterable[Share]:
    sizes = {entry.key: entry.size for entry in files}
    for release in others.releases:
        common = release.data & sizes.keys()
        if common:
            yield Share(str(release), len(common), sum(sizes[key] for key in common))
    for entry in entries:
        if common := entry.needs & sizes.keys():
            amount = sum(sizes[key] for key in common)
            yield Share(entry.of or "a release in progress", len(common), amount, entry.by, entry.until)
