from __future__ import annotations

import math
import random
import statistics
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry.model.digest import canonical
from registry.model.schema import Column, DatasetSchema
from registry.reports.histogram import bins_of, most_of
from registry.reports.numbers import tidy
from registry.reports.profile import profile
from registry.tables.duck import Session
from registry.tables.table import Table
from tests.reports.conftest import Build

SCHEMA = DatasetSchema("reviews")


def measure(table: Table, schema: DatasetSchema = SCHEMA, threads: int = 1) -> dict[str, Any]:
    with Session(table, threads=threads) as session:
        return profile(session, table, schema)


def column(document: dict[str, Any], name: str) -> dict[str, Any]:
    return next(entry for entry in document["columns"] if entry["name"] == name)


def reviews(rows: int, seed: int = 1) -> pa.Table:
    rng = random.Random(seed)
    return pa.table(
        {
            "id": pa.array([f"{seed}-{i}" for i in range(rows)]),
            "글": pa.array(
                [rng.choice(["정말 좋아요 ", "별로예요 ", "so so "]) * rng.randint(1, 30) for _ in range(rows)]
            ),
            "label": pa.array([rng.choice(["긍정", "부정", "부정"]) for _ in range(rows)]),
            "score": pa.array([rng.gauss(0, 1) if rng.random() > 0.1 else None for _ in range(rows)]),
            "votes": pa.array([int(rng.expovariate(0.2)) for _ in range(rows)]),
            "at": pa.array([datetime(2026, 1, 1 + rng.randrange(28), tzinfo=UTC) for _ in range(rows)]),
        }
    )


def test_same_bytes_at_any_number_of_threads(build: Build) -> None:
    table = build({"train": reviews(6000), "test": reviews(1500, 2)})
    schema = DatasetSchema("reviews", (Column("label", "string", role="label"),))
    documents = {canonical(measure(table, schema, threads)) for threads in (1, 2, 4) for _ in range(3)}
    assert len(documents) == 1


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.none() | st.floats(-1e6, 1e6) | st.just(math.nan) | st.just(math.inf), min_size=1, max_size=40))
def test_numbers_are_those_of_the_standard_library(build: Build, values: list[float | None]) -> None:
    document = measure(build({"train": pa.table({"x": pa.array(values, pa.float64())})}))
    entry = column(document, "x")["overall"]
    finite = [v for v in values if v is not None and math.isfinite(v)]
    assert entry["null"] == values.count(None)
    assert entry["inf"] == values.count(math.inf)
    assert entry["nan"] == len(values) - entry["null"] - entry["inf"] - len(finite)
    assert entry["distinct"] == len({repr(v + 0.0) for v in values if v is not None})
    if finite:
        assert (entry["min"], entry["max"]) == (tidy(min(finite)), tidy(max(finite)))
        assert entry["mean"] == pytest.approx(statistics.fmean(finite), rel=1e-9, abs=1e-9)
        assert entry["quantiles"]["p50"] == pytest.approx(statistics.median(finite), rel=1e-9, abs=1e-9)
    if len(finite) > 1:
        assert entry["std"] == pytest.approx(statistics.stdev(finite), rel=1e-6, abs=1e-9)
    histogram = column(document, "x")["histogram"]
    if histogram:
        total = sum(histogram["counts"]["train"]) + histogram["below"]["train"] + histogram["above"]["train"]
        assert total == len(finite)


def test_overall_spread_joins_the_splits(build: Build) -> None:
    left, right = [1.0, 2.0, 4.0], [10.0, 30.0]
    table = build({"train": pa.table({"x": left}), "test": pa.table({"x": right})})
    entry = column(measure(table), "x")
    assert entry["overall"]["std"] == pytest.approx(statistics.stdev(left + right))
    assert entry["splits"]["test"]["std"] == pytest.approx(statistics.stdev(right))


