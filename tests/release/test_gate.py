"""The gate of a pull request in a clone that has pointers only: what it fetches, believes, and refuses."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import sys
from contextlib import nullcontext
from datetime import date

import pytest

from registry.authoring.add import AddOptions, add
from registry.content import dvc
from registry.errors import ConfigError
from registry.formats.renderings import RENDERINGS
from registry.judge.judge import JudgeOptions
from registry.judge.scope import base_of, scope_of
from registry.release.gate import Gate, Surroundings, judge_scope
from registry.release.release import ReleaseOptions, release
from registry.release.status import status_of
from registry.stores.local import LocalStore
from registry.workspace.git import Git
from registry.workspace.workspace import Workspace
from tests.journeys.harness import rows, write_csv
from tests.release.conftest import commit

pytestmark = pytest.mark.slow


def clone(team):
    """What CI has: the pointers of HEAD, no data, nothing remembered; `origin/main` is the base."""
    place = team.parent / "ci"
    shutil.rmtree(place, ignore_errors=True)
    subprocess.run(["git", "clone", "-q", str(team), str(place)], check=True)
    Git.require(place).run("reset", "-q", "--hard", Git.require(team).head())
    return place


def judged(root, base="origin/main", **options):
    evidence, pinned = options.pop("evidence", ()), options.pop("pinned", False)
    said = []
    around = Surroundings(lambda: LocalStore(root.parent / "store"), lambda dataset: nullcontext(), said.append)
    gate = Gate(JudgeOptions(**options), around, compare=True, evidence=tuple(evidence), pinned=pinned)
    workspace = Workspace.find(root)
    with base_of(workspace, base) as found:
        return judge_scope(workspace, found, scope_of(workspace, found), gate)


def checks(judgement):
    return {check.id: check for check in judgement.evidences[0].checks}


def grow(team, count=92):
    write_csv(team / "data" / "reviews" / "train.csv", rows("train", count))
    add(Workspace.find(team), team / "data" / "reviews", AddOptions())
    commit(team)


def push(team):
    workspace = Workspace.find(team)
    dvc.push(team, [workspace.pointer(workspace.dataset("reviews"))])


def test_data_that_was_pushed_is_fetched_and_judged(team):
    grow(team)
    push(team)
    found = judged(clone(team))
    assert found.verdict == "pass" and found.evidences[0].data.splits["train"] == 92
    assert checks(found)["pointer:resolves"].status == "pass"
    assert (found.differences["reviews"].level, found.differences["reviews"].rows.added) == ("minor", {"train": 12})
    again = judged(team.parent / "ci")
    assert again.scope.evidence == {"reviews": "an earlier run on this machine"}
    assert again.evidences[0].checks == found.evidences[0].checks
    assert judged(team.parent / "ci", remember=False).scope.evidence == {}


def test_data_that_was_never_pushed_is_an_error_here_and_in_a_clone(team):
    grow(team)
    for root, base in ((team, "main"), (clone(team), "origin/main")):
        found = judged(root, base)
        assert found.verdict == "error"
        message = checks(found)["pointer:resolves"].message
        assert "neither in DVC's remote nor in the store" in message and "registry push reviews" in message
    assert checks(judged(team, "main"))["pointer:resolves"].samples[0]["file"] == "train.csv"


def test_more_than_may_be_fetched_is_an_error_and_the_size_of_the_pointer_is_not_believed(team):
    grow(team)
    push(team)
    assert "10,277 bytes, and 9,000 are allowed" in checks(judged(clone(team), limit=9000))["pointer:data"].message
    pointer = team / "data" / "reviews.dvc"
    pointer.write_text(pointer.read_text("utf-8").replace("size: 10277", "size: 1"), "utf-8")
    commit(team)
    found = judged(clone(team), limit=9000)
    assert found.verdict == "error" and "more than 9,000 bytes" in checks(found)["pointer:data"].message
    assert not list((team.parent / "ci" / ".registry").rglob("*.csv"))


def test_without_access_evidence_of_an_earlier_run_stands_for_the_data(team, tmp_path):
    grow(team)
    push(team)
    verdict = tmp_path / "verdict.json"
    verdict.write_text(json.dumps(judged(clone(team)).to_json()), "utf-8")

    def fork():
        place = clone(team)
        (place / ".dvc" / "config.local").write_text("['remote \"work\"']\n    url = gs://bucket/x\n", "utf-8")
        return place

    refused = judged(fork())
    assert refused.verdict == "error" and "--evidence FILE" in checks(refused)["pointer:data"].message
    assert "cannot be reached" in checks(refused)["pointer:resolves"].message
    found = judged(fork(), evidence=[verdict])
    assert (found.verdict, found.scope.evidence) == ("pass", {"reviews": "verdict.json"})
    assert checks(found)["pointer:resolves"].status == "not_measured"
    whole = json.loads(verdict.read_text("utf-8"))
    for wrong in ("left out", "lighter", "of laxer settings"):
        forged = json.loads(json.dumps(whole))
        entry = forged["datasets"][0]
        if wrong == "left out":
            entry["checks"] = [check for check in entry["checks"] if check["id"] != "leakage-exact"]
        elif wrong == "lighter":
            next(check for check in entry["checks"] if check["id"] == "leakage-exact")["severity"] = "info"
        else:
            entry["fail_on"] = "warning"
        verdict.write_text(json.dumps(forged), "utf-8")
        assert judged(fork(), evidence=[verdict]).verdict == "error", wrong
    verdict.write_text(json.dumps(whole), "utf-8")
    grow(team, 93)
    assert judged(fork(), evidence=[verdict]).verdict == "error", "of other data"
    verdict.write_text("{}", "utf-8")
    with pytest.raises(ConfigError, match="holds no verdict"):
        judged(fork(), evidence=[verdict])


def test_a_corrupt_object_is_no_data(team):
    grow(team)
    push(team)
    for file in (team.parent / "remote").rglob("*"):
        if file.is_file() and file.stat().st_size > 5000:
            file.chmod(0o644)
            file.write_bytes(file.read_bytes().replace(b"tr00001", b"tr99999"))
            file.chmod(0o444)  # DVC believes such a file
    found = judged(clone(team))
    assert found.verdict == "error" and "corrupt wherever it was found" in checks(found)["pointer:data"].message


def test_a_change_of_the_card_alone_reads_no_data(team):
    card = team / "cards" / "reviews.md"
    card.write_text(card.read_text("utf-8").replace("summary:", "summary: 새 요약\nlanguage: ko", 1)
                    .replace("\nlanguage:  #", "\n#"), "utf-8")  # fmt: skip
    commit(team)
    place = clone(team)
    shutil.rmtree(team.parent / "remote")
    found = judged(place)
    assert (found.verdict, dict(found.scope.touched)) == ("pass", {"reviews": ("card",)})
    assert found.scope.evidence == {"reviews": "reviews@1.0.0"}
    assert found.differences["reviews"].level == "patch" and not (place / ".registry").exists()
    assert checks(found)["card:language"].status == "not_measured"
    card.write_text(card.read_text("utf-8").replace("license: cc-by-4.0", "license: mit"), "utf-8")
    commit(team)
    contradicted = judged(clone(team))
    assert contradicted.verdict == "fail"
    assert "the card says mit" in checks(contradicted)["terms:licence"].message
    place = contradicted.place("reviews", checks(contradicted)["terms:licence"])
    assert place.path == "cards/reviews.md" and "mit" in card.read_text("utf-8").splitlines()[place.line - 1]


def test_a_branch_that_names_another_store_is_judged_by_the_one_of_its_base(team):
    config = team / "registry.toml"
    config.write_text(config.read_text("utf-8").replace('store = "', 'store = "file:elsewhere-'), "utf-8")
    commit(team)
    found = judged(clone(team))
    assert found.scope.touched == {"reviews": ("settings",)}
    assert checks(found)["gate:store"].message.endswith("; the base branch's version decides")


def test_a_dataset_without_its_pointer_is_an_error(team):
    (team / "data" / "reviews.dvc").unlink()
    commit(team)
    found = judged(clone(team))
    assert found.verdict == "error" and "git holds no pointer" in checks(found)["pointer:resolves"].message


def test_a_waiver_that_ended_is_not_believed_along(team):
    shutil.rmtree(team.parent / "store")
    data = team / "data" / "reviews"
    waivers = "".join(
        f"- {{check_id: {name}, reason: 알려짐, owner: kim, expires: 2026-01-31}}\n"
        for name in ("leakage-exact", "leakage-normalised", "duplicates", "leakage-near", "schema:unique:id",
                     "near-duplicates")
    )  # fmt: skip
    (team / "checks" / "waivers.yaml").write_text(waivers, "utf-8")
    commit(team)
    Git.require(team).run("branch", "-f", "main")
    write_csv(data / "test.csv", [*rows("test", 19), rows("train", 1)[0]])
    add(Workspace.find(team), data, AddOptions())
    commit(team)
    push(team)
    first = judged(team, "main", as_of=date(2026, 1, 31))
    assert any(check.status == "waived" for check in first.evidences[0].checks)
    later = judged(team, "main", as_of=date(2026, 2, 1))
    assert later.scope.evidence and later.evidences[0].verdict != "pass"
    assert any("ended on 2026-01-31" in check.message for check in later.evidences[0].checks)


def leak(team):
    """A row of train in test, pushed, on a branch."""
    write_csv(team / "data" / "reviews" / "test.csv", [*rows("test", 19), {**rows("train", 1)[0], "id": "te99"}])
    add(Workspace.find(team), team / "data" / "reviews", AddOptions())
    commit(team)
    push(team)


def weaken(team):
    suite = team / "checks" / "reviews.yaml"
    text = re.sub(r"max_share: [0-9.]+", "max_share: 0.5", suite.read_text("utf-8"))
    suite.write_text(text.replace("severity: critical", "severity: warning"), "utf-8")
    commit(team)


def test_a_pull_request_cannot_pass_by_weakening_its_gate(team):
    weaken(team)
    alone = judged(clone(team))
    assert alone.verdict == "pass" and alone.scope.evidence == {"reviews": "reviews@1.0.0"}
    weaker = [check for check in alone.evidences[0].checks if check.type == "gate-weakened"]
    assert weaker and all(check.status == "fail" for check in weaker)
    assert "rules-changed" in {fact.kind for fact in alone.differences["reviews"].facts}
    leak(team)
    found = judged(clone(team))
    assert found.verdict == "fail" and checks(found)["leakage-exact"].blocks("critical")
    for form in ("text", "markdown", "json", "junit", "sarif", "github", "gitlab"):
        said = RENDERINGS[form](found)
        assert "gate weakened" in said.lower() and "leakage-exact" in said, form
    assert re.search(r"::warning file=checks/reviews.yaml,line=\d+,title=reviews%3A gate%3Aleakage-exact::",
                     RENDERINGS["github"](found))  # fmt: skip
    assert "> ⚠️ **Gate weakened**: `reviews`" in RENDERINGS["markdown"](found)
    Git.require(team).run("branch", "-f", "main", "HEAD~1")
    assert judged(clone(team)).verdict == "pass", "once the weakening is merged it decides"


def test_what_the_organisation_asks_is_waived_by_whom_it_names(team, tmp_path):
    gate = tmp_path / "gate.yaml"
    rule = "{type: expect_table_row_count_to_be_between, kwargs: {min_value: 1000}, meta: {check_id: rows}}"
    gate.write_text(f"name: 조직\nowners: [lee]\nexpectations:\n  - {rule}\n", "utf-8")
    digest = hashlib.sha256(gate.read_bytes()).hexdigest()
    config = team / "registry.toml"
    pinned = f'[gate]\nbaseline = {{url = "file:{gate}", sha256 = "{digest}"}}\n'
    config.write_text(config.read_text("utf-8").replace("[gate]\n", pinned), "utf-8")
    waivers = team / "checks" / "waivers.yaml"

    def judge_with(owner):
        waivers.write_text(
            f"- {{check_id: 'baseline:rows', reason: r, owner: {owner}, expires: 2099-01-01}}\n", "utf-8"
        )
        commit(team)
        Git.require(team).run("branch", "-f", "main")
        card = team / "cards" / "reviews.md"
        card.write_text(f"{card.read_text('utf-8')}\n<!-- {owner} -->\n", "utf-8")
        commit(team)
        return judged(team, "main")

    refused = judge_with("kim")
    assert refused.verdict == "fail"
    assert "the waiver of kim does not count: of the baseline's checks lee may waive" in (
        checks(refused)["baseline:rows"].message
    )
    assert refused.place("reviews", checks(refused)["baseline:rows"]).path == "registry.toml"
    assert checks(judge_with("lee"))["baseline:rows"].status == "waived"


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ('frozen-splits = ["test"]', "frozen-splits = []", "gate:frozen-splits"),
        ('preset = "ml"', 'preset = "schema-only"', "gate:preset"),
    ],
)
def test_a_branch_cannot_thaw_what_it_relabels(team, before, after, said):
    settings = team / "registry.toml"
    text = settings.read_text("utf-8")
    assert before in text
    settings.write_text(text.replace(before, after), "utf-8")
    tested = rows("test", 20)
    tested[3]["label"] = "neg" if tested[3]["label"] == "pos" else "pos"
    write_csv(team / "data" / "reviews" / "test.csv", tested)
    add(Workspace.find(team), team / "data" / "reviews", AddOptions())
    commit(team)
    push(team)
    found = judged(team, base="main")
    assert said in checks(found)
    assert found.differences["reviews"].level == "major"
    told = RENDERINGS["markdown"](found)
    assert "🚨" in told and "Gate weakened" in told


def test_where_no_release_is_at_hand_the_base_is_compared_with(team):
    relabelled = rows("test", 20)
    relabelled[3]["label"] = "neg" if relabelled[3]["label"] == "pos" else "pos"
    write_csv(team / "data" / "reviews" / "test.csv", relabelled)
    grow(team)
    push(team)
    shutil.rmtree(team.parent / "store")
    LocalStore(team.parent / "store").create("registry.json", b'{"format": "registry.store/1"}\n')
    git = Git.require(team)
    for recorded in (False, True):
        if recorded:
            git.run("checkout", "-q", "main")
            (team / "releases" / "reviews").mkdir(parents=True)
            (team / "releases" / "reviews" / "1.0.0.manifest.json").write_text("{}\n", "utf-8")
            commit(team)
            git.run("checkout", "-q", "work")
            git.run("rebase", "-q", "main")
        found = judged(clone(team))
        change, told = found.differences["reviews"], RENDERINGS["markdown"](found)
        assert (change.before, change.level, change.thawed) == ("reviews at the base", "major", ("test",))
        assert change.rows.added == {"train": 12} and "🚨 frozen `test`" in told
        assert ("reviews@1.0.0" in found.uncompared.get("reviews", "")) is recorded
        assert ("Not compared with the last release" in told) is recorded
    card = team / "cards" / "reviews.md"
    card.write_text(card.read_text("utf-8").replace("## Purpose\n", "## Purpose\n\n감정 분석.\n"), "utf-8")
    commit(team)
    found = judged(clone(team), base="HEAD~1")
    assert found.differences == {}, "the same data is not read to be compared"
    assert "What changed is not known" in RENDERINGS["markdown"](found)


def test_what_registry_remembers_is_no_part_of_a_branch(team):
    grow(team)
    push(team)
    Git.require(team).run("add", "-f", ".registry")
    commit(team)
    with pytest.raises(ConfigError, match="it would vouch for itself"):
        judged(team, base="main")


def test_data_that_git_holds_itself_blocks(team):
    grow(team)
    push(team)
    Git.require(team).run("add", "-f", "data/reviews/test.csv")
    commit(team)
    found = judged(team, base="main")
    assert (found.verdict, checks(found)["pointer:in-git"].status) == ("fail", "fail")


def test_data_that_is_not_the_pointer_s_is_said_with_what_mends_it_and_no_verdict_of_ci(team):
    write_csv(team / "data" / "reviews" / "train.csv", rows("train", 85))
    edited = checks(judged(team, base="main"))["pointer:current"]
    assert "mend: registry add data/reviews" in edited.message and edited.severity == "warning"
    grow(team)
    Git.require(team).run("revert", "-n", "HEAD")
    Git.require(team).run("commit", "-q", "-m", "another branch")
    card = team / "cards" / "reviews.md"
    card.write_text(f"{card.read_text('utf-8')}\n<!-- more -->\n", "utf-8")
    found = judged(team, base="main")
    assert "mend: dvc checkout data/reviews.dvc" in checks(found)["pointer:current"].message
    assert found.verdict == "pass"
    workspace = Workspace.find(team)
    assert status_of(workspace, workspace.dataset("reviews"))["next"] == "dvc checkout data/reviews.dvc"
    assert judged(team, base="main", pinned=True).verdict == "error"


def of_one_split(team):
    """The schema's globs count the test split as train, so that nothing can leak."""
    schema = team / "schemas" / "reviews.yaml"
    text = schema.read_text("utf-8")
    assert "property: splits" not in text
    one = '  customProperties:\n  - property: splits\n    value: {train: "*.csv"}\n  properties:\n'
    schema.write_text(text.replace("  properties:\n", one, 1), "utf-8")
    commit(team)


