from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import registry.checks.expectations
from registry.checks.figures import _no_values
from registry.checks.suite import Expectation
from registry.model.evidence import Check
from registry.model.schema import DatasetSchema
from registry.reports.quality import quality_html
from registry.reports.reasons import REASONS, korean
from tests.reports.making import facts_of
from tests.reports.page import Page
from tests.reports.test_pages import check, reviews

HANGUL = re.compile("[가-힣]")


def sentences() -> Iterator[str]:
    """Every reason that an expectation gives by itself, with `3` where it fills something in."""
    for file in sorted(Path(registry.checks.expectations.__path__[0]).glob("*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            named = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Unmeasured"
            if named and isinstance(node, ast.Call):
                yield "".join(written(node.args[0]))


def written(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Constant):
        yield str(node.value)
    elif isinstance(node, ast.JoinedStr):
        for part in node.values:
            yield from written(part)
    else:
        yield "3"


def test_every_reason_of_an_expectation_is_told_in_korean() -> None:
    known = set(sentences()) - {"3"}
    assert len(known) >= 12
    assert {sentence for sentence in known if not HANGUL.search(korean(sentence) or "")} == set()


@pytest.mark.parametrize(
    "message",
    [
        _no_values(Expectation("expect_column_values_to_not_be_null", {"column": "점수"})),
        "no row has a value in memo, score, so there is nothing to measure",
        "`y` has 0 classes of 5 rows or more in 0 rows; at least two, and 20 rows, are needed to hold rows out",
        "all texts of `name` are shorter than 20 characters: exact and normalised checks cover them",
        "given up after 1,000 comparisons, beyond the limit of 900: too many texts share long passages",
        "2 values of `at` are no times: write them as 2024-01-31 or 2024-01-31T09:00:00+09:00",
        "1 times of `at` name no zone while 3 do, so that their order is unknown: write every time with its zone",
        "701 rows repeat another, and chance alone gives about 682: columns of few values (a, b, …) repeat by "
        "themselves, so that copies cannot be told from coincidence; name `columns` that identify a row to have "
        "every equal row counted",
        "`text` is missing (did you mean `텍스트`?); `b` is not declared",
        "`a/b.csv` has no `x`, `y`; their rows read as null there",
        "`x` is int64, not string; `y` is double, not int64",
        "load_dataset reads 12 texts of `코드` as numbers; load_dataset cannot read `시각` of 1,200 rows; and 3 more",
    ],
)
def test_what_is_computed_is_told_in_korean_with_the_same_numbers(message: str) -> None:
    told = korean(message)
    assert told is not None
    assert HANGUL.search(told)
    assert set(re.findall(r"\d[\d,]*", message.replace("2024-01-31", ""))) >= set(
        re.findall(r"\d[\d,]*", told.replace("2024-01-31", ""))
    )
    assert not re.search(r"[a-z]+ (is|are|has|was) ", told)


def test_no_particle_touches_what_is_filled_in() -> None:
    touched = re.compile(r"\\\d[`)]*(을|를|이|가|은|는|와|과|로|으로|에|에서|의|도|만)\b")
    assert [told for told in REASONS.values() if touched.search(told)] == []


def test_a_korean_page_gives_the_reason_in_korean(tmp_path: Path) -> None:
    found = [
        check("not_applicable", message="the data has one split only (train), so nothing can leak"),
        check("not_measured", message="a sentence of another form"),
        Check("rows", "expect_table_row_count_to_be_between", "pass", total=1, unexpected=0, observed=9,
              threshold={"min_value": 5}),
        check("fail", kind="expect_no_target_leakage", unexpected=1,
              samples=({"column": "별점", "score": 1.0, "how": "threshold"},)),
    ]  # fmt: skip
    facts = facts_of(tmp_path / "d", {"train": reviews(9)}, DatasetSchema("d"), checks=found)
    page = quality_html(facts, "ko")
    text = Page(page).text.replace("\xa0", " ")
    assert "분할이 하나뿐이므로 누수 없음 (train)" in text
    assert '<span lang="en"><bdi>a sentence of another form</bdi></span>' in page
    assert "열: 별점" in text and "점수: 1" in text
    assert "column: 별점" in Page(quality_html(facts, "en")).text
    assert "n = 1 " not in text
