from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import yaml

from registry.cards.changelog import Release, changelog, entry
from registry.cards.croissant import croissant, license_url
from registry.cards.declared import parse_card
from registry.cards.hub import UNSPLIT, hub_split
from registry.cards.lint import contradictions, lint
from registry.cards.markdown import code, plain, prose
from registry.cards.readme import readme
from registry.errors import ConfigError
from registry.model.digest import canonical
from registry.model.evidence import Check
from registry.model.facts import Declared, ReleaseFacts
from registry.model.files import FileList
from registry.model.release import ChangeFact
from registry.model.schema import Column, DatasetSchema
from tests.reports.making import facts_of, parquet

SCHEMA = DatasetSchema(
    "reviews",
    (
        Column("id", "int64", role="key"),
        Column("code", "string"),
        Column("text", "string", role="text"),
        Column("label", "string", role="label", classes=("부정", "NA")),
        Column("score", "double"),
    ),
    license="cc-by-4.0",
)


def rows(start: int, count: int) -> pa.Table:
    ids = range(start, start + count)
    return pa.table(
        {
            "id": list(ids),
            "code": [f"{i:05d}" if i % 2 else f"A{i}" for i in ids],
            "text": [f'한국어로 쓴 문장입니다. 띄어쓰기도 있습니다 {i}, "quoted"\nnext | line' for i in ids],
            "label": ["NA" if i % 3 else "부정" for i in ids],
            "score": pa.array([None if i % 4 == 0 else i / 8 for i in ids], pa.float64()),
        }
    )


SPLITS = {"train": rows(0, 12), "validation": rows(12, 4), "test": rows(16, 5)}


def csv(table: pa.Table, path: Path) -> None:
    import pyarrow.csv

    pyarrow.csv.write_csv(table, path)


def tsv(table: pa.Table, path: Path) -> None:
    import pyarrow.csv

    pyarrow.csv.write_csv(table, path, pyarrow.csv.WriteOptions(delimiter="\t"))


def jsonl(table: pa.Table, path: Path) -> None:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in table.to_pylist()), "utf-8")


WRITERS: dict[str, Callable[[pa.Table, Path], None]] = {"parquet": parquet, "csv": csv, "tsv": tsv, "jsonl": jsonl}


def made(tmp_path: Path, kind: str = "parquet", **more: Any) -> ReleaseFacts:
    return facts_of(tmp_path / "reviews", SPLITS, SCHEMA, write=WRITERS[kind], suffix=kind, **more)


def front(card: str) -> dict[str, Any]:
    head = re.match(r"---\n(.*?)\n---\n", card, re.DOTALL)
    assert head
    value = yaml.safe_load(head[1])
    assert isinstance(value, dict)
    return value


def load(root: Path, cache: Path) -> Any:
    import datasets

    datasets.disable_progress_bars()
    return datasets.load_dataset(str(root), cache_dir=str(cache))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", WRITERS)
def test_load_dataset_reads_features_splits_and_rows(tmp_path: Path, kind: str) -> None:
    facts = made(tmp_path, kind)
    (tmp_path / "reviews" / "README.md").write_text(readme(facts), "utf-8")
    loaded = load(tmp_path / "reviews", tmp_path / "cache")
    assert {split: len(loaded[split]) for split in loaded} == {"train": 12, "validation": 4, "test": 5}
    assert loaded["train"].features["label"].names == ["부정", "NA"]
    for split, table in SPLITS.items():
        wanted = [row | {"label": ["부정", "NA"].index(row["label"])} for row in table.to_pylist()]
        assert loaded[split].to_list() == wanted


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_split_column_gives_one_honest_split(tmp_path: Path) -> None:
    schema = DatasetSchema("d", (Column("fold", "string", role="split"), Column("x", "int64")))
    table = pa.table({"fold": ["train", "test", "train"], "x": [1, 2, 3]})
    facts = facts_of(tmp_path / "d", {"all": table}, schema, split_column="fold")
    card = readme(facts)
    (tmp_path / "d" / "README.md").write_text(card, "utf-8")
    loaded = load(tmp_path / "d", tmp_path / "cache")
    assert list(loaded) == [UNSPLIT]
    assert loaded[UNSPLIT].filter(lambda row: row["fold"] == "train").num_rows == 2
    assert "registry.load" in card
    assert f"<code>{UNSPLIT}</code>" in card


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_split_without_rows_keeps_no_other_from_loading(tmp_path: Path) -> None:
    splits = {"train": rows(0, 9), "test": rows(0, 0)}
    facts = facts_of(tmp_path / "d", splits, SCHEMA)
    (tmp_path / "d" / "README.md").write_text(readme(facts), "utf-8")
    assert {name: split.num_rows for name, split in load(tmp_path / "d", tmp_path / "cache").items()} == {"train": 9}
    assert "<code>test</code> 0" in readme(facts)


