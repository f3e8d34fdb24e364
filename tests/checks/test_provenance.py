"""Synthetic rows: shares by split against figures computed by hand."""

from __future__ import annotations

import pyarrow as pa
import pytest

from tests.checks.tables import one

KIND = "expect_synthetic_share_at_most"
ROWS = {
    "train": {"출처": ["사람"] * 6 + ["합성"] * 2 + [None] * 2, "세대": [0] * 6 + [1, 2] + [None] * 2},
    "validation": {"출처": ["사람"] * 4, "세대": [0] * 4},
    "test": {"출처": ["사람"] * 3 + ["합성"], "세대": [0] * 3 + [1]},
}
MADE = {"synthetic_values": ["합성", "gpt"]}


@pytest.mark.parametrize(
    ("kwargs", "outside"),
    [
        ({"max_share": 0.25}, ["test"]),
        ({"max_share": 0.24}, ["train", "test"]),
        ({"max_share": 0.4, "max_held_out": 0.25}, []),
        ({"max_share": 0.4, "splits": ["train", "validation"]}, []),
        ({"max_share": 1, "max_held_out": 1, "generation_column": "세대", "max_generation": 1}, ["train"]),
        ({"max_share": 1, "max_held_out": 1, "generation_column": "세대", "max_generation": 2}, []),
    ],
)
def test_the_first_split_may_hold_some_and_the_others_none(tmp_path, kwargs, outside):
    check = one(tmp_path, ROWS, KIND, {**MADE, **kwargs}, 출처="provenance")
    assert (check.status, check.unexpected) == ("fail" if outside else "pass", len(outside))
    assert [sample["split"] for sample in check.samples] == outside
    assert check.observed["splits"]["train"] == 0.25
    assert check.observed["synthetic"] == (2 if "splits" in kwargs else 3)  # rows, not splits
    assert check.observed["unknown"] == 2 and "2 rows do not say" in check.message


def test_what_cannot_be_measured(tmp_path):
    rows = {"train": {"x": ["a"]}, "test": {"x": ["b"]}}
    given = {**MADE, "max_share": 0}
    assert "role provenance" in one(tmp_path, rows, KIND, given).message
    assert one(tmp_path, rows, KIND, {**given, "column": "x", "splits": ["dev"]}).status == "not_measured"
    nothing = one(tmp_path, {"train": {"x": [None, None], "y": [1, 2]}}, KIND, {**given, "column": "x"})
    assert nothing.status in ("not_measured", "error")
    numbers = one(tmp_path, {"train": {"x": [1, 2]}}, KIND, {**given, "column": "x"})
    assert numbers.status == "error" and "text '합성'" in numbers.message
    deep = one(tmp_path, ROWS, KIND, {**given, "column": "출처", "generation_column": "출처", "max_generation": 1})
    assert deep.status == "error" and "whole number" in deep.message


def test_rows_that_do_not_say_where_they_are_from_are_no_proof(tmp_path):
    silent = {"train": {"x": ["사람", "합성"]}, "test": {"x": pa.array([None, None], pa.string())}}
    given = {**MADE, "column": "x", "max_share": 0.5}
    check = one(tmp_path, silent, KIND, given)
    assert check.status == "not_measured" and "up to 100% of it may be synthetic" in check.message
    assert one(tmp_path, silent, KIND, {**given, "max_held_out": 1}).status == "pass"
    assert one(tmp_path, silent, KIND, {**given, "max_share": 0.4}).status == "fail"
    few = {"train": {"x": ["사람"] + [None] * 9}}
    assert one(tmp_path, few, KIND, {**given, "max_share": 0.8}).status == "not_measured"
    assert one(tmp_path, few, KIND, {**given, "max_share": 0.9}).status == "pass"


def test_a_value_that_no_row_says_is_named_and_shares_are_not_those_of_splits(tmp_path):
    check = one(tmp_path, {"train": {"x": ["GPT-4", "사람"]}}, KIND, {**MADE, "column": "x", "max_share": 0.6})
    assert check.status == "pass" and "no row says `gpt`" in check.message
    assert "max_share 0.6" in check.message and "allowed" not in check.message.split("than allowed")[1]


@pytest.mark.parametrize(
    ("generations", "deepest", "status", "words"),
    [
        ([0, 2], 1, "fail", "generation 2"),  # what is called human is of a machine's making all the same
        ([0, 1], 1, "pass", ""),
        ([0, -1], 1, "not_measured", "0 or more"),
        ([None, 0], 1, "not_measured", "do not say of which generation"),
    ],
)
def test_generations(tmp_path, generations, deepest, status, words):
    rows = {"train": {"x": ["합성", "사람"], "g": pa.array(generations, pa.int64())}}
    given = {**MADE, "column": "x", "max_share": 1, "generation_column": "g", "max_generation": deepest}
    check = one(tmp_path, rows, KIND, given)
    assert check.status == status and words in check.message
    assert check.observed["share"] == (1.0 if (generations[1] or 0) > 0 else 0.5)
    del given["generation_column"]
    assert "needs a `generation_column`" in one(tmp_path, rows, KIND, given).message
