"""Schema files: what they mean, and that every mistake is named with its place."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.errors import ConfigError
from registry.model.schema import ROLES, Column, DatasetSchema
from registry.schemas.odcs import load_schema, parse_schema
from registry.schemas.write import write_schema

HEAD = "apiVersion: v3.1.0\nkind: DataContract\nid: x\nversion: 1.0.0\nstatus: active\n"


def entry(*properties: str, custom: str = "") -> str:
    lines = "".join(f"  - {one}\n" for one in properties)
    extra = f"  customProperties: {custom}\n" if custom else ""
    return f"{HEAD}schema:\n- name: x\n{extra}  properties:\n{lines}"


def error_of(text: str) -> ConfigError:
    with pytest.raises(ConfigError) as raised:
        parse_schema(text, "schemas/x.yaml")
    return raised.value


def test_a_whole_file(tmp_path: Path) -> None:
    file = tmp_path / "reviews.yaml"
    file.write_text(
        HEAD.replace(
            "id: x",
            "id: reviews\nname: 상품평\ndescription: {purpose: 감성 분석}\n"
            "team: {name: 데이터팀}\nsupport: [{channel: mail, url: 'mailto:a@example.org'}]\n"
            "customProperties: [{property: license, value: cc-by-4.0}]",
        )
        + """
schema:
- name: reviews
  logicalType: object
  customProperties:
  - {property: splits, value: {train: "train/*.csv", test: "test/*.csv"}}
  - {property: open, value: true}
  - {property: encoding, value: CP949}
  properties:
  - name: 본문
    logicalType: string
    required: true
    logicalTypeOptions: {minLength: 1, maxLength: 500, pattern: "^[가-힣]"}
    customProperties: [{property: role, value: text}]
  - {name: 별점, logicalType: integer, physicalType: int8, logicalTypeOptions: {minimum: 1, maximum: 5}}
  - name: 감성
    logicalType: string
    customProperties: [{property: role, value: label}, {property: classes, value: [부정, 긍정]}]
  - {name: 날짜, logicalType: date, logicalTypeOptions: {minimum: 2020-01-01}, classification: restricted}
  - {name: 태그, logicalType: array, items: {logicalType: string}}
  - name: 위치
    logicalType: object
    properties: [{name: 위도, logicalType: number}, {name: 경도, logicalType: number}]
