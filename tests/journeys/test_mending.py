"""A refused dataset is mended through the command line: split, dropped from, and the gate tried."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from jsonschema import Draft202012Validator

from registry.formats.documents import schema_of
from tests.journeys.harness import CHECKOUT, rows, tree, write_csv

pytestmark = pytest.mark.slow

SHARES = "train=0.6,validation=0.2,test=0.2"


def awkward(count: int = 90):
    """Rows with quotes, line ends and every third text twice in another writing."""
    found = rows("후기", count)
    for i, row in enumerate(found):
        row["text"] = f'"{row["text"]}",\n둘째 줄; 끝' if i % 4 == 0 else row["text"]
    twins = [{**row, "id": f"쌍{i}", "text": f" {row['text']} "} for i, row in enumerate(found[::3])]
    return [*found, *twins]


def plant_csv(folder, records, encoding="utf-8"):
    write_csv(folder / "train.csv", records, encoding=encoding)


def plant_gz(folder, records):
    write_csv(folder / "train.csv", records)
    plain = (folder / "train.csv").read_bytes()
    (folder / "train.csv.gz").write_bytes(gzip.compress(plain, mtime=0))
    (folder / "train.csv").unlink()


def plant_jsonl(folder, records):
    folder.mkdir(parents=True)
    (folder / "train.jsonl").write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in records), "utf-8")


def plant_parquet(folder, records):
    folder.mkdir(parents=True)
    pq.write_table(pa.Table.from_pylist(records), folder / "train.parquet", row_group_size=40)


def plant_arrow(folder, records):
    folder.mkdir(parents=True)
    table = pa.Table.from_pylist(records)
    with pa.ipc.new_file(str(folder / "train.arrow"), table.schema) as out:
        out.write_table(table, max_chunksize=50)


FORMATS = {
    "csv": (plant_csv, [], "csv"),
    "cp949": (lambda folder, records: plant_csv(folder, records, "cp949"), ["--encoding", "cp949"], "csv"),
    "gz": (plant_gz, [], "csv.gz"),
    "jsonl": (plant_jsonl, [], "jsonl"),
    "parquet": (plant_parquet, [], "parquet"),
    "arrow": (plant_arrow, [], "arrow"),
}


@pytest.mark.parametrize("kind", FORMATS if os.environ.get("REGISTRY_SOAK") else ("cp949", "parquet"))
def test_splits_drawn_anew_pass_the_gate_and_stay_when_the_data_grows(shell, kind):
    plant, options, suffix = FORMATS[kind]
    shell("init")
    folder = shell.cwd / "data" / "mine"
    records = awkward()
    plant(folder, records)
    (folder / "LICENSE").write_text("CC-BY-4.0\n")
    shell("add", "data/mine", "--text", "text", "--label", "label", "--key", "id", *options)
    shell.commit()
    planned = shell("split", "mine", "--shares", SHARES, "--dry-run", "--json").json
    assert planned["state"] == "planned" and (folder / f"train.{suffix}").exists()
    done = shell("split", "mine", "--shares", SHARES, "--keep-near-duplicates-together", "--json").json
    assert done["state"] == "split" and sum(done["rows"].values()) == len(records)
    names = [f"{split}.{suffix}" for split in ("train", "validation", "test")]
    assert sorted(path.name for path in folder.iterdir()) == sorted([*names, "LICENSE"])
    assert done["next"][0] == "registry add data/mine"
    shell("add", "data/mine")
    shell.commit()
    checked = {
        check["id"]: check for check in shell("check", "mine", "--json", code=None).json["datasets"][0]["checks"]
    }
    for check in ("leakage-exact", "leakage-normalised", "leakage-near", "schema:columns", "schema:types"):
        assert checked[check]["status"] in ("pass", "not_applicable"), checked[check]
    again = shell("split", "mine", "--shares", SHARES, "--keep-near-duplicates-together", "--json").json
    assert again["state"] == "unchanged" and again["moved"] == 0 and again["record"] is None
    assert [record["kind"] for record in recorded(shell, "mine")] == ["split"]


def test_text_files_keep_the_text_of_every_record(shell):
    shell("init")
    folder = shell.cwd / "data" / "mine"
    records = awkward()
    plant_csv(folder, records)
    before = (folder / "train.csv").read_text("utf-8")
    shell("add", "data/mine", "--text", "text", "--key", "id")
    shell.commit()
    shell("split", "mine", "--shares", SHARES)
    texts = [(folder / f"{split}.csv").read_text("utf-8") for split in ("train", "validation", "test")]
    header = before.splitlines(keepends=True)[0]
    assert all(text.startswith(header) for text in texts)
    assert sum(len(text) - len(header) for text in texts) == len(before) - len(header)
    for row in records:
        assert sum(f"{row['id']}," in text for text in texts) == 1


def test_folds_are_declared_and_pass(team):
    team("split", "reviews", "--shares", "train=0.8,test=0.2", "--folds", "4", "--stratify", "label")
    assert "name: fold" in (team.cwd / "schemas/reviews.yaml").read_text()
    team("add", "data/reviews")
    team.commit()
    assert team("check", "--json").json["datasets"][0]["data"]["splits"].keys() == {"train", "test"}
    assert team("split", "reviews", "--shares", "train=0.8,test=0.2", "--folds", "4", "--stratify", "label",
                "--json").json["state"] == "unchanged"  # fmt: skip
    (record,) = recorded(team)
    assert record["split"]["plan"]["folds"] == 4 and record["why"] == ""
    assert record["after"]["splits"].keys() == {"train", "test"}


def test_a_split_column_is_set_where_it_decides(shell):
    shell("init")
    records = [{**row, "split": "train"} for row in rows("후기", 60)]
    write_csv(shell.cwd / "data/one.csv", records)
    shell("add", "data/one.csv", "--key", "id", "--text", "text", "--split-column", "split")
    schema = shell.cwd / "schemas/one.yaml"
    shell.commit()
    done = shell("split", "one", "--shares", "train=0.5,test=0.5", "--json", code=None).json
    assert done.get("files") == ["one.csv"] or "allows" in done["message"], (done, schema.read_text())
    if done.get("files"):
        shell("add", "data/one.csv")
        splits = shell("check", "one", "--json", code=None).json["datasets"][0]["data"]["splits"]
        assert splits == done["rows"]


def test_one_file_is_split_to_another_path(shell, tmp_path):
    shell("init")
    write_csv(shell.cwd / "data/one.csv", rows("후기", 60))
    shell("add", "data/one.csv", "--key", "id", "--text", "text", "--label", "label")
    refused = shell("split", "one", "--shares", "train=0.5,test=0.5", "--json", code=2).json
    assert "-o data/one" in refused["hint"]
    done = shell("split", "one", "--shares", "train=0.5,test=0.5", "-o", "data/two", "--json").json
    shell(*done["next"][0].split()[1:])
    assert shell("check", "one-mended", "--json", code=None).json["datasets"][0]["data"]["splits"] == done["rows"]
    assert (
        "exists"
        in shell("split", "one", "--shares", "train=0.5,test=0.5", "-o", "data/two", "--json", code=2).json["message"]
    )


def recorded(shell, name="reviews"):
    """The records of what was done to the data, each valid by its JSON Schema."""
    found = [json.loads(file.read_bytes()) for file in sorted((shell.cwd / "changes" / name).iterdir())]
    for document in found:
        Draft202012Validator(schema_of("registry.change/1")).validate(document)
    return found


def leak(team):
    """Five rows of train stand in test, under other ids, after rows with awkward quotes."""
    folder = team.cwd / "data/reviews"
    test = (folder / "test.csv").read_text("utf-8")
    copies = [line.replace("tr0", "xx0", 1) for line in (folder / "train.csv").read_text("utf-8").splitlines(True)[1:6]]
    (folder / "test.csv").write_text(test + 'te90000,"두 줄\n""인용""",neg,1\n' + "".join(copies), "utf-8")
    team("add", "data/reviews")
    team.commit("Leak")
    return test + 'te90000,"두 줄\n""인용""",neg,1\n'


