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
"""


def drift_of(document):
    (evidence,) = document["datasets"]
    return next(check for check in evidence["checks"] if check["id"] == "drift"), evidence["references"]


def test_drift_is_measured_from_the_release_before(team):
    suite = team.cwd / "checks" / "reviews.yaml"
    suite.write_text(suite.read_text("utf-8") + DRIFT, "utf-8")
    team.commit("Watch for drift")
    check, references = drift_of(team("check", "--json").json)
    assert (check["status"], references) == ("not_applicable", {})
    assert "there is no previous release" in check["message"]
    team("release", "v1.0", "--quiet")
    same, references = drift_of(team("check", "--json").json)
    assert (same["status"], same["total"], same["observed"]["value"]) == ("pass", 2, 0)
    assert list(references) == ["reviews@1.0.0"] and references["reviews@1.0.0"].startswith("sha256:")
    negative = [{**row, "label": "neg"} for row in rows("train", 80)]
    write_csv(team.cwd / "data" / "reviews" / "train.csv", negative)
    moved, _ = drift_of(team("check", "--json", code=1).json)
    assert (moved["status"], moved["unexpected"], moved["samples"][0]["column"]) == ("fail", 1, "label")
    assert "columns moved since reviews@1.0.0" in moved["message"]
    lost = team("check", "--json", "--store", "s3://bucket.invalid/x", code=1)
    check, _ = drift_of(lost.json)
    assert check["status"] == "error"


def test_no_row_that_was_once_a_test_row_becomes_a_training_row(team):
    settings = team.cwd / "registry.toml"
    settings.write_text(settings.read_text("utf-8") + '\n[release]\nfingerprints = "salted"\n', "utf-8")
    suite = team.cwd / "checks" / "reviews.yaml"
    entry = """
  - type: expect_no_contamination_with
    kwargs: {references: ["reviews@latest:test"], splits: [train], near: false}
    meta: {check_id: contamination}
"""
    suite.write_text(suite.read_text("utf-8") + entry, "utf-8")
    team.commit("Watch the test split over releases")

    def contamination(**expected):
        (evidence,) = team("check", "--json", **expected).json["datasets"]
        return next(check for check in evidence["checks"] if check["id"] == "contamination"), evidence["references"]

    first, references = contamination()
    assert (first["status"], references) == ("not_applicable", {})
    assert first["message"] == "there is no previous release to compare with"
    team("release", "v1.0", "--quiet")
    assert contamination()[0]["status"] == "pass"
    moved = team.cwd / "data" / "reviews"
    write_csv(moved / "train.csv", [*rows("train", 80), rows("test", 20)[3]])
    write_csv(moved / "test.csv", rows("test", 20)[:3])
    found, references = contamination(code=1)
    assert (found["status"], found["unexpected"], list(references)) == ("fail", 1, ["reviews@1.0.0"])


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
