"""Bombs and files that are no data, given to the commands: a typed error, nothing declared, nothing released."""

from __future__ import annotations

import os
import time

import pytest

from registry.content.sniff import Look, problem
from tests.hostile.bombs import BOMBS, png
from tests.hostile.malicious import MALICIOUS, SENTINEL
from tests.journeys.harness import tree

pytestmark = pytest.mark.slow

EXIT = 1
SOAK = bool(os.environ.get("REGISTRY_SOAK"))
THROUGH_COMMANDS = ("parquet_text", "csv_columns", "jsonl_lists", "png_pixels", "zipped")


def refused(done, *words: str) -> dict:
    """The error document of a refusal that is the data's fault."""
    document = done.json
    assert document["format"] == "registry.error/1" and document["exit"] == done.code == EXIT
    assert document["hint"] and all(word in document["message"] for word in words), document
    return document


def declared(root) -> dict[str, bytes]:
    """What git and the store know."""
    kept = ("schemas/", "checks/", "cards/", "releases/", "dvc.yaml", ".registry/store/releases/")
    return {path: data for path, data in tree(root).items() if path.startswith(kept)}


@pytest.mark.parametrize("name", THROUGH_COMMANDS)
def test_a_bomb_is_not_added(team, name):
    bomb = team.cwd / "data" / "bomb"
    bomb.mkdir()
    BOMBS[name](bomb)
    before, begun = declared(team.cwd), time.monotonic()
    error = refused(team("add", "data/bomb", "--json", code=EXIT))
    assert any(file.name in error["message"] for file in bomb.rglob("*") if file.is_file())
    assert time.monotonic() - begun <= 30
    assert declared(team.cwd) == before and not (team.cwd / "data" / "bomb.dvc").exists()


def test_a_bomb_beside_good_data_is_not_released(team):
    """Added by hand, past `registry add`: the gate opens nothing that the process apart refused."""
    bomb = team.cwd / "data" / "reviews"
    for file in bomb.iterdir():
        file.unlink()
    BOMBS["csv_columns"](bomb)
    (bomb / "train.csv").rename(bomb / "train-2.csv")
    (bomb / "test.csv").write_text("id,text,label,score\na,b,neg,1\n")
    (bomb / "validation.csv").write_text("id,text,label,score\nc,d,neg,1\n")
    team("add", "data/reviews")
    team.commit("A bomb")
    document = team("check", "--json", code=EXIT).json
    readable = next(check for check in document["datasets"][0]["checks"] if check["id"] == "data:readable")
    assert readable["status"] == "error" and "train-2.csv" in readable["message"]
    assert document["verdict"] == "error"
    team("release", "v1.0", "--json", code=EXIT)
    assert not [path for path in tree(team.cwd) if path.startswith(".registry/store/releases/reviews")]
    assert team.git("tag") == ""


def test_sixty_files_are_refused_by_every_command(team):
    """`add` refuses each as a dataset of its own, and beside good data each of the commands does."""
    folder = team.cwd / "data" / "reviews"
    team("check", code=0)
    before = declared(team.cwd)
    chosen = list(MALICIOUS) if SOAK else list(MALICIOUS)[::20]  # all of them meet the rules in test_sniff
    for name in chosen:
        file, data = folder / name, MALICIOUS[name]
        file.write_bytes(data)
        for command in (["add", "data/reviews"], ["check"], ["release", "v1.0", "--allow-dirty"]):
            refused(team(*command, "--json", code=EXIT), f"`{name}` is ", "a dataset holds data only")
        file.unlink()
    assert declared(team.cwd) == before
    assert not list(team.cwd.rglob(SENTINEL)), "something was run"
    team("check", code=0)


def test_an_image_folder_holds_images(team):
    folder = team.cwd / "data" / "pictures"
    for split in ("train", "test"):
        for label in ("개", "고양이"):
            (folder / split / label).mkdir(parents=True)
            for index in range(2):
                (folder / split / label / f"{split}{index}.png").write_bytes(png(4 + index, 4))
    for name, data in MALICIOUS.items():
        if name.endswith((".png", ".jpg", ".gif", ".webp")):
            assert problem(name, Look.of(data)), name
    hostile = folder / "train" / "개" / "image and archive.png"
    hostile.write_bytes(MALICIOUS[hostile.name])
    refused(team("add", "data/pictures", "--json", code=EXIT), hostile.name, "an archive at once")
    hostile.unlink()
    team("add", "data/pictures", "--license", "cc-by-4.0")
    hostile.write_bytes(MALICIOUS["program as image.jpg"])
    refused(team("check", "pictures", "--json", code=EXIT), hostile.name, "executable")


def laughs() -> str:
    """Nine levels of nine aliases each."""
    lines = ["a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 10)]
    return "\n".join(lines) + "\n"


def merged() -> str:
    """Each level merges the one before nine times."""
    lines = ["a0: &a0 {k: lol}"]
    lines += [f"a{i}: &a{i} {{{', '.join(f'k{j}: *a{i - 1}' for j in range(9))}}}" for i in range(1, 10)]
    return "\n".join(lines) + "\n"


def nests() -> str:
    return "a: " + "[" * 20_000 + "]" * 20_000 + "\n"


def repeats() -> str:
    """Longer than a declaration may be; just below that it takes twelve seconds."""
    return "a: x\n" * 150_000


@pytest.mark.parametrize(
    ("place", "make"),
    [
        ("schemas/reviews.yaml", laughs),
        ("schemas/reviews.yaml", nests),
        ("checks/reviews.yaml", merged),
        ("checks/reviews.yaml", repeats),
        ("cards/reviews.md", laughs),
    ],
)
def test_declarations_that_expand_are_refused(team, place, make):
    text = make()
    (team.cwd / place).write_text(f"---\n{text}---\n# Card\n" if place.endswith(".md") else text)
    begun = time.monotonic()
    document = team("check" if not place.endswith(".md") else "card", *(["lint"] if place.endswith(".md") else []),
                    "--json", code=2).json  # fmt: skip
    assert place in document["message"] + document["hint"] and document["exit"] == 2
    assert time.monotonic() - begun <= 30
