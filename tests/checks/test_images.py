"""Image folders: bytes, pixels and looks, between splits and within; and what is not seen is said."""

from __future__ import annotations

import json
import random

import numpy as np
import pytest
from PIL import Image

from registry.checks.defaults import default_suite
from registry.checks.run import run_checks
from registry.checks.suite import expectations_of, parse_suite
from registry.content.hashing import hash_tree
from registry.errors import DataError
from registry.schemas.infer import Roles, infer_schema
from registry.tables.duck import Session
from registry.tables.images_hash import BITS, LIKE, alike, hashes_of, pairs_alike
from registry.tables.read import open_table

CHECKS = {
    "bytes": ("expect_splits_to_be_disjoint", {}),
    "pixels": ("expect_splits_to_be_disjoint", {"normalize": "text"}),
    "looks": ("expect_splits_to_have_no_near_duplicates", {}),
    "copies": ("expect_rows_to_be_unique", {"normalize": "text"}),
    "twins": ("expect_no_near_duplicates", {}),
    "labels": ("expect_duplicates_to_agree_on_label", {"normalize": "text"}),
}


def picture(seed: int, side: int = 96) -> Image.Image:
    """A scene of rectangles in colours: unlike any other."""
    draw = random.Random(seed)
    canvas = np.full((side, side, 3), draw.randrange(256), np.uint8)
    for _ in range(14):
        x, y = draw.randrange(side), draw.randrange(side)
        canvas[y : y + draw.randrange(8, 50), x : x + draw.randrange(8, 50)] = [draw.randrange(256) for _ in range(3)]
    return Image.fromarray(canvas)


def save(image: Image.Image, path, **how) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, **how)


def folder(root, *, plant: bool):
    """Sixty pictures of two classes in three splits; planted: one copy, one re-encoded, one JPEG, one flipped."""
    for seed in range(60):
        split = "train" if seed < 40 else "validation" if seed < 50 else "test"
        save(picture(seed), root / split / ("고양이" if seed % 2 else "개") / f"그림 {seed:02}.png")
    if plant:
        save(picture(0), root / "test" / "개" / "same bytes.png")
        save(picture(1), root / "test" / "고양이" / "same pixels.png", compress_level=0)
        save(picture(2), root / "validation" / "개" / "looks.jpg", quality=70)
        save(picture(3).transpose(Image.Transpose.FLIP_LEFT_RIGHT), root / "test" / "개" / "flipped.png")
        save(picture(5), root / "train" / "개" / "other label.png", compress_level=0)


def judged(root, entries=None, roles=Roles()):  # noqa: B008 (a value)
    snapshot = hash_tree(root)
    table = open_table(snapshot.base, snapshot.files, None, root.parent / "cache")
    with Session(table) as session:
        schema = infer_schema("r", table, session, roles)
        configs = entries or [{"type": t, "kwargs": k, "meta": {"check_id": n}} for n, (t, k) in CHECKS.items()]
        checks = run_checks(expectations_of(configs, "s"), table, schema, session)
        suite = parse_suite(default_suite(schema, table, session), "r.yaml", schema)
        first = run_checks(suite.expectations, table, schema, session)
    return {check.id: check for check in checks}, {check.id: check for check in first}


def test_distinct_pictures_are_clean(tmp_path):
    folder(tmp_path / "data", plant=False)
    found, first = judged(tmp_path / "data")
    assert {name: (check.status, check.unexpected) for name, check in found.items()} == dict.fromkeys(
        CHECKS, ("pass", 0)
    )
    assert (found["looks"].total, found["twins"].total, found["bytes"].total) == (20, 60, 20)
    assert not [check for check in first.values() if check.blocks("warning")]
    assert {"leakage-exact", "leakage-normalised", "leakage-near", "near-duplicates"} <= set(first)


def test_planted_pictures_are_found_by_bytes_pixels_and_looks(tmp_path):
    folder(tmp_path / "data", plant=True)
    found, first = judged(tmp_path / "data")
    assert {name: (check.total, check.unexpected) for name, check in found.items()} == {
        "bytes": (24, 1),
        "pixels": (24, 2),
        "looks": (24, 3),
        "copies": (65, 2),  # the third copy has another label, so the row is another
        "twins": (65, 1),
        "labels": (65, 2),
    }
    rows = {sample["row"] for sample in found["looks"].samples}
    assert rows == {"test/개/same bytes.png", "test/고양이/same pixels.png", "validation/개/looks.jpg"}
    assert all(sample["near"]["split"] == "train" for sample in found["looks"].samples)
    assert "flips" in found["looks"].message and "crops" in found["looks"].message
    assert first["leakage-exact"].blocks("critical") and first["leakage-normalised"].blocks("critical")
    assert {sample["contradicts"]["split"] for sample in found["labels"].samples} == {"train"}


