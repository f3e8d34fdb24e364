"""Personal data as an expectation: what is counted, what is shown, what is kept, and what nobody may see."""

from __future__ import annotations

import json
import random

import pyarrow as pa
import pytest

from registry.checks.run import run_checks
from registry.checks.suite import parse_suite
from registry.errors import ConfigError
from registry.mending.defects import DEFECTS, PLANTED
from registry.model.evidence import Check
from registry.privacy.find import USUAL, find
from registry.tables.duck import Session
from tests.checks.tables import expectation, judged, one, schema_of, table_of
from tests.privacy.corpus import corpus

KIND = "expect_no_personal_data"
LINES = list(corpus(3, 6))


def splits():
    """A third of the corpus a split, and a text column without anything."""
    shuffled = random.Random(1).sample(LINES, len(LINES))
    names = ("train", "validation", "test")
    return {
        name: {
            "번호": [f"r{place}-{at}" for at in range(len(shuffled[place::3]))],
            "본문": [line.text for line in shuffled[place::3]],
            "note": ["뭐" if at % 3 else None for at in range(len(shuffled[place::3]))],
        }
        for place, name in enumerate(names)
    }


def test_rows_findings_and_kinds_are_counted(tmp_path):
    rows = splits()
    check = one(tmp_path, rows, KIND, 번호="key")
    found = [find(text, label="본문") for split in rows.values() for text in split["본문"]]
    assert (check.status, check.total, check.unexpected) == ("fail", len(LINES), sum(map(bool, found)))
    for kind in USUAL:
        held = [sum(one.kind == kind for one in each) for each in found]
        assert check.observed["kinds"][kind] == {"found": sum(held), "rows": sum(map(bool, held))}
    assert check.observed["columns"] == {
        "본문": {"found": sum(map(len, found)), "rows": sum(map(bool, found))},
    }
    assert sum(split["unexpected"] for split in check.observed["splits"].values()) == check.unexpected
    assert len(check.samples) == 20 and all(set(sample) == {"row", "split", "found"} for sample in check.samples)


def test_no_value_stands_in_evidence_or_cache(tmp_path):
    """Not in the key that names a row, not in what is kept between runs."""
    lines = [line for line in LINES if line.holds]
    rows = {"train": {"key": [line.holds[0][1] for line in lines], "text": [line.text for line in lines]}}
    table = table_of(tmp_path, rows)
    cache = tmp_path / "learnt"
    with Session(table, learnt=cache) as session:
        (check,) = run_checks([expectation(KIND)], table, schema_of(table, key="key"), session)
    kept = b"".join(file.read_bytes() for file in cache.rglob("*") if file.is_file())
    told = json.dumps(check.to_json(), ensure_ascii=False)
    values = [value for line in lines for _, value in line.holds if find(value)]
    assert kept and check.unexpected >= len(values) >= 80
    for value in values:
        assert value not in told and value.encode() not in kept


def test_kinds_columns_and_a_number_that_may_pass(tmp_path):
    rows = {"train": {"a": ["hong@example.com", "010-2345-6789", "x"], "b": ["x", "https://a.example/b", None]}}
    found = judged(
        tmp_path,
        rows,
        {"type": KIND, "kwargs": {"kinds": ["email"]}, "meta": {"check_id": "mail"}},
        {"type": KIND, "kwargs": {"columns": ["b"], "kinds": ["url"]}, "meta": {"check_id": "url"}},
        {"type": KIND, "kwargs": {"columns": ["b"]}, "meta": {"check_id": "usual"}},
        {"type": KIND, "kwargs": {"max_count": 2}, "meta": {"check_id": "two"}},
        {"type": KIND, "kwargs": {"max_count": 1}, "meta": {"check_id": "one"}},
    )
    assert {name: (check.status, check.total, check.unexpected) for name, check in found.items()} == {
        "mail": ("fail", 3, 1),
        "url": ("fail", 2, 1),
        "usual": ("pass", 2, 0),
        "two": ("pass", 3, 2),
        "one": ("fail", 3, 2),
    }
    assert "rows by kind: email 1, phone 1" in found["one"].message


def test_columns_of_numbers_are_looked_at_where_their_name_says_so(tmp_path):
    numbers = {"phone": [1023456789, 12], "id": [1023456789, 12], "주민번호": [9001011234568, None]}
    check = one(tmp_path, {"train": numbers}, KIND)
    assert check.columns == ("phone", "주민번호")
    assert check.observed["kinds"] == {"phone": {"found": 1, "rows": 1}, "resident-number": {"found": 1, "rows": 1}}


def test_nested_texts_are_looked_at(tmp_path):
    rows = pa.table({"대화": pa.array([[{"말": "제 번호는 010-2345-6789"}], None])})
    check = one(tmp_path, {"train": rows}, KIND)
    assert (check.total, check.unexpected, check.observed["empty"]) == (1, 1, 1)


def test_where_no_text_is_nothing_is_measured(tmp_path):
    check = one(tmp_path, {"train": {"x": [1.5, 2.5]}}, KIND)
    assert check.status == "not_measured" and "no column holds texts" in check.message
    empty = one(tmp_path, {"train": {"x": ["", None]}}, KIND)
    assert empty.status == "not_measured"


def test_an_unknown_kind_is_refused_before_data_is_read():
    suite = f"name: x\nexpectations:\n  - type: {KIND}\n    kwargs: {{kinds: [e-mail]}}\n"
    with pytest.raises(ConfigError, match="is no `kinds`") as caught:
        parse_suite(suite, "checks/x.yaml")
    assert "email" in caught.value.why


def test_what_mutate_plants_is_personal_data():
    assert [finding.kind for finding in find(f"글 {PLANTED}")] == ["phone"]
    planted = next(defect for defect in DEFECTS if defect.name == "personal-data")
    assert planted.is_seen_by(Check("x", KIND, "fail"))


def test_ten_runs_are_equal(tmp_path):
    found = [one(tmp_path, splits(), KIND, 번호="key").to_json() for _ in range(3)]
    assert found[0] == found[1] == found[2]
