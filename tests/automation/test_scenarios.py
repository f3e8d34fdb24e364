"""Six pull requests from start to end: what the gate says of each, in every form, and what is posted."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml
from jsonschema import Draft4Validator, Draft202012Validator

from registry.automation.post import tame
from registry.automation.provision import Settings, pieces_of, provision
from registry.formats.comment import MARKER
from registry.formats.documents import schema_of
from registry.testing.servers import drop_bucket, new_bucket
from registry.workspace.config import load_config
from tests.automation.forge import Forge, packed, serving
from tests.automation.runner import Host, evaluate, run_gitlab
from tests.automation.team import Team, here
from tests.journeys.conftest import IDENTITY
from tests.journeys.harness import Shell, plant_reviews, rows

pytestmark = pytest.mark.slow
SCHEMAS = Path(__file__).parent / "schemas"
SARIF = Draft4Validator(json.loads((SCHEMAS / "sarif-2.1.0-rtm.5.json").read_text("utf-8")))
QUALITY = Draft202012Validator(json.loads((SCHEMAS / "code-quality.json").read_text("utf-8")))
NEW = rows("train", 4, offset=500)


@pytest.fixture(scope="module")
def team(seaweed_server, tmp_path_factory):
    """`reviews` on main with version 1.0.0, DVC's remote and the store on S3, and a bare repository."""
    scratch, server = tmp_path_factory.mktemp("forge"), seaweed_server
    client = server.client()
    bucket = new_bucket(client, "pull-requests")
    with pytest.MonkeyPatch.context() as patch:
        for key, value in (*IDENTITY, *server.environment.items(), ("GIT_CONFIG_NOSYSTEM", "1")):
            patch.setenv(key, value)
        shell = Shell(scratch / "main")
        shell.cwd.mkdir()
        assert here(shell.cwd, "init") == 0
        plant_reviews(shell.cwd / "data" / "reviews")
        roles = ("--label", "label", "--text", "text", "--key", "id", "--license", "cc-by-4.0")
        assert here(shell.cwd, "add", shell.cwd / "data" / "reviews", *roles) == 0
        settings = shell.cwd / "registry.toml"
        text = settings.read_text("utf-8").replace('"file:.registry/store"', f'"s3://{bucket}/releases"')
        # What pip would bring stands on the runner's path.
        text += f'\n[s3]\nendpoint-url = "{server.endpoint}"\n'
        text += '[ci]\ninstall = ["--help"]\n'  # what pip would bring stands on the runner's path
        settings.write_text(text, "utf-8")
        remote = f"['remote \"work\"']\n    url = s3://{bucket}/work\n    endpointurl = {server.endpoint}\n"
        config = shell.cwd / ".dvc" / "config"
        config.write_text(config.read_text("utf-8").replace("[core]\n", "[core]\n    remote = work\n", 1) + remote)
        for provider in ("github", "gitlab"):
            settings = Settings.of(load_config(shell.cwd / "registry.toml"), ".")
            provision(shell.cwd, pieces_of(provider, settings))
        shell.git("checkout", "-q", "-B", "main")
        shell.commit("Add reviews")
        assert here(shell.cwd, "release", "v1.0") == here(shell.cwd, "push") == 0
        host = Host(
            scratch / "remote.git",
            scratch / "runs",
            {
                "REGISTRY_AWS_ROLE": "arn:aws:iam::1:role/read",
                "REGISTRY_AWS_REGION": "us-east-1",
                "REGISTRY_CODE_SCANNING": "true",
            },
            dict(server.environment),
        )
        shell.git("clone", "-q", "--bare", ".", str(host.remote))
        yield Team(shell.cwd, host)
    drop_bucket(client, bucket)
    client.close()


def good(author):
    author.write("train", [*author.rows("train"), *NEW])
    author.address()


def leaking(author):
    good(author)
    author.write("test", [{**author.rows("test")[0], "text": NEW[0]["text"]}, *author.rows("test")[1:]])
    author.address()


def weakened(author):
    leaking(author)
    author.edit("checks/reviews.yaml", "severity: critical", "severity: warning")


