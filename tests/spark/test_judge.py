"""`check --engine spark` on a workspace: files of this machine, and objects of a release on S3."""

from __future__ import annotations

import json
import shutil

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from registry.cli.app import app
from registry.errors import UsageError
from registry.judge.judge import JudgeOptions, judge, lay_out
from registry.stores import open_store
from registry.workspace.workspace import Workspace
from tests.journeys.harness import Shell, rows

SPARK = '\n[spark]\nmaster = "local[2]"\n'


def planted(root):
    """Parquet files of three splits with leaked, repeated and near-equal rows."""
    train, held = rows("train", 60), rows("test", 20)
    for at in range(3):
        held[at]["text"] = train[at]["text"]
        held[5 + at]["text"] = train[9 + at]["text"] + "!"
    train[20]["text"] = train[19]["text"]
    for split, found in {"train": train, "validation": rows("validation", 20), "test": held}.items():
        (root / split).mkdir(parents=True)
        pq.write_table(pa.Table.from_pylist(found[:15]), root / split / "a 1.parquet", row_group_size=4)
        pq.write_table(pa.Table.from_pylist(found[15:]), root / split / "나.parquet")


@pytest.fixture
def team(tmp_path):
    """A workspace with a dataset that its suite finds fault with."""
    shell = Shell(tmp_path / "team")
    shell.cwd.mkdir()
    shell("init")
    planted(shell.cwd / "data" / "reviews")
    shell("add", "data/reviews", "--label", "label", "--text", "text", "--key", "id", "--license", "cc-by-4.0")
    with (shell.cwd / "registry.toml").open("a") as file:
        file.write(SPARK)
    shell.commit("Add reviews")
    return shell


@pytest.mark.slow
def test_objects_on_s3_are_fetched_verified_and_judged_alike(team, spark_settings, seaweed_bucket, capfd):
    """The workspace lacks the files and DVC's cache; the store has the objects; DuckDB's verdict is not taken."""
    url = f"s3://{seaweed_bucket.name}/data"
    store = open_store(url)
    for file in (team.cwd / ".dvc" / "cache" / "files" / "md5").rglob("*"):
        if file.is_file():
            store.create(f"files/md5/{file.parent.name}/{file.name}", file.read_bytes())
    workspace = Workspace.find(team.cwd)
    here = judge(lay_out(workspace, workspace.dataset("reviews"), JudgeOptions()))
    assert here.verdict == "fail"
    shutil.rmtree(team.cwd / "data" / "reviews")
    shutil.rmtree(team.cwd / ".dvc" / "cache")
    capfd.readouterr()
    command = ["check", "reviews", "-C", str(team.cwd), "--store", url, "--engine", "spark", "--json"]
    assert app(command, standalone_mode=False) == 1
    (found,) = json.loads(capfd.readouterr().out)["datasets"]
    assert found == {**here.to_json(), "engine": "spark"}


def test_an_unknown_engine_is_refused(tmp_path):
    with pytest.raises(UsageError, match="no engine `polars`"):
        app(["check", "-C", str(tmp_path), "--engine", "polars"], standalone_mode=False)
