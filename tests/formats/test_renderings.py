"""Every form of a judgement, read back by a parser of its own kind."""

from __future__ import annotations

import json
import re
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.formats.comment import LONGEST, MARKER
from registry.formats.renderings import RENDERINGS
from registry.model.difference import Difference, RowChanges
from registry.model.evidence import Check, DataFacts, Evidence
from registry.model.judgement import Judgement, Place
from registry.model.release import ChangeFact

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
    assert (root.get("tests"), root.get("failures"), root.get("errors"), root.get("skipped")) == ("6", "1", "1", "2")
    cases = {case.get("name"): case for case in root.iter("testcase")}
    assert cases["leakage"].find("failure").get("message") == "3 of 20 rows"
    assert (cases["leakage"].get("file"), cases["leakage"].get("line")) == ("checks/reviews.yaml", "7")
    assert cases["balance"].find("system-out").text == "warning: 부정 is rare"
    assert cases["broken"].find("error") is not None and not list(cases["schema:required:글"])


def test_sarif_points_at_the_rule():
    run = json.loads(RENDERINGS["sarif"](WHOLE))["runs"][0]
    found = {result["message"]["text"]: result for result in run["results"]}
    assert [result["level"] for result in run["results"]] == ["error", "error", "warning", "note"]
    leak = found["reviews: leakage: 3 of 20 rows"]
    where = leak["locations"][0]["physicalLocation"]
    assert where == {"artifactLocation": {"uri": "checks/reviews.yaml"}, "region": {"startLine": 7}}
    assert run["tool"]["driver"]["rules"][leak["ruleIndex"]]["id"] == leak["ruleId"] == "expect_splits_to_be_disjoint"
    assert len({result["partialFingerprints"]["datasetCheck/v1"] for result in run["results"]}) == 4


def test_fingerprints_stay_when_counts_change():
    def prints(check):
        return json.loads(RENDERINGS["gitlab"](judged(check)))[0]["fingerprint"]

    assert prints(CHECKS[0]) == prints(Check("leakage", "x", "fail", message="4 of 20 rows"))
    assert prints(CHECKS[0]) != prints(CHECKS[1])


def test_gitlab_s_report():
    entries = json.loads(RENDERINGS["gitlab"](WHOLE))
    assert [entry["severity"] for entry in entries] == ["blocker", "blocker", "minor", "info"]
    assert entries[1]["location"] == {"path": "checks/reviews.yaml", "lines": {"begin": 7}}
    assert entries[0]["location"]["path"] == "data/reviews.dvc"


def test_the_comment_begins_with_the_scoreboard():
    lines = RENDERINGS["markdown"](WHOLE).splitlines()
    assert lines[0] == MARKER and lines[2] == "## ⚠️ The dataset is not fit for release"
    assert "| `reviews` | ⚠️ error | 1,200 | 2 | 1 | major since 1.0.0 |" in lines
    assert any(line.startswith("| ❌ | leakage | 3 of 20 rows | 3 / 20 |") for line in lines)
    assert any("Waived&#58; old" in line or "Waived: old" in line for line in lines)
    assert any("rows moved" in line for line in lines)


def test_a_comment_that_is_too_long_is_cut_and_says_so():
    evidences = [judged(*CHECKS[:1] * 1, name=f"d{n}").evidences[0] for n in range(900)]
    text = RENDERINGS["markdown"](Judgement(tuple(evidences)))
    assert len(text) <= LONGEST and text.rstrip().endswith("(`registry check`).") and "900 of 900" in text


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
