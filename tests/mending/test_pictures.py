"""Image folders written anew: every picture keeps its bytes, its class and its metadata, wherever it goes."""

from __future__ import annotations

import io
import json
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from registry.content.hashing import hash_tree
from registry.errors import ConfigError, DataError, UsageError
from registry.mending.assign import Assignment, assign
from registry.mending.drop import without
from registry.mending.homes import apart, homes_of
from registry.mending.options import SplitOptions
from registry.mending.rewrite import Original
from registry.mending.split import rows_of
from registry.mending.units import Wanted
from registry.model.schema import Column, DatasetSchema
from registry.tables.duck import Session
from registry.tables.read import open_table

PLAIN = DatasetSchema("x", (), open=True)
GLOBS = DatasetSchema("x", (), open=True, splits={"train": "가/**", "validation": "나/깊이/**", "test": "다/**"})
COLUMN = DatasetSchema("x", (Column("split", "string", role="split"),), open=True)
SPLITS = ("train", "validation", "test")


def picture(seed: int, side: int = 32) -> bytes:
    """A picture unlike any other."""
    out = io.BytesIO()
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, (side, side, 3), np.uint8)).save(out, "PNG")
    return out.getvalue()


BYTES = [picture(seed, 6) for seed in range(6)]


def csv_of(*rows):
    return "".join(",".join(row) + "\r\n" for row in rows).encode()


def lines_of(*rows):
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


HEAD = ("file_name", "설명", "label")
LAYOUTS = {
    "classes": (PLAIN, {f"train/{'고양이' if i % 2 else '개'}/{i % 4}.png": BYTES[i] for i in range(4)}
                | {"test/개/0.png": BYTES[4], "test/고양이/1.png": BYTES[5]}),
    "numbered": (PLAIN, {"1.Training/원천/개/0.png": BYTES[0], "1.Training/원천/고양이/1.png": BYTES[1],
                         "2.Validation/원천/개/0.png": BYTES[2], "2.Validation/원천/고양이/1.PNG": BYTES[3]}),
    "classes alone": (PLAIN, {f"{'고양이' if i % 2 else '개'}/{i}.png": BYTES[i] for i in range(6)}),
    "flat": (PLAIN, {f"{i}.png": BYTES[i] for i in range(6)} | {"LICENSE": b"CC0\n"}),
    "several depths": (PLAIN, {"a.png": BYTES[0], "깊이/b.png": BYTES[1], "깊이/더/b.png": BYTES[2]}),
    "globs": (GLOBS, {"가/개/0.png": BYTES[0], "나/깊이/개/0.png": BYTES[1], "다/고양이/0.png": BYTES[2],
                      "다/개/0.png": BYTES[3]}),
    "metadata of each split": (PLAIN, {
        "train/0.png": BYTES[0], "train/1.png": BYTES[1], "test/1.png": BYTES[2], "test/안/2.png": BYTES[3],
        "train/metadata.csv": csv_of(HEAD, ("1.png", '"쉼표, ""x"""', "a"), ("0.png", "", "b")),
        "test/metadata.csv": csv_of(("label", "file_name", "점수"), ("a", "안/2.png", "3"), ("b", "1.png", "")),
    }),
    "metadata at the root": (PLAIN, {
        "train/0.png": BYTES[0], "train/1.png": BYTES[1], "test/1.png": BYTES[2],
        "metadata.jsonl": lines_of(
            {"file_name": "train/1.png", "상자": [1, 2]}, {"file_name": "test/1.png", "상자": []},
            {"상자": [3], "file_name": "train/0.png"}),
    }),
    "metadata, no splits": (PLAIN, {
        "0.png": BYTES[0], "1.png": BYTES[1], "2.png": BYTES[2],
        "metadata.csv": csv_of(HEAD, ("2.png", "셋", "a"), ("1.png", "둘", "b"), ("0.png", "하나", "a")),
    }),
    "nested metadata": (PLAIN, {
        "train/0.png": BYTES[0], "train/안/0.png": BYTES[1], "test/0.png": BYTES[2], "test/안/0.png": BYTES[3],
        "metadata.csv": csv_of(("file_name", "n"), ("train/0.png", "1"), ("test/0.png", "2")),
        "train/안/metadata.csv": csv_of(("file_name", "n"), ("0.png", "3")),
        "test/안/metadata.csv": csv_of(("file_name", "n"), ("0.png", "4")),
    }),
    "a split column": (COLUMN, {
        "0.png": BYTES[0], "안/1.png": BYTES[1], "2.png": BYTES[2],
        "metadata.csv": csv_of(("file_name", "split"), ("2.png", "test"), ("안/1.png", "train"), ("0.png", "train")),
    }),
}  # fmt: skip