def forgotten(author):
    author.write("train", [*author.rows("train"), *NEW[:3]])
    author.address(push=False)


def prose(author):
    (author.root / "README.md").write_text("# 리뷰\n", "utf-8")


def from_a_fork(author):
    author.write("train", [*author.rows("train"), *NEW[:2]])
    author.address(push=False)


@pytest.fixture(scope="module")
def judged(team):
    """The run of the gate for each scenario, made once; the event of a fork tells of its repository."""

    @cache
    def run(edit):
        event = team.propose(edit)
        if edit is from_a_fork:
            event["pull_request"]["head"]["repo"]["full_name"] = "stranger/data"
        return team.judge(event)

    return run


def document(ran):
    found = json.loads(ran.artefact("registry-reports", "check.json"))
    Draft202012Validator(schema_of("registry.check/1")).validate(found)
    return found


def annotations(ran):
    return [line for line in ran.log.splitlines() if line.startswith(("::error", "::warning", "::notice"))]


@pytest.mark.parametrize(
    ("edit", "conclusion", "headline"),
    [
        (good, "success", "## ✅ The dataset is fit for release"),
        (leaking, "failure", "## ❌ The dataset is not fit for release"),
        (weakened, "failure", "## ❌ The dataset is not fit for release"),
        (forgotten, "failure", "## ⚠️ The dataset could not be judged"),
        (prose, "success", "## ✅ No dataset was touched"),
        (from_a_fork, "failure", "## ⚠️ The dataset could not be judged"),
    ],
)
def test_every_form_of_every_scenario(judged, edit, conclusion, headline):
    ran = judged(edit)
    assert ran.jobs == {"check": conclusion, "scan": "skipped" if edit is from_a_fork else "success"}, ran.log
    comment = ran.artefact("registry-comment", "comment.md")
    assert comment.startswith(f"{MARKER}\n\n{headline}\n"), comment
    assert ran.summary == comment == ran.artefact("registry-reports", "comment.md") == tame(comment)
    sarif = json.loads(ran.artefact("registry-reports", "registry.sarif"))
    assert [error.message for error in SARIF.iter_errors(sarif)] == []
    assert ran.scanned == ("" if edit is from_a_fork else ran.artefact("registry-reports", "registry.sarif"))
    cases = ElementTree.fromstring(ran.artefact("registry-reports", "junit.xml"))
    found = document(ran)
    checks = [check for evidence in found["datasets"] for check in evidence["checks"]]
    told = [case for case in cases.iter("testcase") if not case.get("name").startswith("change:")]
    assert int(cases.get("tests")) == len(list(cases.iter("testcase"))) and len(told) == len(checks)
    assert (int(cases.get("failures")) + int(cases.get("errors")) > 0) == (conclusion == "failure")
    results = sarif["runs"][0]["results"]
    assert any(result["level"] == "error" for result in results) == (conclusion == "failure")
    assert len(annotations(ran)) == len(results)
    (word,) = re.findall(r"^::stop-commands::(\w{32})$", ran.log, re.MULTILINE)
    before, _, after = ran.log.partition(f"::{word}::\n")
    assert "::error" not in before and "::warning" not in before and word not in after
    for text in (comment, ran.log, json.dumps(results, ensure_ascii=False)):
        assert NEW[0]["text"] not in text and NEW[0]["id"] not in text, "a row"


def test_a_good_change(judged):
    comment = judged(good).artefact("registry-comment", "comment.md")
    assert "| `reviews` | ✅ pass | 124 (+4) | 0 | 0 | minor since 1.0.0: 1.1.0 or higher |" in comment
    assert "`reviews` (data)" in comment and "80 → 84 rows" in comment


def test_a_leak_is_shown_at_the_line_of_its_rule(judged, team):
    ran = judged(leaking)
    assert "frozen-split-changed" in ran.artefact("registry-reports", "registry.sarif")
    assert "FROZEN SPLIT CHANGED" in ran.artefact("registry-reports", "junit.xml") and "::warning" in ran.log
    assert "| ❌ | leakage-exact | 1 of 40 rows" in ran.artefact("registry-comment", "comment.md")
    lines = (team.template / "checks" / "reviews.yaml").read_text("utf-8").splitlines()
    line = 1 + next(n for n, text in enumerate(lines) if "expect_splits_to_be_disjoint" in text)
    assert f"::error file=checks/reviews.yaml,line={line},title=reviews%3A leakage-exact" in "\n".join(annotations(ran))


