"""`registry fsck`: names every object of a store that is missing, wrong, foreign or needed by nothing.

>>> import tempfile
>>> from registry.stores import open_store
>>> from registry.testing.releases import make_release
>>> with tempfile.TemporaryDirectory() as folder:
...     store = open_store(folder)
...     made = make_release(store, "reviews", "1.2", {"a.csv": b"id\\n1\\n"})
...     report = fsck(store, FsckOptions(depth="data"))
...     report.ok, report.problems, report.strays
(True, (), ())

Problems harm a release: `missing`, `corrupt`, `dangling` (a channel that points to
nothing). Strays do not: `foreign` (not of our layout), `orphaned` (needed by nothing),
`abandoned` (left by a killed process), `stale` (the index says other than the
references), `unfinished` (a purge was interrupted, or has to wait for a publisher).
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from registry.errors import IntegrityError, NotFoundError
from registry.mirrors import record
from registry.model.names import CHANNEL, Version, is_dataset_name
from registry.model.release import reference_key
from registry.stewardship.checkpoint import Checkpoint
from registry.stewardship.gc import DOOMED_KEY
from registry.stewardship.reach import (
    DATA,
    DOCUMENT,
    Kind,
    Needed,
    Problem,
    Survey,
    at_work,
    by_name,
    parse_reference_key,
    survey,
)
from registry.stores.base import Store
from registry.stores.index import INDEX_KEY, unlisted
from registry.stores.layout import ROOT_KEY, Channel, Standing, at_once, catalogue, open_registry
from registry.stores.staging import SWEEP_KEY, Staged, Sweep, needs_of, staged

Depth = Literal["quick", "usual", "data"]
Progress = Callable[[int, int], None]
TOP = frozenset({ROOT_KEY, INDEX_KEY, SWEEP_KEY, DOOMED_KEY})
PASSING = (".tmp/", ".probe/", "staging/")
ENTRY = re.compile(r"(status/[^/]+/[^/]+)/([0-9]+)\.json")
BATCH = 1024
RUN = 32


@dataclass(frozen=True, slots=True)
class FsckOptions:
    """How deep to look.

    `quick`: presence and sizes; `usual`: documents are hashed too; `data`: every byte.
    `checkpoint` is a file that remembers what was hashed, so that the same command goes
    on after an interruption. `progress` is called with (objects, bytes) since its last call,
    `total` once before it, with the bytes to come.
    """

    depth: Depth = "usual"
    checkpoint: Path | None = None
    progress: Progress | None = None
    total: Callable[[int], None] | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What was looked at, and what is wrong; `harmed` are all releases that a problem touches."""

    depth: Depth
    releases: int
    objects: int
    hashed: int
    hashed_bytes: int
    problems: tuple[Problem, ...]
    strays: tuple[Problem, ...]
    harmed: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether every release is whole."""
        return not self.problems

    def to_json(self) -> dict[str, Any]:
        """The `registry.fsck/1` document."""
        return {
            "format": "registry.fsck/1",
            "ok": self.ok,
            "depth": self.depth,
            "releases": self.releases,
            "checked": {"objects": self.objects, "hashed": self.hashed, "bytes": self.hashed_bytes},
            "harmed": list(self.harmed),
            "problems": [problem.to_json() for problem in self.problems],
            "strays": [stray.to_json() for stray in self.strays],
        }


def fsck(store: Store, options: FsckOptions | None = None) -> Report:
    """Looks at the whole store. Nothing is changed; `registry.stewardship.repair` mends."""
    options = options or FsckOptions()
    problems = _root_problem(store)
    listed = {info.key: info.size for prefix in ("", *PASSING[:1]) for info in store.list(prefix)}
    found = survey(store)
    problems += [*found.problems, *_absent(found, listed), *_logs(store, found, listed), *_unlisted(store)]
    strays = _strays(store, found, listed)
    orphans = {stray.key: need for stray in strays if stray.kind == "orphaned" and (need := by_name(stray.key))}
    wanted = [need for need, _ in found.needed.values() if listed.get(need.key) is not None] + [*orphans.values()]
    known_wrong = {problem.key for problem in problems}
    chosen = [n for n in wanted if n.key not in known_wrong and _to_hash(n.key, options.depth)]
    wrong, amount = _hashed(store, chosen, listed, options)
    problems += [Problem(need.key, "corrupt", *_owner(found, need)) for need in wrong if need.key not in orphans]
    strays = [*(s for s in strays if s.key not in {w.key for w in wrong}), *_wrong_orphans(wrong, orphans)]
    return Report(
        options.depth,
        len(found.releases) + len(found.problems),
        len(listed),
        len(chosen),
        amount,
        tuple(sorted(set(problems))),
        tuple(sorted(set(strays))),
        _harmed(found, problems),
    )


def _harmed(found: Survey, problems: list[Problem]) -> tuple[str, ...]:
    """Every release that needs an object with a problem, not only the first one."""
    wrong = {problem.key for problem in problems}
    needing = {str(release) for release in found.releases if not wrong.isdisjoint(release.needs)}
    return tuple(sorted(needing | {problem.release for problem in problems if problem.release}))


def _wrong_orphans(wrong: list[Needed], orphans: Mapping[str, Needed]) -> Iterator[Problem]:
    for need in wrong:
        if need.key in orphans:
            yield Problem(need.key, "corrupt")


def _root_problem(store: Store) -> list[Problem]:
    """A store of a newer format is nobody's to judge (`StoreError`); one whose mark is broken can be."""
    try:
        open_registry(store)
    except IntegrityError:
        return [Problem(ROOT_KEY, "corrupt")]
    return []


