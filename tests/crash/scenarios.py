"""What is interrupted: small stores, an action on each, and what must hold whenever it stopped."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

from registry.consume.pull import pull
from registry.consume.resolve import find_released
from registry.consume.verify import verify_directory, verify_release
from registry.content.hashing import hash_tree
from registry.errors import IntegrityError, NotFoundError
from registry.model.names import Ref, Version
from registry.release.execute import execute
from registry.release.plan import Plan
from registry.stewardship.channels import promote
from registry.stewardship.fsck import FsckOptions, fsck
from registry.stewardship.gc import GcOptions, gc
from registry.stewardship.purge import purge
from registry.stewardship.reach import survey
from registry.stewardship.repair import from_copy, repair
from registry.stewardship.withdrawal import Cause, yank
from registry.stores.layout import channels, open_registry, rebuild_index
from registry.stores.local import LocalStore
from registry.testing.releases import make_manifest, make_release

SOAK = bool(os.environ.get("REGISTRY_SOAK"))
V = Version.parse
OLD = {"train.csv": b"id,text\n1,a\n", "test.csv": b"id,text\n9,z\n", "하위/x.csv": b"x\n"}
NEW = {**OLD, "train.csv": b"id,text\n1,a\n2,b\n", "more.csv": b"id\n" + b"7\n" * 300}
AT_ONCE = GcOptions(delete=True, grace=timedelta(0))
PASSING = (".probe/", "staging/", ".tmp/", "sweep.json", "doomed.json", "quarantine/")


def share(points: list[Any], per: int = 10, seed: int = 0) -> list[Any]:
    """Every point in a soak, else one of `per`; always the last, which is the end of the work."""
    return points if SOAK else points[seed % per :: per] + points[-1:]


@dataclass(frozen=True)
class Place:
    """A directory of one attempt: the store in it, a backup of it, where data is pulled to."""

    root: Path

    @property
    def store(self) -> Any:
        return LocalStore(self.root / "store")

    @property
    def backup(self) -> LocalStore:
        return LocalStore(self.root / "backup")

    @property
    def target(self) -> Path:
        return self.root / "pulled" / "reviews"

    def copy(self, to: Path) -> Place:
        shutil.copytree(self.root, to, symlinks=True)
        return Place(to)


@dataclass(frozen=True)
class Scenario:
    """An action, the store that it starts from, the versions that stand throughout, and the one that comes to be."""

    name: str
    act: Callable[[Place], Any]
    prepare: Callable[[Place], None]
    standing: tuple[str, ...] = ("1.0",)
    becoming: str | None = None
    reachable: bool = True  # whether the standing versions are whole before, too
    extra: tuple[Callable[[Place], None], ...] = field(default=())


def plan_of(place: Place, version: str, files: dict[str, bytes], name: str = "reviews") -> Plan:
    """The plan of a release of `files`, as `release` would make it, without workspace and gate."""
    data = place.root / f"data-{version}"
    if not data.exists():
        for path, content in files.items():
            (data / path).parent.mkdir(parents=True, exist_ok=True)
            (data / path).write_bytes(content)
    manifest, documents = make_manifest(name, version, files)
    return Plan(manifest, documents, hash_tree(data), cast(Any, None), frozenset())


def release(place: Place) -> None:
    open_registry(place.store, write=True)
    execute(plan_of(place, "1.1", NEW), place.store)


def with_one(place: Place) -> None:
    make_release(place.store, "reviews", "1.0", OLD)
    make_release(place.store, "other", "1.0", {"test.csv": OLD["test.csv"]})
    plan_of(place, "1.1", NEW)
    place.target.parent.mkdir()
    (place.target.parent / "beside.txt").write_bytes(b"")


def with_two(place: Place) -> None:
    with_one(place)
    release(place)


def with_waste(place: Place) -> None:
    with_one(place)
    release(place)
    assert place.store.delete("releases/reviews/1.1.0.json")
    rebuild_index(place.store)
    assert gc(place.store, AT_ONCE).doomed


def with_damage(place: Place) -> None:
    with_one(place)
    shutil.copytree(place.store.root, place.backup.root)
    keys = sorted(survey(place.store).needed)
    for number, key in enumerate(keys):
        (place.store.root / key).unlink() if number % 3 else (place.store.root / key).write_bytes(b"?")


def pulled(place: Place) -> None:
    with_one(place)
    pull(place.store, Ref.parse("reviews@1.0"), place.target)
    (place.target / "train.csv").write_bytes(b"edited")
    (place.target / "test.csv").unlink()


def look_at_target(place: Place) -> None:
    """A directory that says it is the release is the release."""
    if place.target.exists():
        found = verify_directory(place.target, store=place.store)
        assert found.ok, found.problems


SCENARIOS = {
    s.name: s
    for s in (
        Scenario("first release", release, lambda place: plan_of(place, "1.1", NEW) and None, (), "1.1"),
        Scenario("release", release, with_one, becoming="1.1"),
        Scenario(
            "pull", lambda p: pull(p.store, Ref.parse("reviews@1.0"), p.target), with_one, extra=(look_at_target,)
        ),
        Scenario("mend a pull", lambda p: pull(p.store, Ref.parse("reviews@1.0"), p.target), pulled),
        Scenario("promote", lambda p: promote(p.store, "reviews", V("1.0"), "stable", by="Kim"), with_two),
        Scenario("yank", lambda p: yank(p.store, "reviews", V("1.1"), Cause("odd"), by="Kim"), with_two),
        Scenario("gc", lambda p: gc(p.store, AT_ONCE), with_waste),
        Scenario("purge", lambda p: purge(p.store, "reviews", V("1.1"), "gone", by="Kim"), with_two),
        Scenario(
            "repair",
            lambda p: repair(p.store, fsck(p.store, FsckOptions("data")), [from_copy(p.backup)]),
            with_damage,
            reachable=False,
        ),
    )
}


def prepared(scenario: Scenario, root: Path) -> Place:
    """The state that the scenario starts from."""
    place = Place(root)
    root.mkdir(parents=True)
    scenario.prepare(place)
    return place


def hold(scenario: Scenario, place: Place, *, retried: bool = False) -> None:
    """The invariants: what stood stands, what was to come is whole or absent; after a retry the store is clean."""
    if scenario.reachable or retried:
        for version in scenario.standing:
            assert verify_release(place.store, Ref.parse(f"reviews@{version}")).ok
    channels(place.store, "reviews")
    if scenario.becoming and present(place, scenario.becoming):
        found = verify_release(place.store, Ref.parse(f"reviews@{scenario.becoming}"))
        assert found.ok, found.problems
    elif scenario.becoming:
        assert not retried
    for check in scenario.extra:
        check(place)
    if retried:
        report = fsck(place.store, FsckOptions("data"))
        assert report.ok and {stray.kind for stray in report.strays} <= {"abandoned"}, report


def present(place: Place, version: str) -> bool:
    try:
        return find_released(place.store, "reviews", V(version)) is not None
    except (IntegrityError, NotFoundError) as error:
        raise AssertionError(f"a release is there and not whole: {error}") from error


def outcome(place: Place) -> dict[str, Any]:
    """What the work came to, free of times and of what passes: keys, and the bytes of what is addressed."""
    found: dict[str, Any] = {}
    for info in place.store.list(""):
        if not info.key.startswith(PASSING):
            addressed = info.key.startswith(("files/", "objects/"))
            found[info.key] = place.store.read(info.key) if addressed else ""
    if place.target.exists():
        found |= {
            p.relative_to(place.target).as_posix(): p.read_bytes() for p in place.target.rglob("*") if p.is_file()
        }
    return found
