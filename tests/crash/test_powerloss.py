"""The power goes: whatever the disk kept, no release is half there, and what was said to be done is there."""

from __future__ import annotations

import os
import random
import shutil
from pathlib import Path

import pytest

from registry.stores.layout import channels
from registry.testing.powerloss import Log, draw, hooked, write_state
from tests.crash.scenarios import SCENARIOS, SOAK, Place, hold, prepared, present

STATES = 1000 if SOAK else 60
TO_CATCH = 90  # states in which a mutant must be caught


def record(name: str, root: Path) -> tuple[list, dict[str, bytes]]:
    place = prepared(SCENARIOS[name], root)
    before = {p.relative_to(root).as_posix(): p.read_bytes() for p in root.rglob("*") if p.is_file()}
    log = Log(root)
    with hooked(log):
        SCENARIOS[name].act(place)
    return log.steps, before


def violation(name: str, steps: list, before: dict[str, bytes], seed: int, root: Path) -> str | None:
    """What is wrong in one state drawn by `seed`, or None."""
    dice = random.Random(seed)
    moment = len(steps) if seed % 3 == 0 else dice.randint(0, len(steps))
    write_state(draw(steps, before, moment, dice), root)
    place, scenario = Place(root), SCENARIOS[name]
    try:
        hold(scenario, place)
        if moment == len(steps):
            assert scenario.becoming is None or present(place, scenario.becoming), "it was said to be released"
            assert name != "pull" or place.target.exists(), "it was said to be pulled"
            assert name != "promote" or channels(place.store, "reviews"), "it was said to be promoted"
            assert name != "yank" or any(place.store.list("status/")), "it was said to be yanked"
        return None
    except Exception as error:  # whatever a broken place leads to is a violation
        return f"seed {seed}, step {moment}: {type(error).__name__}: {error}"
    finally:
        shutil.rmtree(root)


@pytest.mark.parametrize("name", ["first release", "release", "pull", "yank", "promote"])
def test_no_state_of_the_disk_breaks_a_promise(name, tmp_path, record_property):
    steps, before = record(name, tmp_path / "start")
    found = [violation(name, steps, before, seed, tmp_path / "state") for seed in range(STATES // 5)]
    assert [wrong for wrong in found if wrong] == []
    record_property("power losses", len(found))


def _without_rename(monkeypatch):
    """The pulled files go straight to the target."""

    def copy(self, target):
        for path in sorted(self.rglob("*")):
            place = target / path.relative_to(self)
            if path.is_dir():
                place.mkdir(parents=True, exist_ok=True)
            else:
                place.parent.mkdir(parents=True, exist_ok=True)
                handle = os.open(place, os.O_WRONLY | os.O_CREAT)
                os.write(handle, path.read_bytes())
                os.close(handle)

    monkeypatch.setattr(Path, "rename", copy)


FLUSHES = [(name, kind) for name in ("release", "first release") for kind in ("flush", "flush-folder", "flush-all")]
FLUSHES += [(name, kind) for name in ("yank", "promote") for kind in ("flush", "flush-folder")]
FLUSHES += [("pull", "flush-folder"), ("pull", "flush-all")]


def catch(name, steps, before, root):
    found = (violation(name, steps, before, seed, root) for seed in range(TO_CATCH))
    assert next(filter(None, found), None), "the promise holds without this step, or the model has no teeth"


@pytest.mark.parametrize(("name", "kind"), FLUSHES)
def test_flushes_that_are_taken_out_are_missed(name, kind, tmp_path, record_property):
    steps, before = record(name, tmp_path / "start")
    assert any(step[0] == kind for step in steps)
    catch(name, [step for step in steps if step[0] != kind], before, tmp_path / "state")
    record_property("mutants caught", 1)


def test_a_pull_that_does_not_swap_is_caught(tmp_path, monkeypatch, record_property):
    with monkeypatch.context() as patch:
        _without_rename(patch)
        steps, before = record("pull", tmp_path / "start")
    catch("pull", steps, before, tmp_path / "state")
    record_property("mutants caught", 1)
