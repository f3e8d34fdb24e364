"""Checks on tables: what would be a false pass is none, what is broken is an error of that check alone."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import pyarrow as pa
import pytest

from registry.checks.run import run_checks
from registry.checks.suite import expectations_of
from registry.errors import DataError
from registry.model.digest import canonical
from registry.model.evidence import verdict_of
from registry.model.schema import Column, DatasetSchema
from registry.tables.duck import Session
from tests.checks.tables import judged, one, schema_of, table_of

NULL = pa.array([None, None], pa.string())
SETS = ("expect_column_values_to_be_in_set", "expect_column_values_to_not_be_in_set")


def config(kind, check_id=None, severity="critical", **kwargs):
    meta = {"check_id": check_id} if check_id else {}
    return {"type": kind, "kwargs": kwargs, "meta": meta, "severity": severity}


@pytest.mark.parametrize(
    ("kind", "kwargs"),
    [
        ("expect_column_values_to_be_in_set", {"value_set": ["a"]}),
        ("expect_column_values_to_match_regex", {"regex": "a"}),
        ("expect_column_values_to_be_unique", {}),
        ("expect_column_distinct_values_to_be_in_set", {"value_set": ["a"]}),
        ("expect_column_distinct_values_to_contain_set", {"value_set": ["a"]}),
        ("expect_column_unique_value_count_to_be_between", {"max_value": 3}),
        ("expect_column_proportion_of_unique_values_to_be_between", {"max_value": 1}),
        ("expect_column_max_to_be_between", {"max_value": 3}),
    ],
)
def test_no_value_is_not_measured(tmp_path, kind, kwargs):
    check = one(tmp_path, {"train": {"t": NULL}}, kind, {"column": "t", **kwargs})
    assert check.status == "not_measured" and "nothing to measure" in check.message
    assert verdict_of([check], fail_on="critical") == "fail"


def test_when_not_measured_allows(tmp_path):
    entry = config("expect_column_values_to_be_unique", column="t") | {"meta": {"when_not_measured": "allow"}}
    (check,) = judged(tmp_path, {"train": {"t": NULL}}, entry).values()
    assert check.status == "not_measured" and verdict_of([check], fail_on="critical") == "pass"


def test_no_row_under_a_condition_is_not_measured(tmp_path):
    kwargs = {"column": "t", "row_condition": 'col("split") == "test"'}
    check = one(tmp_path, {"train": {"t": ["a"]}}, "expect_column_values_to_not_be_null", kwargs)
    assert check.status == "not_measured" and "row_condition" in check.message


def test_no_rows_at_all(tmp_path):
    table = table_of(tmp_path, {"train": {"t": pa.array([], pa.string())}})
    with Session(table) as session, pytest.raises(DataError, match="no rows"):
        run_checks(expectations_of([config("expect_rows_to_be_unique")], "s"), table, schema_of(table), session)


def test_null_in_a_value_set_hides_nothing(tmp_path):
    """`x NOT IN ('a', NULL)` is null for every x, which a count of true conditions would call no finding."""
    rows = {"train": {"t": ["a", "b", None]}}
    found = {k: one(tmp_path, rows, k, {"column": "t", "value_set": ["a", None]}) for k in SETS}
    assert [(found[kind].status, found[kind].unexpected) for kind in SETS] == [("fail", 1), ("fail", 1)]


def test_nan_is_missing(tmp_path):
    rows = {"train": {"x": [0.5, math.nan, None, 2.0]}}
    between = one(tmp_path, rows, "expect_column_values_to_be_between", {"column": "x", "max_value": 2})
    assert (between.status, between.observed["missing"]) == ("pass", 2)
    assert one(tmp_path, rows, "expect_column_max_to_be_between", {"column": "x", "max_value": 2}).observed == 2.0
    assert one(tmp_path, rows, "expect_column_values_to_not_be_null", {"column": "x"}).unexpected == 2
    assert one(tmp_path, rows, "expect_column_mean_to_be_between", {"column": "x", "max_value": 2}).observed == 1.25


@pytest.mark.parametrize("kind", [pa.float64(), pa.float32()])
def test_nan_that_statistics_of_parquet_hide(tmp_path, kind):
    """Parquet's statistics leave NaN out, and DuckDB 2.0 answers `isnan`, `max` and `>` from them."""
    values = pa.array([0.0, math.nan, -math.nan], kind)
    rows = {"train": pa.table({"x": values, "i": [0, 1, 2]}), "test": pa.table({"x": values, "i": [3, 4, 5]})}
    nulls = one(tmp_path, rows, "expect_column_values_to_not_be_null", {"column": "x"}, i="key")
    assert (nulls.unexpected, [sample["row"] for sample in nulls.samples]) == (4, ["1", "2", "4", "5"])
    above = {"column": "i", "max_value": -1, "row_condition": 'col("x") >= 0'}
    found = one(tmp_path, rows, "expect_column_values_to_be_between", above, i="key")
    assert (found.total, [sample["row"] for sample in found.samples]) == (2, ["0", "3"])
    empty = {"column": "i", "max_value": -1, "row_condition": 'col("x").is_null()'}
    assert one(tmp_path, rows, "expect_column_values_to_be_between", empty).total == 4
    low = one(tmp_path, rows, "expect_column_values_to_be_between", {"column": "x", "max_value": -1}, i="key")
    assert (low.unexpected, [sample["row"] for sample in low.samples]) == (2, ["0", "3"])
    for kwargs in ({"columns": ["x"]}, {"columns": ["x"], "normalize": "text"}):
        leak = one(tmp_path, rows, "expect_splits_to_be_disjoint", kwargs)
        assert (leak.total, leak.unexpected, leak.observed["empty"]) == (1, 1, 4)


