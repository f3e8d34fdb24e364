"""The whole way through processes: our command publishes, the unmodified clients of the Hub load."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import threading

import pytest

from registry.testing.hub_repository import Blob
from tests.journeys.harness import CHECKOUT, Shell, plant_reviews, write_csv
from tests.journeys.harness import rows as records

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="processes are ended as on Linux"),
]

CARD = """---
pretty_name: 상품 리뷰
summary: 한국어 상품 리뷰와 감성
language: [ko, en]
license: cc-by-4.0
personal-data: none
contact: kim@example.org
---
## Purpose

감성 분류.
"""


def publisher(team, hub, token, *, registry_toml='[hub]\nrepo = "my-team/{name}"\n'):
    """The workspace with a filled-in card, on the Hub's terms."""
    (team.cwd / "cards" / "reviews.md").write_text(CARD, "utf-8")
    config = team.cwd / "registry.toml"
    config.write_text(config.read_text("utf-8") + registry_toml, "utf-8")
    team.commit("Fill in the card")
    return Shell(team.cwd, env=tuple({**dict(team.env), **hub.environment(token)}.items()))


def client(hub, token, tmp_path, code, *, check=True):
    """Runs Python with the Hub's clients, none of our code, and the answer as JSON."""
    script = "import json, sys\n" + textwrap.dedent(code)
    environment = {k: v for k, v in os.environ.items() if k not in ("HF_TOKEN", "PYTHONPATH")}
    environment |= hub.environment(token) | {"HF_HOME": str(tmp_path / "hf")}
    done = subprocess.run(
        [sys.executable, "-I", "-c", script], capture_output=True, text=True, env=environment, timeout=300, check=False
    )
    assert not check or done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1]) if done.stdout else done.stderr


@pytest.fixture
def token(hub):
    return hub.token("kim", "my-team")


def test_a_release_goes_to_the_hub_and_comes_back_by_its_tag(team, hub, token, tmp_path):
    pytest.importorskip("datasets")
    shell = publisher(team, hub, token, registry_toml='[hub]\nrepo = "my-team/{name}"\nprivate = true\n')
    shell("release", "v1.0", "reviews")
    plan = shell("publish", "reviews@v1.0", "--to", "hub", "--dry-run", "--json").json
    assert plan["state"] == "planned" and not hub.world.repositories
    assert {"README.md", "croissant.json", "train.csv"} <= {change["path"] for change in plan["changes"]}
    done = shell("publish", "reviews@v1.0", "--to", "hub", "--json")
    assert (done.json["state"], done.json["tag"], done.json["private"]) == ("published", "v1.0.0", True)
    assert token not in done.out + done.err
    entry = next(file for file in (team.cwd / ".registry/store/mirrors/reviews/1.0.0").iterdir())
    assert json.loads(entry.read_text())["commit"] == done.json["commit"] and token not in entry.read_text()

    # A second release on main; the tag still means the first.
    write_csv(team.cwd / "data/reviews/train.csv", records("train", 90))
    shell("add", "data/reviews")
    shell.commit("More")
    shell("release", "minor", "reviews")
    second = shell("publish", "reviews@1.1", "--to", "hub")
    assert "published reviews@1.1.0" in second.out and 'revision="v1.1.0"' in second.err
    assert "published already: reviews@1.0.0" in shell("publish", "reviews@1.0", "--to", "hub").out

    code = """
        from datasets import load_dataset
        found = {}
        for tag in ("v1.0.0", "v1.1.0"):
            whole = load_dataset("my-team/reviews", revision=tag)
            streamed = load_dataset("my-team/reviews", revision=tag, streaming=True)
            found[tag] = {
                "rows": {name: len(split) for name, split in whole.items()},
                "same": all(list(streamed[name]) == list(split) for name, split in whole.items()),
                "label": whole["train"].features["label"].names,
                "first": whole["train"][0]["text"],
            }
        print(json.dumps(found))
    """
    found = client(hub, token, tmp_path, code)
    assert found["v1.0.0"]["rows"] == {"train": 80, "validation": 20, "test": 20}
    assert found["v1.1.0"]["rows"] == {"train": 90, "validation": 20, "test": 20}
    assert all(one["same"] and one["label"] == ["neg", "pos"] and "후기" in one["first"] for one in found.values())

    # Whoever has no right to see it learns nothing; a snapshot of the tag is the release, to the byte.
    hidden = """
        from datasets import load_dataset
        try:
            load_dataset("my-team/reviews", revision="v1.0.0")
        except Exception as error:
            print(json.dumps(type(error).__name__))
    """
    assert client(hub, "", tmp_path / "nobody", hidden) == "DatasetNotFoundError"
    snapshot = """
        from huggingface_hub import snapshot_download
        place = {"revision": "v1.0.0", "local_dir": "%s"}
        print(json.dumps(snapshot_download("my-team/reviews", repo_type="dataset", **place)))
    """
    client(hub, token, tmp_path, snapshot % (tmp_path / "snapshot"))
    verified = shell("verify", tmp_path / "snapshot", "--json", code=None).json
    strange = {problem["path"].split("/")[0] for problem in verified["problems"]}
    assert {problem["kind"] for problem in verified["problems"]} <= {"unexpected"}
    assert strange <= {".gitattributes", ".cache"}  # what the Hub and its client add


