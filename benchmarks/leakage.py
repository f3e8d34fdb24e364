"""Leakage and duplicates, exact and normalised, of a million texts: our four checks beside the same counts by hand.

    python benchmarks/leakage.py [--rows N] [--rounds N]

By hand is polars (hash, group, NFKC, lower case, regular expressions) and DuckDB (GROUP BY; it lacks NFKC,
so that it counts exact ones only); of each task the quicker one counts. Every side runs in a process of
its own; `validation` leaves out start-up and imports. Half of the texts are Korean; of the
tested rows 2 % are copies of training rows and 2 % are copies in another spelling; 2 % of all rows
repeat an earlier one. The counts of all sides must agree. The bar is 1.3 times the processor
time of the best by hand.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
import unicodedata
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
BAR = 1.3
SUITE = """
name: benchmark
expectations:
  - {type: expect_splits_to_be_disjoint, kwargs: {columns: [text]}, meta: {check_id: exact leakage}}
  - {type: expect_rows_to_be_unique, kwargs: {columns: [text]}, meta: {check_id: exact duplicates}}
  - {type: expect_splits_to_be_disjoint, kwargs: {columns: [text], normalize: text}, meta: {check_id: folded leakage}}
  - {type: expect_rows_to_be_unique, kwargs: {columns: [text], normalize: text}, meta: {check_id: folded duplicates}}
"""
Counts = dict[str, int]


def make(directory: Path, rows: int) -> None:
    """train.parquet and test.parquet (a fifth), some 100 characters a text."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    draw = random.Random(1)
    latin = ["".join(draw.choices("abcdefghijklmnop", k=draw.randint(2, 9))) for _ in range(20_000)]
    hangul = ["".join(chr(0xAC00 + draw.randrange(11_000)) for _ in range(draw.randint(2, 5))) for _ in range(20_000)]
    texts = [" ".join(draw.choices(hangul if n % 2 else latin, k=20 if n % 2 else 15)) for n in range(rows)]
    held = rows // 5
    train, test = texts[held:], texts[:held]
    for n in range(held // 50):
        test[n] = draw.choice(train)
        test[-1 - n] = respelt(draw.choice(train), n)
    for n in range(len(train) // 50):
        train[-1 - n] = train[n]
    for name, split in (("train", train), ("test", test)):
        pq.write_table(pa.table({"text": split}), directory / f"{name}.parquet")


def respelt(text: str, number: int) -> str:
    wide = "".join(chr(ord(char) + 0xFEE0) if "!" <= char <= "~" else char for char in text)
    return [text.upper(), text.replace(" ", "  "), unicodedata.normalize("NFD", text), wide, text + "\u200b"][
        number % 5
    ]


def ours(directory: Path) -> Callable[[], Counts]:
    import pyarrow.parquet as pq

    from registry.checks.gx import load
    from registry.checks.run import run_checks
    from registry.checks.suite import parse_suite
    from registry.model.schema import Column, DatasetSchema
    from registry.tables.duck import Session
    from registry.tables.table import Part, Table

    expectations = parse_suite(SUITE, "benchmark.yaml").expectations
    load()
    paths = {name: directory / f"{name}.parquet" for name in ("test", "train")}
    parts = tuple(Part(path.name, path, name, pq.read_metadata(path).num_rows) for name, path in paths.items())
    table = Table(parts, (("text", "string"),), ("train", "test"), None, "parquet")
    session = Session(table)

    def validate() -> Counts:
        checks = run_checks(expectations, table, DatasetSchema("t", (Column("text", "string"),)), session)
        return {check.id: check.unexpected or 0 for check in checks}

    return validate


def by_polars(directory: Path, *, folded: bool) -> Counts:
    import polars as pl

    text = pl.col("text")
    if folded:
        text = text.str.normalize("NFKC").str.to_lowercase().str.replace_all("[\\p{Cf}\u3164\u115f\u1160\uffa0]", "")
        text = text.str.replace_all(r"\s+", " ").str.strip_chars()
    frames = [pl.scan_parquet(directory / f"{name}.parquet").select(key=text.hash()) for name in ("train", "test")]
    train, test = pl.collect_all(frames)
    kind = "folded" if folded else "exact"
    return {
        f"{kind} leakage": test.join(train.unique(), on="key", how="semi").height,
        f"{kind} duplicates": train.height + test.height - pl.concat([train, test])["key"].n_unique(),
    }


def by_duckdb(directory: Path) -> Counts:
    import duckdb

    both = ", ".join(f"'{directory / name}.parquet'" for name in ("train", "test"))
    sql = f"""SELECT sum(n) - count(*), coalesce(sum(tested) FILTER (n > tested), 0) FROM (
      SELECT count(*) AS n, count(*) FILTER (filename LIKE '%test.parquet') AS tested
      FROM read_parquet([{both}], filename=true) GROUP BY hash(text))"""
    duplicates, leaked = duckdb.sql(sql).fetchall()[0]
    return {"exact leakage": int(leaked), "exact duplicates": int(duplicates)}


SIDES: dict[str, Callable[[Path], Callable[[], Counts]]] = {
    "ours": ours,
    "polars exact": lambda directory: lambda: by_polars(directory, folded=False),
    "polars folded": lambda directory: lambda: by_polars(directory, folded=True),
    "duckdb exact": lambda directory: lambda: by_duckdb(directory),
}


def measure(side: str, directory: Path) -> None:
    """Runs one side and prints its figures as JSON."""
    import duckdb  # noqa: F401 (imports are no part of a validation)
    import polars  # noqa: F401

    validate = SIDES[side](directory)
    before, clock = time.process_time(), time.perf_counter()
    counts = validate()
    used = {"cpu": time.process_time() - before, "wall": time.perf_counter() - clock}
    print(json.dumps({**used, "counts": counts}))


def runs(side: str, directory: Path, rounds: int) -> tuple[dict[str, float], Counts]:
    """The least of each figure over the rounds, and the counts."""
    command = [sys.executable, __file__, "--side", side, "--data", str(directory)]
    found = []
    for _ in range(rounds):
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        found.append(json.loads(done.stdout.splitlines()[-1]))
    return {name: min(one[name] for one in found) for name in ("cpu", "wall")}, found[0]["counts"]


def main() -> int:
    """Compares all sides; 0 where the counts agree and the bar is held."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--side", choices=list(SIDES))
    parser.add_argument("--data", type=Path)
    options = parser.parse_args()
    if options.side:
        measure(options.side, options.data)
        return 0
    with tempfile.TemporaryDirectory() as name:
        make(Path(name), options.rows)
        results = {side: runs(side, Path(name), options.rounds) for side in SIDES}
    print(f"{options.rows:,} rows; least of {options.rounds} rounds\n{'':16}{'CPU s':>8}{'wall s':>8}")
    for side, (figures, counts) in results.items():
        print(f"{side:16}{figures['cpu']:8.2f}{figures['wall']:8.2f}  {counts}")
    counts = results["ours"][1]
    agree = all(counts[name] == n for _, found in results.values() for name, n in found.items())
    ratios = {}
    for figure in ("cpu", "wall"):
        exact = min(results[side][0][figure] for side in ("polars exact", "duckdb exact"))
        ratios[figure] = results["ours"][0][figure] / (exact + results["polars folded"][0][figure])
    print(f"ours / best by hand: {ratios['cpu']:.2f} × CPU, {ratios['wall']:.2f} × wall; bar {BAR} × CPU")
    print("the counts agree" if agree else "THE COUNTS DIFFER")
    return 0 if agree and ratios["cpu"] <= BAR else 1


if __name__ == "__main__":
    raise SystemExit(main())
