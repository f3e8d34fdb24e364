"""What is not asked to change keeps its bytes: records, lines and tables are cut and written as they stand."""

from __future__ import annotations

import csv
import gzip
import io
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.content.hashing import hash_tree
from registry.errors import DataError
from registry.mending.chunks import Place, form_of
from registry.mending.columnar import Rows
from registry.mending.delimited import Cutter, read_field, written
from registry.mending.lines import set_field
from registry.mending.rewrite import Column as Column_
from registry.mending.rewrite import Original, Routing
from registry.model.schema import Column, DatasetSchema
from registry.tables.duck import Session
from registry.tables.read import open_table

cells = st.text(st.sampled_from('a가,"\n\r\t 😀'), max_size=6)
values = st.one_of(st.none(), st.booleans(), st.integers(-9, 9), cells, st.lists(st.integers(0, 3), max_size=2))


@given(
    st.lists(st.lists(cells, min_size=2, max_size=2), min_size=1, max_size=8),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from([",", "\t"]),
    st.integers(1, 9),
)
def test_records_are_cut_as_a_reader_of_csv_cuts_them_however_the_blocks_fall(rows, newline, delimiter, block):
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator=newline, quoting=csv.QUOTE_ALL).writerows(rows)
    text, cutter = out.getvalue(), Cutter(delimiter)
    found, rest = [], ""
    for at in range(0, len(text), block):
        records, rest = cutter.records(rest + text[at : at + block], end=False)
        found += records
    records, rest = cutter.records(rest, end=True)
    found += records
    assert rest == ""
    assert "".join(record + newline for record in found) == text
    assert [[read_field(field) for field in cutter.fields(record)] for record in found] == rows


@given(st.lists(cells, min_size=1, max_size=4))
def test_a_written_field_reads_as_it_was(texts):
    record = ",".join(written(text, ",") for text in texts)
    assert [read_field(field) for field in Cutter(",").fields(record)] == texts


@given(
    st.dictionaries(st.text(st.sampled_from('ab"가\\'), max_size=3), values, max_size=4),
    st.text(st.sampled_from('ab"가\\'), max_size=3),
    st.one_of(st.none(), st.integers(0, 9), cells),
    st.sampled_from([None, 1]),
)
def test_setting_a_field_of_a_line_leaves_the_others(record, name, value, indent):
    line = json.dumps(record, ensure_ascii=indent is None, separators=(",", ":") if indent else None)
    assert json.loads(set_field(line, name, value)) == {**record, name: value}


def place(tmp_path, name, data, kind, encoding="utf-8"):
    file = tmp_path / name
    file.write_bytes(data)
    return Place(name, file, kind, encoding)


CSV = 'id,본문\r\n1,"쉼표, 따옴표 ""x""\r\n줄"\r\n\r\n2,\r\n3,""\r\n4,5" 디스크'
TEXTS = {
    "csv": ("a.csv", CSV.encode(), "csv", "utf-8"),
    "with a mark": ("a.csv", b"\xef\xbb\xbf" + CSV.encode(), "csv", "utf-8"),
    "cp949": ("a.csv", CSV.encode("cp949"), "csv", "cp949"),
    "utf-16": ("a.csv", CSV.encode("utf-16"), "csv", "utf-16"),
    "gzip": ("a.csv.gz", gzip.compress(CSV.encode(), mtime=0), "csv", "utf-8"),
    "tsv": ("a.tsv", CSV.replace(",", "\t").encode(), "tsv", "utf-8"),
    "jsonl": ("a.jsonl", '{"a": 1.50, "나": "\\u3142"}\n\n{"a":2}'.encode(), "jsonl", "utf-8"),
}


@pytest.mark.parametrize(("name", "data", "kind", "encoding"), TEXTS.values(), ids=TEXTS)
def test_a_copied_text_file_keeps_its_bytes_but_for_blank_lines(tmp_path, name, data, kind, encoding):
    source, form = place(tmp_path, name, data, kind, encoding), form_of(kind)
    chunks = list(form.read(source))
    writer = form.writer(tmp_path / f"new-{name}", [chunks[0]], source)
    for chunk in chunks:
        writer.write(chunk)
    writer.close()
    new = (tmp_path / f"new-{name}").read_bytes()
    unpack = gzip.decompress if name.endswith("gz") else bytes
    plain = unpack(data).decode(encoding)
    newline = "\r\n" if "\r\n" in plain else "\n"
    assert unpack(new).decode(encoding) == plain.replace(newline * 2, newline) + newline


