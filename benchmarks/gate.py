"""What the gate costs: 13 core expectations on a million rows beside the same figures in plain DuckDB.

    python benchmarks/gate.py [--rows N] [--rounds N]

Each side runs in a process of its own; the least of the rounds counts, in CPU seconds, since
wall time on a shared machine says little. `validation` leaves out start-up and imports,
`process` is all of it. The bar is a ratio of validation of 2.5 at most; the exit code says
whether it was held.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
BAR = 2.5
SUITE = """
name: benchmark
expectations:
  - {type: expect_table_row_count_to_be_between, kwargs: {min_value: 1}}
  - {type: expect_table_columns_to_match_set, kwargs: {column_set: [id, text, label, age, score, c5, c6, c7, c8, day]}}
  - {type: expect_column_values_to_not_be_null, kwargs: {column: text}}
  - {type: expect_column_values_to_not_be_null, kwargs: {column: label}}
  - {type: expect_column_values_to_be_unique, kwargs: {column: id}}
  - {type: expect_column_values_to_be_in_set, kwargs: {column: label, value_set: [a, b, c, d]}}
  - {type: expect_column_values_to_be_in_set, kwargs: {column: c5, value_set: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]}}
  - {type: expect_column_values_to_be_between, kwargs: {column: age, min_value: 0, max_value: 120}}
  - {type: expect_column_values_to_be_between, kwargs: {column: score, min_value: 0, max_value: 1}}
  - {type: expect_column_value_lengths_to_be_between, kwargs: {column: text, min_value: 1, max_value: 500}}
  - {type: expect_column_values_to_match_regex, kwargs: {column: id, regex: '^id-[0-9]+$'}}
  - {type: expect_column_unique_value_count_to_be_between, kwargs: {column: label, max_value: 10}}
  - {type: expect_column_mean_to_be_between, kwargs: {column: score, min_value: 0.4, max_value: 0.6}}
"""
DIRECT = """SELECT count(*), count(*) FILTER (text IS NULL), count(*) FILTER (label IS NULL),
  count(*) FILTER (label NOT IN ('a', 'b', 'c', 'd')), count(*) FILTER (c5 NOT IN (0, 1, 2, 3, 4, 5, 6, 7, 8, 9)),
  count(*) FILTER (NOT age BETWEEN 0 AND 120), count(*) FILTER (NOT score BETWEEN 0 AND 1),
  count(*) FILTER (NOT length(text) BETWEEN 1 AND 500), count(*) FILTER (NOT regexp_matches(id, '^id-[0-9]+$')),
  count(DISTINCT label), favg(score) FROM data"""
UNIQUE = "SELECT count(*) FROM (SELECT id FROM data GROUP BY id HAVING count(*) > 1)"


MADE = """'id-' || i AS id,
  '리뷰 text ' || repeat(chr(97 + CAST(i % 26 AS INT)), CAST(20 + i % 60 AS INT)) || i AS text,
  ['a', 'b', 'c', 'd'][1 + i % 4] AS label, i % 100 AS age, (i % 1000) / 1000.0::DOUBLE AS score,
  i % 10 AS c5, i * 7 AS c6, i / 3.0::DOUBLE AS c7, 'k' || i % 5000 AS c8,
  DATE '2024-01-01' + CAST(i % 365 AS INT) AS day"""


def make(path: Path, rows: int) -> None:
    """A Parquet file of `rows` rows and ten columns."""
    import duckdb

    duckdb.sql(f"COPY (SELECT {MADE} FROM range({rows}) t(i)) TO '{path}' (FORMAT parquet)")


def session_of(path: Path):
    """The table of the file, and a session on it."""
    import pyarrow.parquet as pq

    from registry.tables.duck import Session
    from registry.tables.table import Part, Table

    found = pq.ParquetFile(path)
    columns = tuple((field.name, str(field.type)) for field in found.schema_arrow)
    part = Part(path.name, path, "train", found.metadata.num_rows)
    table = Table((part,), columns, ("train",), None, "parquet")
    return table, Session(table)


def gate(path: Path) -> Callable[[], int]:
    """Our checks; the number of queries they took."""
    from registry.checks.gx import load
    from registry.checks.run import run_checks
    from registry.checks.suite import parse_suite
    from registry.model.schema import Column, DatasetSchema

    expectations = parse_suite(SUITE, "benchmark.yaml").expectations
    load()
    table, session = session_of(path)
    schema = DatasetSchema("t", tuple(Column(name, kind) for name, kind in table.columns))

    def validate() -> int:
        checks = run_checks(expectations, table, schema, session)
        assert {check.status for check in checks} == {"pass"}, checks
        return session.queries

    return validate


def direct(path: Path) -> Callable[[], int]:
    """The same figures, written by hand."""
    _, session = session_of(path)

    def validate() -> int:
        session.rows(DIRECT)
        session.rows(UNIQUE)
        return session.queries

    return validate


def measure(side: str, path: Path) -> None:
    """Runs one side and prints its figures as JSON."""
    validate = {"gate": gate, "direct": direct}[side](path)
    before, clock = time.process_time(), time.perf_counter()
    queries = validate()
    used = {"validation": time.process_time() - before, "wall": time.perf_counter() - clock}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({**used, "process": time.process_time(), "rss": peak, "queries": queries}))


def least(side: str, path: Path, rounds: int) -> dict[str, float]:
    """The least of each figure over the rounds."""
    command = [sys.executable, __file__, "--side", side, "--data", str(path)]
    found = []
    for _ in range(rounds):
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        found.append(json.loads(done.stdout.splitlines()[-1]))
    return {name: min(one[name] for one in found) for name in found[0]}


def main() -> int:
    """Compares both sides; 0 where the bar is held."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--side", choices=["gate", "direct"])
    parser.add_argument("--data", type=Path)
    options = parser.parse_args()
    if options.side:
        measure(options.side, options.data)
        return 0
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "data.parquet"
        make(path, options.rows)
        ours, plain = (least(side, path, options.rounds) for side in ("gate", "direct"))
    print(f"{options.rows:,} rows, 10 columns, 13 expectations; least of {options.rounds} rounds")
    print(f"{'':12}{'gate':>10}{'direct':>10}{'ratio':>8}")
    for name, unit in (("validation", "CPU s"), ("process", "CPU s"), ("wall", "s"), ("rss", "MB"), ("queries", "")):
        ratio = f"{ours[name] / plain[name]:.2f}"
        print(f"{name:12}{ours[name]:>10.2f}{plain[name]:>10.2f}{ratio:>8}  {unit}")
    held = ours["validation"] <= BAR * plain["validation"]
    print(f"bar: validation at most {BAR} times direct: {'held' if held else 'MISSED'}")
    return 0 if held else 1


if __name__ == "__main__":
    raise SystemExit(main())
