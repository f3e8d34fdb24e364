"""Every number of a document hangs on the facts: change one by hand, and a document changes or a test fails."""

from __future__ import annotations

import copy
import json
import os
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from registry.cards.croissant import croissant
from registry.cards.readme import readme
from registry.model.digest import canonical
from registry.model.evidence import Check, Evidence
from registry.model.facts import ReleaseFacts
from registry.reports.eda import eda_html
from registry.reports.quality import quality_html, quality_json
from tests.reports.making import facts_of
from tests.reports.page import Page
from tests.reports.test_pages import SCHEMA, check, every_status, reviews

GOLDEN = Path(__file__).parents[1] / "golden" / "documents"
Place = tuple[Any, ...]
# Numbers of the profile that a reader must see, as text or drawn; the rest is for whoever reads profile.json.
SHOWN = re.compile(
    r"rows|without_split|splits/\d+/(rows|share)|missing/share|duplicates/(rows|share)"
    r"|columns/\d+/overall/(null_share|distinct)"
    r"|columns/\d+/splits/\w+/quantiles/p(25|50|75)"
    r"|columns/\d+/histogram/counts/\w+/\d+"
    r"|columns/\d+/divergence/\w+"
    r"|labels/0/(entropy|imbalance|spread)|labels/0/classes/\d+/(spread|splits/\w+/(count|share))"
    r"|associations/pairs/\d+/value|missing/patterns/\d+/(count|share)"
    r"|columns/1/words/top/\d+/count"
)


def checks() -> list[Check]:
    rows = check("pass", 7, "expect_table_row_count_to_be_between", total=1, unexpected=0, threshold={"min_value": 100})
    targets = {"targets": {"긍정": 400}, "min_achievement": 1.0}
    planned = check(
        "fail", 8, "expect_counts_to_meet_targets", threshold=targets, observed={"achievement": {"긍정": 0.25}}
    )
    return [*every_status(), replace(rows, observed=200), planned]


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> ReleaseFacts:
    splits = {"train": reviews(160), "validation": reviews(20), "test": reviews(20)}
    root = tmp_path_factory.mktemp("bound") / "reviews"
    return facts_of(root, splits, SCHEMA, checks=checks(), version="1.2.0", previous="1.1.0")


def leaves(value: Any, path: Place = ()) -> Iterator[tuple[Place, int | float]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(item, (*path, key))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from leaves(item, (*path, number))
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield path, value


def changed(document: Any, path: Place) -> Any:
    """The document with the number at `path` made another, visibly: a share stays one."""
    found = copy.deepcopy(document)
    at = found
    for key in path[:-1]:
        at = at[key]
    old = at[path[-1]]
    at[path[-1]] = round(old / 2 + 0.2, 6) if isinstance(old, float) and 0 <= old <= 1 else old * 2 + 7
    return found


def documents(facts: ReleaseFacts) -> str:
    assert facts.evidence is not None
    return "\n".join([eda_html(facts, "en"), readme(facts), canonical(croissant(facts)).decode()])


def test_what_a_reader_must_see_follows_the_profile(facts: ReleaseFacts) -> None:
    plain = json.loads(canonical(facts.profile))
    before, tried, unseen = documents(facts), 0, []
    for path, _ in leaves(plain):
        name = "/".join(map(str, path))
        if SHOWN.fullmatch(name):
            tried += 1
            unseen += [name] if documents(replace(facts, profile=changed(plain, path))) == before else []
    assert tried > 100
    assert unseen == []


def test_every_number_of_the_evidence_is_in_the_quality_evaluation(facts: ReleaseFacts) -> None:
    assert facts.evidence is not None
    plain = facts.evidence.to_json()
    before = canonical(quality_json(facts.evidence, facts)), Page(quality_html(facts, "ko")).text
    shown = re.compile(r"data/(rows|bytes|files)|checks/\d+/(total|unexpected)|checks/\d+/observed")
    for path, _ in leaves(plain):
        other = Evidence.from_json(changed(plain, path))
        after = replace(facts, evidence=other)
        assert canonical(quality_json(other, after)) != before[0], path
        name = "/".join(map(str, path))
        status = plain["checks"][path[1]]["status"] if path[0] == "checks" else ""
        if shown.fullmatch(name) and status in ("", "fail", "waived"):
            assert Page(quality_html(after, "ko")).text != before[1], path


def written(facts: ReleaseFacts) -> dict[str, str]:
    """Every document as text; of pages what a reader sees, and JSON with a line a value."""
    found = {
        "profile.json": facts.profile,
        "quality.json": quality_json(fit(facts), facts),
        "croissant.json": croissant(facts),
    }
    texts = {name: json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True) for name, value in found.items()}
    for lang in ("en", "ko"):
        texts[f"README.{lang}.md"] = readme(facts, lang)
        texts[f"eda.{lang}.txt"] = "\n".join(
            piece.strip() for piece in Page(eda_html(facts, lang)).pieces if piece.strip()
        )
        texts[f"quality.{lang}.txt"] = "\n".join(
            piece.strip() for piece in Page(quality_html(facts, lang)).pieces if piece.strip()
        )
    return texts


def test_documents_hold_the_numbers_that_were_read_and_found_right(tmp_path: Path) -> None:
    """Compares with what was looked at once; REGISTRY_GOLDEN=write writes it anew, to be read as a change."""
    import pyarrow.csv

    splits = {"train": reviews(160), "validation": reviews(20), "test": reviews(20)}
    made = facts_of(tmp_path / "reviews", splits, SCHEMA, write=pyarrow.csv.write_csv, suffix="csv", checks=checks())
    texts = written(replace(made, version="1.2.0", previous="1.1.0", date="2026-11-21"))
    if os.environ.get("REGISTRY_GOLDEN") == "write":
        for name, text in texts.items():
            (GOLDEN / name).write_text(text, "utf-8")
    assert {file.name for file in GOLDEN.iterdir()} == set(texts)
    for name, text in texts.items():
        assert text == (GOLDEN / name).read_text("utf-8"), name


def test_documents_are_the_same_twice(facts: ReleaseFacts) -> None:
    from registry.release.documents import documents as released

    passing = replace(facts, evidence=facts.evidence.with_checks([check("pass", unexpected=0)]))  # type: ignore[union-attr]
    found = [released(passing, history={}, lang="both") for _ in range(2)]
    assert found[0] == found[1]
    assert len(found[0]) >= 11


def fit(facts: ReleaseFacts) -> Evidence:
    assert facts.evidence is not None
    return facts.evidence
