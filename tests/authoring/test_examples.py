"""The example data: real rows from packages, the same ones each time, and what the scaffold says of them."""

from __future__ import annotations

import io
from collections import Counter

import pytest

from registry.authoring import examples
from registry.authoring.initialise import initialise
from registry.errors import MissingExtraError
from registry.workspace.config import load_config


def test_pictures_are_read_back_as_the_pixels_they_were_made_of():
    from PIL import Image

    rows = examples.digits()[:20]
    for row in rows:
        with Image.open(io.BytesIO(examples.png(row["pixels"], width=8))) as picture:
            assert (picture.size, picture.mode) == ((8, 8), "L")
            assert [255 - 255 * ink // 16 for ink in row["pixels"]] == list(picture.tobytes())


def test_equal_rows_share_a_split_and_ranges_hold_everybody():
    voters = examples.voters()
    assert len(voters) == 944
    splits: dict[str, set[str]] = {}
    for row in voters:
        inputs = "|".join(str(value) for name, value in row.items() if name not in ("id", "split"))
        splits.setdefault(inputs, set()).add(row["split"])
    assert {len(found) for found in splits.values()} == {1}
    groups = Counter((row["age"], row["schooling"], row["income"]) for row in voters)
    assert min(groups.values()) >= 5


def test_composed_names_are_those_of_flags_and_skin_tones():
    made = {(row["kind"], row["origin"], row["depth"]) for row in examples.emoji_names()}
    assert made == {("flag", "composed", 1), ("skin-tone", "composed", 1), ("single", "written", 0),
                    ("sequence", "written", 0)}  # fmt: skip


def test_a_package_that_is_missing_is_named_with_the_extra():
    with pytest.raises(MissingExtraError, match="no-such-package") as caught:
        examples.package_file("no-such-package", "x.csv")
    assert "[demo]" in (caught.value.hint or "")


def test_an_example_workspace_ships_the_fingerprints_that_its_suites_ask_for(tmp_path):
    written = initialise(tmp_path, example=True)
    assert load_config(tmp_path / "registry.toml").fingerprints == "salted"
    assert {"dvc.yaml", "checks/emoji-ko-terms.txt", "cards/sentiment-lexicon/labels.md"} < set(written)
    assert len(written) == len(set(written))
    (tmp_path / "registry.toml").write_text("format = 1\n", "utf-8")
    assert initialise(tmp_path, example=True) == []
    assert (tmp_path / "registry.toml").read_text("utf-8") == "format = 1\n"