def lay(root: Path, files) -> Path:
    for name, data in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    return root


def opened(root: Path, schema) -> Original:
    snapshot = hash_tree(root)
    return Original(snapshot, open_table(root, snapshot.files, schema, root.parent / "cache"))


def told(original: Original, fresh=()) -> list[tuple]:
    """Of each picture its bytes, its split and every other column but those in `fresh`, in order of bytes."""
    digests = {entry.path: entry.sha256 for entry in original.snapshot.files}
    with Session(original.table, threads=1) as session:
        rows = session.rows("SELECT * EXCLUDE (__file, __row) FROM data")
    found = []
    for row in rows:
        rest = {name: value for name, value in row.items() if name not in ("image", "split", *fresh) and value != ""}
        found.append(
            (digests[row["image"]], row["split"], sorted((k, str(v)) for k, v in rest.items() if v is not None))
        )
    return sorted(found)


@pytest.mark.parametrize("name", LAYOUTS)
@settings(max_examples=6, deadline=None)
@given(st.data())
def test_every_picture_arrives_with_its_bytes_class_and_metadata(name, data):
    schema, files = LAYOUTS[name]
    with TemporaryDirectory() as folder:
        original = opened(lay(Path(folder, "data"), files), schema)
        rows = original.table.rows
        least = list(SPLITS)[: min(3, rows)] if schema.splits else []  # a declared split must have a picture
        chosen = data.draw(st.lists(st.sampled_from(SPLITS), min_size=rows - len(least), max_size=rows - len(least)))
        folds = data.draw(st.booleans())
        of_row = np.array([SPLITS.index(split) for split in [*least, *chosen]], np.int64)
        drawn = np.arange(rows) % 2 if folds else None
        assignment = Assignment(SPLITS, of_row, drawn, rows, 1, Wanted())
        gallery = rows_of(original, schema, assignment)
        new = Path(folder, "new")
        new.mkdir()
        gallery.write(original, new)
        after = opened(new, schema)
        wanted = {digest: place for (digest, *_), place in zip(_in_parts(original), of_row.tolist(), strict=True)}
        before = [(digest, SPLITS[wanted[digest]], rest) for digest, _, rest in told(original)]
        assert told(after, ("fold",)) == before
        assert not folds or {row[0]: row[1] for row in _in_parts(after, "fold")} == {
            row[0]: at % 2 for at, row in enumerate(_in_parts(original))
        }
        assert (new / "LICENSE").exists() == ("LICENSE" in files)
        again = rows_of(after, schema, Assignment(SPLITS, _now(after), None, rows, 1, Wanted()))
        assert again.stays(after)


def _in_parts(original: Original, column: str = "image") -> list[tuple]:
    """(digest of the picture, a column), in the order of parts."""
    digests = {entry.path: entry.sha256 for entry in original.snapshot.files}
    found = []
    with Session(original.table, threads=1) as session:
        for part in original.table.parts:
            sql = f"SELECT image, \"{column}\" AS c FROM data WHERE __file = '{part.parquet}' ORDER BY __row"
            found += [(digests[row["image"]], row["c"]) for row in session.rows(sql)]
    return found


def _now(original: Original):
    return np.array([SPLITS.index(str(split)) for _, split in _in_parts(original, "split")], np.int64)


@pytest.mark.parametrize("name", [name for name in LAYOUTS if name not in ("classes", "globs")])
def test_what_is_dropped_is_gone_with_its_metadata_and_nothing_else_changes(tmp_path, name):
    schema, files = LAYOUTS[name]
    original = opened(lay(tmp_path / "data", files), schema)
    gone = {digest for digest, _ in _in_parts(original)[:1]}
    (tmp_path / "new").mkdir()
    without(original, np.array([0], np.int64)).write(original, tmp_path / "new")
    after = opened(tmp_path / "new", schema)
    assert told(after) == [row for row in told(original) if row[0] not in gone]
    for entry in after.snapshot.files:
        old = (tmp_path / "data" / entry.path).read_bytes()
        new = (tmp_path / "new" / entry.path).read_bytes()
        assert new == old or ("metadata" in entry.path and len(new) < len(old)), entry.path


def test_classes_that_would_be_lost_are_an_error(tmp_path):
    original = opened(lay(tmp_path / "data", {"개/0.png": BYTES[0], "고양이/1.png": BYTES[1]}), PLAIN)
    with pytest.raises(DataError, match="lose their classes"):
        without(original, np.array([0], np.int64))


