from __future__ import annotations

import base64
import hashlib
import re
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pytest

from registry.errors import UsageError
from registry.model.evidence import STATUSES, Check
from registry.model.facts import Declared, ReleaseFacts
from registry.model.schema import Column, DatasetSchema
from registry.reports.eda import eda_html
from registry.reports.quality import quality_html, quality_json
from registry.reports.text import Text
from registry.reports.words import NOUNS, WORDS
from tests.reports.making import facts_of
from tests.reports.page import Page

SCHEMA = DatasetSchema(
    "reviews",
    (
        Column("id", "string", role="key"),
        Column("text", "string", role="text"),
        Column("label", "string", role="label", classes=("긍정", "부정", "중립")),
    ),
)
PAYLOADS = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "</style><script>x</script>",
    "{{ 7*7 }}{% raw %}",
    "'; DROP TABLE data; --",
    "\u202egnp.exe\u0000",
    "&lt;b&gt;",
    "javascript:alert(1)",
    "]]></title><script>",
)


def reviews(rows: int) -> pa.Table:
    return pa.table(
        {
            "id": [f"r{i}" for i in range(rows)],
            "text": [f"좋은 상품 {i % 17} very good" for i in range(rows)],
            "label": [("긍정", "부정", "긍정", "중립")[i % 4] for i in range(rows)],
            "votes": pa.array([None if i % 5 == 0 else i % 9 for i in range(rows)]),
            "at": [datetime(2026, 1, 1 + i % 28) for i in range(rows)],
            "ok": [i % 3 > 0 for i in range(rows)],
        }
    )


def check(status: str, number: int = 0, kind: str = "expect_splits_to_be_disjoint", **more: object) -> Check:
    base = {"total": 200, "unexpected": 7, "threshold": {"max_share": 0.01}, "message": f"message of {status}"}
    return Check(f"{status}-{number}", kind, status, **(base | more))  # type: ignore[arg-type]


def every_status() -> list[Check]:
    waiver = {"reason": "2.0에서 나눔", "owner": "team", "expires": "2027-01-31"}
    found = [check(status) for status in STATUSES if status != "waived"]
    return [*found, check("waived", waiver=waiver)]


@pytest.fixture
def facts(tmp_path: Path) -> ReleaseFacts:
    splits = {"train": reviews(160), "validation": reviews(20), "test": reviews(20)}
    return facts_of(tmp_path / "reviews", splits, SCHEMA, checks=every_status(), version="1.2.0", previous="1.1.0")


def pages(facts: ReleaseFacts) -> dict[str, str]:
    return {f"{kind}-{lang}": draw(facts, lang) for kind, draw in DRAW.items() for lang in ("en", "ko")}


DRAW = {"eda": eda_html, "quality": quality_html}


def safe(source: str) -> Page:
    page = Page(source)
    assert page.tags["script"] == page.tags["img"] == page.tags["iframe"] == page.tags["form"] == 0
    assert page.tags["style"] == page.tags["h1"] == page.tags["main"] == 1
    for tag, name, value in page.attributes:
        assert not name.startswith("on"), (tag, name)
        assert name != "style"
        if name in ("href", "src"):
            assert re.fullmatch(r"#[\w-]+|quality\.html", value), (tag, name, value)
    assert len(page.ids) == len(set(page.ids))
    assert "url(" not in source
    targets = {value[1:] for _, name, value in page.attributes if name == "href" and value.startswith("#")}
    assert targets <= set(page.ids)
    return page


def test_pages_are_safe_whole_and_deterministic(facts: ReleaseFacts) -> None:
    for name, source in pages(facts).items():
        page = safe(source)
        assert "reviews" in page.text, name
    assert pages(facts) == pages(facts)


def test_the_policy_admits_exactly_the_style(facts: ReleaseFacts) -> None:
    for source in pages(facts).values():
        style = re.search(r"<style>(.*?)</style>", source, re.DOTALL)
        assert style
        digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
        assert f"style-src &#39;sha256-{digest}&#39;" in source
        assert "default-src &#39;none&#39;" in source
        assert len(style[1].encode()) <= 16 * 1024


def test_both_languages_hold_the_same_numbers(facts: ReleaseFacts) -> None:
    for draw in DRAW.values():
        english, korean = Page(draw(facts, "en")), Page(draw(facts, "ko"))
        assert english.numbers == korean.numbers
        assert len(english.numbers) > 20


