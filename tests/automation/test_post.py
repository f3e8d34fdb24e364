"""The poster: one comment, edited in place; what it posts is a stranger's."""

from __future__ import annotations

import html
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.automation import post
from registry.formats import comment as written
from registry.formats.renderings import RENDERINGS
from registry.model.evidence import Check
from tests.automation.forge import Forge, packed, serving
from tests.formats.test_renderings import WHOLE, judged

HONEST = RENDERINGS["markdown"](WHOLE)
SHA = "1" * 40


def test_it_knows_what_the_gate_writes():
    assert (post.MARKER, post.LONGEST) == (written.MARKER, written.LONGEST)
    assert "한" not in post.ZERO and post.tame(HONEST) == HONEST


@pytest.mark.parametrize(
    "sign", ["@kim", "_@kim_", "&#64;kim", "&#x40;kim", "&commat;kim", "&#064;kim", "x &#35;7", "#7"]
)
def test_no_mention_and_no_number_is_left_however_it_is_written(sign):
    tamed = html.unescape(post.tame(f"{post.MARKER}\n{sign}\n"))
    assert not re.search(r"@k|#7", tamed)


@pytest.fixture
def forge(tmp_path, monkeypatch):
    pull = {"number": 12, "head": {"sha": SHA}, "from": "stranger:work"}
    with serving(Forge(pulls=[pull], artefact=packed({"comment.md": HONEST.encode()}))) as found:
        head = {"head_sha": SHA, "head_branch": "work", "head_repository": {"owner": {"login": "stranger"}}}
        (tmp_path / "event.json").write_text(json.dumps({"workflow_run": {"id": 99, **head}}))
        yield found


@pytest.fixture
def environment(forge, tmp_path):
    return {
        "GITHUB_API_URL": forge.url, "GITHUB_REPOSITORY": "team/data", "GITHUB_TOKEN": "secret",
        "GITHUB_EVENT_PATH": str(tmp_path / "event.json"), "CI_API_V4_URL": forge.url, "CI_PROJECT_ID": "3",
        "REGISTRY_NOTE_TOKEN": "secret",
    }  # fmt: skip


def say(forge, environment, capsys, *arguments, code=0):
    assert post.main(list(arguments) or ["github"], environment) == code
    return capsys.readouterr().out


def test_one_comment_that_the_next_run_replaces(forge, environment, capsys):
    forge.comments = [
        {"id": n, "body": written.MARKER if n == 3 else "hi", "user": {"type": "User"}} for n in range(1, 120)
    ]
    assert "posted" in say(forge, environment, capsys)
    assert [comment["id"] for comment in forge.comments if comment["body"] == HONEST] == [120]
    forge.artefact = packed({"comment.md": HONEST.replace("1,200", "1,300").encode()})
    assert "replaced" in say(forge, environment, capsys)
    assert len(forge.comments) == 120 and "1,300" in forge.comments[-1]["body"]
    assert forge.comments[2]["body"] == written.MARKER  # somebody's who copied the marker


def test_the_token_goes_to_the_forge_alone(forge, environment, capsys):
    say(forge, environment, capsys)
    blobs = [headers for _, url, headers in forge.asked if url.endswith("/blob")]
    assert len(blobs) == 1 and "authorization" not in blobs[0]
    assert all(h["authorization"] == "Bearer secret" for _, url, h in forge.asked if not url.endswith("/blob"))


BOMB = packed({"comment.md": (written.MARKER + "\n" + "0" * 3_000_000).encode()})


@pytest.mark.parametrize(
    ("artefact", "why"),
    [
        (None, "left no artefact"),
        (b"no archive", "no readable comment.md"),
        (packed({"../comment.md": b"x"}), "no readable comment.md"),
        (packed({"comment.md": b"<h1>Buy</h1>"}), "does not begin as a comment"),
        (BOMB, "larger than 1,000,000"),
        (b"\0" * 1_000_001, "more than 1,000,000"),
    ],
    ids=["none", "no zip", "other name", "no marker", "unpacks large", "large"],
)
def test_what_is_no_comment_is_not_posted(forge, environment, capsys, artefact, why):
    forge.artefact = artefact
    assert why in say(forge, environment, capsys)
    assert not forge.comments


