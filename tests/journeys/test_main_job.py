"""From a directory of data to a blocked release, a good release, and a consumer who verifies it."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.journeys.harness import Shell, plant_reviews, rows, tree, write_csv

pytestmark = pytest.mark.slow


@pytest.fixture(params=["local", "s3"])
def place(request, tmp_path):
    """A store's URL: a directory, or a bucket of a real S3 server whose endpoint and keys the environment holds."""
    if request.param == "local":
        return str(tmp_path / "store")
    return f"s3://{request.getfixturevalue('seaweed_bucket').name}/data"


def test_the_main_job(place, tmp_path):
    url = place
    shell = Shell(tmp_path / "team", env=(("REGISTRY_STORE", url),), fresh=True)
    shell.cwd.mkdir()
    shell("init")
    data = shell.cwd / "data" / "reviews"
    plant_reviews(data)
    clean = rows("test", 20)
    leak = [{**row, "id": f"leak{i}", "text": f"  {row['text'].upper()} "} for i, row in enumerate(rows("train", 3))]
    write_csv(data / "test.csv", clean + leak)
    shell("add", "data/reviews", "--label", "label", "--text", "text", "--key", "id", "--license", "cc-by-4.0")
    shell.commit("Add reviews")

    refused = shell("release", "v1.0", "--json", code=1)
    [evidence] = refused.json["datasets"]
    assert refused.json["format"] == "registry.check/1" and evidence["verdict"] == "fail"
    failing = [c for c in evidence["checks"] if c["type"] == "expect_splits_to_be_disjoint" and c["status"] == "fail"]
    assert failing and all(c["unexpected"] == 3 for c in failing)
    assert {"leak0", "leak1", "leak2"} <= {word for c in failing for word in json.dumps(c["samples"]).split('"')}
    assert shell("list", "--json").json["datasets"] == []

    write_csv(data / "test.csv", clean)
    stale = shell("release", "v1.0", code=4)
    assert "registry add data/reviews" in stale.err
    shell("add", "data/reviews")
    dirty = shell("release", "v1.0", code=4)
    assert "git add" in dirty.err
    shell.commit("Remove leaked rows")
    first = shell("release", "v1.0", "--json").json
    assert (first["state"], first["version"], first["files"]) == ("released", "1.0.0", 3)
    assert shell("release", "v1.0", "--json").json["state"] == "already-released"

    write_csv(data / "train.csv", rows("train", 100))
    shell("add", "data/reviews")
    shell.commit("More reviews")
    low = shell("release", "v1.0.1", code=4)
    assert "v1.1.0" in low.err
    second = shell("release", "v1.1", "--json").json
    assert (second["state"], second["change"]) == ("released", "minor")

    consumer = Shell(tmp_path / "consumer", fresh=True)
    consumer.cwd.mkdir()
    pulled = consumer("pull", "reviews@v1.0", "-o", "here", "--store", url, "--json").json
    assert pulled["version"] == "1.0.0" and pulled["manifest"] == first["manifest"]
    here = consumer.cwd / "here"
    assert (here / "train.csv").read_text().count("\n") == 81
    assert consumer("verify", "here", "--json").json["ok"] is True
    again = consumer("pull", "reviews@v1.0", "-o", "here", "--store", url, "--json").json
    assert again["transferred"] == {"files": 0, "bytes": 0}
    raw = (here / ".registry" / "manifest.json").read_bytes()
    assert f"sha256:{hashlib.sha256(raw).hexdigest()}" == first["manifest"]
    assert {v["version"] for v in consumer("list", "--store", url, "--json").json["datasets"][0]["versions"]} == {
        "1.0.0",
        "1.1.0",
    }
    shown = consumer("show", "reviews@^1", "--store", url, "--json").json
    assert shown["version"] == "1.1.0" and shown["data"]["splits"]["test"]["unchanged_since"] == "1.0.0"
    check_record(shell, first)
    check_dvc_pull(tmp_path, shell, here, url)