def test_the_measured_stands_on_the_page(facts: ReleaseFacts) -> None:
    text = Page(eda_html(facts, "en")).text.replace("\xa0", " ")
    assert "200 rows in 3 splits and 3 classes" in text
    assert "votes is missing in 20.0% of rows" in text
    assert "긍정 50.0% 80" in text
    assert "Not judged: a check could not be computed" in text


def test_every_status_is_a_word_on_the_quality_page(facts: ReleaseFacts) -> None:
    for lang in ("en", "ko"):
        text = Page(quality_html(facts, lang)).text
        for status in STATUSES:
            assert str(Text(lang)(f"status.{status}")) in text
    assert "2.0에서 나눔" in Page(quality_html(facts, "en")).text
    assert "registry drop reviews --check fail-0" in Page(quality_html(facts, "en")).text


def test_unmeasured_shows_no_value_and_its_reason(tmp_path: Path) -> None:
    facts = facts_of(tmp_path / "d", {"train": reviews(9)}, SCHEMA, checks=[check("not_measured", unexpected=None)])
    page = Page(quality_html(facts, "en"))
    assert "message of not_measured" in page.text
    assert "0 of 0 measured checks pass" in page.text
    assert "Ready to release" not in page.text


def test_no_evidence_is_no_pass(tmp_path: Path) -> None:
    facts = facts_of(tmp_path / "d", {"train": reviews(9)}, SCHEMA)
    for draw in DRAW.values():
        text = safe(draw(facts, "en")).text
        assert "Not checked" in text
        assert "Ready to release" not in text


def test_all_pass_is_said_plainly(tmp_path: Path) -> None:
    facts = facts_of(tmp_path / "d", {"train": reviews(9)}, SCHEMA, checks=[check("pass", unexpected=0)])
    text = safe(quality_html(facts, "en")).text
    assert "Ready to release" in text
    assert "1 of 1 measured checks pass" in text
    assert "What blocks the release" not in text


def test_quality_json_is_a_view_of_the_evidence(facts: ReleaseFacts) -> None:
    assert facts.evidence is not None
    document = quality_json(facts.evidence, facts)
    assert document["format"] == "registry.quality/1"
    assert document["verdict"] == facts.evidence.verdict
    assert document["tally"] == dict.fromkeys(STATUSES, 1)
    measures = [m for family in document["families"] for m in family["measures"]]
    assert {m["id"] for m in measures} == {c.id for c in facts.evidence.checks}
    failed = next(m for m in measures if m["id"] == "fail-0")
    assert (failed["unexpected"], failed["n"], failed["share"], failed["blocks"]) == (7, 200, 0.035, True)
    assert failed["measured"] == {"value": 0.035, "low": None, "high": 0.01, "unit": "share"}


@pytest.mark.parametrize("payload", PAYLOADS)
def test_nothing_from_the_data_becomes_markup(tmp_path: Path, payload: str) -> None:
    column = payload.replace("\0", "")
    rows = pa.table({column: [payload, "a", payload], "label": [payload, payload, "b"]})
    schema = DatasetSchema(
        "reviews",
        (Column(column, "string", description=payload), Column("label", "string", role="label")),
        license=payload,
        title=payload,
    )
    checks = [
        Check(
            payload,
            payload,
            "fail",
            columns=(column,),
            unexpected=1,
            total=3,
            samples=({"v": payload},),
            message=payload,
        ),
        Check("w", "x", "waived", threshold={payload: payload}, observed=[payload], waiver={"reason": payload}),
    ]
    declared = Declared(fields={"summary": payload, "pretty_name": payload}, sections={"purpose": payload})
    facts = facts_of(tmp_path / "d", {"train": rows, "test": rows}, schema, checks=checks, declared=declared)
    for source in pages(facts).values():
        page = safe(source)
        assert "49" not in page.text.split("{{")[0] or "{{" not in payload
        assert "\u202e" not in source
        assert "\0" not in source


def test_a_hostile_name_is_shown(tmp_path: Path) -> None:
    rows = pa.table({"<script>x</script>": [1, 2]})
    text = Page(eda_html(facts_of(tmp_path / "d", {"train": rows}, DatasetSchema("d")), "en")).text
    assert "<script>x</script>" in text


