"""Somebody who reads nothing but the comment sees what a change does to the data."""

from __future__ import annotations

import re
import shutil

import pytest

from tests.automation.team import Author, here
from tests.journeys.conftest import IDENTITY
from tests.journeys.harness import Shell, rows, write_csv

pytestmark = pytest.mark.slow
CLASSES = ("긍정", "부정", "중립")
COUNTS = {"train": 90, "validation": 24, "test": 30}


def plant(kind):
    """Reviews of a split: three classes in turn, and three of each shop, which stands in this split alone."""
    return [
        {**row, "label": CLASSES[n % 3], "shop": f"{kind} {n // 3}"} for n, row in enumerate(rows(kind, COUNTS[kind]))
    ]


@pytest.fixture(scope="module")
def released(tmp_path_factory):
    """The dataset with groups and three classes, of which 1.0.0 is released."""
    shell = Shell(tmp_path_factory.mktemp("released") / "team", env=IDENTITY)
    shell.cwd.mkdir()
    assert here(shell.cwd, "init") == 0
    for kind in COUNTS:
        write_csv(shell.cwd / "data" / "reviews" / f"{kind}.csv", plant(kind))
    roles = ("--label", "label", "--text", "text", "--key", "id", "--group", "shop", "--license", "cc-by-4.0")
    with pytest.MonkeyPatch.context() as patch:
        for key, value in IDENTITY:
            patch.setenv(key, value)
        assert here(shell.cwd, "add", shell.cwd / "data" / "reviews", *roles) == 0
        shell.commit("Add reviews")
        assert here(shell.cwd, "release", "v1.0") == 0
    return shell.cwd


@pytest.fixture
def author(released, tmp_path):
    shutil.copytree(released, tmp_path / "team", symlinks=True)
    return Author(tmp_path / "team")


def comment(author, code):
    """What the gate writes."""
    ended = here(author.root, "check", "--format", "markdown=comment.md")
    text = (author.root / "comment.md").read_text("utf-8")
    assert ended == code, text
    assert "맛있다" not in text and not re.search(r"\b(tr|va|te)\d{5}\b", text), "a value or a key of a row"
    return text


def says(text, *lines):
    for line in lines:
        assert line in text, f"{line!r} is not in the comment:\n{text}"


def relabel(author, split, count):
    found = author.rows(split)
    for row in found[:count]:
        row["label"] = CLASSES[(CLASSES.index(row["label"]) + 1) % 3]
    author.write(split, found)
    author.address(push=False)


def test_relabelled_rows_of_the_test_split(author):
    relabel(author, "test", 4)
    says(
        comment(author, 0),
        "| `reviews` | ✅ pass | 144 | 0 | 0 | 🚨 frozen `test`, major since 1.0.0: 2.0.0 or higher |",
        "- 🚨 **frozen rows relabelled (test, label)** 4 rows; 긍정 → 부정 2, 부정 → 중립 1, 중립 → 긍정 1",
        "- 🚨 **frozen split changed (test)** 30 → 30 rows&#58; 4 relabelled",
        "0 added, 0 removed, 0 changed, 4 relabelled, 0 moved (rows by key)",
    )


def test_a_class_without_rows(author):
    for split in COUNTS:
        author.write(split, [row for row in author.rows(split) if row["label"] != "중립"])
    author.address(push=False)
    says(
        comment(author, 0),
        "| 96 (−48) | 0 | 1 (1 new) | 🚨 frozen `test`, ❗ a class without rows, major since 1.0.0: 2.0.0 or higher |",
        "- 🚨 **frozen split changed (test)** 30 → 20 rows&#58; 10 removed",
        *(f"- ❗ **class without rows ({split}, label)** without 중립" for split in COUNTS),
        *(f"| minor | class without rows | `{split}`, `label` | without 중립 |" for split in COUNTS),
    )


def test_a_class_dropped_from_the_schema(author):
    for split in COUNTS:
        author.write(split, [row for row in author.rows(split) if row["label"] != "중립"])
    author.address(push=False)
    author.edit("schemas/reviews.yaml", "      - 중립\n", "")
    says(comment(author, 0), "- ❗ **class set changed (label)** without 중립")


def test_a_leaked_group(author):
    found = author.rows("test")
    found[0]["shop"] = "train 0"
    author.write("test", found)
    author.address(push=False)
    says(
        comment(author, 1),
        "## ❌ The dataset is not fit for release",
        "| ❌ | leakage-groups | 1 of 54 rows of a later split belong to a group with rows in an earlier one",
        "1 of 48 groups cross | 1 / 54 | new |",
        "- leakage-groups: `registry drop reviews --check leakage-groups --keep test` leaves test, which is frozen,",
        "| `shop` | 1 |",
    )


def test_a_stricter_licence(author):
    for file in ("schemas/reviews.yaml", "cards/reviews.md"):
        author.edit(file, "cc-by-4.0", "cc-by-nc-4.0")
    says(comment(author, 0), "major since 1.0.0", "- ❗ **license stricter** cc-by-4.0 → cc-by-nc-4.0")


def test_rows_moved_between_splits(author):
    train, test = author.rows("train"), author.rows("test")
    author.write("train", train[6:])
    author.write("test", [*test, *train[:6]])
    author.address(push=False)
    says(
        comment(author, 0),
        "- 🚨 **frozen split changed (test)** 30 → 36 rows&#58; 6 moved in",
        "- ❗ **rows moved (test)** train → test&#58; 6 rows",
        "| `train → test` | 6 |",
    )
