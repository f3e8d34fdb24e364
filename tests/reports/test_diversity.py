"""Diversity and differences between groups: figures beside plain Python and the literature, and what pages say."""

from __future__ import annotations

import json
import math
import random
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from registry.checks.disparity import SMALL
from registry.checks.intervals import difference, ratio, wilson
from registry.formats.documents import schema_of
from registry.model.digest import canonical
from registry.model.schema import Column, DatasetSchema
from registry.reports.eda import eda_html
from registry.reports.profile import profile
from registry.reports.quality import quality_html, quality_json
from registry.reports.variety import WORDS, Runs, growth, heaps
from registry.tables.duck import Session
from registry.tables.table import Table
from tests.reports.conftest import Build
from tests.reports.making import facts_of
from tests.reports.page import Page


def measured(table: Table, schema: DatasetSchema, threads: int = 1) -> dict[str, Any]:
    with Session(table, threads=threads) as session:
        found = profile(session, table, schema)
    described("registry.profile/1", found)
    return found


def described(name: str, document: Any) -> None:
    """The document is as its committed JSON Schema says."""
    Draft202012Validator(schema_of(name)).validate(json.loads(canonical(document)))


# Newcombe (1998), table II, method 10: (a, m), (b, n), interval of the difference.
NEWCOMBE = [
    ((56, 70), (48, 80), (0.0524, 0.3339)),
    ((9, 10), (3, 10), (0.1705, 0.8090)),
    ((6, 7), (2, 7), (0.0582, 0.8062)),
    ((5, 56), (0, 29), (-0.0381, 0.1926)),
    ((0, 10), (0, 20), (-0.1611, 0.2775)),
    ((0, 10), (0, 10), (-0.2775, 0.2775)),
    ((10, 10), (0, 20), (0.6791, 1.0000)),
    ((10, 10), (0, 10), (0.6075, 1.0000)),
]


@pytest.mark.parametrize(("one", "other", "interval"), NEWCOMBE)
def test_differences_are_those_of_the_literature(
    one: tuple[int, int], other: tuple[int, int], interval: tuple[float, float]
) -> None:
    found = difference(one, other)
    assert found[0] == pytest.approx(one[0] / one[1] - other[0] / other[1])
    assert found[1:] == pytest.approx(interval, abs=5e-5)


def test_shares_and_ratios() -> None:
    # Newcombe (1998), two-sided intervals for the single proportion, table I, method 3.
    for (part, whole), bounds in {
        (81, 263): (0.2553, 0.3662),
        (15, 148): (0.0624, 0.1605),
        (0, 20): (0, 0.1611),
    }.items():
        assert wilson(part, whole) == pytest.approx(bounds, abs=5e-5)
    assert ratio((10, 100), (20, 100)) == pytest.approx(
        (0.5, *(0.5 * math.exp(side * 1.959964 * math.sqrt(0.13)) for side in (-1, 1)))
    )
    assert ratio((3, 10), (0, 10)) == (None, None, None)


@given(st.lists(st.integers(1, 50), min_size=1, max_size=200))
@settings(max_examples=50, deadline=None)
def test_growth_is_what_is_expected_of_a_part(counts: list[int]) -> None:
    points, tokens = growth(counts), sum(counts)
    assert points[-1] == [tokens, len(counts)]
    for size, types in points:
        assert types == pytest.approx(sum(1 - (1 - size / tokens) ** count for count in counts), rel=1e-9)
    assert points == growth(sorted(counts, reverse=True))
    assert all(a[1] <= b[1] for a, b in pairwise(points))


def test_a_law_is_fitted_to_enough_words_only() -> None:
    assert growth([]) == []
    assert heaps(growth([1] * 999)) is None
    law = heaps(growth([1] * 5000))
    assert law == {"k": pytest.approx(1), "beta": pytest.approx(1)}
    flat = heaps(growth([1000] * 8))
    assert flat is not None
    assert flat["beta"] < 0.01