def test_drop_removes_exactly_what_was_found_and_the_release_passes(team):
    wanted = leak(team)
    before = tree(team.cwd / "data/reviews")
    assert team("release", "v1.0", "--json", code=1).json["verdict"] == "fail"
    planned = team("drop", "reviews", "--check", "leakage-exact", "--dry-run", "--json").json
    assert planned["dropped"] == 5 and planned["state"] == "planned" and tree(team.cwd / "data/reviews") == before
    done = team("drop", "reviews", "--check", "leakage-exact", "--reason", "복사 실수", "--json").json
    assert done["splits"] == {"train": 0, "validation": 0, "test": 5}
    assert {sample["row"] for sample in done["samples"]} == {f"xx0000{i}" for i in range(5)}
    after = tree(team.cwd / "data/reviews")
    assert after["test.csv"].decode() == wanted
    assert {k: v for k, v in after.items() if k != "test.csv"} == {k: v for k, v in before.items() if k != "test.csv"}
    (record,) = recorded(team)
    assert record["why"] == "복사 실수" and record["drop"]["checks"] == {"leakage-exact": 5}
    team("add", "data/reviews")
    team.git("add", "data")
    team.git("commit", "-q", "-m", "Mend")
    refused = team("release", "v1.0", "--json", code=4).json
    assert "git add changes/reviews/0001-drop.json" in refused["hint"]
    team.commit("Record")
    assert team("release", "v1.0", "--lang", "both", "--json").json["state"] == "released"
    released = team.cwd.parent / "released"
    team("pull", "reviews", "-o", released)
    told = "5 rows dropped (<code>test</code> 5), found by <code>leakage-exact</code> 5: 복사 실수 (record"
    assert told in (released / ".registry/CHANGELOG.md").read_text("utf-8")
    assert told in (team.cwd / "releases/reviews/CHANGELOG.md").read_text("utf-8")
    korean = (released / ".registry/CHANGELOG.ko.md").read_text("utf-8")
    assert "5행 삭제" in korean and "검사 <code>leakage-exact</code> 5에서 발견: 복사 실수" in korean
    evidence = team("check", "--json").json["datasets"][0]
    assert evidence["data"]["sha256"] == record["after"]["sha256"]
    assert team("drop", "reviews", "--check", "leakage-exact", "--json").json["state"] == "unchanged"