@pytest.mark.parametrize("pull", [{"head": {"sha": "2" * 40}}, {"from": "team:work"}])
def test_only_the_pull_request_that_was_judged_is_commented(forge, environment, capsys, pull):
    forge.pulls = [forge.pulls[0] | pull]
    assert "no open pull request has this head" in say(forge, environment, capsys)
    assert not forge.comments


def test_a_forge_that_refuses_is_a_failure(forge, environment, capsys):
    assert "does not take" in say(forge, environment | {"GITHUB_API_URL": "http://127.0.0.1:9"}, capsys, code=1)


def judged_request(number=12, project=3, job="registry:check", status="failed"):
    pipeline = {"id": number * 10, "project_id": project}
    return {number: {"pipelines": [pipeline], "jobs": [{"id": 5, "name": job, "status": status}]}}


def test_a_note_of_gitlab(forge, environment, capsys):
    forge.artefact = (HONEST + "\n/merge\n").encode()
    forge.requests = judged_request()
    forge.comments = [{"id": 1, "body": written.MARKER, "author": {"id": 8}}]
    assert "!12: a note was posted" in say(forge, environment, capsys, "gitlab")
    assert "!12: the note stands" in say(forge, environment, capsys, "gitlab")
    forge.artefact = HONEST.encode()
    assert "!12: the note was replaced" in say(forge, environment, capsys, "gitlab")
    assert len(forge.comments) == 2 and not re.search(r"^\s*/", forge.comments[1]["body"], re.MULTILINE)
    assert all(headers["private-token"] == "secret" for *_, headers in forge.asked)


@pytest.mark.parametrize(
    ("request_", "artefact", "why"),
    [
        (judged_request(project=4), HONEST, "no pipeline of this project"),
        ({12: {"pipelines": [], "jobs": []}}, HONEST, "no pipeline of this project"),
        (judged_request(job="registry:check2"), HONEST, "no `registry:check` that has ended"),
        (judged_request(status="running"), HONEST, "no `registry:check` that has ended"),
        (judged_request(), "", "the job left no"),
        (judged_request(), "x" * 1_000_001, "more than 1,000,000"),
        (judged_request(), "# no marker", "does not begin"),
    ],
)
def test_a_merge_request_without_a_verdict_gets_no_note_and_stops_no_other(
    forge, environment, capsys, request_, artefact, why
):
    forge.requests = request_
    forge.artefact = artefact.encode()
    assert why in say(forge, environment, capsys, "gitlab") and forge.comments == []


def test_without_open_merge_requests_nothing_is_posted(forge, environment, capsys):
    assert "no merge request is open" in say(forge, environment, capsys, "gitlab")


hostile = st.text(max_size=80) | st.sampled_from(
    ["@team/everyone", "한@kim", "fixes #12 GH-3 !4", "[a](x)", "![a][b]", "https://x.example www.x.example",
     "<img src=x>", "<details><script>", "/close", "  /approve", "\u202eabc", "\x1b[31m", "ﾠ/merge", "<!-- -->"]
)  # fmt: skip


@given(st.lists(hostile, max_size=6))
def test_nothing_of_a_stranger_acts(lines):
    text = post.tame("\n".join([post.MARKER, *lines]))
    body = text.partition("\n")[2]
    assert post.tame(text) == text
    assert not re.search(r"(?:^|[^A-Za-z0-9_])@[A-Za-z0-9]|(?:^|[^&])[#!]\d|GH-\d|\]\(|\]\[|://|www\.\w", body)
    assert not re.search(r"^[ \t]*/[A-Za-z]|<(?!/?(?:details|summary)>)|[\x00-\x08\x1b\u202a-\u202e]", body, re.M)


@given(st.text(max_size=60), st.text(max_size=60))
def test_what_the_gate_writes_of_any_names_is_left_as_it_is(name, message):
    text = RENDERINGS["markdown"](judged(Check(name, "expect_x", "fail", total=1, unexpected=1, message=message)))
    assert post.tame(text) == text


def test_a_long_one_is_cut_and_says_so():
    text = post.tame(post.MARKER + "\n" + "row\n" * 40_000)
    assert len(text) <= post.LONGEST and text.endswith("… This comment was cut here.\n")
