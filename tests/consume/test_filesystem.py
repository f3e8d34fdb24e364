"""registry://: released files for whatever opens files through fsspec."""

from __future__ import annotations

import fsspec
import pyarrow.parquet as pq
import pytest

from registry.consume.filesystem import RegistryFileSystem
from registry.consume.load import loaded
from registry.errors import IntegrityError, NotFoundError, RegistryError, RegistryWarning, UsageError
from registry.model.files import BLOCK
from registry.model.names import Version
from registry.stores.local import LocalStore
from registry.stores.standing import Standing, record
from registry.testing.releases import Shape, entry_of, make_release
from registry.testing.web import WebServer
from tests.consume.test_stream import SCHEMA, as_parquet, flip, large, rows_of

PARQUET = as_parquet(rows_of(0, 30))
FILES = {"train/가.parquet": PARQUET, "train/b.parquet": as_parquet(rows_of(30, 5)), "test.csv": b"id\n1\n"}


@pytest.fixture
def store(tmp_path, monkeypatch) -> LocalStore:
    monkeypatch.setenv("REGISTRY_STORE", str(tmp_path / "store"))
    fsspec.register_implementation("registry", RegistryFileSystem, clobber=True)
    RegistryFileSystem.clear_instance_cache()
    store = LocalStore(tmp_path / "store")
    make_release(store, "reviews", "1.2", FILES, Shape(schema=SCHEMA, splits=("train", "test")))
    return store


@pytest.fixture
def files(store) -> RegistryFileSystem:
    return fsspec.filesystem("registry")


def test_folders_and_files(files):
    assert files.ls("registry://reviews@1.2/train") == [
        {"name": "reviews@1.2/train/b.parquet", "size": len(FILES["train/b.parquet"]), "type": "file"},
        {"name": "reviews@1.2/train/가.parquet", "size": len(PARQUET), "type": "file"},
    ]
    top = {"README.md", ".registry", "test.csv", "train"}
    assert {name.partition("/")[2] for name in files.ls("reviews@1.2", detail=False)} == top
    assert files.glob("registry://reviews@^1/train/*.parquet") == [
        "reviews@^1/train/b.parquet",
        "reviews@^1/train/가.parquet",
    ]
    assert files.isdir("reviews@1.2") and files.isdir("reviews@1.2/train") and files.isfile("reviews@1.2/test.csv")
    assert not files.exists("reviews@1.2/tra") and not files.exists("reviews@1.2/train/c.parquet")
    assert files.cat("reviews/test.csv") == b"id\n1\n" and files.cat("reviews/README.md") == b"# A dataset\n"
    assert files.cat_file("reviews@1.2/train/가.parquet", start=2, end=9) == PARQUET[2:9]
    assert files.ukey("reviews@1.2/test.csv") == entry_of("x", b"id\n1\n").sha256
    assert loaded()[-1]["version"] == "1.2.0"


def test_what_is_not_there(files):
    for path in ("reviews@1.2/none.csv", "reviews@1.2/.registry/none"):
        with pytest.raises(FileNotFoundError):
            files.open(path)
        with pytest.raises(FileNotFoundError):
            files.ukey(path)
    with pytest.raises(FileNotFoundError):
        files.ls("reviews@1.2/none")
    for path, error in (
        ("reviews@9/a", NotFoundError),
        ("other/a", NotFoundError),
        ("", UsageError),
        ("NO@1/a", UsageError),
    ):
        with pytest.raises(error):
            files.info(path)
    with pytest.raises(UsageError, match="not written"):
        files.open("reviews@1.2/test.csv", "wb")
    with pytest.raises((RegistryError, NotImplementedError)):
        files.rm("reviews@1.2/test.csv")


def test_a_yanked_release_is_a_warning(files, store):
    record(store, "reviews", Version(1, 2), Standing("yanked", "라벨 오류", "Kim", "2026-01-02T00:00:00Z"))
    with pytest.warns(RegistryWarning, match="라벨 오류"):
        assert files.cat("reviews@1.2/test.csv") == b"id\n1\n"


def test_latest_is_found_anew_on_request(files, store):
    assert files.cat("reviews/test.csv") == b"id\n1\n"
    make_release(store, "reviews", "1.3", FILES | {"test.csv": b"id\n2\n"}, Shape(schema=SCHEMA))
    files.invalidate_cache()
    assert files.cat("reviews/test.csv") == b"id\n2\n" and files.cat("reviews@1.2/test.csv") == b"id\n1\n"


def test_pandas_polars_arrow_and_duckdb(store):
    import duckdb
    import pandas
    import polars

    url = "registry://reviews@1.2/train/가.parquet"
    assert pandas.read_parquet(url)["id"].tolist() == list(range(30))
    assert pandas.read_csv("registry://reviews@1.2/test.csv", storage_options={"store": store.url})["id"].tolist() == [
        1
    ]
    with fsspec.open(url) as file:
        assert polars.read_parquet(file)["id"].to_list() == list(range(30))
    assert pq.read_table("reviews@1.2/train", filesystem=fsspec.filesystem("registry")).num_rows == 35
    with duckdb.connect() as session:
        session.register_filesystem(fsspec.filesystem("registry"))
        assert session.execute(
            "SELECT count(*) FROM read_parquet('registry://reviews@1.2/train/*.parquet')"
        ).fetchall() == [(35,)]


def test_datasets(store, tmp_path):
    import datasets

    rows = datasets.load_dataset(
        "parquet", data_files={"train": "registry://reviews@1.2/train/*.parquet"}, split="train", streaming=True,
        storage_options={"store": store.url},
    )  # fmt: skip
    assert sorted(row["id"] for row in rows) == list(range(35))


def test_a_wrong_byte_is_no_data(store, tmp_path):
    data, rows = large("parquet")
    make_release(store, "big", "1.0", {"a.parquet": data}, Shape(schema=SCHEMA))
    with WebServer(tmp_path / "store") as server:
        files = fsspec.filesystem("registry", store=server.url)
        assert pq.read_table("big/a.parquet", filesystem=files, columns=["id"]).num_rows == len(rows)
        flip(store.root / entry_of("x", data).key, BLOCK + 9)
        with files.open("big/a.parquet") as file:
            assert file.read(BLOCK) == data[:BLOCK]
            with pytest.raises(IntegrityError, match="its block 1"):
                file.read(1)
