from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.cards.declared import FIELDS, SECTIONS, STRUCTURED, load_card, parse_card
from registry.cards.fresh import new_card
from registry.cards.vocabulary import LICENSES, TASKS, problem_with, size_category
from registry.cards.yaml import front_matter
from registry.errors import ConfigError
from registry.model.process import RECORDS
from registry.model.schema import DatasetSchema
from registry.workspace.yamls import parse_yaml


def refused(text: str) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        parse_card(text, "cards/x.md")
    return caught.value


def test_unknown_field_names_line_and_suggestion() -> None:
    error = refused("---\nsummary: a\npersonal-dat: none\n---\n")
    assert "cards/x.md:3" in str(error)
    assert "personal_data" in str(error)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("license", "not-a-licence"),
        ("language", "한국어"),
        ("task_categories", "[nope]"),
        ("size_categories", "lots"),
        ("annotations_creators", "me"),
    ],
)
def test_values_the_hub_does_not_know_are_refused(field: str, value: str) -> None:
    error = refused(f"---\nsummary: a\n{field}: {value}\n---\n")
    assert "cards/x.md:3" in str(error)
    assert field in str(error)


def test_hyphens_and_underscores_are_one_name_and_twice_is_refused() -> None:
    assert parse_card("---\npersonal-data: none\n---\n", "x").text("personal_data") == "none"
    assert "twice" in str(refused("---\npersonal-data: none\npersonal_data: some\n---\n"))


def test_other_licence_needs_a_name() -> None:
    assert "license_name" in str(refused("---\nlicense: other\n---\n"))
    assert parse_card("---\nlicense: other\nlicense_name: KOGL\n---\n", "x").text("license") == "other"


def test_boolean_words_stay_words() -> None:
    card = parse_card("---\nlanguage: [no]\npersonal_data: no\n---\n", "x")
    assert card.values("language") == ("no",)
    assert card.text("personal_data") == "no"


def test_empty_front_matter_values_are_undeclared() -> None:
    card = parse_card("---\nsummary:\nlanguage: []\ncontact: ''\n---\n", "x")
    assert not card.fields


def test_sections_keep_fenced_headings_and_drop_comments() -> None:
    text = (
        "## 목적\n\n<!-- ask\n## not a heading -->감성\n```\n## code\n```\n## Bias and limits\n<!-- only a prompt -->\n"
    )
    card = parse_card(text, "x")
    assert card.section("purpose") == "감성\n```\n## code\n```"
    assert not card.has("bias")


def test_misspelt_heading_is_refused_and_a_new_one_is_kept() -> None:
    assert "personal data" in str(refused("## Persnal data\n\nnone\n"))
    assert parse_card("## 감사의 말\n\n고맙습니다\n", "x").extra == (("감사의 말", "고맙습니다"),)


def test_unclosed_front_matter_and_broken_yaml_are_errors() -> None:
    assert "never ends" in str(refused("---\nsummary: a\n"))
    assert "cards/x.md:" in str(refused("---\nsummary: [a\n---\n"))


def test_missing_file_names_the_command(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load_card(tmp_path / "none.md")
    assert "registry add" in caught.value.hint


@given(title=st.text(max_size=40), licence=st.sampled_from(["", "mit", "CC-BY-4.0", "공공누리 1유형"]))
def test_a_fresh_card_parses_and_declares_nothing_that_was_not_given(title: str, licence: str) -> None:
    card = parse_card(new_card(DatasetSchema("reviews", title=title, license=licence)), "cards/reviews.md")
    assert not card.sections
    assert set(card.fields) <= {"pretty_name", "license", "license_name"}
    assert bool(card.text("license")) == bool(licence)


@given(
    st.dictionaries(
        st.text(max_size=20),
        st.recursive(
            st.text(max_size=60) | st.integers(-9, 9) | st.booleans(),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
        ),
        min_size=1,
        max_size=5,
    )
)
def test_front_matter_is_read_back_by_other_parsers(value: dict[str, object]) -> None:
    import yaml

    text = front_matter(value)
    body = text.removeprefix("---\n").removesuffix("---\n")
    assert "\n---\n" not in body
    assert yaml.safe_load(body) == value
    assert parse_yaml(body, "x")[0] == value


def test_lone_surrogates_become_replacement_characters() -> None:
    assert parse_yaml(front_matter({"a": "x\ud800y"}).strip("-\n"), "x")[0] == {"a": "x\ufffdy"}


@pytest.mark.parametrize(("rows", "bucket"), [(0, "n<1K"), (999, "n<1K"), (1000, "1K<n<10K"), (10**12, "n>1T")])
def test_size_categories(rows: int, bucket: str) -> None:
    assert size_category(rows) == bucket
    assert problem_with("size_categories", bucket) is None


def test_vocabularies_are_canonical() -> None:
    assert all(name == name.lower() for name in LICENSES | TASKS)
    assert len({section.id for section in SECTIONS}) == len(SECTIONS)
    assert all("-" not in name for name in FIELDS)


def test_a_new_card_asks_for_every_field() -> None:
    text = new_card(DatasetSchema("d", license="CC0 for Korea"))
    asked = [line.partition(":")[0].replace("-", "_") for line in text.split("---")[1].splitlines() if line]
    assert sorted(asked) == sorted([*FIELDS, *STRUCTURED, *(f"  {record}" for record in RECORDS)])
    card = parse_card(text, "cards/d.md")
    assert card.text("license_name") == "CC0 for Korea"
    assert not card.process


def test_a_template_lies_beside_its_card_or_serves_all(tmp_path: Path) -> None:
    card = tmp_path / "reviews.md"
    card.write_text("---\nsummary: x\n---\n", "utf-8")
    assert load_card(card).template == ""
    (tmp_path / "_card.md.j2").write_text("모두", "utf-8")
    assert load_card(card).template == "모두"
    (tmp_path / "reviews.md.j2").write_text("하나", "utf-8")
    declared = load_card(card)
    assert (declared.template, declared.template_file) == ("하나", str(tmp_path / "reviews.md.j2"))
    assert declared.to_json()["template"] == "하나"
    (tmp_path / "reviews.md.j2").write_bytes(b"\xff")
    with pytest.raises(ConfigError, match=r"reviews\.md\.j2"):
        load_card(card)