def test_every_storage_is_measured(build: Build) -> None:
    rows = pa.table(
        {
            "flag": [True, False, None],
            "day": [date(2026, 1, 1), None, date(2026, 3, 1)],
            "at": pa.array([datetime(2026, 1, 1, tzinfo=UTC)] * 3, pa.timestamp("us", tz="Asia/Seoul")),
            "clock": [time(1, 2, 3), time(4, 5, 6), None],
            "price": [Decimal("1.50"), Decimal("2.50"), None],
            "tags": [["a", "b"], [], None],
            "box": [{"x": 1}, {"x": 1}, None],
            "raw": [b"\x00\x01", b"", None],
            "nothing": pa.array([None] * 3, pa.string()),
            "void": pa.nulls(3),
            "big": pa.array([2**63, 1, None], pa.uint64()),
            "dict": pa.array(["가", "나", "가"]).dictionary_encode(),
            "always": [7, 7, 7],
        }
    )
    document = measure(build({"train": rows}))
    canonical(document)
    kinds = {entry["name"]: entry["kind"] for entry in document["columns"]}
    assert kinds["nothing"] == kinds["void"] == "null"
    assert (kinds["flag"], kinds["day"], kinds["at"], kinds["clock"]) == ("boolean", "date", "datetime", "time")
    assert (kinds["price"], kinds["tags"], kinds["box"], kinds["raw"]) == ("decimal", "list", "struct", "binary")
    assert column(document, "flag")["overall"]["true_share"] == 0.5
    assert column(document, "day")["overall"]["min"] == "2026-01-01"
    assert column(document, "at")["overall"]["max"] == "2026-01-01T00:00:00"
    assert column(document, "price")["overall"]["mean"] == 2.0
    assert column(document, "tags")["overall"]["length"]["max"] == 2
    assert column(document, "big")["overall"]["max"] == 2**63
    assert column(document, "always")["histogram"] is None
    assert document["missing"]["cells"] == 3 + 3 + 8


def test_awkward_names_one_row_and_an_empty_split(build: Build) -> None:
    names = ['따옴"표', "줄\n바꿈", "'; DROP VIEW data; --", "rows", "whole", "split_", "가" * 300, "m0_count"]
    train = pa.table({name: ["값"] for name in names})
    document = measure(build({"train": train, "test": train.slice(0, 0)}))
    assert [entry["name"] for entry in document["columns"]] == names
    assert document["rows"] == 1
    assert [split["rows"] for split in document["splits"]] == [1, 0]
    assert all(entry["overall"]["count"] == 1 for entry in document["columns"])
    assert all(entry["splits"]["test"]["null_share"] is None for entry in document["columns"])


def test_zero_rows_are_measured_as_zero(build: Build) -> None:
    document = measure(build({"train": pa.table({"x": pa.array([], pa.int64()), "t": pa.array([], pa.string())})}))
    assert document["rows"] == 0
    assert document["duplicates"]["rows"] == 0
    assert document["sample"] == []


def test_hundred_and_fifty_columns(build: Build) -> None:
    document = measure(build({"train": pa.table({f"열{i}": [i, None, i] for i in range(150)})}))
    assert len(document["columns"]) == 150
    assert column(document, "열149")["overall"]["max"] == 149
    assert document["missing"]["cells"] == 150


def test_a_split_column_decides(build: Build) -> None:
    rows = pa.table({"fold": ["test", "train", "train", None], "x": [1, 2, 3, 4]})
    document = measure(build({"all": rows}, split_column="fold"))
    assert [(s["name"], s["rows"]) for s in document["splits"]] == [("train", 2), ("test", 1)]
    assert document["without_split"] == 1
    assert document["split_column"] == "fold"


def test_classes_follow_the_declared_order_and_show_the_missing_one(build: Build) -> None:
    schema = DatasetSchema("r", (Column("y", "string", role="label", classes=("나", "가", "다")),))
    table = build({"train": pa.table({"y": ["가", "가", "나", "라", None]}), "test": pa.table({"y": ["나"]})})
    label = measure(table, schema)["labels"][0]
    assert [(c["value"], c["count"]) for c in label["classes"]] == [("나", 2), ("가", 2), ("다", 0), ("라", 1)]
    assert [c["undeclared"] for c in label["classes"]] == [False, False, False, True]
    assert label["unlabelled"] == {"train": 1, "test": 0}
    assert label["imbalance"] is None
    assert label["classes"][0]["splits"]["train"] == {"count": 1, "share": 0.25}
    assert label["divergence"]["test"] > 0


