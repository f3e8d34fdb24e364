"""How a dataset was made: read strictly from the card, shipped with the release, told in every document."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from jsonschema import Draft202012Validator

from registry.cards.changelog import changelog
from registry.cards.croissant import croissant
from registry.cards.declared import load_card
from registry.cards.lint import lint
from registry.cards.process import MAX_BYTES
from registry.cards.readme import readme
from registry.errors import ConfigError
from registry.formats.documents import schema_of
from registry.model.digest import sha256_of
from registry.model.evidence import Check
from registry.model.facts import Declared, ReleaseFacts
from registry.model.process import NAMES, RECORDS, Process, changes
from registry.model.schema import Column, DatasetSchema
from registry.release.documents import documents
from registry.reports.process import KEYS
from registry.reports.process import NAMES as WORDS
from registry.reports.quality import quality_html
from registry.versions.change import State, difference
from registry.versions.rules import load_rules
from tests.reports.making import facts_of
from tests.reports.page import Page

CARD = """---
summary: 상품 리뷰
process:
  guideline: {version: "2.1", file: 지침/guideline.md}
  annotators: {count: 12, training: 4시간 교육, pay: "시급 15,000원 <b>", per-item: 3, platform: Label Studio}
  review: {method: 교차 검수, share: 20%, rejected: 0.031}
  ethics: {board: "한국대 IRB", decision: exempt, date: 2026-03-02, file: irb.pdf}
  pilot: {items: 200, agreement: 0.81, metric: Krippendorff α}
  consent: {basis: terms of use, until: 2027-12-31}