def test_awkward_tables_are_drawn(tmp_path: Path) -> None:
    one = pa.table({"글": ["하나"], "빈": pa.array([None], pa.string())})
    wide = pa.table({f"열{i}": list(range(8)) for i in range(120)})
    none = pa.table({"x": pa.array([], pa.int64())})
    odd = {"dev-2": reviews(7), "fold a": reviews(3)}
    for number, splits in enumerate(({"train": one}, {"train": wide}, {"train": none}, odd)):
        facts = facts_of(tmp_path / str(number), splits, SCHEMA if splits is odd else DatasetSchema("d"))
        for source in pages(facts).values():
            safe(source)
    assert len(eda_html(facts_of(tmp_path / "w", {"train": wide}, DatasetSchema("d")), "en").encode()) < 500 * 1024


def test_columns_without_a_card_are_found_in_the_index(tmp_path: Path) -> None:
    rows = pa.table({f"열{i}": pa.array([None, i] if i % 90 == 0 else [i, i + 1], pa.int64()) for i in range(310)})
    source = eda_html(facts_of(tmp_path / "d", {"train": rows}, DatasetSchema("d")), "en")
    page = safe(source)
    assert {f"c-{i}" for i in range(310)} <= set(page.ids)
    assert source.count("<article") == 4


def test_pictures_for_readers_have_title_and_description(facts: ReleaseFacts) -> None:
    source = eda_html(facts, "en")
    for figure in re.findall(r'<svg class="figure".*?</desc>', source, re.DOTALL):
        assert re.search(r"<title id=\"[\w-]+\">[^<]*\w", figure)
        assert re.search(r"<desc id=\"[\w-]+\">[^<]*\w", figure)
    assert source.count('class="figure"') >= 2


def test_a_range_of_negative_numbers_can_be_read() -> None:
    assert [Text("en").range(*pair) for pair in ((-4, 4), (0, 4))] == ["−4 to 4", "0–4"]
    assert Text("ko").range(-4, 4) == "−4~4"


def test_unknown_language_is_an_error(facts: ReleaseFacts) -> None:
    with pytest.raises(UsageError):
        eda_html(facts, "fr")


PARTICLES = "을|를|이|가|은|는|과|와|로|으로|에|의|도|만|에서|에게|나|이나|라|이라|부터|까지|보다|처럼"


def test_no_korean_particle_touches_a_placeholder() -> None:
    for key, pair in {**WORDS, **{noun: forms[1:] for noun, forms in NOUNS.items()}}.items():
        assert not re.search(rf"\}}(?:{PARTICLES})(?![가-힣])|을\(를\)|이\(가\)", pair[1]), key


def test_both_halves_of_the_catalogue_take_the_same_values() -> None:
    for key, (english, korean) in WORDS.items():
        assert set(re.findall(r"\{(\w+)\}", english)) == set(re.findall(r"\{(\w+)\}", korean)), key
        words = re.sub(r"\{\w+\}", "", english)
        assert re.search("[가-힣]", korean) or not re.search("[A-Za-z]{4}", words) or english == korean, key


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_text_colours_have_contrast_in_both_themes(facts: ReleaseFacts) -> None:
    style = re.search(r"<style>(.*?)</style>", eda_html(facts, "en"), re.DOTALL)
    assert style
    light, dark = re.findall(r":root\{(.*?)\}", style[1], re.DOTALL)[:2]
    for block in (light, dark):
        tokens = dict(re.findall(r"--([\w-]+):(#[0-9A-F]{6})", block))
        for ground in ("bg", "surface", "sunken"):
            for ink in ("ink", "ink2", "link", "pass", "fail", "waived", "mute"):
                assert contrast(tokens[ink], tokens[ground]) >= 4.5, (ink, ground)
            for line in ("edge", "train", "validation", "test"):
                assert contrast(tokens[line], tokens[ground]) >= 3, (line, ground)


def drawn(tmp_path: Path, splits: dict[str, pa.Table], schema: DatasetSchema, **more: object) -> str:
    """The EDA report as a reader sees it, in one line."""
    facts = facts_of(tmp_path / "d", splits, schema, **more)  # type: ignore[arg-type]
    return " ".join(Page(eda_html(facts, "en")).text.replace("\xa0", " ").split())


def test_what_fails_without_blocking_is_seen_first(tmp_path: Path) -> None:
    found = check(
        "fail", kind="expect_no_target_leakage", severity="warning", total=6, unexpected=1,
        columns=("id", "text", "votes"), samples=({"column": "별점", "score": 1.0, "how": "threshold"},),
    )  # fmt: skip
    facts = facts_of(tmp_path / "d", {"train": reviews(40)}, SCHEMA, checks=[found])
    assert facts.evidence is not None
    assert facts.evidence.verdict == "pass"
    text = " ".join(Page(eda_html(facts, "en")).text.split())
    assert text.index("Label given away by one column 별점 : Fail") < text.index("votes is missing")
    assert "Check fail-0 does not block the release" in text
    for page in (quality_html(facts, "ko"), quality_html(facts, "en")):
        titles = re.findall(r"<h3>.*?</h3>", page, re.DOTALL)
        assert any("별점" in title and "votes" not in title for title in titles)


