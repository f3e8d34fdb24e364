"""What changed, which version it demands, and a plan that is kept to."""

from __future__ import annotations

import json

import pytest

from tests.journeys.harness import rows, write_csv

pytestmark = pytest.mark.slow


def released(team):
    team("release", "v1.0", "--quiet")
    data = team.cwd / "data" / "reviews"
    tested = rows("test", 20)
    tested[3]["label"] = "neg" if tested[3]["label"] == "pos" else "pos"
    write_csv(data / "test.csv", tested)
    write_csv(data / "train.csv", rows("train", 92))


def test_a_relabelled_test_row_is_seen_and_demands_a_major_version(team):
    released(team)
    found = team("diff", "--json").json
    assert (found["from"], found["to"], found["level"]) == ("reviews@1.0.0", "reviews", "major")
    assert (found["rows"]["added"], found["rows"]["relabelled"], found["rows"]["keyed"]) == (12, 1, True)
    kinds = {fact["kind"]: fact for fact in found["facts"]}
    assert kinds["frozen-rows-relabelled"]["split"] == "test" and kinds["split-changed"]["count"] == 12
    assert found["labels"]["label"][0]["count"] == 1
    told = team("diff").out
    assert "frozen rows relabelled" in told and "train  12 added" in told
    assert "| major | frozen rows relabelled |" in team("diff", "reviews@1.0", "--format", "markdown").out

    team("add", "data/reviews")
    team.commit("Correct a label, add rows")
    refused = team("release", "v1.1", code=4)
    assert "frozen rows relabelled" in refused.err and "registry release v2.0.0" in refused.err

    plan = team.cwd.parent / "plan.json"
    told = team("plan", "auto", "--out", plan)
    assert "‼ FROZEN SPLIT CHANGED: test" in told.out
    assert f"Next: registry release 2.0.0 reviews --plan {plan}" in told.err
    assert json.loads(plan.read_text("utf-8"))["version"] == "2.0.0"
    done = team("release", "auto", "--plan", plan, "--json").json
    assert (done["version"], done["state"]) == ("2.0.0", "released")
    again = team("release", "v2.0", "--plan", plan, "--json").json
    assert again["state"] == "already-released"
    assert team("diff", "reviews@1.0", "reviews@2.0", "--json").json["rows"] == found["rows"]
    assert team("diff", "reviews@1.0", "reviews@1.0", "--json").json["level"] == "none"


def test_a_plan_is_refused_once_something_moved(team):
    plan = team.cwd.parent / "plan.json"
    team("plan", "v1.0", "--out", plan)
    write_csv(team.cwd / "data" / "reviews" / "train.csv", rows("train", 81))
    team("add", "data/reviews")
    team.commit("One row more")
    refused = team("release", "v1.0", "--plan", plan, "--json", code=4).json
    assert "not what was planned" in refused["message"] and "data" in refused["message"] + str(refused)
    assert team("list", "--json").json["datasets"] == []
    plan.write_text("{}", "utf-8")
    assert "is no plan" in team("release", "v1.0", "--plan", plan, code=2).err
    assert "cannot read" in team("release", "v1.0", "--plan", "nowhere.json", code=2).err


def test_the_comment_of_a_pull_request(team):
    released(team)
    write_csv(team.cwd / "data" / "reviews" / "validation.csv", [*rows("validation", 19), rows("train", 1)[0]])
    done = team(
        "check", "--format", "markdown=out/comment.md", "--format", "junit=out/junit.xml", "--format", "github", code=1
    )
    comment = (team.cwd / "out" / "comment.md").read_text("utf-8")
    assert "## ❌ The dataset is not fit for release" in comment and "leakage-exact" in comment
    assert "frozen rows relabelled" in comment and "tr00000" not in comment
    assert "::error file=checks/reviews.yaml,line=" in done.out
    assert "<failure" in (team.cwd / "out" / "junit.xml").read_text("utf-8")


def test_unknown_states_are_told_apart(team):
    team("release", "v1.0", "--quiet")
    assert "selects no release" in team("diff", "reviews@7", code=6).err
    assert "are of two datasets" in team("diff", "reviews@1.0", "others@1.0", code=2).err
    assert team("diff", "nothing", code=None).code in (2, 6)
