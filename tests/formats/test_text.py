"""A verdict for people: each kind of witness reads as a sentence, and data cannot break the lines."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from registry.checks import expectations
from registry.formats.text import WITNESSES, render
from registry.model.evidence import Check, DataFacts, Evidence

FACTS = DataFacts("0" * 64, 1, 10, 2, {"train": 1, "test": 1})


def shown(*samples) -> list[str]:
    check = Check("c", "t", "fail", total=2, unexpected=len(samples), samples=samples, message="found")
    text = render(Evidence.of(checks=[check], fail_on="critical", dataset="x", data=FACTS, ruleset="1" * 64))
    return [line.partition("· ")[2] for line in text.splitlines() if "· " in line]


@pytest.mark.parametrize(("kind", "words"), [*WITNESSES.items(), ("told_by", "told by")])
def test_a_row_and_its_witness_read_as_one_sentence(kind, words):
    sample = {"row": "후기-1", "split": "test", "values": {"글": "맛… (9)"}, kind: {"row": "r7", "split": "train"}}
    assert shown(sample) == [f"후기-1 (test) {words} r7 (train)  글: 맛… (9)"]


def test_every_witness_that_a_check_gives_has_its_words():
    folder = Path(expectations.__file__).parent
    given = {name for file in folder.glob("*.py") for name in re.findall(r'witness="(\w+)"', file.read_text("utf-8"))}
    assert given and given <= WITNESSES.keys()


def test_samples_that_are_no_rows_and_too_many_values_are_told():
    assert shown({"value": "가", "rows": 3}) == ["value: 가  rows: 3"]
    assert shown({"split": "test", "class": "부정", "rows": 0}) == ["split: test  class: 부정  rows: 0"]
    assert shown({"row": "r1", "split": "", "values": dict.fromkeys("abcdef", 1)}) == [
        "r1  a: 1  b: 1  c: 1  d: 1  and 2 more"
    ]
    assert shown(["a", {"row": "r1"}], "b") == ["a, r1", "b"]


def test_names_from_the_data_stay_on_their_line():
    row = {"row": "a\nb\x1b[31m", "split": "test", "near": {"row": "c\u2028d", "split": "train"}}
    assert shown({**row, "values": {"열\n둘": "x"}}) == ["a␊b␛[31m (test) ≈ c�d (train)  열␊둘: x"]


def test_a_weakened_gate_is_called_that():
    weaker = Check("gate:leak", "gate-weakened", "fail", "info", message="gate weakened: leak: max_share 0 → 0.5")
    shown = render(Evidence.of(checks=[weaker], fail_on="warning", dataset="x", data=FACTS, ruleset="1" * 64))
    assert "   weakened        gate:leak" in shown and shown.startswith("x: pass")
