"""The loader refuses whatever would let a gate pass in silence, and names file, line and what is allowed."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.checks.core import CORE
from registry.checks.expectations import FORMS, OURS
from registry.checks.suite import expectations_of, joined, load_suite, parse_suite
from registry.errors import ConfigError
from registry.model.schema import Column, DatasetSchema

SCHEMA = DatasetSchema("r", (Column("text", "string", role="text"), Column("label", "string"), Column("n", "int64")))


def suite(body: str, schema: DatasetSchema | None = SCHEMA):
    return parse_suite("name: r\nexpectations:\n" + body, "checks/r.yaml", schema)


def refused(body: str, schema: DatasetSchema | None = SCHEMA) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        suite(body, schema)
    assert caught.value.exit == 2
    assert "checks/r.yaml:" in str(caught.value)
    assert "docs/reference/expectations" in caught.value.hint
    return caught.value


NOT_NULL = "  - {type: expect_column_values_to_not_be_null, kwargs: {column: %s}}\n"


def test_empty_suite():
    for text in ("name: r\nexpectations: []\n", "name: r\n", "expectations:\n"):
        with pytest.raises(ConfigError, match="no expectation"):
            parse_suite(text, "checks/r.yaml")


def test_unknown_type_with_suggestion():
    error = refused("  - {type: expect_column_values_to_not_be_nul, kwargs: {column: text}}\n")
    assert "did you mean `expect_column_values_to_not_be_null`" in str(error)
    assert "checks/r.yaml:3" in str(error)


def test_known_to_gx_but_not_proven():
    error = refused("  - {type: expect_column_kl_divergence_to_be_less_than, kwargs: {column: n}}\n")
    assert "unknown expectation" in str(error)


@pytest.mark.parametrize(
    ("kwargs", "part"),
    [
        ("{colum: text}", "did you mean `column`"),
        ("{}", "needs `column`"),
        ("{column: 3}", "the name of a column"),
        ("{column: text, mostly: 1.5}", "above 0, up to 1"),
        ("{column: text, mostly: 0}", "above 0, up to 1"),
        ("{column: text, mostly: true}", "above 0, up to 1"),
        ("{column: text, row_condition: 'x == 3'}", "col("),
        ("{column: text, row_condition: 'col(\"txt\") == 3'}", "did you mean `text`"),
        ("{column: text, condition_parser: pandas}", "supplied"),
        ("{column: txt}", "did you mean `text`"),
        ("[text]", "mapping"),
    ],
)
def test_kwargs(kwargs, part):
    error = refused(f"  - {{type: expect_column_values_to_not_be_null, kwargs: {kwargs}}}\n")
    assert part in str(error)


@pytest.mark.parametrize(
    ("kind", "kwargs", "part"),
    [
        ("expect_column_values_to_be_between", "{column: n}", "min_value or max_value"),
        ("expect_column_values_to_be_between", "{column: n, min_value: 3, max_value: 2}", "greater"),
        ("expect_column_values_to_be_between", "{column: n, min_value: 9007199254740993}", "2^53"),
        ("expect_column_values_to_be_between", "{column: n, min_value: 2, max_value: '2024-01-01'}", "two kinds"),
        ("expect_column_values_to_be_in_set", "{column: n, value_set: []}", "not empty"),
        ("expect_column_values_to_be_in_set", "{column: n, value_set: [null]}", "not empty"),
        ("expect_column_values_to_match_regex", "{column: text, regex: '(?<!a)b'}", "RE2"),
        ("expect_column_values_to_match_regex", "{column: text, regex: '(a'}", "no regular expression"),
        ("expect_column_to_exist", "{column: text, column_index: 0}", "unknown field `column_index`"),
        ("expect_class_balance_to_be_at_least", "{column: label}", "exactly one of"),
        ("expect_class_balance_to_be_at_least", "{column: label, min_share: 0.1, min_entropy: 0.1}", "exactly one"),
        ("expect_splits_to_be_disjoint", "{normalize: nfc}", "one of none, text"),
        ("expect_splits_to_be_disjoint", "{columns: [text, text]}", "different"),
    ],
)
def test_values_of_arguments(kind, kwargs, part):
    assert part in str(refused(f"  - {{type: {kind}, kwargs: {kwargs}}}\n"))


def test_fields_of_an_entry():
    line = "  - {type: expect_rows_to_be_unique, %s}\n"
    assert "did you mean `severity`" in str(refused(line % "severty: warning"))
    assert "critical, info, warning" in str(refused(line % "severity: fatal"))
    assert "check_id" in str(refused(line % "meta: {chek_id: a}"))
    assert "allow, block" in str(refused(line % "meta: {when_not_measured: ignore}"))
    assert "check_id" in str(refused(line % "meta: {check_id: ''}"))


def test_duplicate_ids_name_both_lines():
    line = "  - {type: expect_rows_to_be_unique, meta: {check_id: same}}\n"
    assert "checks/r.yaml:4" in str(refused(line * 2)) and "checks/r.yaml:3" in str(refused(line * 2))


def test_ids_are_made_unique():
    found = suite(NOT_NULL % "text" * 1 + NOT_NULL % "text" + NOT_NULL % "label").expectations
    base = "expect_column_values_to_not_be_null"
    assert [one.check_id for one in found] == [f"{base}:text", f"{base}:text:2", f"{base}:label"]


def test_a_given_id_is_never_taken_by_a_made_one():
    base = "expect_column_values_to_not_be_null:text"
    second = f"  - {{type: expect_rows_to_be_unique, meta: {{check_id: '{base}'}}}}\n"
    assert [one.check_id for one in suite(NOT_NULL % "text" + second).expectations] == [f"{base}:2", base]


def test_an_open_schema_admits_columns_and_split_always_exists():
    from dataclasses import replace

    assert suite(NOT_NULL % "other", replace(SCHEMA, open=True))
    assert suite("  - {type: expect_rows_to_be_unique, kwargs: {columns: [split, text]}}\n")


def test_joined_suites_share_ids():
    one = suite("  - {type: expect_rows_to_be_unique, meta: {check_id: same}}\n").expectations
    with pytest.raises(ConfigError, match="same"):
        joined([one, one])


def test_nothing_is_lost():
    """Great Expectations drops what it does not know; what is loaded here is what stands in the file."""
    body = "".join(f"  - {{type: expect_column_to_exist, kwargs: {{column: {n}}}}}\n" for n in ("text", "label", "n"))
    assert [one.kwargs["column"] for one in suite(body).expectations] == ["text", "label", "n"]


def test_digest_ignores_notes_and_order_but_not_meaning():
    first = suite(NOT_NULL % "text" + NOT_NULL % "label").to_json()
    assert suite(NOT_NULL % "label" + NOT_NULL % "text").to_json() == first
    assert suite(NOT_NULL % "text" + NOT_NULL % "n").to_json() != first


def test_loading_imports_nothing_heavy(tmp_path):
    path = tmp_path / "r.yaml"
    path.write_text("name: r\nexpectations:\n" + NOT_NULL % "text", "utf-8")
    code = (
        "import sys, pathlib\nfrom registry.checks.suite import load_suite\n"
        f"load_suite(pathlib.Path({str(path)!r}))\n"
        "print(sorted(set(sys.modules) & {'great_expectations','pandas','duckdb','polars','numpy','pyarrow'}))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


names = st.sampled_from(["type", "kwargs", "column", "expectations", "meta"])
garbage = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None)
@given(garbage)
def test_garbage_is_a_config_error(value):
    with pytest.raises(ConfigError):
        expectations_of([value, value], "x")


def test_every_form_has_unique_arguments_and_a_text():
    for form in FORMS.values():
        assert len(set(form.names)) == len(form.names) and form.text
    assert not set(CORE) & set(OURS)


def test_missing_file(tmp_path):
    with pytest.raises(ConfigError, match="no file"):
        load_suite(tmp_path / "none.yaml")
