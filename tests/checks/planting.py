"""Clean data of texts and of measurements, in Korean and English, and each kind of defect planted into it.

A plant changes the splits and says what its check must count: (total, unexpected).
"""

from __future__ import annotations

import datetime as dt
import random
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

SPLITS = ("train", "validation", "test")
SIZES = {"train": 120, "validation": 40, "test": 40}
LABELS = {"en": ("negative", "positive"), "ko": ("부정", "긍정")}
LETTERS = {"en": "abcdefghijklmnopqrstuvwxyz", "ko": [chr(0xAC00 + 29 * n) for n in range(380)]}
Row = dict[str, Any]


@dataclass
class World:
    """Rows by split; `shape` is text or tabular, `language` en or ko; `inputs` are what a model would read."""

    seed: int
    shape: str
    language: str
    rows: dict[str, list[Row]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.draw = random.Random(f"{self.seed}{self.shape}{self.language}")
        number = 0
        for split, size in SIZES.items():
            self.rows[split] = [self.row(number + n) for n in range(size)]
            number += size

    def row(self, number: int) -> Row:
        """A row unlike all others, of a group of its own within its split, later than all before it."""
        label = LABELS[self.language][number % 2]
        start = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
        inputs = {"본문": self.text(), "note": None} if self.shape == "text" else self.measures()
        return {
            "id": f"r{number:04}",
            **inputs,
            "묶음": f"g{number // 4}",
            "t": start + dt.timedelta(hours=number),
            "l": label,
        }

    def text(self) -> str:
        letters = LETTERS[self.language]
        words = ("".join(self.draw.choices(letters, k=self.draw.randint(2, 6))) for _ in range(14))
        return " ".join(words)

    def measures(self) -> Row:
        return {
            "키 (cm)": round(self.draw.gauss(170, 9), 6),
            'a"b': self.draw.randrange(10**9),
            "note": self.text()[:12],
        }

    @property
    def inputs(self) -> list[str]:
        return ["본문"] if self.shape == "text" else ["키 (cm)", 'a"b', "note"]

    @property
    def roles(self) -> dict[str, str]:
        text = {"본문": "text"} if self.shape == "text" else {}
        return {"id": "key", "묶음": "group", "t": "time", "l": "label", **text}

    def some(self, split: str, count: int) -> list[Row]:
        return self.draw.sample(self.rows[split], count)

    def tables(self) -> dict[str, pa.Table]:
        return {split: pa.Table.from_pylist(rows, self.schema()) for split, rows in self.rows.items()}

    def schema(self) -> pa.Schema:
        kinds = {"키 (cm)": pa.float64(), 'a"b': pa.int64(), "t": pa.timestamp("us", tz="UTC")}
        return pa.schema([(name, kinds.get(name, pa.string())) for name in self.rows["train"][0]])


def copy(source: Row, target: Row, world: World, change: Callable[[str], str] = lambda text: text) -> None:
    """The inputs of `source` in place of those of `target`; texts changed."""
    for name in world.inputs:
        value = source[name]
        target[name] = change(value) if isinstance(value, str) else value


def respelt(text: str) -> str:
    """The same text as another tool writes it."""
    return "\u200b" + unicodedata.normalize("NFD", text.upper()).replace(" ", "\u3000 ") + "\u3164"


def edited(text: str) -> str:
    """A text with its last letter changed: far above any threshold here."""
    return text[:-1] + ("다" if text[-1] != "다" else "라")


LATER = SIZES["validation"] + SIZES["test"]
ALL = sum(SIZES.values())
Plant = Callable[[World, int], tuple[int, int]]


def exact_leak(world: World, count: int) -> tuple[int, int]:
    for source, target in zip(world.some("train", count), world.some("test", count), strict=True):
        copy(source, target, world)
    return LATER, count


def respelt_leak(world: World, count: int) -> tuple[int, int]:
    for source, target in zip(world.some("train", count), world.some("validation", count), strict=True):
        copy(source, target, world, respelt)
    return LATER, count


def near_leak(world: World, count: int) -> tuple[int, int]:
    for source, target in zip(world.some("train", count), world.some("test", count), strict=True):
        copy(source, target, world, edited)
    return LATER, count


def duplicate(world: World, count: int) -> tuple[int, int]:
    """Later rows of one split take all of an earlier row but its key."""
    rows = world.rows["train"]
    for n in range(count):
        rows[60 + n] = {**rows[n % 7], "id": rows[60 + n]["id"]}
    return ALL, count


def near_duplicate(world: World, count: int) -> tuple[int, int]:
    rows = world.rows["train"]
    for n in range(count):
        copy(rows[n], rows[60 + n], world, edited)
    return ALL, count


def conflict(world: World, count: int) -> tuple[int, int]:
    rows = world.rows["train"]
    for n in range(count):
        copy(rows[2 * n], rows[61 + 2 * n], world)
        assert rows[2 * n]["l"] != rows[61 + 2 * n]["l"]
    return ALL, 2 * count


def crossing(world: World, count: int) -> tuple[int, int]:
    for source, target in zip(world.some("train", count), world.some("test", count), strict=True):
        target["묶음"] = source["묶음"]
    return LATER, count


def early(world: World, count: int) -> tuple[int, int]:
    """Test rows at the moment of the last validation row, which is not after it."""
    last = world.rows["validation"][-1]["t"]
    for row in world.some("test", count):
        row["t"] = last
    return LATER, count


def rare_class(world: World, count: int) -> tuple[int, int]:
    """All but `count` rows of test carry the first label; 40 rows of which less than a third are of the other."""
    for n, row in enumerate(world.rows["test"]):
        row["l"] = LABELS[world.language][n < count]
    return 6, 1


def shifted_mix(world: World, count: int) -> tuple[int, int]:
    rare_class(world, count)
    return 2, 1


def giveaway(world: World, count: int) -> tuple[int, int]:
    """The key tells the label, as it does where files of one class were numbered after another's."""
    names = LABELS[world.language]
    for rows in world.rows.values():
        for row in rows:
            row["id"] = f"{'AB'[names.index(row['l'])]}-{row['id'][1:]}"
    return len(world.inputs) + 3 + (world.shape == "text"), 1


def disclosure(world: World, count: int) -> tuple[int, int]:
    """Telephone numbers within texts."""
    for row in world.some("train", count):
        row["note"] = "연락처 ０１０-2345-6789"
    return ALL, count


def insult(world: World, count: int) -> tuple[int, int]:
    """Terms of a list, split into letters."""
    for row in world.some("train", count):
        row["note"] = "정말 ㅂ ㅏ ㅂ ㅗ 같다"
    return ALL, count


def singled_out(world: World, count: int) -> tuple[int, int]:
    """Values of their own in rows that shared theirs."""
    for number, row in enumerate(world.some("train", count)):
        row["묶음"] = f"홀로 {number}"
    for rows in world.rows.values():
        for row in rows:
            row["묶음"] = row["묶음"] if row["묶음"].startswith("홀로") else "함께"
    return ALL, count


def too_few(world: World, count: int) -> tuple[int, int]:
    del world.rows["test"][-count:]
    return 3, 1


@dataclass(frozen=True)
class Kind:
    """A plant, the expectation that must find it with its arguments, and the shapes it applies to."""

    plant: Plant
    type: str
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    shapes: tuple[str, ...] = ("text", "tabular")


KINDS = {
    "exact leak": Kind(exact_leak, "expect_splits_to_be_disjoint", {"columns": "inputs"}),
    "normalised leak": Kind(respelt_leak, "expect_splits_to_be_disjoint", {"columns": "inputs", "normalize": "text"}),
    "near leak": Kind(near_leak, "expect_splits_to_have_no_near_duplicates", {}, ("text",)),
    "duplicate": Kind(duplicate, "expect_rows_to_be_unique"),
    "near-duplicate": Kind(near_duplicate, "expect_no_near_duplicates", {}, ("text",)),
    "conflict": Kind(conflict, "expect_duplicates_to_agree_on_label", {"columns": "inputs"}),
    "group": Kind(crossing, "expect_groups_not_to_cross_splits"),
    "time": Kind(early, "expect_splits_to_follow_time"),
    "imbalance": Kind(rare_class, "expect_class_balance_to_be_at_least", {"column": "l", "min_share": 0.4}),
    "mix": Kind(shifted_mix, "expect_split_class_distributions_to_match"),
    "giveaway": Kind(giveaway, "expect_no_target_leakage"),
    "personal data": Kind(disclosure, "expect_no_personal_data"),
    "listed term": Kind(
        insult, "expect_no_listed_terms", {"columns": ["id", "note"], "list": "tests/checks/terms.txt"}
    ),
    "k-anonymity": Kind(singled_out, "expect_k_anonymity_at_least", {"quasi_identifiers": ["묶음"], "k": 2}),
    "shares": Kind(
        too_few,
        "expect_split_shares_to_be_between",
        {"shares": {"train": [0.5, 0.7], "validation": [0.1, 0.3], "test": [0.19, 0.3]}},
    ),
    "targets": Kind(too_few, "expect_counts_to_meet_targets", {"targets": {**SIZES}}),
}
