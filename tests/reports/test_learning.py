"""The learning curve and agreement by class are drawn from the evidence, escaped, in both languages."""

from __future__ import annotations

import pytest

from registry.model.evidence import Check
from registry.reports.quality import quality_html
from tests.reports.making import facts_of
from tests.reports.page import Page
from tests.reports.test_pages import SCHEMA, reviews

HOSTILE = '"><script>alert(1)</script>'
CURVE = {
    "score": 0.9,
    "last_gain": 0.04,
    "expected_gain": 0.02,
    "curve": [
        {"rows": 50, "value": 0.7, "low": 0.65, "high": 0.75},
        {"rows": 100, "value": 0.86, "low": 0.86, "high": 0.86},
        {"rows": 200, "value": 0.9, "low": 0.9, "high": 0.9},
    ],
    "law": {"a": 3.0, "b": 0.6, "c": 0.02},
    "train_score": 0.97,
    "majority": 0.5,
    "slices": {"곳": {"few": 1, "spread": 0.1, "scores": {HOSTILE: {"rows": 40, "score": 0.815}}}},
    "by_class": {HOSTILE: {"rows": 90, "score": 0.8}, "긍정": {"rows": 110, "score": None}},
}
AGREED = {
    "value": 0.72,
    "low": 0.7,
    "high": 0.74,
    "items": 90,
    "classes": {
        HOSTILE: {"ratings": 9, "agreement": 0.5, "alpha": -0.1},
        "x": {"ratings": 9, "agreement": 1, "alpha": None},
    },
    "annotators": {HOSTILE: {"ratings": 9, "agreement": 0.5}, "nobody": {"ratings": 1, "agreement": None}},
}


def checks(status):
    limits = {"max_last_gain": 0.02}, {"metric": "krippendorff", "min_value": 0.667}
    total = 0 if status == "not_measured" else 1
    rest = {"total": total, "unexpected": 0}
    return (
        Check("c", "expect_data_to_suffice", status, "warning", ("t",), observed=CURVE, threshold=limits[0], **rest),
        Check(
            "a", "expect_annotator_agreement_at_least", status, "warning", observed=AGREED, threshold=limits[1], **rest
        ),
    )


@pytest.fixture(scope="module")
def facts(tmp_path_factory):
    splits = {"train": reviews(160), "test": reviews(20)}
    return {
        status: facts_of(tmp_path_factory.mktemp("p") / status, splits, SCHEMA, checks=checks(status))
        for status in ("pass", "not_measured")
    }


@pytest.mark.parametrize(("lang", "words"), [("en", ("Learning curve", "Told right")), ("ko", ("학습 곡선", "정답률"))])
def test_curve_and_agreement_are_drawn(facts, lang, words):
    page = quality_html(facts["pass"], lang)
    assert all(word in page for word in words) and "<script" not in page
    assert Page(page)
    drawn = page.split('id="curves"')[1].split("</section>")[0]
    assert drawn.count('class="dot"') == 3 and drawn.count('class="axis"') == 2  # one spread, and the foot
    assert "81.5%" in drawn and "곳" in drawn
    for count in ("50", "100", "200", "400"):
        assert f">{count}</text>" in drawn
    agreed = page.split('id="agreements"')[1].split("</section>")[0]
    assert "0.72" in agreed and "0.7" in agreed and "nobody" not in agreed


def test_what_was_not_measured_is_not_drawn(facts):
    page = quality_html(facts["not_measured"], "en")
    assert 'id="curves"' not in page and 'id="agreements"' not in page