def check_record(shell: Shell, first: dict) -> None:
    tag = shell.git("for-each-ref", "refs/tags/reviews@v1.0.0", "--format=%(objecttype) %(contents)")
    assert tag.startswith("tag ") and f"Manifest-Digest: {first['manifest']}" in tag
    recorded = shell.git("show", "reviews@v1.0.0:releases/reviews/1.0.0.manifest.json").encode()
    assert f"sha256:{hashlib.sha256(recorded).hexdigest()}" == first["manifest"]
    assert shell.git("status", "--porcelain") == ""
    log = (shell.cwd / "releases" / "reviews" / "CHANGELOG.md").read_text()
    assert "1.0.0" in log and "1.1.0" in log


def check_dvc_pull(tmp_path: Path, shell: Shell, here: Path, url: str) -> None:
    """The store is a DVC remote: `dvc pull` from it gives the identical tree."""
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", str(shell.cwd), str(clone)], check=True)
    dvc = Shell(clone, (sys.executable, "-m", "dvc"))
    dvc.git("checkout", "-q", "reviews@v1.0.0")
    dvc("remote", "add", "-d", "releases", url)
    if url.startswith("s3:"):
        dvc("remote", "modify", "releases", "endpointurl", os.environ["AWS_ENDPOINT_URL"])
    dvc("pull", "data/reviews.dvc")
    ours = {path: data for path, data in tree(here).items() if path.endswith(".csv")}
    assert tree(clone / "data" / "reviews") == ours


def test_the_python_interface_reads_what_was_released(team, tmp_path):
    team("release", "v1.0")
    code = """
import sys, registry
ds = registry.load("reviews@1.0", split="train", store=sys.argv[1])
assert ds.features["label"].names == ["neg", "pos"], ds.features
assert ds.num_rows == 80 and ds[0]["id"] == "tr00000" and ds[0]["label"] == 0
table = registry.load("reviews", split="test", store=sys.argv[1], as_="arrow")
assert table.num_rows == 20 and table.column("label")[1].as_py() == "pos"
assert [r["ref"] if isinstance(r, dict) else r for r in registry.loaded()]
"""
    python = Shell(tmp_path, (sys.executable, "-c", code))
    python(team.cwd / ".registry" / "store")


def test_load_dataset_reads_what_the_card_states(team, tmp_path):
    team("release", "v1.0")
    team("pull", "reviews", "-o", tmp_path / "here")
    import datasets

    found = datasets.load_dataset(str(tmp_path / "here"), cache_dir=str(tmp_path / "cache"))
    assert {split: part.num_rows for split, part in found.items()} == {"train": 80, "validation": 20, "test": 20}
    assert found["train"].features["label"].names == ["neg", "pos"]
    assert found["test"][0]["text"] == rows("test", 1)[0]["text"]
    import registry

    ours = registry.load("reviews", split="test", store=str(team.cwd / ".registry" / "store"))
    assert ours.features == found["test"].features and ours.to_dict() == found["test"].to_dict()


def test_two_fresh_clones_at_any_number_of_threads_make_the_same_documents(team, tmp_path):
    team.git("tag", "start")
    made = []
    for threads in (1, 2, 4):
        clone = tmp_path / f"clone{threads}"
        subprocess.run(["git", "clone", "-q", str(team.cwd), str(clone)], check=True)
        shell = Shell(clone, env=(("REGISTRY_THREADS", str(threads)),), fresh=True)
        plant_reviews(clone / "data" / "reviews")
        shell("release", "v1.0", "--no-git")
        shell("pull", "reviews", "-o", tmp_path / f"out{threads}")
        made.append(tree(tmp_path / f"out{threads}"))
    assert made[0] == made[1] == made[2]
    assert {".registry/evidence.json", ".registry/profile.json", ".registry/eda.html", "README.md"} <= set(made[0])
