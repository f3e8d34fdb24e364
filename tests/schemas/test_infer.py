"""Inference: what is plain is found, what is not is left open."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from registry.errors import UsageError
from registry.model.schema import DatasetSchema
from registry.schemas.infer import Roles, hint_schema, infer_schema, suggested
from registry.schemas.odcs import parse_schema
from registry.schemas.verify import derived_suite, verify_schema
from registry.schemas.write import write_schema
from registry.tables.duck import Session
from registry.tables.table import Part, Table
from registry.tables.types import format_type

ROWS = 12


def table_of(tmp_path: Path, columns: dict[str, list[object]], **fields: str) -> Table:
    data = pa.table(columns)
    pq.write_table(data, tmp_path / "a.parquet")
    kinds = tuple((f.name, format_type(f.type)) for f in data.schema)
    part = Part("a.parquet", tmp_path / "a.parquet", None if fields else "train", data.num_rows)
    return Table((part,), kinds, ("train",), fields.get("split_column"), "parquet")


def inferred(
    tmp_path: Path, columns: dict[str, list[object]], roles: Roles | None = None, **fields: str
) -> DatasetSchema:
    table = table_of(tmp_path, columns, **fields)
    with Session(table) as session:
        return infer_schema("reviews", table, session, roles or Roles())


def reviews() -> dict[str, list[object]]:
    return {
        "id": list(range(ROWS)),
        "리뷰": [f"이 상품은 정말 좋아요 {i}" for i in range(ROWS)],
        "title": [f"제목 {i}" if i else None for i in range(ROWS)],
        "label": ["긍정", "부정", "중립"] * 4,
        "stars": [1.5] * ROWS,
    }


def test_roles_that_are_plain_are_found(tmp_path: Path) -> None:
    schema = inferred(tmp_path, reviews())
    assert {c.name: c.role for c in schema.columns if c.role} == {"id": "key", "리뷰": "text", "label": "label"}
    assert [c.required for c in schema.columns] == [True, True, False, True, True]
    assert schema.column("label") is not None and schema.column_of_role("label").classes == ("긍정", "부정", "중립")  # type: ignore[union-attr]
    assert schema.license == "" and schema.keys == ("id",)


def test_personal_data_is_no_class_of_a_schema(tmp_path: Path) -> None:
    labels: list[object] = ["긍정", "010-9999-1234", "부정"] * 4
    schema = inferred(tmp_path, {**reviews(), "label": labels})
    found = schema.column("label")
    assert found is not None and found.role == "label" and found.classes == ()
    assert "9999" not in write_schema(schema)


def test_given_roles_win(tmp_path: Path) -> None:
    roles = Roles(label="stars", text="title", group="label", time=None, license="cc0-1.0", annotators=("리뷰",))
    schema = inferred(tmp_path, reviews(), roles)
    found = {c.name: c.role for c in schema.columns}
    assert found == {"id": "key", "리뷰": "annotator", "title": "text", "label": "group", "stars": "label"}
    assert schema.license == "cc0-1.0"


def test_doubt_leaves_a_role_open(tmp_path: Path) -> None:
    columns: dict[str, list[object]] = {"id": [1] * ROWS, "label": [str(i) for i in range(ROWS)]}
    schema = inferred(tmp_path, columns)
    assert schema.column_of_role("key") is None
    assert schema.column_of_role("label") is None


def test_the_split_column_keeps_its_role(tmp_path: Path) -> None:
    columns: dict[str, list[object]] = {"fold": ["train"] * ROWS, "text": ["a"] * ROWS}
    schema = inferred(tmp_path, columns, split_column="fold")
    assert schema.column_of_role("split") == schema.column("fold")


def test_an_unknown_column_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="lable"):
        inferred(tmp_path, reviews(), Roles(label="lable"))


def test_data_agrees_with_the_schema_inferred_from_it(tmp_path: Path) -> None:
    schema = inferred(tmp_path, reviews())
    assert {check.status for check in verify_schema(schema, table_of(tmp_path, reviews()))} == {"pass"}
    assert parse_schema(write_schema(schema), "x.yaml") == schema
    assert derived_suite(schema)


def test_a_column_that_holds_nan_is_not_required(tmp_path: Path) -> None:
    schema = inferred(tmp_path, {"점수": [1.5, float("nan")], "x": [1.0, 2.0]})
    assert [column.required for column in schema.columns] == [False, True]


def test_suggestions_come_from_whole_words() -> None:
    assert suggested("userId") == "key" and suggested("documentText") == "text" and suggested("감성 라벨") == "label"
    assert suggested("idea") is None and suggested("context") is None and suggested("classification_note") is None


def test_a_hint_says_only_what_was_said() -> None:
    assert hint_schema("x", Roles(label="a")) is None
    hint = hint_schema("x", Roles(split="fold", encoding="cp949"))
    assert hint is not None and hint.open and hint.encoding == "cp949"
    assert hint.column_of_role("split") == hint.column("fold")
