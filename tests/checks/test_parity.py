"""Our engine beside Great Expectations on pandas: verdict, counts and observed value agree."""

from __future__ import annotations

import datetime as dt
import math
import warnings
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from registry.checks.answers import Answers
from registry.checks.conditions import to_gx
from registry.checks.gx import judge, load
from registry.tables.duck import Session
from tests.checks.tables import expectation, table_of

ROWS = pa.table(
    {
        "id": pa.array(range(12), pa.int64()),
        "n": pa.array([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, None, 10], pa.int64()),
        "x": pa.array([0.1, 0.2, 0.30000000000000004, -0.0, 0.0, 2.5, math.nan, None, 7.25, 100.0, 1e-9, 3.0]),
        "text": pa.array(["a", "bb", "ccc", "가나다", "가나 다", None, "", "a_1", "x-y", "A", "a\nb", "길고 긴 문장"]),
        "label": pa.array(["a", "a", "b", "b", "b", "c", None, "a", "b", "c", "a", "b"]),
        "day": pa.array([dt.date(2024, 1, 1 + i) if i != 4 else None for i in range(12)], pa.date32()),
        "at": pa.array([dt.datetime(2024, 1, 1, i) if i != 4 else None for i in range(12)], pa.timestamp("ns")),
        "money": pa.array([Decimal(i) / 4 if i != 2 else None for i in range(12)], pa.decimal128(12, 2)),
        "price": pa.array([Decimal(i) / 4 for i in range(12)], pa.decimal128(12, 2)),
        "flag": pa.array([True, False, None] * 4),
        "a": pa.array([1, 2, None, None, 5, 6, 7, 8, 9, 1, 1, 2], pa.int64()),
        "b": pa.array([1, 3, 3, None, 4, 6, 7, None, 9, 0, 1, 2], pa.int64()),
        "none": pa.array([None] * 12, pa.int64()),
    }
)
WHERE = 'col("id") >= 6'
NOWHERE = 'col("id") > 1000'

