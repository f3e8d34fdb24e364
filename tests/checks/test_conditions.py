"""Row conditions: text, tree, SQL and the shape of Great Expectations mean the same."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.checks.conditions import Comparison, Junction, Nullity, from_gx, parse, to_gx, to_sql
from registry.checks.gx import load
from registry.checks.sql import PlanError

KINDS = {"s": "VARCHAR", "n": "BIGINT", "x": "DOUBLE", "d": "DATE", "b": "BOOLEAN", 'a "b': "VARCHAR"}
NAN = 'NOT coalesce(isfinite("x") OR isinf("x"), true)'
leaves = (
    st.builds(Comparison, st.just("n"), st.sampled_from(["==", "!=", "<", "<=", ">", ">="]), st.integers(-9, 9))
    | st.builds(Comparison, st.just("s"), st.sampled_from(["IN", "NOT_IN"]), st.tuples(st.text("ab가", min_size=1)))
    | st.builds(Nullity, st.sampled_from(["s", "x"]), st.booleans())
)
trees = leaves | st.builds(
    Junction, st.sampled_from(["and", "or"]), st.lists(leaves, min_size=2, max_size=4).map(tuple)
)


@settings(deadline=None)
@given(trees)
def test_round_trip_through_gx(tree):
    assert from_gx(to_gx(tree)) == tree


@pytest.fixture(scope="module")
def gx():
    return load()


@settings(deadline=None)
@given(tree=trees)
def test_gx_reads_it_and_gives_it_back(gx, tree):
    assert from_gx(gx.deserialize_row_condition(to_gx(tree)).dict()) == tree


@pytest.mark.parametrize(
    ("text", "sql"),
    [
        ('col("n") == 3', '("n" = 3)'),
        ("col('s') != \"it's\"", "(\"s\" <> 'it''s')"),
        ('col("n") >= -2.5', '("n" >= -2.5)'),
        ('col("x") < 0.1', f"((\"x\" < CAST('0.1' AS DOUBLE)) AND NOT {NAN})"),
        ('col("d") > "2024-01-31"', "(\"d\" > DATE '2024-01-31')"),
        ('col("b") == True', '("b" = TRUE)'),
        ('col("s").notnull()', '(NOT ("s" IS NULL))'),
        ('col("x").is_null()', f'("x" IS NULL OR {NAN})'),
        ('col("s").is_in(["a", "b"])', "((\"s\" IN ('a', 'b')) IS TRUE)"),
        ("col('a \"b') == '가'", '("a ""b" = \'가\')'),
    ],
)
def test_to_sql(text, sql):
    assert to_sql(parse(text), KINDS) == sql


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1",
        'col("n")',
        'col("n") == None',
        'col("n") == col("x")',
        'col("n") == 3 == 3',
        '(col("n") == 1 or col("n") == 2) and col("x") > 1',
        "col(n) == 3",
        '__import__("os").system("true")',
        'col("s").is_in([])',
        'col("n") in [1]',
        'col("s").upper() == "A"',
        "(" * 300,
    ],
)
def test_refused(text):
    with pytest.raises(ValueError, match=r"condition|stand within"):
        parse(text)


def test_types_are_not_mixed():
    with pytest.raises(PlanError, match="text '3'"):
        to_sql(parse('col("n") == "3"'), KINDS)
    with pytest.raises(PlanError, match="no column `z`"):
        to_sql(parse('col("z") == 1'), KINDS)