def _owner(found: Survey, need: Needed) -> tuple[str, str]:
    known, release = found.needed.get(need.key, (need, ""))
    return release, known.path


def _absent(found: Survey, listed: Mapping[str, int]) -> Iterator[Problem]:
    for key, (need, release) in found.needed.items():
        if key not in listed:
            yield Problem(key, "missing", release, need.path)
        elif need.size not in (None, listed[key]):
            yield Problem(key, "corrupt", release, need.path)


def _unlisted(store: Store) -> Iterator[Problem]:
    """References that somebody removed: the index is the witness that they stood."""
    for name, version in unlisted(store):
        yield Problem(reference_key(name, version), "missing", f"{name}@{version}")


def _to_hash(key: str, depth: Depth) -> bool:
    if depth == "usual":
        return key.startswith("objects/") or key.endswith(".dir")
    return depth == "data"


def _hashed(
    store: Store, wanted: list[Needed], listed: Mapping[str, int], options: FsckOptions
) -> tuple[list[Needed], int]:
    """Those of `wanted` whose bytes are wrong, and how many bytes were read."""
    checkpoint = Checkpoint(options.checkpoint)
    left = [need for need in wanted if f"{need.key} {listed[need.key]}" not in checkpoint.done]
    if options.total:
        options.total(sum(listed[need.key] for need in left))
    lock = threading.Lock()

    def sound(need: Needed) -> bool:
        try:
            fits = need.fits(store.stream(need.key))
        except NotFoundError:
            fits = False
        with lock:
            if options.progress:
                options.progress(1, listed[need.key])
        return fits

    def all_sound(run: list[Needed]) -> list[bool]:
        return [sound(need) for need in run]

    wrong: list[Needed] = []
    with checkpoint:
        for start in range(0, len(left), BATCH):
            batch = left[start : start + BATCH]
            # NOTE: a small object is hashed in less time than a thread is told to do it, so each takes a few.
            runs = [batch[at : at + RUN] for at in range(0, len(batch), RUN)]
            found = [fits for run in at_once(store, all_sound, runs) for fits in run]
            for need, fits in zip(batch, found, strict=True):
                if fits:
                    checkpoint.add(f"{need.key} {listed[need.key]}")
                else:
                    wrong.append(need)
    checkpoint.clear()
    return wrong, sum(listed[need.key] for need in left)