def test_columns_in_another_order_are_arranged_by_name(tmp_path):
    one = place(tmp_path, "a.csv", b"id,text\n1,x\n", "csv")
    two = place(tmp_path, "b.csv", b'more,text,id\n7,"y",2\n', "csv")
    form = form_of("csv")
    a, b = list(form.read(one)), list(form.read(two))
    writer = form.writer(tmp_path / "c.csv", [a[0], b[0]], one)
    for chunk in (*a, *b):
        writer.write(chunk)
    writer.close()
    assert (tmp_path / "c.csv").read_text() == 'id,text,more\n1,x,\n2,"y",7\n'


def test_a_quote_that_never_ends_is_no_record(tmp_path):
    with pytest.raises(DataError, match="ends within"):
        list(form_of("csv").read(place(tmp_path, "a.csv", b'id\n"1\n2\n', "csv")))


def test_tables_keep_types_compression_and_notes(tmp_path):
    schema = pa.schema([("n", pa.int8()), ("d", pa.dictionary(pa.int32(), pa.string()))], metadata={"note": "x"})
    table = pa.table({"n": [1, 2, 3], "d": ["a", "b", "a"]}, schema=schema)
    pq.write_table(table, tmp_path / "a.parquet", compression="gzip", row_group_size=2)
    source, form = Place("a.parquet", tmp_path / "a.parquet", "parquet"), form_of("parquet")
    chunks = list(form.read(source))
    writer = form.writer(tmp_path / "b.parquet", [chunks[0]], source)
    for chunk in chunks:
        writer.write(chunk.take(range(len(chunk))))
    writer.close()
    new = pq.ParquetFile(tmp_path / "b.parquet")
    assert new.read().equals(table) and new.schema_arrow.metadata[b"note"] == b"x"
    assert new.metadata.row_group(0).column(0).compression == "GZIP"


@pytest.mark.parametrize("make", [pa.ipc.new_file, pa.ipc.new_stream])
def test_arrow_files_stay_files_and_streams_stay_streams(tmp_path, make):
    table = pa.table({"글": ["가", None], "n": [1, 2]})
    with make(str(tmp_path / "a.arrow"), table.schema) as out:
        out.write_table(table)
    source, form = Place("a.arrow", tmp_path / "a.arrow", "arrow"), form_of("arrow")
    chunks = list(form.read(source))
    writer = form.writer(tmp_path / "b.arrow", [chunks[0]], source)
    for chunk in chunks:
        writer.write(chunk)
    writer.close()
    assert (tmp_path / "b.arrow").read_bytes()[:6] == (tmp_path / "a.arrow").read_bytes()[:6]
    assert [c.table for c in form.read(Place("b.arrow", tmp_path / "b.arrow", "arrow"))][1].equals(table)


def _arrow(table, file):
    with pa.ipc.new_file(str(file), table.schema) as out:
        out.write_table(table)


def _csv(table, file):
    file.write_text("글,name\n" + "".join(f"{row['글']},{row['name']}\n" for row in table.to_pylist()), "utf-8")


def _jsonl(table, file):
    file.write_text("".join(json.dumps(row) + "\n" for row in table.to_pylist()), "utf-8")


WRITERS = {"parquet": pq.write_table, "arrow": _arrow, "csv": _csv, "jsonl": _jsonl}


@pytest.mark.parametrize("kind", ["parquet", "arrow", "csv", "jsonl"])
def test_a_column_that_is_new_is_written_to_every_file_in_one_type(tmp_path, kind):
    schema = DatasetSchema("x", (Column("글", "string"), Column("name", "string", role="key")), open=True)
    data = tmp_path / "data"
    data.mkdir()
    for split, names in (("test", []), ("train", ["a", "b", "c"])):
        table = pa.table({"글": pa.array(["가"] * len(names), pa.string()), "name": pa.array(names, pa.string())})
        WRITERS[kind](table, data / f"{split}.{kind}")
    snapshot = hash_tree(data)
    original = Original(snapshot, open_table(data, snapshot.files, schema, tmp_path / "cache"))
    column = Column_(np.array([1, 0, 1]), range(2))
    routing = Routing((f"test.{kind}", f"train.{kind}"), np.array([1, 0, 1]), {"fold": column})
    (tmp_path / "new").mkdir()
    routing.write(original, tmp_path / "new")
    after = hash_tree(tmp_path / "new")
    with Session(open_table(tmp_path / "new", after.files, schema, tmp_path / "cache"), threads=1) as session:
        assert session.rows("SELECT name, split, fold FROM data ORDER BY name") == [
            {"name": "a", "split": "train", "fold": 1},
            {"name": "b", "split": "test", "fold": 0},
            {"name": "c", "split": "train", "fold": 1},
        ]


def test_a_value_that_does_not_fit_gives_a_column_its_own_type():
    rows = Rows(pa.table({"n": [1, 2]}))
    assert rows.put("n", [3, 4]).table.schema.field("n").type == pa.int64()
    assert rows.put("n", ["열", "둘"]).table["n"].to_pylist() == ["열", "둘"]
