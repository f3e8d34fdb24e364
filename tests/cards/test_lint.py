from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from registry.cards.lint import CardError, lint, require_honest
from registry.cards.readme import readme
from registry.model.evidence import Check
from registry.model.facts import Declared, ReleaseFacts
from registry.model.schema import Column, DatasetSchema
from registry.release.candidate import split_files_of
from registry.release.documents import documents
from registry.tables.table import Part, Table
from tests.reports.making import facts_of

ROWS = pa.table({"text": ["가나다라"] * 20, "rater": [1] * 20})
SCHEMA = DatasetSchema("d", (Column("text", "string", role="text"), Column("rater", "int64", role="annotator")))
PERSONAL = Check("pii", "expect_no_personal_data", "waived", total=20, unexpected=3, threshold={"max_count": 0})
SYNTHETIC = Check(
    "syn",
    "expect_synthetic_share_at_most",
    "pass",
    total=1,  # split
    unexpected=0,
    observed={"share": 0.2, "splits": {"train": 0.2}, "unknown": 0, "synthetic": 4},
    threshold={"max_share": 0.5},
)


def made(root: Path, fields: dict[str, Any], *checks: Check, **more: Any) -> ReleaseFacts:
    known = checks or (Check("ok", "data", "pass", total=20, unexpected=0),)
    return facts_of(root / "d", {"train": ROWS}, SCHEMA, checks=known, declared=Declared(fields=fields), **more)


CONTRADICTED: list[tuple[dict[str, Any], tuple[Check, ...], str]] = [
    ({"size_categories": ["1K<n<10K"]}, (), "size-category"),
    ({"language": ["en"]}, (), "language"),
    ({"annotations_creators": ["no-annotation"]}, (), "annotated"),
    ({"personal_data": "none"}, (PERSONAL,), "personal-data"),
    ({"synthetic": "none"}, (SYNTHETIC,), "synthetic"),
    ({"language_creators": ["crowdsourced"]}, (SYNTHETIC,), "synthetic"),
]


@pytest.mark.parametrize(("fields", "checks", "code"), CONTRADICTED)
def test_a_contradicted_declaration_fails_lint_and_release(
    tmp_path: Path, fields: dict[str, Any], checks: tuple[Check, ...], code: str
) -> None:
    facts = made(tmp_path, fields, *checks, version="1.0.0")
    assert [problem["code"] for problem in lint(facts)] == [code]
    with pytest.raises(CardError) as refused:
        documents(facts, history={}, lang="en")
    assert refused.value.exit == 1
    assert "registry card lint d" in refused.value.hint


def test_synthetic_rows_are_counted_and_not_splits(tmp_path: Path) -> None:
    (problem,) = lint(made(tmp_path, {"synthetic": "none"}, SYNTHETIC, version="1.0.0"))
    assert "counts 4 such rows" in problem["message"]


def test_honest_declarations_pass(tmp_path: Path) -> None:
    fields = {"size_categories": ["n<1K"], "language": ["ko"], "personal_data": "none", "synthetic": "20% by a model"}
    facts = made(tmp_path, fields, SYNTHETIC, version="1.0.0")
    assert lint(facts) == []
    assert "README.md" in documents(facts, history={}, lang="both")


def test_required_declarations_are_demanded_by_the_release(tmp_path: Path) -> None:
    facts = made(tmp_path, {"language": ["ko"]}, version="1.0.0", required=("language", "summary", "personal-data"))
    with pytest.raises(CardError, match=r"`summary` is not declared; `personal-data` is not declared"):
        require_honest(facts)


def test_documents_in_korean_link_to_each_other(tmp_path: Path) -> None:
    both = documents(made(tmp_path, {}, version="1.0.0"), history={}, lang="both")
    assert b'href="quality.ko.html"' in both[".registry/eda.ko.html"]
    assert b'href="quality.html"' in both[".registry/eda.html"]
    assert documents(made(tmp_path, {}, version="1.0.0"), history={}, lang="both") == both


def test_the_card_shows_roles_checks_and_what_they_found(tmp_path: Path) -> None:
    card = readme(made(tmp_path, {}, PERSONAL, SYNTHETIC))
    assert "| <code>rater</code> | <code>int64</code> | annotator |" in card
    assert "| Annotator columns | 1 | measured |" in card
    assert "- **Personal data** <code>pii</code>: 3 rows\n" in card
    assert "- **Synthetic share** <code>syn</code>: 20.0%; train 20.0%\n" in card
    assert "| Synthetic share <code>syn</code> | Pass | 20.0% | at most 50.0% |" in card


def folder(root: Path, members: dict[str, list[str]], paths: dict[str, str]) -> Table:
    parts = []
    for split, images in members.items():
        file = root / f"{split}.parquet"
        pq.write_table(pa.table({"image": images}), file)
        parts.append(Part(paths[split], file, split, len(images)))
    return Table(tuple(parts), (("image", "string"),), tuple(members), None, "imagefolder", root)


def test_image_splits_are_folders_where_these_are_apart(tmp_path: Path) -> None:
    apart = folder(tmp_path, {"train": ["train/a.png"], "test": ["test/b.png"]}, {"train": "train", "test": "test"})
    assert split_files_of(apart) == {"train": ("train",), "test": ("test",)}


@pytest.mark.parametrize("paths", [{"train": ".", "test": "."}, {"train": ".", "test": "x"}])
def test_image_splits_are_listed_where_folders_overlap(tmp_path: Path, paths: dict[str, str]) -> None:
    members = {"train": ["x/train_1.png", "y.png"], "test": ["x/test_1.png"]}
    wanted = {split: tuple(images) for split, images in members.items()}
    assert split_files_of(folder(tmp_path, members, paths)) == wanted
