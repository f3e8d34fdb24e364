"""After any edits the checks that use what earlier versions taught equal those of a run that knows nothing."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from registry.checks.run import run_checks
from registry.checks.suite import expectations_of
from registry.model.evidence import Check
from registry.model.schema import DatasetSchema
from registry.tables.duck import Session
from registry.tables.table import Part, Table
from tests.checks.tables import schema_of

SEQUENCES = 500 if os.environ.get("REGISTRY_SOAK") else 4
VERSIONS = 3  # after the first
ROLES = {"id": "key", "t": "text", "l": "label", "g": "group"}
COLUMNS = (("id", "string"), ("t", "string"), ("l", "string"), ("g", "string"), ("x", "double"))
SUITE = (
    {"type": "expect_splits_to_be_disjoint", "kwargs": {"normalize": "none"}},
    {"type": "expect_splits_to_be_disjoint", "kwargs": {"normalize": "text"}},
    {"type": "expect_splits_to_be_disjoint", "kwargs": {"normalize": "text", "columns": ["t", "x"]}},
    {"type": "expect_splits_to_have_no_near_duplicates"},
    {"type": "expect_no_near_duplicates"},
    {"type": "expect_rows_to_be_unique", "kwargs": {"columns": ["t"], "normalize": "text"}},
    {"type": "expect_duplicates_to_agree_on_label"},
    {"type": "expect_groups_not_to_cross_splits"},
    {"type": "expect_class_balance_to_be_at_least", "kwargs": {"column": "l", "min_share": 0.3}},
    {"type": "expect_column_values_to_be_unique", "kwargs": {"column": "id"}},
    {"type": "expect_column_mean_to_be_between", "kwargs": {"column": "x", "min_value": 0, "max_value": 1}},
)
Row = dict[str, object]
Files = dict[str, list[Row]]  # by path; the first folder names the split
WORDS = (
    "배송이", "빠르고", "포장도", "꼼꼼해서", "좋았어요", "the", "parcel", "came", "quickly", "ＷＥＬＬ", "packed",
    "68",
)  # fmt: skip


def text(draw: random.Random) -> str:
    return " ".join(draw.choices(WORDS, k=draw.randint(3, 9)))


def row(draw: random.Random) -> Row:
    return {
        "id": f"r{draw.randrange(10**9)}",
        "t": draw.choice([text(draw), text(draw), None, ""]),
        "l": draw.choice(["긍정", "부정", "부정", None]),
        "g": f"g{draw.randrange(60)}",
        "x": draw.choice([draw.random(), float("nan"), None, 1.0]),
    }


def first(draw: random.Random) -> Files:
    paths = ["test/0.parquet", "train/0.parquet", "train/1.parquet", "train/2.parquet"]
    return {path: [row(draw) for _ in range(draw.randint(1, 25))] for path in paths}


def texts_edited(draw: random.Random, rows: list[Row]) -> None:
    some = draw.choice(rows)
    some["t"] = f"{some['t'] or ''}{draw.choice(['!', ' 요', ''])}"


def relabelled(draw: random.Random, rows: list[Row]) -> None:
    draw.choice(rows)["l"] = draw.choice(["긍정", "부정", "중립"])


def measured_anew(draw: random.Random, rows: list[Row]) -> None:
    draw.choice(rows)["x"] = draw.random()


def added(draw: random.Random, rows: list[Row]) -> None:
    rows.insert(draw.randint(0, len(rows)), row(draw) | {"t": draw.choice(rows)["t"]})


def removed(draw: random.Random, rows: list[Row]) -> None:
    if len(rows) > 1:
        del rows[draw.randrange(len(rows))]


def shuffled(draw: random.Random, rows: list[Row]) -> None:
    draw.shuffle(rows)


WITHIN: tuple[Callable[[random.Random, list[Row]], None], ...] = (
    texts_edited, relabelled, measured_anew, added, removed, shuffled,
)  # fmt: skip


def edit(draw: random.Random, files: Files) -> None:
    """One edit of a file, or of the files: one renamed, moved to another split, added, removed."""
    path = draw.choice(sorted(files))
    match draw.randrange(8):
        case 0 if len(files) > 2:
            files[f"{draw.choice(['train', 'test'])}/{draw.randrange(9)}.parquet"] = files.pop(path)
        case 1:
            files[f"train/{draw.randrange(9)}.parquet"] = [row(draw) for _ in range(5)]
        case _:
            draw.choice(WITHIN)(draw, files[path])


def table(root: Path, files: Files) -> Table:
    parts = []
    for path, rows in sorted(files.items()):
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        columns = {name: pa.array([row[name] for row in rows], kind) for name, kind in COLUMNS}
        pq.write_table(pa.table(columns), file, row_group_size=10)
        parts.append(Part(path, file, path.partition("/")[0], len(rows)))
    splits = [split for split in ("train", "test") if any(part.split == split for part in parts)]
    return Table(tuple(parts), COLUMNS, tuple(splits), None, "parquet")


def checks(root: Path, files: Files, learnt: Path | None) -> tuple[list[Check], Session]:
    opened = table(root, files)
    schema: DatasetSchema = schema_of(opened, **ROLES)
    with Session(opened, learnt=learnt) as session:
        return run_checks(expectations_of(SUITE, "suite"), opened, schema, session), session


@pytest.mark.parametrize("seed", range(SEQUENCES))
def test_what_is_reused_changes_no_check(seed: int, tmp_path: Path) -> None:
    draw = random.Random(seed)
    files, known, new = first(draw), 0, 0
    for version in range(VERSIONS + 1):
        # Each version lies elsewhere, as in another clone.
        found, session = checks(tmp_path / f"{version}", files, tmp_path / "learnt")
        assert session.parts is not None
        known, new = known + session.parts.known, new + session.parts.new
        wanted, _ = checks(tmp_path / "anew", files, None)
        assert [check.to_json() for check in found] == [check.to_json() for check in wanted]
        for _ in range(draw.randint(0, 3)):
            edit(draw, files)
    assert known > 0 < new


def test_a_changed_column_or_part_is_read_again_and_nothing_else(tmp_path: Path) -> None:
    draw = random.Random(1)
    files = first(draw)

    def parts() -> tuple[int, int]:
        _, session = checks(tmp_path / "data", files, tmp_path / "learnt")
        assert session.parts is not None
        return session.parts.known, session.parts.new

    assert parts() == (0, 8), "keys of the text, and of the text with x, of four parts"
    assert parts() == (8, 0)
    files["train/1.parquet"][0]["l"] = "중립"
    assert parts() == (8, 0), "no key is made of the label"
    files["train/1.parquet"][0]["x"] = 0.25
    assert parts() == (7, 1), "keys of the text alone are as they were"
    files["train/1.parquet"][0]["t"] = "아주 새로운 문장"
    assert parts() == (6, 2)


@pytest.mark.parametrize("damage", [b"", b"x" * 40])
def test_broken_memory_is_made_anew(damage: bytes, tmp_path: Path) -> None:
    files = first(random.Random(2))
    wanted, _ = checks(tmp_path / "data", files, tmp_path / "learnt")
    for file in (tmp_path / "learnt").rglob("*.*"):
        if file.is_file():
            file.write_bytes(damage)
    found, session = checks(tmp_path / "data", files, tmp_path / "learnt")
    assert found == wanted
    assert session.parts is not None and session.parts.known == 0


def test_what_nobody_asks_for_is_removed_in_the_end(tmp_path: Path) -> None:
    files = first(random.Random(3))
    _, session = checks(tmp_path / "data", files, tmp_path / "learnt")
    assert session.parts is not None
    kept = sorted((tmp_path / "learnt").rglob("*.arrow"))
    os.utime(kept[0], (0, 0))
    session.parts.prune()
    assert sorted((tmp_path / "learnt").rglob("*.arrow")) == kept[1:]
    session.parts.prune(time.time() + 31 * 86_400)
    assert not list((tmp_path / "learnt").rglob("*.arrow"))