def test_repeated_rows_leave_keys_and_blank_rows_out(build: Build) -> None:
    schema = DatasetSchema("r", (Column("id", "int64", primary_key=True),))
    train = pa.table({"id": [1, 2, 3, 4], "t": ["a", "a", "", None]})
    test = pa.table({"id": [5], "t": ["a"]})
    found = measure(build({"train": train, "test": test}), schema)["duplicates"]
    assert found["rows"] == 2
    assert found["splits"] == {"train": 1, "test": 0}
    assert found["empty"] == 2


def test_missing_patterns_count_columns_together(build: Build) -> None:
    rows = pa.table({"a": [None, None, 1, 2], "b": [None, "x", "y", "z"], "c": [1, 2, 3, 4]})
    found = measure(build({"train": rows}))["missing"]
    assert found["columns"] == ["a", "b"]
    assert {tuple(p["missing"]): p["count"] for p in found["patterns"]} == {
        (False, False): 2,
        (True, False): 1,
        (True, True): 1,
    }


def test_script_mix_counts_letters(build: Build) -> None:
    schema = DatasetSchema("r", (Column("t", "string", role="text"),))
    found = column(measure(build({"train": pa.table({"t": ["가나 ab漢 12", "한글"]})}), schema), "t")["overall"][
        "script"
    ]
    assert {name: entry["letters"] for name, entry in found.items()} == {"hangul": 4, "latin": 2, "han": 1, "other": 0}


def test_sample_is_seeded_masked_and_withheld(build: Build) -> None:
    schema = DatasetSchema("r", (Column("s", "string", classification="confidential"),))
    rows = pa.table({"t": [f"연락처 010-1234-{i:04d} hong{i}@example.com" for i in range(50)], "s": ["secret"] * 50})
    document = measure(build({"train": rows}), schema)
    assert len(document["sample"]) == 5
    text = canonical(document).decode()
    assert "010-1234" not in text
    assert "@example" not in text
    assert "secret" not in text
    assert document["sample"] == measure(build({"train": rows}), schema)["sample"]


def test_tails_are_gathered_and_counted(build: Build) -> None:
    values = [i % 10 for i in range(990)] + [100_000] * 5
    histogram = column(measure(build({"train": pa.table({"x": values})})), "x")["histogram"]
    assert histogram["edges"][-1] <= 20
    assert histogram["above"]["train"] == 5
    assert sum(histogram["counts"]["train"]) == 990


def test_lengths_are_of_composed_characters(build: Build) -> None:
    import unicodedata

    texts = ["한국어 문장", unicodedata.normalize("NFD", "한국어 문장")]
    entry = column(measure(build({"train": pa.table({"t": texts})})), "t")["overall"]
    assert entry["length"]["min"] == entry["length"]["max"] == 6


def test_a_thousand_columns_are_one_row(build: Build) -> None:
    """DuckDB reads no chain of a thousand terms, nor holds a thousand sets of distinct values in a gigabyte."""
    from registry.reports.kinds import Measured, storage_of
    from registry.reports.rows import duplicates
    from registry.schemas.infer import Roles, infer_schema
    from registry.tables.digests import split_digests

    names = [f"열{i}" for i in range(1001)]
    table = build({"train": pa.table([[1, 1, 2]] * len(names), names=names)})
    with Session(table, memory="1GB") as session:
        types = dict(session.columns)
        measured = [Measured(i, n, types[n], storage_of(types[n]), None) for i, n in enumerate(names)]
        assert duplicates(session, measured, (), table.splits)["rows"] == 1
        assert split_digests(session, names)["train"][0] == 3
        assert len(infer_schema("d", table, session, Roles()).columns) == len(names)


