"""A defect is caught only by a check that looks for its kind."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from registry.checks.expectations import FORMS
from registry.mending.defects import DEFECTS
from tests.journeys.harness import rows

pytestmark = pytest.mark.slow


def test_every_type_that_a_defect_names_is_known():
    built_in = {"data:readable", "schema:types", "schema:columns", "schema:files"}
    for defect in DEFECTS:
        assert defect.seen_by and defect.seen_by <= {*FORMS, *built_in}, defect.name


@pytest.fixture
def conflicted(shell):
    """One Parquet file with a column of splits; the first rows are in conflict with the next ones."""
    shell("init")
    records = rows("후기", 60)
    twins = [{**row, "id": f"쌍{at}", "label": "neg" if row["label"] == "pos" else "pos"}
             for at, row in enumerate(records[:10])]  # fmt: skip
    every = [*records[:10], *twins, *records[10:]]
    (shell.cwd / "data/mine").mkdir(parents=True)
    for at, row in enumerate(every):
        row["split"] = "train" if at < 50 else "test"
    pq.write_table(pa.Table.from_pylist(every), shell.cwd / "data/mine/mine.parquet")
    shell("add", "data/mine", "--text", "text", "--label", "label", "--key", "id", "--split-column", "split")
    return shell


def test_a_failing_check_that_grows_is_no_catch_of_another_defect(conflicted):
    suite = """\
name: mine
expectations:
- {type: expect_duplicates_to_agree_on_label, kwargs: {columns: [text], max_share: 0}, meta: {check_id: conflicts}}
- {type: expect_rows_to_be_unique, kwargs: {columns: [text], max_share: 0.9}, meta: {check_id: lenient}}
"""
    (conflicted.cwd / "checks/mine.yaml").write_text(suite)
    found = {d["defect"]: d for d in conflicted("check", "--mutate", "--json").json["datasets"][0]["defects"]}
    assert found["duplicate"]["state"] == "not_caught" and found["duplicate"]["why"].startswith("not seen by lenient")
    assert found["label-conflict"]["caught_by"] == ["conflicts"]
    assert found["imbalance"]["why"] == "no check looks for it"
    assert found["type-drift"]["state"] == "caught" and set(found["type-drift"]["caught_by"]) <= {
        "schema:types", "data:readable",
    }  # fmt: skip
    lines = {line.split()[0]: line for line in conflicted("check", "--mutate").out.splitlines() if line.strip()}
    assert lines["duplicate"].endswith("allowed") and lines["label-conflict"].endswith("blocked")
