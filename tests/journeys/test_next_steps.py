"""What a command says to run next is enough, followed to the letter."""

from __future__ import annotations

import subprocess

import pytest

from tests.journeys.harness import rows, write_csv

pytestmark = pytest.mark.slow


def follow(shell, done):
    """Runs the `Next:` line of git."""
    line = next(line for line in done.err.splitlines() if line.startswith("Next: git add"))
    subprocess.run(line.removeprefix("Next: "), shell=True, cwd=shell.cwd, check=True, capture_output=True,
                   env=shell._environment())  # fmt: skip


def test_after_a_split_add_names_the_record_too_and_the_first_version(team):
    team("split", "reviews", "--shares", "train=0.6,validation=0.2,test=0.2")
    done = team("add", "data/reviews")
    assert "changes/reviews/0001-split.json" in done.err and "Then: registry release v1.0 reviews" in done.err
    assert "Next:" in team("add", "data/reviews").err  # still not committed
    follow(team, done)
    assert "Next:" not in team("add", "data/reviews").err
    assert team.git("status", "--short", "data", "changes", "schemas", "checks") == ""


def test_add_tells_the_roles_that_it_guessed_and_what_follows(shell):
    shell("init")
    write_csv(shell.cwd / "data/mine/train.csv", rows("후기", 30))
    told = shell("add", "data/mine", "--text", "text").out
    assert "label: label" in told and "guessed: label, id; change them in schemas/mine.yaml" in told
    assert "registry split mine --shares" in told
    write_csv(shell.cwd / "data/plain/train.csv", [{"본문": row["text"]} for row in rows("후기", 30)])
    told = shell("add", "data/plain").out
    assert "no column was found to be the label" in told and "checks/plain.yaml" in told
