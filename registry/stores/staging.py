"""Publishers and collectors do not meet: staging entries on one side, the sweep on the other.

A publisher writes what its release will need to `staging/<manifest>.json` before it asks
what the store has; whoever removes objects announces a sweep in `sweep.json` before it
asks what is needed. Each writes first and reads after, so at least one of them sees the
other (Dekker's argument): either the collector keeps what the entry names, or the
publisher sees the sweep, waits for its end and looks at every object again.

>>> import tempfile
>>> from registry.stores import open_store
>>> with tempfile.TemporaryDirectory() as folder:
...     store = open_store(folder)
...     stage = Stage.enter(store, "0" * 64, ["objects/sha256/ab/cd"], of="reviews@1.2.0", by="Kim")
...     [(entry.of, len(entry.needs)) for entry in staged(store)], stage.disturbed()
([('reviews@1.2.0', 2)], False)
"""

from __future__ import annotations

import os
import secrets
import socket
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from registry.errors import IntegrityError, LockHeldError, NotFoundError, StateError, StoreError, VersionExistsError
from registry.model.digest import canonical
from registry.stores.base import Store
from registry.stores.objects import at_once, parse_object

SWEEP_KEY = "sweep.json"
FORMAT = "registry.sweep/1"
STAGED = "registry.staging/1"
FRESH = timedelta(days=7)  # a staging entry that is older belongs to a publisher that is gone
LEASE = timedelta(hours=1)  # a sweep that is older was killed; one that runs stops long before
PATIENCE = 60.0  # seconds that a publisher waits for the end of a sweep
POLL = 0.2  # seconds
TRIES = 16
BROKEN = "remove {} from the store while nobody {} there: registry never leaves it so"
_AT_WORK: set[str] = set()  # sweeps of this process


@dataclass(frozen=True, slots=True)
class Sweep:
    """The state of sweeping: `count` is odd from the begin to the end of a sweep; who is at it, if anybody."""

    count: int = 0
    by: str | None = None
    at: str = ""

    def to_bytes(self) -> bytes:
        """The `registry.sweep/1` document."""
        return canonical({"format": FORMAT, "count": self.count, "by": self.by, "at": self.at})

    @classmethod
    def parse(cls, data: bytes) -> Sweep:
        """Reads the state from a store; anything irregular raises `IntegrityError`."""
        raw = parse_object(data, SWEEP_KEY, hint=BROKEN.format(SWEEP_KEY, "runs gc or purge"))
        count, by, at = raw.get("count"), raw.get("by"), raw.get("at")
        if raw.get("format") != FORMAT or type(count) is not int or not isinstance(at, str):
            raise IntegrityError(
                f"{SWEEP_KEY} is broken", hint="pip install -U dataset-release-registry", key=SWEEP_KEY
            )
        return cls(count, by if isinstance(by, str) else None, at)

    @property
    def running(self) -> bool:
        """Whether somebody may be removing objects now."""
        return self.by is not None and not _past(self.at, LEASE) and not _dead(self.by)


def read_sweep(store: Store) -> tuple[Sweep, str | None]:
    """The state and its tag; a store that was never swept has neither count nor tag."""
    try:
        data, tag = store.read_tagged(SWEEP_KEY)
    except NotFoundError:
        return Sweep(), None
    return Sweep.parse(data), tag


@contextmanager
def sweeping(store: Store) -> Iterator[None]:
    """Announces a sweep while the block runs; raises `LockHeldError` while another one is at work."""
    token = _me()
    _AT_WORK.add(token.rpartition("/")[2])
    try:
        begun = _begin(store, token)
        try:
            yield
        finally:
            _end(store, begun)
    finally:
        _AT_WORK.discard(token.rpartition("/")[2])


def _begin(store: Store, token: str) -> Sweep:
    for _ in range(TRIES):
        state, tag = read_sweep(store)
        if state.by == token:
            return state  # written, and the answer got lost
        if state.running:
            raise LockHeldError(
                f"the store {store.url} is being swept",
                why=f"by {state.by} since {state.at}",
                hint="run the same command again when that has ended",
            )
        # An odd count means a sweep that has begun; one that was killed left it odd.
        begun = Sweep(state.count + 1 + state.count % 2, token, _now())
        if store.swap(SWEEP_KEY, begun.to_bytes(), tag):
            return begun
    raise StateError(f"the store {store.url} is swept by others all the time", hint="try again")


def _end(store: Store, begun: Sweep) -> None:
    state, tag = read_sweep(store)
    if state == begun:  # else it took longer than the lease, and somebody else took it over
        store.swap(SWEEP_KEY, Sweep(state.count + 1, None, _now()).to_bytes(), tag)


