"""The whole `add` and the whole `release`, in a workspace under git, as scenarios of their own."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

from registry.authoring.add import AddOptions
from registry.authoring.add import add as add_data
from registry.judge.judge import JudgeOptions
from registry.model.names import Ref
from registry.release.release import ReleaseOptions
from registry.release.release import release as release_dataset
from registry.schemas.infer import Roles
from registry.workspace.workspace import Workspace
from tests.crash.scenarios import Place, Scenario
from tests.journeys.harness import Shell, plant_reviews, rows, tree, write_csv

DATA = "data/reviews"
OURS = (".git/", ".dvc/tmp/", ".dvc/cache/", ".registry/")  # what is no file of the user's
ROLES = Roles(label="label", text="text", key="id", license="cc-by-4.0")


def team(place: Place) -> Path:
    return place.root / "team"


def add(place: Place) -> Any:
    workspace = Workspace.find(team(place))
    return add_data(workspace, workspace.root / DATA, AddOptions(roles=ROLES))


def release(place: Place) -> Any:
    workspace = Workspace.find(team(place))
    judging = JudgeOptions(store=place.store)
    dataset = workspace.dataset("reviews")
    return release_dataset(workspace, dataset, "1.1", place.store, ReleaseOptions(judge=judging))


def pull(place: Place) -> Any:
    from registry.consume.pull import pull as pull_release

    return pull_release(place.store, Ref.parse("reviews@1.0"), place.target)


def shell(place: Place) -> Shell:
    return Shell(team(place), env=(("REGISTRY_STORE", place.store.url),))


def bare(place: Place) -> None:
    """Data, and a workspace that knows nothing of it."""
    team(place).mkdir()
    shell(place)("init")
    shell(place).commit("Start")
    plant_reviews(team(place) / DATA, train=40)


def edited(place: Place) -> None:
    """Released once; the data has grown since."""
    bare(place)
    add(place)
    shell(place).commit("Add reviews")
    shell(place)("release", "v1.0")
    write_csv(team(place) / DATA / "train.csv", rows("train", 60))


def ready(place: Place) -> None:
    """The grown data is added, committed and judged: what is left is to release it."""
    edited(place)
    add(place)
    shell(place).commit("More reviews")
    shell(place)("plan", "1.1")
    (team(place) / "note.txt").write_text("staged by the user\n", "utf-8")
    shell(place).git("add", "note.txt")


WHOLE = {
    s.name: s
    for s in (
        Scenario("first add", add, bare, ()),
        Scenario("add", add, edited),
        Scenario("whole release", release, ready, becoming="1.1"),
    )
}


def files(place: Place) -> dict[str, bytes]:
    """The user's files, the data among them."""
    return {path: data for path, data in tree(team(place)).items() if not path.startswith(OURS)}


def recorded(place: Place) -> dict[str, Any]:
    """What git holds, free of times: trees, the tag's message, what is staged and not committed."""

    def git(*arguments: str) -> str:
        done = subprocess.run(["git", *arguments], cwd=team(place), capture_output=True, text=True, check=True)
        return done.stdout

    return {
        "tree": git("ls-tree", "-r", "HEAD"),
        "tags": git("tag", "-l", "--format=%(refname:short) %(contents)"),
        "status": git("status", "--porcelain"),
    }


def pointed(place: Place) -> dict[str, bytes]:
    """The objects that DVC's cache holds."""
    cache = team(place) / ".dvc/cache/files"
    return {path: data for path, data in tree(cache).items() if "tmp" not in path}
