from __future__ import annotations

import json
import unicodedata
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.checks.distances import between_histograms, distance
from registry.model.digest import canonical
from registry.model.schema import Column, DatasetSchema
from registry.reports.associations import cramer, pearson, ratio
from registry.reports.drift import drift_of
from registry.reports.eda import eda_html
from registry.reports.letters import may_compose, scripts_of
from registry.reports.profile import profile
from registry.tables.duck import Session
from registry.tables.table import Part, Table
from tests.reports.conftest import Build
from tests.reports.making import facts_of
from tests.reports.page import Page


def measured(table: Table, *columns: Column, threads: int = 2) -> dict[str, Any]:
    with Session(table, threads=threads) as session:
        return profile(session, table, DatasetSchema("d", columns))


@given(st.text())
def test_a_text_without_composing_points_is_in_nfc(text: str) -> None:
    if not any(may_compose(ord(character)) for character in text):
        assert unicodedata.is_normalized("NFC", text)


def test_lengths_count_characters_after_nfc(build: Build) -> None:
    decomposed = unicodedata.normalize("NFD", "한국어 café")
    entry = measured(build({"train": pa.table({"t": [decomposed, decomposed + "!"]})}))["columns"][0]["overall"]
    assert (entry["length"]["min"], entry["length"]["max"]) == (8, 9)


def test_letters_are_counted_by_script_in_each_split(build: Build) -> None:
    splits = {"train": pa.table({"t": ["가나 ab", None, "漢"]}), "test": pa.table({"t": ["abc!", "1", ""]})}
    entry = measured(build(splits), Column("t", "string", role="text"))["columns"][0]
    found = {script: n["letters"] for script, n in entry["splits"]["train"]["script"].items()}
    assert found == {"hangul": 2, "latin": 2, "han": 1, "other": 0}
    assert entry["splits"]["test"]["script"]["latin"] == {"letters": 3, "share": 1.0}
    assert scripts_of({ord("я"): 2})["letters"] == 2


def test_words_are_counted_and_masked(build: Build) -> None:
    texts = ["Good, good! 배송", "good hong@example.com", None]
    column = Column("t", "string", role="text")
    words = measured(build({"train": pa.table({"t": texts})}), column)["columns"][0]["words"]
    assert (words["tokens"], words["types"], words["rows"]) == (5, 3, 3)
    assert words["top"][0] == {"word": "good", "count": 3, "share": 0.6}
    assert "hong@example.com" not in json.dumps(words)


def test_structs_and_lists_show_what_they_hold(build: Build) -> None:
    rows = pa.table(
        {
            "geo": [
                {"lat": 1.0, "at": {"zip": "1", "code": None}},
                None,
                {"lat": 1.0, "at": {"zip": "2", "code": None}},
            ],
            "tags": [["a", "b"], ["a", None], None],
        }
    )
    geo, tags = measured(build({"train": rows}))["columns"]
    assert [(f["path"], f["count"], f["distinct"]) for f in geo["fields"]] == [
        (["lat"], 2, 1),
        (["at", "zip"], 2, 2),
        (["at", "code"], 0, 0),
    ]
    assert [(f["of"], f["count"], f["distinct"]) for f in tags["fields"]] == [("elements", 3, 2)]