CASES: list[tuple[str, dict[str, Any]]] = [
    ("expect_table_row_count_to_be_between", {"min_value": 1, "max_value": 12}),
    ("expect_table_row_count_to_be_between", {"min_value": 13}),
    ("expect_table_row_count_to_be_between", {"max_value": 6, "row_condition": WHERE}),
    ("expect_table_row_count_to_equal", {"value": 12}),
    ("expect_table_row_count_to_equal", {"value": 11}),
    ("expect_table_column_count_to_equal", {"value": 13}),
    ("expect_table_column_count_to_equal", {"value": 12}),
    ("expect_table_column_count_to_be_between", {"min_value": 14}),
    ("expect_table_column_count_to_be_between", {"max_value": 14}),
    ("expect_table_columns_to_match_set", {"column_set": list(reversed(ROWS.column_names))}),
    ("expect_table_columns_to_match_set", {"column_set": ["id", "nope"]}),
    ("expect_table_columns_to_match_set", {"column_set": ["id", "n"], "exact_match": False}),
    ("expect_table_columns_to_match_ordered_list", {"column_list": ROWS.column_names}),
    ("expect_table_columns_to_match_ordered_list", {"column_list": ["n", "id"]}),
    ("expect_column_to_exist", {"column": "id"}),
    ("expect_column_to_exist", {"column": "nope"}),
    *(("expect_column_values_to_not_be_null", {"column": name}) for name in ("id", "n", "x", "text", "day", "money")),
    ("expect_column_values_to_not_be_null", {"column": "n", "mostly": 0.9}),
    ("expect_column_values_to_not_be_null", {"column": "n", "row_condition": WHERE, "mostly": 0.9}),
    ("expect_column_values_to_be_null", {"column": "none"}),
    ("expect_column_values_to_be_null", {"column": "x", "mostly": 0.1}),
    ("expect_column_values_to_be_null", {"column": "x"}),
    *(("expect_column_values_to_be_unique", {"column": name}) for name in ("id", "n", "x", "text", "label", "day")),
    ("expect_column_values_to_be_unique", {"column": "n", "mostly": 0.8}),
    ("expect_column_values_to_be_unique", {"column": "a", "row_condition": WHERE}),
    ("expect_column_values_to_be_in_set", {"column": "label", "value_set": ["a", "b"]}),
    ("expect_column_values_to_be_in_set", {"column": "label", "value_set": ["a", "b", None]}),
    ("expect_column_values_to_be_in_set", {"column": "label", "value_set": ["a", "b", "c"]}),
    ("expect_column_values_to_be_in_set", {"column": "label", "value_set": ["a", "b"], "mostly": 0.5}),
    ("expect_column_values_to_be_in_set", {"column": "n", "value_set": [1, 2, 3.0], "row_condition": WHERE}),
    ("expect_column_values_to_be_in_set", {"column": "x", "value_set": [0.1, 0.2, 0.3]}),
    ("expect_column_values_to_be_in_set", {"column": "flag", "value_set": [True]}),
    ("expect_column_values_to_not_be_in_set", {"column": "label", "value_set": ["a", None]}),
    ("expect_column_values_to_not_be_in_set", {"column": "label", "value_set": ["z"]}),
    ("expect_column_values_to_not_be_in_set", {"column": "n", "value_set": [10], "mostly": 0.5}),
    ("expect_column_values_to_be_between", {"column": "n", "min_value": 1, "max_value": 10}),
    ("expect_column_values_to_be_between", {"column": "n", "min_value": 1, "max_value": 10, "strict_max": True}),
    ("expect_column_values_to_be_between", {"column": "x", "min_value": 0, "max_value": 3}),
    ("expect_column_values_to_be_between", {"column": "x", "min_value": 0, "strict_min": True, "mostly": 0.7}),
    ("expect_column_values_to_be_between", {"column": "at", "min_value": "2024-01-01T03:00:00"}),
    ("expect_column_values_to_be_between", {"column": "money", "min_value": 0.5, "max_value": 2}),
    ("expect_column_values_to_be_between", {"column": "n", "max_value": 8, "row_condition": WHERE}),
    ("expect_column_values_to_match_regex", {"column": "text", "regex": r"^\w+$"}),
    ("expect_column_values_to_match_regex", {"column": "text", "regex": r"[가-힣]"}),
    ("expect_column_values_to_match_regex", {"column": "text", "regex": r"a.b"}),
    ("expect_column_values_to_match_regex", {"column": "text", "regex": r"\s", "mostly": 0.2}),
    ("expect_column_values_to_not_match_regex", {"column": "text", "regex": r"^[^\w]|\d"}),
    ("expect_column_values_to_not_match_regex", {"column": "text", "regex": r"zzz"}),
    ("expect_column_value_lengths_to_be_between", {"column": "text", "min_value": 1, "max_value": 3}),
    ("expect_column_value_lengths_to_be_between", {"column": "text", "max_value": 7}),
    ("expect_column_value_lengths_to_equal", {"column": "label", "value": 1}),
    ("expect_column_value_lengths_to_equal", {"column": "text", "value": 3}),
    ("expect_column_distinct_values_to_be_in_set", {"column": "label", "value_set": ["a", "b"]}),
    ("expect_column_distinct_values_to_be_in_set", {"column": "label", "value_set": ["a", "b", "c", "d"]}),
    ("expect_column_distinct_values_to_equal_set", {"column": "label", "value_set": ["c", "b", "a"]}),
    ("expect_column_distinct_values_to_equal_set", {"column": "label", "value_set": ["a", "z"]}),
    ("expect_column_distinct_values_to_contain_set", {"column": "label", "value_set": ["a", "b"]}),
    ("expect_column_distinct_values_to_contain_set", {"column": "n", "value_set": [1, 11], "row_condition": WHERE}),
    ("expect_column_unique_value_count_to_be_between", {"column": "label", "min_value": 3, "max_value": 3}),
    ("expect_column_unique_value_count_to_be_between", {"column": "text", "max_value": 3}),
    ("expect_column_proportion_of_unique_values_to_be_between", {"column": "n", "min_value": 0.95}),
    ("expect_column_proportion_of_unique_values_to_be_between", {"column": "label", "max_value": 0.5}),
    ("expect_column_proportion_of_non_null_values_to_be_between", {"column": "n", "min_value": 0.9}),
    ("expect_column_proportion_of_non_null_values_to_be_between", {"column": "text", "min_value": 0.99}),
    *(
        (f"expect_column_{name}_to_be_between", {"column": column, "min_value": 1, "max_value": 5})
        for name in ("min", "max", "mean", "median", "sum", "stdev")
        for column in ("n", "x")
    ),
    ("expect_column_mean_to_be_between", {"column": "n", "min_value": 8, "row_condition": WHERE}),
    ("expect_column_median_to_be_between", {"column": "n", "min_value": 2}),
    ("expect_column_stdev_to_be_between", {"column": "n", "max_value": 2, "row_condition": WHERE}),
    ("expect_column_max_to_be_between", {"column": "at", "max_value": "2024-01-01T11:00:00"}),
    ("expect_column_min_to_be_between", {"column": "money", "min_value": 0}),
    ("expect_column_sum_to_be_between", {"column": "price", "min_value": 10, "max_value": 20}),
    *(
        ("expect_column_pair_values_to_be_equal", {"column_A": "a", "column_B": "b", "ignore_row_if": rule})
        for rule in ("both_values_are_missing", "either_value_is_missing", "neither")
    ),
    ("expect_column_pair_values_to_be_equal", {"column_A": "a", "column_B": "b", "mostly": 0.5}),
    ("expect_column_pair_values_a_to_be_greater_than_b", {"column_A": "a", "column_B": "b"}),
    ("expect_column_pair_values_a_to_be_greater_than_b", {"column_A": "a", "column_B": "b", "mostly": 0.1}),
    (
        "expect_column_pair_values_a_to_be_greater_than_b",
        {"column_A": "a", "column_B": "b", "or_equal": True, "ignore_row_if": "either_value_is_missing"},
    ),
    *(
        ("expect_compound_columns_to_be_unique", {"column_list": ["a", "b"], "ignore_row_if": rule})
        for rule in ("all_values_are_missing", "any_value_is_missing", "never")
    ),
    ("expect_compound_columns_to_be_unique", {"column_list": ["id", "label"]}),
    ("expect_select_column_values_to_be_unique_within_record", {"column_list": ["a", "b"]}),
    ("expect_select_column_values_to_be_unique_within_record", {"column_list": ["a", "b"], "mostly": 0.1}),
    (
        "expect_select_column_values_to_be_unique_within_record",
        {"column_list": ["a", "b", "id"], "ignore_row_if": "any_value_is_missing", "mostly": 0.5},
    ),
]
COUNTS = ("element_count", "missing_count", "unexpected_count", "unexpected_percent")


