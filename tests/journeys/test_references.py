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