def test_globs_that_move_a_split_do_not_let_a_leak_through(team):
    leak(team)
    leaking = judged(clone(team))
    assert leaking.verdict == "fail"
    of_one_split(team)
    found = judged(clone(team))
    assert checks(found)["leakage-exact"].blocks("critical") and found.evidences[0].data.splits["test"] == 20
    assert "`test.csv` of test counts as train, `validation.csv` of" in checks(found)["gate:schema:splits"].message


def test_globs_of_the_base_that_fit_no_more_cannot_be_compared_with(team):
    schema = team / "schemas" / "reviews.yaml"
    leak(team)
    write_csv(team / "data" / "reviews" / "more.csv", rows("train", 3, offset=700))
    of_one_split(team)
    add(Workspace.find(team), team / "data" / "reviews", AddOptions())
    commit(team)
    push(team)
    found = judged(clone(team))
    splits = checks(found)["gate:schema:splits"]
    assert found.verdict == "fail" and splits.blocks("critical") and "cannot be compared" in splits.message
    assert "leakage-exact was measured in reviews@1.0.0 and is not applicable now" in (
        checks(found)["gate:leakage-exact"].message
    )
    assert found.place("reviews", splits).path == schema.relative_to(team).as_posix()


def test_a_branch_is_judged_by_the_base_of_today(team):
    Git.require(team).run("checkout", "-q", "main")
    rule = "  - {type: expect_table_row_count_to_be_between, kwargs: {min_value: 1000}, meta: {check_id: many}}\n"
    suite = team / "checks" / "reviews.yaml"
    suite.write_text(suite.read_text("utf-8").rstrip() + "\n" + rule, "utf-8")
    commit(team)
    Git.require(team).run("checkout", "-q", "work")
    grow(team)
    push(team)
    found = judged(clone(team))
    assert found.verdict == "fail" and checks(found)["many"].blocks("critical")
    assert "gate:many" not in checks(found) and checks(found)["gate:behind"].status == "not_applicable"
    weaken(team)
    both = checks(judged(clone(team)))
    assert both["many"].blocks("critical") and "gate:many" not in both, "what the branch did not weaken itself"
    assert "gate:leakage-exact" in both and both["leakage-exact"].severity == "critical"


