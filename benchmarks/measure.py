"""Times commands as whole processes and prints ratios: what ours costs against what a user would do instead.

Figures of one run on one machine: compare the ratios, never the seconds.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Cost:
    """Seconds on the clock, seconds of CPU (with children)."""

    wall: float
    cpu: float

    def __str__(self) -> str:
        return f"{self.wall:8.2f} s wall {self.cpu:8.2f} s CPU"


def run(command: Sequence[str], cwd: Path | None = None, env: dict[str, str] | None = None) -> Cost:
    """The cost of one command that must succeed."""
    # Installed packages have bytecode; a workplace that turns it off would measure the compiler.
    surroundings = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "", **(env or {})}
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, cwd=cwd, env=surroundings, capture_output=True, text=True, check=False)
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stderr}")
    return Cost(wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def best(measure: Callable[[], Cost], times: int = 5) -> Cost:
    """The cheapest of several runs, by CPU: the one least disturbed."""
    return min((measure() for _ in range(times)), key=lambda cost: cost.cpu)


def compare(ours: Cost, theirs: Cost, what: str, against: str, bar: str) -> None:
    """Prints both costs and their ratio."""
    print(f"{what:<40} {ours}")
    print(f"{against:<40} {theirs}")
    print(
        f"{'ours / theirs':<40} {ours.wall / theirs.wall:8.2f} × wall {ours.cpu / theirs.cpu:7.2f} × CPU   bar: {bar}\n"
    )