def test_a_name_that_a_statement_uses_itself_is_a_column_like_any_other(build: Build) -> None:
    """`V1`, `r0` and the like are ordinary names of features: the numbers of one are never those of another."""
    values = {
        "V1": pa.array(["가나다", "가", None, "가나"]),
        "v0": pa.array([1.5, None, 3.0, 3.0]),
        "r0": pa.array([7, 7, 7, 9]),
        "V2": pa.array([True, None, False, True]),
        "n": pa.array(["b", "b", "a", "b"]),
        "groups": pa.array([4, 4, 5, 6]),
        "rows": pa.array([10, 20, 30, 40]),
        "whole": pa.array([0.5, 0.5, 0.5, 0.25]),
        "c0": pa.array(["x", "x", "y", None]),
        "p": pa.array([1, 2, 3, 4]),
        "path": pa.array(["가", "나", "다", "라"]),
        "parquet": pa.array([1, 1, 1, 1]),
    }
    strange = measure(build({"train": pa.table(values)}))
    plain = measure(build({"train": pa.table({f"column {i}": v for i, v in enumerate(values.values())})}))
    differing = ("name", "index")
    for one, other in zip(strange["columns"], plain["columns"], strict=True):
        assert {k: v for k, v in one.items() if k not in differing} == {
            k: v for k, v in other.items() if k not in differing
        }
    assert column(strange, "V1")["overall"]["length"]["max"] == 3
    assert strange["duplicates"]["rows"] == plain["duplicates"]["rows"]
    patterns = [sorted((sum(p["missing"]), p["count"]) for p in d["missing"]["patterns"]) for d in (strange, plain)]
    assert patterns[0] == patterns[1]
    assert strange["sample"] == plain["sample"]


def test_a_file_without_any_list_says_nothing_of_what_lists_hold(build: Build) -> None:
    splits = {
        "train": pa.table({"태그": pa.array([["좋음", "빠름"], None, []])}),
        "validation": pa.table({"태그": pa.array([None], pa.null())}),
        "test": pa.table({"태그": pa.array([[]], pa.list_(pa.null()))}),
    }
    (field,) = column(measure(build(splits)), "태그")["fields"]
    assert (field["type"], field["count"], field["distinct"]) == ("string", 2, 2)


def test_bins_suit_what_is_there() -> None:
    tail = {"p01": 0, "p99": 5}
    assert bins_of(0, 10, tail, step=1).edges() == list(range(12))  # type: ignore[union-attr]
    assert bins_of(0, 1000, tail, step=1).end == 6  # type: ignore[union-attr]
    twelve = bins_of(20, 53, {"p01": 20, "p99": 53}, step=1, most=most_of(12))
    assert twelve is not None
    assert twelve.count <= 7
    assert twelve.end > 53


def test_numbers_of_a_label_go_together_as_classes(build: Build) -> None:
    table = build(
        {"train": pa.table({"y": [i % 3 for i in range(90)], "x": [(i % 3 - 1) ** 2 * 1.0 for i in range(90)]})}
    )
    (pair,) = measure(table, DatasetSchema("d", (Column("y", "int64", role="label"),)))["associations"]["pairs"]
    assert (pair["measure"], pair["value"]) == ("eta", 1.0)


@pytest.mark.parametrize("split_column", [None, "split", "접기"])
def test_a_wide_table_is_measured_as_any_other(
    build: Build, monkeypatch: pytest.MonkeyPatch, split_column: str | None
) -> None:
    """Statements on a wide table see only the columns that they need; a file may lack some of them."""
    rng = random.Random(3)

    def rows(n: int) -> pa.Table:
        values = {
            "split": [rng.choice(["train", "test"]) for _ in range(n)],
            "접기": [rng.choice(["a", "b"]) for _ in range(n)],
            "글": [rng.choice(["좋아요", None, ""]) for _ in range(n)],
            "v1": [rng.gauss(0, 1) for _ in range(n)],
            "목록": [[rng.choice("xy")] * rng.randint(0, 2) for _ in range(n)],
        }
        return pa.table(values) if split_column == "split" else pa.table(values).drop(["split"])

    table = build({"train": rows(60), "test": rows(40).drop(["v1"])}, split_column)
    schema = DatasetSchema("d", (Column("글", "string", role="label"),))
    narrow = measure(table, schema)
    monkeypatch.setattr("registry.tables.duck.WIDE", 1)
    with Session(table, threads=1) as session:
        assert "v1" not in session.over(["글"])
        assert session.over(["글"]) != "data"
        assert session.over(["nothing"]) == "data"
        assert profile(session, table, schema) == narrow
    monkeypatch.setattr("registry.tables.duck.FILES", 1)
    with Session(table, threads=1) as session:
        assert session.over(["글"]) == "data"