@given(st.lists(st.lists(st.sampled_from("가나다ab"), max_size=12), max_size=12))
@settings(max_examples=100, deadline=None)
def test_runs_are_counted_as_sets_of_tuples_are(texts: list[list[str]]) -> None:
    runs = Runs()
    for text in texts:
        runs.add(text)
    found = runs.to_json()
    for length in (1, 2, 3):
        every = [tuple(t[i : i + length]) for t in texts for i in range(len(t) - length + 1)]
        wanted = len(set(every)) / len(every) if every else None
        assert found["distinct"][str(length)] == (pytest.approx(wanted) if every else None)
    assert (found["rows"], found["words"]) == (len(texts), sum(map(len, texts)))


def test_long_texts_are_cut() -> None:
    runs = Runs()
    runs.add(str(number) for number in range(10 * WORDS))
    assert runs.to_json()["words"] == WORDS


GROUPS = ("여", "남", "<script>", "'; DROP", None)
SCHEMA = DatasetSchema(
    "people",
    (
        Column("class", "string", role="label", classes=("긍정", "부정", "없음")),
        Column("g0", "string", role="sensitive"),
        Column("지역", "string", enum=("서울", "부산", "없는 곳")),
        Column("secret", "string", role="sensitive", classification="restricted"),
        Column("age", "int64", role="quasi-identifier"),
    ),
)


def people(rows: int, seed: int) -> pa.Table:
    rng = random.Random(seed)
    groups = rng.choices(GROUPS, [50, 40, 2, 30, 5], k=rows)
    return pa.table(
        {
            "class": pa.array(
                [rng.choices(["긍정", "부정", None], [6 if g == "여" else 3, 4, 1])[0] for g in groups], pa.string()
            ),
            "g0": pa.array(groups, pa.string()),
            "지역": [rng.choice(["서울", "부산", "서울"]) for _ in groups],
            "secret": [rng.choice(["p", "q"]) for _ in groups],
            "age": [rng.randrange(90) for _ in groups],
        }
    )


def test_groups_are_counted_as_python_counts_them(build: Build) -> None:
    splits = {"train": people(900, 1), "test": people(60, 2)}
    table = build(splits)
    found = {threads: measured(table, SCHEMA, threads)["slices"] for threads in (1, 4)}
    assert canonical(found[1]) == canonical(found[4])
    slices = found[1]
    assert slices["left_out"] == [{"column": "age", "role": "quasi-identifier", "why": "many-values", "distinct": 90}]
    assert [(c["column"], c["role"]) for c in slices["columns"]] == [
        ("g0", "sensitive"),
        ("secret", "sensitive"),
        ("지역", None),
    ]
    rows = [(split, row) for split, part in splits.items() for row in part.to_pylist()]
    entry = slices["columns"][0]
    assert entry["missing"] == sum(row["g0"] is None for _, row in rows)
    for group in entry["groups"]:
        own = [(split, row["class"]) for split, row in rows if row["g0"] == group["value"]]
        assert group["count"] == len(own)
        assert group["splits"] == {split: sum(of == split for of, _ in own) for split in splits}
        assert group["small"] == [split for split, n in group["splits"].items() if 0 < n < SMALL]
        assert group["labelled"] == sum(label is not None for _, label in own)
        counts = Counter(label for _, label in own)
        assert [rate["count"] for rate in group["rates"]] == [counts[label] for label in slices["classes"]]
        assert all(r["interval"] == wilson(r["count"], group["labelled"]) for r in group["rates"])
    (widest, _) = entry["disparity"]
    rates = [g["rates"][widest["class"]]["rate"] for g in entry["groups"] if g["labelled"] >= SMALL]
    assert widest["difference"] == pytest.approx(max(rates) - min(rates), abs=1e-9)
    assert widest["ratio"] == pytest.approx(min(rates) / max(rates))
    assert widest["interval"][0] < widest["difference"] < widest["interval"][1]
    secret = slices["columns"][1]
    assert [group["value"] for group in secret["groups"]] == [None, None]


def test_declared_values_that_do_not_occur(build: Build) -> None:
    found = measured(build({"train": people(50, 1), "test": people(0, 2)}), SCHEMA)["coverage"]
    assert [(entry["column"], entry["declared"]) for entry in found] == [("class", 3), ("지역", 3)]
    assert found[1]["splits"] == {"train": {"present": 2, "share": 0.6666666667, "absent": ["없는 곳"]}}