@pytest.mark.parametrize("entry", ["artifacts: {}\n", "model"])
def test_a_dataset_that_is_declared_no_more_is_judged_by_its_base(team, entry):
    leak(team)
    declared = team / "dvc.yaml"
    text = declared.read_text("utf-8")
    assert "type: dataset" in text
    declared.write_text(text.replace("type: dataset", "type: model") if entry == "model" else entry, "utf-8")
    for kind in ("schemas/reviews.yaml", "checks/reviews.yaml", "cards/reviews.md"):
        (team / kind).unlink()
    commit(team)
    found = judged(clone(team))
    assert found.verdict == "fail" and checks(found)["leakage-exact"].blocks("critical")
    assert "declared no more, or not as a dataset" in checks(found)["gate:dataset"].message
    for form in RENDERINGS.values():
        assert "gate:dataset" in form(found) or "Gate weakened" in form(found)


def test_data_is_looked_for_in_the_remote_of_the_base(team):
    elsewhere = team.parent / "elsewhere"
    grow(team)
    config = team / ".dvc" / "config"
    config.write_text(config.read_text("utf-8").replace("../../remote", str(elsewhere)), "utf-8")
    push(team)
    commit(team)
    assert list(elsewhere.rglob("*")), "the branch's remote has it"
    found = judged(clone(team))
    assert found.verdict == "error" and "remote" in found.scope.touched["reviews"]
    assert "neither in DVC's remote nor in the store" in checks(found)["pointer:resolves"].message
    assert f"→ {elsewhere}" in checks(found)["gate:remote"].message
    assert found.place("reviews", checks(found)["gate:remote"]).path == ".dvc/config"
    shutil.copytree(elsewhere, team.parent / "remote", dirs_exist_ok=True)
    assert judged(clone(team)).verdict == "pass", "data that is in both can move"


