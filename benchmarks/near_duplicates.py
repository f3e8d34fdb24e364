"""Near-duplicates between splits: ours against MinHash LSH (datasketch, 25 bands of 5 rows, each candidate verified).

    python benchmarks/near_duplicates.py            # every measurement, some minutes
    python benchmarks/near_duplicates.py --quick    # a tenth of the rows, to see that it runs

Every measurement is a process of its own; processor seconds, wall seconds and the peak of
resident memory are those of the whole process, interpreter and imports included. The
competitor lives in an environment of its own (`requirements-near.txt`), made in a temporary
directory. Texts are generated: half of the rows Korean, half Latin, each with some words of the
other, by Zipf's law, some 150 characters; 3 % of the held-out rows are edited
copies. It exits with 1 if a bar is missed.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import unicodedata
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve()
BANDS, ROWS = 25, 5
SPEED, MEMORY, GROWTH, BOILERPLATE = 15.0, 1 / 3, 5.0, 3.0  # the bars

DATA = (  # name, rows of train and test, share of boilerplate
    ("160k + 20k", (160_000, 20_000), 0.0),
    ("160k + 20k, 30 % boilerplate", (160_000, 20_000), 0.3),
    ("1M in all", (900_000, 100_000), 0.0),
    ("200k in all", (180_000, 20_000), 0.0),
)


@dataclass(frozen=True)
class Run:
    name: str
    wall: float
    cpu: float
    megabytes: float
    found: int

    def __str__(self) -> str:
        return f"{self.name:<34}{self.wall:8.2f} s{self.cpu:9.2f} s{self.megabytes:8.0f} MB{self.found:9,}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of the rows")
    parser.add_argument("--repeat", type=int, default=3, help="runs of each of ours; the median is shown")
    parser.add_argument("--only-ours", action="store_true", help="leave the competitor out")
    parser.add_argument("--run", nargs=2, metavar=("WHICH", "DIRECTORY"), help=argparse.SUPPRESS)
    parser.add_argument("--make", nargs=4, metavar=("DIRECTORY", "TRAIN", "TEST", "SHARE"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.make:
        root, train, test, share = given.make
        generate(Path(root), int(train), int(test), float(share))
        return 0
    if given.run:
        print(json.dumps({"found": ENGINES[given.run[0]](Path(given.run[1]))}))
        return 0
    with tempfile.TemporaryDirectory(prefix="near-") as temp:
        return compare(Path(temp), 10 if given.quick else 1, given.repeat, competitor=not given.only_ours)


def compare(temp: Path, part: int, repeat: int, *, competitor: bool) -> int:
    data = {
        name: made(temp / str(at), *(rows // part for rows in sizes), share)
        for at, (name, sizes, share) in enumerate(DATA)
    }
    print(f"{'':<34}{'wall':>10}{'processor':>11}{'peak':>11}{'found':>9}")
    ours = {name: median("ours", f"ours, {name}", at, repeat) for name, at in data.items()}
    within = median("within", "ours, within one split of 200k", data["200k in all"], 1)
    bars = []
    if competitor:
        python = environment(temp / "venv")
        theirs = measure("datasketch", "datasketch, 160k + 20k", data["160k + 20k"], python)
        plain = ours["160k + 20k"]
        bars += [
            ("times as fast (wall)", theirs.wall / plain.wall, SPEED, True),
            ("times as fast (processor)", theirs.cpu / plain.cpu, SPEED, True),
            ("share of the memory", plain.megabytes / theirs.megabytes, MEMORY, False),
            ("rows found by both, share", min(plain.found, theirs.found) / max(plain.found, theirs.found), 0.99, True),
        ]
    bars += [
        ("times the processor, 200k to 1M", ours["1M in all"].cpu / ours["200k in all"].cpu, GROWTH, False),
        ("times the processor, boilerplate", ours["160k + 20k, 30 % boilerplate"].cpu / ours["160k + 20k"].cpu,
         BOILERPLATE, False),
    ]  # fmt: skip
    print(f"\nwithin one split: {within.cpu / ours['200k in all'].cpu:.1f} times between splits\n")
    for name, value, bar, least in bars:
        met = value >= bar if least else value <= bar
        print(f"{name:<34}{value:8.2f}   bar {'≥' if least else '≤'} {bar:.2f}   {'met' if met else 'MISSED'}")
    return int(any((value < bar) if least else (value > bar) for _, value, bar, least in bars))


def made(root: Path, train: int, test: int, share: float) -> Path:
    """The data, by a process of its own: a child's peak of memory is never below its parent's."""
    subprocess.run([sys.executable, str(HERE), "--make", str(root), str(train), str(test), str(share)], check=True)
    return root


def median(which: str, name: str, data: Path, repeat: int) -> Run:
    runs = sorted((measure(which, name, data, sys.executable, show=False) for _ in range(repeat)), key=lambda r: r.cpu)
    print(runs[repeat // 2], flush=True)
    return runs[repeat // 2]


def measure(which: str, name: str, data: Path, python: str, *, show: bool = True) -> Run:
    """One process, and what it cost."""
    environ = {**os.environ, "PYTHONPATH": str(HERE.parent.parent)} if which != "datasketch" else dict(os.environ)
    began = time.perf_counter()
    process = subprocess.Popen(
        [python, str(HERE), "--run", which, str(data)], stdout=subprocess.PIPE, env=environ, text=True
    )
    assert process.stdout is not None
    out = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{name} failed")
    run = Run(name, wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, json.loads(out)["found"])
    if show:
        print(run, flush=True)
    return run


def environment(root: Path) -> str:
    """The Python of a new environment with the competitor."""
    python = str(root / "bin" / "python")
    subprocess.run([sys.executable, "-m", "venv", str(root)], check=True)
    wanted = str(HERE.parent / "requirements-near.txt")
    subprocess.run([python, "-m", "pip", "install", "-qq", "--disable-pip-version-check", "-r", wanted], check=True)
    return python


# --- data ---------------------------------------------------------------------------------------------------------


def generate(root: Path, train: int, test: int, boilerplate: float = 0.0) -> None:
    """`train.parquet` and `test.parquet` with the column `text`; the same for the same arguments.

    `boilerplate` of the rows consist to nine tenths of one of 50 templates.
    """
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    rng = np.random.default_rng(7)
    words = vocabulary(rng, 1_000_000)  # forms: Korean inflects, and both have names and misspellings
    weight = 1 / np.arange(1, len(words) + 1)
    cumulative = np.cumsum(weight / weight.sum())

    def texts(count: int) -> list[str]:
        sizes = rng.integers(15, 45, count)
        drawn = np.searchsorted(cumulative, rng.random(int(sizes.sum())))
        korean = np.repeat(rng.random(count) < 0.5, sizes)
        own = rng.random(len(drawn)) < 0.85  # every even word is Korean
        drawn = np.where(own, drawn // 2 * 2 + ~korean, drawn)
        ends = np.cumsum(sizes)
        return [
            " ".join(map(words.__getitem__, drawn[end - size : end])) for size, end in zip(sizes, ends, strict=True)
        ]

    templates = texts(50)

    def filled(rows: list[str]) -> list[str]:
        for at in np.flatnonzero(rng.random(len(rows)) < boilerplate):
            template = templates[int(rng.integers(50))]
            rows[at] = template + " " + rows[at][: len(template) // 9]
        return rows

    rows = texts(train)
    held = texts(test)
    for at in rng.choice(test, test * 3 // 100, replace=False):
        held[at] = edited(rng, rows[int(rng.integers(train))], words)
    root.mkdir()
    for name, some in (("train", filled(rows)), ("test", filled(held))):
        pq.write_table(pa.table({"text": some}), root / f"{name}.parquet", row_group_size=20_000)


def vocabulary(rng, count):
    """Words of 2 to 4 syllables at even places, of 2 to 9 letters at odd ones."""
    words = []
    for at in range(count):
        if at % 2:
            words.append("".join(map(chr, rng.integers(97, 123, rng.integers(2, 10)))))
        else:
            words.append("".join(map(chr, rng.integers(0xAC00, 0xAC00 + 2000, rng.integers(2, 5)))))
    return words


def edited(rng, text, words):
    """A copy in which up to two words are others."""
    out = text.split()
    for _ in range(int(rng.integers(0, 3))):
        out[int(rng.integers(len(out)))] = words[int(rng.integers(len(words)))]
    return " ".join(out)


# --- engines ------------------------------------------------------------------------------------------------------


def ours(root: Path) -> int:
    return _ours(root, ("train", "test"), within=False)


def ours_within(root: Path) -> int:
    return _ours(root, ("train",), within=True)


def _ours(root: Path, names: tuple[str, ...], *, within: bool) -> int:
    import pyarrow.parquet as pq

    from registry.tables.duck import Session
    from registry.tables.near import NearResult, near_between, near_within
    from registry.tables.table import Part, Table

    paths = {name: root / f"{name}.parquet" for name in names}
    parts = tuple(Part(path.name, path, name, pq.read_metadata(path).num_rows) for name, path in paths.items())
    with Session(Table(parts, (("text", "string"),), names, None, "parquet")) as session:
        result = near_within(session, "text") if within else near_between(session, "text")
    assert isinstance(result, NearResult), result
    return result.unexpected


def datasketch(root: Path) -> int:
    """As its documentation does: the training rows are inserted, the held-out ones asked for, candidates verified."""
    import pyarrow.parquet as pq
    from datasketch import MinHash, MinHashLSH

    def sets(name: str):
        for text in pq.read_table(root / f"{name}.parquet").column("text").to_pylist():
            key = " ".join(unicodedata.normalize("NFKC", text).casefold().split())
            yield key, 3 if len(re.findall("[\uac00-\ud7a3]", key)) * 2 > len(key) - key.count(" ") else 5

    def shingles(key: str, k: int) -> set[str]:
        return {key[at : at + k] for at in range(len(key) - k + 1)}

    def signature(key: str, k: int) -> MinHash:
        out = MinHash(num_perm=BANDS * ROWS)
        out.update_batch([piece.encode() for piece in shingles(key, k)])
        return out

    index = MinHashLSH(num_perm=BANDS * ROWS, params=(BANDS, ROWS))
    train = list(sets("train"))
    with index.insertion_session() as session:
        for at, (key, k) in enumerate(train):
            session.insert(at, signature(key, k))
    found = 0
    for key, k in sets("test"):
        for at in index.query(signature(key, k)):
            other, size = train[at]
            a, b = shingles(key, min(k, size)), shingles(other, min(k, size))
            if len(a & b) >= 0.8 * len(a | b) - 1e-9:
                found += 1
                break
    return found


ENGINES = {"ours": ours, "within": ours_within, "datasketch": datasketch}

if __name__ == "__main__":
    sys.exit(main())
