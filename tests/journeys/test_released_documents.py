"""What stands in a released directory is what other tools read: Croissant's own reader, and the Hub's card metadata."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from registry.cards.vocabulary import problem_with, size_category
from tests.journeys.harness import Shell, rows, tree, write_csv

pytestmark = pytest.mark.slow
FORMATS = ("csv", "jsonl", "parquet")
CARD = """---
pretty_name: 후기
summary: Short reviews.
language: [ko]
license: cc-by-4.0
task_categories: [text-classification]
annotations_creators: [expert-generated]
personal-data: none
---

## Purpose

감성 분류.
"""


def plant(folder: Path, kind: str) -> None:
    folder.mkdir(parents=True)
    for split, n in (("train", 60), ("test", 20)):
        records, file = rows(split, n), folder / f"{split}.{kind}"
        if kind == "csv":
            write_csv(file, records)
        elif kind == "jsonl":
            file.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in records), "utf-8")
        else:
            pq.write_table(pa.Table.from_pylist(records), file)


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory that holds each format as it was released and pulled, and the same from another store."""
    root = tmp_path_factory.mktemp("released")
    identity = [(f"GIT_{role}_{key}", "k@example.org") for role in ("AUTHOR", "COMMITTER") for key in ("NAME", "EMAIL")]
    shell = Shell(root / "team", env=tuple(identity))
    shell.cwd.mkdir()
    shell("init")
    for kind in FORMATS:
        plant(shell.cwd / "data" / kind, kind)
        shell("add", f"data/{kind}", "--label", "label", "--text", "text", "--key", "id")
        (shell.cwd / "cards" / f"{kind}.md").write_text(CARD, "utf-8")
    shell.commit()
    for store in ("one", "two"):
        for kind in FORMATS:
            shell("release", "v1.0", kind, "--no-git", "--lang", "both", "--store", root / store)
            shell("pull", kind, "-o", root / f"from-{store}" / kind, "--store", root / store)
    return root


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.filterwarnings("ignore")
def test_croissant_reads_the_records_of_a_release(released: Path, kind: str) -> None:
    import mlcroissant

    folder = released / "from-one" / kind
    dataset = mlcroissant.Dataset(str(folder / "croissant.json"))
    assert not dataset.metadata.issues.errors
    for split, n in (("train", 60), ("test", 20)):
        found = [r[f"{split}/text"].decode() for r in dataset.records(split)]
        assert found == [r["text"] for r in rows(split, n)]
    (folder / f"train.{kind}").write_bytes(b"other")
    with pytest.raises(Exception, match="Download"):
        list(mlcroissant.Dataset(str(folder / "croissant.json")).records("train"))


@pytest.mark.parametrize("kind", FORMATS)
def test_the_card_of_a_release_is_valid_for_the_hub(released: Path, kind: str) -> None:
    card = (released / "from-two" / kind / "README.md").read_text("utf-8")
    head = re.match(r"---\n(.*?)\n---\n", card, re.DOTALL)
    assert head
    front = yaml.safe_load(head[1])
    assert front["size_categories"] == [size_category(80)]
    for field in ("language", "license", "task_categories", "annotations_creators", "size_categories"):
        for value in front[field] if isinstance(front[field], list) else [front[field]]:
            assert problem_with(field, value) is None
    assert {s["name"]: s["num_examples"] for s in front["dataset_info"]["splits"]} == {"train": 60, "test": 20}
    assert f"registry pull {kind}@1.0.0\n" in card


def test_two_releases_of_the_same_hold_the_same_bytes(released: Path) -> None:
    one, two = (
        {path: data for path, data in tree(released / f"from-{store}").items() if not path.endswith("manifest.json")}
        for store in ("one", "two")
    )
    assert {path for path in two if path.endswith(("README.ko.md", "eda.html", "eda.ko.html", "quality.json"))} <= set(
        one
    )
    data = {f"{kind}/train.{kind}" for kind in FORMATS}  # written over by the test of the reader
    assert {p: d for p, d in one.items() if p not in data} == {p: d for p, d in two.items() if p not in data}
