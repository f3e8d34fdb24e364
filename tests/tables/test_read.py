"""One table from every format: the same rows from files, from the cache, and without DuckDB."""

from __future__ import annotations

import gzip
import os
import tempfile
import threading
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.errors import ConfigError, DataError, MovedError, NotFoundError, RegistryError
from registry.model.files import FileEntry, FileList
from registry.model.schema import Column, DatasetSchema
from registry.tables import parquet
from registry.tables.load import read_arrow
from registry.tables.read import open_table
from tests.tables.data import WRITERS, as_arrow, as_jsonl, as_parquet, lay, opened, rows, schema_of, tables

FLAT = [path for path in WRITERS if "csv" in path or "tsv" in path]
DEEP = [path for path in WRITERS if path not in FLAT]


def agree(path: str, table: pa.Table, schema: DatasetSchema | None) -> None:
    """What was written is what a session and a consumer see."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        found = opened(root, {path: WRITERS[path](table)}, schema)
        expected = [{**row, "split": "train"} for row in table.to_pylist()]
        assert rows(found) == expected
        loaded = read_arrow(root / "data", lay(root / "data", {path: WRITERS[path](table)}), schema, "train")
        assert loaded.to_pylist() == table.to_pylist()
        if schema is not None and table.num_rows:
            present = [f.name for f in table.schema if f.name in loaded.column_names]
            assert loaded.select(present).schema == table.select(present).schema
        assert dict(found.columns) == {
            f.name: str_type for f, (_, str_type) in zip(loaded.schema, found.columns, strict=True)
        }


@given(tables(), st.sampled_from(FLAT))
@settings(deadline=None, max_examples=60)
def test_text_tables_survive(table: pa.Table, path: str) -> None:
    agree(path, table, schema_of(table))


@given(tables(nested=True), st.sampled_from(DEEP))
@settings(deadline=None, max_examples=60)
def test_nested_tables_survive(table: pa.Table, path: str) -> None:
    agree(path, table, schema_of(table))


@given(tables(min_columns=2), st.sampled_from(FLAT))
@settings(deadline=None, max_examples=40)
def test_guessed_types_lose_nothing(table: pa.Table, path: str) -> None:
    """Without a schema every field is text, or a value whose writing is the text."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        guessed = rows(opened(root, {path: WRITERS[path](table)}))
        texts = schema_of(pa.table({n: pa.array([], pa.string()) for n in table.column_names}))
        plain = rows(opened(root, {path: WRITERS[path](table)}, texts))
        for one, other in zip(guessed, plain, strict=True):
            for column, value in one.items():
                text = other[column]
                if isinstance(value, bool) or not isinstance(value, int | float):
                    written = str(text) if isinstance(value, str) else str(text).replace("T", " ")
                    assert str(value).lower() == written.lower()
                else:
                    assert str(value) == text if isinstance(value, int) else float(text) == value


