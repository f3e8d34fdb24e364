"""Evidence does not depend on threads: the same bytes at 1, 2 and 4 of them, run after run."""

from __future__ import annotations

import json
import os
import random
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from registry.checks.expectations import (
    alike,
    anonymity,
    contamination,
    disparity,
    drift,
    listed,
    personal,
    provenance,
)
from registry.checks.references import Marked, References
from registry.checks.run import run_checks
from registry.checks.suite import expectations_of, load_suite
from registry.model.digest import canonical
from registry.reports.profile import profile
from registry.tables.duck import Session
from registry.tables.fingerprints import Fingerprint
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


HELD_OUT = "대한민국의 헌법은 언제 처음 제정되어 공포되었습니까?"
QUASI = {"quasi_identifiers": ["나이", "곳"]}
MEASURES = (
    ("expect_no_drift_from_previous_release", {}),
    *(("expect_no_drift_between_splits", {"measure": measure}) for measure in ("psi", "js", "ks", "wasserstein")),
    ("expect_no_contamination_with", {"references": ["bench@1:test"]}),
    ("expect_no_personal_data", {}),
    ("expect_no_listed_terms", {"list": "terms.txt"}),
    ("expect_k_anonymity_at_least", {**QUASI, "k": 40}),
    ("expect_l_diversity_at_least", {**QUASI, "sensitive": "l", "l": 3}),
    ("expect_t_closeness_at_most", {**QUASI, "sensitive": ["l", "점수"], "t": 0.01}),
    ("expect_synthetic_share_at_most", {"column": "출처", "synthetic_values": ["모델"], "max_share": 0.1}),
    ("expect_group_disparity_at_most", {"columns": ["곳"], "label": "l", "max_difference": 0.01}),
    ("expect_label_to_follow_annotators", {"label": "l", "annotators": ["l", "둘째"]}),
    ("expect_near_duplicates_to_agree_on_label", {"column": "글", "label": "l"}),
)
TOPICS = (drift, contamination, personal, listed, anonymity, provenance, disparity, alike)


def test_measures_of_fitness_are_equal_at_any_number_of_threads(tmp_path: Path) -> None:
    """Agreement, label noise and sufficiency stand in tests of their own."""
    assert {spec.form.type for topic in TOPICS for spec in topic.SPECS} <= {kind for kind, _ in MEASURES}
    draw = random.Random(11)
    parts = []
    for path, count in (("train/0.parquet", 700), ("train/1.parquet", 500), ("test/0.parquet", 400)):
        rows = [person(draw, at, late=path.startswith("test")) for at in range(count)]
        file = tmp_path / path
        file.parent.mkdir(exist_ok=True)
        pq.write_table(pa.Table.from_pylist(rows), file, row_group_size=100)
        parts.append(Part(path, file, path.partition("/")[0], count))
    kinds = {"글": "string", "나이": "int64", "점수": "double"}
    columns = tuple((name, kinds.get(name, "string")) for name in rows[0])
    table = Table(tuple(parts), columns, ("train", "test"), None, "parquet")
    schema = schema_of(table, 글="text", l="label")
    marked = [Marked("bench@1.0.0:test", "", Fingerprint.of([[HELD_OUT]], b"salt"))]
    file, entries = tmp_path / "suite.yaml", [{"type": kind, "kwargs": kwargs} for kind, kwargs in MEASURES]
    file.write_text(json.dumps({"name": "suite", "expectations": entries}), "utf-8")
    file.with_name("terms.txt").write_text("나쁜\n", "utf-8")
    suite = load_suite(file).expectations
    seen, profiles = set(), set()
    for threads in (1, 2, 2, 4):
        with Session(table, threads=threads) as session:
            now = profile(session, table, schema)
            before = {**now, "columns": [{**one, "role": None} for one in now["columns"]]}
            references = References("d@1.0.0", partial(dict, before), partial(dict, now), lambda _: marked)
            checks = run_checks(suite, table, schema, session, references)
        assert {check.status for check in checks} == {"pass", "fail"}, [c.message for c in checks]
        seen.add(canonical([check.to_json() for check in checks]))
        profiles.add(canonical(now))
    assert len(seen) == len(profiles) == 1


def person(draw: random.Random, at: int, *, late: bool) -> dict[str, object]:
    """A row with a little of everything that is looked for."""
    text = f"{draw.choice(['좋은', '나쁜'])} 물건을 사고 한참 뒤에 쓰는 글입니다 {draw.randrange(10**6)}"
    text = {
        3: f"{HELD_OUT}!",
        5: f"{text} 010-1234-{5000 + at}",
        7: "같은 글을 여러 번 쓰면 라벨이 달라지기도 한다",
    }.get(at % 50, text)
    label = draw.choice(["긍정", "부정"])
    return {
        "글": text,
        "l": label,
        "둘째": label if at % 9 else "중립",
        "나이": draw.randrange(20, 60 if late else 50) // 10 * 10,
        "곳": draw.choice(["서울", "부산", "제주"]),
        "점수": draw.gauss(1.0 if late else 0.0, 1.0) if at % 11 else None,
        "출처": "모델" if at % 4 == 0 else "사람",
    }
