"""The calls that the loopback Hub answers, each a function of one request.

>>> find("GET", "/api/datasets/kim/reviews/refs") is not None, find("GET", "/elsewhere")
(True, None)
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote

from registry.testing.hub_repository import Blob, Person, Refused, World

PAGE = 1000  # entries of a tree in one answer
NAME = r"(?P<name>[\w.-]+/[\w.-]+)"
API = rf"/api/datasets/{NAME}"


@dataclass
class Answer:
    """What goes back: a status, a body (a value becomes JSON), headers."""

    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Call:
    """One request as the routes see it."""

    endpoint: str
    world: World
    who: Person | None
    query: dict[str, list[str]]
    headers: Any
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body or b"{}")


Route = Callable[..., Answer]
ROUTES: list[tuple[str, re.Pattern[str], Route]] = []


def _route(method: str, path: str) -> Callable[[Route], Route]:
    def register(function: Route) -> Route:
        ROUTES.append((method, re.compile(path + r"\Z"), function))
        return function

    return register


def find(method: str, path: str) -> Callable[[Call], Answer] | None:
    """What answers a request of `method` and `path` (as it was sent, quoted), or None."""
    for known, pattern, route in ROUTES:
        match = pattern.match(path) if known == method else None
        if match:
            named = {key: unquote(text or "") for key, text in match.groupdict().items()}
            return lambda call: route(call, **named)
    return None


@_route("GET", "/api/whoami-v2")
def _whoami(call: Call) -> Answer:
    if call.who is None:
        raise Refused(401, "Invalid username or password.")
    role = "write" if call.who.writes else "read"
    organisations = [{"name": name, "type": "org"} for name in call.who.organisations]
    token = {"type": "access_token", "accessToken": {"role": role, "displayName": "test"}}
    return Answer({"type": "user", "name": call.who.name, "orgs": organisations, "auth": token})


@_route("POST", "/api/repos/create")
def _create(call: Call) -> Answer:
    if call.who is None:
        raise Refused(401, "Invalid username or password.")
    name = f"{call.json.get('organization') or call.who.name}/{call.json['name']}"
    url = f"{call.endpoint}/datasets/{name}"
    try:
        call.world.make(call.who, name, private=call.json.get("visibility") == "private")
    except Refused as refusal:
        if refusal.status != 409:
            raise
        return Answer({"error": refusal.message, "url": url}, 409, {"X-Error-Message": refusal.message})
    return Answer({"url": url, "name": name})


@_route("PUT", rf"{API}/settings")
def _settings(call: Call, name: str) -> Answer:
    repository = call.world.writable(call.who, name)
    if "visibility" in call.json:
        repository.private = call.json["visibility"] == "private"
    if "gated" in call.json:
        repository.gated = call.json["gated"] or ""
    return Answer({})


@_route("POST", "/api/validate-yaml")
def _validate(call: Call) -> Answer:
    import yaml

    text = call.json["content"]
    front = text.split("---\n")[1] if text.startswith("---\n") else ""
    try:
        metadata = yaml.safe_load(front) or {}
    except yaml.YAMLError as error:
        return Answer({"errors": [{"message": str(error)}]}, 400)
    wrong = [key for key in ("license", "pretty_name") if not isinstance(metadata.get(key, ""), str | list)]
    return Answer({"errors": [{"message": f'"{key}" must be a string'} for key in wrong]}, 400 if wrong else 200)


@_route("GET", rf"{API}(?:/revision/(?P<revision>[^/]+))?")
def _info(call: Call, name: str, revision: str) -> Answer:
    repository = call.world.repository(call.who, name)
    commit = repository.at(revision or "main")
    return Answer(
        {
            "id": name,
            "author": repository.namespace,
            "sha": commit.oid,
            "private": repository.private,
            "gated": repository.gated or False,
            "disabled": False,
            "tags": [],
            "siblings": [{"rfilename": path} for path in sorted(commit.tree)],
        }
    )


@_route("GET", rf"{API}/refs")
def _refs(call: Call, name: str) -> Answer:
    repository = call.world.repository(call.who, name)

    def listed(kind: str, found: dict[str, str]) -> list[dict[str, str]]:
        return [{"name": key, "ref": f"refs/{kind}/{key}", "targetCommit": oid} for key, oid in found.items()]

    return Answer(
        {"branches": listed("heads", repository.branches), "tags": listed("tags", repository.tags), "converts": []}
    )


@_route("POST", rf"{API}/(?P<kind>tag|branch)/(?P<revision>[^/]+)")
def _point(call: Call, name: str, kind: str, revision: str) -> Answer:
    repository = call.world.writable(call.who, name)
    if kind == "tag":
        repository.tag(call.json["tag"], revision)
    else:
        repository.branch(revision, call.json.get("startingPoint") or "main")
    return Answer({})


@_route("DELETE", rf"{API}/(?P<kind>tag|branch)/(?P<revision>[^/]+)")
def _unpoint(call: Call, name: str, kind: str, revision: str) -> Answer:
    repository = call.world.writable(call.who, name)
    found = repository.tags if kind == "tag" else repository.branches
    if found.pop(revision, None) is None:
        raise Refused(404, f"No {kind} {revision}", "RevisionNotFound")
    return Answer({})


@_route("POST", rf"{API}/preupload/(?P<revision>[^/]+)")
def _preupload(call: Call, name: str, revision: str) -> Answer:
    repository = call.world.writable(call.who, name)
    tree = repository.at(revision).tree
    files = []
    for file in call.json["files"]:
        apart = repository.is_apart(file["path"], file["size"], base64.b64decode(file["sample"]))
        there = tree.get(file["path"])
        oid = (there.sha256 if apart else there.oid) if there else None
        mode = "lfs" if apart else "regular"
        files.append({"path": file["path"], "uploadMode": mode, "shouldIgnore": False, "oid": oid})
    return Answer({"files": files})


@_route("POST", rf"/datasets/{NAME}\.git/info/lfs/objects/batch")
def _batch(call: Call, name: str) -> Answer:
    call.world.writable(call.who, name)
    objects = []
    for wanted in call.json["objects"]:
        entry = {"oid": wanted["oid"], "size": wanted["size"]}
        if wanted["oid"] not in call.world.large:
            href = f"{call.endpoint}/lfs/{wanted['oid']}"
            entry["actions"] = {"upload": {"href": href}, "verify": {"href": f"{href}/verify"}}
        objects.append(entry)
    return Answer({"transfer": "basic", "objects": objects})


@_route("PUT", "/lfs/(?P<oid>[0-9a-f]{64})")
def _put(call: Call, oid: str) -> Answer:
    if hashlib.sha256(call.body).hexdigest() != oid:
        raise Refused(400, "The bytes do not have this sha256")
    call.world.large[oid] = call.body
    return Answer({})


@_route("POST", "/lfs/(?P<oid>[0-9a-f]{64})/verify")
def _verify(call: Call, oid: str) -> Answer:
    if len(call.world.large.get(oid, b"")) != call.json["size"]:
        raise Refused(404, "The object is not there")
    return Answer({})


@_route("POST", rf"{API}/commit/(?P<branch>[^/]+)")
def _commit(call: Call, name: str, branch: str) -> Answer:
    repository = call.world.writable(call.who, name)
    lines = [json.loads(line) for line in call.body.splitlines() if line]
    head = next(line["value"] for line in lines if line["key"] == "header")
    files: dict[str, Blob] = {}
    removed: list[str] = []
    for line in lines:
        value = line["value"]
        if line["key"] == "file":
            files[value["path"]] = Blob.of(base64.b64decode(value["content"]))
        elif line["key"] == "lfsFile":
            files[value["path"]] = _large(call.world, value)
        elif line["key"] == "deletedFile":
            removed.append(value["path"])
    oid = repository.commit(
        branch, head.get("parentCommit"), files, removed, head["summary"], head.get("description", "")
    )
    url = f"{call.endpoint}/datasets/{name}/commit/{oid}"
    return Answer({"success": True, "commitOid": oid, "commitUrl": url, "hookOutput": ""})


def _large(world: World, value: dict[str, Any]) -> Blob:
    data = world.large.get(value["oid"])
    if data is None:
        raise Refused(400, f"LFS pointer pointed to a file that does not exist: {value['path']}")
    return Blob.apart(value["oid"], len(data))


@_route("GET", rf"{API}/tree/(?P<revision>[^/]+)(?:/(?P<folder>.+))?")
def _tree(call: Call, name: str, revision: str, folder: str) -> Answer:
    repository = call.world.repository(call.who, name)
    tree, prefix = repository.at(revision).tree, f"{folder}/" if folder else ""
    below = {path: blob for path, blob in tree.items() if path.startswith(prefix)}
    if folder and not below:
        raise Refused(404, f"{folder} does not exist on {revision}", "EntryNotFound")
    recursive = call.query.get("recursive", ["false"])[0].lower() == "true"
    entries = list(_entries(below, prefix, recursive))
    start = int(call.query.get("cursor", ["0"])[0])
    headers = {}
    if start + PAGE < len(entries):
        flag = str(recursive).lower()
        address = f"{call.endpoint}/api/datasets/{name}/tree/{revision}" + (f"/{folder}" if folder else "")
        headers["Link"] = f'<{address}?recursive={flag}&cursor={start + PAGE}>; rel="next"'
    return Answer(entries[start : start + PAGE], headers=headers)


def _entries(tree: dict[str, Blob], prefix: str, recursive: bool) -> Iterator[dict[str, Any]]:
    folders = {path[: len(prefix) + i] for path in tree for i, c in enumerate(path[len(prefix) :]) if c == "/"}
    for path in sorted([*tree, *folders]):
        if not recursive and "/" in path[len(prefix) :]:
            continue
        yield _entry(path, tree[path]) if path in tree else {
            "type": "directory", "path": path, "oid": hashlib.sha1(path.encode(), usedforsecurity=False).hexdigest(),
            "size": 0,
        }  # fmt: skip


def _entry(path: str, blob: Blob) -> dict[str, Any]:
    found: dict[str, Any] = {"type": "file", "path": path, "size": blob.size, "oid": blob.oid}
    if blob.sha256:
        found["lfs"] = {"oid": blob.sha256, "size": blob.size, "pointerSize": 130}
    return found


@_route("POST", rf"{API}/paths-info/(?P<revision>[^/]+)")
def _paths(call: Call, name: str, revision: str) -> Answer:
    tree = call.world.repository(call.who, name).at(revision).tree
    form = parse_qs(call.body.decode()) if not call.body.startswith(b"{") else call.json
    known = {entry["path"]: entry for entry in _entries(dict(tree), "", recursive=True)}
    return Answer([known[path] for path in form.get("paths", []) if path in known])


@_route("GET", rf"/datasets/{NAME}/resolve/(?P<revision>[^/]+)/(?P<path>.+)")
def _resolve(call: Call, name: str, revision: str, path: str) -> Answer:
    repository = call.world.readable(call.who, name)
    commit = repository.at(revision)
    blob = commit.tree.get(path)
    headers = {"X-Repo-Commit": commit.oid}
    if blob is None:
        headers |= {"X-Error-Code": "EntryNotFound", "X-Error-Message": "Entry not found"}
        return Answer({"error": "Entry not found"}, 404, headers)
    headers |= {"ETag": f'"{blob.sha256 or blob.oid}"', "Accept-Ranges": "bytes"}
    if blob.sha256:
        headers |= {"X-Linked-Etag": f'"{blob.sha256}"', "X-Linked-Size": str(blob.size)}
    return _ranged(call.world.bytes_of(blob), call.headers.get("Range"), headers)


def _ranged(data: bytes, wanted: str | None, headers: dict[str, str]) -> Answer:
    match = re.match(r"bytes=(\d*)-(\d*)\Z", wanted or "")
    if not match or match[0] == "bytes=-":
        return Answer(data, headers=headers)
    size = len(data)
    start = int(match[1]) if match[1] else max(0, size - int(match[2]))
    end = min(int(match[2]) + 1, size) if match[1] and match[2] else size
    if start >= size:
        return Answer(b"", 416, {**headers, "Content-Range": f"bytes */{size}"})
    return Answer(data[start:end], 206, {**headers, "Content-Range": f"bytes {start}-{end - 1}/{size}"})
