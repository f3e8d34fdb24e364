"""Streaming: the released rows, each once over all shards, and none out of a block that is wrong."""

from __future__ import annotations

import gzip
import io
import json
import pickle
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from registry.consume.blocks import BlockFile
from registry.consume.load import load, loaded
from registry.consume.pull import pull
from registry.consume.stream import RowStream, Shard
from registry.errors import IntegrityError, NotFoundError, PurgedError, UsageError
from registry.model.files import BLOCK
from registry.model.names import Ref, Version
from registry.model.release import object_key
from registry.model.schema import Column, DatasetSchema
from registry.stewardship.purge import purge
from registry.stores import open_store
from registry.stores.local import LocalStore
from registry.testing.releases import Shape, entry_of, make_release
from registry.testing.web import WebServer

SCHEMA = DatasetSchema(
    "reviews",
    (
        Column("id", "int64", primary_key=True),
        Column("text", "string", role="text"),
        Column("label", "string", role="label", classes=("부정", "긍정")),
    ),
)
SHAPE = Shape(schema=SCHEMA, splits=("train", "test"))


def rows_of(start: int, count: int) -> list[dict]:
    return [{"id": n, "text": f"후기 {n}", "label": ("부정", "긍정", None)[n % 3]} for n in range(start, start + count)]


def as_csv(rows: list[dict], delimiter: str = ",") -> bytes:
    lines = [delimiter.join("" if v is None else str(v) for v in row.values()) for row in rows]
    return ("\n".join([delimiter.join(rows[0]), *lines]) + "\n").encode()


def as_jsonl(rows: list[dict]) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def as_parquet(rows: list[dict], group: int = 7) -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), out, row_group_size=group)
    return out.getvalue()


def as_arrow(rows: list[dict]) -> bytes:
    out, table = io.BytesIO(), pa.Table.from_pylist(rows)
    with pa.ipc.new_file(out, table.schema) as writer:
        writer.write_table(table, max_chunksize=7)
    return out.getvalue()


