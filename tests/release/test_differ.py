"""What tells two states of a dataset apart: releases, revisions of git, the workspace."""

from __future__ import annotations

import shutil

import pytest

from registry.authoring.add import AddOptions, add
from registry.errors import NotFoundError, UsageError
from registry.model.names import Ref
from registry.release.differ import diff_states
from registry.stores.local import LocalStore
from registry.workspace.git import Git
from registry.workspace.workspace import Workspace
from tests.journeys.harness import rows, write_csv
from tests.release.conftest import commit

pytestmark = pytest.mark.slow


def diff(team, before=None, after=None):
    workspace = Workspace.find(team)
    name = next(iter(workspace.datasets))
    return diff_states(workspace, workspace.dataset(name), before, after, LocalStore(team.parent / "store"))


def change(team):
    """Two commits on the branch: rows more, then a test row relabelled; then an edit that nobody added."""
    data = team / "data" / "reviews"
    write_csv(data / "train.csv", rows("train", 83))
    add(Workspace.find(team), data, AddOptions())
    commit(team)
    tested = rows("test", 20)
    tested[3]["label"] = "neg" if tested[3]["label"] == "pos" else "pos"
    write_csv(data / "test.csv", tested)
    add(Workspace.find(team), data, AddOptions())
    commit(team)
    scored = rows("train", 83)
    for row in scored[:40]:
        row["score"] = 9
    write_csv(data / "train.csv", scored)


def test_revisions_releases_and_the_workspace_are_told_apart(team):
    change(team)
    stat = team / ".registry" / "cache" / "stat" / "reviews.jsonl"
    known = stat.read_bytes()
    first = diff(team, "main", "HEAD~1")
    assert (first.before, first.after, first.level) == ("reviews at main", "reviews at HEAD~1", "minor")
    assert first.rows.added == {"train": 3} and first.rows.samples == {"added": ("tr00080", "tr00081", "tr00082")}
    second = diff(team, "HEAD~1", "HEAD")
    assert second.level == "major" and second.rows.relabelled == {"test": 1}
    assert {shift.column for shift in second.shifts} == {"label"}
    assert stat.read_bytes() == known, "what is known of the workspace stays"
    here = diff(team, "main")
    assert here.rows.edited == {"train": 40} and here.rows.columns == {"score": 40}
    assert (here.after, here.shifts[0].column) == ("reviews", "score") and 0 < here.shifts[0].divergence <= 1
    released = diff(team, Ref.parse("reviews@1.0"), "HEAD")
    assert (released.before, released.after) == ("reviews@1.0.0", "reviews at HEAD")
    assert (released.rows.added, released.rows.relabelled) == ({"train": 3}, {"test": 1})
    assert diff(team, "HEAD", "HEAD").level == "none" and diff(team).rows.relabelled == {"test": 1}
    told = {fact.split: fact.detail for fact in here.facts if fact.kind == "split-changed"}
    assert "40 changed" in told["train"], "facts and rows say the same word"


def test_data_of_a_revision_comes_from_the_remote_or_the_store(team):
    change(team)
    shutil.rmtree(team / ".dvc" / "cache")
    with pytest.raises(NotFoundError, match="is nowhere"):
        diff(team, "HEAD~1", "HEAD")
    assert diff(team, "main").rows.added == {"train": 3}


def test_a_revision_without_the_dataset_and_a_renamed_one(team):
    root = Git.require(team).run("rev-list", "--max-parents=0", "HEAD").strip()
    with pytest.raises(UsageError, match="knows no revision"):
        diff(team, "nowhere")
    text = (team / "dvc.yaml").read_text("utf-8")
    (team / "dvc.yaml").write_text(text.replace("  reviews:\n", "  opinions:\n"), "utf-8")
    commit(team)
    assert diff(team, root, "HEAD").level == "patch", "found by its path"
    (team / "dvc.yaml").write_text(text.replace("path: data/reviews", "path: data/others"), "utf-8")
    Git.require(team).run("rm", "-q", "dvc.yaml", "--cached")
    Git.require(team).run("commit", "-q", "-m", "no dataset")
    with pytest.raises(NotFoundError, match="was not declared at HEAD"):
        diff(team, "HEAD", root)


def test_documents_alone_are_a_patch(team):
    card = team / "cards" / "reviews.md"
    card.write_text(card.read_text("utf-8").replace("summary:", "summary: 새 요약 #", 1), "utf-8")
    found = diff(team, "main")
    assert (found.level, [fact.kind for fact in found.facts]) == ("patch", ["documents-changed"])