@dataclass(frozen=True, slots=True)
class Stage:
    """A publisher's entry; `count` is the state of sweeping after it was written."""

    store: Store
    key: str
    count: int

    @classmethod
    def enter(cls, store: Store, manifest: str, keys: Iterable[str], *, of: str = "", by: str = "") -> Stage:
        """Says that the release with this manifest digest will need the objects `keys`; durable on return.

        `of` is the release, as `name@1.2.0`, and `by` who makes it: a steward who waits for it is told.
        """
        key = f"staging/{manifest}.json"
        data = canonical({"format": STAGED, "keys": sorted(set(keys)), "of": of, "by": by, "at": _now()})
        if not store.create(key, data):  # an earlier attempt's, which may be about to grow old
            _renew(store, key, data)
        return cls(store, key, read_sweep(store)[0].count)

    def disturbed(self) -> bool:
        """Whether a sweep ran since the entry was written; waits for one that still runs.

        True means: look at every object again, absent ones may be gone since.
        `LockHeldError` where the sweep does not end.
        """
        deadline = time.monotonic() + PATIENCE
        while (state := read_sweep(self.store)[0]).running:
            if time.monotonic() > deadline:
                raise LockHeldError(
                    f"the store {self.store.url} is being swept",
                    why=f"by {state.by} since {state.at}",
                    hint="run the same command again when that has ended",
                )
            time.sleep(POLL)
        # NOTE: an odd count was left by a sweep that was killed: nobody knows what it removed.
        return state.count != self.count or state.count % 2 == 1

    @contextmanager
    def deciding(self) -> Iterator[None]:
        """Leaves when the block has decided the race: this release stands, or another one won its version."""
        try:
            yield
        except VersionExistsError:
            self.leave()
            raise
        self.leave()

    def leave(self) -> None:
        """The entry is needed no more. One that stays does no harm."""
        with suppress(StoreError):
            self.store.delete(self.key)


def _renew(store: Store, key: str, data: bytes) -> None:
    for _ in range(TRIES):
        try:
            _, tag = store.read_tagged(key)
        except NotFoundError:
            if store.create(key, data):
                return
        else:
            if store.swap(key, data, tag):
                return
    raise StateError(f"{key} is written by others all the time", hint="try again")


@dataclass(frozen=True, slots=True)
class Staged:
    """An entry as a collector reads it: what its publisher needs, for which release, by whom, since when."""

    key: str
    needs: frozenset[str]
    of: str
    by: str
    at: str

    @property
    def until(self) -> str:
        """The day after which the entry counts for nothing."""
        try:
            return (datetime.fromisoformat(self.at) + FRESH).strftime("%Y-%m-%d")
        except (ValueError, OverflowError):  # no time: nobody of ours wrote it
            return "it is removed by hand"

    @classmethod
    def parse(cls, data: bytes, key: str) -> Staged:
        """Reads an entry from a store; anything irregular raises `IntegrityError`."""
        raw = parse_object(data, key, hint=BROKEN.format(key, "releases"))
        names, at, of, by = raw.get("keys"), raw.get("at"), raw.get("of", ""), raw.get("by", "")
        sound = isinstance(names, list) and all(isinstance(text, str) for text in (at, of, by))
        if raw.get("format") != STAGED or not sound:
            raise IntegrityError(f"{key} is broken", hint="pip install -U dataset-release-registry", key=key)
        return cls(key, frozenset({key, *map(str, names or ())}), of, by, at or "")


def staged(store: Store) -> list[Staged]:
    """What publishers at work need. An entry that cannot be read raises `IntegrityError`.

    Left out is what is too old to be at work. An entry whose release stands, by whichever
    manifest, is needed by nobody either; ask that after this, of a listing that is younger.
    """
    keys = [info.key for info in store.list("staging/")]
    found = at_once(store, lambda key: _entry(store, key), keys)
    return [entry for entry in found if entry is not None and not _past(entry.at, FRESH)]


def needs_of(entries: Iterable[Staged]) -> set[str]:
    """The keys that any of the publishers needs; their entries themselves too."""
    return {key for entry in entries for key in entry.needs}


def _entry(store: Store, key: str) -> Staged | None:
    try:
        return Staged.parse(store.read(key), key)
    except NotFoundError:
        return None  # its release stands since


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _past(at: str, span: timedelta) -> bool:
    try:
        return datetime.now(UTC) - datetime.fromisoformat(at) > span
    except (ValueError, TypeError):  # no time, or one without a zone: nobody of ours wrote it
        return False


def _place() -> str:
    try:
        space = os.stat("/proc/self/ns/pid").st_ino  # noqa: PTH116 - no file of ours
    except OSError:
        space = 0
    return f"{socket.gethostname()}/{space}"


def _me() -> str:
    return f"{_place()}/{os.getpid()}/{secrets.token_hex(4)}"


def _dead(by: str) -> bool:
    """Whether `by` was a process of this machine that is gone; of other machines nothing is known."""
    place, _, rest = by.rpartition("/")
    place, _, number = place.rpartition("/")
    if place != _place() or not number.isdigit():
        return False
    if int(number) == os.getpid():
        return rest not in _AT_WORK  # its end could not be written, as on a full disk
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
