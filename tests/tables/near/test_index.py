"""The index as a value: it pickles, and matching batches in any partition gives the same answer."""

from __future__ import annotations

import pickle

import numpy as np
import pyarrow as pa
import pytest

from registry.errors import ConfigError, DataError
from registry.tables.near import NearIndex, NearOptions, Rows
from tests.tables.near.brute import corpus, earliest


def batch(rows: list[tuple[int, int, str]]) -> pa.RecordBatch:
    ids, levels, texts = (list(column) for column in zip(*rows, strict=True))
    return pa.record_batch({"id": pa.array(ids, pa.int64()), "level": pa.array(levels, pa.int64()), "text": texts})


@pytest.mark.parametrize("seed", range(12))
def test_the_least_witness_over_partitions_is_the_earliest(seed: int) -> None:
    texts, ranks = corpus(seed)
    rows = list(zip(range(len(texts)), ranks, texts, strict=True))
    held = [row for row in rows if row[1] > 0]
    index = NearIndex.build(Rows.of(*map(list, zip(*held, strict=True))), [], NearOptions())
    sent = pickle.loads(pickle.dumps(index))
    answers = [sent.match(batch(rows[at::3][::-1])) for at in range(3)]
    found: dict[int, int] = {}
    for row in (row for answer in answers for row in answer.to_pylist()):
        found[row["id"]] = min(row["witness"], found.get(row["id"], len(rows)))
    assert found == {row: witness for row, (witness, _) in earliest(texts, ranks, 0.8, inside=False).items()}


def test_retired_rows_are_found_no_more() -> None:
    texts = ["배송이 빠르고 포장도 꼼꼼해서 좋았어요", "the parcel came quickly and well packed"]
    index = NearIndex.build(Rows.of([2, 3], [1, 1], texts), [], NearOptions())
    train = batch([(0, 0, texts[0]), (1, 0, texts[1])])
    assert index.match(train).column("id").to_pylist() == [2, 3]
    assert index.without(np.array([True, False])).match(train).column("id").to_pylist() == [3]
    assert index.without(np.array([True, True])).match(train).num_rows == 0


def test_a_batch_beyond_the_limit_is_refused() -> None:
    texts = ["the parcel came quickly and well packed"]
    index = NearIndex.build(Rows.of([1], [1], texts), [], NearOptions(work_limit=3))
    with pytest.raises(DataError, match="not measured"):
        index.match(batch([(0, 0, texts[0])]))


@pytest.mark.parametrize(
    "wrong", [{"threshold": 0.0}, {"threshold": 1.1}, {"extra": -1}, {"chunk": 1 << 17}, {"events": 0}]
)
def test_options_that_cannot_be_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ConfigError):
        NearOptions(**wrong)  # type: ignore[arg-type]