def test_infinity_stays_out_of_json(tmp_path):
    rows = {"train": {"x": [math.inf, 1.0]}}
    for name in ("max", "sum", "mean", "stdev"):
        check = one(tmp_path, rows, f"expect_column_{name}_to_be_between", {"column": "x", "max_value": 1})
        assert check.status in ("fail", "not_measured")
        canonical(check.to_json())


@pytest.mark.parametrize("name", ["sum", "mean"])
def test_infinities_of_one_sign_are_values(tmp_path, name):
    """A compensated sum makes NaN of them, which would read as no value at all."""
    splits = {"train": {"x": [1.0, math.inf, None], "y": [-math.inf, 1e300, math.nan], "f": [math.inf, -math.inf, 1.0]}}
    kind = f"expect_column_{name}_to_be_between"
    observed = [one(tmp_path, splits, kind, {"column": column, "max_value": 9.0}) for column in "xyf"]
    assert [(check.status, check.observed) for check in observed] == [
        ("fail", "Infinity"), ("pass", "-Infinity"), ("not_measured", None)
    ]  # fmt: skip


def test_korean_words_are_words(tmp_path):
    rows = {"train": {"t": ["한국어", "日本", "naïve_1"]}}
    check = one(tmp_path, rows, "expect_column_values_to_match_regex", {"column": "t", "regex": r"^\w+$"})
    assert check.status == "pass"


def test_kinds_are_not_compared_by_a_silent_cast(tmp_path):
    rows = {"train": {"n": [1, 2], "t": ["1", "2"], "d": pa.array([0, 1], pa.date32())}}
    cases = {
        ("expect_column_values_to_be_in_set", "n"): {"value_set": ["1", "2"]},
        ("expect_column_values_to_be_in_set", "t"): {"value_set": [1, 2]},
        ("expect_column_values_to_be_between", "t"): {"min_value": 0},
        ("expect_column_values_to_be_between", "d"): {"min_value": 0},
        ("expect_column_mean_to_be_between", "t"): {"min_value": 0},
        ("expect_column_values_to_match_regex", "n"): {"regex": "1"},
    }
    for (kind, column), kwargs in cases.items():
        check = one(tmp_path, rows, kind, {"column": column, **kwargs})
        assert check.status == "error" and check.message, kind
    pair = one(tmp_path, rows, "expect_column_pair_values_to_be_equal", {"column_A": "n", "column_B": "t"})
    assert pair.status == "error" and "different types" in pair.message


def test_one_broken_check_leaves_the_others_judged(tmp_path):
    found = judged(
        tmp_path,
        {"train": {"n": [1, 2, 3], "t": ["a", "b", "c"]}},
        config("expect_column_mean_to_be_between", "broken", column="t", min_value=0),
        config("expect_column_max_to_be_between", "absent", column="gone", max_value=3),
        config("expect_column_max_to_be_between", "max", column="n", max_value=3),
        config("expect_column_values_to_not_be_null", "nulls", column="t"),
        config("expect_column_values_to_be_between", "day", column="n", min_value=1, row_condition='col("t") == 3'),
        config("expect_rows_to_be_unique", "ours", columns=["gone"]),
    )
    assert {name: check.status for name, check in found.items()} == {
        "broken": "error",
        "absent": "error",
        "max": "pass",
        "nulls": "pass",
        "day": "error",
        "ours": "error",
    }
    assert verdict_of(found.values(), fail_on="critical") == "error"
    assert "gone" in found["absent"].message and "gone" in found["ours"].message


