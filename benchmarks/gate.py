"""What the gate costs: 13 core expectations on a million rows beside the same figures without it.

    python benchmarks/gate.py                 # the gate, DuckDB by hand, Great Expectations alone; some minutes
    python benchmarks/gate.py --scale         # one million rows against ten million, within 2 GB
    python benchmarks/gate.py --only-direct   # leave Great Expectations alone out

Each side runs in a process of its own; the least of the rounds counts, in CPU seconds, since
wall time on a shared machine says little. `validation` leaves out start-up and imports,
`process` is all of it. `pass` is data that every expectation accepts; in `fail` six of the
13 find rows. "Great Expectations alone" judges the same suite through its pandas engine, and
through its SQL engine on DuckDB, which needs a repair of six lines to work at all (it reads an
unbuffered cursor after closing the connection) and an environment of its own
(`requirements-gate.txt`). The exit code says whether the bars were held.
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
HERE = Path(__file__).resolve()
# NOTE: cProfile imports a module `profile`, and must not find that of this folder.
sys.path = [str(ROOT), *(entry for entry in sys.path if Path(entry or ".").resolve() != HERE.parent)]
CPU, MEMORY, EACH = 1.25, 260, 5  # times direct, MB beyond direct, ms of Great Expectations an expectation
SQL, PANDAS = 0.6, 6.0  # of the process on stock DuckDB, at most; times faster than on pandas, at least
GROWTH, PEAK = 11.0, 2048  # from one million rows to ten; MB
KINDS = (
    ("expect_table_row_count_to_be_between", {"min_value": 1}),
    (
        "expect_table_columns_to_match_set",
        {"column_set": ["id", "text", "label", "age", "score", "c5", "c6", "c7", "c8", "day"]},
    ),
    ("expect_column_values_to_not_be_null", {"column": "text"}),
    ("expect_column_values_to_not_be_null", {"column": "label"}),
    ("expect_column_values_to_be_unique", {"column": "id"}),
    ("expect_column_values_to_be_in_set", {"column": "label", "value_set": ["a", "b", "c", "d"]}),
    ("expect_column_values_to_be_in_set", {"column": "c5", "value_set": list(range(10))}),
    ("expect_column_values_to_be_between", {"column": "age", "min_value": 0, "max_value": 120}),
    ("expect_column_values_to_be_between", {"column": "score", "min_value": 0, "max_value": 1}),
    ("expect_column_value_lengths_to_be_between", {"column": "text", "min_value": 1, "max_value": 500}),
    ("expect_column_values_to_match_regex", {"column": "id", "regex": "^id-[0-9]+$"}),
    ("expect_column_unique_value_count_to_be_between", {"column": "label", "max_value": 10}),
    ("expect_column_mean_to_be_between", {"column": "score", "min_value": 0.4, "max_value": 0.6}),
)
FOUND = {  # what a user writes by hand for the same figures, and for samples of the rows found
    "text IS NULL": "text", "label IS NULL": "label", "label NOT IN ('a', 'b', 'c', 'd')": "label",
    "c5 NOT IN (0, 1, 2, 3, 4, 5, 6, 7, 8, 9)": "c5", "NOT age BETWEEN 0 AND 120": "age",
    "NOT score BETWEEN 0 AND 1": "score", "NOT length(text) BETWEEN 1 AND 500": "text",
    "NOT regexp_matches(id, '^id-[0-9]+$')": "id",
}  # fmt: skip
DIRECT = f"""SELECT count(*), {", ".join(f"count(*) FILTER ({where})" for where in FOUND)},
  count(DISTINCT label), favg(score) FROM data"""
UNIQUE = "SELECT sum(n) FROM (SELECT count(*) AS n FROM data GROUP BY id HAVING count(*) > 1)"
REPEATED = "SELECT id FROM data WHERE id IN (SELECT id FROM data GROUP BY id HAVING count(*) > 1) ORDER BY 1 LIMIT 20"

MADE = """{id} AS id,
  CASE WHEN {bad} THEN NULL ELSE '리뷰 text ' || repeat(chr(97 + CAST(i % 26 AS INT)), CAST(20 + i % 60 AS INT)) || i
  END AS text,
  CASE WHEN {bad} THEN 'z' ELSE ['a', 'b', 'c', 'd'][1 + i % 4] END AS label,
  CASE WHEN {bad} THEN -1 ELSE i % 100 END AS age,
  CASE WHEN {bad} THEN 2.0 ELSE (i % 1000) / 1000.0 END::DOUBLE AS score,
  CASE WHEN {bad} THEN 77 ELSE i % 10 END AS c5, i * 7 AS c6, i / 3.0::DOUBLE AS c7, 'k' || i % 5000 AS c8,
  DATE '2024-01-01' + CAST(i % 365 AS INT) AS day"""


def make(path: Path, rows: int, *, bad: bool) -> None:
    """A Parquet file of `rows` rows and ten columns; with `bad` a thousandth of the rows breaks six rules."""
    import duckdb

    condition = "i % 1000 = 7" if bad else "false"
    name = "CASE WHEN i % 1000 = 7 THEN 'id-' || (i - 1) ELSE 'id-' || i END" if bad else "'id-' || i"
    made = MADE.format(bad=condition, id=name)
    duckdb.sql(f"COPY (SELECT {made} FROM range({rows}) t(i)) TO '{path}' (FORMAT parquet)")


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


def gate(path: Path) -> Callable[[], dict[str, float]]:
    """Our checks; the number of queries they took, and the time outside of them."""
    from registry.checks.gx import load
    from registry.checks.run import run_checks
    from registry.checks.suite import expectations_of
    from registry.model.schema import Column, DatasetSchema

    expectations = expectations_of([{"type": kind, "kwargs": kwargs} for kind, kwargs in KINDS], "benchmark")
    load()
    table, session = session_of(path)
    schema = DatasetSchema("t", tuple(Column(name, kind) for name, kind in table.columns))
    spent = [0.0]
    answer = session.rows

    def timed(sql: str):
        before = time.process_time()
        try:
            return answer(sql)
        finally:
            spent[0] += time.process_time() - before

    session.rows = timed  # type: ignore[method-assign]

    def validate() -> dict[str, float]:
        before = time.process_time()
        checks = run_checks(expectations, table, schema, session)
        used = time.process_time() - before
        failed = sum(check.status != "pass" for check in checks)
        return {"queries": session.queries, "failed": failed, "each_ms": (used - spent[0]) * 1000 / len(KINDS)}

    return validate


def direct(path: Path) -> Callable[[], dict[str, float]]:
    """The same figures, written by hand, and 20 samples wherever rows were found."""
    _, session = session_of(path)

    def validate() -> dict[str, float]:
        counts = list(session.rows(DIRECT)[0].values())[1:9]
        failed = 0
        for (where, column), count in zip(FOUND.items(), counts, strict=True):
            if count:
                failed += 1
                session.rows(f"SELECT {column} FROM data WHERE {where} ORDER BY __file, __row LIMIT 20")
        if session.value(UNIQUE):
            failed += 1
            session.rows(REPEATED)
        return {"queries": session.queries, "failed": failed}

    return validate


def pandas(path: Path) -> Callable[[], dict[str, float]]:
    """Great Expectations alone, on a data frame."""
    import great_expectations as gx
    import pandas as pd

    context = gx.get_context(mode="ephemeral")
    asset = context.data_sources.add_pandas("p").add_dataframe_asset("a")
    suite = stock_suite(gx)

    def validate() -> dict[str, float]:
        batch = asset.add_batch_definition_whole_dataframe("b").get_batch({"dataframe": pd.read_parquet(path)})
        return {"failed": sum(not result.success for result in batch.validate(suite).results)}

    return validate


def stock(path: Path) -> Callable[[], dict[str, float]]:
    """Great Expectations alone, on DuckDB through its SQL engine, repaired."""
    from typing import Literal

    import duckdb
    import great_expectations as gx
    import sqlalchemy as sa
    from great_expectations.datasource.fluent import SQLDatasource
    from great_expectations.execution_engine import SqlAlchemyExecutionEngine
    from great_expectations.expectations.metrics.map_metric_provider import (
        ColumnMapMetricProvider,
        column_condition_partial,
    )

    class DuckDBExecutionEngine(SqlAlchemyExecutionEngine):
        def execute_query(self, query):
            with self.get_connection() as connection:
                result = self._execute_query_with_recovery(connection, query)
                return result.freeze()() if result.returns_rows else result

        execute_query_in_transaction = execute_query

    class DuckDBDatasource(SQLDatasource):
        type: Literal["duckdb"] = "duckdb"

        @property
        def execution_engine_type(self):
            return DuckDBExecutionEngine

    class MatchesRegex(ColumnMapMetricProvider):
        condition_metric_name = "column_values.match_regex"
        condition_value_keys = ("regex",)

        @column_condition_partial(engine=DuckDBExecutionEngine)
        def _duckdb(cls, column, regex, **kwargs):  # noqa: N805
            return sa.func.regexp_matches(column, regex)

    file = path.with_suffix(".duckdb")
    file.unlink(missing_ok=True)
    with duckdb.connect(str(file)) as made:
        made.execute(f"CREATE VIEW data AS SELECT * FROM read_parquet('{path}')")
    context = gx.get_context(mode="ephemeral")
    source = context.data_sources.add_duckdb("d", connection_string=f"duckdb:///{file}", create_temp_table=False)
    batch = source.add_table_asset("a", table_name="data").add_batch_definition_whole_table("b").get_batch()
    suite = stock_suite(gx)

    def validate() -> dict[str, float]:
        results = batch.validate(suite).results
        broken = [result.exception_info for result in results if result.exception_info.get("raised_exception")]
        if broken:
            raise SystemExit(f"Great Expectations alone failed: {broken[0]}")
        return {"failed": sum(not result.success for result in results)}

    return validate


def stock_suite(gx):
    names = ["".join(word.capitalize() for word in kind.split("_")) for kind, _ in KINDS]
    made = [getattr(gx.expectations, name)(**kwargs) for name, (_, kwargs) in zip(names, KINDS, strict=True)]
    return gx.ExpectationSuite(name="benchmark", expectations=made)


SIDES = {"gate": gate, "direct": direct, "pandas": pandas, "stock": stock}


def measure(side: str, path: Path) -> None:
    """Runs one side and prints its figures as JSON."""
    validate = SIDES[side](path)
    before, clock = time.process_time(), time.perf_counter()
    found = validate()
    used = {"validation": time.process_time() - before, "wall": time.perf_counter() - clock}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({**used, "process": time.process_time(), "rss": peak, **found}))


def least(side: str, path: Path, rounds: int, python: str = sys.executable) -> dict[str, float]:
    """The least of each figure over the rounds."""
    found = []
    for _ in range(rounds):
        done = subprocess.run(
            [python, str(HERE), "--side", side, "--data", str(path)], capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise SystemExit(f"{side} failed:\n{done.stderr[-3000:]}")
        found.append(json.loads([line for line in done.stdout.splitlines() if line.startswith("{")][-1]))
    return {name: min(one[name] for one in found) for name in found[0]}


def show(name: str, figures: dict[str, float]) -> None:
    rest = "".join(f"  {key} {figures[key]:.4g}" for key in ("queries", "failed", "each_ms") if key in figures)
    seconds = f"{figures['validation']:9.2f}{figures['process']:9.2f}{figures['wall']:9.2f}"
    print(f"{name:<34}{seconds}{figures['rss']:8.0f} MB{rest}", flush=True)


def held(what: str, value: float, bar: float, *, most: bool = True) -> bool:
    good = value <= bar if most else value >= bar
    print(f"    {what}: {value:.2f} (bar {'≤' if most else '≥'} {bar:g}) {'held' if good else 'MISSED'}", flush=True)
    return good


def environment(root: Path) -> str:
    """The Python of a new environment with Great Expectations on DuckDB."""
    python = str(root / "bin" / "python")
    subprocess.run([sys.executable, "-m", "venv", str(root)], check=True)
    wanted = str(HERE.parent / "requirements-gate.txt")
    subprocess.run([python, "-m", "pip", "install", "-qq", "--disable-pip-version-check", "-r", wanted], check=True)
    return python


def compared(directory: Path, rows: int, rounds: int, *, alone: bool) -> bool:
    """All sides on passing and on failing data; whether the bars hold."""
    good = []
    python = environment(directory / "stock") if alone else ""
    print(f"{rows:,} rows × 10 columns, 13 expectations; least of {rounds} rounds, CPU seconds")
    print(f"{'':<34}{'judging':>9}{'process':>9}{'wall':>9}")
    for name in ("pass", "fail"):
        path = directory / f"{name}.parquet"
        make(path, rows, bad=name == "fail")
        ours, plain = least("gate", path, rounds), least("direct", path, rounds)
        show(f"{name}: the gate", ours)
        show(f"{name}: DuckDB by hand", plain)
        good.append(held("judging, times direct", ours["validation"] / plain["validation"], CPU))
        good.append(held("memory beyond direct, MB", ours["rss"] - plain["rss"], MEMORY))
        good.append(held("outside of queries, ms an expectation", ours["each_ms"], EACH))
        if alone:
            engine = least("stock", path, 1, python)
            show(f"{name}: Great Expectations on DuckDB", engine)
            good.append(held("process, of theirs", ours["process"] / engine["process"], SQL))
            frame = least("pandas", path, 1)
            show(f"{name}: Great Expectations on pandas", frame)
            good.append(held("judging, times faster", frame["validation"] / ours["validation"], PANDAS, most=False))
    return all(good)


def scaled(directory: Path) -> bool:
    """One million rows against ten, with 1 GB for DuckDB; whether the bars hold."""
    figures = []
    for rows in (1_000_000, 10_000_000):
        path = directory / f"{rows}.parquet"
        make(path, rows, bad=False)
        figures.append(least("gate", path, 2))
        show(f"{rows:,} rows", figures[-1])
        path.unlink()
    growth = figures[1]["wall"] / figures[0]["wall"]
    return held("wall, ten million against one", growth, GROWTH) & held("peak, MB", figures[1]["rss"], PEAK)


def main() -> int:
    """Compares; 0 where the bars are held."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--scale", action="store_true")
    parser.add_argument("--only-direct", action="store_true")
    parser.add_argument("--side", choices=[*SIDES], help=argparse.SUPPRESS)
    parser.add_argument("--data", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.side:
        measure(options.side, options.data)
        return 0
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory)
        good = scaled(root) if options.scale else compared(
            root, options.rows, options.rounds, alone=not options.only_direct
        )  # fmt: skip
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(main())