def test_declared_numbers_are_compared_as_numbers(build: Build) -> None:
    columns = (Column("x", "double", enum=(0, 0.5, 1, 2)), Column("n", "int64", enum=(1, 2)), Column("s", "string"))
    data = {"x": [0.0, 0.5, 1.0, math.nan], "n": [1, 7, None, 1], "s": ["a"] * 4}
    document = measured(build({"train": pa.table(data)}), DatasetSchema("d", columns))
    found = {entry["column"]: entry["splits"]["train"]["absent"] for entry in document["coverage"]}
    assert found == {"x": ["2"], "n": ["2"]}
    assert [entry["column"] for entry in document["slices"]["columns"]][:2] == ["x", "n"]


def small_schema(**roles: str) -> DatasetSchema:
    return DatasetSchema("d", tuple(Column(name, "string", role=role) for name, role in roles.items()))


BAD: dict[str, tuple[dict[str, list[Any]], DatasetSchema, str]] = {
    "no sensitive column": ({"y": ["a", "b"] * 60}, small_schema(y="label"), "no column is declared sensitive"),
    "no label": ({"g": ["a", "b"] * 60}, small_schema(g="sensitive"), "no rates compare"),
    "few rows": ({"g": ["a", "b"], "y": ["p", "q"]}, small_schema(g="sensitive", y="label"), "too small to compare"),
    "one group": ({"g": ["a"] * 90, "y": ["p", "q"] * 45}, small_schema(g="sensitive", y="label"), "too small"),
    "one class": ({"g": ["a", "b"] * 60, "y": ["p"] * 120}, small_schema(g="sensitive", y="label"), "are equal in all"),
    "no labels": (
        {"g": ["a", "b"] * 60, "y": [None] * 120},
        small_schema(g="sensitive", y="label"),
        "no rates compare",
    ),
    "all groups missing": (
        {"g": [None] * 80, "y": ["p", "q"] * 40},
        small_schema(g="sensitive", y="label"),
        "no sensitive column makes groups",
    ),
    "several labels a row": (
        {"g": ["a", "b"] * 60, "y": [["p"], ["p", "q"]] * 60},
        small_schema(g="sensitive", y="label"),
        "no rates compare",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_compared_says_so(tmp_path: Path, name: str) -> None:
    data, schema, says = BAD[name]
    types = {"y": pa.list_(pa.string()) if name.startswith("several") else pa.string(), "g": pa.string()}
    rows = pa.table({key: pa.array(column, types[key]) for key, column in data.items()})
    facts = facts_of(tmp_path / "d", {"train": rows}, schema, checks=[])
    assert says in Page(quality_html(facts, "en")).text
    described("registry.profile/1", facts.profile)
    assert facts.evidence is not None
    described("registry.quality/1", quality_json(facts.evidence, facts))


def test_a_thousand_classes_and_columns_stay_small(build: Build) -> None:
    data = {f"c{n}": [f"{n}-{row % 40}" for row in range(400)] for n in range(30)}
    table = build({"train": pa.table({**data, "y": [f"class {row % 199}" for row in range(400)]})})
    slices = measured(table, small_schema(y="label"))["slices"]
    assert len(slices["columns"]) == 10
    assert len(slices["left_out"]) == 20
    assert len(slices["classes"]) == 20
    assert len(canonical(slices)) < 900_000


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_pages_tell_the_gap_and_escape_the_groups(tmp_path: Path, lang: str) -> None:
    texts = [f"배송이 {n % 7} 빨라서 {n} 좋았어요" for n in range(600)]
    rows = people(600, 3).append_column("본문", pa.array(texts))
    schema = DatasetSchema("people", (*SCHEMA.columns, Column("본문", "string", role="text")))
    facts = facts_of(tmp_path / "d", {"train": rows}, schema, checks=[])
    widest = facts.profile["slices"]["columns"][0]["disparity"][0]
    words = facts.profile["columns"][-1]["words"]
    assert words["heaps"]["beta"] == pytest.approx(math.log2(1 + 0.5), abs=0.4)
    for page in (eda_html(facts, lang), quality_html(facts, lang)):
        assert "<script>" not in page.split("</style>")[1]
        text = Page(page).text
        assert f"{widest['difference'] * 100:.1f}" in text
        assert f"{widest['ratio']:.2f}" in text
        assert f"{words['runs']['distinct']['2']:.3f}" in text
        assert ("name withheld" if lang == "en" else "이름 비공개") in text
        assert "없는 곳" in text