def test_a_statement_that_fails_is_retried_part_by_part(tmp_path):
    """An overflow at run time breaks the wide SELECT; only the check that causes it may be in error."""
    big = pa.array([2**62, 2**62], pa.int64())
    found = judged(
        tmp_path,
        {"train": {"a": big, "b": [1, 2], "l": [["x"], ["y"]]}},
        config("expect_column_max_to_be_between", "list", column="l", max_value=3),
        config("expect_column_sum_to_be_between", "sum", column="b", max_value=3),
        config("expect_column_values_to_be_unique", "lists", column="l"),
    )
    assert found["sum"].status == "pass" and found["lists"].status == "pass"
    assert found["list"].status == "error"


def test_sorted_by_id_whatever_the_order(tmp_path):
    entries = [config("expect_column_values_to_not_be_null", name, column="t") for name in ("z", "a", "m")]
    assert list(judged(tmp_path, {"train": {"t": ["x"]}}, *entries)) == ["a", "m", "z"]


NINE = [
    config("expect_table_row_count_to_be_between", min_value=1),
    config("expect_column_values_to_not_be_null", column="t"),
    config("expect_column_values_to_be_between", column="n", min_value=0),
    config("expect_column_values_to_be_in_set", column="l", value_set=["a", "b"]),
    config("expect_column_value_lengths_to_be_between", column="t", min_value=1),
    config("expect_column_values_to_match_regex", column="t", regex="."),
    config("expect_column_unique_value_count_to_be_between", column="l", max_value=9),
    config("expect_column_mean_to_be_between", column="n", min_value=0),
    config("expect_column_max_to_be_between", column="n", min_value=0),
]
ROWS = {"train": {"n": list(range(50)), "t": [f"t{i}" for i in range(50)], "l": ["a", "b"] * 25}}


def queries(tmp_path, *configs):
    table = table_of(tmp_path, ROWS)
    with Session(table) as session:
        checks = run_checks(expectations_of(configs, "s"), table, schema_of(table), session)
        return session.queries, {check.status for check in checks}


def test_one_query_for_all_simple_checks(tmp_path):
    assert queries(tmp_path, *NINE) == (1, {"pass"})


def test_one_more_for_each_row_condition_and_each_grouping(tmp_path):
    halves = [
        config("expect_column_mean_to_be_between", column="n", min_value=0, row_condition='col("l") == "a"'),
        config("expect_column_max_to_be_between", column="n", min_value=0, row_condition='col("l") == "a"'),
    ]
    groups = [config("expect_column_values_to_be_unique", column="t")]
    assert queries(tmp_path, *NINE, *halves, *groups) == (3, {"pass"})


def test_samples_are_drawn_only_where_something_was_found(tmp_path):
    bad = config("expect_column_values_to_be_between", column="n", min_value=40)
    assert queries(tmp_path, *NINE, bad) == (2, {"pass", "fail"})


def test_samples_name_rows_by_key_and_mask_values(tmp_path):
    ids = [f"id-{i:02}" for i in range(60)]
    rows = {"train": {"id": ids, "t": [f"hong{i}@example.com" for i in range(60)], "l": ["긍정"] * 60}}
    kwargs = {"column": "t", "regex": "^x"}
    check = one(tmp_path, rows, "expect_column_values_to_match_regex", kwargs, id="key", t="text")
    assert len(check.samples) == 20 and check.unexpected == 60
    assert [sample["row"] for sample in check.samples] == ids[:20]
    assert "example" not in json.dumps(check.to_json()) and check.samples[0]["values"] == {"t": "ho… (17)"}
    label = one(tmp_path, rows, "expect_column_values_to_be_in_set", {"column": "l", "value_set": ["부정"]}, l="label")
    assert label.samples[0]["values"] == {"l": "긍정"}


def test_rows_without_a_key_are_named_by_file_and_row(tmp_path):
    rows = {"train": {"t": ["a", "b"]}, "test": {"t": ["c", "bad"]}}
    check = one(tmp_path, rows, "expect_column_value_lengths_to_equal", {"column": "t", "value": 1})
    assert [(sample["row"], sample["split"]) for sample in check.samples] == [("test.parquet#1", "test")]


def test_a_classified_key_names_no_row(tmp_path):
    table = table_of(tmp_path, {"train": {"ssn": ["900101-1234567"], "t": ["x"]}})
    columns = (Column("ssn", "string", role="key", classification="restricted"), Column("t", "string"))
    with Session(table) as session:
        configs = expectations_of([config("expect_column_value_lengths_to_equal", column="t", value=2)], "s")
        (check,) = run_checks(configs, table, DatasetSchema("t", columns), session)
    assert check.samples[0]["row"] == "train.parquet#0"


