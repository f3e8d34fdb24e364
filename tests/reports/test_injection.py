"""Every payload in every sink of every document: no element, handler, link or key that harmless text would not give."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import yaml
from markdown_it import MarkdownIt

from registry.cards.changelog import changelog
from registry.cards.croissant import croissant
from registry.cards.readme import readme
from registry.model.digest import canonical
from registry.model.evidence import Check
from registry.model.facts import Declared, ReleaseFacts
from registry.model.files import FileEntry, FileList
from registry.model.release import ChangeFact
from registry.model.schema import Column, DatasetSchema
from registry.reports.eda import eda_html
from registry.reports.quality import quality_html
from tests.reports.making import facts_of
from tests.reports.page import Page
from tests.reports.payloads import PAYLOADS

MARK = "harmless"
INVISIBLE = re.compile("[\u202a-\u202e\u2066-\u2069\u2028\u2029\u200b\ufeff\x07\x1b]")


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> ReleaseFacts:
    """Facts that hold the mark wherever a document takes text from outside."""
    rows = pa.table(
        {
            MARK: [MARK, "b", None, MARK] * 3,
            "label": [MARK, "b", "b", MARK] * 3,
            "text": [f"{MARK} one", "two", "three", "four"] * 3,
            "n": list(range(12)),
        }
    )
    columns = (
        Column(MARK, "string", description=MARK),
        Column("label", "string", role="label", classes=(MARK, "b")),
        Column("text", "string", role="text"),
        Column("n", "int64"),
    )
    schema = DatasetSchema("d", columns, title=MARK, description=MARK, license=MARK)
    root = tmp_path_factory.mktemp("plain") / "d"
    facts = facts_of(root, {"train": rows, "test": rows.slice(0, 8), "harmless_split": rows.slice(2)}, schema)
    fields: dict[str, Any] = dict.fromkeys(
        ("pretty_name", "summary", "summary_ko", "contact", "homepage", "citation", "guideline", "license_name"), MARK
    )
    fields |= {"license": "other", "license_link": MARK, "tags": [MARK], "personal_data": MARK, "language": ["ko"]}
    return replace(
        facts,
        declared=Declared(fields=fields, extra=((MARK, "text"),)),
        released_by=MARK,
        repository=MARK,
        store=MARK,
        endpoint=MARK,
        hub=MARK,
        previous="1.0.0",
        version="1.1.0",
        title=MARK,
        license=MARK,
        changes=(ChangeFact("rows-added", "minor", split=MARK, column=MARK, count=3, detail=MARK),),
        before=facts.profile,
        evidence=evidence(facts),
    )


def evidence(facts: ReleaseFacts) -> Any:
    from registry.model.evidence import DataFacts, Evidence

    sample = {"row": MARK, "split": MARK, "values": {MARK: MARK}, "same_as": {"row": MARK, "split": MARK}}
    waiver = {"reason": MARK, "owner": MARK, "expires": MARK}
    common: dict[str, Any] = {"columns": (MARK,), "samples": (sample,), "message": MARK, "arguments": {MARK: [MARK]}}
    kind = "expect_splits_to_be_disjoint"
    targets = {"targets": {MARK: 5}}
    checks = [
        Check(f"c-{MARK}", kind, "fail", total=9, unexpected=2, threshold={"max_share": 0}, **common),
        Check(f"c2-{MARK}", MARK, "error", **common),
        Check(f"c3-{MARK}", "schema", "fail", total=9, unexpected=2, observed=[MARK], **common),
        Check(f"c4-{MARK}", kind, "waived", total=9, unexpected=2, threshold={MARK: MARK}, waiver=waiver, **common),
        Check(f"c5-{MARK}", MARK, "not_measured", **common),
        Check(f"c6-{MARK}", "expect_counts_to_meet_targets", "fail", "warning", threshold=targets, **common),
    ]
    counts = dict(facts.splits)
    data = DataFacts(facts.files.sha256, len(facts.files), facts.files.bytes, facts.rows, counts)
    references = {MARK: MARK}
    return Evidence.of(
        dataset="d", data=data, ruleset="a" * 64, checks=checks, fail_on="critical", references=references
    )


def swapped(value: Any, payload: str) -> Any:
    """The value with the payload in place of the mark, in keys too."""
    if isinstance(value, str):
        return value.replace(MARK, payload)
    if isinstance(value, dict):
        return {swapped(key, payload): swapped(item, payload) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(swapped(item, payload) for item in value)
    return value


def poisoned(facts: ReleaseFacts, payload: str) -> ReleaseFacts:
    """The facts with the payload in every sink; a file's name and a column's cannot hold NUL."""
    from registry.model.evidence import Evidence

    assert facts.evidence is not None
    name = payload.replace("/", "∕").replace("\n", " ")
    columns = tuple(
        replace(
            c,
            name=swapped(c.name, payload),
            description=swapped(c.description, payload),
            classes=swapped(c.classes, payload),
        )
        for c in facts.schema.columns
    )
    schema = replace(facts.schema, columns=columns, title=payload, description=payload, license=payload)
    files = FileList.of(FileEntry(f"{name}-{i}.parquet", e.size, e.md5, e.sha256) for i, e in enumerate(facts.files))
    named = {swapped(s, payload): (e.path,) for s, e in zip(facts.split_files, files, strict=True)}
    profile = swapped(json.loads(canonical(facts.profile)), payload)
    return replace(
        facts,
        schema=schema,
        profile=profile,
        before=profile,
        files=files,
        split_files=named,
        split_bytes=dict.fromkeys(named, 9),
        declared=Declared.from_json(swapped(facts.declared.to_json(), payload)),
        evidence=Evidence.from_json(swapped(facts.evidence.to_json(), payload)),
        released_by=payload,
        repository=payload,
        store=payload,
        endpoint=payload,
        hub=payload,
        title=payload,
        license=payload,
        changes=tuple(replace(c, split=payload, column=payload, detail=payload) for c in facts.changes),
    )


def pages(facts: ReleaseFacts) -> Iterator[tuple[str, Page]]:
    for lang in ("en", "ko"):
        yield f"eda-{lang}", Page(eda_html(facts, lang))
        yield f"quality-{lang}", Page(quality_html(facts, lang))


def markdown(source: str) -> Counter[str]:
    """Elements, links and raw HTML of rendered Markdown, as GitHub and the Hub read it."""
    body = re.sub(r"\A---\n.*?\n---\n", "", source, count=1, flags=re.DOTALL)
    tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(body)
    found: Counter[str] = Counter()
    for token in [*tokens, *(child for t in tokens for child in t.children or ())]:
        raw = token.content if token.type in ("html_inline", "html_block") else ""
        found[f"{token.type} {token.tag} {raw} {token.attrGet('href') or ''} {token.attrGet('src') or ''}"] += 1
    # How often a line breaks, and how much text lies between, is the payload's own affair.
    return Counter(
        {key: n for key, n in found.items() if not key.startswith(("text ", "inline ", "softbreak", "text_special"))}
    )


def keys(value: Any) -> Any:
    """The shape of a JSON or YAML value: its keys, without its texts."""
    if isinstance(value, dict):
        return {key: keys(item) for key, item in value.items()}
    return [keys(item) for item in value] if isinstance(value, list) else None


def handlers(page: Page) -> list[tuple[str, str, str]]:
    return [
        (tag, name, value)
        for tag, name, value in page.attributes
        if name.startswith("on") or name in ("style", "src", "action", "formaction", "srcdoc", "xlink:href", "ping")
    ]


def links(page: Page) -> set[str]:
    return {value for _, name, value in page.attributes if name == "href"}


def front(source: str) -> Any:
    head = re.match(r"---\n(.*?)\n---\n", source, re.DOTALL)
    assert head
    return yaml.safe_load(head[1])


def test_there_are_a_hundred_payloads() -> None:
    assert len(set(PAYLOADS)) >= 100


def test_every_sink_is_reached(plain: ReleaseFacts) -> None:
    found = poisoned(plain, "ZZPAYLOADZZ")
    assert MARK not in canonical(found.profile).decode() + readme(found) + "".join(p.text for _, p in pages(found))
    for name, page in pages(found):
        assert page.text.count("ZZPAYLOADZZ") >= 15, name
    assert readme(found).count("ZZPAYLOADZZ") >= 20
    assert canonical(croissant(found)).decode().count("ZZPAYLOADZZ") >= 8


@pytest.fixture(scope="module")
def harmless(plain: ReleaseFacts) -> dict[str, Any]:
    same = poisoned(plain, "word")
    cards = {lang: markdown(readme(same, lang)) for lang in ("en", "ko")}
    return {
        "pages": {name: (page.tags, links(page)) for name, page in pages(same)},
        "cards": cards,
        "front": keys(front(readme(same))),
        "croissant": keys(json.loads(canonical(croissant(same)))),
        "changelog": markdown(changelog(same, "")),
    }


@pytest.mark.parametrize("payload", PAYLOADS, ids=range(len(PAYLOADS)))
def test_no_payload_becomes_markup(plain: ReleaseFacts, harmless: dict[str, Any], payload: str) -> None:
    facts = poisoned(plain, payload)
    for name, page in pages(facts):
        tags, hrefs = harmless["pages"][name]
        assert page.tags == tags, (name, page.tags - tags, tags - page.tags)
        assert handlers(page) == []
        assert links(page) == hrefs, name
        assert len(page.ids) == len(set(page.ids))
        assert not INVISIBLE.search(page.text)
    for lang in ("en", "ko"):
        card = markdown(readme(facts, lang))
        assert not INVISIBLE.search(readme(facts, lang))
        assert card == harmless["cards"][lang], (card - harmless["cards"][lang], harmless["cards"][lang] - card)
    assert keys(front(readme(facts))) == harmless["front"]
    assert front(readme(facts))["pretty_name"].replace("\ufffd", "") == payload.replace("\ufffd", "")
    assert keys(json.loads(canonical(croissant(facts)))) == harmless["croissant"]
    assert markdown(changelog(facts, "")) == harmless["changelog"]


@pytest.mark.parametrize("payload", PAYLOADS, ids=range(len(PAYLOADS)))
def test_declared_prose_stays_markdown_without_markup_or_foreign_schemes(payload: str) -> None:
    card = readme(
        ReleaseFacts(
            "d",
            DatasetSchema("d"),
            PROFILE,
            FileList.of([]),
            "csv",
            declared=Declared(sections={"purpose": f"before\n\n{payload}\n\nafter"}),
        )
    )
    tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(card)
    flat = [*tokens, *(child for t in tokens for child in t.children or ())]
    for token in flat:
        if token.type in ("html_inline", "html_block"):
            assert re.fullmatch(r"</?(?:code|bdi)>", token.content.strip()), token.content
        href = token.attrGet("href")
        assert href is None or re.match(r"https?://|mailto:|#|[\w./]", str(href)), href
        assert href is None or not re.match(r"(?i)\s*(?:java|vb)script:|data:", str(href)), href
    assert [t for t in tokens if t.type == "heading_open" and t.tag == "h1"], "the card keeps its title"
    assert sum(t.tag == "h1" and t.type == "heading_open" for t in tokens) == 1


PROFILE: dict[str, Any] = {
    "rows": 0,
    "splits": [],
    "without_split": 0,
    "columns": [],
    "labels": [],
    "sample": [],
    "missing": {"share": None, "columns": []},
    "duplicates": {"rows": 0, "share": None},
}


def test_the_mark_is_a_word_of_no_document(tmp_path: Path) -> None:
    facts = facts_of(tmp_path / "d", {"train": pa.table({"n": [1, 2]})}, DatasetSchema("d"))
    assert all(MARK not in page.text for _, page in pages(facts))
