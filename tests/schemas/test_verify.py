"""Columns, types and derived rules."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq

from registry.model.schema import Column, DatasetSchema
from registry.schemas.verify import derived_suite, verify_schema
from registry.tables.table import Part, Table

SCHEMA = DatasetSchema(
    "reviews",
    (
        Column("id", "int64", primary_key=True),
        Column("text", "string", required=True, min_length=1, pattern="."),
        Column("label", "string", classes=("neg", "pos")),
        Column("stars", "int8", minimum=1, maximum=5, unique=True),
    ),
)


def of(*columns: tuple[str, str]) -> Table:
    return Table((), columns, ("train",), None, "parquet")


GOOD = (("id", "int64"), ("text", "string"), ("label", "string"), ("stars", "int8"))


def test_equal_columns_pass_in_any_order() -> None:
    assert [c.status for c in verify_schema(SCHEMA, of(*GOOD[::-1]))] == ["pass"] * 3


def test_missing_and_undeclared_columns_fail_with_the_nearest_spelling() -> None:
    columns, types, _ = verify_schema(SCHEMA, of(*GOOD[:2], ("lable", "string"), GOOD[3]))
    assert (columns.status, columns.severity, columns.unexpected) == ("fail", "critical", 2)
    assert "`label` is missing (did you mean `lable`?)" in columns.message
    assert types.status == "pass" and types.total == 3


def test_an_open_schema_admits_further_columns_but_lacks_none() -> None:
    schema = DatasetSchema("x", SCHEMA.columns, open=True)
    assert verify_schema(schema, of(*GOOD, ("more", "bool")))[0].status == "pass"
    assert verify_schema(schema, of(*GOOD[1:]))[0].status == "fail"


def test_other_types_fail_and_say_which() -> None:
    check = verify_schema(SCHEMA, of(*GOOD[:3], ("stars", "int64")))[1]
    assert check.status == "fail"
    assert check.observed == [{"column": "stars", "declared": "int8", "found": "int64"}]
    assert check.message == "`stars` is int64, not int8"


def test_a_file_that_lacks_a_column_is_named(tmp_path) -> None:
    parts = []
    for name, columns in (("train", ["a", "b"]), ("test", ["a"])):
        pq.write_table(pa.table({column: [1] for column in columns}), tmp_path / f"{name}.parquet")
        parts.append(Part(f"{name}.parquet", tmp_path / f"{name}.parquet", name, 1))
    table = Table(tuple(parts), (("a", "int64"), ("b", "int64")), ("train", "test"), None, "parquet")
    check = verify_schema(DatasetSchema("x", open=True), table)[2]
    assert (check.id, check.status, check.severity, check.unexpected) == ("schema:files", "fail", "warning", 1)
    assert check.samples == ({"file": "test.parquet", "lacks": ["b"]},)


def test_a_column_without_values_has_no_type_to_disagree() -> None:
    assert verify_schema(SCHEMA, of(*GOOD[:3], ("stars", "null")))[1].status == "pass"


def test_every_rule_becomes_one_critical_expectation() -> None:
    suite = {config["meta"]["check_id"]: config for config in derived_suite(SCHEMA)}
    assert list(suite) == [
        "schema:required:id",
        "schema:required:text",
        "schema:length:text",
        "schema:pattern:text",
        "schema:classes:label",
        "schema:unique:stars",
        "schema:range:stars",
        "schema:primary-key",
    ]
    assert {config["severity"] for config in suite.values()} == {"critical"}
    assert suite["schema:range:stars"]["kwargs"] == {"column": "stars", "min_value": 1, "max_value": 5}
    assert suite["schema:classes:label"]["kwargs"]["value_set"] == ["neg", "pos"]


def test_a_key_of_two_columns_is_unique_together() -> None:
    schema = DatasetSchema("x", (Column("a", "int64", primary_key=True), Column("b", "int64", primary_key=True)))
    assert derived_suite(schema)[-1]["kwargs"] == {"column_list": ["a", "b"]}