def test_a_weakened_suite_does_not_let_a_leak_through(judged):
    ran = judged(weakened)
    comment = ran.artefact("registry-comment", "comment.md")
    assert "⚠️ **Gate weakened**: `reviews` (4)" in comment
    assert "| ❌ | leakage-exact | 1 of 40 rows" in comment
    assert any(
        "severity critical → warning" in line and "file=checks/reviews.yaml" in line for line in annotations(ran)
    )


def test_a_pointer_that_was_never_pushed_is_no_pass(judged):
    ran = judged(forgotten)
    assert document(ran)["verdict"] == "error"
    comment = ran.artefact("registry-comment", "comment.md")
    assert "store (data/reviews)" in comment and ": registry push reviews, from a clone that has the data" in comment


def test_prose_alone_reads_no_data(judged):
    ran = judged(prose)
    found = document(ran)
    assert found["datasets"] == [] and found["changed"]["untouched"] == ["reviews"]


def test_a_fork_gets_no_credentials_and_no_pass(judged):
    ran = judged(from_a_fork)
    assert document(ran)["verdict"] == "error" and ran.roles == []
    assert "AWS_SECRET" not in ran.log and judged(good).roles == ["arn:aws:iam::1:role/read"]


def test_the_merge_queue_compares_with_its_own_base(judged, team):
    sha = judged(prose).sha
    event = {"merge_group": {"base_sha": team.host.git("rev-parse", f"{sha}^1")}}
    team.host.git("update-ref", "refs/heads/queue", sha)
    ran = team.host.run("registry.yml", "merge_group", event, "refs/heads/queue")
    assert ran.jobs == {"check": "success", "scan": "success"} and ran.roles == ["arn:aws:iam::1:role/read"]
    assert document(ran)["changed"]["untouched"] == ["reviews"], ran.log
    team.host.git("update-ref", "-d", "refs/heads/queue")


def test_the_comment_is_posted_by_a_run_of_its_own(judged, team):
    """Of the pull request it sees the artefact alone: the workflow is main's."""
    ran = judged(leaking)
    head = {"head_branch": "work", "head_repository": {"owner": {"login": "team"}}, "head_sha": "a" * 40}
    event = {"workflow_run": {"id": 1, "event": "pull_request", "conclusion": "failure", **head}}
    text = ran.artefact("registry-comment", "comment.md")
    pull = {"number": 7, "head": {"sha": "a" * 40}, "from": "team:work"}
    with serving(Forge([pull], packed({"comment.md": text.encode()}))) as forge:
        team.host.environment = {"GITHUB_API_URL": forge.url}
        for word in ("posted", "replaced"):
            done = team.host.run("registry-comment.yml", "workflow_run", event, "refs/heads/main")
            assert done.jobs == {"comment": "success"} and word in done.log, done.log
        assert [comment["body"] for comment in forge.comments] == [text]
        event["workflow_run"]["event"] = "merge_group"
        assert team.host.run("registry-comment.yml", "workflow_run", event, "refs/heads/main").jobs == {
            "comment": "skipped"
        }


def test_a_release_by_hand(team):
    """The plan first; then exactly it, in a clone that has nothing but pointers; the record and the tag are pushed."""
    team.host.variables["REGISTRY_AWS_RELEASE_ROLE"] = "arn:aws:iam::1:role/release"
    event = {"inputs": {"dataset": "reviews", "version": "v1.1"}}
    shell = Shell(team.template)
    card = shell.cwd / "cards" / "reviews.md"
    card.write_text(card.read_text("utf-8").replace("summary:", "summary: 상품 후기 #", 1), "utf-8")
    shell.commit("Describe")
    shell.git("push", "-q", str(team.host.remote), "main")
    ran = team.host.run("registry-release.yml", "workflow_dispatch", event, "refs/heads/main")
    assert ran.jobs == {"plan": "success", "release": "success"}, ran.log
    assert "    reviews@1.1.0 to s3://" in ran.summary and ran.roles == [
        f"arn:aws:iam::1:role/{name}" for name in ("read", "release")
    ]
    tags, files = team.host.git("tag"), team.host.git("ls-tree", "-r", "--name-only", "main")
    assert "reviews@v1.1.0" in tags.split() and "releases/reviews/1.1.0.manifest.json" in files.split()
    assert shell("list", "--json").json["datasets"][0]["versions"][0]["version"] == "1.1.0"