@pytest.mark.parametrize(("days", "period"), [(20, "day"), (200, "week"), (900, "month"), (9000, "years")])
def test_moments_are_binned_by_the_calendar(build: Build, days: int, period: str) -> None:
    moments = [datetime(1999, 1, 31) + timedelta(days=i, hours=i % 24) for i in range(0, days, max(1, days // 300))]
    histogram = measured(build({"train": pa.table({"at": moments})}))["columns"][0]["histogram"]
    edges = [datetime.fromisoformat(edge) for edge in histogram["edges"]]
    assert histogram["period"] == period
    assert len(edges) <= 61
    wanted = [sum(low <= at < high for at in moments) for low, high in pairwise(edges)]
    assert histogram["counts"]["train"] == wanted
    if period == "week":
        assert {edge.weekday() for edge in edges} == {0}


def test_dates_before_1900_and_after_9000_are_drawn(build: Build) -> None:
    for days in ([date(1, 1, 2), date(1850, 5, 1), date(1850, 6, 20)], [date(9999, 12, 31), date(1, 1, 1)]):
        document = measured(build({"train": pa.table({"d": days * 5})}))
        canonical(document)
        assert document["columns"][0]["overall"]["distinct"] == len(days)


def test_associations_find_what_goes_together_and_are_the_same_at_any_number_of_threads(build: Build) -> None:
    rng = np.random.default_rng(7)
    x = rng.normal(size=4000)
    group = np.where(x > 0, "가", "나")
    rows = pa.table(
        {"x": x, "y": -2 * x, "noise": rng.normal(size=4000), "group": group, "same": group, "id": np.arange(4000)}
    )
    table = build({"train": rows.slice(0, 3000), "test": rows.slice(3000)})
    key = Column("id", "int64", role="key")
    documents = [measured(table, key, threads=n)["associations"] for n in (1, 2, 4)]
    assert documents[0] == documents[1] == documents[2]
    found = {frozenset((p["a"], p["b"])): p for p in documents[0]["pairs"]}
    assert found[frozenset("xy")]["value"] == -1.0
    assert found[frozenset(("group", "same"))]["value"] == 1.0
    assert found[frozenset(("x", "group"))]["measure"] == "eta" and found[frozenset(("x", "group"))]["value"] > 0.7
    assert abs(found[frozenset(("x", "noise"))]["value"]) < 0.1
    assert not any("id" in pair for pair in found)


def test_measures_of_association_agree_with_their_definitions() -> None:
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=200), rng.normal(size=200)
    assert pearson(x, y) == pytest.approx(np.corrcoef(x, y)[0, 1])
    a, b = rng.integers(0, 3, 5000), rng.integers(0, 4, 5000)
    assert cramer(a, b) == pytest.approx(0, abs=0.05)
    assert cramer(a, a) == pytest.approx(1, abs=0.01)
    group = np.array([0, 0, 1, 1])
    assert ratio(group, np.array([1.0, 3.0, 1.0, 3.0])) == 0
    assert pearson(np.ones(5), np.arange(5.0)) is None


def test_drift_is_nothing_for_equal_profiles_and_finds_what_moved(build: Build) -> None:
    def rows(shift: float) -> pa.Table:
        rng = np.random.default_rng(1)
        return pa.table(
            {
                "still": rng.normal(size=500),
                "moved": rng.normal(size=500) + shift,
                "kind": np.where(rng.random(500) < 0.5 + shift / 10, "가", "나"),
                "at": [datetime(2026, 1, 1) + timedelta(days=int(i)) for i in rng.integers(0, 300, 500)],
            }
        )

    before = measured(build({"train": rows(0)}))
    now = measured(build({"train": rows(3).append_column("new", pa.array([1] * 500))}))
    assert {m.divergence for m in drift_of(before, before).columns} == {0.0}
    drift = drift_of(before, now)
    assert drift.columns[0].name == "moved"
    assert drift.columns[0].divergence is not None and drift.columns[0].divergence > 0.3
    assert (drift.added, drift.removed, drift.rows) == (("new",), (), 0)
    assert next(m for m in drift.columns if m.name == "still").divergence == 0


BINS = st.integers(1, 8).flatmap(lambda n: st.lists(st.integers(0, 50), min_size=n, max_size=n).filter(any))


@settings(max_examples=60, deadline=None)
@given(BINS, BINS, st.integers(-5, 5), st.integers(-5, 5))
def test_divergence_of_histograms_is_a_divergence(one: list[int], other: list[int], left: int, right: int) -> None:
    def made(counts: list[int], start: int) -> dict[str, Any]:
        edges = [start + i * 1.5 for i in range(len(counts) + 1)]
        return {"edges": edges, "counts": {"train": counts}, "below": {"train": 0}, "above": {"train": 1}}

    a, b = made(one, left), made(other, right)
    there, back = distance("js", between_histograms(a, b)), distance("js", between_histograms(b, a))
    assert there is not None and back is not None
    assert 0 <= there <= 1 and there == pytest.approx(back, abs=1e-9)
    assert distance("js", between_histograms(a, a)) == 0


def test_images_are_measured_from_their_headers(tmp_path: Path) -> None:
    import pyarrow.parquet as pq
    from PIL import Image

    for name, size, mode in (("a.png", (64, 32), "RGB"), ("b.png", (64, 32), "L"), ("c.jpg", (10, 640), "RGB")):
        Image.new(mode, size).save(tmp_path / name)
    (tmp_path / "d.png").write_bytes(b"no image")
    part = tmp_path / "train.parquet"
    pq.write_table(pa.table({"image": ["a.png", "b.png", "c.jpg", "d.png"]}), part)
    table = Table((Part(".", part, "train", 4),), (("image", "string"),), ("train",), None, "imagefolder", tmp_path)
    document = measured(table, Column("image", "string", role="image"))
    images = document["images"]
    assert (images["images"], images["unreadable"], images["unreadable_paths"]) == (3, 1, ["d.png"])
    assert images["sizes"][0] == {"width": 64, "height": 32, "count": 2}
    assert {m["value"]: m["count"] for m in images["modes"]} == {"RGB": 2, "L": 1}
    assert {f["value"]: f["count"] for f in images["formats"]} == {"PNG": 2, "JPEG": 1}
    assert document["columns"][0]["histogram"] is None


def test_the_page_shows_what_the_profile_found(tmp_path: Path) -> None:
    rows = pa.table(
        {
            "x": [float(i) for i in range(60)],
            "y": [2.0 * i for i in range(60)],
            "글": [f"좋은 상품 {i}" for i in range(60)],
            "at": [datetime(2026, 1, 1) + timedelta(days=i) for i in range(60)],
        }
    )
    schema = DatasetSchema("d", (Column("글", "string", role="text"),))
    old = facts_of(tmp_path / "old", {"train": rows.slice(0, 40)}, schema)
    new = facts_of(tmp_path / "new", {"train": rows}, schema, before=old.profile, previous="1.0.0", version="1.1.0")
    text = Page(eda_html(new, "en")).text.replace("\xa0", " ")
    assert "go together most: 1.00" in text
    assert "+20 since 1.0.0" in text and "+20 rows" in text
    assert "one bar a day" in text
    assert "180 words, 62 of them different" in text


AWKWARD = {
    "nulls": pa.table({"x": pa.nulls(4), "y": pa.array([None] * 4, pa.string())}),
    "constants": pa.table({"x": [1] * 4, "y": ["가"] * 4, "z": [float("nan")] * 4}),
    "infinite": pa.table({"x": [float("inf"), float("-inf"), float("nan"), 1.0], "y": [1e308, -1e308, 0.0, 5e-324]}),
    "long cell": pa.table({"x": ["가" * 400_000, "b"]}),
    "names": pa.table({'a"b': [1], "a\nb": [2], "<script>": [3], "\u202egnp": [4], "# | `": [5]}),
    "nested": pa.table({"x": [[[1], []], [None]], "y": [{"a": [{"b": 1}]}, None]}),
    "deep": pa.table({"x": pa.array([[("a", 1)], []], pa.map_(pa.string(), pa.int64()))}),
}


@pytest.mark.parametrize("name", AWKWARD)
def test_awkward_tables_are_profiled_and_drawn_in_both_languages(tmp_path: Path, name: str) -> None:
    facts = facts_of(tmp_path / "d", {"train": AWKWARD[name], "test": AWKWARD[name].slice(0, 1)}, DatasetSchema("d"))
    canonical(facts.profile)
    pages = [Page(eda_html(facts, lang)) for lang in ("en", "ko")]
    assert pages[0].numbers == pages[1].numbers
    assert pages[0].tags == pages[1].tags
