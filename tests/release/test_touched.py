"""Every dataset that a branch touched, one after the other; and what stood there before it did."""

from __future__ import annotations

import json
import shutil

import pytest
from jsonschema import Draft202012Validator

from registry.authoring.add import AddOptions, add
from registry.errors import UsageError
from registry.formats.documents import schema_of
from registry.release.touched import diff_touched
from registry.schemas.infer import Roles
from registry.stores.local import LocalStore
from registry.workspace.git import Git
from registry.workspace.workspace import Workspace
from tests.automation.team import here
from tests.journeys.harness import rows, write_csv
from tests.release.conftest import commit
from tests.release.test_gate import grow, judged

pytestmark = pytest.mark.slow


def second(team, name="opinions"):
    write_csv(team / "data" / f"{name}.csv", rows("의견", 30))
    add(Workspace.find(team), team / "data" / f"{name}.csv", AddOptions(roles=Roles(label="label", key="id")))
    commit(team)


def renamed(team):
    """`opinions` is called `views` at another path, with the same rows and one more."""
    text = (team / "dvc.yaml").read_text("utf-8").replace("  opinions:", "  views:")
    (team / "dvc.yaml").write_text(text, "utf-8")
    write_csv(team / "data" / "opinions.csv", rows("의견", 31))
    add(Workspace.find(team), team / "data" / "opinions.csv", AddOptions(name="views"))
    commit(team)


def differences(team, before=None, after=None):
    return diff_touched(Workspace.find(team), before, after, LocalStore(team.parent / "store"))


def test_all_that_two_revisions_differ_in_is_shown(team, capsys):
    second(team)
    Git.require(team).run("tag", "two")
    assert differences(team, "two").untouched == ("opinions", "reviews") and differences(team, "two").touched == ()
    grow(team, 83)
    renamed(team)
    found = differences(team, "two", "HEAD")
    told = [(one.before, one.after, one.level) for one in found.touched]
    assert told == [
        ("reviews at two", "reviews at HEAD", "minor"),
        ("opinions at two", "views at HEAD", "minor"),
    ]
    assert (found.level, found.added, found.deleted, found.untouched) == ("minor", (), (), ())
    assert [one.rows.added for one in found.touched] == [{"train": 3}, {"train": 1}]
    assert differences(team, "main").added == ("views",) and differences(team, "HEAD").level == "none"

    assert here(team, "diff", "two", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    Draft202012Validator(schema_of("registry.diffs/1")).validate(document)
    assert [one["to"] for one in document["datasets"]] == ["reviews", "views"]
    assert here(team, "diff", "two", "--dataset", "views", "--json") == 0
    assert json.loads(capsys.readouterr().out)["from"] == "opinions at two"
    with pytest.raises(UsageError, match="a page is of one dataset"):
        here(team, "diff", "two", "--format", "html")


def test_data_that_was_edited_and_not_added_is_touched(team):
    write_csv(team / "data" / "reviews" / "train.csv", rows("train", 81))
    (found,) = differences(team, "HEAD").touched
    assert found.rows.added == {"train": 1}


def test_without_a_revision_each_is_compared_with_its_release(team):
    second(team)
    grow(team, 82)
    found = differences(team)
    assert [(one.before, one.level) for one in found.touched] == [("reviews@1.0.0", "minor")]
    assert found.added == ("opinions",) and ("never released", ("opinions",)) in found.others()


def test_findings_of_the_base_are_told_from_those_of_the_branch(team):
    twins = [{**row, "id": f"쌍{at}"} for at, row in enumerate(rows("train", 10))]
    write_csv(team / "data" / "reviews" / "train.csv", [*rows("train", 80), *twins])
    add(Workspace.find(team), team / "data" / "reviews", AddOptions())
    commit(team)
    Git.require(team).run("branch", "base")
    assert here(team, "check") in (0, 1)  # as a run of the main branch would: what it found is remembered
    write_csv(team / "data" / "reviews" / "test.csv", [*rows("test", 20), {**rows("train", 1)[0], "id": "x"}])
    add(Workspace.find(team), team / "data" / "reviews", AddOptions())
    commit(team)
    found = judged(team, base="base")
    known = found.before["reviews"]
    assert known.origin == "the base (an earlier run on this machine)"
    checks = {check.id: check for check in found.evidences[0].checks}
    assert checks["duplicates"].status == "fail" and known.had(checks["duplicates"])
    assert checks["leakage-exact"].status == "fail" and not known.had(checks["leakage-exact"])
    shutil.rmtree(team / ".registry" / "cache" / "verdicts")
    known = judged(team, base="base").before["reviews"]
    assert known.origin == "reviews@1.0.0" and not known.had(checks["duplicates"])
    suite = team / "checks" / "reviews.yaml"
    suite.write_text(suite.read_text("utf-8").replace("severity: critical", "severity: warning"), "utf-8")
    told = [fact.detail for fact in judged(team, base="base").differences["reviews"].facts]
    assert 'leakage-exact: severity "critical" → "warning"' in told
