"""Near-duplicates of a table's column: counts, witnesses by path and row, whatever the files and threads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from registry.errors import ConfigError
from registry.tables.duck import Session
from registry.tables.keys import normalise_text
from registry.tables.near import NearNotMeasured, NearOptions, NearResult, near_between, near_within
from registry.tables.table import Part, Table
from tests.tables.near.brute import corpus, earliest

TEXT = "배송이 빠르고 포장도 꼼꼼해서 좋았어요"
OTHER = "the parcel came quickly and well packed"


def table(root: Path, files: Mapping[str, tuple[str, Sequence[str | None]]], splits: Sequence[str]) -> Table:
    parts = []
    for name, (split, texts) in sorted(files.items()):
        path = root / name
        pq.write_table(pa.table({"text": pa.array(texts, pa.string())}), path, row_group_size=7)
        parts.append(Part(name, path, split, len(texts)))
    return Table(tuple(parts), (("text", "string"),), tuple(splits), None, "parquet")


def measured(result: NearResult | NearNotMeasured) -> NearResult:
    assert isinstance(result, NearResult)
    return result


def links(result: NearResult) -> dict[str, tuple[str, float]]:
    return {str(pair.row): (str(pair.witness), pair.similarity) for pair in result.pairs()}


def test_between_splits(tmp_path: Path) -> None:
    files = {
        "a-test.parquet": ("test", [TEXT + "!", "짧은 글", None, "", OTHER.upper()]),
        "b-train.parquet": ("train", [None, TEXT, TEXT]),
        "c-validation.parquet": ("validation", [OTHER, TEXT, "아무도 쓰지 않은 아주 새로운 문장 하나"]),
    }
    with Session(table(tmp_path, files, ("train", "validation", "test"))) as session:
        result = measured(near_between(session, "text"))
        swapped = measured(near_between(session, "text", ("test", "train")))
    assert links(result) == {
        "a-test.parquet#0": ("b-train.parquet#1", 0.95),
        "a-test.parquet#4": ("c-validation.parquet#0", 1.0),
        "c-validation.parquet#1": ("b-train.parquet#1", 1.0),
    }
    assert (result.unexpected, result.total, result.not_assessed, result.empty) == (3, 6, 1, 2)
    assert [(split.split, split.rows, split.near) for split in result.splits] == [
        ("train", 3, 0),
        ("validation", 3, 1),
        ("test", 5, 2),
    ]
    assert links(swapped) == {f"b-train.parquet#{row}": ("a-test.parquet#0", 0.95) for row in (1, 2)}


def test_within_each_split(tmp_path: Path) -> None:
    files = {
        "b.parquet": ("train", [TEXT, OTHER, "짧은 글"]),
        "a.parquet": ("train", [TEXT + "!", TEXT + "!"]),
        "c.parquet": ("test", [TEXT, "짧은 글"]),
    }
    with Session(table(tmp_path, files, ("train", "test"))) as session:
        result = measured(near_within(session, "text"))
    assert links(result) == {"a.parquet#1": ("a.parquet#0", 1.0), "b.parquet#0": ("a.parquet#0", 0.95)}
    assert (result.unexpected, result.total, result.not_assessed) == (2, 5, 2)
    assert [pair.row.split for pair in result.samples] == ["train", "train"]


def test_a_split_column_and_numbers(tmp_path: Path) -> None:
    number = 12345678901234567890
    rows = {"split": ["test", "train", "held"], "n": pa.array([number] * 3, pa.decimal128(38))}
    path = tmp_path / "all.parquet"
    pq.write_table(pa.table(rows), path)
    one = Table(
        (Part("all.parquet", path, None, 3),), (("split", "string"), ("n", "decimal")), ("train", "test", "held"),
        "split", "parquet",
    )  # fmt: skip
    with Session(one) as session:
        result = measured(near_between(session, "n", ("train", "test")))
    assert links(result) == {"all.parquet#0": ("all.parquet#1", 1.0)}


@pytest.mark.parametrize("seed", [0, 2, 5])
def test_sessions_equal_brute_force_at_any_number_of_threads(tmp_path: Path, seed: int) -> None:
    texts, ranks = corpus(seed)
    names = ("train", "validation", "test")
    files = {
        f"{rank}.parquet": (names[rank], [t for t, r in zip(texts, ranks, strict=True) if r == rank])
        for rank in range(3)
    }
    ordered = [(text, rank) for rank in range(3) for text in files[f"{rank}.parquet"][1]]
    keys, levels = [normalise_text(text or "") for text, _ in ordered], [rank for _, rank in ordered]
    places = [f"{rank}.parquet#{row}" for rank in range(3) for row in range(len(files[f"{rank}.parquet"][1]))]
    results = []
    for threads in (1, 2, 4):
        with Session(table(tmp_path, files, names), threads=threads) as session:
            results.append((measured(near_between(session, "text")), measured(near_within(session, "text"))))
    for inside in (False, True):
        wanted = {
            places[row]: (places[witness], near)
            for row, (witness, near) in earliest(keys, levels, 0.8, inside=inside).items()
        }
        assert all(links(some[inside]) == wanted for some in results)
        assert len({some[inside].work for some in results}) == 1


def test_beyond_the_limit_nothing_is_counted(tmp_path: Path) -> None:
    files = {"a.parquet": ("train", [TEXT] * 3), "b.parquet": ("test", [TEXT] * 3)}
    with Session(table(tmp_path, files, ("train", "test"))) as session:
        given_up = near_between(session, "text", options=NearOptions(work_limit=5))
    assert isinstance(given_up, NearNotMeasured)
    assert given_up.work > given_up.limit == 5


def test_unknown_columns_and_splits_are_refused(tmp_path: Path) -> None:
    with Session(table(tmp_path, {"a.parquet": ("train", [TEXT])}, ("train",))) as session:
        with pytest.raises(ConfigError, match="no column `texts`"):
            near_within(session, "texts")
        with pytest.raises(ConfigError, match="no split `tset`"):
            near_between(session, "text", ("train", "tset"))


def test_no_text_is_left_behind(tmp_path: Path) -> None:
    temp = tmp_path / "temp"
    temp.mkdir()
    with Session(table(tmp_path, {"a.parquet": ("train", [TEXT, TEXT])}, ("train",))) as session:
        assert measured(near_within(session, "text", NearOptions(temp=temp))).unexpected == 1
    assert list(temp.iterdir()) == []
