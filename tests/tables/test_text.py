"""CSV and JSON Lines: what a value is, and how a mistake is named without showing it."""

from __future__ import annotations

import codecs
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.errors import ConfigError, DataError, RegistryError
from registry.model.schema import Column, DatasetSchema
from registry.privacy.mask import outline
from registry.tables import csv, jsonl
from registry.tables.guess import Guess
from registry.tables.source import Source
from registry.tables.types import format_type, is_type, parse_type
from tests.tables.data import opened, rows

AB = DatasetSchema("x", (Column("a", "int64"), Column("b", "string")))


def read(
    tmp_path: Path, content: bytes | str, schema: DatasetSchema | None = None, path: str = "a.csv"
) -> list[dict[str, Any]]:
    return [{k: v for k, v in row.items() if k != "split"} for row in rows(opened(tmp_path, {path: content}, schema))]


def error(
    tmp_path: Path, content: bytes | str, schema: DatasetSchema | None = None, path: str = "a.csv"
) -> RegistryError:
    with pytest.raises(RegistryError) as raised:
        opened(tmp_path, {path: content}, schema)
    assert raised.value.hint
    return raised.value


def test_only_an_unquoted_empty_field_is_null(tmp_path: Path) -> None:
    found = read(tmp_path, 'a,b\n,\n1,""\n2,NA\n3,null\n4,"NA"\n5, \n', AB)
    assert [row["b"] for row in found] == [None, "", "NA", "null", "NA", " "]
    assert found[0]["a"] is None


def test_newlines_quotes_and_line_ends(tmp_path: Path) -> None:
    assert read(tmp_path, 'a,b\r\n1,"첫\r\n둘 ""인용"", 끝"\r\n\r\n2,5" 화면\r\n', AB) == [
        {"a": 1, "b": '첫\r\n둘 "인용", 끝'},
        {"a": 2, "b": '5" 화면'},
    ]


@pytest.mark.parametrize("tail", ["", "\n", "\n\n", "\r\n"])
def test_the_last_line_needs_no_end(tmp_path: Path, tail: str) -> None:
    assert read(tmp_path, "a,b\n1,x" + tail, AB) == [{"a": 1, "b": "x"}]


KINDS = [
    "string",
    "int64",
    "double",
    "bool",
    "date32",
    "time32[s]",
    "time64[us]",
    "timestamp[s]",
    "timestamp[us, tz=UTC]",
    "decimal128(5, 2)",
    "uint8",
    "binary",
]


@pytest.mark.parametrize("kind", KINDS)
def test_one_column_of_any_type(tmp_path: Path, kind: str) -> None:
    schema = DatasetSchema("x", (Column("a", kind),))
    assert opened(tmp_path, {"a.csv": "a\n"}, schema).rows == 0


@pytest.mark.parametrize(
    "content", ['a,b\n1,"x\n', 'a,b\n1,"x\n2,y\n3,z\n', 'a,b\n1,x\n2,"', 'a\n"x\n', 'a\n1\n"', 'a,b,c\n1,"x,2\n3,4,5\n']
)
def test_a_quote_that_never_ends_is_an_error(tmp_path: Path, content: str) -> None:
    assert "`a.csv`" in str(error(tmp_path, content))


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("a,b\n1,x\n2\n", "1 fields instead of 2 in row 2 (line 3)"),
        ('a,b\n1,"x\ny"\n2,y,z\n', "3 fields instead of 2 in row 2 (line 4)"),
        (
            'a,b\n1,"x\ny"\n\nzwei,y\n',
            "column `a` in row 2 (line 5) is no int64: it holds a text of 4 characters like aaaa",
        ),
        ("a,b\n1.5,x\n", "is no int64"),
        ("a,b\n9223372036854775808,x\n", "is no int64"),
        ("a,a\n1,2\n", "column `a` twice"),
        ("a,\n1,2\n", "column 2 of `a.csv` has no name"),
        ("", "is empty"),
        ("\n\n", "is empty"),
    ],
)
def test_mistakes_in_csv_are_named(tmp_path: Path, content: str, problem: str) -> None:
    found = error(tmp_path, content, AB)
    assert isinstance(found, DataError) and problem in str(found)


@pytest.mark.parametrize(
    ("content", "path", "named"),
    [("a;b\n1;2\n", "a.csv", "`;`"), ("글\t라벨\n가\t나\n", "a.csv", ".tsv"), ("a,b\n1,2\n", "a.tsv", "`,`")],
)
def test_another_separator_is_named_and_not_read_as_one_column(
    tmp_path: Path, content: str, path: str, named: str
) -> None:
    found = error(tmp_path, content, path=path)
    assert found.exit == 1 and named in (found.why or "")
    assert read(tmp_path, "a\n1;2\n", path="b.csv") == [{"a": "1;2"}]


def test_a_value_is_never_shown(tmp_path: Path) -> None:
    for path, content in {"a.csv": "a,b\n900101-1234567,x\n", "a.jsonl": '{"a": "900101-1234567", "b": "x"}\n'}.items():
        found = error(tmp_path, content, AB, path)
        assert "900101" not in str(found) and "1234567" not in str(found.to_json())
    assert outline("가1") == "text of 2 characters like a0"


