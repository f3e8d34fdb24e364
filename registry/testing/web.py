"""A web server on the loopback that serves a directory, counts what it sends, and misbehaves where a test wants it to.

>>> import tempfile
>>> from urllib.request import urlopen
>>> with tempfile.TemporaryDirectory() as folder, WebServer(Path(folder)) as server:
...     _ = Path(folder, "a.txt").write_text("hello")
...     urlopen(server.url + "/a.txt").read(), server.sent("a.txt")
(b'hello', 5)
"""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import unquote, urlsplit

RANGE = re.compile(r"bytes=(\d+)-(\d*)\Z")
PIECE = 1024 * 1024  # bytes sent at a time

Answer = Callable[["Handler", str], bool]
"""Answers a request for a key in its own way; False leaves it to the server."""


class Handler(BaseHTTPRequestHandler):
    """One connection: GET of files below the root, with parts unless the server knows none."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_GET(self) -> None:
        """Answers one request."""
        key = unquote(urlsplit(self.path).path).lstrip("/")
        own = self.server.owner
        own.asked.append(key)
        if any(answer(self, key) for answer in own.answers):
            return
        file = own.root / key
        if not file.is_file() or ".." in key.split("/"):
            self.reply(404, b"nothing here")
            return
        self._send_file(key, file)

    def _send_file(self, key: str, file: Path) -> None:
        size = file.stat().st_size
        wanted = RANGE.match(self.headers.get("Range", "")) if self.server.owner.parts else None
        start, end = (int(wanted[1]), min(int(wanted[2] or size), size - 1)) if wanted else (0, size - 1)
        if wanted and start >= size:
            self.reply(416, b"", {"Content-Range": f"bytes */{size}"})
            return
        self.send_response(206 if wanted else 200)
        self.send_header("Content-Length", str(end - start + 1))
        if wanted:
            self.send_header("Content-Range", f"bytes {start}-{end}/{size}")
        self.end_headers()
        with file.open("rb") as stream, suppress(ConnectionError):
            stream.seek(start)
            left = end - start + 1
            while left > 0 and (piece := stream.read(min(PIECE, left))):
                with self.server.owner.lock:
                    self.server.owner.counts[key] += len(piece)
                self.wfile.write(piece)
                left -= len(piece)

    def reply(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> bool:
        """Sends a whole answer, with its length unless `headers` state another; True, for an `Answer` to return."""
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(body))} | (headers or {})).items():
            self.send_header(name, value)
        self.end_headers()
        with suppress(ConnectionError):
            self.wfile.write(body)
        return True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - so it is called
        """Says nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    owner: WebServer

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is no error."""


class WebServer:
    """Serves `root` while the block runs; `parts` is whether it knows ranges, `answers` come before the files."""

    def __init__(self, root: Path, *, parts: bool = True) -> None:
        self.root = root
        self.parts = parts
        self.answers: list[Answer] = []
        self.asked: list[str] = []
        self.counts: Counter[str] = Counter()
        self.lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), Handler)
        self._server.owner = self
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)

    @property
    def url(self) -> str:
        """Its address, without a slash at the end."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def sent(self, prefix: str = "") -> int:
        """Bytes of files whose key begins with `prefix` that were sent so far."""
        with self.lock:
            return sum(size for key, size in self.counts.items() if key.startswith(prefix))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
