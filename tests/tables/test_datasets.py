"""What `datasets.load_dataset` sees of the same files, with the features of the schema."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from registry.model.schema import DatasetSchema
from registry.schemas.features import features
from registry.schemas.infer import Roles, infer_schema
from registry.tables.duck import Session
from registry.tables.load import read_arrow
from tests.tables.data import as_arrow, as_jsonl, as_parquet, lay, opened, rows
from tests.tables.test_images import picture

datasets = pytest.importorskip("datasets")

TABLE = pa.table(
    {
        "id": [1, 2, 3],
        "본문": ["좋아요", None, "NA"],
        "code": ["01234", "", "1e5"],
        "score": [1.5, None, -2.0],
        "ok": [True, False, None],
        "tags": [["a", "b"], [], None],
        "spans": [[{"start": 1, "text": "가"}], [], None],
        "meta": [{"source": "웹", "n": 1}, {"source": None, "n": 2}, None],
    }
)
TIMES = pa.table(
    {
        "day": [datetime.date(2024, 2, 29), None, datetime.date(1999, 1, 1)],
        "at": pa.array([datetime.datetime(2024, 1, 1, 10), None, datetime.datetime(2000, 1, 1)], pa.timestamp("us")),
        "zoned": pa.array([0, 1, None], pa.timestamp("us", "Asia/Seoul")),
        "small": pa.array([1, 2, None], pa.int8()),
        "word": pa.array(["a", "b", "a"]).dictionary_encode(),
    }
)
BUILDERS = {"a.jsonl": "json", "a.parquet": "parquet", "a.arrow": "arrow"}


def schema_for(tmp_path: Path, files: dict[str, bytes | str]) -> DatasetSchema:
    table = opened(tmp_path, files)
    with Session(table) as session:
        return infer_schema("x", table, session, Roles())


def theirs(tmp_path: Path, builder: str, **options: Any) -> Any:
    datasets.disable_progress_bars()
    return datasets.load_dataset(builder, cache_dir=str(tmp_path / "hf"), split="train", **options)


@pytest.mark.parametrize("path", list(BUILDERS))
@pytest.mark.parametrize("table", [TABLE, TIMES], ids=["values", "times"])
def test_datasets_sees_the_same_values(tmp_path: Path, path: str, table: pa.Table) -> None:
    if path == "a.jsonl" and table is TIMES:
        table = table.select(["day", "at", "small", "word"])
    write = {"a.jsonl": as_jsonl, "a.parquet": as_parquet, "a.arrow": as_arrow}[path]
    files: dict[str, bytes | str] = {path: write(table)}
    schema = schema_for(tmp_path, files)
    hub = datasets.Features._from_yaml_list(features(schema))
    found = theirs(tmp_path, BUILDERS[path], data_files=str(tmp_path / "data" / path), features=hub).to_list()
    assert found == read_arrow(tmp_path / "data", lay(tmp_path / "data", files), schema, "train").to_pylist()
    seen = [{k: v for k, v in row.items() if k != "split"} for row in rows(opened(tmp_path, files, schema))]
    assert [_plain(row) for row in seen] == [_plain(row) for row in found]


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    """Instants in UTC: DuckDB gives them there, Arrow in the zone of the column."""
    return {
        k: v.astimezone(datetime.UTC) if isinstance(v, datetime.datetime) and v.tzinfo else v for k, v in row.items()
    }


def test_datasets_sees_the_same_images(tmp_path: Path) -> None:
    files: dict[str, bytes | str] = {"1.png": picture(), "2.png": picture(colour=9)}
    files["metadata.jsonl"] = '{"file_name": "1.png", "글": "하나"}\n{"file_name": "2.png", "글": "둘"}\n'
    mine = rows(opened(tmp_path, files))
    found = theirs(tmp_path, "imagefolder", data_dir=str(tmp_path / "data"))
    names = [Path(row["image"]["path"]).name for row in found.cast_column("image", datasets.Image(decode=False))]
    assert sorted(zip(names, found["글"], strict=True)) == [(row["image"], row["글"]) for row in mine]


def test_datasets_sees_the_same_classes(tmp_path: Path) -> None:
    files: dict[str, bytes | str] = {
        f"train/{name}/{i}.png": picture(colour=i) for i in range(2) for name in ("개", "고양이")
    }
    schema = schema_for(tmp_path, files)
    found = theirs(tmp_path, "imagefolder", data_dir=str(tmp_path / "data"))
    label = schema.column("label")
    assert label is not None and list(label.classes) == found.features["label"].names
    mine = sorted(row["label"] for row in rows(opened(tmp_path, files)))
    assert sorted(found.features["label"].int2str(found["label"])) == mine
