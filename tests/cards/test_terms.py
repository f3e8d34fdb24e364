"""Licences of sources and days that end, as checks of the gate."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from registry.cards.terms import IDS, terms
from registry.model.evidence import Check, DataFacts, Evidence
from registry.model.facts import Declared
from registry.model.process import Process
from registry.reports.measures import measure_of
from registry.reports.reasons import korean

DAY = date(2026, 11, 22)


def made(*licenses: str | None, release: str = "cc-by-4.0", **more: Any) -> Check:
    sources = tuple({"name": f"원천 {n}"} | ({"license": one} if one else {}) for n, one in enumerate(licenses))
    declared = Declared(fields={"license": release} | more if release else {}, process=Process(sources=sources))
    (check,) = terms(declared, "", DAY)
    return check


@pytest.mark.parametrize(
    ("licenses", "release", "status", "unexpected"),
    [
        (["cc-by-4.0", "mit", "cc0-1.0"], "cc-by-4.0", "pass", 0),
        (["cc-by-4.0", "cc-by-sa-4.0", "cc-by-nc-4.0"], "cc-by-4.0", "fail", 2),
        (["cc-by-4.0", "우리 약관"], "cc-by-4.0", "not_measured", 0),
        (["cc-by-4.0", None], "cc-by-4.0", "not_measured", 0),
        (["cc-by-sa-4.0", "우리 약관"], "cc-by-4.0", "fail", 1),
        (["cc-by-4.0"], "", "not_measured", 0),
        (["cc-by-4.0"], "llama3", "not_measured", 0),
    ],
)
def test_licences_of_sources(licenses: list[str | None], release: str, status: str, unexpected: int) -> None:
    check = made(*licenses, release=release)
    assert (check.status, check.unexpected, check.total) == (status, unexpected, len(licenses))
    assert check.blocks("critical") is (status != "pass")
    assert bool(check.message) is (status != "pass")
    if check.message:
        assert korean(check.message), check.message


def test_the_named_licence_counts_where_the_card_says_other() -> None:
    assert made("공공누리 제1유형", release="other", license_name="공공누리 제1유형").status == "pass"
    assert made("공공누리 제2유형", release="other", license_name="공공누리 제1유형").status == "fail"


@pytest.mark.parametrize(
    ("card", "schema", "status"),
    [
        ({"license": "mit"}, "MIT", "pass"),
        ({"license": "mit"}, "cc-by-4.0", "fail"),
        ({"license": "other", "license_name": "공공누리 제1유형"}, "공공누리 제1유형", "pass"),
        ({"license": "other", "license_name": "공공누리 제1유형"}, "공공누리 제2유형", "fail"),
        ({"license": "mit"}, "", None),
        ({}, "mit", None),
    ],
)
def test_card_and_schema_name_one_licence(card: dict[str, str], schema: str, status: str | None) -> None:
    found = terms(Declared(fields=card), schema, DAY)
    assert [check.status for check in found] == ([status] if status else [])
    for check in found:
        assert check.blocks("critical") is (status == "fail")
        assert bool(korean(check.message)) is (status == "fail")


def test_a_licence_of_the_schema_stands_in() -> None:
    declared = Declared(process=Process(sources=({"name": "a", "license": "cc-by-nc-4.0"},)))
    assert terms(declared, "mit", DAY)[0].message == "`a` (cc-by-nc-4.0) forbids commercial use, which mit allows"


def test_many_sources_are_counted_and_some_told() -> None:
    check = made(*["cc-by-nd-4.0"] * 30)
    assert check.unexpected == 30
    assert len(check.samples) == 20
    assert check.message.endswith("; and 27 more")
    assert korean(check.message)


@pytest.mark.parametrize("record", ["consent", "retention"])
def test_a_day_that_is_over_fails_from_the_next_day_on(record: str) -> None:
    declared = Declared(process=Process({record: {"until": DAY.isoformat()}}))
    for day, status in ((DAY, "pass"), (date(2026, 11, 23), "fail")):
        (check,) = terms(declared, "", day)
        assert (check.id, check.status, check.arguments) == (f"terms:{record}", status, {"until": "2026-11-22"})
        assert str(day) not in str(check.to_json() | {"arguments": {}, "message": ""})  # nothing tells the day it ran
    assert korean(check.message)


def test_nothing_declared_is_no_check() -> None:
    assert terms(Declared(process=Process({"consent": {"basis": "forms"}})), "mit", DAY) == []


def test_every_check_has_a_name_and_is_left_out_of_what_is_remembered() -> None:
    assert all(measure_of("terms", one).family == "provenance" for one in IDS)
    facts = DataFacts("0" * 64, 1, 1, 1, {})
    checks = [made("mit"), Check("data:rows", "data", "pass")]
    evidence = Evidence.of(checks=checks, fail_on="critical", dataset="x", data=facts, ruleset="1" * 64)
    assert [check.id for check in evidence.measured().checks] == ["data:rows"]
