"""A disk that is full after so many pages: a real one, small, of memory."""

from __future__ import annotations

import gc
import os
import shutil
import subprocess
from contextlib import contextmanager

import pytest

from registry.errors import InternalError, RegistryError
from registry.judge.judge import JudgeOptions, judge, lay_out
from registry.model.digest import canonical
from registry.workspace.workspace import Workspace
from tests.crash.scenarios import SCENARIOS, SOAK, hold, outcome, prepared
from tests.crash.workspaces import WHOLE, files, recorded, team

PAGE = 4096  # bytes


@pytest.fixture
def disk(tmp_path):
    """A file system of its own, of 48 MB."""
    place = tmp_path / "disk"
    place.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", str(place)], capture_output=True)
    if done.returncode:
        pytest.skip("a file system can be mounted by root alone")
    yield place
    gc.collect()  # a stream that an error interrupted is closed when its traceback is let go of
    subprocess.run(["umount", str(place)], check=True)


@contextmanager
def full_but_for(disk, pages):
    """Leaves `pages` of 4 KiB free on the disk."""
    ballast = disk / "ballast"
    free = os.statvfs(disk)
    with ballast.open("wb") as out:
        os.posix_fallocate(out.fileno(), 0, max(1, free.f_bavail * free.f_frsize - pages * PAGE))
    try:
        yield
    finally:
        ballast.unlink()


def used(disk):
    now = os.statvfs(disk)
    return (now.f_blocks - now.f_bfree) * now.f_frsize // PAGE


def pages_of(disk, work):
    """How many pages `work` takes at its end."""
    before = used(disk)
    work()
    return used(disk) - before


def points(needed, usual):
    count = 64 if SOAK else usual
    return sorted({number * (needed + 2) // count for number in range(count)})


def refused(disk, pages, work):
    """Does `work` on a full disk: it succeeds, or says that the environment failed."""
    with full_but_for(disk, pages):
        try:
            work()
        except InternalError:
            raise
        except (RegistryError, OSError) as error:
            assert isinstance(error, OSError) or error.exit == 5, error  # the command gives the exit code of both
            return True
    return False


@pytest.mark.parametrize("name", ["first release", "release", "pull", "yank", "promote", "gc", "purge"])
def test_a_full_disk_is_told_and_loses_nothing(name, disk, record_property):
    scenario, told = SCENARIOS[name], 0
    start = prepared(scenario, disk / "start")
    whole = start.copy(disk / "whole")
    needed = pages_of(disk, lambda: scenario.act(whole))
    hold(scenario, whole, retried=True)
    wanted = outcome(whole)
    chosen = points(max(needed, 8), 4)
    for pages in chosen:
        place = start.copy(disk / "now")
        told += refused(disk, pages, lambda place=place: scenario.act(place))
        hold(scenario, place)
        scenario.act(place)
        hold(scenario, place, retried=True)
        assert outcome(place) == wanted, pages
        shutil.rmtree(place.root)
    assert told
    record_property("full disks", len(chosen))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # DVC leaves its lock's file unclosed
@pytest.mark.parametrize("name", WHOLE)
def test_a_full_disk_during_the_whole_work_leaves_the_user_s_files(name, disk, record_property):
    scenario, told = WHOLE[name], 0
    start = prepared(scenario, disk / "start")
    before = files(start)
    whole = start.copy(disk / "whole")
    needed = pages_of(disk, lambda: scenario.act(whole))
    after, known, stored = files(whole), recorded(whole), outcome(whole)
    chosen = points(needed, 3)
    for pages in chosen:
        place = start.copy(disk / "now")
        told += refused(disk, pages, lambda place=place: scenario.act(place))
        now = files(place)
        for path, data in before.items():
            assert now.get(path) in (data, after.get(path)), (pages, path)
        scenario.act(place)
        assert (files(place), recorded(place), outcome(place)) == (after, known, stored), pages
        shutil.rmtree(place.root)
    assert told
    record_property("full disks", len(chosen))


@pytest.mark.slow
def test_a_check_on_a_full_disk_judges_or_says_why_not(disk, record_property):
    start = prepared(WHOLE["whole release"], disk / "start")
    shutil.rmtree(team(start) / ".registry", ignore_errors=True)

    def check(place):
        workspace = Workspace.find(team(place))
        return canonical(judge(lay_out(workspace, workspace.dataset("reviews"), JudgeOptions())).to_json())

    whole = start.copy(disk / "whole")
    needed = pages_of(disk, lambda: check(whole))
    wanted, told = check(whole), 0
    chosen = points(needed, 3)
    for pages in chosen:
        place = start.copy(disk / "now")
        told += refused(disk, pages, lambda place=place: check(place))
        assert check(place) == wanted, pages
        shutil.rmtree(place.root)
    record_property("full disks", len(chosen))