def test_a_merge_request_of_gitlab(team, judged, tmp_path):
    sha = judged(forgotten).sha
    clone = f"git clone -q 'file://{team.host.remote}' . && git fetch -q origin '+refs/pull/*/merge:refs/pulls/*'"
    assert team.host.shell(f"{clone} && git checkout -q {sha}", tmp_path, {}).returncode == 0
    aws = {
        "REGISTRY_AWS_ROLE": "arn:aws:iam::1:role/read",
        "REGISTRY_AWS_TOKEN": "token",
        "TMPDIR": str(tmp_path / ".t"),
    }
    (tmp_path / ".t").mkdir()
    project = {"CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "3", "CI_MERGE_REQUEST_PROJECT_ID": "3"}
    variables = {"CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main", **project, **team.host.role, **aws}
    code, log = run_gitlab(team.host, "registry:check", variables, tmp_path)
    assert code == 1 and "registry push reviews" in log, log
    (token,) = (file for file in (tmp_path / ".t").iterdir() if file.is_file())
    assert token.read_text("utf-8") == "token" and token.stat().st_mode & 0o77 == 0
    report = json.loads((tmp_path / "registry-reports" / "code-quality.json").read_text("utf-8"))
    assert [error.message for error in QUALITY.iter_errors(report)] == []
    assert [(entry["severity"], entry["location"]["path"]) for entry in report] == [("blocker", "data/reviews.dvc")]
    cases = ElementTree.parse(tmp_path / "registry-reports" / "junit.xml").getroot()
    assert cases.get("errors") == "1"
    comment = (tmp_path / "registry-reports" / "comment.md").read_bytes()
    job = {"id": 5, "name": "registry:check", "status": "failed"}
    request = {"pipelines": [{"id": 70, "project_id": 3}], "jobs": [job]}
    with serving(Forge(requests={7: request}, artefact=comment)) as forge:
        note = {"CI_API_V4_URL": forge.url, "CI_PROJECT_ID": "3", "REGISTRY_NOTE_TOKEN": "secret"}
        for word in ("posted", "stands"):
            code, log = run_gitlab(team.host, "registry:notes", note, tmp_path)
            assert code == 0 and word in log, log
        (only,) = forge.comments
        assert only["body"].encode() == comment
    jobs = yaml.safe_load((tmp_path / ".gitlab" / "registry.yml").read_text("utf-8"))
    for name, entry in jobs.items():
        of_requests = any("merge_request_event" in rule["if"] for rule in entry.get("rules", ()))
        assert not (of_requests and "TOKEN" in str(entry)), f"{name} would have a token beside the code of a branch"
    assert "schedule" in jobs["registry:notes"]["rules"][0]["if"]
    assert "$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH" in jobs["registry:notes"]["rules"][0]["if"]


def test_expressions_read_as_github_reads_them():
    functions = {"format": lambda text, *values: text.format(*values), "always": lambda: True}
    github = {"event": {"pull_request": {"number": 3}}, "base_ref": "main"}
    contexts = {"github": github, "vars": {}, "functions": functions}
    for text, value in {
        "github.event.merge_group.base_sha || format('origin/{0}', github.base_ref)": "origin/main",
        "vars.ROLE != '' && always()": False,
        "!vars.ROLE && (github.base_ref == 'MAIN' || false)": True,
        "github.event.pull_request.number || github.sha": 3,
        "'it''s'": "it's",
    }.items():
        assert evaluate(text, contexts) == value