def _logs(store: Store, found: Survey, listed: Mapping[str, int]) -> Iterator[Problem]:
    """Standings, channels and the state of sweeping: readable, and pointing to what is there."""
    for key in listed:
        if not key.startswith(("status/", "channels/")) and key != SWEEP_KEY:
            continue
        problem = _log_problem(store, found, key)
        if problem:
            yield Problem(key, problem)


def _log_problem(store: Store, found: Survey, key: str) -> Kind | None:
    try:
        data = store.read(key)
        if key == SWEEP_KEY:
            Sweep.parse(data)
        elif key.startswith("status/"):
            Standing.parse(data, key)
        else:
            channel = Channel.parse(data, key)
            reference = found.references.get((key.split("/")[1], channel.version))
            if reference is None or reference.manifest != channel.manifest:
                return "dangling"
    except IntegrityError:
        return "corrupt"
    except NotFoundError:
        return "missing"
    return None


def _strays(store: Store, found: Survey, listed: Mapping[str, int]) -> list[Problem]:
    broken = {key for key in listed if key.startswith("staging/") and not _is_entry(store, key)}
    needed = set() if broken else needs_of(at_work(staged(store), found))
    # A list of files that stands after a purge says that bytes of it may: it goes last.
    purges = {r.listing: str(r) for r in found.releases if r.purged and r.listing not in found.needed}
    kinds: dict[str, Kind | None] = {key: _stray(key, found, needed) for key in listed}
    kinds |= dict.fromkeys(broken, "corrupt")
    kinds |= {key: "unfinished" for key in purges if key in listed and key not in needed}
    strays = [Problem(key, kind, purges.get(key, "")) for key, kind in kinds.items() if kind]
    strays += _gaps(listed)
    if not found.problems and INDEX_KEY in listed and _index_is_stale(store, found):
        strays.append(Problem(INDEX_KEY, "stale"))
    return strays


def _is_entry(store: Store, key: str) -> bool:
    """Whether a staging entry can be read; one that is gone by now could."""
    try:
        Staged.parse(store.read(key), key)
    except NotFoundError:
        return True
    except IntegrityError:
        return False
    return True


def _gaps(listed: Mapping[str, int]) -> Iterator[Problem]:
    """The first entry that is missing from each log of standings: entries are numbered without gaps."""
    logs: dict[str, set[int]] = {}
    for key in listed:
        if found := ENTRY.fullmatch(key):
            logs.setdefault(found[1], set()).add(int(found[2]))
    for log, numbers in logs.items():
        if gap := next((n for n in range(1, len(numbers) + 1) if n not in numbers), None):
            _, name, version = log.split("/")
            yield Problem(f"{log}/{gap:06}.json", "missing", f"{name}@{version}")


def _stray(key: str, found: Survey, needed: set[str]) -> Kind | None:
    if key in found.needed or key in needed or key in TOP or key.startswith("quarantine/"):
        return None
    if DATA.match(key) or DOCUMENT.match(key):
        return "orphaned"
    if key.startswith(PASSING):
        return "abandoned"
    return None if _is_log(key, found) else "foreign"


def _is_log(key: str, found: Survey) -> bool:
    if key.startswith(record.PREFIX):
        return record.is_key(key)
    kind, _, rest = key.partition("/")
    parts = rest.removesuffix(".json").split("/")
    if not rest.endswith(".json") or not is_dataset_name(parts[0]):
        return False
    if kind == "releases":
        return parse_reference_key(key) is not None
    if kind == "channels":
        return len(parts) == 2 and CHANNEL.match(parts[1]) is not None
    known = len(parts) == 3 and Version.is_version(parts[1]) and parts[2].isdigit()
    return kind == "status" and known and (parts[0], Version.parse(parts[1])) in _versions(found)


def _versions(found: Survey) -> set[tuple[str, Version]]:
    return {(r.name, r.version) for r in found.releases} | set(found.references)


def _index_is_stale(store: Store, found: Survey) -> bool:
    """Whether the index says something of a release that its reference does not."""
    known = catalogue(store)
    return any(
        (listed := known.get(name, {}).get(version)) is None or listed.manifest != reference.manifest
        for (name, version), reference in found.references.items()
    )