def test_a_finding_of_repeated_rows_is_told_once(tmp_path: Path) -> None:
    twice = {"train": pa.concat_tables([reviews(30).drop(["id"])] * 2)}
    found = check("fail", kind="expect_rows_to_be_unique", severity="warning", total=60, unexpected=30)
    assert "Repeats of another row: 30 rows" in drawn(tmp_path, twice, SCHEMA, checks=[])
    assert "Repeats of another row" not in drawn(tmp_path, twice, SCHEMA, checks=[found])


def test_splits_that_part_by_group_or_hold_a_row_are_no_finding(tmp_path: Path) -> None:
    def rows(start: int, n: int) -> pa.Table:
        return pa.table(
            {"센서": [f"S{start + i % 4}" for i in range(n)], "상태": [("a", "b")[i % 2] for i in range(n)]}
        )

    splits = {"train": rows(0, 200), "validation": rows(9, 1), "test": rows(4, 200)}
    schema = DatasetSchema("sensors", (Column("센서", "string", role="group"),))
    assert "differs between" not in drawn(tmp_path, splits, schema)
    assert "센서 differs between train and test" in drawn(tmp_path, splits, DatasetSchema("sensors"))


def test_numbers_of_a_label_are_drawn_as_classes(tmp_path: Path) -> None:
    table = pa.table({"y": [0, 0, 0, 1] * 20, "x": list(range(80))})
    text = drawn(tmp_path, {"train": table}, DatasetSchema("d", (Column("y", "int64", role="label"),)))
    assert "most often 0 , 75.0%" in text
    assert "Distribution of y" not in text


def test_an_axis_ends_where_the_data_does(tmp_path: Path) -> None:
    table = pa.table({"n": [1, 254, *range(2, 250)], "큰": [2**63 - 1, -(2**63)] * 125})
    text = drawn(tmp_path, {"train": table}, DatasetSchema("d"))
    assert "1 Median 126 254" in text
    assert re.search("−9.22e\\+18 (Median \\S+ )?9.22e\\+18", text)


def test_a_key_of_numbers_has_no_picture(tmp_path: Path) -> None:
    table = pa.table({"id": list(range(500)), "x": [i % 7 for i in range(500)]})
    text = drawn(tmp_path, {"train": table}, DatasetSchema("d", (Column("id", "int64", role="key"),)))
    assert "Distribution of id" not in text
    assert "id integer all distinct 0% 500 0–499" in text


def test_what_did_not_change_is_not_listed(tmp_path: Path) -> None:
    first = facts_of(tmp_path / "d", {"train": reviews(40)}, SCHEMA)
    again = facts_of(tmp_path / "e", {"train": reviews(40)}, SCHEMA, previous="1.0.0", before=first.profile)
    text = " ".join(Page(eda_html(again, "en")).text.split())
    assert "no change since 1.0.0" in text
    moved = text[text.index("No column moved") : text.index("Sample At most")]
    assert "JS divergence" not in moved


def test_what_changed_since_the_last_release_is_seen_first(tmp_path: Path) -> None:
    before = pa.table({"도움": [i % 5 for i in range(200)], "작성일": ["x", "y"] * 100, "n": list(range(200))})
    now = pa.table({"도움": [i % 5 + 3 for i in range(200)], "n": list(range(200))})
    first = facts_of(tmp_path / "a", {"train": before}, DatasetSchema("d"))
    text = drawn(tmp_path, {"train": now}, DatasetSchema("d"), previous="1.0.0", before=first.profile)
    assert (
        text.index("작성일 is gone since 1.0.0")
        < text.index("도움 moved since 1.0.0")
        < text.index("A name leads to its details")
    )
    assert "n moved since" not in text


def test_a_value_that_stands_for_none_is_pointed_at(tmp_path: Path) -> None:
    table = pa.table(
        {"비율": ["nan" if i % 3 else f"0.{i}" for i in range(90)], "y": ["-" if i % 2 else "a" for i in range(90)]}
    )
    schema = DatasetSchema("d", (Column("y", "string", role="label"),))
    text = drawn(tmp_path, {"train": table}, schema)
    assert "비율 is nan in 66.7% of rows" in text
    assert "y is -" not in text
