"""Features: what `datasets` itself reads from and writes to a card."""

from __future__ import annotations

import os

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import pyarrow as pa
import pytest

from registry.model.schema import Column, DatasetSchema
from registry.schemas.features import arrow_schema, features

datasets = pytest.importorskip("datasets")

KINDS = [
    "string",
    "int8",
    "uint64",
    "halffloat",
    "float",
    "double",
    "bool",
    "date32",
    "time64[us]",
    "duration[s]",
    "binary",
    "timestamp[s]",
    "timestamp[us, tz=Asia/Seoul]",
    "decimal128(5, 2)",
    "list<int64>",
    "list<list<double>>",
    "fixed_size_list<float>[3]",
    "struct<a: int64, b: list<struct<c: string>>>",
    "list<struct<start: int32, text: string>>",
]


@pytest.mark.parametrize("kind", KINDS)
def test_features_are_what_datasets_writes_for_the_same_arrow_type(kind: str) -> None:
    schema = DatasetSchema("x", (Column("열", kind),))
    theirs = datasets.Features.from_arrow_schema(arrow_schema(schema))
    assert features(schema) == theirs._to_yaml_list()
    assert datasets.Features._from_yaml_list(features(schema)) == theirs


def test_labels_and_images_have_their_own_features() -> None:
    columns = (
        Column("label", "string", role="label", classes=("부정", "긍정")),
        Column("stars", "int64", role="label", classes=(0, 1, 2)),
        Column("grade", "int64", role="label", classes=(1, 2)),
        Column("ok", "bool", role="label", classes=(False, True)),
        Column("image", "string", role="image"),
    )
    found = datasets.Features._from_yaml_list(features(DatasetSchema("x", columns)))
    assert found["label"] == datasets.ClassLabel(names=["부정", "긍정"])
    assert found["stars"] == datasets.ClassLabel(names=["0", "1", "2"])
    assert found["grade"] == datasets.Value("int64")
    assert found["ok"] == datasets.Value("bool")
    assert found["image"] == datasets.Image()


def test_maps_become_lists_of_pairs() -> None:
    found = features(DatasetSchema("x", (Column("m", "map<string, int64>"),)))
    assert datasets.Features._from_yaml_list(found)["m"].feature["key"] == datasets.Value("string")


def test_required_columns_are_not_nullable() -> None:
    schema = DatasetSchema("x", (Column("a", "int64", required=True), Column("b", "string")))
    assert arrow_schema(schema) == pa.schema([pa.field("a", pa.int64(), nullable=False), pa.field("b", pa.string())])
