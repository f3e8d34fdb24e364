"""The core expectations of Great Expectations that are proven on DuckDB, and their arguments.

What is not listed here is refused by the loader: a type that is accepted but not computed
exactly would make the gate lie. The parity test judges each of them beside pandas.

>>> CORE["expect_column_values_to_not_be_null"].kwarg("mostly").default
1
>>> "expect_column_kl_divergence_to_be_less_than" in CORE
False
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from registry.checks.kwargs import REQUIRED, Kwarg


@dataclass(frozen=True, slots=True)
class ExpectationForm:
    """What the loader knows of an expectation.

    `any_of` names arguments of which at least one must be given; `exactly_one` of which
    one and no more.
    """

    type: str
    text: str
    kwargs: tuple[Kwarg, ...]
    any_of: tuple[str, ...] = ()
    exactly_one: tuple[str, ...] = ()

    def kwarg(self, name: str) -> Kwarg:
        """The argument `name`; KeyError where there is none."""
        return {kwarg.name: kwarg for kwarg in self.kwargs}[name]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all arguments."""
        return tuple(kwarg.name for kwarg in self.kwargs)


COLUMN = Kwarg("column", "column", "the column", REQUIRED)
MOSTLY = Kwarg("mostly", "mostly", "least share of the values present that must conform", 1)
WHERE = (
    Kwarg("row_condition", "condition", 'rows to look at, such as `col("split") == "test"`'),
    Kwarg("condition_parser", "parser", "supplied by the loader"),
)
STRICT = (
    Kwarg("strict_min", "flag", "above the lower bound, not equal to it", False),
    Kwarg("strict_max", "flag", "below the upper bound, not equal to it", False),
)
SET = Kwarg("value_set", "set", "the values", REQUIRED)
PAIR = (Kwarg("column_A", "column", "the first column", REQUIRED), Kwarg("column_B", "column", "the second", REQUIRED))
LIST = Kwarg("column_list", "columns", "the columns", REQUIRED)
MISSING_PAIR = ("both_values_are_missing", "either_value_is_missing", "neither")
MISSING_LIST = ("all_values_are_missing", "any_value_is_missing", "never")


def _bounds(kind: str) -> tuple[Kwarg, ...]:
    return Kwarg("min_value", kind, "lower bound, included"), Kwarg("max_value", kind, "upper bound, included")


def _ignore(choices: tuple[str, ...]) -> Kwarg:
    return Kwarg("ignore_row_if", "choice", "rows that are left out", choices[0], choices)


def _map(name: str, text: str, *kwargs: Kwarg, any_of: tuple[str, ...] = ()) -> ExpectationForm:
    return ExpectationForm(f"expect_column_{name}", text, (COLUMN, *kwargs, MOSTLY, *WHERE), any_of)


def _range(name: str, text: str, kind: str) -> ExpectationForm:
    kwargs = (COLUMN, *_bounds(kind), *STRICT, *WHERE)
    return ExpectationForm(f"expect_column_{name}_to_be_between", text, kwargs, ("min_value", "max_value"))


def _distinct(name: str, text: str) -> ExpectationForm:
    return ExpectationForm(f"expect_column_distinct_values_to_{name}", text, (COLUMN, SET, *WHERE))


def _table(name: str, text: str, *kwargs: Kwarg, any_of: tuple[str, ...] = ()) -> ExpectationForm:
    return ExpectationForm(f"expect_table_{name}", text, kwargs, any_of)


_BOTH = ("min_value", "max_value")
_FORMS = (
    _table("row_count_to_be_between", "Rows lie within bounds.", *_bounds("count"), *STRICT, *WHERE, any_of=_BOTH),
    _table("row_count_to_equal", "There are that many rows.", Kwarg("value", "count", "rows", REQUIRED), *WHERE),
    _table("column_count_to_be_between", "Columns lie within bounds.", *_bounds("count"), any_of=_BOTH),
    _table("column_count_to_equal", "There are that many columns.", Kwarg("value", "count", "columns", REQUIRED)),
    _table(
        "columns_to_match_set",
        "The columns are these, in any order.",
        Kwarg("column_set", "names", "the columns", REQUIRED),
        Kwarg("exact_match", "flag", "no others", True),
    ),
    _table(
        "columns_to_match_ordered_list",
        "The columns are these, in this order.",
        Kwarg("column_list", "names", "the columns", REQUIRED),
    ),
    ExpectationForm(
        "expect_column_to_exist", "The column exists.", (Kwarg("column", "column", "the column", REQUIRED),)
    ),
    _map("values_to_not_be_null", "Values are present."),
    _map("values_to_be_null", "Values are absent."),
    _map("values_to_be_unique", "No value occurs twice; every row of a repeated value counts."),
    _map("values_to_be_in_set", "Values are among these.", SET),
    _map("values_to_not_be_in_set", "Values are none of these.", SET),
    _map("values_to_be_between", "Values lie within bounds.", *_bounds("bound"), *STRICT, any_of=_BOTH),
    _map("values_to_match_regex", "The pattern is found.", Kwarg("regex", "regex", "the pattern", REQUIRED)),
    _map("values_to_not_match_regex", "The pattern is not found.", Kwarg("regex", "regex", "the pattern", REQUIRED)),
    _map("value_lengths_to_be_between", "Code points of a text.", *_bounds("count"), *STRICT, any_of=_BOTH),
    _map("value_lengths_to_equal", "Code points of a text.", Kwarg("value", "count", "code points", REQUIRED)),
    _distinct("be_in_set", "Every value that occurs is among these."),
    _distinct("equal_set", "The values that occur are these."),
    _distinct("contain_set", "All of these occur."),
    _range("unique_value_count", "Number of different values.", "count"),
    _range("proportion_of_unique_values", "Different values per value present.", "share"),
    _range("proportion_of_non_null_values", "Share of rows with a value.", "share"),
    _range("min", "The least value.", "bound"),
    _range("max", "The greatest value.", "bound"),
    _range("mean", "Arithmetic mean.", "float"),
    _range("median", "Median (the mean of the middle two).", "float"),
    _range("sum", "Sum.", "float"),
    _range("stdev", "Standard deviation of a sample (n - 1).", "float"),
    ExpectationForm(
        "expect_column_pair_values_to_be_equal",
        "Two columns hold the same value.",
        (*PAIR, _ignore(MISSING_PAIR), MOSTLY, *WHERE),
    ),
    ExpectationForm(
        "expect_column_pair_values_a_to_be_greater_than_b",
        "The first column is greater than the second.",
        (*PAIR, Kwarg("or_equal", "flag", "equal is enough", False), _ignore(MISSING_PAIR), MOSTLY, *WHERE),
    ),
    ExpectationForm(
        "expect_compound_columns_to_be_unique",
        "No combination of values occurs twice; every row of a repeated one counts.",
        (LIST, _ignore(MISSING_LIST), MOSTLY, *WHERE),
    ),
    ExpectationForm(
        "expect_select_column_values_to_be_unique_within_record",
        "The columns of one row hold different values.",
        (LIST, _ignore(MISSING_LIST), MOSTLY, *WHERE),
    ),
)

CORE: Mapping[str, ExpectationForm] = {form.type: form for form in _FORMS}
