"""Waivers: what they excuse, until when, and what they never excuse."""

from __future__ import annotations

import datetime as dt

import pytest

from registry.checks.waivers import Waiver, apply_waivers, load_waivers
from registry.errors import ConfigError
from registry.model.evidence import Check, verdict_of

TODAY = dt.date(2026, 5, 1)
ENTRY = "- {check_id: rows, reason: known, owner: kim, expires: 2026-05-01}\n"


def waivers(tmp_path, text):
    path = tmp_path / "waivers.yaml"
    path.write_text(text, "utf-8")
    return load_waivers(path)


def check(status, name="rows"):
    return Check(id=name, type="expect_rows_to_be_unique", status=status)


def test_excuses_through_its_last_day(tmp_path):
    found = waivers(tmp_path, ENTRY)
    (waived,) = apply_waivers([check("fail")], found, TODAY)
    assert (waived.status, waived.waiver) == ("waived", {"reason": "known", "owner": "kim", "expires": "2026-05-01"})
    assert verdict_of([waived], fail_on="critical") == "pass"
    (late,) = apply_waivers([check("fail")], found, TODAY + dt.timedelta(days=1))
    assert late.status == "fail" and "ended on 2026-05-01" in late.message and late.blocks("critical")


def test_errors_and_passes_are_left(tmp_path):
    found = waivers(tmp_path, ENTRY)
    for status in ("error", "pass", "not_applicable"):
        assert apply_waivers([check(status)], found, TODAY) == [check(status)]
    assert apply_waivers([check("not_measured")], found, TODAY)[0].status == "waived"


def test_unknown_check(tmp_path):
    with pytest.raises(ConfigError, match="did you mean `rowz`") as caught:
        apply_waivers([check("fail", "rowz")], waivers(tmp_path, ENTRY), TODAY)
    assert "waivers.yaml:1" in str(caught.value)


def test_of_another_dataset(tmp_path):
    found = waivers(tmp_path, ENTRY.replace("owner", "dataset: other, owner"))
    assert apply_waivers([check("fail")], found, TODAY, "reviews")[0].status == "fail"
    assert apply_waivers([check("fail")], found, TODAY, "other")[0].status == "waived"


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("- {check_id: rows, owner: kim, expires: 2026-05-01}", "needs `reason`"),
        ("- {check_id: rows, reason: x, owner: kim, expires: soon}", "is no day"),
        ("- {check_id: rows, reason: x, owner: kim, expire: 2026-05-01}", "did you mean `expires`"),
        ("- rows", "mapping"),
        ("rows", "no list"),
        (ENTRY + ENTRY, "line 1 already"),
    ],
)
def test_refused(tmp_path, text, part):
    with pytest.raises(ConfigError, match=part):
        waivers(tmp_path, text)


def test_absent_and_empty(tmp_path):
    assert load_waivers(tmp_path / "none.yaml") == ()
    assert waivers(tmp_path, "# none yet\n") == ()
    assert waivers(tmp_path, "waivers:\n  " + ENTRY) == waivers(tmp_path, "waivers:\n  " + ENTRY)


@pytest.mark.parametrize("turned", [False, True])
def test_a_waiver_of_the_dataset_goes_before_one_of_any(turned):
    ended, valid = dt.date(2026, 1, 1), dt.date(2027, 1, 1)
    waivers = [Waiver("rows", "r", "kim", ended), Waiver("rows", "r", "lee", valid, dataset="reviews")]
    found = [Check(id="rows", type="expect_rows_to_be_unique", status="fail")]
    (check,) = apply_waivers(found, waivers[::-1] if turned else waivers, dt.date(2026, 6, 1), "reviews")
    assert check.status == "waived" and check.waiver["owner"] == "lee"
    (other,) = apply_waivers(found, waivers[::-1] if turned else waivers, dt.date(2026, 6, 1), "news")
    assert other.status == "fail"
