"""All of a release against the pipeline that a team glues together, and a second check against the first.

    python benchmarks/pipeline.py                # 200,000 and 1,000,000 rows × 10 columns; an hour, most of it theirs
    python benchmarks/pipeline.py --quick        # 20,000 rows, to see that it runs
    python benchmarks/pipeline.py --rows N --only-ours

Ours: `registry check` (the suite that `add` writes), `registry release` with all its documents, to a
local store. Theirs, each step a process of its own: `dvc add`; Great Expectations on pandas
with the same expectations of single columns; `datasketch` for near-duplicates (25 bands of 5
rows, each candidate verified) and a pandas merge for exact ones; `fg-data-profiling` in its
minimal mode; `dvc push` to a local remote. Seconds are on the clock, memory is the largest
resident set of any step. Then a second check: of unchanged data, and after an edit of 1 % of
the rows, which lie in one of a hundred files. Texts are those of `near_duplicates.py`. It exits
with 1 if a bar is missed.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve()
ROOT = HERE.parents[1]
# NOTE: cProfile imports a module `profile`, and must not find that of this folder.
sys.path = [str(ROOT), *(entry for entry in sys.path if Path(entry or ".").resolve() != HERE.parent)]
BARS = {200_000: (10.0, 1 / 4), 1_000_000: (15.0, 1 / 10)}  # times faster, share of the memory
UNCHANGED, CHANGED = 0.5, 0.25  # seconds beyond start-up; share of the first check
FILES = 100


@dataclass(frozen=True)
class Step:
    """One process, or several in a row: seconds on the clock and of CPU, megabytes of the largest."""

    name: str
    wall: float
    cpu: float
    megabytes: float

    def __str__(self) -> str:
        return f"  {self.name:<44}{self.wall:9.2f} s{self.cpu:9.2f} CPU s{self.megabytes:8.0f} MB"


def wall(step: Step) -> float:
    return step.wall


def total(name: str, steps: list[Step]) -> Step:
    return Step(
        name, sum(s.wall for s in steps), sum(s.cpu for s in steps), max(s.megabytes for s in steps)
    )  # fmt: skip


def timed(name: str, command: list[str], cwd: Path, *, allowed: tuple[int, ...] = (0,)) -> Step:
    """What one command costs with its children; it must end with one of the `allowed` codes."""
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": ""}
    environ |= {"YDATA_PROFILING_NO_ANALYTICS": "1", "YDATA_SUPPRESS_BANNER": "1", "GX_ANALYTICS_ENABLED": "false"}
    out = tempfile.TemporaryFile()  # noqa: SIM115
    began = time.perf_counter()
    process = subprocess.Popen(command, cwd=cwd, env=environ, stdout=out, stderr=subprocess.STDOUT)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in allowed:
        out.seek(0)
        raise SystemExit(f"{' '.join(command)} failed:\n{out.read().decode()[-3000:]}")
    # The resident set of a child that was waited for counts in its parent's.
    step = Step(name, wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)
    print(step, flush=True)
    return step


def make(data: Path, rows: int) -> None:
    """`rows` rows of ten columns in a hundred files of two splits; no planted defects."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    sys.path.append(str(HERE.parent))
    import near_duplicates

    data.mkdir(parents=True)
    texts = data.parent / "texts"
    near_duplicates.generate(texts, rows * 9 // 10, rows // 10)
    rng, begin = np.random.default_rng(1), 0
    for split, count in (("train", FILES * 9 // 10), ("test", FILES // 10)):
        text = pq.read_table(texts / f"{split}.parquet").column("text").combine_chunks()
        (data / split).mkdir(parents=True)
        each = -(-len(text) // count)
        for part in range(count):
            some = text.slice(part * each, each)
            size = len(some)
            ids = np.arange(begin, begin + size)
            begin += size
            table = pa.table(
                {
                    "id": [f"r{i:07d}" for i in ids],
                    "text": some,
                    "label": rng.choice(["긍정", "부정", "중립"], size, p=[0.4, 0.35, 0.25]),
                    "user": [f"{split}-u{i // 7}" for i in ids],
                    "age": rng.integers(10, 80, size),
                    "score": rng.random(size),
                    "visits": rng.integers(0, 1000, size),
                    "z": rng.normal(size=size),
                    "shop": [f"k{i % 5000}" for i in ids],
                    "stars": rng.integers(1, 6, size),
                }
            )
            pq.write_table(table, data / split / f"{split}-{part:05d}-of-{count:05d}.parquet")
    for file in texts.iterdir():
        file.unlink()
    texts.rmdir()


def ours(workspace: Path) -> tuple[list[Step], Step, Step]:
    """The steps of a release; then a check of unchanged data, and one after an edit."""
    registry = [sys.executable, "-m", "registry"]
    git(workspace, "init", "-q", "-b", "main")
    subprocess.run([*registry, "init"], cwd=workspace, check=True, capture_output=True, env=plain())
    roles = ["--label", "label", "--text", "text", "--key", "id", "--group", "user", "--license", "cc-by-4.0"]
    # The first `add` writes schema and suite, as someone once wrote the other side's expectations.
    add = [*registry, "add", "data/reviews"]
    subprocess.run([*add, *roles], cwd=workspace, check=False, capture_output=True, env=plain())
    loosen(workspace / "checks" / "reviews.yaml")
    git(workspace, "add", "-A")
    git(workspace, "commit", "-qm", "Add reviews")
    shutil.rmtree(workspace / ".registry" / "cache")
    steps = [
        timed("registry check", [*registry, "check"], workspace),
        timed("registry release v1.0", [*registry, "release", "v1.0"], workspace),
    ]
    again = min((timed("registry check, unchanged", [*registry, "check"], workspace) for _ in range(3)), key=wall)
    edit(next(iter(sorted((workspace / "data" / "reviews" / "train").glob("*.parquet")))))
    changed = timed("registry check, 1 % of the rows changed", [*registry, "check"], workspace)
    return steps, again, changed


def loosen(suite: Path) -> None:
    """The generated texts have near-duplicates on purpose: they are found, and allowed."""
    import re

    text = suite.read_text("utf-8")
    suite.write_text(re.sub(r"severity: critical", "severity: warning", text), "utf-8")


def edit(file: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pq.read_table(file)
    edited = pa.array([f"{text} 수정" for text in table.column("text").to_pylist()])
    pq.write_table(table.set_column(table.schema.get_field_index("text"), "text", edited), file)


def theirs(workspace: Path, pythons: dict[str, str]) -> list[Step]:
    dvc = [sys.executable, "-m", "dvc"]
    git(workspace, "init", "-q")
    for command in (["init", "-q"], ["remote", "add", "-q", "-d", "store", str(workspace.parent / "remote")]):
        subprocess.run([*dvc, *command], cwd=workspace, check=True, capture_output=True, env=plain())
    own = [str(HERE), "--step"]
    return [
        timed("dvc add", [*dvc, "add", "-q", "data/reviews"], workspace),
        timed("Great Expectations on pandas", [sys.executable, *own, "expectations", "data/reviews"], workspace),
        timed("datasketch, and pandas for exact copies", [pythons["near"], *own, "near", "data/reviews"], workspace),
        timed("fg-data-profiling, minimal", [pythons["profile"], *own, "profile", "data/reviews"], workspace),
        timed("dvc push", [*dvc, "push", "-q"], workspace),
    ]


def expectations(data: Path) -> None:
    """What of the suite is about single columns."""
    import great_expectations as gx
    import pandas as pd

    x = gx.expectations
    made = [x.ExpectTableRowCountToBeBetween(min_value=1), x.ExpectColumnValuesToBeUnique(column="id")]
    made += [x.ExpectColumnValuesToNotBeNull(column=name) for name in ("id", "text", "label", "user", "age", "score")]
    made += [
        x.ExpectColumnValuesToBeInSet(column="label", value_set=["긍정", "부정", "중립"]),
        x.ExpectColumnValuesToBeBetween(column="age", min_value=0, max_value=120),
        x.ExpectColumnValuesToBeBetween(column="score", min_value=0, max_value=1),
        x.ExpectColumnValuesToBeBetween(column="stars", min_value=1, max_value=5),
        x.ExpectColumnValueLengthsToBeBetween(column="text", min_value=1, max_value=2000),
    ]
    context = gx.get_context(mode="ephemeral")
    asset = context.data_sources.add_pandas("p").add_dataframe_asset("a")
    batch = asset.add_batch_definition_whole_dataframe("b").get_batch({"dataframe": pd.read_parquet(data)})
    assert batch.validate(gx.ExpectationSuite(name="s", expectations=made)).success


def near(data: Path) -> None:
    """Near-duplicates of every row among the rows before it, test after train; exact copies by a merge."""
    import re
    import unicodedata

    import pyarrow.dataset as ds
    from datasketch import MinHash, MinHashLSH

    keys = []
    for split in ("train", "test"):
        for text in ds.dataset(data / split).to_table(columns=["text"]).column("text").to_pylist():
            key = " ".join(unicodedata.normalize("NFKC", text).casefold().split())
            keys.append((key, 3 if len(re.findall("[\uac00-\ud7a3]", key)) * 2 > len(key) - key.count(" ") else 5))
    exact = len(keys) - len({key for key, _ in keys})
    index, found = MinHashLSH(num_perm=125, params=(25, 5)), 0

    def shingles(key: str, k: int) -> set[str]:
        return {key[at : at + k] for at in range(len(key) - k + 1)}

    for at, (key, k) in enumerate(keys):
        signature = MinHash(num_perm=125)
        signature.update_batch([piece.encode() for piece in shingles(key, k)])
        for other in index.query(signature):
            size = min(k, keys[other][1])
            a, b = shingles(key, size), shingles(keys[other][0], size)
            if len(a & b) >= 0.8 * len(a | b) - 1e-9:
                found += 1
                break
        index.insert(at, signature)
    print(exact, found)


def profile(data: Path) -> None:
    import pandas as pd
    from data_profiling import ProfileReport

    ProfileReport(pd.read_parquet(data), minimal=True, progress_bar=False).to_file(data.parent / "report.html")


STEPS = {"expectations": expectations, "near": near, "profile": profile}


def git(where: Path, *arguments: str) -> None:
    who = ["-c", "user.name=benchmark", "-c", "user.email=benchmark@localhost"]
    subprocess.run(["git", *who, *arguments], cwd=where, check=True, capture_output=True)


def plain() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}


def environment(root: Path, wanted: str) -> str:
    python = str(root / "bin" / "python")
    subprocess.run([sys.executable, "-m", "venv", str(root)], check=True)
    command = [python, "-m", "pip", "install", "-qq", "--disable-pip-version-check", "-r", str(HERE.parent / wanted)]
    subprocess.run(command, check=True)
    return python


def held(what: str, value: float, bar: float, *, most: bool = True) -> bool:
    good = value <= bar if most else value >= bar
    print(f"{what}: {value:.2f} (bar {'≤' if most else '≥'} {bar:g}) {'held' if good else 'MISSED'}", flush=True)
    return good


def compared(temp: Path, rows: int, pythons: dict[str, str] | None) -> bool:
    print(f"\n{rows:,} rows × 10 columns in {FILES} files", flush=True)
    root = temp / str(rows)
    for side in ("ours", "theirs"):
        (root / side).mkdir(parents=True)
    # By a process of its own: a child's peak of memory is never below its parent's.
    made = [sys.executable, str(HERE), "--make", str(root / "ours" / "data" / "reviews"), str(rows)]
    subprocess.run(made, check=True)
    subprocess.run(["cp", "-r", str(root / "ours" / "data"), str(root / "theirs")], check=True)
    steps, again, changed = ours(root / "ours")
    show = [sys.executable, "-m", "registry", "--help"]
    start = min((timed("registry --help", show, root / "ours") for _ in range(3)), key=wall)
    good = [
        held("second check beyond start-up, s", again.wall - start.wall, UNCHANGED),
        held("check after 1 %, of the first, CPU", changed.cpu / steps[0].cpu, CHANGED),
    ]
    if pythons:
        us, them = total("ours", steps), total("theirs", theirs(root / "theirs", pythons))
        print(us, them, sep="\n")
        speed, memory = BARS.get(rows, (1.0, 1.0))
        good.append(held("times faster, wall", them.wall / us.wall, speed, most=False))
        good.append(held("share of the memory", us.megabytes / them.megabytes, memory))
    return all(good)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="20,000 rows")
    parser.add_argument("--rows", type=int, action="append", help="another number of rows")
    parser.add_argument("--only-ours", action="store_true", help="leave the others out")
    parser.add_argument("--make", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--step", nargs=2, metavar=("NAME", "DATA"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.make:
        make(Path(given.make[0]), int(given.make[1]))
        return 0
    if given.step:
        STEPS[given.step[0]](Path(given.step[1]))
        return 0
    with tempfile.TemporaryDirectory(prefix="pipeline-") as name:
        temp = Path(name)
        pythons = None
        if not given.only_ours:
            pythons = {
                "near": environment(temp / "near", "requirements-near.txt"),
                "profile": environment(temp / "profile", "requirements-profile.txt"),
            }
        sizes = [20_000] if given.quick else given.rows or [*BARS]
        good = [compared(temp, rows, pythons) for rows in sizes]
        return 0 if all(good) else 1


if __name__ == "__main__":
    raise SystemExit(main())