def test_long_fields_do_not_hide_a_mistake(tmp_path: Path) -> None:
    content = "a,b\n1," + "가" * 300_000 + "\nx,y\n"
    assert "row 2 (line 3)" in str(error(tmp_path, content, AB))


@pytest.mark.parametrize("encoding", ["cp949", "euc-kr", "utf-16"])
@pytest.mark.parametrize("path", ["a.csv", "a.tsv", "a.jsonl"])
def test_encodings_are_declared_or_named(tmp_path: Path, encoding: str, path: str) -> None:
    text = {
        "a.csv": "a,b\n1,안녕하세요\n",
        "a.tsv": "a\tb\n1\t안녕하세요\n",
        "a.jsonl": '{"a": 1, "b": "안녕하세요"}\n',
    }[path]
    declared = DatasetSchema("x", AB.columns, encoding=encoding)
    assert read(tmp_path, text.encode(encoding), declared, path) == [{"a": 1, "b": "안녕하세요"}]
    found = error(tmp_path, text.encode(encoding), AB, path)
    name = "utf-16" if encoding == "utf-16" else "cp949"
    assert isinstance(found, ConfigError) and f"encoding: {name}" in found.hint and f"--encoding {name}" in found.hint


def test_cp949_beyond_the_first_block_is_found(tmp_path: Path) -> None:
    content = ("a,b\n" + "1,ascii\n" * 400_000 + "2,안녕하세요\n").encode("cp949")
    assert "cp949" in error(tmp_path, content, AB).hint


def test_a_byte_order_mark_is_no_part_of_a_name(tmp_path: Path) -> None:
    for path, text in {"a.csv": "a,b\n1,x\n", "a.jsonl": '{"a": 1, "b": "x"}\n'}.items():
        assert read(tmp_path, codecs.BOM_UTF8 + text.encode(), AB, path) == [{"a": 1, "b": "x"}]


def test_other_bytes_are_an_error_with_a_place(tmp_path: Path) -> None:
    assert "byte 6 is not utf-8" in str(error(tmp_path, b"a,b\n1,\xff\xff\n", AB))


def test_nested_types_are_no_csv(tmp_path: Path) -> None:
    found = error(tmp_path, "a\n[1]\n", DatasetSchema("x", (Column("a", "list<int64>"),)))
    assert isinstance(found, ConfigError) and "list<int64>" in str(found)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ('{"a": 1, "b": "x"}\n\n{"a": "zwei"}\n', "line 3: `a` is no int64: it holds a text"),
        ('{"a": 1}\n{"a": 1.5}\n', "line 2: `a` is no int64: it holds a number"),
        ('{"a": 1}\n{"b": 2}\n', "line 2: `b` is no string: it holds an integer"),
        ('{"a": 1}\n{"a": 2\n', "line 2 is no JSON"),
        ('{"a": 1}\n[2]\n', "line 2 is no JSON object"),
        ('{"a": 1, "a": 2}\n', "same key twice"),
        ('{"b": "\\ud800"}\n', "half a surrogate"),
        ('[{"a": 1}]\n', "no JSON object"),
        ('{\n"a": 1\n}\n', "line 1 is no JSON"),
    ],
)
def test_mistakes_in_json_lines_are_named(tmp_path: Path, content: str, problem: str) -> None:
    found = error(tmp_path, content, AB, "a.jsonl")
    assert isinstance(found, DataError) and problem in str(found) and "`a.jsonl`" in str(found)


def test_lines_count_on_over_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jsonl, "BLOCK", 50)
    lines = [json.dumps({"a": i, "b": "가" * (i % 40)}, ensure_ascii=False) for i in range(200)]
    assert [row["a"] for row in read(tmp_path, "\n".join(lines), AB, "a.jsonl")] == list(range(200))
    lines[150] = '{"a": true}'
    assert "line 151: `a`" in str(error(tmp_path, "\n".join(lines), AB, "a.jsonl"))


def test_values_of_several_kinds_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jsonl, "BLOCK", 8)
    assert "several kinds in `a`" in str(error(tmp_path, '{"a": 1}\n{"a": "x"}\n', None, "a.jsonl"))


def test_unknown_fields_deep_inside_are_refused(tmp_path: Path) -> None:
    schema = DatasetSchema("x", (Column("a", "struct<b: int64>"),))
    assert "undeclared field" in str(error(tmp_path, '{"a": {"b": 1, "c": 2}}\n', schema, "a.jsonl"))


