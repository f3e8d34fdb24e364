# Written by `registry ci init github` from [ci] of registry.toml; change that, run it again.
# 21281a763692eb00 are the first digits of the sha256 of the lines below.
"""Posts the comment of a pull request, or the note of a merge request, in place of the one before.

Runs by itself, with nothing but Python: `python3 -I post.py github` in a workflow that follows the gate's,
`python3 -I post.py gitlab` in a scheduled pipeline, for all open merge requests. What it posts was made by a run that
may have been under the control of a stranger, so it is data of a bounded size, and nothing in it mentions, links,
embeds or commands:

>>> tame(MARKER + "\\n@kim closes #7, ![x](http://x.example) <img>\\n/merge\\n").splitlines()[1].replace(ZERO, "·")
'@·kim closes #·7, ![x]·(http:·//x.example) &lt;img>'
"""

from __future__ import annotations

import io
import json
import os
import re
import sys
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote
from urllib.request import Request, urlopen

MARKER = "<!-- registry: the judgement of this pull request -->"
LONGEST = 60_000  # characters of a comment
LARGEST = 1_000_000  # bytes of the artefact, packed and unpacked
ANSWER = 10_000_000  # bytes of an answer of the forge
PAGES = 20  # of a hundred comments
ARTEFACT, FILE = "registry-comment", "comment.md"
JOB, REPORT = "registry:check", "registry-reports/comment.md"  # of GitLab
ZERO = "\u200b"  # between a sign and what would give it a meaning

# What Markdown, GitHub or GitLab would act upon; what the gate writes itself is escaped and never meets these.
TAMED = (
    (re.compile(r"[^\n\t\x20-\x7e\u00a0-\u200a\u2010-\u2027\u2030-\u205f\u2070-\ud7ff\ue000-\U0010ffff\u200b]"), ""),
    # What a forge reads as a sign before it looks for mentions; the gate writes it with a space without width.
    (re.compile(r"&(?:#0*64|#[xX]0*40|commat);(?!&#8203;)"), "@"),
    (re.compile(r"&(?:#0*35|#[xX]0*23|num);(?!&#8203;)"), "#"),
    (re.compile(r"(?<![A-Za-z0-9])@(?=[A-Za-z0-9])"), f"@{ZERO}"),  # mentions
    (re.compile(r"(?<!&)([#!])(?=\d)"), rf"\1{ZERO}"),  # issues and merge requests
    (re.compile(r"\b(GH|gh)-(?=\d)"), rf"\1-{ZERO}"),
    (re.compile(r"\](?=[(\[:])"), f"]{ZERO}"),  # links and pictures
    (re.compile(r"://"), f":{ZERO}//"),
    (re.compile(r"\bwww\.", re.IGNORECASE), f"www{ZERO}."),
    (re.compile(r"<(?!/?(?:details|summary)>)"), "&lt;"),  # markup
    (re.compile(r"^([ \t]*)/(?=[A-Za-z])", re.MULTILINE), rf"\1{ZERO}/"),  # commands of GitLab
)


class Refused(Exception):
    """Nothing was posted, and why."""


def tame(text: str) -> str:
    """The comment as it may be posted: the marker, then at most `LONGEST` characters of plain text and tables."""
    first, _, rest = text.partition("\n")
    if first.rstrip("\r") != MARKER:
        raise Refused("the file does not begin as a comment of registry does")
    for pattern, plain in TAMED:
        rest = pattern.sub(plain, rest)
    room = LONGEST - len(MARKER) - 100
    if len(rest) > room:
        rest = rest[: rest.rfind("\n", 0, room) + 1] + "\n… This comment was cut here.\n"
    return f"{MARKER}\n{rest}"


@dataclass(frozen=True)
class Api:
    """The API of a forge: where it is, and who asks."""

    base: str
    header: tuple[str, str]

    def call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """The answer as JSON."""
        answer = self.read(method, path, body, ANSWER)
        return json.loads(answer) if answer else None

    def read(self, method: str, path: str, body: Mapping[str, Any] | None, most: int) -> bytes:
        """The bytes of the answer; more than `most` raise `Refused`. The token goes to no other host."""
        data = None if body is None else json.dumps(body).encode()
        request = Request(self.base + path, data, {"Content-Type": "application/json"}, method=method)  # noqa: S310
        request.add_unredirected_header(*self.header)
        with urlopen(request, timeout=60) as answer:  # noqa: S310
            found: bytes = answer.read(most + 1)
        if len(found) > most:
            raise Refused(f"{path} answers with more than {most:,} bytes")
        return found

    def pages(self, path: str) -> Iterator[dict[str, Any]]:
        """The entries of a list, to its end or `PAGES` pages."""
        glue = "&" if "?" in path else "?"
        for page in range(1, PAGES + 1):
            entries = self.call("GET", f"{path}{glue}per_page=100&page={page}")
            yield from entries
            if len(entries) < 100:
                return