def test_the_counts_of_the_card_are_enforced_by_the_client(team, hub, token, tmp_path):
    pytest.importorskip("datasets")
    shell = publisher(team, hub, token)
    shell("release", "v1.0", "reviews")
    shell("publish", "reviews@v1.0", "--to", "hub")
    repository = hub.repository("my-team/reviews")
    card = repository.at("v1.0.0").tree["README.md"].data.decode()
    assert "num_examples: 80" in card
    wrong = card.replace("num_examples: 80", "num_examples: 81")
    repository.commit("main", None, {"README.md": Blob.of(wrong.encode())}, [], "Wrong")
    code = """
        from datasets import load_dataset
        try:
            load_dataset("my-team/reviews", revision="main")
        except Exception as error:
            print(json.dumps(type(error).__name__))
    """
    assert client(hub, token, tmp_path, code) == "NonMatchingSplitsSizesError"


def test_the_command_refuses_what_the_hub_must_not_get(team, hub, token):
    shell = publisher(team, hub, token)
    shell("release", "v1.0", "reviews")
    card = team.cwd / "cards" / "reviews.md"
    (team.cwd / "registry.toml").write_text(
        (team.cwd / "registry.toml").read_text().replace("[hub]", '[hub]\nrequired = ["doi", "contact"]')
    )
    refused = shell("publish", "reviews@v1.0", "--to", "hub", "--json", code=1).json
    assert "doi" in refused["message"] and "contact" not in refused["message"]
    assert "registry release patch reviews" in refused["hint"] and not hub.world.repositories
    # The card that counts is the released one, whatever is written there today.
    card.write_text(CARD.replace("contact:", "doi: 10.1/x\ncontact:"), "utf-8")
    assert shell("publish", "reviews@v1.0", "--to", "hub", code=1)
    shell("yank", "reviews@v1.0", "--reason", "중복")
    assert "was yanked" in shell("publish", "reviews@v1.0", "--to", "hub", code=6).err
    assert shell("publish", "reviews@v1.0", "--to", "nowhere://x", code=2)
    misspelt = shell("publish", "reviews@v1.0", "--to", "hug", code=2)
    assert "--to ./hug" in misspelt.err and not (shell.cwd / "hug").exists()
    assert shell("publish", "reviews@^1", "--to", "hub", code=2)
    assert not hub.world.repositories


def test_a_killed_upload_sends_only_what_is_missing(team, hub, token):
    plant_reviews(team.cwd / "data" / "reviews")
    shell = publisher(team, hub, token)
    hub.world.make(hub.world.people[token], "my-team/reviews")
    repository = hub.repository("my-team/reviews")
    lfs = Blob.of(b"*.csv filter=lfs diff=lfs merge=lfs -text\n")
    repository.commit("main", None, {".gitattributes": lfs}, [], "Store tables apart")
    shell("release", "v1.0", "reviews")
    command = [sys.executable, "-m", "registry", "publish", "reviews@v1.0", "--to", "hub"]
    environment = {**os.environ, **dict(shell.env), "PYTHONPATH": str(CHECKOUT)}
    process = subprocess.Popen(command, cwd=team.cwd, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    died = threading.Event()

    def puts():
        return [path for method, path in hub.calls if method == "PUT" and path.startswith("/lfs/")]

    def kill(method, path):
        # Two objects may be there; the third never comes.
        if method == "POST" and path.endswith("/verify") and len(hub.world.large) >= 2 and not died.is_set():
            process.send_signal(signal.SIGKILL)
            process.wait()
            died.set()

    hub.before = kill
    process.communicate(timeout=120)
    assert process.returncode == -signal.SIGKILL and not repository.tags and len(repository.commits) == 2
    had = set(hub.world.large)
    hub.calls.clear()
    done = shell("publish", "reviews@v1.0", "--to", "hub", "--json").json
    assert done["state"] == "published" and len(repository.commits) == 3
    assert not {path.split("/")[2] for path in puts()} & had
    assert {path for path, blob in repository.at("v1.0.0").tree.items() if blob.sha256} == {
        "train.csv", "validation.csv", "test.csv",
    }  # fmt: skip


def test_to_another_store_by_the_command(team, tmp_path):
    team("release", "v1.0", "reviews")
    there = tmp_path / "there"
    plan = team("publish", "reviews@1.0.0", "--to", there, "--dry-run", "--json").json
    assert plan["to"] == "store" and not there.exists()
    assert team("publish", "reviews@1.0.0", "--to", there, "--json").json["state"] == "published"
    again = team("publish", "reviews@1.0.0", "--to", there)
    assert "published already" in again.out
    pulled = team("pull", "reviews@1.0.0", "--store", there, "-o", tmp_path / "out", "--json").json
    assert pulled["files"] == 3
