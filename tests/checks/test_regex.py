"""Patterns mean in DuckDB what they mean in Python, or are refused."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.checks.regex import to_re2

PIECES = [
    r"\w",
    r"\W",
    r"\d",
    r"\D",
    r"\s",
    r"\S",
    "가",
    "a",
    "[a-z]",
    r"[\w-]",
    r"[^\d\s]",
    r"[\D]",
    ".",
    r"\.",
    "[]a]",
]
PATTERNS = st.lists(st.sampled_from(PIECES), min_size=1, max_size=4).map("".join)
TEXTS = st.text(st.sampled_from("ab가ㅋ1٣ \t\n\u3000\x1c\x85_-.]²½Ⅷé"), max_size=8)


@pytest.fixture(scope="module")
def duck():
    import duckdb

    with duckdb.connect() as connection:
        yield connection


@settings(max_examples=400, deadline=None)
@given(pattern=PATTERNS, text=TEXTS, start=st.booleans())
def test_same_as_python(duck, pattern, text, start):
    pattern = "^" + pattern if start else pattern
    found = duck.execute("SELECT regexp_matches(?, ?)", [text, to_re2(pattern)]).fetchall()[0][0]
    assert found == (re.search(pattern, text) is not None)


@pytest.mark.parametrize(
    "pattern",
    [r"(?=a)", r"(?!a)", r"(?<=a)b", r"(a)\1", r"\bword\b", r"(?P<x>a)(?P=x)", r"a++", r"[\W]", "("],
)
def test_refused(pattern):
    with pytest.raises(ValueError, match=r"RE2|regular expression"):
        to_re2(pattern)


def test_code_points():
    assert to_re2("\\u00e9[\\u0041-\\u0043]") == r"\x{00e9}[\x{0041}-\x{0043}]"