sources:
  - {name: 나무위키 <script>, version: "2026-01", digest: "sha256:DIGEST", license: cc-by-nc-sa-2.0, url: https://a.example}
  - {name: reviews-raw}
---
""".replace("DIGEST", "0" * 64)
GUIDE, BOARD = "모든 리뷰에 라벨".encode(), b"%PDF"


def laid(folder: Path, text: str = CARD, **files: bytes) -> Path:
    """A card with the files of its folder, and more of them."""
    card = folder / "reviews.md"
    card.write_text(text, "utf-8")
    for name, data in {"지침/guideline.md": GUIDE, "irb.pdf": BOARD, **files}.items():
        (folder / "reviews" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "reviews" / name).write_bytes(data)
    return card


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> ReleaseFacts:
    root = tmp_path_factory.mktemp("process")
    schema = DatasetSchema("reviews", (Column("text", "string", role="text"), Column("b", "string", role="annotator")))
    rows = {"train": pa.table({"text": ["가", "나"], "b": ["x", "y"]})}
    passing = [Check("data:rows", "data", "pass", total=2, unexpected=0)]
    declared = load_card(laid(root))
    return facts_of(root / "reviews-data", rows, schema, checks=passing, declared=declared, version="1.0.0")


def test_records_are_typed_and_survive_json(tmp_path: Path) -> None:
    made = load_card(laid(tmp_path)).process
    assert made.records["annotators"]["per_item"] == 3
    assert made.records["review"] == {"method": "교차 검수", "share": 0.2, "rejected": 0.031}
    assert made.records["ethics"]["date"] == "2026-03-02"
    assert [(a.path, a.sha256) for a in made.attachments] == [
        ("irb.pdf", sha256_of(BOARD)),
        ("지침/guideline.md", sha256_of(GUIDE)),
    ]
    assert made.sources[1] == {"name": "reviews-raw"}
    document = json.loads(json.dumps(made.to_json()))
    Draft202012Validator(schema_of("registry.process/1")).validate(document)
    assert Process.from_json(document) == made
    declared = load_card(tmp_path / "reviews.md")
    assert Declared.from_json(json.loads(json.dumps(declared.to_json()))).process == made


def test_the_tables_of_keys_agree() -> None:
    described = schema_of("registry.process/1")["properties"]["records"]["properties"]
    assert {name: list(record["properties"]) for name, record in described.items()} == {
        name: list(keys) for name, keys in RECORDS.items()
    }
    assert set(WORDS) == set(RECORDS)
    assert set(KEYS) == {key for keys in RECORDS.values() for key in keys} - {"file"}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("process: [guideline]", r"reviews\.md:2: `process` holds keys"),
        ("process:\n  guidelines: {}", r"reviews\.md:3 has the unknown key `guidelines`"),
        ("process:\n  guideline: v2", r"reviews\.md:3: `guideline` holds keys: version"),
        ("process:\n  annotators:\n    count: many", r"reviews\.md:4: `count` takes a whole number"),
        ("process:\n  annotators: {count: -1}", "`count` takes a whole number"),
        ("process:\n  annotators: {count: true}", "`count` takes a whole number"),
        ("process:\n  review: {share: 120%}", "`share` takes a share"),
        ("process:\n  pilot: {agreement: .nan}", "`agreement` takes a coefficient"),
        ("process:\n  pilot: {agreement: 81}", "`agreement` takes a coefficient"),
        ("process:\n  consent: {until: 2027-12-31T00:00:00+09:00}", "`until` takes a day"),
        ("process:\n  consent: {until: 2027-W10-1}", "`until` takes a day"),
        ("process:\n  consent: {until: '20271231'}", "`until` takes a day"),
        ("process:\n  consent: {until: next year}", "`until` takes a day"),
        ("process:\n  guideline: {version: 2.10}", "`version` takes text, in quotes"),
        ("process:\n  consent: {until: [2027-02-03]}", "`until` takes one value"),
        ("process:\n  guideline: {url: 'javascript:alert(1)'}", "`url` takes an address"),
        ("process:\n  guideline: {sha256: abc}", "`sha256` takes 64"),
        ("process:\n  guideline: {file: ../secret}", r"reviews\.md:3 names \.\./secret, which is not in .*reviews/"),
        ("process:\n  guideline: {file: irb.pfd}", "names irb.pfd"),
        (f"process:\n  guideline: {{file: irb.pdf, sha256: {'0a' * 32}}}", "is not the sha256 of"),
        ("sources: wiki", "`sources` is a list"),
        ("sources:\n  - {version: 1}", "a source needs a `name`"),
        ("sources:\n  - {name: a, digest: nope}", "a digest is hexadecimal"),
        ("sources:\n  - {name: a}\n  - {name: a}", r"reviews\.md:4: `a` is declared twice"),
        ("sources:\n  - {name: a, licence: mit}", "unknown key `licence`"),
    ],
)
def test_bad_records_name_their_line(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        load_card(laid(tmp_path, f"---\n{text}\n---\n"))


def test_attachments_obey_the_rules_of_paths_and_a_limit(tmp_path: Path) -> None:
    card = laid(tmp_path, "---\n---\n", **{".DS_Store": b"x"})
    assert [a.path for a in load_card(card).process.attachments] == ["irb.pdf", "지침/guideline.md"]
    link = tmp_path / "reviews" / "link.md"
    link.symlink_to("/etc/passwd")
    with pytest.raises(ConfigError, match=r"link\.md is no regular file"):
        load_card(card)
    link.unlink()
    (tmp_path / "reviews" / "IRB.pdf").write_bytes(b"")
    with pytest.raises(ConfigError, match=r"cannot be shipped: it differs from `attachments/IRB\.pdf` at most by case"):
        load_card(card)
    (tmp_path / "reviews" / "IRB.pdf").unlink()
    with (tmp_path / "reviews" / "large.zip").open("wb") as large:
        large.truncate(MAX_BYTES + 1)
    with pytest.raises(ConfigError, match="a release ships at most 100 attachments"):
        load_card(card)


def test_documents_ship_and_tell_the_records(facts: ReleaseFacts) -> None:
    found = documents(facts, history={}, lang="both")
    assert found[".registry/attachments/지침/guideline.md"] == GUIDE
    assert json.loads(found[".registry/process.json"]) == facts.declared.process.to_json()
    quality = json.loads(found[".registry/quality.json"])
    Draft202012Validator(schema_of("registry.quality/1")).validate(quality)
    Draft202012Validator(schema_of("registry.profile/1")).validate(json.loads(found[".registry/profile.json"]))
    assert quality["process"] == facts.declared.process.to_json()
    for lang, words in {
        "en": ("Annotators", "Not declared", "people", "20.0%"),
        "ko": ("작업자", "미기재", "인원"),
    }.items():
        card, page = readme(facts, lang), Page(quality_html(facts, lang)).text
        for word in (*words, "2.1", "Krippendorff α", sha256_of(GUIDE)[:12], "cc-by-nc-sa-2.0", "2027-12-31"):
            assert word in card, word
            assert word in page, word
        assert "<b>" not in card
        assert "<script>" not in card + quality_html(facts, lang).split("</style>")[1]


def test_a_card_without_records_ships_none(facts: ReleaseFacts) -> None:
    bare = replace(facts, declared=Declared())
    found = documents(bare, history={}, lang="en")
    assert [path for path in found if "process" in path or "attachments" in path] == []
    assert json.loads(found[".registry/quality.json"])["process"] is None
    assert "Process records" not in readme(bare)


def test_croissant_tells_what_its_vocabulary_has_words_for(facts: ReleaseFacts) -> None:
    told = croissant(facts)
    assert told["rai:annotationsPerItem"] == "3"
    assert told["rai:dataAnnotationPlatform"] == "Label Studio"
    assert "version: 2.1" in told["rai:dataAnnotationProtocol"]
    assert "0.81" in told["rai:dataAnnotationAnalysis"]
    assert "2027-12-31" in told["rai:personalSensitiveInformation"]
    assert [source["name"] for source in told["prov:wasDerivedFrom"]] == ["나무위키 <script>", "reviews-raw"]


def test_a_policy_may_require_records(facts: ReleaseFacts) -> None:
    asked = ("process.guideline", "process.annotators.pay", "process.retention", "process.review.file", "sources")
    missing = [problem["field"] for problem in lint(facts, required=asked)]
    assert missing == ["process.retention", "process.review.file"]
    assert lint(replace(facts, declared=Declared()), required=NAMES)[-1]["field"] == "process.retention.policy"
    with pytest.raises(ConfigError, match=r"`process\.guidelines` is no field of a card; did you mean"):
        lint(facts, required=["process.guidelines"])


def test_people_that_the_schema_contradicts_are_found(facts: ReleaseFacts) -> None:
    columns = tuple(Column(name, "string", role="annotator") for name in "abc")
    few = replace(facts.declared, process=Process({"annotators": {"count": 2}}))
    (problem,) = lint(replace(facts, declared=few, schema=DatasetSchema("reviews", columns)))
    assert problem["message"] == "declared 2, but the schema has 3 annotator columns"
    nobody = replace(few, fields={"annotations_creators": ["no-annotation"]})
    (problem,) = lint(replace(facts, declared=nobody, schema=DatasetSchema("reviews")))
    assert problem["message"] == "declared no-annotation, but `process.annotators` tells of people"


def moved(process: Process, **other: Any) -> Process:
    records = {**process.records, "guideline": {**process.records["guideline"], "version": "2.2"}}
    return replace(process, records=records, **other)


def test_what_changed_stands_in_the_changelog(tmp_path: Path, facts: ReleaseFacts) -> None:
    old = facts.declared.process
    sources = ({**old.sources[0], "version": "2026-02"}, {"name": "새 원천"})
    new = load_card(laid(tmp_path, **{"irb.pdf": b"%PDF-2"})).process
    new = moved(new, sources=sources, attachments=new.attachments[:1])
    rules, schema = load_rules("ml", frozen=("test",)), DatasetSchema("reviews")
    states = [State(schema, {"train": (2, "a")}, process=process) for process in (old, new)]
    found = difference(states[0], states[1], rules)
    assert {fact.level for fact in found} == {"patch"}
    told = changelog(replace(facts, changes=found, level="patch", previous="1.0.0", version="1.0.1"))
    for line in (
        "process changed, guideline: version 2.1 → 2.2 (patch)",
        "source added, 새 원천 (patch)",
        "source removed, reviews-raw (patch)",
        "version 2026-01 → 2026-02 (patch)",
        "attachment changed, irb.pdf (patch)",
        "attachment removed, 지침/guideline.md (patch)",
    ):
        assert line in told, line
    korean = changelog(replace(facts, changes=tuple(difference(State(schema, {}), states[0], rules))), lang="ko")
    assert "구축 과정 기록 변경, guideline: 기재 (patch)" in korean
    assert "첨부 추가, irb.pdf (patch)" in korean
    assert list(changes(old, old)) == []
