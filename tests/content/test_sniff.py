"""What is data, and what is refused whatever it is called."""

from __future__ import annotations

import gzip
import os

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.content import walk as walk_module
from registry.content.hashing import StatCache, hash_tree
from registry.content.sniff import ALLOWED, Look, problem, vet
from registry.errors import HostileFileError, MovedError
from registry.tables import formats
from tests.hostile.malicious import HARMLESS, MALICIOUS, PICKLE, ZIP
from tests.tables.data import WRITERS, tables


def test_the_corpus_has_sixty_files():
    assert len(MALICIOUS) >= 60


@pytest.mark.parametrize("name", MALICIOUS)
def test_what_is_no_data_is_refused_and_named(name):
    with pytest.raises(HostileFileError) as refused:
        vet(f"folder/{name}", Look.of(MALICIOUS[name]))
    assert f"`folder/{name}` is " in refused.value.message
    assert ALLOWED in refused.value.hint and refused.value.exit == 1


@pytest.mark.parametrize("name", HARMLESS)
def test_data_and_notes_pass(name):
    assert problem(name, Look.of(HARMLESS[name])) is None


@given(tables(nested=True), st.sampled_from([path for path in WRITERS if "csv" not in path and "tsv" not in path]))
def test_whatever_a_table_holds_passes(table: pa.Table, path: str):
    assert problem(path, Look.of(WRITERS[path](table))) is None


@given(tables(), st.sampled_from([path for path in WRITERS if "csv" in path or "tsv" in path]))
def test_whatever_a_text_table_holds_passes(table: pa.Table, path: str):
    assert problem(path, Look.of(WRITERS[path](table))) is None


def test_every_format_that_is_read_is_judged():
    for suffix in (*formats.EXTENSIONS, *formats.AUXILIARY_EXTENSIONS):
        found = problem(f"a{suffix}", Look.of(PICKLE))
        assert found and "pickle" in found, suffix
        assert "not known" not in (problem(f"a{suffix}", Look.of(b"")) or ""), suffix


@pytest.mark.parametrize("size", [10, 2_000_000, 9_000_000])
def test_large_files_are_judged_at_both_ends(tmp_path, size):
    rows = b"id,text\n" + b"1,hello\n" * (size // 8)
    folder = tmp_path / "data"
    folder.mkdir()
    file = folder / "train.csv"
    file.write_bytes(rows)
    assert hash_tree(folder).files.bytes == len(rows)
    for data in (PICKLE + rows, rows + ZIP):
        file.write_bytes(data)
        with pytest.raises(HostileFileError, match=r"`train\.csv` is "):
            hash_tree(folder)


def test_what_was_vetted_by_other_rules_is_vetted_again(tmp_path, monkeypatch):
    folder, file = tmp_path / "data", tmp_path / "stat.jsonl"
    folder.mkdir()
    (folder / "train.csv").write_bytes(PICKLE)
    hash_tree(folder, cache=StatCache.load(file), vet=None)
    line = file.read_text()
    assert line.endswith("]")
    file.write_text(line[: line.rindex(",")] + ", 0]")
    with pytest.raises(HostileFileError):
        hash_tree(folder, cache=StatCache.load(file))


def test_a_file_cut_short_is_left_to_its_reader():
    """It is broken, not hostile: the reader says where."""
    for name in ("train.parquet", "train.csv.gz"):
        data = HARMLESS.get(name) or gzip.compress(os.urandom(100))
        assert problem(name, Look.of(data[: len(data) // 2])) is None


def test_a_file_that_goes_while_it_is_looked_for_has_moved(tmp_path, monkeypatch):
    (tmp_path / "a.csv").write_bytes(b"id\n1\n")
    monkeypatch.setattr(walk_module, "stat_of", _gone)
    with pytest.raises(MovedError, match="changed while it was read"):
        walk_module.walk(tmp_path)


def _gone(_):
    raise FileNotFoundError(2, "gone", "a.csv")
