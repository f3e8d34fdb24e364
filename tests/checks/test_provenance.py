"""Synthetic rows: shares by split against figures computed by hand."""

from __future__ import annotations

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
        ({"max_share": 0.25, "max_held_out": 0.25}, []),
        ({"max_share": 0.25, "splits": ["train", "validation"]}, []),
        ({"max_share": 1, "max_held_out": 1, "generation_column": "세대", "max_generation": 1}, ["train"]),
        ({"max_share": 1, "max_held_out": 1, "generation_column": "세대", "max_generation": 2}, []),
    ],
)
def test_the_first_split_may_hold_some_and_the_others_none(tmp_path, kwargs, outside):
    check = one(tmp_path, ROWS, KIND, {**MADE, **kwargs}, 출처="provenance")
    assert (check.status, check.unexpected) == ("fail" if outside else "pass", len(outside))
    assert [sample["split"] for sample in check.samples] == outside
    assert check.observed["splits"]["train"] == 0.25
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
