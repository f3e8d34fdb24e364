"""Every measure stands on a real example: measured, in the quality evaluation and on the card, in both languages."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from registry.authoring.examples import build
from registry.authoring.initialise import initialise
from registry.cards.readme import readme
from registry.model.digest import canonical
from registry.model.evidence import Evidence
from registry.model.facts import ReleaseFacts
from registry.release.preview import preview
from registry.release.release import ReleaseOptions, release
from registry.reports.eda import eda_html
from registry.reports.measured import measure_for
from registry.reports.quality import quality_html, quality_json
from registry.reports.text import Text
from registry.reports.told import SAYERS, finding_of
from registry.stores import open_store
from registry.workspace.scaffold import example_root
from registry.workspace.workspace import Workspace
from tests.reports.page import Page

pytestmark = pytest.mark.slow

# Measure → the example that it stands on, and the id of its check there.
MEASURES = {
    "agreement at its level": ("sentiment-lexicon", "agreement"),
    "agreement of pairs": ("sentiment-lexicon", "agreement-pairs"),
    "agreement without order": ("sentiment-lexicon", "agreement-exact"),
    "label against its annotators": ("sentiment-lexicon", "valence-follows"),
    "label noise of texts": ("emoji-ko", "label-noise"),
    "label noise of numbers": ("voters", "label-noise"),
    "label noise of pictures": ("digits", "label-noise"),
    "near-duplicates and their labels": ("emoji-ko", "near-label-conflicts"),
    "sufficiency of texts": ("emoji-ko", "sufficiency"),
    "sufficiency of numbers": ("phishing", "sufficiency"),
    "sufficiency of pictures": ("digits", "sufficiency"),
    "disparity between groups": ("voters", "disparity"),
    "personal data": ("emoji-ko", "personal-data"),
    "listed terms in split Hangul": ("emoji-ko", "listed-terms"),
    "listed terms that are there": ("sentiment-lexicon", "swear-words"),
    "k-anonymity": ("voters", "k-anonymity"),
    "l-diversity": ("voters", "l-diversity"),
    "t-closeness": ("voters", "t-closeness"),
    "synthetic share and generations": ("emoji-ko", "composed-names"),
    "licences of the sources": ("emoji-ko", "terms:source-licences"),
    "retention": ("voters", "terms:retention"),
    "contamination by a fingerprint": ("emoji-ko", "contamination"),
    "drift between splits": ("phishing", "drift-splits"),
    "drift since the release before": ("emoji-ko", "drift-releases"),
}


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, ReleaseFacts]:
    """What is known of each example as it stands; of `emoji-ko` after a first release."""
    root = tmp_path_factory.mktemp("examples")
    initialise(root, example=True)
    shutil.copy(example_root() / "dvc.lock", root)
    build(root / "data")
    who = ("-c", "user.name=김 데이터", "-c", "user.email=kim@example.org")
    for command in (("add", "-A"), (*who, "commit", "-q", "-m", "Examples")):
        subprocess.run(["git", *command], cwd=root, check=True)
    workspace, store = Workspace.find(root), open_store(str(root / ".registry" / "store"))
    release(workspace, workspace.datasets["emoji-ko"], "1.0.0", store, ReleaseOptions(git=False))
    return {name: preview(workspace, dataset, store) for name, dataset in workspace.datasets.items()}


@pytest.fixture(scope="module")
def pages(facts: Mapping[str, ReleaseFacts]) -> Mapping[tuple[str, str], tuple[str, str]]:
    """What a reader sees of the quality evaluation, and the card, by example and language."""
    return {
        (name, lang): (" ".join(Page(quality_html(one, lang)).text.split()), readme(one, lang))
        for name, one in facts.items()
        for lang in ("en", "ko")
    }


def measures(facts: ReleaseFacts) -> dict[str, Any]:
    assert facts.evidence is not None
    document = quality_json(facts.evidence, facts)
    return {one["id"]: one for family in document["families"] for one in family["measures"]}


def test_the_examples_pass_and_are_what_the_lock_says(facts: Mapping[str, ReleaseFacts]) -> None:
    for name, one in facts.items():
        assert one.evidence is not None
        assert (name, one.evidence.verdict, one.evidence.pointer) == (name, "pass", "current")


def test_every_check_that_tells_of_labels_people_and_provenance_has_an_example(
    facts: Mapping[str, ReleaseFacts],
) -> None:
    types = {measures(facts[name])[check]["type"] for name, check in MEASURES.values()}
    assert types == set(SAYERS)


@pytest.mark.parametrize("measure", MEASURES)
def test_a_measure_is_measured_and_told_on_every_page_in_both_languages(
    facts: Mapping[str, ReleaseFacts], pages: Mapping[tuple[str, str], tuple[str, str]], measure: str
) -> None:
    name, check = MEASURES[measure]
    found = measures(facts[name])[check]
    assert found["status"] == "pass" and found["measured"] is not None
    for lang in ("en", "ko"):
        text = Text(lang)
        called, said = text.pick(measure_for(found).name), " ".join(finding_of(found, text).striptags().split())
        page, card = pages[name, lang]
        (line,) = [line for line in card.splitlines() if line.startswith("- **") and f"<code>{check}</code>" in line]
        assert called in page and check in page and called in line
        told = said or "2036-12-31"
        assert "".join(told.split()) in "".join(page.split())
        assert set(re.findall(r"\d[\d,.]*", told)) <= set(re.findall(r"\d[\d,.]*", line))


def test_what_is_remembered_makes_the_same_pages(facts: Mapping[str, ReleaseFacts]) -> None:
    """Evidence and profile come back from their files with keys in another order."""
    for one in facts.values():
        assert one.evidence is not None
        kept = Evidence.from_json(json.loads(canonical(one.evidence.to_json())))
        again = replace(one, evidence=kept, profile=json.loads(canonical(one.profile)))
        kept = Evidence.from_json(_turned(kept.to_json()))
        turned = replace(one, evidence=kept, profile=_turned(again.profile))
        for lang in ("en", "ko"):
            for write in (readme, quality_html, eda_html):
                assert write(again, lang) == write(turned, lang) == write(one, lang)


def _turned(found: Any) -> Any:
    """The same document with every key in the opposite order."""
    if isinstance(found, dict):
        return {key: _turned(found[key]) for key in sorted(found, reverse=True)}
    return [_turned(item) for item in found] if isinstance(found, list) else found


def test_process_records_and_their_attachment_stand_on_both(
    facts: Mapping[str, ReleaseFacts], pages: Mapping[tuple[str, str], tuple[str, str]]
) -> None:
    assert [one.path for one in facts["sentiment-lexicon"].declared.process.attachments] == ["labels.md"]
    assert all("labels.md" in text for lang in ("en", "ko") for text in pages["sentiment-lexicon", lang])


def test_diversity_is_measured_of_words_groups_and_declared_values(
    facts: Mapping[str, ReleaseFacts], pages: Mapping[tuple[str, str], tuple[str, str]]
) -> None:
    (name,) = [column for column in facts["emoji-ko"].profile["columns"] if column["name"] == "name"]
    assert name["words"]["heaps"]["beta"] > 0 and name["words"]["runs"]["distinct"]["2"] > 0
    slices = facts["voters"].profile["slices"]
    assert slices["columns"][0]["role"] == "sensitive" and slices["columns"][0]["disparity"][0]["interval"]
    assert any(group["small"] for column in slices["columns"] for group in column["groups"])
    covered = {entry["column"]: entry for entry in facts["voters"].profile["coverage"]}
    assert covered["age"]["splits"]["train"]["present"] == 4
    for lang, words in (("en", ("few in", "Vocabulary")), ("ko", ("적음", "어휘"))):
        both = pages["voters", lang][0] + pages["emoji-ko", lang][0]
        assert all(word in both for word in words), words
