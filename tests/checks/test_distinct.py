"""Rows that differ by their number or by the name of their split alone are not different."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from registry.checks.defaults import default_suite
from registry.checks.run import run_checks
from registry.checks.suite import parse_suite
from registry.model.evidence import Check
from registry.schemas.infer import Roles, infer_schema
from registry.tables.duck import Session
from tests.checks.tables import table_of

Row = dict[str, Any]
Change = Callable[[str, int], Row]


def measured(n: int, seed: int) -> list[Row]:
    draw = random.Random(seed)
    cities = ["서울", "부산", "대구"]
    return [{"x": draw.random(), "y": draw.randrange(10**6), "city": draw.choice(cities)} for _ in range(n)]


def coded(n: int, seed: int) -> list[Row]:
    """Few values, which repeat by chance."""
    draw = random.Random(seed)
    return [{"a": draw.randrange(3), "b": draw.randrange(4), "c": draw.choice("xy")} for _ in range(n)]


def first(root, splits: dict[str, list[Row]], change: Change) -> dict[str, Check]:
    rows = {split: [{**row, **change(split, i)} for i, row in enumerate(found)] for split, found in splits.items()}
    columns = {split: {name: [row[name] for row in found] for name in found[0]} for split, found in rows.items()}
    table = table_of(root, columns)
    with Session(table) as session:
        schema = infer_schema("r", table, session, Roles())
        suite = parse_suite(default_suite(schema, table, session), "r.yaml", schema)
        return {check.id: check for check in run_checks(suite.expectations, table, schema, session)}


CHANGES: dict[str, Change] = {
    "numbers of one split": lambda split, i: {"no": i},
    "ids of one split": lambda split, i: {"id": i + 1},
    "numbers of all": lambda split, i: {"일련번호": i + (0 if split == "train" else 1000)},
    "names of files": lambda split, i: {"file": f"/data/{split}/{i:06}.wav"},
    "the split's source": lambda split, i: {"source": f"{split}.csv"},
    "number and source": lambda split, i: {"n": i, "출처": split[::-1]},
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_leaked_row_with_a_new_number_is_a_leak(tmp_path, name):
    train, test = measured(150, 1), measured(50, 2)
    found = first(tmp_path, {"train": train, "test": test + train[:3]}, CHANGES[name])
    assert (found["leakage-normalised"].unexpected, found["leakage-normalised"].status) == (3, "fail")
    assert found["leakage-normalised"].severity == "critical" and found["duplicates"].unexpected == 3


@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.parametrize("rows", [measured, coded])
def test_rows_that_nobody_copied_are_no_leak(tmp_path, name, rows):
    found = first(tmp_path, {"train": rows(300, 1), "test": rows(100, 2)}, CHANGES[name])
    assert [check.id for check in found.values() if check.blocks("warning")] == []


def test_codes_are_no_text_unless_they_are_called_so(tmp_path):
    columns = {"code": [f"ab-{i}" for i in range(40)], "문장": [f"오늘 {i}" for i in range(40)]}
    table = table_of(tmp_path, {"train": columns | {"sentence": [f"w{i}" for i in range(40)]}})
    with Session(table) as session:
        found = infer_schema("r", table, session, Roles(key="문장"))
    assert {column.name: column.role for column in found.columns if column.role} == {"문장": "key", "sentence": "text"}