def test_a_tag_does_not_stand_in_for_the_branch_of_its_name(team):
    grow(team)
    push(team)
    place = clone(team)
    Git.require(place).run("tag", "origin/main", "HEAD")
    assert list(judged(place).scope.touched) == ["reviews"]


def test_a_dataset_that_is_renamed_is_compared_with_what_it_was_released_as(team):
    relabelled = [{**row, "label": "neg" if row["label"] == "pos" else "pos"} for row in rows("test", 20)]
    write_csv(team / "data" / "reviews" / "test.csv", relabelled)
    entry = team / "dvc.yaml"
    entry.write_text(entry.read_text("utf-8").replace("  reviews:", "  ratings:"), "utf-8")
    add(Workspace.find(team), team / "data" / "reviews", AddOptions())
    commit(team)
    workspace = Workspace.find(team)
    dvc.push(team, [workspace.pointer(workspace.dataset("ratings"))])
    found = judged(clone(team))
    difference = found.differences["ratings"]
    assert (difference.before, difference.level, difference.thawed) == ("reviews@1.0.0", "major", ("test",))
    assert "🚨 frozen `test`" in RENDERINGS["markdown"](found)


def test_a_record_that_a_branch_makes_up_hides_no_difference(team):
    grow(team)
    push(team)
    record = team / "releases" / "reviews" / "9.9.9.manifest.json"
    record.parent.mkdir(parents=True)
    record.write_text("{}", "utf-8")
    commit(team)
    found = judged(clone(team))
    assert found.uncompared == {} and found.differences["reviews"].level == "minor"


def test_what_the_base_released_since_is_no_change_of_a_branch(team):
    """The test split changes on main and is released; a branch from before adds rows of training alone."""
    git, store = Git.require(team), LocalStore(team.parent / "store")
    git.run("checkout", "-q", "main")
    write_csv(team / "data" / "reviews" / "test.csv", rows("test", 25))
    add(Workspace.find(team), team / "data" / "reviews", AddOptions())
    commit(team)
    push(team)
    workspace = Workspace.find(team)
    release(workspace, workspace.dataset("reviews"), "2.0.0", store, ReleaseOptions(judge=JudgeOptions(store=store)))
    git.run("checkout", "-q", "work")
    subprocess.run([sys.executable, "-m", "dvc", "checkout", "-q"], cwd=team, check=True)
    grow(team)
    push(team)
    found = judged(clone(team)).differences["reviews"]
    assert (found.before, found.level, found.rows.added) == ("reviews@1.0.0", "minor", {"train": 12})
