"""An image folder that the gate refuses is mended through the command line: dropped from, split, the gate tried."""

from __future__ import annotations

import shutil

import pytest

from tests.checks.test_images import picture, save
from tests.journeys.conftest import IDENTITY
from tests.journeys.harness import Shell, tree, write_csv

pytestmark = pytest.mark.slow

SHARES = "train=0.6,validation=0.2,test=0.2"
GATE = ("leakage-exact", "leakage-normalised", "leakage-near")
DROPPED = [argument for check in GATE for argument in ("--check", check)]


def plant_classes(folder, count=28):
    """Pictures of two classes in train and test, where also stand a copy, the pixels of another, and a look-alike."""
    for seed in range(count):
        place = folder / ("train" if seed % 4 else "test") / ("고양이", "개")[seed // 2 % 2]
        save(picture(seed), place / f"{seed}.png")
    save(picture(1), folder / "test" / "고양이" / "사본.png")
    save(picture(2), folder / "test" / "개" / "2.png", compress_level=0)
    save(picture(3), folder / "test" / "개" / "닮은.jpg", quality=70)


def plant_metadata(folder, count=30):
    """Pictures with a camera, a site and a number each, described in one file."""
    rows = []
    for seed in range(count):
        save(picture(seed), folder / "사진" / f"{seed:03}.png")
        row = {"file_name": f"사진/{seed:03}.png", "id": f"p{seed:03}", "site": f"site {seed // 3}"}
        rows.append({**row, "camera": f'"{seed % 3}", 기종', "label": "ab"[seed % 2], "year": 2000 + seed % 7})
    write_csv(folder / "metadata.csv", rows)


def judged(shell, name):
    document = shell("check", name, "--json", code=None).json["datasets"][0]
    return document, {check["id"]: check["status"] for check in document["checks"]}


def content(folder):
    """Every picture's bytes with its class."""
    return sorted((data, path.split("/")[-2]) for path, data in tree(folder).items())


@pytest.fixture(scope="module")
def refused(tmp_path_factory):
    """A workspace whose pictures leak, committed; made once and copied."""
    shell = Shell(tmp_path_factory.mktemp("pets") / "team", env=IDENTITY)
    shell.cwd.mkdir()
    shell("init")
    plant_classes(shell.cwd / "data/pets")
    shell("add", "data/pets", "--license", "cc0-1.0")
    shell.commit("Add pets")
    return shell.cwd


@pytest.fixture(scope="module")
def mended(refused, tmp_path_factory):
    """The same without the leaks."""
    shell = Shell(tmp_path_factory.mktemp("mended") / "team", env=IDENTITY)
    shutil.copytree(refused, shell.cwd, symlinks=True)
    shell("drop", "pets", *DROPPED, "--reason", "같은 사진")
    shell("add", "data/pets")
    shell.commit("Mend")
    return shell.cwd


@pytest.fixture
def pets(shell, refused):
    """A workspace of this test's own with pictures that leak."""
    shutil.copytree(refused, shell.cwd, symlinks=True, dirs_exist_ok=True)
    return shell


@pytest.fixture
def clean(shell, mended):
    """A workspace of this test's own with pictures that do not."""
    shutil.copytree(mended, shell.cwd, symlinks=True, dirs_exist_ok=True)
    return shell


def test_leaked_pictures_are_dropped_and_the_release_passes(pets):
    before = tree(pets.cwd / "data/pets")
    assert judged(pets, "pets")[0]["verdict"] == "fail"
    assert pets("drop", "pets", "--check", "leakage-near", "--dry-run", "--json").json["dropped"] == 3
    assert tree(pets.cwd / "data/pets") == before
    done = pets("drop", "pets", *DROPPED, "--reason", "같은 사진", "--json").json
    gone = ["test/개/2.png", "test/개/닮은.jpg", "test/고양이/사본.png"]
    assert [sample["row"] for sample in done["samples"]] == gone and done["files"] == ["test", "train"]
    assert tree(pets.cwd / "data/pets") == {path: data for path, data in before.items() if path not in gone}
    pets("add", "data/pets")
    pets.commit("Mend")
    assert pets("release", "v1.0", "--json").json["state"] == "released"


def test_pictures_drawn_anew_pass_the_gate_and_stay_when_more_come(pets):
    folder = pets.cwd / "data/pets"
    before = content(folder)
    command = ("split", "pets", "--shares", SHARES, "--stratify", "label", "--keep-near-duplicates-together")
    planned = pets(*command, "--dry-run", "--json").json
    assert planned["state"] == "planned" and content(folder) == before
    done = pets(*command, "--json").json
    assert done["state"] == "split" and done["rows"] == planned["rows"] and content(folder) == before
    assert done["files"] == ["test", "train", "validation"]
    pets("add", "data/pets")
    pets.commit("Split")
    document, status = judged(pets, "pets")
    assert document["data"]["splits"] == done["rows"] and {status[check] for check in GATE} == {"pass"}
    assert pets(*command, "--json").json["state"] == "unchanged"
    placed = {data: path.split("/")[0] for path, data in tree(folder).items()}
    for seed in range(100, 120):
        save(picture(seed), folder / "train" / ("고양이", "개")[seed % 2] / f"새 {seed}.png")
    pets("add", "data/pets")
    pets.commit("Grow")
    pets(*command)
    now = {data: path.split("/")[0] for path, data in tree(folder).items()}
    assert {data: now[data] for data in placed} == placed and len(now) == len(placed) + 20


def test_folds_of_pictures_are_written_beside_them_and_declared(clean):
    command = ("split", "pets", "--shares", "train=0.8,test=0.2", "--stratify", "label", "--folds", "4")
    done = clean(*command, "--json").json
    assert len(done["folds"]) == 4 and (clean.cwd / "data/pets/train/metadata.csv").read_text().startswith(
        "file_name,label,fold\n"
    )
    assert "name: fold" in (clean.cwd / "schemas/pets.yaml").read_text()
    clean("add", "data/pets")
    clean.commit("Fold")
    document, status = judged(clean, "pets")
    assert document["data"]["splits"] == done["rows"] and document["verdict"] == "pass", status
    assert clean(*command, "--json").json["state"] == "unchanged"


def test_metadata_follow_their_pictures_and_groups_stay_together(shell):
    shell("init")
    folder = shell.cwd / "data/scenes"
    plant_metadata(folder)
    roles = ("--key", "id", "--group", "site", "--label", "label")
    shell("add", "data/scenes", *roles)
    shell.commit()
    records = {line.split(",", 1)[1] for line in (folder / "metadata.csv").read_text("utf-8").splitlines()}
    done = shell("split", "scenes", "--shares", "train=0.6,test=0.4", "--json").json
    assert done["units"] == 10 and sorted(path.name for path in folder.iterdir()) == ["test", "train"]
    lines = [(folder / split / "metadata.csv").read_text("utf-8").splitlines() for split in ("train", "test")]
    assert {line.split(",", 1)[1] for found in lines for line in found} == records
    shell("add", "data/scenes")
    shell.commit()
    document, status = judged(shell, "scenes")
    assert document["data"]["splits"] == done["rows"] and document["verdict"] != "error", status
    again = shell("split", "scenes", "--shares", "train=0.6,test=0.4", "-o", "data/copy", "--json").json
    assert again["moved"] == 0 and tree(shell.cwd / "data/copy") == tree(folder)
    arguments = again["next"][0].split()
    assert arguments[:3] == ["registry", "add", str(shell.cwd / "data/copy")]
    found, by = caught(shell, "scenes")
    assert by["leak-near"] & set(GATE) == {"leakage-near"} and "leakage-exact" in by["leak-exact"]
    assert "label-conflicts" in by["label-conflict"] and "data:readable" in by["type-drift"]
    assert by["extra-column"] == {"schema:columns"} and any(one.startswith("schema:") for one in by["null"])
    assert "schema:classes:label" in by["out-of-range"]
    assert all(defect["state"] != "not_applicable" for defect in found.values())


def test_splits_that_directories_cannot_name_are_refused(pets):
    before = tree(pets.cwd / "data")
    document = pets("split", "pets", "--shares", "train=0.5,holdout=0.5", "--json", code=2).json
    assert "holdout: holdout/**" in document["hint"]
    document = pets("drop", "pets", "--check", "balance-label", "--json", code=2).json
    assert "names no rows" in document["message"] and tree(pets.cwd / "data") == before


def caught(shell, name):
    document = shell("check", name, "--mutate", "--json").json
    found = {defect["defect"]: defect for defect in document["datasets"][0]["defects"]}
    return found, {name: set(defect["caught_by"]) for name, defect in found.items() if defect["state"] == "caught"}


def test_the_gate_is_tried_with_pictures(clean):
    before = tree(clean.cwd)
    found, by = caught(clean, "pets")
    assert tree(clean.cwd) == before
    assert set(GATE) <= by["leak-exact"] and found["leak-exact"]["blocked"]
    assert by["leak-normalised"] & set(GATE) == {"leakage-normalised", "leakage-near"}
    assert by["leak-near"] & set(GATE) == {"leakage-near"}
    assert "duplicates" in by["duplicate"] and "label-conflicts" in by["label-conflict"]
    assert "balance-label" in by["imbalance"] and by["broken-picture"] == {"data:readable"}
    assert "schema:classes:label" in by["out-of-range"]
    assert "no further column" in found["extra-column"]["why"] and "directory" in found["null"]["why"]