def test_two_kinds_of_metadata_do_not_meet_in_one_directory(tmp_path):
    files = {"train/0.png": BYTES[0], "train/metadata.csv": csv_of(("file_name",), ("0.png",)),
             "test/1.png": BYTES[1], "test/metadata.jsonl": lines_of({"file_name": "1.png"})}  # fmt: skip
    original = opened(lay(tmp_path / "data", files), PLAIN)
    gallery = rows_of(original, PLAIN, Assignment(SPLITS, np.array([0, 0]), None, 2, 1, Wanted()))
    with pytest.raises(UsageError, match=r"metadata.csv and metadata.jsonl"):
        gallery.write(original, tmp_path / "new")


@pytest.mark.parametrize(("schema", "shares"), [(PLAIN, ("train", "holdout")), (GLOBS, ("train", "extra"))])
def test_directories_that_would_not_be_read_as_splits_are_refused(tmp_path, schema, shares):
    files = LAYOUTS["globs" if schema is GLOBS else "classes alone"][1]
    original = opened(lay(tmp_path / "data", files), schema)
    of_row = np.arange(original.table.rows) % 2
    with pytest.raises(ConfigError, match="would not be read") as refused:
        rows_of(original, schema, Assignment(shares, of_row, None, 2, 1, Wanted()))
    assert f"{shares[1]}: {shares[1]}/**" in refused.value.hint


def test_names_that_meet_are_told_apart_where_case_is_ignored():
    paths = ["test/A.png", "test/안/a.png", "train/a.png"]
    digests = dict.fromkeys(paths, "0123456789ab")
    assert apart(paths, ["train/A.png", "train/a.png", "train/a.png"], digests) == [
        "train/A-01234567.png", "train/a-01234567-2.png", "train/a.png"]  # fmt: skip
    assert homes_of(["훈련/a.png"], PLAIN).move("훈련/a.png", "test") == "test/a.png"


def drawn(root: Path, files, **options) -> dict[bytes, str]:
    """The split of each picture by its bytes."""
    original = opened(lay(root, files), PLAIN)
    given = SplitOptions({"train": 0.5, "test": 0.5}, **options)
    with Session(original.table, threads=1) as session:
        found = assign(session, PLAIN, (), given, {})
    paths = {entry.sha256: root / entry.path for entry in original.snapshot.files}
    rows = zip(_in_parts(original), found.of_row.tolist(), strict=True)
    return {paths[digest].read_bytes(): found.splits[place] for (digest, _), place in rows}


def encoded(data: bytes, kind: str, **how) -> bytes:
    out = io.BytesIO()
    Image.open(io.BytesIO(data)).convert("RGB").save(out, kind, **how)
    return out.getvalue()


def test_a_picture_keeps_its_split_by_its_bytes_wherever_it_lies_and_whatever_comes(tmp_path):
    files = {f"train/{'ab'[i % 2]}/{i}.png": picture(i) for i in range(24)}
    first = drawn(tmp_path / "one", files)
    assert set(first.values()) == {"train", "test"}
    moved = {f"test/c/{i + 7}.png": data for i, data in enumerate(files.values())}
    grown = {**moved, **{f"train/a/{i}.png": picture(i) for i in range(100, 124)}}
    later = drawn(tmp_path / "two", grown)
    assert {data: later[data] for data in first} == first
    assert drawn(tmp_path / "three", files, seed=9) != first


def test_equal_pixels_always_and_like_looks_on_demand_stay_together(tmp_path):
    scene = Image.fromarray(np.kron(np.random.default_rng(5).integers(0, 256, (6, 6, 3), np.uint8), np.ones((16, 16, 1),
                            np.uint8)))  # fmt: skip
    out = io.BytesIO()
    scene.save(out, "PNG")
    files = {f"{i}.png": picture(i) for i in range(16)}
    same = {f"같은 {level}.png": encoded(out.getvalue(), "PNG", compress_level=level) for level in (0, 1, 9)}
    like = {f"닮은 {quality}.jpg": encoded(out.getvalue(), "JPEG", quality=quality) for quality in (40, 60, 80, 95)}
    for seed in range(4):
        found = drawn(tmp_path / f"{seed}", {**files, **same, **like}, seed=seed)
        assert len({found[data] for data in same.values()}) == 1
        near = drawn(tmp_path / f"{seed}", {}, seed=seed, near=True)
        assert len({near[data] for data in [*same.values(), *like.values()]}) == 1