def test_a_leak_is_mended_beside_the_split_that_is_kept(team):
    leak(team)
    told = team("check", "reviews", code=1)
    assert "registry drop reviews --check leakage-exact --keep test" in told.err
    before = tree(team.cwd / "data/reviews")
    done = team("drop", "reviews", "--check", "leakage-exact", "--keep", "test", "--json").json
    assert done["splits"] == {"train": 5, "validation": 0, "test": 0}
    assert {sample["row"] for sample in done["samples"]} == {f"tr0000{i}" for i in range(5)}
    after = tree(team.cwd / "data/reviews")
    assert {name for name in after if after[name] != before[name]} == {"train.csv"}
    team("add", "data/reviews")
    assert "leakage-exact" not in team("check", "reviews", "-q").out
    refused = team("drop", "reviews", "--check", "leakage-exact", "--keep", "tst", "--json", code=2).json
    assert "train, validation, test" in refused["message"]


@pytest.mark.parametrize(
    ("command", "code", "words"),
    [
        (["drop", "reviews", "--check", "leakage-exat"], 2, "leakage-exact"),
        (["drop", "reviews", "--check", "balance-label"], 2, "names no rows"),
        (["drop", "reviews", "--check", "schema:columns"], 2, "names no rows"),
        (["drop", "reviews"], 2, "--check"),
        (["drop", "revews", "--check", "rows"], 6, "reviews"),
        (["split", "reviews", "--shares", "train=0.9"], 2, "add up to 0.9"),
        (["split", "reviews", "--shares", "train=0.5,test=0.5", "--group", "lable"], 2, "label"),
        (["split", "reviews", "--shares", "train=0.5,holdout=0.5"], 2, "declare"),
        (["split", "reviews", "--shares", "train=0.5,test=0.5", "--time", "text"], 2, "no times"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_words(team, command, code, words):
    before = tree(team.cwd / "data")
    document = team(*command, "--json", code=code).json
    assert document["exit"] == code and words in document["message"] + document["hint"]
    assert tree(team.cwd / "data") == before and not (team.cwd / "changes").exists()


def test_data_that_is_not_added_is_not_overwritten(team):
    (team.cwd / "data/reviews/test.csv").write_text("id,text,label,score\nx1,뭐,neg,1\n")
    for command in (
        ["split", "reviews", "--shares", "train=0.5,test=0.5"],
        ["drop", "reviews", "--check", "duplicates"],
    ):
        document = team(*command, "--json", code=4).json
        assert "registry add data/reviews" in document["hint"]
    done = team("split", "reviews", "--shares", "train=0.5,test=0.5", "-o", "elsewhere", "--json").json
    assert sum(done["rows"].values()) == 101 and (team.cwd / "elsewhere/train.csv").exists()


KILL = """
import os, signal, sys
import registry.mending.deliver as deliver
deliver.swap = lambda new, target: os.kill(os.getpid(), signal.SIGKILL)
from registry.cli.app import main
main(sys.argv[1:])
"""


def test_a_kill_between_writing_and_swapping_leaves_the_old_data_and_the_command_again_finishes(team):
    command = ["split", "reviews", "--shares", SHARES]
    before = tree(team.cwd / "data/reviews")
    done = subprocess.run(
        [sys.executable, "-c", KILL, *command], cwd=team.cwd, env={**team._environment(), "PYTHONPATH": str(CHECKOUT)},
        capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == -9, done.stderr
    assert tree(team.cwd / "data/reviews") == before
    assert team("check", "--json").json["datasets"][0]["pointer"] == "current"
    assert team(*command, "--json").json["state"] == "split"
    assert sorted(path.name for path in (team.cwd / "data").iterdir()) == [".gitignore", "reviews", "reviews.dvc"]
    assert [path.name for path in (team.cwd / "changes/reviews").iterdir()] == ["0001-split.json"]


def test_the_gate_is_tried_and_nothing_is_written(team):
    before = tree(team.cwd)
    document = team("check", "reviews", "--mutate", "--json").json
    assert tree(team.cwd) == before
    (trial,) = document["datasets"]
    found = {defect["defect"]: defect for defect in trial["defects"]}
    caught = {name: set(defect["caught_by"]) for name, defect in found.items() if defect["state"] == "caught"}
    assert "leakage-exact" in caught["leak-exact"] and "leakage-exact" not in caught["leak-normalised"]
    assert "leakage-normalised" in caught["leak-normalised"] and caught["leak-near"] == {"leakage-near"}
    assert "duplicates" in caught["duplicate"] and "label-conflicts" in caught["label-conflict"]
    assert "balance-label" in caught["imbalance"] and caught["extra-column"] == {"schema:columns"}
    assert "data:readable" in caught["type-drift"] and any(one.startswith("schema:") for one in caught["null"])
    assert "schema:classes:label" in caught["out-of-range"]
    assert found["leak-exact"]["blocked"] and not found["duplicate"]["blocked"]
    text = team("check", "reviews", "--mutate").out
    assert "outcome" in text and "leakage-exact" in text
    assert team("check", "reviews", "--mutate", "--json").json == document


def test_a_gate_that_checks_nothing_catches_nothing(team):
    suite = "name: r\nexpectations:\n- {type: expect_table_row_count_to_be_between, kwargs: {min_value: 1}}\n"
    (team.cwd / "checks/reviews.yaml").write_text(suite)
    found = team("check", "--mutate", "--json").json["datasets"][0]["defects"]
    states = {defect["defect"]: defect["state"] for defect in found}
    assert states["leak-exact"] == states["duplicate"] == states["imbalance"] == "not_caught"
    assert states["extra-column"] == "caught"


def test_a_defect_that_does_not_apply_says_why(shell):
    shell("init")
    write_csv(shell.cwd / "data/notes/train.csv", [{"본문": row["text"]} for row in rows("후기", 30)])
    shell("add", "data/notes")
    found = {d["defect"]: d for d in shell("check", "--mutate", "--json").json["datasets"][0]["defects"]}
    assert found["leak-exact"]["state"] == "not_applicable" and "one split" in found["leak-exact"]["why"]
    assert found["shifted-label"]["state"] == "not_applicable" and "label" in found["shifted-label"]["why"]
