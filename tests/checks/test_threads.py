"""Evidence does not depend on threads: the same bytes at 1, 2 and 4 of them, run after run."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from registry.checks.run import run_checks
from registry.checks.suite import expectations_of
from registry.model.digest import canonical
from registry.tables.duck import Session
from registry.tables.table import Part, Table
from tests.checks.tables import schema_of
from tests.checks.test_reuse import ROLES, SUITE, row

RUNS = 10 if os.environ.get("REGISTRY_SOAK") else 2
FIGURES = (
    {"type": "expect_column_stdev_to_be_between", "kwargs": {"column": "x", "min_value": 0, "max_value": 0.1}},
    {"type": "expect_column_sum_to_be_between", "kwargs": {"column": "x", "min_value": 0, "max_value": 1}},
    {"type": "expect_column_median_to_be_between", "kwargs": {"column": "x", "min_value": 0, "max_value": 0.1}},
    {"type": "expect_column_mean_to_be_between", "kwargs": {"column": "x", "min_value": 0.9}},
    {"type": "expect_no_target_leakage"},
)


def test_evidence_is_equal_at_any_number_of_threads(tmp_path: Path) -> None:
    draw = random.Random(7)
    parts = []
    for path, count in (("test/0.parquet", 900), ("train/0.parquet", 2000), ("train/1.parquet", 1500)):
        rows = [row(draw) for _ in range(count)]
        file = tmp_path / path
        file.parent.mkdir(exist_ok=True)
        pq.write_table(pa.Table.from_pylist(rows), file, row_group_size=100)
        parts.append(Part(path, file, path.partition("/")[0], count))
    columns = (("id", "string"), ("t", "string"), ("l", "string"), ("g", "string"), ("x", "double"))
    table = Table(tuple(parts), columns, ("train", "test"), None, "parquet")
    schema = schema_of(table, **ROLES)
    seen = set()
    for threads in (1, 2, 4):
        for _ in range(RUNS):
            with Session(table, threads=threads) as session:
                checks = run_checks(expectations_of([*SUITE, *FIGURES], "suite"), table, schema, session)
            assert {"pass", "fail"} <= {check.status for check in checks}
            assert "error" not in {check.status for check in checks}
            seen.add(canonical([check.to_json() for check in checks]))
    assert len(seen) == 1