""",
        "utf-8",
    )
    schema = load_schema(file)
    assert schema == DatasetSchema(
        "reviews",
        (
            Column("본문", "string", required=True, role="text", min_length=1, max_length=500, pattern="^[가-힣]"),
            Column("별점", "int8", minimum=1, maximum=5),
            Column("감성", "string", role="label", classes=("부정", "긍정")),
            Column("날짜", "date32", minimum="2020-01-01", classification="restricted"),
            Column("태그", "list<string>"),
            Column("위치", "struct<위도: double, 경도: double>"),
        ),
        splits={"train": "train/*.csv", "test": "test/*.csv"},
        open=True,
        encoding="cp949",
        license="cc-by-4.0",
        title="상품평",
        description="감성 분석",
    )


@pytest.mark.parametrize(
    ("property_", "place", "problem"),
    [
        (
            "{name: a, logicalType: string, requird: true}",
            "9 (schema.0.properties.0.requird)",
            "did you mean required?",
        ),
        ("{name: a, logicaltype: string}", "9 (schema.0.properties.0.logicaltype)", "did you mean logicalType?"),
        ("{name: a, logicalType: strng}", "9 (schema.0.properties.0.logicalType)", "did you mean string?"),
        ("{name: a, physicalType: int46}", "9 (schema.0.properties.0.physicalType)", "int46 is no Arrow type name"),
        (
            "{name: a, physicalType: int64, logicalType: string}",
            "9 (schema.0.properties.0.logicalType)",
            "int64 is integer",
        ),
        ("{name: a}", "9 (schema.0.properties.0)", "neither physicalType nor logicalType"),
        ("{name: a, logicalType: string, required: ja}", "9 (schema.0.properties.0.required)", "not of type 'boolean'"),
        ("{name: a, logicalType: string, quality: []}", "9 (schema.0.properties.0.quality)", "not read here"),
        ("{name: a, logicalType: string, enum: [{value: 1}]}", "9 (schema.0.properties.0.enum)", "customProperties"),
        ("{logicalType: string}", "9 (schema.0.properties.0)", "'name' is a required property"),
        ("{name: a, physicalType: int64, logicalTypeOptions: {minimum: 1}}", "9 (", "need a logicalType"),
        ("{name: a, logicalType: integer, logicalTypeOptions: {minimun: 1}}", "9 (", "did you mean minimum?"),
        (
            "{name: a, logicalType: integer, logicalTypeOptions: {minimum: 3, maximum: 1}}",
            "9 (",
            "greater than maximum",
        ),
        ("{name: a, logicalType: integer, logicalTypeOptions: {minLength: 3}}", "9 (", ""),
        ("{name: a, logicalType: string, logicalTypeOptions: {minLength: 3, maxLength: 2}}", "9 (", "greater than"),
        ("{name: a, logicalType: string, logicalTypeOptions: {pattern: '('}}", "9 (", "no regular expression"),
        ("{name: a, logicalType: date, logicalTypeOptions: {minimum: '2024-02-31'}}", "9 (", "no minimum"),
    ],
)
def test_a_mistake_in_a_column_is_named(property_: str, place: str, problem: str) -> None:
    error = error_of(entry(property_))
    assert f"schemas/x.yaml:{place}" in str(error)
    assert problem in str(error)
    assert error.hint and error.exit == 2


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("rol", "text", "did you mean role?"),
        ("role", "labell", "did you mean label?"),
        ("role", "[label]", "unknown role"),
        ("classes", "[]", "at least one"),
        ("classes", "[1, 2]", "no value of the type string"),
        ("classes", "[a, b, a]", "stands twice"),
        ("enum", "neg", "a list"),
        ("splits", "{}", "did you mean"),
    ],
)
def test_custom_properties_are_closed(name: str, value: str, problem: str) -> None:
    text = entry(f"{{name: a, logicalType: string, customProperties: [{{property: {name}, value: {value}}}]}}")
    assert problem in str(error_of(text)) or name == "splits"


@pytest.mark.parametrize(
    ("custom", "problem"),
    [
        ("[{property: split, value: {}}]", "did you mean splits?"),
        ("[{property: splits, value: [a]}]", "mapping"),
        ("[{property: splits, value: {'a b': x}}]", "no name of a split"),
        ("[{property: splits, value: {a: /x}}]", "relative"),
        ("[{property: open, value: 'yes'}]", "true or false"),
        ("[{property: encoding, value: cp9499}]", "no text encoding"),
        ("[{property: open, value: true}, {property: open, value: true}]", "twice"),
    ],
)
def test_custom_properties_of_the_schema_are_vetted(custom: str, problem: str) -> None:
    assert problem in str(error_of(entry("{name: a, logicalType: string}", custom=custom)))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (HEAD, "the field schema is missing"),
        (HEAD + "schema: []\n", "one entry"),
        (HEAD + "schema: [{name: x, properties: []}]\n", "no column"),
        (HEAD.replace("v3.1.0", "v3.1") + "schema: []\n", "did you mean v3.1.0?"),
        (HEAD + "shema: []\n", "did you mean schema?"),
        ("- 1\n", "mapping"),
        (entry("{name: a, logicalType: string}", "{name: A, logicalType: string}"), "declared twice"),
        (entry("{name: a, logicalType: string}").replace("Contract\n", "Contrct\n"), "did you mean DataContract?"),
    ],
)
def test_a_mistake_in_the_file_is_named(text: str, problem: str) -> None:
    assert problem in str(error_of(text))


def test_the_line_is_that_of_the_mistake() -> None:
    text = entry("name: a\n    logicalType: string\n    requird: true", "name: b\n    logicalType: string")
    assert error_of(text).fields["line"] == 11


def test_two_sources_of_splits_are_refused() -> None:
    role = "customProperties: [{property: role, value: split}]"
    splits = "[{property: splits, value: {train: a}}]"
    assert "two places" in str(error_of(entry(f"{{name: a, logicalType: string, {role}}}", custom=splits)))


NAMES = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=12).filter(
    str.strip
)
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=20)


@st.composite
def columns(draw: st.DrawFn, name: str) -> Column:
    kind = draw(
        st.sampled_from(
            [
                "string",
                "int8",
                "int64",
                "double",
                "bool",
                "date32",
                "timestamp[us, tz=UTC]",
                "binary",
                "list<string>",
                "struct<a: int64, b: list<date32>>",
                "decimal128(5, 2)",
            ]
        )
    )
    extra: dict[str, Any] = {}
    if kind == "string":
        extra["classes"] = tuple(
            draw(
                st.lists(
                    st.one_of(TEXTS, st.sampled_from(["yes", "01", "null", "1.0", "2024-01-01"])),
                    unique=True,
                    max_size=3,
                )
            )
        )
        extra |= {
            "min_length": draw(st.none() | st.integers(0, 5)),
            "pattern": draw(st.sampled_from([None, "^a+$", "[가-힣]"])),
        }
    if kind == "int64":
        extra |= {
            "enum": tuple(draw(st.lists(st.integers(-5, 5), unique=True))),
            "minimum": draw(st.none() | st.integers()),
        }
    if kind == "double":
        extra["maximum"] = draw(st.none() | st.floats(allow_nan=False, allow_infinity=False))
    if kind == "date32":
        extra["minimum"] = draw(st.none() | st.dates().map(datetime.date.isoformat))
    if kind == "bool":
        extra["classes"] = draw(st.sampled_from([(), (True, False), (False,)]))
    flags: dict[str, Any] = {flag: draw(st.booleans()) for flag in ("required", "unique", "primary_key")}
    role = draw(st.sampled_from([None, *(role for role in ROLES if role != "split")]))
    return Column(name, kind, role=role, description=draw(TEXTS), classification=draw(TEXTS), **flags, **extra)


@st.composite
def schemas(draw: st.DrawFn) -> DatasetSchema:
    names = draw(st.lists(NAMES, min_size=1, max_size=4, unique_by=str.casefold))
    splits = draw(
        st.dictionaries(
            st.sampled_from(["train", "test", "검증", "a.b-c"]),
            st.sampled_from(["*.csv", "x/**", "가?.tsv"]),
            max_size=3,
        )
    )
    return DatasetSchema(
        draw(st.sampled_from(["reviews", "x-1", "0"])),
        tuple(draw(columns(name)) for name in names),
        splits=splits,
        open=draw(st.booleans()),
        encoding=draw(st.sampled_from(["utf-8", "cp949"])),
        license=draw(TEXTS),
        title=draw(TEXTS),
        description=draw(TEXTS),
    )


@settings(deadline=None)
@given(schemas())
def test_what_is_written_reads_back_the_same(schema: DatasetSchema) -> None:
    assert parse_schema(write_schema(schema), "x.yaml") == schema
