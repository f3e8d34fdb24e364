"""What Spark costs: the gate beside the same plan in plain Spark SQL, near-duplicates beside our own engine.

    python benchmarks/spark.py [--rows N] [--train N] [--test N] [--rounds N]

One Spark on this machine, `local[2]`, warm: every side has run once before it is measured, and the
sides take turns, so that what else the machine does falls on both. The least of the rounds counts.
The gate is the 13 core expectations of `gate.py`, judged by Great Expectations; beside it stand the
statements that someone would write who knows the plan: one pass, and one grouping by hash. The
texts are those of `near_duplicates.py`.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from itertools import count
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from benchmarks import gate, near_duplicates

BAR = 1.5
DIRECT = """SELECT count(*), count_if(text IS NULL), count_if(label IS NULL),
  count_if(label NOT IN ('a', 'b', 'c', 'd')), count_if(c5 NOT IN (0, 1, 2, 3, 4, 5, 6, 7, 8, 9)),
  count_if(NOT age BETWEEN 0 AND 120), count_if(NOT score BETWEEN 0 AND 1),
  count_if(NOT length(text) BETWEEN 1 AND 500), count_if(NOT id RLIKE '^id-[0-9]+$'),
  count(DISTINCT label), avg(score) FROM direct"""
UNIQUE = """WITH hashes AS (SELECT xxhash64(id) AS h FROM direct GROUP BY h HAVING count(*) > 1)
SELECT coalesce(sum(times), 0) FROM (
  SELECT id, count(*) AS times FROM direct LEFT SEMI JOIN hashes ON xxhash64(id) = h GROUP BY id HAVING count(*) > 1)"""


def gates(root: Path, rows: int) -> Mapping[str, Callable[[], object]]:
    """The gate on Spark, and the statements by hand in the same Spark."""
    from registry.checks.gx import load
    from registry.checks.run import run_checks
    from registry.checks.suite import expectations_of
    from registry.model.schema import Column, DatasetSchema
    from registry.tables.spark import SparkSettings, SparkTables, connect

    path = root / "data.parquet"
    gate.make(path, rows, bad=False)
    settings = SparkSettings("local[2]")
    spark = connect(settings)
    spark.read.parquet(str(path)).createOrReplaceTempView("direct")
    expectations = expectations_of([{"type": kind, "kwargs": kwargs} for kind, kwargs in gate.KINDS], "benchmark.yaml")
    load()
    table, session = gate.session_of(path)
    session.close()
    schema = DatasetSchema("t", tuple(Column(name, kind) for name, kind in table.columns))
    tables = SparkTables(table, settings)

    def ours() -> object:
        checks = run_checks(expectations, table, schema, tables)
        assert {check.status for check in checks} == {"pass"}, checks
        return len(checks)

    def direct() -> object:
        return [spark.sql(sql).collect() for sql in (DIRECT, UNIQUE)]

    return {"gate on Spark": ours, "plain Spark SQL": direct}


def searches(root: Path, train: int, test: int) -> Mapping[str, Callable[[], object]]:
    """Near-duplicates between two splits, on Spark and by our own engine."""
    import pyarrow.parquet as pq

    from registry.tables.duck import Session
    from registry.tables.near import NearNotMeasured, NearOptions, NearResult, near_between
    from registry.tables.near.spread import Search
    from registry.tables.spark import SparkSettings, SparkTables
    from registry.tables.table import Part, Table

    names = ("train", "test")
    near_duplicates.generate(root / "texts", train, test)
    paths = {name: root / "texts" / f"{name}.parquet" for name in names}
    parts = tuple(Part(path.name, path, name, pq.read_metadata(path).num_rows) for name, path in paths.items())
    table = Table(parts, (("text", "string"),), names, None, "parquet")

    tables, rounds = SparkTables(table, SparkSettings("local[2]")), count()

    def spread() -> object:
        found = Search(tables, f"near_{next(rounds)}", "text", names, False, NearOptions()).run()
        assert not isinstance(found, NearNotMeasured)
        return sum(one.near for one in found)

    def own() -> object:
        with Session(table) as session:  # one session normalises texts once, whatever is asked of it
            found = near_between(session, "text")
        assert isinstance(found, NearResult)
        return found.unexpected

    return {"near-duplicates on Spark": spread, "our own engine": own}


def compare(sides: Mapping[str, Callable[[], object]], rounds: int, *, equal: bool) -> float:
    """Runs the sides in turns, after one run of each; the ratio of their least times."""
    answers = {name: side() for name, side in sides.items()}
    assert not equal or len(set(answers.values())) == 1, answers
    least = dict.fromkeys(sides, float("inf"))
    for _ in range(rounds):
        for name, side in sides.items():
            began = time.perf_counter()
            side()
            least[name] = min(least[name], time.perf_counter() - began)
    for name, seconds in least.items():
        print(f"  {name:<26}{seconds:8.2f} s", flush=True)
    ours, theirs = least.values()
    return ours / theirs


def main() -> int:
    """Compares both pairs; 0 where the bars are held."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--train", type=int, default=160_000)
    parser.add_argument("--test", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    met = True
    with tempfile.TemporaryDirectory() as directory:
        for what, sides, equal in (
            ("13 core expectations", gates(Path(directory), options.rows), False),
            ("near-duplicates", searches(Path(directory), options.train, options.test), True),
        ):
            ratio = compare(sides, options.rounds, equal=equal)
            held = ratio <= BAR
            met &= held
            print(f"{what:<26}{ratio:8.2f}   bar ≤ {BAR}   {'met' if held else 'MISSED'}", flush=True)
    return 0 if met else 1


if __name__ == "__main__":
    raise SystemExit(main())
