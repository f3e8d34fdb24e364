"""Profile and EDA page: ours against `fg-data-profiling` in its minimal mode, on the same table.

    python benchmarks/profile.py                 # 200,000 and 1,000,000 rows × 10 columns, some minutes
    python benchmarks/profile.py --quick         # 20,000 rows, to see that it runs
    python benchmarks/profile.py --only-ours     # leave the competitor out

Every measurement is a process of its own; processor seconds, wall seconds and the peak of
resident memory are those of the whole process, interpreter and imports included. The
competitor lives in an environment of its own (`requirements-profile.txt`), made in a
temporary directory, with its telemetry off. The table is generated: an id, five numbers, two
categories, a time stamp, and a text of eight Korean and English words. It exits with 1 if a
bar is missed.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import venv
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve()
# NOTE: cProfile imports a module `profile`, and must not find this one.
sys.path = [entry for entry in sys.path if Path(entry or ".").resolve() != HERE.parent]
CPU, MEMORY, PAGE = 6.0, 1 / 5, 400 * 1024  # the bars: times less, share of theirs, bytes for 12 columns
KOREAN = ("배송이", "빨라서", "좋았습니다", "상품", "품질은", "기대보다", "별로", "포장", "상태가", "아주")
WORDS = (*KOREAN, "delivery", "was", "fast", "ok", "price", "good", "bad")


@dataclass(frozen=True)
class Run:
    """One process: seconds, megabytes, kilobytes of HTML."""

    name: str
    wall: float
    cpu: float
    megabytes: float
    page: int

    def __str__(self) -> str:
        seconds = f"{self.wall:8.2f} s wall{self.cpu:9.2f} s CPU"
        return f"{self.name:<28}{seconds}{self.megabytes:8.0f} MB{self.page / 1024:9.0f} KiB"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="20,000 rows")
    parser.add_argument("--only-ours", action="store_true", help="leave the competitor out")
    parser.add_argument("--python", type=Path, help="interpreter of an environment that has the competitor")
    parser.add_argument("--run", nargs=2, metavar=("WHICH", "DIRECTORY"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.run:
        which, data = given.run[0], Path(given.run[1])
        if which.startswith("make-"):
            return make(data, int(which.removeprefix("make-")))
        return {"ours": ours, "documents": documents, "theirs": theirs}[which](data)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        python = None if given.only_ours else given.python or environment(root / "theirs")
        return (
            1
            if sum(not measured(root, rows, python) for rows in ((20_000,) if given.quick else (200_000, 1_000_000)))
            else 0
        )


def environment(place: Path) -> Path:
    """An interpreter with the competitor."""
    venv.create(place, with_pip=True)
    python = place / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "-q", "-r", HERE.parent / "requirements-profile.txt"], check=True)
    return python


def measured(root: Path, rows: int, python: Path | None) -> bool:
    """Prints the figures of one size; whether the bars hold."""
    data = root / str(rows)
    # NOTE: in a process of its own: the peak memory of this one would count as that of whatever it starts.
    subprocess.run([sys.executable, str(HERE), "--run", f"make-{rows}", str(data)], check=True)
    print(
        f"\n{rows:,} rows × 10 columns, {sum(f.stat().st_size for f in data.glob('*.parquet')) / 1e6:.0f} MB of Parquet"
    )
    one = process("ours", sys.executable, data)
    print(one, process("documents", sys.executable, data), sep="\n")
    held = one.page <= PAGE
    if python:
        other = process("theirs", str(python), data)
        faster, share = other.cpu / one.cpu, one.megabytes / other.megabytes
        print(other, f"{'':<28}{faster:.1f} × less CPU (bar {CPU}), {share:.2f} of its memory (bar {MEMORY})", sep="\n")
        # The bars are for a million rows: below, the interpreter and its imports are most of the memory.
        held = held and (rows < 1_000_000 or (faster >= CPU and share <= MEMORY))
    return held


def make(data: Path, rows: int) -> int:
    """The table, in two splits."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    rng = np.random.default_rng(7)
    words = np.array(WORDS)
    table = pa.table(
        {
            "id": [f"r{i:08d}" for i in range(rows)],
            "normal": rng.normal(size=rows),
            "skewed": rng.exponential(size=rows),
            "holes": np.where(rng.random(rows) < 0.01, np.nan, rng.random(rows)),
            "few": rng.integers(0, 100, rows),
            "many": rng.integers(0, 10**6, rows),
            "source": np.array(["app", "web", "call"])[rng.integers(0, 3, rows)],
            "label": np.array(["긍정", "부정", "중립"])[rng.integers(0, 3, rows)],
            "at": np.datetime64("2023-01-01", "us") + rng.integers(0, 86400 * 900, rows).astype("timedelta64[s]"),
            "text": [" ".join(words[i]) for i in rng.integers(0, len(words), (rows, 8))],
        }
    )
    data.mkdir()
    held = rows * 8 // 10
    pq.write_table(table.slice(0, held), data / "train.parquet")
    pq.write_table(table.slice(held), data / "test.parquet")
    return 0


