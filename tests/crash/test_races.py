"""Eight processes release one version: one wins, and every other one is told who."""

from __future__ import annotations

import multiprocessing
import sys
from pathlib import Path

import pytest

from registry.consume.verify import verify_release
from registry.errors import VersionExistsError
from registry.model.names import Ref
from registry.release.execute import execute
from registry.stewardship.fsck import FsckOptions, fsck
from registry.stewardship.gc import gc
from registry.stores.layout import open_registry, rebuild_index
from registry.testing.releases import make_release
from tests.crash.scenarios import AT_ONCE, OLD, SOAK, Place, plan_of

WRITERS = 8
ROUNDS = 50 if SOAK else 4


def _compete(root: str, round_: int, writer: int, alike: bool) -> tuple[str, str]:
    place = Place(Path(root) / ("same" if alike else f"{writer}"))
    place.root.mkdir(exist_ok=True, parents=True)
    files = {**OLD, "who.csv": b"all\n" if alike else b"%d\n" % writer}
    plan = plan_of(Place(Path(root) / f"data-{round_}-{writer}"), f"1.{round_}", files)
    from registry.stores.local import LocalStore

    store = LocalStore(Path(root) / "store")
    open_registry(store, write=True)
    try:
        return execute(plan, store).state, plan.manifest.sha256
    except VersionExistsError as error:
        return "lost", str(error.fields["manifest"])


def _collect(root: str, turns: int) -> int:
    from registry.stores.local import LocalStore

    store = LocalStore(Path(root) / "store")
    return sum(gc(store, AT_ONCE).removed for _ in range(turns))


@pytest.fixture(scope="module")
def crew():
    method = "fork" if sys.version_info < (3, 12) else "spawn"
    with multiprocessing.get_context(method).Pool(WRITERS + 1) as pool:
        yield pool


@pytest.mark.parametrize("alike", [False, True], ids=["different content", "the same content"])
@pytest.mark.parametrize("sweeping", [False, True], ids=["alone", "while gc runs"])
def test_one_version_has_one_winner(tmp_path, crew, alike, sweeping, record_property):
    store = Place(tmp_path).store
    make_release(store, "reviews", "0.1", OLD)
    for round_ in range(ROUNDS):
        if sweeping:
            _waste(store, round_)
            sweep = crew.apply_async(_collect, (str(tmp_path), 3))
        told = crew.starmap(_compete, [(str(tmp_path), round_, writer, alike) for writer in range(WRITERS)])
        if sweeping:
            sweep.get()
        states = [state for state, _ in told]
        assert alike or states.count("released") == 1, states
        winner = next(manifest for state, manifest in told if state == "released")
        assert set(states) <= {"released", "already-released"} if alike else set(states) == {"released", "lost"}
        assert {manifest for _, manifest in told} == {winner} or not alike
        assert all(manifest == winner for state, manifest in told if state == "lost")
        assert verify_release(store, Ref.parse(f"reviews@1.{round_}")).ok
    report = fsck(store, FsckOptions("data"))
    assert report.ok and report.releases == ROUNDS + 1
    record_property("races", ROUNDS)


def _waste(store, round_: int) -> None:
    """Objects that the releases to come will need, marked by an earlier gc as needed by nothing."""
    made = make_release(
        store, "waste", f"1.{round_}", {f"{n}.csv": b"%d\n" % n for n in range(WRITERS)} | {"a": b"all\n"}
    )
    (store.root / f"releases/waste/{made.version}.json").unlink()
    rebuild_index(store)
    gc(store, AT_ONCE)