@pytest.mark.parametrize(
    ("lines", "kinds"),
    [
        (['{"a": 1}', '{"a": 2.5}'], {"a": "double"}),
        (['{"a": "01"}'], {"a": "string"}),
        (['{"a": null}'], {"a": "string"}),
        (['{"a": []}', '{"a": [1]}'], {"a": "list<int64>"}),
        (['{"a": {"x": 1}}', '{"a": {"y": "z"}}'], {"a": "struct<x: int64, y: string>"}),
        (['{"a": "2024-01-01"}', '{"a": "later"}'], {"a": "string"}),
        (['{"a": "2024-01-01"}'], {"a": "timestamp[ms]"}),
        (['{"a": true}'], {"a": "bool"}),
    ],
)
@pytest.mark.parametrize("block", [10, 1 << 20])
def test_json_types_do_not_depend_on_blocks(
    tmp_path: Path, lines: list[str], kinds: dict[str, str], block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jsonl, "BLOCK", block)
    assert dict(opened(tmp_path, {"a.jsonl": "\n".join(lines)}).columns) == kinds


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["0", "-1", "9223372036854775807"], "int64"),
        (["9223372036854775808"], "string"),
        (["01234"], "string"),
        (["+1"], "string"),
        (["-0"], "string"),
        (["1e5"], "string"),
        (["1", "2.50"], "double"),
        (["1e-05", "0.5"], "double"),
        (["-1.5894573e-8", "0.25"], "double"),
        (["1.5E+3", "2.0e3", "-.5", "1e5"], "double"),
        (["1e400", "0.5"], "string"),
        (["1e-400", "0.5"], "string"),
        (["0e-400", "0.5"], "double"),
        (["1E5", "2E3"], "string"),
        (["1.5e", "0.5"], "string"),
        (["1.e5", "0.5"], "string"),
        (["+3.5", "0.5"], "string"),
        (["1e-05"], "string"),
        (["1.5", "NA"], "string"),
        (["nan", "1.5"], "string"),
        ([".5"], "double"),
        (["."], "string"),
        (["0.025010755222666936"], "double"),
        (["12345678901.1234567"], "string"),
        (["yes", "no"], "string"),
        (["true", "False"], "bool"),
        (["2024-02-29"], "date32"),
        (["2023-02-29"], "string"),
        (["2024-02-29", "2024-02-29T10:00:00"], "string"),
        (["2024-02-29 10:00:00.5"], "timestamp[us]"),
        (["2024-02-29T10:00:00+09:00"], "timestamp[us, tz=UTC]"),
        (["", "1"], "string"),
        ([None], "string"),
        (["1\n"], "string"),
    ],
)
def test_guesses_are_conservative(values: list[str | None], kind: str) -> None:
    array = pa.array(values, pa.string())
    assert format_type(Guess().seeing(array).type) == kind
    pieces = [Guess().seeing(pa.array([value], pa.string())) for value in values]
    joined = pieces[0]
    for piece in pieces[1:]:
        joined = joined.joined(piece)
    assert format_type(joined.type) == kind


SCALARS = [
    "int8",
    "string",
    "double",
    "bool",
    "date32",
    "binary",
    "timestamp[us]",
    "timestamp[ns, tz=Asia/Seoul]",
    "timestamp[ms, tz=+09:00]",
    "decimal128(10, 3)",
    "time32[ms]",
    "duration[us]",
    "fixed_size_binary[3]",
    "null",
]
FIELD = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=1, max_size=6)
TYPES = st.recursive(
    st.sampled_from(SCALARS).map(parse_type),
    lambda inner: st.one_of(
        inner.map(pa.list_),
        inner.map(lambda kind: pa.list_(kind, 3)),
        st.dictionaries(FIELD, inner, min_size=1, max_size=3).map(lambda fields: pa.struct(list(fields.items()))),
        inner.map(lambda kind: pa.map_(pa.string(), kind)),
    ),
    max_leaves=5,
)


@given(TYPES)
@settings(deadline=None)
def test_type_names_read_back(kind: pa.DataType) -> None:
    assert parse_type(format_type(kind)) == kind
    assert format_type(parse_type(format_type(kind))) == format_type(kind)


@given(st.text(st.sampled_from('listruc<>:,[]() int64=tz"\\é'), max_size=20))
def test_any_text_is_a_type_or_an_error(text: str) -> None:
    if is_type(text):
        assert parse_type(format_type(parse_type(text))) == parse_type(text)


@pytest.mark.parametrize(
    "name",
    [
        "int46",
        "list<>",
        "list<int64",
        "struct<>",
        "struct<a: int64, a: int8>",
        "timestamp",
        "timestamp[h]",
        "decimal128(99, 2)",
        "map<string>",
        "",
        "int64 int64",
        "List<int64>",
    ],
)
def test_no_type(name: str) -> None:
    with pytest.raises(ConfigError, match="known are"):
        parse_type(name)


def test_what_arrow_prints_is_understood() -> None:
    for kind in (
        pa.list_(pa.int32()),
        pa.dictionary(pa.int32(), pa.string()),
        pa.large_list(pa.large_string()),
        pa.date32(),
        pa.struct([("a", pa.list_(pa.string()))]),
        pa.timestamp("us", "UTC"),
    ):
        assert format_type(parse_type(str(kind))) == format_type(kind)


def test_the_header_is_read_without_the_rows(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('"a\nb",c\n1,2\n')
    assert csv.columns(Source("a.csv", tmp_path / "a.csv"), ",") == ("a\nb", "c")
