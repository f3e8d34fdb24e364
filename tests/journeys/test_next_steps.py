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
    assert "Then: dvc remote add -d work URL && registry push reviews" in done.err
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


def test_a_check_without_rows_points_to_those_that_have_some(team):
    refused = team("drop", "reviews", "--check", "balance-label", "--json", code=2).json
    assert refused["hint"] == "registry check reviews; none of its checks has rows to drop"
    assert "as a whole" in refused["message"]
    file = team.cwd / "data/reviews/train.csv"
    lines = file.read_text("utf-8").splitlines(keepends=True)
    twins = [line.replace(line.split(",")[0], f"쌍{at}", 1) for at, line in enumerate(lines[1:11])]
    file.write_text("".join([*lines, *twins]), "utf-8")
    team("add", "data/reviews")
    hint = team("drop", "reviews", "--check", "target-leakage", "--json", code=2).json["hint"]
    assert hint.startswith("registry drop reviews --check duplicates")
    team(*hint.removeprefix("registry ").split(" (or")[0].split())


def test_a_split_by_time_gives_the_entry_that_the_suite_lacks(shell):
    shell("init")
    records = [{**row, "때": f"2024-0{1 + at // 12}-{1 + at % 12:02}"} for at, row in enumerate(rows("후기", 90))]
    write_csv(shell.cwd / "data/mine/train.csv", records)
    shell("add", "data/mine", "--text", "text", "--key", "id")
    told = shell("split", "mine", "--shares", "train=0.6,test=0.4", "--time", "때").err
    assert "`때` is not declared as the time" in told and "`role: time` in schemas/mine.yaml" in told
    entry = [line for line in told.splitlines() if line.startswith(("  - type:", "    "))]
    suite = shell.cwd / "checks/mine.yaml"
    suite.write_text(suite.read_text("utf-8") + "\n".join(entry) + "\n", "utf-8")
    checks = {c["id"]: c["status"] for c in shell("check", "mine", "--json").json["datasets"][0]["checks"]}
    assert checks["splits-by-time"] == "pass"
    told = shell("split", "mine", "--shares", "train=0.6,test=0.4", "--time", "때", "--dry-run", code=None).err
    assert "not declared" not in told


def test_a_waiver_of_nothing_is_told_unless_it_matches_in_another_dataset(team):
    write_csv(team.cwd / "data/mine/train.csv", rows("메모", 30))
    team("add", "data/mine")
    (team.cwd / "checks/waivers.yaml").write_text(
        "".join(
            f"- {{check_id: {check}, reason: 알려짐, owner: kim, expires: 2099-01-31{rest}}}\n"
            for check, rest in (("duplicats", ""), ("leakage-exact", ", dataset: revews"), ("balance-label", ""))
        ),
        "utf-8",
    )
    told = team("check", "reviews").err
    assert "`duplicats` waives nothing" in told and "did you mean `duplicates`" in told
    assert "`revews`, which is no dataset here; did you mean `reviews`" in told
    assert "balance-label" not in told and "answer for a finding" not in told
    suite = team.cwd / "checks/mine.yaml"
    suite.write_text(suite.read_text("utf-8").replace('"min_value": 15', '"min_value": 31'), "utf-8")
    assert "by an entry in checks/waivers.yaml:" in team("check", "mine", code=1).err


def test_one_file_that_is_split_keeps_its_name(team):
    file = team.cwd / "data/water-flow.csv"
    write_csv(file, rows("물", 90))
    told = team("add", "data/water-flow.csv", "--text", "text", "--label", "label", "--key", "id")
    follow(team, told)
    command = ["split", "water-flow", "--shares", "train=0.6,validation=0.2,test=0.2"]
    hint = team(*command, "--json", code=2).json["hint"]
    assert hint.endswith("-o data/water-flow") and "-o data/water-flow" in told.out
    done = team(*command, "-o", "data/water-flow")
    assert "recorded in" in done.out and "Next: registry add data/water-flow\n" in done.err
    added = team("add", "data/water-flow")
    assert "water-flow: updated" in added.out and "changes/water-flow/0001-split.json" in added.err
    follow(team, added)
    assert team("add", "data/water-flow", "--json").json["state"] == "unchanged"
    assert team.git("status", "--short") == ""
    judged = team("check", "water-flow", "--json").json["datasets"][0]
    assert sorted(judged["data"]["splits"]) == ["test", "train", "validation"] and judged["pointer"] == "current"
    team("release", "v1.0", "water-flow")


def test_another_directory_of_that_name_is_refused(team):
    write_csv(team.cwd / "data/water-flow.csv", rows("물", 60))
    team("add", "data/water-flow.csv")
    write_csv(team.cwd / "data/water-flow/train.csv", rows("불", 60))
    assert "declared already" in team("add", "data/water-flow", "--json", code=2).json["message"]