def frame() -> pd.DataFrame:
    """The rows as Great Expectations' pandas engine likes them: nulls as None or NaN, integers with gaps as floats."""
    found = ROWS.to_pandas(date_as_object=True)
    for name in ("text", "label", "flag"):
        found[name] = found[name].astype(object).where(found[name].notna(), None)
    return found


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    table = table_of(tmp_path_factory.mktemp("parity"), {"train": ROWS})
    with Session(table, threads=2) as found:
        yield found


@pytest.fixture(scope="module")
def pandas_results():
    """What Great Expectations on pandas says of every case, by position."""
    gx = load()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from great_expectations.execution_engine import PandasExecutionEngine

        validator = gx.Validator(execution_engine=PandasExecutionEngine(batch_data_dict={"rows": frame()}))
        validator.metrics_calculator.show_progress_bars = False
        configurations = []
        for index, (kind, kwargs) in enumerate(CASES):
            given = dict(expectation(kind, **kwargs).kwargs)
            if "row_condition" in given:
                given["row_condition"] = gx.deserialize_row_condition(to_gx(given["row_condition"]))
            configurations.append(gx.ExpectationConfiguration(type=kind, kwargs=given, meta={"index": index}))
        results = validator.graph_validate(
            configurations=configurations, runtime_configuration={"catch_exceptions": True, "result_format": "BASIC"}
        )
    return {result.expectation_config.meta["index"]: result for result in results}


@pytest.fixture(scope="module")
def our_results(session):
    found = {}
    columns = {**dict(session.columns), "split": "VARCHAR"}
    for index, (kind, kwargs) in enumerate(CASES):
        one = expectation(kind, **kwargs)
        answers = Answers(session.rows, columns, tuple(name for name, _ in session.columns))
        (found[index],) = judge([one], {}, answers).values()
    return found


def _close(ours: Any, theirs: Any) -> bool:
    if isinstance(ours, (float, Decimal)) or isinstance(theirs, (float, Decimal)):
        return math.isclose(float(ours), float(theirs), rel_tol=1e-9)
    if isinstance(ours, dt.datetime):
        return pd.Timestamp(ours) == pd.Timestamp(theirs)
    return bool(ours == theirs)


@pytest.mark.parametrize("index", range(len(CASES)), ids=lambda i: f"{i}-{CASES[i][0].removeprefix('expect_')}")
def test_equal_to_pandas(index, pandas_results, our_results):
    theirs, ours = pandas_results[index], our_results[index]
    info = theirs.exception_info or {}
    assert "raised_exception" not in info or not info["raised_exception"], info
    assert ours.error == ""
    assert ours.success == theirs.success, (ours.result, theirs.result)
    for name in COUNTS:
        if theirs.result.get(name) is not None:
            assert _close(ours.result[name], theirs.result[name]), (name, ours.result, theirs.result)
    if theirs.result.get("observed_value") is not None:
        assert _close(ours.result["observed_value"], theirs.result["observed_value"])


def test_every_core_expectation_is_covered():
    from registry.checks.core import CORE

    assert set(CORE) == {kind for kind, _ in CASES}


def test_each_passes_and_fails(our_results):
    """A parity of one verdict proves half: all types that can are seen both ways."""
    seen: dict[str, set[bool]] = {}
    for index, (kind, _) in enumerate(CASES):
        seen.setdefault(kind, set()).add(our_results[index].success)
    assert {kind for kind, verdicts in seen.items() if len(verdicts) < 2} == set()


def test_no_row_under_the_condition(tmp_path: Path):
    """Great Expectations calls an empty domain a success; that is what `not_measured` is mapped from."""
    from tests.checks.tables import one

    kwargs = {"column": "label", "value_set": ["a"], "row_condition": NOWHERE}
    assert one(tmp_path, {"train": ROWS}, "expect_column_values_to_be_in_set", kwargs).status == "not_measured"
