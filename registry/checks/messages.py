"""One sentence per check that a person can act on: how many of what, against which limit, what to do.

>>> from registry.checks.suite import Expectation
>>> check = Expectation("expect_column_values_to_not_be_null", {"column": "text"})
>>> figures = Figures(200, 3, {"missing": 0, "share": 0.015}, {"mostly": 1}, found=True, assessed=200)
>>> message_of(check, None, figures, passed=False)
'3 of 200 values of `text` are missing (1.5%; allowed 0%)'
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from registry.checks.figures import Figures
from registry.checks.numbers import percent, plain
from registry.checks.specs import Measure
from registry.checks.suite import Expectation
from registry.formats.plain import spoken

PHRASES: Mapping[str, str] = {
    "expect_column_values_to_not_be_null": "are missing",
    "expect_column_values_to_be_null": "are present",
    "expect_column_values_to_be_unique": "occur more than once",
    "expect_column_values_to_be_in_set": "are none of the allowed values",
    "expect_column_values_to_not_be_in_set": "are forbidden",
    "expect_column_values_to_be_between": "are not {range}",
    "expect_column_values_to_match_regex": "do not match {regex}",
    "expect_column_values_to_not_match_regex": "match {regex}",
    "expect_column_value_lengths_to_be_between": "have a length that is not {range}",
    "expect_column_value_lengths_to_equal": "have a length other than {value}",
    "expect_column_pair_values_to_be_equal": "differ",
    "expect_column_pair_values_a_to_be_greater_than_b": "are not in the expected order",
    "expect_compound_columns_to_be_unique": "occur more than once",
    "expect_select_column_values_to_be_unique_within_record": "repeat within their row",
}
FIGURES: Mapping[str, str] = {
    "unique_value_count": "number of different values",
    "proportion_of_unique_values": "share of different values",
    "proportion_of_non_null_values": "share of values present",
    "min": "least value",
    "max": "greatest value",
    "mean": "mean",
    "median": "median",
    "sum": "sum",
    "stdev": "standard deviation",
}


def message_of(
    expectation: Expectation, measure: Measure | None, figures: Figures, samples: Sequence[Any] = (), *, passed: bool
) -> str:
    """The message of a check that was measured; of ours with the first of its `samples`."""
    if measure is not None:
        return _ours(measure, figures, samples, passed=passed)
    if expectation.type in PHRASES:
        return _mapped(expectation, figures)
    if "distinct_values" in expectation.type:
        return _distinct(expectation, figures)
    return _one_figure(expectation, figures, passed=passed)


def _ours(measure: Measure, figures: Figures, samples: Sequence[Any], *, passed: bool) -> str:
    unexpected, total = figures.unexpected or 0, figures.total or 0
    text = f"{unexpected:,} of {total:,} {measure.what}"
    names_rows = measure.rows_sql is not None or measure.examples is not None
    if "max_share" in measure.threshold and names_rows:
        text += f" ({percent(unexpected / total if total else 0)}; allowed {percent(measure.max_share)})"
    else:
        text += f" ({_pairs(measure.threshold)})"
    parts = [text, figures.note, _first(samples[0], measure) if samples else ""]
    parts.append("" if passed else measure.hint)
    return "; ".join(part for part in parts if part)


def _first(sample: Mapping[str, Any], measure: Measure) -> str:
    """The first thing found, in words: `first: r17 (test), same as r904 (train)`."""
    if "row" not in sample:
        return "first: " + ", ".join(f"{name} {spoken(plain(value))}" for name, value in sample.items())
    text = f"first: {sample['row']} ({sample['split']})"
    if measure.examples:
        told = "; ".join(spoken(plain(sample[name])) for name in measure.examples.told)
        return f"{text}: {told}" if told else text
    other = sample.get(measure.witness)
    return f"{text}, {measure.witness.replace('_', ' ')} {other['row']} ({other['split']})" if other else text


def _mapped(expectation: Expectation, figures: Figures) -> str:
    phrase = PHRASES[expectation.type].format_map(_Fields(figures.threshold))
    names = ", ".join(f"`{name}`" for name in expectation.columns())
    missing = figures.observed["missing"]
    allowed = 1 - figures.threshold.get("mostly", 1)
    share = percent(figures.observed["share"] or 0)
    text = f"{figures.unexpected:,} of {figures.assessed:,} values of {names} {phrase}"
    text += f" ({share}; allowed {percent(allowed)})"
    return f"{text}; {missing:,} rows without a value are left out" if missing else text


def _distinct(expectation: Expectation, figures: Figures) -> str:
    name = expectation.kwargs["column"]
    parts = []
    if figures.observed["unexpected_values"]:
        parts.append(f"{figures.observed['unexpected_values']:,} values that are not in the set occur")
    if figures.observed["missing_values"]:
        parts.append(f"{figures.observed['missing_values']:,} values of the set do not occur")
    return f"`{name}`: " + (" and ".join(parts) or "the values that occur are as declared")


def _one_figure(expectation: Expectation, figures: Figures, *, passed: bool) -> str:
    kind, threshold = expectation.type, figures.threshold
    if kind == "expect_column_to_exist":
        return f"the column `{expectation.kwargs['column']}` {'exists' if passed else 'does not exist'}"
    if kind.startswith("expect_table_columns"):
        return _columns(expectation, figures, passed=passed)
    if kind.startswith("expect_table_"):
        what = "rows" if "row_count" in kind else "columns"
        return f"there are {_text(figures.observed)} {what}, expected {_range(threshold)}"
    name = kind.removeprefix("expect_column_").removesuffix("_to_be_between")
    column = expectation.kwargs["column"]
    return f"the {FIGURES[name]} of `{column}` is {_text(figures.observed)}, expected {_range(threshold)}"


def _columns(expectation: Expectation, figures: Figures, *, passed: bool) -> str:
    wanted = expectation.kwargs.get("column_set") or expectation.kwargs["column_list"]
    have = list(figures.observed or ())
    if passed:
        return f"the {len(have)} columns are as declared"
    lacking = [name for name in wanted if name not in have]
    more = [name for name in have if name not in wanted]
    parts = [f"missing: {', '.join(lacking)}"] if lacking else []
    parts += [f"undeclared: {', '.join(more)}"] if more else []
    return "; ".join(parts) or f"the columns stand in another order: {', '.join(have)}"


class _Fields(dict[str, Any]):
    """The fields of a phrase, looked up in a threshold."""

    def __missing__(self, name: str) -> str:
        return _range(self) if name == "range" else name


def _range(threshold: Mapping[str, Any]) -> str:
    if "value" in threshold:
        return _text(threshold["value"])
    low, high = threshold.get("min_value"), threshold.get("max_value")
    parts = []
    if low is not None:
        parts.append(("above " if threshold.get("strict_min") else "at least ") + _text(low))
    if high is not None:
        parts.append(("below " if threshold.get("strict_max") else "at most ") + _text(high))
    return " and ".join(parts)


def _pairs(threshold: Mapping[str, Any]) -> str:
    nested = any(isinstance(value, Mapping | list | tuple) for value in threshold.values())
    return ("; " if nested else ", ").join(f"{name} {_text(value)}" for name, value in threshold.items())


def _text(value: Any) -> str:
    value = plain(value)
    return str(value) if isinstance(value, float) else spoken(value)  # of a limit every digit counts
