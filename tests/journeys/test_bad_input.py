"""Each mistake ends with its exit code, one message with the next command, and nothing half-written."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import pytest

from tests.journeys.harness import CHECKOUT, Shell, plant_reviews, rows, tree, write_csv

pytestmark = pytest.mark.slow


def error(done, code):
    """The error document of a command that ended with `code`."""
    document = done.json
    assert document["format"] == "registry.error/1" and document["exit"] == code == done.code
    assert document["message"] and document["hint"], document
    return document


def test_outside_a_workspace_and_outside_git(tmp_path):
    shell = Shell(tmp_path)
    for command in (["add", "x"], ["check"], ["release", "v1.0"], ["status"], ["push"]):
        assert "registry init" in error(shell(*command, "--json", code=2), 2)["hint"]
    (tmp_path / "registry.toml").write_text("format = 1\n")
    assert "git" in error(shell("check", "--json", code=2), 2)["message"]


@pytest.mark.parametrize(
    ("command", "code", "words"),
    [
        (["check", "revews"], 6, "did you mean `reviews`"),
        (["add", "data/nothing"], 6, "no file or directory"),
        (["add", "reviews"], 6, "registry add data/reviews"),
        (["release", "1.x"], 2, "no version"),
        (["release"], 2, "Missing"),
        (["frobnicate"], 2, "frobnicate"),
        (["check", "--format", "xml"], 2, "text, json"),
        (["check", "--as-of", "tomorrow"], 2, "no date"),
        (["pull", "reviews@1.0"], 6, "reviews"),
        (["show", "nothing"], 6, "nothing"),
        (["pull", "Bad_Name"], 2, "no dataset name"),
        (["verify", "reviews@^x"], 2, "selects no version"),
        (["list", "--store", "s3://bucket-that/is/not", "--no-progress"], 5, "s3"),
        (["list", "--store", "ftp://x"], 2, "ftp"),
        (["-C", "/nowhere", "list"], 2, "-C"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_words(team, command, code, words):
    environment = (
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:9"),
        ("AWS_ACCESS_KEY_ID", "x"),
        ("AWS_SECRET_ACCESS_KEY", "y"),
    )
    shell = Shell(team.cwd, env=environment)
    document = error(shell(*command, "--json", code=code), code)
    assert words in document["message"] + document["hint"]


FILES = {
    "unknown format": ("train.xyz", b"?", "xyz"),
    "ragged csv": ("train.csv", b"id,text,label\n1,a,neg\n2,b\n", "train.csv"),
    "duplicate header": ("train.csv", b"id,id,label\n1,2,neg\n", "id"),
    "broken jsonl": ("train.jsonl", b'{"a": 1}\n{"a": \n', "train.jsonl"),
    "broken parquet": ("train.parquet", b"PAR1 nothing PAR1", "train.parquet"),
    "no rows": ("train.csv", b"id,text,label\n", "no rows"),
    "no bytes": ("train.csv", b"", "train.csv"),
}


@pytest.mark.parametrize(("name", "data", "words"), FILES.values(), ids=FILES)
def test_unreadable_data_is_named_and_nothing_is_declared(team, name, data, words):
    folder = team.cwd / "data" / "broken"
    folder.mkdir()
    (folder / name).write_bytes(data)
    before = tree(team.cwd)
    done = team("add", "data/broken", "--json", code=None)
    assert done.code in (1, 2) and words in error(done, done.code)["message"]
    after = {path: data for path, data in tree(team.cwd).items() if not path.startswith(".registry/cache/")}
    assert after == {path: data for path, data in before.items() if not path.startswith(".registry/cache/")}


def test_undeclared_korean_encoding_names_the_option(team):
    write_csv(team.cwd / "data" / "old" / "train.csv", rows("train", 20), encoding="cp949")
    document = error(team("add", "data/old", "--json", code=2), 2)
    assert "cp949" in document["message"] + document["hint"]
    team("add", "data/old", "--encoding", "cp949")


EDITS = {
    "misspelt schema field": ("schemas/reviews.yaml", "required: true", "requird: true", 2, "required"),
    "unknown role": ("schemas/reviews.yaml", "value: text", "value: txet", 2, "text"),
    "unknown expectation": ("checks/reviews.yaml", "splits_to_be_disjoint", "splits_to_be_disjoit", 2, "disjoint"),
    "empty suite": ("checks/reviews.yaml", None, "name: reviews\nexpectations: []\n", 2, "no expectation"),
    "unknown column": (
        "checks/reviews.yaml",
        None,
        "name: r\nexpectations:\n- {type: expect_column_values_to_not_be_null, kwargs: {column: txt}}\n",
        2,
        "text",
    ),
    "broken yaml": ("checks/reviews.yaml", None, "name: [\n", 2, "checks/reviews.yaml"),
    "misspelt setting": ("registry.toml", "format = 1", "format = 1\nstroe = 'x'", 2, "store"),
    "misspelt card field": ("cards/reviews.md", "license:", "licence:", 2, "license"),
}  # fmt: skip


@pytest.mark.parametrize(("file", "old", "new", "code", "words"), EDITS.values(), ids=EDITS)
def test_a_typo_in_a_declaration_is_an_error_that_names_it(team, file, old, new, code, words):
    path = team.cwd / file
    text = path.read_text()
    assert old is None or old in text, text
    path.write_text(text.replace(old, new, 1) if old else new)
    team.commit("A typo")
    document = error(team("release", "v1.0", "--json", code=code), code)
    assert file in document["message"] and words in document["message"] + document["hint"]
    assert team("list", "--json").json["datasets"] == []


def test_a_declared_column_that_the_data_lacks_fails_the_gate(team):
    write_csv(
        team.cwd / "data/reviews/train.csv",
        [{k: v for k, v in row.items() if k != "label"} for row in rows("train", 30)],
    )
    for split in ("validation", "test"):
        write_csv(
            team.cwd / f"data/reviews/{split}.csv",
            [{k: v for k, v in r.items() if k != "label"} for r in rows(split, 20)],
        )
    team("add", "data/reviews")
    team.commit("No label")
    verdict = team("release", "v1.0", "--json", code=1).json
    assert verdict["verdict"] in ("fail", "error") and "label" in json.dumps(verdict)


def test_data_edited_after_the_commit_is_not_released(team):
    (team.cwd / "data/reviews/train.csv").write_text("id,text,label,score\nx1,뭐,neg,1\n")
    assert "registry add" in error(team("release", "v1.0", "--json", code=4), 4)["hint"]
    checked = team("check", "--json", code=None).json
    assert checked["datasets"][0]["pointer"] == "stale"


def test_a_version_with_other_content_is_refused_and_stays_as_it_was(team, tmp_path):
    first = team("release", "v1.0", "--json").json
    write_csv(team.cwd / "data/reviews/train.csv", rows("train", 90))
    team("add", "data/reviews")
    team.commit("More")
    document = error(team("release", "v1.0", "--json", code=4), 4)
    assert first["manifest"] in document["message"]
    team("pull", "reviews@1.0.0", "-o", tmp_path / "here")
    assert (tmp_path / "here/train.csv").read_text().count("\n") == 81


def test_a_purged_release_is_not_released_already(team):
    assert "none: the first release" in team("release", "v1.0").out
    team("purge", "reviews@1.0", "--reason", "동의 철회", "--confirm", "reviews@1.0")
    assert "동의 철회" in error(team("release", "v1.0", "--json", code=6), 6)["message"]
    (team.cwd / "cards/reviews.md").write_text((team.cwd / "cards/reviews.md").read_text() + "\nMore.\n")
    team.commit("Card")
    told = team("release", "v1.1", "--dry-run").err
    assert "warning: these bytes were released before: reviews@1.0.0 was purged" in told
    assert [line.split()[:4:3] for line in team("list").out.splitlines()[1:]] == [["reviews", "purged"]]


def test_a_flipped_byte_in_any_object_is_named_and_never_delivered(team, tmp_path):
    team("release", "v1.0")
    store = team.cwd / ".registry" / "store"
    victims = [p for p in store.rglob("*") if p.is_file() and p.name not in ("index.json", "registry.json")]
    assert len(victims) > 12
    for number, victim in enumerate(victims):
        whole = victim.read_bytes()
        victim.chmod(0o644)
        victim.write_bytes(bytes([whole[0] ^ 1]) + whole[1:])
        target = tmp_path / f"here{number}"
        assert error(team("pull", "reviews@1.0", "-o", target, "--json", code=3), 3)
        assert not target.exists()
        victim.write_bytes(whole)
    team("pull", "reviews@1.0", "-o", tmp_path / "whole")


def test_hostile_paths_are_refused_by_add(team):
    folder = team.cwd / "data" / "evil"
    folder.mkdir()
    (folder / "train.csv").write_text("a,b\n1,2\n")
    (folder / "link.csv").symlink_to("/etc/passwd")
    document = error(team("add", "data/evil", "--json", code=2), 2)
    assert "link.csv" in document["message"] and "cp" in document["hint"]


def test_a_stage_output_is_not_added(team):
    (team.cwd / "dvc.yaml").write_text("stages:\n  make:\n    cmd: true\n    outs: [data/made]\nartifacts: {}\n")
    (team.cwd / "data/made").mkdir()
    (team.cwd / "data/made/train.csv").write_text("a,b\n1,2\n")
    assert "dvc repro make" in error(team("add", "data/made", "--json", code=2), 2)["hint"]


def test_several_datasets_ask_which(team):
    write_csv(team.cwd / "data/more/train.csv", rows("train", 20, 500))
    team("add", "data/more")
    document = error(team("release", "v1.0", "--json", code=2), 2)
    assert "registry release v1.0 more" in document["hint"] and "registry release v1.0 reviews" in document["hint"]
    assert team("status", "--json", cwd=team.cwd / "data/more").json["datasets"]


def test_what_is_staged_stays_staged(team):
    (team.cwd / "notes.txt").write_text("draft")
    team.git("add", "notes.txt")
    team("release", "v1.0")
    assert team.git("status", "--porcelain") == "A  notes.txt\n"


def test_dry_runs_write_nothing(team):
    before = {p: d for p, d in tree(team.cwd).items() if "cache" not in p}
    planned = team("release", "v1.0", "--dry-run", "--json").json
    assert planned["state"] == "planned" and planned["change"] == "none"
    plan = team("plan", "v1.0", "--json").json
    assert plan["format"] == "registry.plan/1" and plan["upload"]["files"] == 3
    assert {p: d for p, d in tree(team.cwd).items() if "cache" not in p} == before


def test_a_release_killed_before_its_git_record_is_finished_by_the_same_command(team):
    code = """
