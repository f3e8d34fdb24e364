"""`registry gc`: removes what no release and no publisher at work needs.

In two steps, a grace period apart: what nothing needs is written down with the time it
was first seen so; what is still on that list after the grace period is removed. Both
under the rule of `registry.stores.staging`, so that a publisher may be at work.

>>> import tempfile
>>> from registry.stores import open_store
>>> with tempfile.TemporaryDirectory() as folder:
...     store = open_store(folder)
...     store.create("files/md5/ab/" + "c" * 30, b"left over")
...     gc(store, GcOptions(delete=True, grace=timedelta(0))).doomed
...     gc(store, GcOptions(delete=True, grace=timedelta(0))).removed
True
1
1
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from registry.errors import IntegrityError, NotFoundError, UsageError
from registry.model.digest import canonical
from registry.stewardship.acting import now
from registry.stewardship.reach import survey_to_remove
from registry.stores.base import Store
from registry.stores.layout import at_once, open_registry, parse_object
from registry.stores.staging import LEASE, Staged, needs_of, sweeping

DOOMED_KEY = "doomed.json"
FORMAT = "registry.doomed/1"
GRACE = timedelta(days=7)
OURS = ("files/md5/", "objects/sha256/", ".tmp/", ".probe/", "staging/")  # where what nobody needs may lie
UNITS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
BATCH = 256


@dataclass(frozen=True, slots=True)
class GcOptions:
    """Whether to remove anything, and how long something must have been needed by nothing."""

    delete: bool = False
    grace: timedelta = GRACE


@dataclass(frozen=True, slots=True)
class Collected:
    """Objects and bytes: kept, waiting for the grace period to end (`doomed`), due, and removed.

    `in_progress` are the releases about to be made, for which objects are kept too.
    """

    kept: int
    doomed: int
    doomed_bytes: int
    due: int
    due_bytes: int
    removed: int = 0
    removed_bytes: int = 0
    in_progress: tuple[Staged, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The `registry.gc/1` document."""
        return {
            "format": "registry.gc/1",
            "kept": {"objects": self.kept},
            "waiting": {"objects": self.doomed, "bytes": self.doomed_bytes},
            "due": {"objects": self.due, "bytes": self.due_bytes},
            "removed": {"objects": self.removed, "bytes": self.removed_bytes},
            "in_progress": [{"release": one.of, "by": one.by, "until": one.until} for one in self.in_progress],
        }


def parse_span(text: str) -> timedelta:
    """`7d`, `12h`, `30m`, `0`; anything else raises `UsageError`."""
    found = re.fullmatch(r"(\d{1,6})([dhms]?)", text)
    if not found or (not found[2] and int(found[1])):
        raise UsageError(
            f"`{text}` is no span of time", why="it reads 7d, 12h, 30m or 0", hint="registry gc --grace 7d"
        )
    return timedelta(seconds=int(found[1]) * UNITS.get(found[2], 1))


def gc(store: Store, options: GcOptions | None = None) -> Collected:
    """Says what could be removed; with `delete` marks it, and removes what was marked a grace period ago.

    `IntegrityError` where a release cannot be read (then nothing is removed),
    `LockHeldError` while another sweep runs.
    """
    options = options or GcOptions()
    open_registry(store)
    if not options.delete:
        unneeded, kept, entries = _unneeded(store)
        counted = _counted(unneeded, kept, _due(unneeded, _read_doomed(store)[0], options.grace))
        return replace(counted, in_progress=entries)
    with sweeping(store):
        unneeded, kept, entries = _unneeded(store)
        marked, tag = _read_doomed(store)
        due = _due(unneeded, marked, options.grace)
        removed = _remove(store, sorted(due))
        rest = {key: marked.get(key) or now() for key in unneeded if key not in removed}
        if rest != marked:
            store.swap(DOOMED_KEY, canonical({"format": FORMAT, "keys": rest}), tag)
        store.flush()
    counted = _counted({key: size for key, size in unneeded.items() if key not in removed}, kept, due - removed)
    amount = sum(unneeded[key] for key in removed)
    return replace(counted, removed=len(removed), removed_bytes=amount, in_progress=entries)


def _unneeded(store: Store) -> tuple[dict[str, int], int, tuple[Staged, ...]]:
    """Objects that nothing needs, with their sizes; how many are needed; the releases in progress."""
    entries, found = survey_to_remove(store)
    found.require_whole()
    needed = found.needed.keys() | needs_of(entries)
    # NOTE: last, so that what is listed may be needed by neither.
    listed = {info.key: info.size for prefix in OURS for info in store.list(prefix)}
    unneeded = {key: size for key, size in listed.items() if key not in needed}
    return unneeded, len(listed) - len(unneeded), tuple(entries)


def _due(unneeded: Mapping[str, int], marked: Mapping[str, str], grace: timedelta) -> set[str]:
    ago = {key: datetime.now(UTC) - datetime.fromisoformat(at) for key, at in marked.items() if key in unneeded}
    # A temporary file is no entry's to name, so it may be somebody's at work: no shorter grace for those.
    return {key for key, age in ago.items() if age >= (max(grace, GRACE) if key.startswith(".") else grace)}


def _counted(unneeded: Mapping[str, int], kept: int, due: set[str]) -> Collected:
    waiting = [key for key in unneeded if key not in due]
    return Collected(
        kept, len(waiting), sum(unneeded[key] for key in waiting), len(due), sum(unneeded[key] for key in due)
    )


def _remove(store: Store, keys: list[str]) -> set[str]:
    """Removes `keys`; stops where the lease of the sweep nears its end, and the next run goes on."""
    deadline = time.monotonic() + LEASE.total_seconds() / 2
    removed: set[str] = set()
    for start in range(0, len(keys), BATCH):
        if time.monotonic() > deadline:
            break
        batch = keys[start : start + BATCH]
        at_once(store, store.delete, batch)
        removed.update(batch)
    return removed


def _was(moment: datetime) -> bool:
    """Whether `moment` has a zone and is not to come: a wrong clock or bit must keep nothing for ever."""
    return moment.tzinfo is not None and moment <= datetime.now(UTC)


def _read_doomed(store: Store) -> tuple[dict[str, str], str | None]:
    """What was marked and when; a list that cannot be read is an empty one, and the grace begins anew."""
    try:
        data, tag = store.read_tagged(DOOMED_KEY)
    except NotFoundError:
        return {}, None
    try:
        raw = parse_object(data, DOOMED_KEY)
        keys = raw["keys"] if raw.get("format") == FORMAT else {}
        return {str(key): str(at) for key, at in keys.items() if _was(datetime.fromisoformat(at))}, tag
    except (IntegrityError, KeyError, AttributeError, TypeError, ValueError):
        return {}, tag