def test_values_outside_a_set_are_named_with_their_rows(tmp_path):
    rows = {"train": {"l": ["a", "b", "b", "c", None]}}
    kwargs = {"column": "l", "value_set": ["a", "z"]}
    check = one(tmp_path, rows, "expect_column_distinct_values_to_equal_set", kwargs, l="label")
    assert check.observed == {"unexpected_values": 2, "missing_values": 1}
    assert check.samples == ({"value": "b", "rows": 2}, {"value": "c", "rows": 1}, {"value": "z", "rows": 0})


def test_names_of_columns_are_only_names(tmp_path):
    """Columns called as our own aliases are, or like SQL, change no count."""
    names = ["n", "h", "k0", "times", "rank", "first", "m0", "value", "class", 'a "b" -- ;', "split_", "데이터"]
    data = {name: ["x", "y", "y"] for name in names}
    entries = [config("expect_column_values_to_be_unique", f"u-{i}", column=name) for i, name in enumerate(names)]
    entries += [config("expect_rows_to_be_unique", f"r-{i}", columns=[name]) for i, name in enumerate(names)]
    entries += [config("expect_splits_to_be_disjoint", f"s-{i}", columns=[name]) for i, name in enumerate(names)]
    entries.append(config("expect_compound_columns_to_be_unique", "c", column_list=names))
    found = judged(tmp_path, {"train": data, "test": data}, *entries)
    assert {check.unexpected for name, check in found.items() if name[0] in "u"} == {6}
    assert {check.unexpected for name, check in found.items() if name[0] in "r"} == {4}
    assert {check.unexpected for name, check in found.items() if name[0] in "s"} == {3}
    assert found["c"].unexpected == 6
    assert all(len(check.samples) == check.unexpected for check in found.values())


def test_hostile_values_stay_values(tmp_path):
    evil = "'; DROP VIEW data; --"
    rows = {"train": {"t": [evil, "x"]}}
    check = one(tmp_path, rows, "expect_column_values_to_be_in_set", {"column": "t", "value_set": [evil, "'"]})
    assert check.unexpected == 1
    condition = {"column": "t", "row_condition": f'col("t") == "{evil}"'}
    assert one(tmp_path, rows, "expect_column_values_to_not_be_null", condition).total == 1


@pytest.mark.parametrize("threads", [2, 4])
def test_evidence_does_not_depend_on_threads(tmp_path, threads):
    import random

    draw = random.Random(7)
    values = [draw.random() * 10 ** draw.randint(-8, 8) for _ in range(150_000)]
    rows = pa.table({"x": values, "t": [f"{int(v) % 5000}" for v in values], "i": list(range(len(values)))})
    splits = {"train": rows.slice(0, 120_000), "test": rows.slice(120_000)}
    entries = [
        *(
            config(f"expect_column_{n}_to_be_between", column="x", max_value=1)
            for n in ("mean", "stdev", "sum", "median")
        ),
        config("expect_rows_to_be_unique", columns=["t"]),
        config("expect_rows_to_be_unique", "folded", columns=["t"], normalize="text"),
        config("expect_splits_to_be_disjoint", columns=["t"]),
        config("expect_splits_to_be_disjoint", "folded-splits", columns=["t"], normalize="text"),
        config("expect_column_values_to_be_unique", column="t"),
        config("expect_class_balance_to_be_at_least", column="t", min_share=0.0002),
    ]

    def evidence(count):
        found = judged(tmp_path, splits, *entries, threads=count)
        return canonical([check.to_json() for check in found.values()])

    assert evidence(threads) == evidence(1)


def test_a_column_that_a_branch_adds_makes_no_copy_a_row_of_its_own(tmp_path):
    splits = {
        "train": {
            "길이": [101 * n for n in range(80)],
            "무게": [7919 * n % 1009 for n in range(80)],
            "잡음": list(range(80)),
        },
        "test": {"길이": [101, 202, 9999], "무게": [7919 % 1009, 15838 % 1009, 3], "잡음": [1000, 1001, 1002]},
    }
    table = table_of(tmp_path, splits)
    types = ("expect_splits_to_be_disjoint", "expect_rows_to_be_unique")
    asked = expectations_of([{"type": one, "meta": {"check_id": one}} for one in types], "suite")
    with Session(table) as session:
        merged = schema_of(table)
        before, now = (
            run_checks(asked, table, one, session) for one in (merged, replace(merged, merged=("길이", "무게")))
        )
    assert [check.unexpected for check in before] == [0, 0]
    assert [check.unexpected for check in now] == [2, 2]
    assert all("but for the new `잡음`" in check.message and check.columns == ("길이", "무게") for check in now)
