"""Pull beside `dvc pull`: the same store, the same 4,000 files of 2 KB, both into a fresh place, in one run.

    python benchmarks/pull.py [--files 4000] [--size 2048] [--rounds 3]

Both commands are started as a user starts them, from nothing: a new process, an empty
cache, a fresh clone for DVC. Times are wall seconds, and CPU seconds of the process with
its children; of the rounds the median counts. `dvc` verifies neither bytes nor paths.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from registry.stores.local import LocalStore
from registry.testing.releases import make_release

REGISTRY = (sys.executable, "-c", "from registry.cli.app import main; main()")
NAME = "reviews"


@dataclass(frozen=True)
class Cost:
    """Seconds of one command."""

    wall: float
    cpu: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--files", type=int, default=4000)
    parser.add_argument("--size", type=int, default=2048)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pull-bench-") as folder:
        root = Path(folder)
        origin = prepare(root, options.files, options.size)
        ours, theirs = [], []
        for number in range(options.rounds):
            ours.append(pull_ours(root, number))
            theirs.append(pull_theirs(root, origin, number))
            check(root / f"ours-{number}", root / f"clone-{number}/data/{NAME}")
    report(options, ours, theirs)


def prepare(root: Path, files: int, size: int) -> Path:
    """A store with the release, and a git repository whose DVC remote it is."""
    data = {f"train/{i % 40:02}/{i:05}.bin": content(i, size) for i in range(files)}
    made = make_release(LocalStore(root / "store"), NAME, "1.0", data)
    origin = root / "origin"
    (origin / "data").mkdir(parents=True)
    run(root, origin, "git", "init", "-q", "-b", "main")
    run(root, origin, dvc(), "init", "-q")
    run(root, origin, dvc(), "remote", "add", "-q", "-d", "store", str(root / "store"))
    pointer = f"outs:\n- md5: {made.manifest.data['dvc']['md5']}\n  hash: md5\n  path: {NAME}\n"
    (origin / f"data/{NAME}.dvc").write_text(pointer, "utf-8")
    run(root, origin, "git", "add", ".")
    run(root, origin, "git", "-c", "user.name=b", "-c", "user.email=b@example.org", "commit", "-q", "-m", "data")
    return origin


def content(number: int, size: int) -> bytes:
    block = hashlib.sha256(str(number).encode()).digest()
    return (block * (size // len(block) + 1))[:size]


def pull_ours(root: Path, number: int) -> Cost:
    command = (*REGISTRY, "pull", NAME, "--store", str(root / "store"), "-o", str(root / f"ours-{number}"))
    return run(root, root, *command)


def pull_theirs(root: Path, origin: Path, number: int) -> Cost:
    clone = root / f"clone-{number}"
    run(root, root, "git", "clone", "-q", str(origin), str(clone))
    return run(root, clone, dvc(), "pull", "-q")


def dvc() -> str:
    beside = Path(sys.executable).parent / "dvc"
    found = str(beside) if beside.exists() else shutil.which("dvc")
    if found is None:
        sys.exit("dvc is not installed")
    return found


def run(root: Path, place: Path, *command: str) -> Cost:
    environment = {
        **os.environ,
        "HOME": str(root / "home"),
        "DVC_NO_ANALYTICS": "1",
        "DVC_SITE_CACHE_DIR": str(root / "home/site"),
        "PYTHONPATH": str(Path(__file__).resolve().parent.parent),
    }
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, cwd=place, env=environment, check=True, stdout=subprocess.DEVNULL)
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return Cost(wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def check(ours: Path, theirs: Path) -> None:
    """Both delivered the same files."""
    mine = {p.relative_to(ours): p.read_bytes() for p in (ours / "train").rglob("*") if p.is_file()}
    other = {p.relative_to(theirs): p.read_bytes() for p in (theirs / "train").rglob("*") if p.is_file()}
    if mine != other or not mine:
        sys.exit("the two pulls differ")


def report(options: argparse.Namespace, ours: list[Cost], theirs: list[Cost]) -> None:
    print(f"{options.files:,} files of {options.size:,} bytes, median of {options.rounds} rounds")
    print(f"{'':10}{'registry pull':>16}{'dvc pull':>12}{'ratio':>9}")
    for kind in ("wall", "cpu"):
        mine = statistics.median(getattr(cost, kind) for cost in ours)
        other = statistics.median(getattr(cost, kind) for cost in theirs)
        print(f"{kind + ' s':10}{mine:16.2f}{other:12.2f}{other / mine:8.1f}x")


if __name__ == "__main__":
    main()