def process(which: str, python: str, data: Path) -> Run:
    surroundings = {**os.environ, "PYTHONPATH": str(HERE.parents[1]), "PYTHONDONTWRITEBYTECODE": ""}
    if which == "theirs":
        surroundings |= {"PYTHONPATH": "", "YDATA_PROFILING_NO_ANALYTICS": "1", "YDATA_SUPPRESS_BANNER": "1"}
    done = subprocess.run(
        [python, str(HERE), "--run", which, str(data)], env=surroundings, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"{which} failed:\n{done.stderr[-2000:]}")
    return Run(which, **json.loads(done.stdout.strip().splitlines()[-1]))


def report(start: float, page: int) -> int:
    """The figures of this process since it began."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    wall = time.perf_counter() - start
    print(
        json.dumps(
            {"wall": wall, "cpu": used.ru_utime + used.ru_stime, "megabytes": used.ru_maxrss / 1024, "page": page}
        )
    )
    return 0


def ours(data: Path) -> int:
    """Profile and EDA page."""
    start = time.perf_counter()
    facts = facts_of(data)
    from registry.reports.eda import eda_html

    page = eda_html(facts, "en").encode()
    (data / "facts.json").write_text(json.dumps(facts.profile), "utf-8")
    return report(start, len(page))


def documents(data: Path) -> int:
    """Card, Croissant and quality evaluation of a profile that exists."""
    start = time.perf_counter()
    from registry.cards.croissant import croissant
    from registry.cards.readme import readme
    from registry.reports.quality import quality_html

    facts = facts_of(data, json.loads((data / "facts.json").read_text("utf-8")))
    size = sum(len(text.encode()) for text in (readme(facts), json.dumps(croissant(facts)), quality_html(facts, "en")))
    return report(start, size)


def facts_of(data: Path, profiled: dict[str, object] | None = None):  # type: ignore[no-untyped-def]
    import pyarrow.parquet as pq

    from registry.model.evidence import Check, DataFacts, Evidence
    from registry.model.facts import ReleaseFacts, split_bytes
    from registry.model.files import FileEntry, FileList
    from registry.model.schema import Column, DatasetSchema
    from registry.tables.table import Part, Table

    roles = {"id": "key", "label": "label", "text": "text", "at": "time"}
    fields = pq.read_schema(data / "train.parquet")
    schema = DatasetSchema("d", tuple(Column(f.name, str(f.type), role=roles.get(f.name)) for f in fields))
    names = {split: (f"{split}.parquet",) for split in ("train", "test")}
    paths = {split: data / f"{split}.parquet" for split in names}
    files = FileList.of(FileEntry(p.name, p.stat().st_size, "0" * 32, "0" * 64) for p in paths.values())
    if profiled is None:
        from registry.reports.profile import profile
        from registry.tables.duck import Session

        parts = tuple(Part(p.name, p, split, pq.read_metadata(p).num_rows) for split, p in paths.items())
        table = Table(parts, tuple((f.name, str(f.type)) for f in fields), tuple(names), None, "parquet")
        with Session(table) as session:
            profiled = profile(session, table, schema)
    counts = {split["name"]: split["rows"] for split in profiled["splits"]}  # type: ignore[attr-defined]
    checks = [Check(f"c{i}", "expect_rows_to_be_unique", "pass", total=9, unexpected=0) for i in range(22)]
    judged = DataFacts(files.sha256, 2, files.bytes, sum(counts.values()), counts)
    evidence = Evidence.of(dataset="d", data=judged, ruleset="a" * 64, checks=checks, fail_on="critical")
    sizes = split_bytes(files, names)
    return ReleaseFacts(
        "d", schema, profiled, files, "parquet", evidence=evidence, split_files=names, split_bytes=sizes
    )


def theirs(data: Path) -> int:
    """The competitor, minimal."""
    start = time.perf_counter()
    import pandas as pd
    from data_profiling import ProfileReport

    frame = pd.concat([pd.read_parquet(data / "train.parquet"), pd.read_parquet(data / "test.parquet")])
    page = ProfileReport(frame, minimal=True, progress_bar=False).to_html()
    return report(start, len(page.encode()))


if __name__ == "__main__":
    sys.exit(main())
