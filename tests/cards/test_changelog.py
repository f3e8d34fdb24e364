"""The changelog cites how the data was mended: what, why, by which check, how many rows, once and in both languages."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from registry.cards.changelog import Release, changelog, entry, fact_line, mended_line
from registry.cards.changelog_words import DETAILS, KINDS, WORDS
from registry.errors import ConfigError
from registry.model.changes import Mended
from registry.model.facts import ReleaseFacts
from registry.model.files import FileList
from registry.model.release import ChangeFact
from registry.model.schema import DatasetSchema

A, B, C = ("a" * 64, "b" * 64, "c" * 64)
DROP = Mended("changes/reviews/0001-drop.json", "drop", "가져오기 <b>실수</b>", 5, {"test": 5}, A, B,
              {"leakage-exact": 4, "duplicates": 1})  # fmt: skip
SPLIT = Mended("changes/reviews/0002-split.json", "split", "", 1, {"train": 8, "test": 2}, B, C,
               stratify="라벨", near=True, folds=5)  # fmt: skip


def facts(version, previous=None, mended=(), **more) -> ReleaseFacts:
    empty = FileList.of([])
    return ReleaseFacts("reviews", DatasetSchema("reviews", ()), {"rows": 0, "splits": []}, empty, "csv",
                        version=version, previous=previous, mended=tuple(mended), **more)  # fmt: skip


def test_a_record_is_told_in_both_languages():
    assert mended_line(DROP) == (
        "5 rows dropped (<code>test</code> 5), found by <code>leakage-exact</code> 4, <code>duplicates</code> 1: "
        "가져오기 &#60;b&#62;실수&#60;/b&#62; (record <code>changes/reviews/0001-drop.json</code>, "
        "data <code>aaaaaaaaaaaa</code> → <code>bbbbbbbbbbbb</code>)"
    )
    assert mended_line(SPLIT, "ko") == (
        "분할 다시 추출, 1행 이동 (<code>train</code> 8, <code>test</code> 2), <code>라벨</code> 기준 층화, "
        "유사 중복은 같은 분할, 폴드 5개 (기록 <code>changes/reviews/0002-split.json</code>, "
        "데이터 <code>bbbbbbbbbbbb</code> → <code>cccccccccccc</code>)"
    )


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_each_record_is_cited_once_in_the_release_that_it_led_to(lang):
    first = changelog(facts("1.0.0", mended=[DROP], changes=(ChangeFact("first-release", "none"),)), "", lang)
    later = facts("1.1.0", "1.0.0", [DROP, SPLIT], level="minor")
    second = changelog(later, first, lang)
    newest, _, oldest = second.partition("## 1.0.0")
    assert DROP.record in oldest and DROP.record not in newest
    assert SPLIT.record in newest and SPLIT.record not in oldest
    assert WORDS["mended.since"][lang == "ko"].format(previous="1.0.0") in newest
    assert WORDS["mended"][lang == "ko"] in oldest
    assert changelog(later, second, lang) == second


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_the_first_release_is_one_sentence(lang):
    text = changelog(facts("1.0.0", changes=(ChangeFact("first-release", "none"),)), "", lang)
    assert text.count(WORDS["first"][lang == "ko"]) == 1
    assert "none" not in text
    assert "- " not in text.partition("## 1.0.0")[2].partition("\n")[2]


def test_fewer_rows_carry_a_minus_sign():
    fact = ChangeFact("split-changed", "minor", split="train", count=-825)
    assert "−825" in changelog(facts("1.1.0", "1.0.0", changes=(fact,)), "", "ko")


def test_a_count_is_told_once():
    fact = ChangeFact("split-changed", "minor", split="학습", count=-12, detail="785 → 773 rows: 12 removed")
    assert fact_line(fact) == "split changed, split <code>학습</code>, 785 → 773 rows: 12 removed (minor)"
    assert "−12" not in fact_line(fact, "ko") and "삭제 12" in fact_line(fact, "ko")
    assert fact_line(ChangeFact("underbump", "major", detail="agreed")) == (
        "a lower number than the change demands, agreed (major)"
    )


def test_records_of_like_names_are_told_apart():
    other = replace(DROP, record="changes/reviews/0001-drop.json2")
    first = changelog(facts("1.0.0", mended=[other]))
    assert DROP.record + "</code>" in changelog(facts("1.1.0", "1.0.0", [DROP, other]), first).partition("## 1.0.0")[0]


def test_an_english_history_goes_on_in_korean():
    first = changelog(facts("1.0.0"))
    assert re.findall(r"^## (\S+)", changelog(facts("1.1.0", "1.0.0"), first, "ko"), re.MULTILINE) == ["1.1.0", "1.0.0"]


def test_every_fact_of_a_difference_has_korean_words():
    from registry.model.difference import RowChanges
    from registry.model.schema import Column
    from registry.versions.change import State, difference
    from registry.versions.rules import load_rules

    def state(schema, splits, terms, digest):
        return State(DatasetSchema("x", schema), splits, terms, digest, digest)

    before = state((Column("a", "int64", required=True, role="key"), Column("y", "string", classes=("p", "q"))),
                   {"train": (3, "1"), "test": (2, "1"), "old": (1, "1")}, "mit", "1")  # fmt: skip
    after = state((Column("a", "string"), Column("y", "string", classes=("q", "r")), Column("b", "string")),
                  {"train": (4, "2"), "test": (2, "2"), "new": (1, "1")}, "", "2")  # fmt: skip
    rules, kinds = load_rules("ml", frozen=("test",)), ("added", "removed", "edited", "relabelled")
    rows = RowChanges(**{kind: {"train": 2, "test": 1} for kind in kinds}, labels={("p", None): 3},
                      moved={("old", "train"): 1})  # fmt: skip
    found = [*difference(before, after, rules), *difference(after, before, rules, rows),
             *difference(before, replace(before, encoding="3"), rules)]  # fmt: skip
    assert {fact.kind for fact in found} <= KINDS.keys() and KINDS.keys() >= load_rules("ml").levels.keys()
    for fact in found:
        line = fact_line(fact, "ko").removesuffix(f"({fact.level})")
        assert not re.search(r"\b(rows|with|without|not declared|the|another)\b", line), line
    assert len({re.compile(pattern) for pattern in DETAILS}) == len(DETAILS)


def test_an_entry_names_no_record_where_nothing_was_mended():
    assert "0001" not in entry(Release("1.0.0", "none"))


BREAKS = [
    lambda document: document.pop("after"),
    lambda document: document.update(kind="x"),
    lambda document: document.update(drop=[]),
    lambda document: document["drop"].update(rows={"test": "x"}),
]


@pytest.mark.parametrize("break_it", BREAKS)
def test_a_broken_record_names_its_file(break_it):
    state = {"sha256": A, "md5": "0" * 32, "rows": 1, "splits": {"test": 1}}
    document = {"kind": "drop", "why": "", "before": state, "after": state,
                "drop": {"checks": {"c": 1}, "rows": {"test": 1}, "samples": []}}  # fmt: skip
    assert Mended.of("r.json", document).splits == {"test": 1}
    break_it(document)
    with pytest.raises(ConfigError, match=r"r.json is no record"):
        Mended.of("r.json", document)


@pytest.mark.parametrize(("lang", "said"), [("en", "frozen split changed, "), ("ko", "고정 분할 변경, ")])
def test_a_frozen_split_of_as_many_rows_as_before_tells_no_difference(lang: str, said: str) -> None:
    fact = ChangeFact("frozen-split-changed", "major", split="test", count=0)
    assert fact_line(fact, lang).startswith(said)
    assert ": 0" not in fact_line(fact, lang)
    assert "\u2212" + "3" in fact_line(replace(fact, count=-3), lang)


def test_a_count_is_told_once_and_in_the_right_number() -> None:
    fact = ChangeFact("rows-relabelled", "minor", split="train", count=1, detail="1 row; 부정 → 긍정 1")
    assert fact_line(fact) == "1 row relabelled, split <code>train</code>, 부정 → 긍정 1 (minor)"
    more = ChangeFact("rows-relabelled", "minor", split="train", count=3, detail="3 rows; in all splits a → b 4")
    assert fact_line(more, "ko") == "행 3건 라벨 변경, 분할 <code>train</code>, 모든 분할에서 a → b 4 (minor)"