import os, sys
from registry.workspace.git import Git
Git.commit_files = lambda *_: os.kill(os.getpid(), 9)
from registry.cli.app import main
main(["release", "v1.0"])
"""
    killed = subprocess.run(
        [sys.executable, "-c", code], cwd=team.cwd, env={**os.environ, "PYTHONPATH": str(CHECKOUT)}, check=False
    )
    assert killed.returncode == -signal.SIGKILL
    assert team.git("tag") == ""
    done = team("release", "v1.0", "--json").json
    assert done["state"] == "already-released"
    assert team.git("tag").split() == ["reviews@v1.0.0"] and team.git("status", "--porcelain") == ""


def test_control_c_ends_with_130_and_leaves_nothing(team):
    shell = [sys.executable, "-m", "registry", "release", "v1.0", "--json"]
    process = subprocess.Popen(
        shell,
        cwd=team.cwd,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    while b"hashing" not in (line := process.stderr.readline()):
        assert line, "the command ended before it began"
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 130 and json.loads(out)["exit"] == 130
    assert team("list", "--json").json["datasets"] == []
    assert team("release", "v1.0", "--json").json["state"] == "released"


def test_a_lower_number_is_refused_and_an_older_line_loses_no_entry(team):
    team("release", "v2.0")
    assert error(team("release", "v1.9", "--json", code=4), 4)["hint"] == "registry release auto reviews"
    for version in ("v3.0", "v2.1"):
        text = (team.cwd / "cards/reviews.md").read_text()
        (team.cwd / "cards/reviews.md").write_text(text.replace("## Purpose\n", f"## Purpose\n\nNow {version}.\n", 1))
        team.commit("Card")
        team("release", version)
    log = (team.cwd / "releases/reviews/CHANGELOG.md").read_text()
    assert [line.split()[1] for line in log.splitlines() if line.startswith("## ")] == ["3.0.0", "2.1.0", "2.0.0"]


def test_a_clone_without_the_store_does_not_start_history_anew(team, tmp_path):
    team("release", "v1.0")
    subprocess.run(["git", "clone", "-q", str(team.cwd), str(tmp_path / "clone")], check=True)
    clone = Shell(tmp_path / "clone")
    plant_reviews(clone.cwd / "data" / "reviews")
    for version in ("v1.0", "v2.0"):
        document = error(clone("release", version, "--json", code=4), 4)
        assert "git records reviews@1.0.0" in document["message"] and "--store" in document["hint"]
    there = str(team.cwd / ".registry" / "store")
    assert clone("release", "v1.0", "--store", there, "--json").json["state"] == "already-released"


def test_a_failed_add_from_outside_leaves_nothing_and_can_be_mended(team, tmp_path):
    write_csv(tmp_path / "outside" / "train.csv", rows("train", 20), encoding="cp949")
    error(team("add", tmp_path / "outside", "--json", code=2), 2)
    assert not (team.cwd / "data" / "outside").exists()
    error(team("add", tmp_path / "outside", "--encoding", "cp949", "--label", "lable", "--json", code=2), 2)
    assert team("add", tmp_path / "outside", "--encoding", "cp949", "--json").json["state"] == "added"


def test_a_key_that_repeats_fails_the_gate(team):
    repeated = [{**row, "id": "same"} for row in rows("train", 20, 700)]
    write_csv(team.cwd / "data" / "keyed" / "train.csv", repeated)
    team("add", "data/keyed", "--key", "id")
    checks = {c["id"]: c["status"] for c in team("check", "keyed", "--json", code=1).json["datasets"][0]["checks"]}
    assert checks["schema:key:id"] == "fail"


def test_a_json_line_that_is_no_object_is_named(team):
    folder = team.cwd / "data" / "lines"
    folder.mkdir()
    for text in ('null\n{"a": "x"}\n', '{"a": "x"}\nnull\n', "null\n", "[1]\n"):
        (folder / "train.jsonl").write_text(text)
        assert "train.jsonl" in error(team("add", "data/lines", "--json", code=1), 1)["message"]


def test_data_without_rows_cannot_be_waived(team):
    for split in ("train", "validation", "test"):
        (team.cwd / f"data/reviews/{split}.csv").write_text("id,text,label,score\n")
    waiver = "- {check_id: 'data:rows', reason: later, owner: kim, expires: 2999-01-01}\n"
    (team.cwd / "checks/waivers.yaml").write_text(waiver)
    config = (team.cwd / "registry.toml").read_text()
    (team.cwd / "registry.toml").write_text(config.replace("# waivers", "waivers"))
    team("add", "data/reviews")
    team.commit("Empty")
    assert team("check", "--json", code=1).json["verdict"] == "fail"
    assert team("release", "v1.0", "--json", code=1).json["verdict"] == "fail"