FORMATS = {
    "csv": as_csv, "tsv": lambda rows: as_csv(rows, "\t"), "jsonl": as_jsonl, "parquet": as_parquet, "arrow": as_arrow,
    "csv.gz": lambda rows: gzip.compress(as_csv(rows)), "jsonl.gz": lambda rows: gzip.compress(as_jsonl(rows)),
}  # fmt: skip


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LocalStore:
    for name in ("RANK", "WORLD_SIZE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("REGISTRY_STORE", str(tmp_path / "store"))
    return LocalStore(tmp_path / "store")


def release(store: LocalStore, suffix: str, shape: Shape = SHAPE, name: str = "reviews") -> None:
    write = FORMATS[suffix]
    parts = {f"train/{n}.{suffix}": write(rows_of(n * 30, 30)) for n in range(3)}
    make_release(store, name, "1.0", parts | {f"test/a.{suffix}": write(rows_of(90, 10))}, shape)


def given(stream: RowStream) -> list[dict]:
    return [row for batch in stream for row in batch.to_pylist()]


def by_id(rows: list[dict]) -> list[dict]:
    return sorted(rows, key=lambda row: row["id"])


@pytest.mark.parametrize("suffix", FORMATS)
def test_the_rows_are_those_that_load_gives(store, suffix):
    release(store, suffix)
    for split in ("train", "test", None):
        stream = load("reviews", split, as_="arrow", streaming=True)
        whole = load("reviews", split, as_="arrow")
        batches = list(stream)
        assert len(repr(stream)) < 400 and "sha256" not in repr(stream)
        assert pa.Table.from_batches(batches).equals(whole) and batches[0].schema == whole.schema
    assert loaded()[-1]["name"] == "reviews"


@pytest.mark.parametrize("suffix", ["parquet", "csv", "jsonl.gz", "arrow"])
@pytest.mark.parametrize("world", [1, 2, 3, 5, 16])
@pytest.mark.parametrize("workers", [0, 2])
def test_shards_are_disjoint_and_together_complete(store, monkeypatch, suffix, world, workers):
    release(store, suffix)
    monkeypatch.setenv("WORLD_SIZE", str(world))
    seen: list[dict] = []
    for rank in range(world):
        monkeypatch.setenv("RANK", str(rank))
        stream = load("reviews", "train", as_="arrow", streaming=True)
        for worker in range(max(1, workers)):
            info = SimpleNamespace(id=worker, num_workers=workers) if workers else None
            torch = SimpleNamespace(get_worker_info=lambda info=info: info)
            monkeypatch.setitem(sys.modules, "torch.utils.data", torch)
            seen += given(pickle.loads(pickle.dumps(stream)))
    assert by_id(seen) == rows_of(0, 90)


def test_a_rank_reads_its_files_only(store, tmp_path, monkeypatch):
    release(store, "csv")
    monkeypatch.setenv("WORLD_SIZE", "3")
    monkeypatch.setenv("RANK", "1")
    with WebServer(tmp_path / "store") as server:
        assert given(load("reviews", "train", as_="arrow", streaming=True, store=server.url)) == rows_of(30, 30)
        files = {entry_of("x", as_csv(rows_of(n * 30, 30))).key for n in (0, 2)}
        assert not files & set(server.asked)


@pytest.mark.parametrize(("rank", "world"), [("3", "3"), ("-1", "2"), ("x", "2"), ("0", "0")])
def test_a_rank_that_is_none_is_refused(store, monkeypatch, rank, world):
    release(store, "csv")
    monkeypatch.setenv("RANK", rank)
    monkeypatch.setenv("WORLD_SIZE", world)
    with pytest.raises(UsageError, match="RANK"):
        load("reviews", "train", as_="arrow", streaming=True)


def test_a_split_of_rows(store):
    kinds = (*SCHEMA.columns, Column("part", "string", role="split"))
    rows = [row | {"part": "train" if row["id"] % 4 else "test"} for row in rows_of(0, 40)]
    make_release(
        store, "rows", "1.0", {"a.parquet": as_parquet(rows)}, Shape(DatasetSchema("rows", kinds), SHAPE.splits)
    )
    for split in ("train", "test"):
        assert given(load("rows", split, as_="arrow", streaming=True)) == load("rows", split, as_="arrow").to_pylist()


def test_what_cannot_be_streamed_says_so(store):
    make_release(store, "open", "1.0", {"train.csv": b"id\n1\n"})
    with pytest.raises(UsageError, match="follow from all of its rows"):
        given(load("open", "train", as_="arrow", streaming=True))
    with pytest.raises(UsageError, match="streamed as 'pandas'"):
        load("open", as_="pandas", streaming=True)
    with pytest.raises(NotFoundError, match="no split `dev`"):
        load("open", "dev", as_="arrow", streaming=True)


# --- a wrong byte


def large(suffix: str) -> tuple[bytes, list[dict]]:
    """About 14 MB of rows that do not compress."""
    noise = random.Random(7)
    rows = [row | {"text": noise.randbytes(70).hex()} for row in rows_of(0, 80_000)]
    return (as_parquet(rows, 4_000) if suffix == "parquet" else FORMATS[suffix](rows)), rows


@pytest.fixture(scope="module", params=["parquet", "csv"])
def big(request: pytest.FixtureRequest) -> tuple[str, bytes, list[dict]]:
    return (request.param, *large(request.param))


@pytest.fixture
def served(tmp_path: Path, store: LocalStore, big) -> Iterator[WebServer]:
    make_release(store, "reviews", "1.0", {f"train/a.{big[0]}": big[1]}, Shape(schema=SCHEMA))
    with WebServer(tmp_path / "store") as server:
        yield server


def flip(file: Path, place: int) -> None:
    file.chmod(0o644)
    with file.open("r+b") as stream:
        stream.seek(place)
        byte = stream.read(1)
        stream.seek(place)
        stream.write(bytes([byte[0] ^ 1]))


@pytest.mark.parametrize("block", [0, 1, 2])
def test_no_row_of_a_block_with_a_flipped_byte_is_given(served, store, big, block):
    suffix, data, rows = big
    place = block * BLOCK + 1_000_000
    flip(store.root / entry_of("x", data).key, place)
    seen: list[dict] = []
    with pytest.raises(IntegrityError, match=f"its block {block} of 4 MiB"):
        for batch in load("reviews", "train", as_="arrow", streaming=True, store=served.url):
            seen += batch.to_pylist()
    assert seen == rows[: len(seen)]
    assert len(seen) <= len(rows) * block * BLOCK / len(data)
    assert bool(seen) == (suffix == "parquet" and block == 1)  # block 2 has the footer; a text is read in large parts


@pytest.mark.parametrize("how", ["cut", "longer", "gone"])
def test_another_size_is_no_data(served, store, big, how):
    file = store.root / entry_of("x", big[1]).key
    file.chmod(0o644)
    {"cut": lambda: file.write_bytes(big[1][:-1]), "longer": lambda: file.write_bytes(big[1] + b"x"),
     "gone": file.unlink}[how]()  # fmt: skip
    with pytest.raises(NotFoundError if how == "gone" else IntegrityError):
        given(load("reviews", "train", as_="arrow", streaming=True, store=served.url))


def test_a_wrong_byte_in_the_cache_is_read_from_the_store(served, store, big, tmp_path, monkeypatch):
    monkeypatch.setenv("REGISTRY_CACHE", str(tmp_path / "cache"))
    _, data, rows = big
    pull(open_store(served.url), Ref("reviews"), tmp_path / "out")
    served.counts.clear()
    stream = load("reviews", "train", as_="arrow", streaming=True, store=served.url)
    assert given(stream) == rows and not served.sent(entry_of("x", data).key)
    flip(tmp_path / "cache" / object_key(entry_of("x", data).sha256), BLOCK + 5)
    assert given(stream) == rows and served.sent(entry_of("x", data).key)
    monkeypatch.setenv("REGISTRY_OFFLINE", "1")
    with pytest.raises(IntegrityError, match="its block 1"):
        given(load("reviews", "train", as_="arrow", streaming=True, store=served.url))


def test_offline_without_the_data(served, big, tmp_path, monkeypatch):
    stream = load("reviews", "train", as_="arrow", streaming=True, store=served.url)
    next(iter(stream))
    monkeypatch.setenv("REGISTRY_OFFLINE", "1")
    with pytest.raises(NotFoundError, match=r"train/a\.\w+ is not in the cache"):
        given(load("reviews", "train", as_="arrow", streaming=True, store=served.url))


def test_a_row_group_is_read_without_the_rest(served, big, monkeypatch):
    suffix, _, rows = big
    if suffix != "parquet":
        pytest.skip("a text has no groups")
    monkeypatch.setenv("WORLD_SIZE", "20")
    monkeypatch.setenv("RANK", "0")
    assert given(load("reviews", "train", as_="arrow", streaming=True, store=served.url)) == rows[:4_000]
    served.parts = False
    monkeypatch.setenv("RANK", "19")
    assert given(load("reviews", "train", as_="arrow", streaming=True, store=served.url)) == rows[-4_000:]


def test_a_file_is_read_in_any_order():
    data = random.Random(1).randbytes(2 * BLOCK + 77)
    asked = []

    def ranged(start: int, length: int) -> list[bytes]:
        asked.append(start // BLOCK)
        return [data[start : start + length][at : at + 999_999] for at in range(0, length, 999_999)]

    with BlockFile(entry_of("a", data), ranged) as file:
        for start, size in ((-70, 70), (0, 10), (BLOCK - 5, 10), (5, BLOCK), (2 * BLOCK, 999), (BLOCK, BLOCK)):
            file.seek(start, 2 if start < 0 else 0)
            place = file.tell()
            assert file.read(size) == data[place : place + size]
        assert asked == [2, 0]
        file.seek(0)
        assert io.BufferedReader(file.open(), 1000).read() == data
    assert BlockFile(entry_of("b", b""), lambda *_: []).read() == b""


# --- datasets


def test_datasets_gives_what_load_gives(store):
    release(store, "parquet")
    whole, stream = load("reviews"), load("reviews", streaming=True)
    assert set(stream) == {"train", "test"}
    for split in stream:
        assert list(stream[split]) == list(whole[split])
    train = load("reviews", "train", streaming=True)
    assert train.features == whole["train"].features and train.split == "train"
    assert [row["label"] for row in train.take(3)] == [0, 1, None]
    assert [row["id"] for row in train.shuffle(seed=1, buffer_size=50)] != list(range(90))


def test_datasets_of_a_rank(store, monkeypatch):
    release(store, "parquet")
    monkeypatch.setenv("WORLD_SIZE", "4")
    seen = []
    for rank in range(4):
        monkeypatch.setenv("RANK", str(rank))
        seen += [row["id"] for row in load("reviews", "train", streaming=True)]
    assert sorted(seen) == list(range(90))


@pytest.mark.slow
@pytest.mark.parametrize("as_", ["arrow", "datasets"])
def test_torch_workers(store, as_):
    data = pytest.importorskip("torch.utils.data", reason="torch is not installed")
    release(store, "parquet")
    stream = load("reviews", "train", as_=as_, streaming=True)

    class Rows(data.IterableDataset):
        def __iter__(self):
            return iter(given(stream))

    loader = data.DataLoader(Rows() if as_ == "arrow" else stream, num_workers=2, batch_size=None)
    assert sorted(int(row["id"]) for row in loader) == list(range(90))


def test_shares():
    assert Shard(2, 3).deal(["a", "b"]) == (["a", "b"], Shard(2, 3))
    table = pa.table({"n": range(10)})
    parts = [Shard(k, 3).of_rows(table, 4)["n"].to_pylist() for k in range(3)]
    assert sorted(n for part in parts for n in part) == list(range(10)) and parts[1] == [0, 3, 6, 9]


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_purge_meanwhile_is_said(store, suffix):
    release(store, suffix)
    rows = iter(load("reviews", "train", as_="arrow", streaming=True))
    assert next(rows).num_rows
    purge(store, "reviews", Version(1), "동의 철회", by="Kim")
    with pytest.raises(PurgedError, match="동의 철회"):
        list(rows)
    with pytest.raises(NotFoundError, match="selects no release"):
        load("reviews", "train", as_="arrow", streaming=True)