def test_awkward_paths_and_splits_load(tmp_path: Path) -> None:
    root = tmp_path / "d"
    schema = DatasetSchema("d", (Column("x", "int64"),))
    facts = facts_of(root, {"dev-2 [가]": pa.table({"x": [1]}), "dev 2 가": pa.table({"x": [2, 3]})}, schema)
    (root / "README.md").write_text(readme(facts), "utf-8")
    loaded = load(root, tmp_path / "cache")
    assert {name: loaded[name]["x"][:] for name in loaded} == {"dev_2_가": [2, 3], "dev_2_가_2": [1]}


def test_front_matter_counts_are_those_of_the_files(tmp_path: Path) -> None:
    facts = made(tmp_path, declared=Declared(fields={"language": ["ko"], "task_categories": ["text-classification"]}))
    head = front(readme(facts))
    assert head["license"] == "cc-by-4.0"
    assert head["language"] == ["ko"]
    assert head["size_categories"] == ["n<1K"]
    assert [s["num_examples"] for s in head["dataset_info"]["splits"]] == [12, 4, 5]
    assert sum(s["num_bytes"] for s in head["dataset_info"]["splits"]) == facts.files.bytes
    named = {path for group in head["configs"][0]["data_files"] for path in group["path"]}
    assert named == {entry.path for entry in facts.files}


def test_undeclared_columns_of_an_open_schema_are_features_too(tmp_path: Path) -> None:
    schema = DatasetSchema("d", (Column("x", "int64"),), open=True)
    facts = facts_of(tmp_path / "d", {"train": pa.table({"x": [1], "열": ["a"]})}, schema)
    assert [f["name"] for f in front(readme(facts))["dataset_info"]["features"]] == ["x", "열"]


def test_nothing_is_invented(tmp_path: Path) -> None:
    card = readme(made(tmp_path))
    head = front(card)
    assert not {"language", "task_categories", "annotations_creators"} & set(head)
    assert card.count("_Not declared._") >= 12
    assert "More Information Needed" not in card


def test_headings_are_those_that_tools_parse(tmp_path: Path) -> None:
    card = readme(made(tmp_path))
    for heading in (
        "## Dataset Details", "### Dataset Description", "### Dataset Sources", "## Uses", "### Direct Use",
        "### Out-of-Scope Use", "## Dataset Structure", "## Dataset Creation", "### Curation Rationale",
        "### Source Data", "#### Data Collection and Processing", "#### Who are the source data producers?",
        "### Annotations", "#### Annotation process", "#### Who are the annotators?",
        "#### Personal and Sensitive Information", "## Bias, Risks, and Limitations", "### Recommendations",
        "## Citation", "## Dataset Card Authors", "## Dataset Card Contact",
    ):  # fmt: skip
        assert f"\n{heading}\n" in card


def test_declared_prose_is_told_and_kept_inside(tmp_path: Path) -> None:
    text = "## Purpose\n\n# Big\n감성 <script>x</script> **분류**\n```\nopen\n\n## Bias and limits\n"
    declared = parse_card(text, "x")
    card = readme(made(tmp_path, declared=declared))
    assert "#### Big" in card
    assert "감성 &lt;script>x&lt;/script> **분류**" in card
    assert card.count("```") % 2 == 0


PAYLOADS = (
    "<script>alert(1)</script>",
    "a | b\n| c |",
    "---\nlicense: mit\n---",
    "[click](javascript:alert(1)) ![i](x)",
    "`code` **bold** __x__",
    "@everyone #1 \\ $x$",
    "\u202eevil\u0000",
    "{{ 7*7 }}",
)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_hostile_values_stay_values(tmp_path: Path, payload: str) -> None:
    name = payload.replace("\0", "")
    table = pa.table({name: [payload, "b"], "label": [payload, payload]})
    schema = DatasetSchema(
        "d",
        (Column(name, "string", description=payload), Column("label", "string", role="label")),
        title=payload,
        description=payload,
        license=payload,
    )
    facts = facts_of(
        tmp_path / "d",
        {"train": table},
        schema,
        checks=[Check(payload, payload, "fail", message=payload, unexpected=1, total=2)],
        declared=Declared(fields={"summary": payload, "contact": payload}, sections={"purpose": payload}),
        version="1.0.0",
        previous="0.9.0",
        level="major",
        changes=(ChangeFact(payload, "major", split=payload, column=payload, count=3, detail=payload),),
        released_by=payload,
        repository=payload,
    )
    for lang in ("en", "ko"):
        card = readme(facts, lang)
        body = card.split("\n---\n", 1)[1] if lang == "en" else card
        assert "<script" not in body
        assert "\u202e" not in body
        assert "](javascript" not in re.sub(r"### (Direct Use|사용 목적)\n\n.*?\n\n###", "", body, flags=re.DOTALL)
        widths = {line.count(" | ") for line in body.split("\n") if line.startswith("| <code>train</code>")}
        assert len(widths) <= 1
    head = front(readme(facts))
    assert head["pretty_name"] == payload
    assert head["license"] == "other"
    assert head["dataset_info"]["features"][0]["name"] == name
    assert json.loads(canonical(croissant(facts)))["license"] == payload
    assert "<script" not in changelog(facts)


