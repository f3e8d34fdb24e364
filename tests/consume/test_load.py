"""Load: the released rows, from a cache that is never believed."""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from registry.consume.cache import Cache
from registry.consume.load import cached, load, loaded
from registry.consume.pull import pull
from registry.errors import IntegrityError, NotFoundError, UsageError
from registry.model.names import Ref
from registry.model.schema import Column, DatasetSchema
from registry.stores.local import LocalStore
from registry.testing.releases import Shape, make_release

SCHEMA = DatasetSchema(
    "reviews",
    (
        Column("id", "int64", primary_key=True),
        Column("text", "string", role="text"),
        Column("label", "string", role="label", classes=("부정", "긍정")),
    ),
)
FILES = {
    "train.csv": "id,text,label\n1,좋아요,긍정\n2,싫어요,부정\n".encode(),
    "test.csv": "id,text,label\n3,그저 그래요,\n".encode(),
}
SHAPE = Shape(schema=SCHEMA, splits=("train", "test"))


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LocalStore:
    monkeypatch.setenv("REGISTRY_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("REGISTRY_STORE", str(tmp_path / "store"))
    monkeypatch.delenv("REGISTRY_OFFLINE", raising=False)
    store = LocalStore(tmp_path / "store")
    make_release(store, "reviews", "1.0", FILES, SHAPE)
    return store


def test_arrow(store: LocalStore) -> None:
    assert load("reviews", "train", as_="arrow").to_pylist() == [
        {"id": 1, "text": "좋아요", "label": "긍정"},
        {"id": 2, "text": "싫어요", "label": "부정"},
    ]
    assert load("reviews", as_="arrow").num_rows == 3
    assert load("reviews", "test", as_="arrow")["label"].to_pylist() == [None]


def test_path(store: LocalStore, tmp_path: Path) -> None:
    root = load("reviews@^1.0", as_="path")
    assert (root / "train.csv").read_bytes() == FILES["train.csv"]
    assert root.is_relative_to(tmp_path / "cache")


def test_frames(store: LocalStore) -> None:
    assert load("reviews", "train", as_="pandas")["label"].tolist() == ["긍정", "부정"]
    assert load("reviews", "train", as_="polars")["id"].to_list() == [1, 2]


def test_datasets_carry_the_features_of_the_schema(store: LocalStore) -> None:
    import datasets

    train = load("reviews", "train")
    assert isinstance(train, datasets.Dataset)
    assert train.features["label"].names == ["부정", "긍정"]
    assert train[:] == {"id": [1, 2], "text": ["좋아요", "싫어요"], "label": [1, 0]}
    assert train.split == "train"
    whole = load("reviews")
    assert {name: len(rows) for name, rows in whole.items()} == {"train": 2, "test": 1}
    assert whole["test"][0]["label"] is None


def test_datasets_equal_what_load_dataset_makes_of_the_tree(store: LocalStore, tmp_path: Path) -> None:
    import datasets

    from registry.schemas.features import features

    pull(store, Ref("reviews"), tmp_path / "out")
    declared = datasets.Features._from_yaml_list(features(SCHEMA))
    theirs = datasets.load_dataset(
        "csv", data_files={"train": str(tmp_path / "out/train.csv")}, features=declared, cache_dir=str(tmp_path / "hf")
    )["train"]
    ours = load("reviews", "train")
    assert ours.features == theirs.features
    assert ours[:] == theirs[:]


def test_images_open(store: LocalStore) -> None:
    from PIL import Image

    def picture(colour: str) -> bytes:
        out = io.BytesIO()
        Image.new("RGB", (2, 3), colour).save(out, "PNG")
        return out.getvalue()

    files = {f"train/{name}/1.png": picture(colour) for name, colour in (("개", "red"), ("고양이", "blue"))}
    label = Column("label", "string", role="label", classes=("개", "고양이"))
    shape = Shape(schema=DatasetSchema("pets", (Column("image", "string", role="image"), label)))
    make_release(store, "pets", "1.0", files, shape)
    rows = load("pets", "train")
    assert rows["label"][:] == [0, 1]
    assert [row["image"].size for row in rows] == [(2, 3), (2, 3)]
    assert [row["image"].getpixel((0, 0)) for row in rows] == [(255, 0, 0), (0, 0, 255)]


def test_the_cache_is_mended_before_it_is_used(store: LocalStore) -> None:
    root = load("reviews", as_="path")
    (root / "train.csv").write_bytes(FILES["train.csv"].replace("좋아요".encode(), "나빠요".encode()))
    assert load("reviews", "train", as_="arrow")["text"].to_pylist() == ["좋아요", "싫어요"]


def test_a_wrong_byte_in_the_store_is_no_data(store: LocalStore) -> None:
    released = cached(Ref("reviews")).released
    entry = next(iter(cached(Ref("reviews")).files))
    (store.root / entry.key).write_bytes(b"id,text,label\n3,tampered,\n")
    (Cache.default().tree(released.reference.manifest) / entry.path).unlink()
    with pytest.raises(IntegrityError, match=r"test\.csv"):
        load("reviews", as_="arrow")


def test_the_schema_must_be_the_judged_one(tmp_path: Path, store: LocalStore) -> None:
    shape = Shape(schema=SCHEMA, splits=("train", "test"), documents={".registry/schema.json": b"{}\n"})
    make_release(store, "other", "1.0", FILES, shape)
    with pytest.raises(IntegrityError, match="judged by"):
        load("other", as_="arrow")


def test_unknown_things(store: LocalStore) -> None:
    with pytest.raises(NotFoundError, match="no split `dev`"):
        load("reviews", "dev", as_="arrow")
    with pytest.raises(NotFoundError, match="a part of one is cut from what is loaded"):
        load("reviews", "train[:10%]", as_="arrow")
    with pytest.raises(NotFoundError, match="selects no release"):
        load("reviews@9", as_="arrow")
    with pytest.raises(UsageError, match="known are"):
        load("reviews", as_="csv")  # type: ignore[arg-type]


def test_loaded_says_what_was_used(store: LocalStore) -> None:
    make_release(store, "logged", "2.0", FILES, SHAPE)
    load("logged@^2", as_="path")
    load("logged@^2", as_="path")
    entries = [entry for entry in loaded() if entry["name"] == "logged"]
    assert [(e["ref"], e["version"]) for e in entries] == [("logged@^2", "2.0.0")]
    assert entries[0]["manifest"].startswith("sha256:")


def test_offline_uses_the_cache_and_nothing_else(
    store: LocalStore, moto_bucket: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    remote = moto_bucket.store()
    url = f"s3://{moto_bucket.name}/data"
    for version in ("1.0", "1.1"):
        make_release(remote, "reviews", version, FILES, SHAPE)
    assert load("reviews@1.0", "test", store=url, as_="arrow").num_rows == 1
    monkeypatch.setenv("REGISTRY_OFFLINE", "1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    assert load("reviews", "test", store=url, as_="arrow").num_rows == 1
    assert loaded()[-1]["version"] == "1.0.0"
    for ref in ("reviews@1.1", "reviews@stable", "other"):
        with pytest.raises(NotFoundError, match="REGISTRY_OFFLINE"):
            load(ref, store=url, as_="arrow")
    root = load("reviews@1.0", store=url, as_="path")
    (root / "train.csv").unlink()
    assert load("reviews@1.0", "train", store=url, as_="arrow").num_rows == 2  # its object is there still
    (root / "train.csv").unlink()
    shutil.rmtree(root.parents[1] / "objects")
    with pytest.raises(NotFoundError, match=r"reviews@1\.0\.0 is not whole in the cache .*: .*cache prune"):
        load("reviews", store=url, as_="arrow")
    with pytest.raises(NotFoundError, match="is not whole in the cache"):
        load("reviews@1.0", store=url, as_="arrow")


HEAVY = ("dvc", "great_expectations", "pandas", "pyspark", "datasets", "duckdb", "git", "polars", "jinja2", "ruamel")
LIGHT = """
import sys
from pathlib import Path
from registry.consume.catalog import list_datasets, show
from registry.consume.load import load
from registry.consume.pull import PullOptions, pull
from registry.consume.source import open_default_store
from registry.consume.verify import verify
from registry.model.names import Ref

store = open_default_store(Path())
list_datasets(store), show(store, Ref("reviews"))
pull(store, Ref("reviews"), Path(sys.argv[1]), PullOptions(splits=("test",)))
assert verify(Path(sys.argv[1])).ok and verify(Ref("reviews"), store).ok
without = set(sys.modules)
load("reviews", as_="path"), load("reviews", "train", as_="arrow")
print(*sorted(name for name in sys.modules if "." not in name))
print(*sorted(name for name in without if "." not in name))
"""


def test_the_consumers_path_is_light(store: LocalStore, tmp_path: Path) -> None:
    command = [sys.executable, "-c", LIGHT, str(tmp_path / "out")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    everything, before_arrow = (set(line.split()) for line in done.stdout.splitlines())
    assert everything & set(HEAVY) == set()
    assert not before_arrow & {"pyarrow", "s3fs", "aiohttp", "numpy", "fsspec", "botocore"}
