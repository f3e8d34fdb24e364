"""Splits from globs, names, a column; formats from extensions."""

from __future__ import annotations

import unicodedata
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import ConfigError, DataError
from registry.model.files import FileEntry, FileList
from registry.model.schema import Column, DatasetSchema
from registry.tables.formats import format_of, layout_of
from registry.tables.splits import WORDS, assign_splits, glob_matches, named_split

SPLIT = DatasetSchema("x", (Column("fold", "string", role="split"),))


def files(*paths: str) -> FileList:
    return FileList.of(FileEntry(path, 1, "0" * 32, "0" * 64) for path in paths)


@pytest.mark.parametrize(
    ("path", "split"),
    [
        ("train.csv", "train"),
        ("Training/a.csv", "train"),
        ("1.Training/원천데이터/a.json", "train"),
        ("data/train-00000-of-00002.parquet", "train"),
        ("reviews_test.csv", "test"),
        ("reviews.TEST.csv.gz", "test"),
        ("val2017/a.jpg", "validation"),
        ("dev.jsonl", "validation"),
        ("data/검증/a.csv", "validation"),
        ("data/평가/a.csv", "test"),
        ("학습용/a.csv", "train"),
        ("학습데이터.csv", "train"),
        ("eval/a.csv", "test"),
        ("latest.csv", None),
        ("contest.csv", None),
        ("상품평가.csv", None),
        ("strained.csv", None),
        ("values/a.csv", None),
    ],
)
@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_words_in_names(path: str, split: str | None, form: Literal["NFC", "NFD"]) -> None:
    assert named_split(unicodedata.normalize(form, path)) == split


@given(st.sampled_from([(w, s) for s, words in WORDS.items() for w in words]), st.sampled_from("-_. 0/"), st.booleans())
def test_every_word_counts_wherever_it_stands(word: tuple[str, str], mark: str, upper: bool) -> None:
    text = word[0].upper() if upper else word[0]
    assert named_split(f"x{mark}{text}{mark if mark != '/' else '/y'}.csv") == word[1]


def test_globs_come_first_and_in_their_order() -> None:
    schema = DatasetSchema("x", splits={"holdout": "b/*.csv", "train": "**/a*.csv"})
    found = assign_splits(["a.csv", "c/d/a2.csv", "b/train.csv"], schema)
    assert found.splits == {"a.csv": "train", "c/d/a2.csv": "train", "b/train.csv": "holdout"}


@pytest.mark.parametrize(
    ("globs", "problem"),
    [
        ({"train": "*.csv", "test": "t*.csv"}, "globs of train and test"),
        ({"train": "a.csv"}, "matches no glob"),
    ],
)
def test_a_file_belongs_to_one_glob(globs: dict[str, str], problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        assign_splits(["a.csv", "t.csv"], DatasetSchema("x", splits=globs))


def test_a_declared_split_without_files_is_refused() -> None:
    with pytest.raises(DataError, match="`test`"):
        assign_splits(["a.csv"], DatasetSchema("x", splits={"train": "a.csv", "test": "t.csv"}))


def test_files_that_name_no_split_among_files_that_do_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"`holdout\.csv` names no split, but `train\.csv` does") as raised:
        assign_splits(["train.csv", "holdout.csv"], None)
    assert "splits" in raised.value.hint


def test_a_path_that_names_two_splits_is_refused() -> None:
    with pytest.raises(ConfigError, match="two splits, test and train"):
        assign_splits(["train/test.csv"], None)


def test_names_then_column_then_train() -> None:
    assert assign_splits(["train.csv"], SPLIT).column is None
    assert assign_splits(["a.csv", "b.csv"], SPLIT).column == "fold"
    assert assign_splits(["a.csv"], None).splits == {"a.csv": "train"}


def test_two_sources_are_refused() -> None:
    column = DatasetSchema("x", (Column("split", "string", role="split"),))
    with pytest.raises(ConfigError, match="so does the column"):
        assign_splits(["train.csv"], column)
    with pytest.raises(ConfigError, match="role split"):
        assign_splits(["a.csv"], DatasetSchema("x", SPLIT.columns, splits={"train": "*"}))


def test_names_of_images_are_not_words() -> None:
    assert assign_splits(["a/test_1.jpg", "b/train.jpg"], None, images=True).splits == {
        "a/test_1.jpg": "train",
        "b/train.jpg": "train",
    }


@given(st.text(st.sampled_from("ab가.[]{}()+^$|\\/ "), min_size=1, max_size=10))
def test_a_glob_without_wildcards_matches_itself_alone(path: str) -> None:
    assert glob_matches(path, path)
    assert not glob_matches(path, path + "x") and not glob_matches(path, "x" + path)


def test_globs_and_unicode_forms() -> None:
    assert glob_matches(unicodedata.normalize("NFD", "학습/*.csv"), "학습/a.csv")
    assert glob_matches("**", "a/b/c.csv") and glob_matches("a/?.csv", "a/b.csv")
    assert not glob_matches("a/*", "a/b/c.csv") and not glob_matches("A.csv", "a.csv")


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("a.CSV", "csv"),
        ("a.tsv.gz", "tsv"),
        ("a.ndjson", "jsonl"),
        ("a.jsonl.gz", "jsonl"),
        ("a.parquet", "parquet"),
        ("a.feather", "arrow"),
        ("가.JPG", "imagefolder"),
        ("a.parquet.gz", None),
        ("a.xlsx", None),
        ("a", None),
    ],
)
def test_the_extension_names_the_format(path: str, kind: str | None) -> None:
    assert format_of(path) == kind


def test_documents_travel_along() -> None:
    found = layout_of(files("train.csv", "LICENSE", "docs/notes.md", ".gitkeep", "readme.txt"))
    assert (found.format, [entry.path for entry in found.data]) == ("csv", ["train.csv"])
    assert len(found.auxiliary) == 4


def test_metadata_belongs_to_an_image_folder() -> None:
    assert layout_of(files("train/1.jpg", "train/metadata.csv")).format == "imagefolder"
    assert layout_of(files("metadata.csv")).format == "csv"


@pytest.mark.parametrize(
    ("paths", "kind", "problem"),
    [
        (("a.csv", "b.jsonl"), ConfigError, r"`a\.csv` is csv, `b\.jsonl` is jsonl"),
        (("1.jpg", "labels.csv"), ConfigError, "mixes formats"),
        (("a.xlsx",), DataError, r"`a\.xlsx` has no format.*Parquet"),
        (("a.json",), DataError, "one object a line"),
        (("notes.md",), DataError, "no file of the dataset holds rows.*CSV"),
        ((), DataError, "no file"),
    ],
)
def test_what_cannot_be_read_is_named(paths: tuple[str, ...], kind: type[Exception], problem: str) -> None:
    with pytest.raises(kind, match=problem):
        layout_of(files(*paths))
