"""The few calls of GitHub's and GitLab's APIs that a poster makes, answered on the loopback as they answer."""

from __future__ import annotations

import io
import json
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit


def packed(files: dict[str, bytes]) -> bytes:
    """An artefact: a zip archive."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return data.getvalue()


@dataclass
class Forge:
    """What is there: open pull requests, the artefact of the run, comments; and every request that came.

    `requests` are merge requests by number, with pipelines (of the number times ten) and jobs.
    """

    pulls: list[dict[str, object]] = field(default_factory=list)
    artefact: bytes | None = None
    comments: list[dict[str, object]] = field(default_factory=list)
    asked: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    requests: dict[int, dict[str, object]] = field(default_factory=dict)
    url: str = ""
    storage: str = ""

    def answer(self, method: str, path: str, query: dict[str, list[str]], body: dict[str, str]) -> object:
        parts = path.strip("/").split("/")
        if path == "/user":
            return {"id": 7}
        if parts[-1] == "merge_requests":
            assert query["state"] == ["opened"]
            return [{"iid": number} for number in self.requests]
        if parts[-1] == "pipelines":
            return self.requests[int(parts[-2])]["pipelines"]
        if parts[-1] == "jobs":
            return self.requests[int(parts[-2]) // 10]["jobs"]
        if "pulls" in parts:
            return [pull for pull in self.pulls if query["head"] == [pull["from"]]]
        if parts[-1] == "artifacts":
            assert query["name"] == ["registry-comment"]
            return {"artifacts": [] if self.artefact is None else [{"id": 5}]}
        if method == "GET":
            first = 100 * (int(query["page"][0]) - 1)
            return self.comments[first : first + 100]
        if method == "POST":
            mine = {"id": len(self.comments) + 1, "body": body["body"], "user": {"type": "Bot"}, "author": {"id": 7}}
            self.comments.append(mine)
            return mine
        (found,) = [comment for comment in self.comments if str(comment["id"]) == parts[-1]]
        found["body"] = body["body"]
        return found


@contextmanager
def serving(forge: Forge) -> Iterator[Forge]:
    """The API on one port and, as at GitHub, the bytes of artefacts on another."""

    class Handler(BaseHTTPRequestHandler):
        def handle_one(self) -> None:
            told = urlsplit(self.path)
            headers = {name.casefold(): value for name, value in self.headers.items()}
            forge.asked.append((self.command, self.headers["Host"] + self.path, headers))
            if told.path.endswith("/zip"):
                self.send_response(302)
                self.send_header("Location", f"{forge.storage}/blob")
                self.end_headers()
                return
            body = self.rfile.read(int(headers.get("content-length", 0)))
            data = forge.artefact if told.path == "/blob" else None
            if told.path.endswith("/artifacts/registry-reports/comment.md"):
                data = forge.artefact or b""
                if not data:
                    self.send_response(404)
                    self.end_headers()
                    return
            if data is None:
                answer = forge.answer(self.command, told.path, parse_qs(told.query), json.loads(body or b"{}"))
                data = json.dumps(answer).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PUT = do_PATCH = handle_one  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    servers = [ThreadingHTTPServer(("127.0.0.1", 0), Handler) for _ in range(2)]
    for server in servers:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    forge.url, forge.storage = (f"http://127.0.0.1:{server.server_port}" for server in servers)
    try:
        yield forge
    finally:
        for server in servers:
            server.shutdown()
            server.server_close()
