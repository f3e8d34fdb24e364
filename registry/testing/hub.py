"""A Hugging Face Hub on the loopback, for the unmodified `huggingface_hub` and `datasets` clients.

It answers the calls that publishing and loading a dataset make: whoami, repositories and
their settings, `preupload`, the git-lfs batch, commits with a parent, branches, tags,
trees, and `resolve` with ranges. There is no Xet: clients are started with
`HF_HUB_DISABLE_XET=1`. Which status answers what was read in the client (2.4) and the
Hub's documentation; the commit ids are random.

    with loopback_hub() as hub:
        token = hub.token("kim", "my-team")
        subprocess.run([…], env={**os.environ, **hub.environment(token)})

>>> with loopback_hub() as hub:
...     hub.endpoint[:17], sorted(hub.environment("hf_x"))[:2]
('http://127.0.0.1:', ['HF_DATASETS_OFFLINE', 'HF_ENDPOINT'])
"""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from registry.testing.hub_repository import Person, Refused, Repository, World
from registry.testing.hub_routes import Answer, Call, find


@dataclass
class LoopbackHub:
    """A running Hub. `calls` lists (method, path) of every request; `before` is called ahead of each.

    What `before` raises as `Refused` is the answer, so that a test can refuse, delay or end
    a client in the middle.
    """

    endpoint: str
    world: World = field(default_factory=World)
    calls: list[tuple[str, str]] = field(default_factory=list)
    before: Callable[[str, str], None] | None = None
    lock: threading.RLock = field(default_factory=threading.RLock)

    def token(self, name: str, *organisations: str, writes: bool = True) -> str:
        """A token of somebody new."""
        token = f"hf_{secrets.token_hex(16)}"
        self.world.person(name, token, *organisations, writes=writes)
        return token

    def repository(self, name: str) -> Repository:
        """The repository `name`, whoever asks."""
        return self.world.repositories[name]

    def environment(self, token: str = "") -> dict[str, str]:
        """What a client's environment needs."""
        found = {
            "HF_ENDPOINT": self.endpoint,
            "HF_HUB_OFFLINE": "0",
            "HF_DATASETS_OFFLINE": "0",
            "HF_HUB_DISABLE_XET": "1",
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        }
        return {**found, "HF_TOKEN": token} if token else found


@contextmanager
def loopback_hub() -> Iterator[LoopbackHub]:
    """A Hub on a free port of the loopback while the block runs."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    hub = LoopbackHub(f"http://127.0.0.1:{server.server_address[1]}")
    server.hub = hub  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    """Reads a request, finds its route, answers."""

    protocol_version = "HTTP/1.1"
    wbufsize = 65536  # an answer in one packet: the client's side waits 40 ms for the second one
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class calls it so
        """Says nothing."""

    def _serve(self) -> None:
        hub: LoopbackHub = self.server.hub  # type: ignore[attr-defined]
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            body = self._chunked()
        path = urlsplit(self.path).path
        hub.calls.append((self.command, unquote(path)))
        try:
            if hub.before:
                hub.before(self.command, unquote(path))
            answer = self._answer(hub, path, body)
        except Refused as refusal:
            headers = {"X-Error-Message": refusal.message}
            if refusal.code:
                headers["X-Error-Code"] = refusal.code
            answer = Answer({"error": refusal.message}, refusal.status, headers)
        self._send(answer)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = _serve  # noqa: N815 - the base class calls them so

    def _answer(self, hub: LoopbackHub, path: str, body: bytes) -> Answer:
        method = "GET" if self.command == "HEAD" else self.command
        query = parse_qs(urlsplit(self.path).query)
        call = Call(hub.endpoint, hub.world, self._who(hub), query, self.headers, body)
        route = find(method, path)
        if route is None:
            return Answer({"error": "Not Found"}, 404)
        with hub.lock:
            return route(call)

    def _who(self, hub: LoopbackHub) -> Person | None:
        token = (self.headers.get("Authorization") or "").removeprefix("Bearer ").strip()
        if token and token not in hub.world.people:
            raise Refused(401, "Invalid credentials in Authorization header")
        return hub.world.people.get(token)

    def _chunked(self) -> bytes:
        found = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            found += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return found

    def _send(self, answer: Answer) -> None:
        raw = isinstance(answer.body, bytes)
        body = answer.body if raw else json.dumps(answer.body).encode()
        self.send_response(answer.status)
        self.send_header("Content-Type", "application/octet-stream" if raw else "application/json")
        self.send_header("Content-Length", str(len(body)))
        for key, value in answer.headers.items():
            self.send_header(key, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
