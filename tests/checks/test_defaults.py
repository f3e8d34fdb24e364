"""The first suite: loads back, passes on clean data, blocks on a leak, and says what was measured."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from registry.checks.defaults import Entry, default_suite, entry
from registry.checks.reference import reference_page
from registry.checks.run import run_checks
from registry.checks.suite import load_suite, parse_suite
from registry.model.evidence import verdict_of
from registry.tables.duck import Session
from tests.checks.tables import schema_of, table_of

CLEAN = {
    "train": {"id": [1, 2, 3, 4], "t": ["가", "나", "다", "라"], "l": ["a", "b", "a", "b"]},
    "test": {"id": [5, 6], "t": ["마", "바"], "l": ["a", "b"]},
}
LEAK = CLEAN | {"test": {"id": [5, 6], "t": [" 가 ", "바"], "l": ["a", "b"]}}


def run(root, rows, **roles):
    table = table_of(root, rows)
    schema = schema_of(table, **roles)
    with Session(table) as session:
        text = default_suite(schema, table, session)
        path = root / "r.yaml"
        path.write_text(text, "utf-8")
        suite = load_suite(path, schema)
        return text, suite, run_checks(suite.expectations, table, schema, session)


def test_clean_data_passes(tmp_path):
    text, suite, checks = run(tmp_path, CLEAN, id="key", t="text", l="label")
    assert {check.id: check.status for check in checks} == {
        "rows": "pass",
        "leakage-exact": "pass",
        "leakage-normalised": "pass",
        "personal-data": "pass",
        "duplicates": "pass",
        "balance-l": "pass",
        "label-conflicts": "pass",
        "leakage-near": "not_measured",  # one character is no text to compare
        "near-duplicates": "not_measured",
        "target-leakage": "not_measured",
    }
    assert not any(check.blocks("warning") for check in checks)
    assert {one.check_id: one.severity for one in suite.expectations}["balance-l"] == "warning"
    assert "# measured: 6 rows" in text and "the rarest class has 50% of a split" in text


def test_a_leak_blocks_and_is_measured(tmp_path):
    text, _, checks = run(tmp_path, LEAK, id="key", t="text")
    assert verdict_of(checks, fail_on="critical") == "fail"
    assert [check.id for check in checks if check.blocks("critical")] == ["leakage-normalised"]
    assert "# measured: 1 of 2 rows (50%)" in text


def test_one_split_and_no_roles(tmp_path):
    text, _, checks = run(tmp_path, {"train": {"id": [1, 2]}}, id="key")
    assert verdict_of(checks, fail_on="critical") == "pass"
    assert "one split only" in text and "no column to compare" in text


def test_nothing_is_measured_by_great_expectations(tmp_path, monkeypatch):
    from registry.checks import gx

    def fail():
        raise AssertionError("adding a dataset needs no judge")

    monkeypatch.setattr(gx, "load", fail)
    table = table_of(tmp_path, CLEAN)
    with Session(table) as session:
        assert default_suite(schema_of(table), table, session)


@settings(deadline=None)
@given(name=st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1))
def test_any_column_name_survives_the_file(name):
    kwargs = {"column": name, "min_share": 0.1}
    one = Entry("expect_class_balance_to_be_at_least", "b", "warning", kwargs, "x")
    suite = parse_suite("name: r\nexpectations:\n" + entry(one) + "\n", "r.yaml")
    assert suite.expectations[0].kwargs == kwargs


def test_the_reference_page_is_current():
    page = Path(__file__).parents[2] / "docs/reference/expectations.md"
    assert page.read_text("utf-8") == reference_page()


def test_rows_without_a_label_are_a_warning(tmp_path):
    """The schema that is inferred allows them; nobody else would say so."""
    rows = CLEAN | {"test": {"id": [5, 6], "t": ["마", "바"], "l": ["a", None]}}
    text, _, checks = run(tmp_path, rows, id="key", t="text", l="label")
    assert "1 of 6 rows (16.7%) have none" in text
    (found,) = [check for check in checks if check.id == "labelled-l"]
    assert (found.status, found.severity, found.unexpected, found.total) == ("fail", "warning", 1, 6)
