"""Digests of splits: free of order, files and encoding; sensitive to every value."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from registry.model.schema import DatasetSchema
from registry.tables.digests import split_digests
from registry.tables.duck import Session
from tests.tables.data import FIRST_DAY, VALUES, as_csv, as_jsonl, as_parquet, opened, schema_of, tables


def digests(
    files: dict[str, bytes | str], schema: DatasetSchema, columns: list[str], threads: int = 1
) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as name, Session(opened(Path(name), files, schema), threads=threads) as session:
        return split_digests(session, columns)


@given(tables(), st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=40)
def test_order_files_and_encoding_do_not_count(table: pa.Table, chance: random.Random) -> None:
    schema, names = schema_of(table), table.column_names
    expected = digests({"train.csv": as_csv(table)}, schema, names)
    order = list(range(table.num_rows))
    chance.shuffle(order)
    shuffled = table.take(pa.array(order, pa.int64())).select(chance.sample(names, len(names)))
    half = table.num_rows // 2
    assert digests({"train.jsonl": as_jsonl(shuffled)}, schema, names) == expected
    shards: dict[str, bytes | str] = {
        "train-0.parquet": as_parquet(shuffled.slice(0, half), compression="gzip"),
        "train-1.parquet": as_parquet(shuffled.slice(half), row_group_size=2, use_dictionary=False),
    }
    assert digests(shards, schema, names[::-1], threads=4) == expected
    assert expected["train"][0] == table.num_rows


@given(tables(), st.data())
@settings(deadline=None, max_examples=60)
def test_every_value_counts(table: pa.Table, data: st.DataObject) -> None:
    assume(table.num_rows)
    row = data.draw(st.integers(0, table.num_rows - 1))
    field = data.draw(st.sampled_from(list(table.schema)))
    kind = {"date32[day]": "date32"}.get(str(field.type), str(field.type))
    other = data.draw(st.none() | VALUES[kind])
    values = table[field.name].to_pylist()
    assume(other != values[row])
    values[row] = other
    changed = table.set_column(table.column_names.index(field.name), field.name, pa.array(values, field.type))
    schema, names = schema_of(table), table.column_names
    before = digests({"a.parquet": as_parquet(table)}, schema, names)["train"][1]
    assert digests({"a.parquet": as_parquet(changed)}, schema, names)["train"][1] != before


def one(columns: dict[str, Any]) -> str:
    table = pa.table(columns)
    return str(digests({"a.parquet": as_parquet(table)}, schema_of(table), table.column_names)["train"][1])


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ({"a": ["1"]}, {"a": [1]}),
        ({"a": [1]}, {"a": [1.0]}),
        ({"a": ["x"], "b": [""]}, {"a": [""], "b": ["x"]}),
        ({"a": ["x"], "b": [None]}, {"a": [None], "b": ["x"]}),
        ({"a": ["x", "x"]}, {"a": ["x"]}),
        ({"a": [""]}, {"a": pa.array([None], pa.string())}),
        ({"a": [[1], [2]]}, {"a": [[1, 2], []]}),
        ({"a": [[None]]}, {"a": pa.array([[]], pa.list_(pa.int64()))}),
        ({"a": ["s1:x"]}, {"a": ["x"]}),
        ({"a": [0.1 + 0.2]}, {"a": [0.3]}),
        ({"a": [1]}, {"b": [1]}),
        ({"a": [b"x"]}, {"a": ["x"]}),
        ({"a": pa.array([1], pa.timestamp("us"))}, {"a": pa.array([2], pa.timestamp("us"))}),
    ],
)
def test_no_two_rows_share_a_writing(left: dict[str, Any], right: dict[str, Any]) -> None:
    assert one(left) != one(right)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ({"a": pa.array([1], pa.int8())}, {"a": pa.array([1], pa.int64())}),
        ({"a": pa.array([0.5], pa.float32())}, {"a": pa.array([0.5], pa.float64())}),
        ({"a": [0.0]}, {"a": [-0.0]}),
        ({"a": pa.array([1000], pa.timestamp("ms"))}, {"a": pa.array([1_000_000_000], pa.timestamp("ns"))}),
        ({"a": pa.array([0], pa.timestamp("us", "UTC"))}, {"a": pa.array([0], pa.timestamp("us", "Asia/Seoul"))}),
        ({"a": pa.array([1000], pa.timestamp("us", "UTC"))}, {"a": pa.array([1_000_000], pa.timestamp("ns", "UTC"))}),
        ({"a": ["x", "y"]}, {"a": pa.array(["y", "x"]).dictionary_encode()}),
    ],
)
def test_width_and_layout_do_not_count(left: dict[str, Any], right: dict[str, Any]) -> None:
    assert one(left) == one(right)


def test_each_split_has_its_own(tmp_path: Path) -> None:
    table = pa.table({"a": [1, 2], "d": [FIRST_DAY, None]})
    found = digests(
        {"train.csv": as_csv(table), "test.csv": as_csv(table), "val.csv": as_csv(table.slice(0, 1))},
        schema_of(table),
        ["a", "d"],
    )
    assert list(found) == ["train", "validation", "test"]
    assert found["train"] == found["test"] != found["validation"]


def test_the_digest_is_what_is_documented() -> None:
    import hashlib

    table = pa.table({"b": ["가", None], "a": [1, -2]})
    hashes = sorted(hashlib.sha256(text.encode()).hexdigest() for text in ("i1:1s3:가", "i2:-2-"))
    expected = hashlib.sha256(b'["a","b"]\n' + "".join(hashes).encode()).hexdigest()
    assert digests({"a.parquet": as_parquet(table)}, schema_of(table), ["a", "b"]) == {"train": (2, expected)}