@pytest.mark.parametrize("path", list(WRITERS))
def test_a_second_look_converts_nothing(tmp_path: Path, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    table = pa.table({"번호": [1, 2], "본문": ["가", None]})
    first = opened(tmp_path, {path: WRITERS[path](table)}, schema_of(table))
    monkeypatch.setattr("registry.tables.convert.write", lambda *_: pytest.fail("converted again"))
    assert opened(tmp_path, {path: WRITERS[path](table)}, schema_of(table)) == first
    assert (first.parts[0].parquet == tmp_path / "data" / path) == path.endswith(".parquet")


def test_guessed_types_are_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {"train.csv": "a,b\n1,x\n", "test.csv": "a,b\n2.5,y\n"}
    first = opened(tmp_path, files)
    assert dict(first.columns) == {"a": "double", "b": "string"}
    monkeypatch.setattr("registry.tables.pieces.Cut.guess", lambda _: pytest.fail("guessed again"))
    assert opened(tmp_path, files) == first


def test_types_are_one_over_all_files(tmp_path: Path) -> None:
    found = opened(tmp_path, {"train.csv": "a\n1\n", "test.csv": "a\n01\n"})
    assert found.columns == (("a", "string"),)
    assert [row["a"] for row in rows(found)] == ["01", "1"]
    lines = opened(tmp_path / "l", {"train.jsonl": '{"a": 1}\n', "test.jsonl": '{"a": 1.5, "b": "x"}\n'})
    assert lines.columns == (("a", "double"), ("b", "string"))


def test_equal_files_at_two_paths_are_two_parts(tmp_path: Path) -> None:
    found = opened(tmp_path, {"train/a.csv": "id,t\n1,x\n", "test/a.csv": "id,t\n1,x\n"})
    assert [row["split"] for row in rows(found)] == ["test", "train"]
    assert len({part.parquet for part in found.parts}) == 2
    assert found.path_of(str(found.parts[0].parquet)) == "test/a.csv"


def test_a_changed_file_alone_is_converted_anew(tmp_path: Path) -> None:
    schema = DatasetSchema("x", (Column("a", "int64"), Column("b", "string")))
    before = opened(tmp_path, {"train.csv": "a,b\n1,x\n", "test.csv": "a,b\n2,y\n"}, schema)
    after = opened(tmp_path, {"train.csv": "a,b\n1,x\n", "test.csv": "a,b\n3,y\n"}, schema)
    kept = {part.path: part.parquet for part in before.parts}
    assert [part.parquet == kept[part.path] for part in after.parts] == [False, True]


def test_a_broken_cache_heals(tmp_path: Path) -> None:
    files = {"a.csv": "a,b\n1,x\n"}
    found = opened(tmp_path, files)
    found.parts[0].parquet.write_bytes(b"PAR1")
    for settled in (tmp_path / "cache").rglob("*.types.json"):
        settled.write_bytes(b"{")
    assert rows(opened(tmp_path, files)) == [{"a": 1, "b": "x", "split": "train"}]


def test_a_file_that_moves_while_it_is_read_is_not_cached(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a,b\n1,x\n")
    files = FileList.of([FileEntry("a.csv", 8, "0" * 32, "0" * 64)])
    with pytest.raises(MovedError, match=r"a\.csv"):
        open_table(tmp_path, files, None, tmp_path / "cache")
    assert not list((tmp_path / "cache").rglob("*.parquet*"))


def test_several_readers_at_once_agree(tmp_path: Path) -> None:
    files = lay(tmp_path / "data", {"a.csv": "a,b\n" + "1,x\n" * 20_000})
    found: list[int] = []

    def read() -> None:
        found.append(open_table(tmp_path / "data", files, None, tmp_path / "cache").rows)

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [20_000] * 4
    assert not [path for path in (tmp_path / "cache").rglob(".*") if path.is_file()]


def test_long_files_are_streamed_into_row_groups(tmp_path: Path) -> None:
    found = opened(tmp_path, {"a.csv": "n,t\n" + "".join(f"{i},가\n" for i in range(250_000))})
    metadata = pq.read_metadata(found.parts[0].parquet)
    assert metadata.num_rows == 250_000
    assert 1 < metadata.num_row_groups <= 4


def test_columns_come_in_the_order_of_the_schema(tmp_path: Path) -> None:
    schema = DatasetSchema("x", (Column("b", "string"), Column("a", "int64")), open=True)
    found = opened(tmp_path, {"a.csv": "z,a,b\ntrue,1,x\n"}, schema)
    assert found.columns == (("b", "string"), ("a", "int64"), ("z", "bool"))
    assert read_arrow(
        tmp_path / "data", lay(tmp_path / "data", {"a.csv": "z,a,b\ntrue,1,x\n"}), schema, None
    ).column_names == [
        "b",
        "a",
        "z",
    ]


def test_undeclared_columns_are_read_and_declared_ones_may_lack(tmp_path: Path) -> None:
    schema = DatasetSchema("x", (Column("a", "int64"), Column("label", "string")))
    for path, content in {"a.csv": "a,lable\n1,x\n", "a.jsonl": '{"a": 1, "lable": "x"}\n'}.items():
        found = opened(tmp_path / path, {path: content}, schema)
        assert found.columns == (("a", "int64"), ("lable", "string"))


def test_a_nullable_field_may_lack_in_one_file(tmp_path: Path) -> None:
    files = {"train.jsonl": '{"a": 1, "note": "x"}\n', "test.jsonl": '{"a": 2}\n'}
    schema = DatasetSchema("x", (Column("a", "int64"), Column("note", "string")))
    assert [row["note"] for row in rows(opened(tmp_path, files, schema))] == [None, "x"]
    assert read_arrow(tmp_path / "data", lay(tmp_path / "data", files), schema, "test").to_pylist() == [
        {"a": 2, "note": None}
    ]


def test_a_key_spelt_with_escapes_is_found(tmp_path: Path) -> None:
    schema = DatasetSchema("x", (Column("ab", "int64"), Column("가", "int64")))
    found = opened(tmp_path, {"a.jsonl": '{"\\u0061b": 1, "\\uAC00": 2}\n'}, schema)
    assert rows(found) == [{"ab": 1, "가": 2, "split": "train"}]


@pytest.mark.parametrize(
    ("files", "columns"),
    [
        ({"a.csv": "fold,t\ntrain,x\ndev,y\n"}, ("fold", "t")),
        ({"a.jsonl": '{"split": "train"}\n{"split": "dev"}\n'}, ("split",)),
        ({"a.parquet": as_parquet(pa.table({"split": ["train", "dev"]}))}, ("split",)),
    ],
)
def test_a_column_with_role_split_gives_the_splits(
    tmp_path: Path, files: dict[str, bytes | str], columns: tuple[str, ...]
) -> None:
    declared = tuple(Column(name, "string", role="split" if name != "t" else None) for name in columns)
    schema = DatasetSchema("x", declared)
    found = opened(tmp_path, files, schema)
    assert found.splits == ("train", "dev") and found.split_column == columns[0]
    assert sorted(row["split"] for row in rows(found)) == ["dev", "train"]
    listing = lay(tmp_path / "data", files)
    assert read_arrow(tmp_path / "data", listing, schema, "dev").num_rows == 1
    with pytest.raises(NotFoundError):
        read_arrow(tmp_path / "data", listing, schema, "test")


def test_rows_without_a_split_are_refused(tmp_path: Path) -> None:
    schema = DatasetSchema("x", (Column("split", "string", role="split"), Column("a", "int64")))
    for empty in ("", '""'):
        with pytest.raises(DataError, match="without a split"):
            opened(tmp_path, {"a.csv": f"split,a\ntrain,1\n{empty},2\n"}, schema)
    with pytest.raises(DataError, match="missing from the data"):
        opened(tmp_path, {"a.csv": "b,a\ntrain,1\n"}, schema)


@pytest.mark.parametrize("path", ["a.csv", "a.jsonl", "a.parquet", "a.arrow"])
def test_a_column_called_split_needs_the_role(tmp_path: Path, path: str) -> None:
    table = pa.table({"split": ["train"], "a": [1]})
    with pytest.raises(ConfigError, match="role is not split") as raised:
        opened(tmp_path, {path: WRITERS[path](table)})
    assert "role: split" in raised.value.hint and "rename" in raised.value.hint
    with pytest.raises(ConfigError):
        read_arrow(tmp_path / "data", lay(tmp_path / "data", {path: WRITERS[path](table)}), None, None)


@pytest.mark.parametrize("path", ["a.csv", "a.jsonl", "a.parquet", "a.arrow"])
@pytest.mark.parametrize("name", ["__file", "__row", "file_row_number", " "])
def test_reserved_names_are_refused(tmp_path: Path, path: str, name: str) -> None:
    with pytest.raises(DataError):
        opened(tmp_path, {path: WRITERS[path](pa.table({"a": [1], name: [1]}))})


@pytest.mark.parametrize("path", ["a.csv", "a.jsonl", "a.parquet", "a.arrow"])
def test_names_that_differ_by_case_are_refused(tmp_path: Path, path: str) -> None:
    with pytest.raises(DataError, match="differ only by case"):
        opened(tmp_path, {path: WRITERS[path](pa.table({"text": ["a"], "Text": ["b"]}))})


def test_parquet_files_of_other_types_are_refused(tmp_path: Path) -> None:
    files = {"a.parquet": as_parquet(pa.table({"n": [1]})), "b.parquet": as_parquet(pa.table({"n": ["x"]}))}
    with pytest.raises(DataError, match=r"`n` is int64 in `a\.parquet` but string in `b\.parquet`"):
        opened(tmp_path, files)


def test_layouts_of_one_type_are_one_type(tmp_path: Path) -> None:
    plain = pa.table({"t": ["x", "y"], "l": [[1], None]})
    other = pa.table({"t": plain["t"].dictionary_encode(), "l": plain["l"].cast(pa.large_list(pa.int64()))})
    for suffix, write in ((".parquet", as_parquet), (".arrow", as_arrow)):
        files: dict[str, bytes | str] = {f"a{suffix}": write(plain), f"b{suffix}": write(other)}
        found = opened(tmp_path / suffix, files)
        assert found.columns == (("t", "string"), ("l", "list<int64>"))
        assert read_arrow(
            tmp_path / suffix / "data", lay(tmp_path / suffix / "data", files), None, None
        ).to_pylist() == (plain.to_pylist() * 2)


def test_a_column_without_values_takes_the_type_of_the_others(tmp_path: Path) -> None:
    files: dict[str, bytes | str] = {
        "train.parquet": as_parquet(pa.table({"n": pa.nulls(2)})),
        "test.parquet": as_parquet(pa.table({"n": [1]})),
    }
    found = opened(tmp_path, files)
    assert found.columns == (("n", "int64"),)
    assert [row["n"] for row in rows(found)] == [1, None, None]


@pytest.mark.parametrize("path", ["a.parquet", "a.arrow", "a.feather", "a.csv.gz", "a.jsonl.gz"])
def test_a_truncated_file_is_named(tmp_path: Path, path: str) -> None:
    data = WRITERS[path](pa.table({"n": list(range(1000)), "t": [f"{i * 7919}" for i in range(1000)]}))
    for cut in (0, 5, len(data) // 2, len(data) - 9):
        with pytest.raises(DataError) as raised:
            rows(opened(tmp_path / str(cut), {path: data[:cut]}))
        assert path in str(raised.value)


def test_a_corrupt_row_group_is_named(tmp_path: Path) -> None:
    table = pa.table({"t": [f"{i * 7919:030}" for i in range(3000)]})
    data = bytearray(as_parquet(table, row_group_size=1000, compression="zstd"))
    middle = pq.ParquetFile(pa.BufferReader(bytes(data))).metadata.row_group(1).column(0).data_page_offset
    data[middle + 40 : middle + 400] = b"\xff" * 360
    with pytest.raises(DataError, match=r"bad\.parquet.*row group 1"):
        rows(opened(tmp_path, {"bad.parquet": bytes(data)}))
    with pytest.raises(DataError, match=r"bad\.parquet.*row group 1"):
        read_arrow(tmp_path / "data", lay(tmp_path / "data", {"bad.parquet": bytes(data)}), None, None)


def test_zero_rows_are_a_table_and_zero_bytes_are_not(tmp_path: Path) -> None:
    schema = DatasetSchema("x", (Column("a", "int64"), Column("b", "string")))
    empty = pa.table({"a": pa.array([], pa.int64()), "b": pa.array([], pa.string())})
    for path, write in WRITERS.items():
        found = opened(tmp_path / path, {path: write(empty)}, schema)
        assert (found.rows, found.columns) == (0, (("a", "int64"), ("b", "string")))
        assert rows(found) == []
    for path in ("a.csv", "a.tsv", "a.parquet", "a.arrow"):
        with pytest.raises(DataError, match=r"a\."):
            opened(tmp_path / "zero" / path, {path: b""}, schema)


def test_the_consumer_needs_neither_duckdb_nor_pandas(tmp_path: Path) -> None:
    import subprocess
    import sys

    lay(tmp_path, {"test.jsonl": as_jsonl(pa.table({"a": [1], "b": ["가"]}))})
    code = (
        "import sys; from pathlib import Path; from registry.tables.load import read_arrow, FileList, FileEntry\n"
        f"t = read_arrow(Path({str(tmp_path)!r}), FileList.of([FileEntry('test.jsonl', 1, '', '')]), None, 'test')\n"
        "assert t.num_rows == 1\n"
        "print(sorted({'duckdb', 'pandas', 'polars', 'ruamel', 'datasets', 'great_expectations'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={**os.environ, "PYTHONPATH": "."}
    )
    assert done.stdout.strip() == "[]"


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    for path in ("a.csv", "a.jsonl", "a.parquet", "a.arrow", "a.csv.gz"):
        files = FileList.of([FileEntry(path, 1, "0" * 32, "0" * 64)])
        with pytest.raises(RegistryError, match=path):
            open_table(tmp_path, files, None, tmp_path / "cache")


def test_a_compressed_bomb_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("registry.tables.source.FREE_EXPANSION", 1 << 20)
    with pytest.raises(DataError, match="expands"):
        opened(tmp_path, {"a.csv.gz": gzip.compress(b"a,b\n" + b"1,x\n" * 3_000_000)})


def test_the_error_of_values_of_several_kinds_names_their_column(tmp_path: Path) -> None:
    data = '{"글": 1, "점수": {"a": 1}}\n{"글": 2, "점수": {"a": "b"}}\n'.encode()
    with pytest.raises(DataError, match="values of `점수` are of other kinds"):
        opened(tmp_path, {"a.jsonl": data})


def test_the_error_of_a_text_that_is_no_utf8_names_its_column(tmp_path: Path) -> None:
    offsets, data = pa.py_buffer(b"\x00\x00\x00\x00\x02\x00\x00\x00"), pa.py_buffer(b"\xff\xfe")
    table = pa.table({"ok": ["a"], "글": pa.Array.from_buffers(pa.string(), 1, [None, offsets, data])})
    pq.write_table(table, tmp_path / "a.parquet")
    with pytest.raises(DataError, match="row group 0 cannot be read: column `글`"):
        list(parquet.tables(tmp_path / "a.parquet", "a.parquet"))
