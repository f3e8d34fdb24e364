"""Every form of a judgement, read back by a parser of its own kind."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.formats.comment import LONGEST, MARKER
from registry.formats.renderings import RENDERINGS, brief_text
from registry.model.difference import Difference, RowChanges
from registry.model.evidence import Check, DataFacts, Evidence
from registry.model.judgement import Before, Judgement, Place
from registry.model.release import ChangeFact
from registry.model.scope import Scope

SECRET = "김철수-010-1234-5678"
CHECKS = (
    Check("leakage", "expect_splits_to_be_disjoint", "fail", total=20, unexpected=3,
          samples=({"row": SECRET, "split": "test"},), message=f"3 of 20 rows; first: {SECRET} (test); drop them"),
    Check("broken", "expect_rows_to_be_unique", "error", message="a metric cannot be computed"),
    Check("balance", "expect_class_balance_to_be_at_least", "fail", "warning", message="부정 is rare"),
    Check("groups", "expect_groups_not_to_cross_splits", "not_measured", "warning", message="declare a group"),
    Check("old", "expect_no_target_leakage", "waived",
          waiver={"reason": "known", "owner": "김", "expires": "2027-01-01"}),
    Check("schema:required:글", "expect_column_values_to_not_be_null", "pass", columns=("글",)),
)  # fmt: skip
PLACES = {("reviews", "leakage"): Place("checks/reviews.yaml", 7), ("reviews", ""): Place("data/reviews.dvc")}
CHANGE = Difference(
    "reviews@1.0.0", "reviews", "major", (ChangeFact("rows-moved", "major", "test", detail="train → test: 2 rows"),),
    RowChanges(moved={("train", "test"): 2}, keyed=True), "label",
)  # fmt: skip


def judged(*checks, name="reviews", **more):
    facts = DataFacts("0" * 64, 3, 100, 1200, {"train": 1180, "test": 20})
    evidence = Evidence.of(checks=checks, fail_on="critical", dataset=name, data=facts, ruleset="1" * 64)
    return Judgement((evidence,), PLACES, **more)


WHOLE = judged(*CHECKS, differences={"reviews": CHANGE})


@pytest.mark.parametrize("form", sorted(RENDERINGS.keys() - {"text", "json"}))
def test_no_form_for_others_names_a_row(form):
    assert SECRET not in RENDERINGS[form](WHOLE)


def test_junit_has_a_case_for_each_check():
    root = ElementTree.fromstring(RENDERINGS["junit"](WHOLE))
    assert (root.get("tests"), root.get("failures"), root.get("errors"), root.get("skipped")) == ("7", "1", "1", "2")
    cases = {case.get("name"): case for case in root.iter("testcase")}
    assert cases["leakage"].find("failure").get("message") == "3 of 20 rows"
    assert (cases["leakage"].get("file"), cases["leakage"].get("line")) == ("checks/reviews.yaml", "7")
    assert cases["balance"].find("system-out").text.startswith("warning: 부정 is rare\nTo mend: collect")
    told = cases["leakage"].find("failure").text.splitlines()
    assert told == ["checks/reviews.yaml:7", "3 of 20", "To mend: `registry drop reviews --check leakage`"]
    assert cases["broken"].find("error") is not None and not list(cases["schema:required:글"])


def test_sarif_points_at_the_rule():
    run = json.loads(RENDERINGS["sarif"](WHOLE))["runs"][0]
    found = {result["message"]["text"]: result for result in run["results"]}
    assert [result["level"] for result in run["results"]] == ["warning", "error", "error", "warning", "note"]
    leak = found["reviews: leakage: 3 of 20 rows\nTo mend: `registry drop reviews --check leakage`"]
    where = leak["locations"][0]["physicalLocation"]
    assert where == {"artifactLocation": {"uri": "checks/reviews.yaml"}, "region": {"startLine": 7}}
    assert run["tool"]["driver"]["rules"][leak["ruleIndex"]]["id"] == leak["ruleId"] == "expect_splits_to_be_disjoint"
    assert len({result["partialFingerprints"]["datasetCheck/v1"] for result in run["results"]}) == 5


def test_fingerprints_stay_when_counts_change():
    def prints(check):
        return json.loads(RENDERINGS["gitlab"](judged(check)))[0]["fingerprint"]

    assert prints(CHECKS[0]) == prints(Check("leakage", "x", "fail", message="4 of 20 rows"))
    assert prints(CHECKS[0]) != prints(CHECKS[1])


def test_gitlab_s_report():
    entries = json.loads(RENDERINGS["gitlab"](WHOLE))
    assert [entry["severity"] for entry in entries] == ["minor", "blocker", "blocker", "minor", "info"]
    assert entries[2]["location"] == {"path": "checks/reviews.yaml", "lines": {"begin": 7}}
    assert entries[0]["location"]["path"] == "data/reviews.dvc"


def test_the_comment_begins_with_the_scoreboard():
    lines = RENDERINGS["markdown"](WHOLE).splitlines()
    assert lines[0] == MARKER and lines[2] == "## ⚠️ The dataset is not fit for release"
    assert "| `reviews` | ⚠️ error | 1,200 | 2 | 1 | major since 1.0.0: 2.0.0 or higher |" in lines
    assert any(line.startswith("| ❌ | leakage | 3 of 20 rows | 3 / 20 |") for line in lines)
    assert any("Waived&#58; old" in line or "Waived: old" in line for line in lines)
    assert any("rows moved" in line for line in lines)


def test_a_comment_that_is_too_long_is_cut_and_says_so():
    evidences = [judged(*CHECKS[:1] * 1, name=f"d{n}").evidences[0] for n in range(900)]
    text = RENDERINGS["markdown"](Judgement(tuple(evidences)))
    assert len(text) <= LONGEST and text.rstrip().endswith("(`registry check`).") and "900 of 900" in text


def test_a_cut_is_not_folded_away_and_no_check_pushes_the_others_out():
    facts = tuple(ChangeFact("rules-changed", "patch", detail=f"규칙 {n}") for n in range(5000))
    change = {"reviews": Difference("reviews@1.0.0", "reviews", "patch", facts)}
    facts += (ChangeFact("class-set-changed", "major", column="긴" * 70_000, detail="이름 " * 70_000),)
    change = {"reviews": replace(change["reviews"], facts=facts)}
    long = replace(CHECKS[0], id="a", message="말 " * 50_000)
    text = RENDERINGS["markdown"](replace(judged(long, replace(CHECKS[0], id="b")), differences=change))
    assert len(text) <= LONGEST and text.index("cut here") > text.rindex("</details>")
    assert text.count("<details>") == text.count("</details>") == 1
    assert any(line.startswith("| ❌ | b |") for line in text.splitlines())


def test_what_is_declared_no_more_stands_in_the_headline():
    scope = Scope("main", "c" * 40, {"ratings": ("new",)}, (), ("reviews",), {})
    line = RENDERINGS["markdown"](replace(judged(CHECKS[5], name="ratings"), scope=scope)).splitlines()[2]
    assert line == "## ✅ The dataset is fit for release; ⚠️ declared no more: `reviews`"


def test_every_form_of_nothing():
    for form, render in RENDERINGS.items():
        assert render(Judgement(())).count("\n") or form == "github"


hostile = st.text(max_size=60) | st.sampled_from(
    [
        "\n::error::x",
        "]]>",
        "<script>",
        "[a](javascript:x)",
        "`|`",
        "@everyone",
        "\x00\x1b[31m",
        "{0}",
        "\u202e",
        "%0A",
        "\ud800",
    ]
)


@settings(max_examples=80, deadline=None)
@given(hostile, hostile)
def test_nothing_from_data_breaks_out_of_its_place(name, message):
    judgement = judged(Check(name, "expect_x", "fail", total=1, unexpected=1, message=message))
    root = ElementTree.fromstring(RENDERINGS["junit"](judgement).encode("utf-8", "surrogatepass"))
    assert len(list(root.iter("testcase"))) == 1
    assert len(json.loads(RENDERINGS["sarif"](judgement))["runs"][0]["results"]) == 1
    assert len(json.loads(RENDERINGS["gitlab"](judgement))) == 1
    commands = RENDERINGS["github"](judgement)
    assert commands.count("\n") == 1 and commands.startswith("::error file=data/reviews.dvc,line=1,title=")
    assert unquote(commands.partition("title=")[2].partition("::")[0], errors="replace").startswith("reviews: ")
    text = RENDERINGS["markdown"](judgement)
    (row,) = (line for line in text.splitlines() if line.startswith("| ❌"))
    assert row.count("|") == 5 and not re.search(r"[<>\[\]`@]", row)


THAWED = Difference(
    "reviews@1.0.0", "reviews", "major",
    (
        ChangeFact("frozen-rows-relabelled", "major", "test", "감정", 3, "3 rows; 긍정 → 부정 3"),
        ChangeFact("class-without-rows", "minor", "train", "감정", 1, "without 중립"),
        ChangeFact("rows-added", "minor", "train", None, 5),
    ),
    RowChanges(added={"train": 5}, removed={"train": 2}, relabelled={"test": 3}, keyed=True), "감정",
)  # fmt: skip


@pytest.mark.parametrize("form", sorted(RENDERINGS.keys() - {"json"}))
def test_a_changed_frozen_split_and_a_lost_class_are_loud_in_every_form(form):
    told = RENDERINGS[form](judged(CHECKS[-1], differences={"reviews": THAWED}))
    assert "FROZEN SPLIT CHANGED" in told.upper() and "test" in told and "no longer compare" in told
    assert re.search("class without rows.*중립", told.replace("\\u", "")), told
    assert "rows added" not in told or form == "markdown", "what is not grave is no alarm"


def test_what_is_loud_does_not_block():
    alarmed = judged(CHECKS[-1], differences={"reviews": THAWED})
    assert alarmed.verdict == "pass" and "::error" not in RENDERINGS["github"](alarmed)
    assert 'failures="0"' in RENDERINGS["junit"](alarmed)
    scoreboard = "| `reviews` | ✅ pass | 1,200 (+5, −2) | 0 | 0 | 🚨 frozen `test`, ❗ a class without rows, major"
    assert scoreboard in RENDERINGS["markdown"](alarmed)


THEN = Before("reviews@1.0.0", {
    "leakage": Check("leakage", "x", "waived", total=19, unexpected=2),
    "balance": Check("balance", "x", "pass"),
    "schema:required:글": Check("schema:required:글", "x", "fail"),
})  # fmt: skip


def test_what_stood_there_before_is_told_from_what_is_new():
    known = judged(*CHECKS, before={"reviews": THEN})
    comment = RENDERINGS["markdown"](known)
    assert "| 3 / 20 | was there: 2 |" in comment and "| ⚠️ | balance | 부정 is rare |  | new |" in comment
    assert "| 2 (1 new) | 1 (1 new) |" in comment
    assert "Compared with reviews&#64;&#8203;1.0.0. Mended: schema&#58;required&#58;글." in comment
    text = RENDERINGS["text"](known)
    assert "leakage  (was there before: 2)" in text and "balance  (new)" in text
    assert "mended: schema:required:글" in text
    assert "title=reviews%3A balance (new)::" in RENDERINGS["github"](known)
    results = json.loads(RENDERINGS["sarif"](known))["runs"][0]["results"]
    assert {"new": False, "before": 2} in [result.get("properties") for result in results]


def test_that_nothing_is_known_of_before_is_said():
    assert "What was found before the change is not known." in RENDERINGS["markdown"](judged(*CHECKS))
    assert "(new)" not in RENDERINGS["text"](judged(*CHECKS))


def test_a_leak_into_a_frozen_split_is_mended_beside_it():
    leak = judged(CHECKS[0], frozen=("test",))
    advice = "`registry drop reviews --check leakage --keep test`"
    assert advice in RENDERINGS["markdown"](leak) and advice in RENDERINGS["github"](leak)


def test_quiet_text_is_the_verdict_what_blocks_and_the_alarms():
    told = brief_text(judged(*CHECKS, differences={"reviews": THAWED})).splitlines()
    assert told[0].startswith("reviews: error: ") and [line.split()[-1] for line in told[1:3]] == ["broken", "leakage"]
    assert "FROZEN SPLIT CHANGED" in told[3] and len(told) == 5


def test_what_could_not_be_judged_is_not_called_unfit():
    lost = judged(
        Check("pointer:resolves", "pointer", "error", message="1 object is nowhere; mend: registry push reviews")
    )
    both = Judgement((*judged(CHECKS[0], name="reviews-2").evidences, *lost.evidences), PLACES)
    comment = RENDERINGS["markdown"](lost)
    assert "## ⚠️ The dataset could not be judged\n" in comment
    assert comment.count("registry push reviews") == 1, "what to do is said once"
    assert "1 of 2 datasets is not fit for release, 1 of 2 datasets could not be judged" in RENDERINGS["markdown"](both)


def test_what_is_not_measured_tells_what_to_do_where_it_blocks():
    found = judged(
        Check("groups", "expect_groups_not_to_cross_splits", "not_measured", message="declare a group"), *CHECKS
    )
    told = [line for line in RENDERINGS["github"](found).splitlines() if "declare a group" in line]
    assert "when_not_measured: allow" in told[0] and told[0].startswith("::error")
    assert "To mend" not in told[1] and told[1].startswith("::notice")


@pytest.mark.parametrize(
    ("touched", "renamed", "uncompared", "cell"),
    [
        (("entry",), {"reviews": "후기-1"}, {}, "was `후기-1`"),
        (("new",), {}, {}, "new"),
        (("data",), {}, {"reviews": "no network"}, "⚠️ not compared"),
        (("data",), {}, {}, ""),
    ],
)
def test_a_dataset_without_a_difference_says_what_it_is(touched, renamed, uncompared, cell):
    scope = Scope("main", "0" * 40, touched={"reviews": touched}, untouched=(), deleted=(), renamed=renamed)
    found = judged(CHECKS[-1], scope=scope, uncompared=uncompared)
    assert RENDERINGS["markdown"](found).splitlines()[6] == f"| `reviews` | ✅ pass | 1,200 | 0 | 0 | {cell} |"


def test_a_dataset_that_is_gone_is_not_called_nothing():
    scope = Scope("main", "0" * 40, touched={}, untouched=(), deleted=("후기",), renamed={})
    told = RENDERINGS["text"](Judgement((), scope=scope))
    assert "deleted: 후기" in told and "nothing" not in told + RENDERINGS["markdown"](Judgement((), scope=scope))