def github(environment: Mapping[str, str]) -> str:
    """Posts the comment of the run that the event of `workflow_run` tells of; what was done."""
    run = json.loads(Path(environment["GITHUB_EVENT_PATH"]).read_text("utf-8"))["workflow_run"]
    repository = f"/repos/{quote(environment['GITHUB_REPOSITORY'])}"
    api = Api(environment["GITHUB_API_URL"], ("Authorization", f"Bearer {environment['GITHUB_TOKEN']}"))
    number = _pull_request(api, repository, run)
    text = tame(_artefact(api, repository, int(run["id"])))
    for comment in api.pages(f"{repository}/issues/{number}/comments"):
        if comment["user"]["type"] == "Bot" and str(comment["body"]).startswith(MARKER):
            api.call("PATCH", f"{repository}/issues/comments/{int(comment['id'])}", {"body": text})
            return f"the comment on #{number} was replaced"
    api.call("POST", f"{repository}/issues/{number}/comments", {"body": text})
    return f"a comment on #{number} was posted"


def _pull_request(api: Api, repository: str, run: Mapping[str, Any]) -> int:
    """The open pull request whose head the run judged: told by GitHub, not by the artefact."""
    owner = (run.get("head_repository") or {}).get("owner", {}).get("login", "")
    head = quote(f"{owner}:{run['head_branch']}", safe="")
    for pull in api.pages(f"{repository}/pulls?state=open&head={head}"):
        if pull["head"]["sha"] == run["head_sha"]:
            return int(pull["number"])
    raise Refused("no open pull request has this head: it was closed, or has moved on")


def _artefact(api: Api, repository: str, run: int) -> str:
    found = api.call("GET", f"{repository}/actions/runs/{run}/artifacts?name={ARTEFACT}")["artifacts"]
    if not found:
        raise Refused(f"the run left no artefact `{ARTEFACT}`")
    packed = api.read("GET", f"{repository}/actions/artifacts/{int(found[-1]['id'])}/zip", None, LARGEST)
    try:
        with zipfile.ZipFile(io.BytesIO(packed)) as archive, archive.open(FILE) as member:
            unpacked = member.read(LARGEST + 1)
    except (zipfile.BadZipFile, KeyError, NotImplementedError, RuntimeError, EOFError) as error:
        raise Refused(f"the artefact holds no readable {FILE}") from error
    return _decoded(unpacked)


def _decoded(data: bytes) -> str:
    if len(data) > LARGEST:
        raise Refused(f"the comment is larger than {LARGEST:,} bytes")
    return data.decode("utf-8", "replace")


def gitlab(environment: Mapping[str, str]) -> str:
    """Posts a note on every open merge request whose latest pipeline has judged it; what was done, a line each."""
    api = Api(environment["CI_API_V4_URL"], ("PRIVATE-TOKEN", environment["REGISTRY_NOTE_TOKEN"]))
    project = int(environment["CI_PROJECT_ID"])
    me = int(api.call("GET", "/user")["id"])
    done = []
    for request in api.pages(f"/projects/{project}/merge_requests?state=opened"):
        number = int(request["iid"])
        try:
            done.append(_note(api, f"/projects/{project}", number, me))
        except Refused as why:
            done.append(f"!{number}: nothing was posted: {why}")
    return "\n".join(done) or "no merge request is open"


def _note(api: Api, project: str, number: int, me: int) -> str:
    text = tame(_report(api, project, number))
    notes = f"{project}/merge_requests/{number}/notes"
    for note in api.pages(notes):
        if note["author"]["id"] == me and str(note["body"]).startswith(MARKER):
            if str(note["body"]).rstrip() == text.rstrip():
                return f"!{number}: the note stands"
            api.call("PUT", f"{notes}/{int(note['id'])}", {"body": text})
            return f"!{number}: the note was replaced"
    api.call("POST", notes, {"body": text})
    return f"!{number}: a note was posted"


def _report(api: Api, project: str, number: int) -> str:
    """What the latest pipeline of a merge request says, once its job has ended; told by GitLab, job by job."""
    latest = next(api.pages(f"{project}/merge_requests/{number}/pipelines"), None)
    if latest is None or int(latest["project_id"]) != int(project.rpartition("/")[2]):
        raise Refused("no pipeline of this project has judged it")
    jobs = api.pages(f"{project}/pipelines/{int(latest['id'])}/jobs")
    job = next((job for job in jobs if job["name"] == JOB and job["status"] in ("success", "failed")), None)
    if job is None:
        raise Refused(f"its latest pipeline has no `{JOB}` that has ended")
    try:
        return _decoded(api.read("GET", f"{project}/jobs/{int(job['id'])}/artifacts/{REPORT}", None, LARGEST))
    except HTTPError as error:
        if error.code != 404:
            raise
        raise Refused(f"the job left no {REPORT}") from error


def main(arguments: list[str], environment: Mapping[str, str]) -> int:
    """Posts as the arguments say; 0 also where there is nothing to post, 1 where the forge does not take it."""
    try:
        done = github(environment) if arguments == ["github"] else gitlab(environment)
    except Refused as why:
        done = f"nothing was posted: {why}"
    except (HTTPError, URLError) as error:
        sys.stdout.write(f"the forge does not take the comment: {error}\n")
        return 1
    sys.stdout.write(f"{done}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:], os.environ))