def test_markdown_tables_keep_their_columns(tmp_path: Path) -> None:
    card = readme(made(tmp_path))
    for block in re.findall(r"(?:^\|.*\n)+", card, re.MULTILINE):
        assert len({line.count("|") for line in block.strip().split("\n")}) == 1


def test_both_languages_tell_the_same_numbers(tmp_path: Path) -> None:
    checks = [Check("c", "expect_rows_to_be_unique", "fail", total=21, unexpected=3)]
    facts = made(tmp_path, checks=checks, version="1.0.0")
    english = readme(facts).split("\n---\n", 1)[1]
    numbers = [sorted(re.findall(r"\d+(?:[.,]\d+)*", text)) for text in (english, readme(facts, "ko"))]
    assert numbers[0] == numbers[1]


def test_the_card_names_the_column_at_fault_and_gives_reasons_in_its_language(tmp_path: Path) -> None:
    leaking = {"column": "별점|x", "score": 1.0, "how": "threshold"}
    found = [
        Check("leak", "expect_no_target_leakage", "fail", "warning", total=6, unexpected=1, samples=(leaking,),
              observed={"max_score": 1.0}, threshold={"max_score": 0.99}),
        Check("alone", "expect_splits_to_be_disjoint", "not_applicable",
              message="the data has one split only (train), so nothing can leak"),
    ]  # fmt: skip
    facts = facts_of(tmp_path / "d", SPLITS, SCHEMA, checks=found)
    english, korean = readme(facts), readme(facts, "ko")
    assert "<code>별점&#124;x</code> |" in english
    assert "<code>별점&#124;x</code> |" in korean
    assert "the data has one split only" in english
    assert "분할이 하나뿐이므로 누수 없음" in korean


