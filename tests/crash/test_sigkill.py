"""The command itself, killed by the kernel at the Nth system call, under strace."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys

import pytest

from tests.crash.scenarios import SCENARIOS, SOAK, hold, prepared
from tests.journeys.harness import CHECKOUT

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed"),
]

COMMANDS = {
    "pull": ("pull", "reviews@1.0", "-o", "pulled/reviews"),
    "yank": ("yank", "reviews@1.1", "--reason", "odd"),
    "promote": ("promote", "reviews@1.0", "stable"),
    "gc": ("gc", "--delete", "--grace", "0"),
    "purge": ("purge", "reviews@1.1", "--reason", "gone", "--confirm", "reviews@1.1"),
}
CALLS = {
    "pull": [("rename", 1), ("syncfs", 1), ("mkdirat", 1), ("write", 3), ("write", 8)],
    "yank": [("linkat", 1), ("fsync", 1), ("fsync", 2), ("unlinkat", 1)],
    "promote": [("linkat", 1), ("fsync", 1), ("fsync", 3), ("unlinkat", 1)],
    "gc": [("unlinkat", 1), ("unlinkat", 3), ("linkat", 1), ("rename", 1), ("renameat", 1), ("fsync", 2)],
    "purge": [("unlinkat", 2), ("unlinkat", 4), ("linkat", 2), ("fsync", 4), ("syncfs", 1)],
}
POINTS = [(name, call, nth) for name, calls in CALLS.items() for call, nth in calls]
if SOAK:
    SPREAD = {"pull": ("write", "openat", "fsync"), "yank": ("fsync", "openat"), "promote": ("fsync", "openat"),
              "gc": ("unlinkat", "openat"), "purge": ("unlinkat", "fsync", "openat")}  # fmt: skip
    POINTS += [(name, call, nth) for name, calls in SPREAD.items() for call in calls for nth in range(1, 11)]


def run(place, name, *tracing):
    return subprocess.run(
        [*tracing, sys.executable, "-m", "registry", *COMMANDS[name], "--store", str(place.store.root), "-q"],
        cwd=place.root, capture_output=True, text=True, timeout=120, check=False,
        env={**__import__("os").environ, "PYTHONPATH": str(CHECKOUT)},
    )  # fmt: skip


@pytest.mark.parametrize("name", CALLS)
def test_a_killed_command_loses_nothing_and_is_finished_by_the_same_command(name, tmp_path, record_property):
    scenario = SCENARIOS[name]
    start = prepared(scenario, tmp_path / "start")
    fired = 0
    points = [(call, nth) for which, call, nth in POINTS if which == name]
    for number, (call, nth) in enumerate(points if SOAK else points[:3]):
        place = start.copy(tmp_path / f"{number}")
        inject = f"inject={call}:signal=SIGKILL:when={nth}"
        done = run(place, name, "strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e", inject)
        fired += done.returncode in (-signal.SIGKILL, 128 + signal.SIGKILL)
        hold(scenario, place)
        again = run(place, name)
        assert again.returncode == 0, again.stderr
        hold(scenario, place)
    assert fired >= 2, "the kill did not fire"
    record_property("SIGKILLs", fired)
