"""Image folders: rows, classes, metadata, and what is no image."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

from registry.errors import ConfigError, DataError, RegistryError
from registry.model.schema import Column, DatasetSchema
from registry.tables.load import read_arrow
from tests.tables.data import lay, opened, rows


def picture(kind: str = "PNG", colour: int = 1) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (4, 4), (colour, 0, 0)).save(out, kind)
    return out.getvalue()


def test_directories_are_classes_and_splits(tmp_path: Path) -> None:
    files: dict[str, bytes | str] = {
        "train/고양이/1.png": picture(),
        "train/개/2.jpg": picture("JPEG"),
        "test/개/3.png": picture(colour=2),
    }
    found = opened(tmp_path, files)
    assert found.columns == (("image", "string"), ("label", "string"))
    assert (found.format, found.splits) == ("imagefolder", ("train", "test"))
    assert sorted((row["image"], row["label"], row["split"]) for row in rows(found)) == [
        ("test/개/3.png", "개", "test"),
        ("train/개/2.jpg", "개", "train"),
        ("train/고양이/1.png", "고양이", "train"),
    ]
    loaded = read_arrow(tmp_path / "data", lay(tmp_path / "data", files), None, "train")
    assert loaded.to_pylist() == [
        {"image": "train/개/2.jpg", "label": "개"},
        {"image": "train/고양이/1.png", "label": "고양이"},
    ]


def test_images_in_one_directory_have_no_class(tmp_path: Path) -> None:
    found = opened(tmp_path, {"1.png": picture(), "2.png": picture()})
    assert found.columns == (("image", "string"),) and found.rows == 2


@pytest.mark.parametrize("folders", [("train", "test"), ("1.학습", "2.평가"), ("data/train", "data/val")])
def test_directories_of_splits_are_no_classes(tmp_path: Path, folders: tuple[str, str]) -> None:
    files: dict[str, bytes | str] = {f"{name}/{i}.png": picture(colour=i) for name in folders for i in (1, 2)}
    found = opened(tmp_path, files)
    assert found.columns == (("image", "string"),) and len(found.splits) == 2


def test_classes_called_as_a_split_are_classes(tmp_path: Path) -> None:
    found = opened(tmp_path, {f"{name}/1.png": picture() for name in ("lab_test", "field_test")})
    assert found.columns == (("image", "string"), ("label", "string")) and found.splits == ("test",)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("metadata.csv", "file_name,caption,count\n2.png,개,2\n1.png,고양이,1\n"),
        (
            "metadata.jsonl",
            '{"file_name": "1.png", "caption": "고양이", "count": 1}\n'
            '{"file_name": "2.png", "caption": "개", "count": 2}\n',
        ),
    ],
)
def test_metadata_describes_images(tmp_path: Path, name: str, content: str) -> None:
    files: dict[str, bytes | str] = {"1.png": picture(), "2.png": picture(), name: content}
    for schema in (
        None,
        DatasetSchema(
            "x", (Column("image", "string", role="image"), Column("caption", "string"), Column("count", "int64"))
        ),
    ):
        found = opened(tmp_path, files, schema)
        assert found.columns == (("image", "string"), ("caption", "string"), ("count", "int64"))
        assert [(row["image"], row["caption"], row["count"]) for row in rows(found)] == [
            ("1.png", "고양이", 1),
            ("2.png", "개", 2),
        ]


def test_the_nearest_metadata_speaks(tmp_path: Path) -> None:
    files: dict[str, bytes | str] = {
        "train/1.png": picture(),
        "test/1.png": picture(),
        "metadata.csv": "file_name,caption\ntrain/1.png,뿌리\n",
        "test/metadata.csv": "file_name,caption\n1.png,가까이\n",
    }
    assert {row["split"]: row["caption"] for row in rows(opened(tmp_path, files))} == {
        "train": "뿌리",
        "test": "가까이",
    }


@pytest.mark.parametrize(
    ("metadata", "problem"),
    [
        ("file_name,c\n1.png,x\n", r"`2\.png` is not described"),
        ("file_name,c\n1.png,x\n2.png,x\n3.png,x\n", "is no image of the dataset"),
        ("file_name,c\n1.png,x\n1.png,y\n2.png,x\n", "twice"),
        ("file_name,c\n../1.png,x\n", "sound `file_name`"),
        ("name,c\n1.png,x\n", "no column `file_name`"),
        ("file_name,image\n1.png,x\n2.png,x\n", "reserved column"),
        ("file_name,split\n1.png,x\n2.png,x\n", "not split"),
    ],
)
def test_metadata_that_does_not_fit_is_refused(tmp_path: Path, metadata: str, problem: str) -> None:
    with pytest.raises(RegistryError, match=problem):
        opened(tmp_path, {"1.png": picture(), "2.png": picture(), "metadata.csv": metadata})


@pytest.mark.parametrize("content", [b"", b"<html>", picture()[:20], b"\x89PNG\r\n\x1a\n" + b"\0" * 50])
def test_what_is_no_image_is_named(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(DataError, match=r"a/2\.png"):
        opened(tmp_path, {"a/1.png": picture(), "a/2.png": content})


def test_images_and_tables_do_not_mix(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"labels\.csv"):
        opened(tmp_path, {"1.png": picture(), "labels.csv": "a\n1\n"})
