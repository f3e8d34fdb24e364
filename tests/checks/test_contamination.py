"""Rows of another release, found by its fingerprint; counts by split and by reference."""

from __future__ import annotations

from dataclasses import replace

import pytest

from registry.checks.references import Marked
from registry.errors import NotFoundError
from registry.tables.fingerprints import Fingerprint
from tests.checks.tables import judged, one

KIND = "expect_no_contamination_with"
HELD_OUT = ["대한민국의 수도는 어디인가요?", "한글을 만든 왕은 누구이며 언제 만들었나요? 자세히 적어 주세요."]
NEAR = "한글을 만든 왕은 누구이며 언제 만들었나요? 자세히 적어 주세요!"
ROWS = {
    "train": {"id": [1, 2, 3, 4], "text": ["대한민국의  수도는 어디인가요?", "다른 글", None, NEAR]},
    "test": {"id": [5, 6], "text": ["또 다른 글", HELD_OUT[1]]},
}


def store(reference):
    if not reference.startswith("korquad"):
        raise NotFoundError(f"there is no dataset `{reference}`")
    print_ = Fingerprint.of([[text] for text in HELD_OUT], b"salt")
    return [Marked(f"korquad@1.2.0:{reference.partition(':')[2] or 'dev'}", "ab", print_)]


def check_of(tmp_path, **kwargs):
    given = {"references": ["korquad@^1:dev"], **kwargs}
    (found,) = judged(
        tmp_path, ROWS, {"type": KIND, "kwargs": given}, fingerprints=store, id="key", text="text"
    ).values()
    return found


@pytest.mark.parametrize(
    ("kwargs", "unexpected", "near", "keys"),
    [
        ({}, 3, 1, {"1", "4", "6"}),
        ({"near": False}, 2, 0, {"1", "6"}),
        ({"splits": ["train"]}, 2, 1, {"1", "4"}),
    ],
)
def test_rows_that_stand_in_a_benchmark(tmp_path, kwargs, unexpected, near, keys):
    check = check_of(tmp_path, **kwargs)
    assert (check.status, check.unexpected, check.observed["near"]) == ("fail", unexpected, near)
    assert check.total == (3 if "splits" in kwargs else 5)
    assert check.observed["references"] == {"korquad@1.2.0:dev": unexpected}
    assert {str(sample["row"]) for sample in check.samples} == keys
    assert "korquad@1.2.0:dev" in check.message


def test_two_references_count_a_row_once(tmp_path):
    check = check_of(tmp_path, references=["korquad:dev", "korquad:test"], max_share=0.7)
    assert (check.status, check.unexpected) == ("pass", 3)
    assert set(check.observed["references"].values()) == {3}


def test_what_cannot_be_compared_is_an_error(tmp_path):
    unknown = check_of(tmp_path, references=["klue@^1"])
    assert unknown.status == "error" and "no dataset" in unknown.message
    wide = check_of(tmp_path, columns=["text", "id"])
    assert wide.status == "error" and "1 columns and compared with 2" in wide.message
    alone = one(tmp_path, ROWS, KIND, {"references": ["korquad"]}, text="text")
    assert alone.status == "error" and "not known here" in alone.message


def test_a_fingerprint_of_other_columns_is_named(tmp_path):
    """Whoever compares keys with questions finds nothing, and must see why."""
    made = replace(Fingerprint.of([[text] for text in HELD_OUT], b"salt"), names=("question",))
    again = Fingerprint.parse(made.to_bytes())
    assert again.names == ("question",)

    def store(_):
        return [Marked("korquad@1.2.0:dev", "ab", again)]

    given = {"references": ["korquad@^1:dev"], "columns": ["id"]}
    (check,) = judged(tmp_path, ROWS, {"type": KIND, "kwargs": given}, fingerprints=store, text="text").values()
    assert (check.status, check.observed["other_columns"]) == ("pass", {"korquad@1.2.0:dev": ["question"]})
    assert "the fingerprint of korquad@1.2.0:dev was made of question" in check.message
