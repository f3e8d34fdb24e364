"""Rules that refer to other releases: drift from the one before."""

from __future__ import annotations

import pytest

from tests.journeys.harness import rows, write_csv

pytestmark = pytest.mark.slow
DRIFT = """
  - type: expect_no_drift_from_previous_release
    kwargs: {columns: [label, text], measure: js, max_value: 0.05}
    severity: critical
    meta: {check_id: drift}
  - type: expect_no_contamination_with
    kwargs: {references: ["reviews@latest:test"], splits: [train], near: false}
    meta: {check_id: once-test}
"""


def drift_of(document):
    (evidence,) = document["datasets"]
    return next(check for check in evidence["checks"] if check["id"] == "drift"), evidence["references"]


def once_test(document):
    (evidence,) = document["datasets"]
    return next(check for check in evidence["checks"] if check["id"] == "once-test")


def test_drift_and_rows_that_once_were_test_rows_are_told_from_the_release_before(team):
    settings = team.cwd / "registry.toml"
    settings.write_text(settings.read_text("utf-8") + '\n[release]\nfingerprints = "salted"\n', "utf-8")
    suite = team.cwd / "checks" / "reviews.yaml"
    suite.write_text(suite.read_text("utf-8") + DRIFT, "utf-8")
    team.commit("Watch for drift")
    first = team("check", "--json").json
    check, references = drift_of(first)
    assert (check["status"], references) == ("not_applicable", {})
    assert once_test(first)["message"] == "there is no previous release to compare with"
    assert "there is no previous release" in check["message"]
    team("release", "v1.0", "--quiet")
    again = team("check", "--json").json
    same, references = drift_of(again)
    assert once_test(again)["status"] == "pass"
    assert (same["status"], same["total"], same["observed"]["value"]) == ("pass", 2, 0)
    assert list(references) == ["reviews@1.0.0"] and references["reviews@1.0.0"].startswith("sha256:")
    negative = [{**row, "label": "neg"} for row in rows("train", 80)]
    write_csv(team.cwd / "data" / "reviews" / "train.csv", [*negative, rows("test", 20)[3]])
    write_csv(team.cwd / "data" / "reviews" / "test.csv", rows("test", 20)[:3])
    after = team("check", "--json", code=1).json
    moved, _ = drift_of(after)
    assert (once_test(after)["status"], once_test(after)["unexpected"]) == ("fail", 1)
    assert (moved["status"], moved["unexpected"], moved["samples"][0]["column"]) == ("fail", 1, "label")
    assert "columns moved since reviews@1.0.0" in moved["message"]
    lost = team("check", "--json", "--store", "s3://bucket.invalid/x", code=1)
    check, _ = drift_of(lost.json)
    assert check["status"] == "error"


def test_a_benchmark_is_found_in_other_data_without_its_rows(team):
    settings = team.cwd / "registry.toml"
    settings.write_text(settings.read_text("utf-8") + '\n[release]\nfingerprints = "salted"\n', "utf-8")
    team.commit("Ship fingerprints")
    team("release", "v1.0", "--quiet")
    shown = team("show", "reviews@1.0", "--json").json
    assert ".registry/fingerprints.bin" in shown["artefacts"]
    corpus = rows("corpus", 40)
    corpus[7]["text"] = rows("test", 20)[3]["text"]
    write_csv(team.cwd / "data" / "corpus" / "train.csv", corpus)
    team("add", "data/corpus", "--text", "text", "--key", "id", "--label", "label")
    suite = team.cwd / "checks" / "corpus.yaml"
    entry = """
  - type: expect_no_contamination_with
    kwargs: {references: ["reviews@^1"], near: false}
    meta: {check_id: contamination}
"""
    suite.write_text(suite.read_text("utf-8") + entry, "utf-8")
    (evidence,) = team("check", "corpus", "--json", code=1).json["datasets"]
    found = next(check for check in evidence["checks"] if check["id"] == "contamination")
    assert (found["status"], found["total"]) == ("fail", 40)
    assert found["samples"][0]["row"] == corpus[7]["id"]
    assert list(evidence["references"]) == ["reviews@1.0.0"]
    team("drop", "corpus", "--check", "contamination")
    (evidence,) = team("check", "corpus", "--json", code=None).json["datasets"]
    found = next(check for check in evidence["checks"] if check["id"] == "contamination")
    assert (found["status"], found["total"]) == ("pass", 39)