def test_documents_are_deterministic(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    one, other = made(tmp_path / "a"), made(tmp_path / "b")
    assert readme(one) == readme(other)
    assert canonical(croissant(one)) == canonical(croissant(other))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", ["parquet", "csv", "jsonl"])
def test_croissant_is_valid_and_reads_records(tmp_path: Path, kind: str) -> None:
    import mlcroissant

    facts = made(tmp_path, kind, version="1.2.0", date="2026-11-21", declared=Declared(fields={"citation": "Kim 2026"}))
    path = tmp_path / "reviews" / "croissant.json"
    path.write_bytes(canonical(croissant(facts)))
    dataset = mlcroissant.Dataset(str(path))
    assert not dataset.metadata.issues.errors
    for split, table in SPLITS.items():
        records = list(dataset.records(split))
        assert [r[f"{split}/id"] for r in records] == table["id"].to_pylist()
        # NOTE: the validator reads CSV by pandas' rules, which take the text NA for nothing.
        assert [r[f"{split}/code"].decode() for r in records] == table["code"].to_pylist()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_split_of_several_files_is_a_file_set(tmp_path: Path) -> None:
    import mlcroissant

    facts = made(tmp_path)
    joined = replace(
        facts,
        split_files={"train": ("train.parquet", "validation.parquet"), "test": ("test.parquet",)},
        version="1.0.0",
    )
    document = croissant(joined)
    path = tmp_path / "reviews" / "croissant.json"
    path.write_bytes(canonical(document))
    records = list(mlcroissant.Dataset(str(path)).records("train"))
    assert sorted(r["train/id"] for r in records) == list(range(16))


def test_every_file_has_its_digest(tmp_path: Path) -> None:
    document = croissant(made(tmp_path))
    assert {f["@id"]: f["sha256"] for f in document["distribution"]} == {
        entry.path: entry.sha256 for entry in made(tmp_path).files
    }
    assert document["version"] == "0.0.0"


def test_compressed_files_are_listed_without_records(tmp_path: Path) -> None:
    def packed(table: pa.Table, path: Path) -> None:
        csv(table, path)
        path.write_bytes(gzip.compress(path.read_bytes(), mtime=0))

    facts = facts_of(tmp_path / "d", {"train": rows(0, 3)}, SCHEMA, write=packed, suffix="csv.gz")
    document = croissant(replace(facts, format="csv"))
    assert document["recordSet"] == []
    assert len(document["distribution"]) == 1


@pytest.mark.parametrize(
    ("license_id", "url"),
    [
        ("cc-by-sa-4.0", "https://creativecommons.org/licenses/by-sa/4.0/"),
        ("mit", "https://spdx.org/licenses/MIT.html"),
        ("", ""),
        ("공공누리", "공공누리"),
    ],
)
def test_licence_links(tmp_path: Path, license_id: str, url: str) -> None:
    facts = facts_of(tmp_path / "d", {"train": rows(0, 2)}, replace(SCHEMA, license=license_id))
    assert license_url(facts) == url


def test_lint_finds_what_is_missing_and_what_is_contradicted(tmp_path: Path) -> None:
    declared = Declared(
        fields={"size_categories": ["1M<n<10M"], "license": "mit", "language": ["en"], "personal_data": "None."}
    )
    leak = Check("pii", "expect_no_personal_data", "waived", total=21, unexpected=2)
    facts = made(tmp_path, declared=declared, checks=[leak])
    assert [problem["code"] for problem in contradictions(facts)] == [
        "size-category",
        "licence-mismatch",
        "language",
        "personal-data",
    ]
    missing = lint(facts, required=["summary", "contact", "license", "personal-data"])[:2]
    assert [(p["code"], p["field"]) for p in missing] == [("missing", "summary"), ("missing", "contact")]
    with pytest.raises(ConfigError, match="summary"):
        lint(facts, required=["sumary"])


def test_a_truthful_card_has_no_problem(tmp_path: Path) -> None:
    declared = Declared(fields={"size_categories": ["n<1K"], "license": "cc-by-4.0", "language": ["ko"]})
    assert lint(made(tmp_path, declared=declared), required=["language"]) == []


def test_changelog_puts_the_newest_on_top_and_repeats_to_the_same_bytes(tmp_path: Path) -> None:
    first = changelog(made(tmp_path, version="1.0.0", date="2026-11-01"))
    facts = made(
        tmp_path,
        version="1.1.0",
        previous="1.0.0",
        level="minor",
        changes=(ChangeFact("rows-added", "minor", split="train", count=1),),
    )
    second = changelog(facts, first)
    assert re.findall(r"^## (\S+)", second, re.MULTILINE) == ["1.1.0", "1.0.0"]
    assert "1 row added, split <code>train</code> (minor)" in second
    assert changelog(facts, second) == second


def test_an_entry_says_what_the_change_demands() -> None:
    assert "Change: patch." in entry(Release("1.0.1", "patch", (), "2026-11-21"))
    assert "First release." in entry(Release("1.0.0", "none"))


def test_small_markdown_rules() -> None:
    assert hub_split("1.Training") == "1_Training"
    assert code("created_at") == "<code>created_at</code>"
    assert plain("1. list") == "&#49;. list"
    assert prose("title\n===", under=2) == "title\n\\==="


def test_metadata_of_an_image_folder_is_named_with_its_split(tmp_path: Path) -> None:
    facts = made(tmp_path)
    digest = facts.files.entries[0]
    extra = [replace(digest, path=path) for path in ("metadata.csv", "train/metadata.jsonl", "train/a.png")]
    folder = replace(
        facts,
        files=FileList.of([*facts.files, *extra]),
        split_files={"train": ("train/a.png",), "test": ("test.parquet",)},
    )
    files = {group["split"]: group["path"] for group in front(readme(folder))["configs"][0]["data_files"]}
    assert files == {
        "train": ["train/a.png", "metadata.csv", "train/metadata.jsonl"],
        "test": ["test.parquet", "metadata.csv"],
    }


@pytest.mark.parametrize(("columns", "expected"), [(1, {"drop_labels": True}), (2, {})])
def test_directories_of_splits_are_no_labels_on_the_hub(
    tmp_path: Path, columns: int, expected: dict[str, bool]
) -> None:
    facts = made(tmp_path)
    profile = {**facts.profile, "columns": facts.profile["columns"][:columns]}
    config = front(readme(replace(facts, format="imagefolder", profile=profile)))["configs"][0]
    assert {name: value for name, value in config.items() if name == "drop_labels"} == expected
