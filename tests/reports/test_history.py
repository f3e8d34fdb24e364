from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pyarrow as pa

from registry.model.evidence import Check
from registry.model.schema import DatasetSchema
from registry.reports.quality import PAST, quality_html, quality_json, remembered
from tests.reports.making import facts_of
from tests.reports.page import Page


def test_key_figures_are_handed_from_release_to_release(tmp_path: Path) -> None:
    rows = pa.table({"n": list(range(30))})
    history: tuple[object, ...] = ()
    for number in range(PAST + 3):
        leak = Check(
            "leak", "expect_splits_to_be_disjoint", "pass", total=9, unexpected=number, threshold={"max_share": 0}
        )
        facts = facts_of(tmp_path / "d", {"train": rows}, DatasetSchema("d"), checks=[leak], version=f"1.{number}.0")
        facts = replace(facts, history=history, previous=f"1.{number - 1}.0" if number else None)  # type: ignore[arg-type]
        assert facts.evidence is not None
        document = quality_json(facts.evidence, facts)
        assert [entry["version"] for entry in document["history"]] == [entry["version"] for entry in history]  # type: ignore[index]
        history = remembered(document)
    assert len(history) == PAST
    assert history[-1]["version"] == f"1.{PAST + 2}.0"  # type: ignore[index]
    assert history[-1]["measures"] == {"leak": PAST + 2}  # type: ignore[index]
    page = Page(quality_html(facts, "en"))
    assert "Over releases" in page.text and f"before: {PAST + 1}" in page.text.replace("\xa0", " ")


def test_a_first_release_tells_no_history(tmp_path: Path) -> None:
    ok = Check("ok", "data", "pass", total=3, unexpected=0)
    facts = facts_of(tmp_path / "d", {"train": pa.table({"n": [1, 2, 3]})}, DatasetSchema("d"), checks=[ok])
    assert "Over releases" not in Page(quality_html(facts, "en")).text