def captioned(root, *, plant: bool):
    """As `folder`, with captions: short ones, which repeat under different pictures; planted pictures have others."""
    folder(root, plant=plant)
    for split in ("train", "validation", "test"):
        images = sorted(path for path in (root / split).rglob("*") if path.is_file())
        lines = [
            json.dumps(
                {"file_name": str(path.relative_to(root / split)), "caption": f"{path.parent.name} 사진 {at % 4}"},
                ensure_ascii=False,
            )
            for at, path in enumerate(images)
        ]
        (root / split / "metadata.jsonl").write_text("\n".join(lines) + "\n", "utf-8")


def test_pictures_with_captions_are_compared_as_pictures(tmp_path):
    captioned(tmp_path / "data", plant=True)
    _, first = judged(tmp_path / "data", roles=Roles(text="caption"))
    found = {name: (check.status, check.total, check.unexpected) for name, check in first.items()}
    assert found["leakage-exact"] == ("fail", 24, 1) and found["leakage-normalised"] == ("fail", 24, 2)
    assert found["leakage-near"] == ("fail", 24, 3) and found["near-duplicates"][2] == 1
    assert {sample["row"] for sample in first["leakage-normalised"].samples} == {
        "test/개/same bytes.png",
        "test/고양이/same pixels.png",
    }


def test_captions_that_repeat_under_different_pictures_are_no_leak(tmp_path):
    captioned(tmp_path / "data", plant=False)
    _, first = judged(tmp_path / "data", roles=Roles(text="caption"))
    assert not [check for check in first.values() if check.blocks("warning")]
    assert first["leakage-texts"].status == "not_measured"  # short ones are not assessed


def test_evidence_of_pictures_is_the_same_twice(tmp_path):
    folder(tmp_path / "data", plant=True)
    one, other = judged(tmp_path / "data")[0], judged(tmp_path / "data")[0]
    assert [check.to_json() for check in one.values()] == [check.to_json() for check in other.values()]


@pytest.mark.parametrize(
    ("change", "seen"),
    [
        (lambda image: image.resize((48, 48)), True),
        (lambda image: image.point(lambda level: int(level * 0.9)), True),
        (lambda image: image.convert("P"), True),
        (lambda image: image.transpose(Image.Transpose.FLIP_LEFT_RIGHT), False),
        (lambda image: image.rotate(90), False),
        (lambda image: image.crop((20, 20, 96, 96)), False),
    ],
)
def test_what_looks_alike(tmp_path, change, seen):
    found = 0
    for seed in range(20):
        save(picture(seed), tmp_path / "a.png")
        save(change(picture(seed)), tmp_path / "b.png")
        one, other = (hashes_of(tmp_path / name, name) for name in ("a.png", "b.png"))
        thumbs = [np.frombuffer(each[3], np.uint8).reshape(1, -1) for each in (one, other)]
        found += (one[2] ^ other[2]).bit_count() <= BITS and float(alike(*thumbs)[0]) >= LIKE
    assert found >= 18 if seen else found <= 2


def test_pairs_equal_brute_force():
    draw = np.random.default_rng(1)
    base = draw.integers(0, 256, (40, 1024), dtype=np.uint8)
    thumbs = base[draw.integers(0, 40, 200)]
    hashes = thumbs[:, :8].copy().view(np.uint64)[:, 0] ^ (np.uint64(1) << draw.integers(0, 64, 200).astype(np.uint64))
    ranks = draw.integers(0, 3, 200)
    for within in (True, False):
        found = [(a, b) for a, b, _ in pairs_alike(hashes, thumbs, ranks, within=within)]
        expected = [
            (a, b)
            for a in range(200)
            for b in range(200)
            if (ranks[a] == ranks[b] and b < a if within else ranks[b] < ranks[a])
            and int(hashes[a] ^ hashes[b]).bit_count() <= BITS
            and float(alike(thumbs[a : a + 1], thumbs[b : b + 1])[0]) >= LIKE
        ]
        assert sorted(found) == expected and expected


def test_orientation_and_frames_are_those_that_a_viewer_shows(tmp_path):
    upright = picture(1)
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90°
    save(upright.transpose(Image.Transpose.ROTATE_90), tmp_path / "turned.png", exif=exif)
    save(upright, tmp_path / "upright.png")
    assert hashes_of(tmp_path / "turned.png", "t")[1] == hashes_of(tmp_path / "upright.png", "u")[1]


def test_flat_pictures_are_alike_only_in_their_own_grey(tmp_path):
    flat = [np.full((1, 1024), level, np.uint8) for level in (10, 11, 200)]
    assert float(alike(flat[0], flat[1])[0]) == 1 and float(alike(flat[0], flat[2])[0]) == 0
    assert float(alike(flat[0], np.arange(1024).reshape(1, -1).astype(np.uint8))[0]) == 0


def test_a_broken_picture_is_named(tmp_path):
    (tmp_path / "x.png").write_bytes(b"\x89PNG\r\n\x1a\nnothing")
    with pytest.raises(DataError, match=r"`sub/x.png` is no sound image"):
        hashes_of(tmp_path / "x.png", "sub/x.png")
