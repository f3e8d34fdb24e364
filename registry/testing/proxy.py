"""A proxy on the loopback that breaks one HTTP request in the way that a test names.

It stands between a client and an S3 server, passes every byte on (the `Host` header too, so that
signatures hold), counts the requests, and from the Nth on does what a network or a server
does at its worst. Each kind of fault is one function of `FAULTS`.

    with FaultProxy(server.endpoint) as proxy:
        proxy.arm("lost answer", at=3)
        ...                                # a client of `proxy.endpoint`
        assert proxy.fired

>>> len(FAULTS) >= 11, "lost answer" in FAULTS
(True, True)
"""

from __future__ import annotations

import http.client
import re
import socket
import struct
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

HEADERS = 64 * 1024  # bytes; the most that a request's head may have
SLOW = 0.01  # seconds between the pieces of a slow answer
UPSTREAM = 30.0  # seconds that the server may take
ANSWER = b"<?xml version='1.0'?><Error><Code>%s</Code><Message>injected</Message></Error>"


@dataclass(frozen=True, slots=True)
class Request:
    """One request: method, target, the head as it came, the body."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes


@dataclass(frozen=True, slots=True)
class Response:
    """One answer of the server."""

    status: int
    reason: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    to_head: bool = False

    def to_bytes(self, length: int | None = None) -> bytes:
        """As it goes over the wire; `length` states another length than the body has."""
        # The answer to HEAD states the length of a body that is not there.
        stated = {name.lower(): value for name, value in self.headers}.get("content-length") if self.to_head else None
        head = [(n, v) for n, v in self.headers if n.lower() not in ("content-length", "transfer-encoding")]
        head.append(("Content-Length", stated or str(len(self.body) if length is None else length)))
        lines = [f"HTTP/1.1 {self.status} {self.reason}", *(f"{name}: {value}" for name, value in head), "", ""]
        return "\r\n".join(lines).encode("latin-1") + (b"" if self.to_head else self.body)


@dataclass
class Exchange:
    """What a fault may do: take the body, ask the server (again), answer, or cut the line."""

    client: socket.socket
    request: Request
    ask: Callable[[Request], Response]
    abandon: Callable[[Request], None]
    release: threading.Event = field(default_factory=threading.Event)

    def send(self, data: bytes) -> None:
        """Sends bytes to the client, who may have gone."""
        with suppress(OSError):
            self.client.sendall(data)

    def reset(self) -> None:
        """Ends the connection as a crash does."""
        with suppress(OSError):
            self.client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def answer(self, status: int, code: bytes, *headers: tuple[str, str]) -> None:
        """An error of S3, made up."""
        body = ANSWER % code
        made = Response(status, http.client.responses[status], (("Content-Type", "application/xml"), *headers), body)
        self.send(replace(made, to_head=self.request.method == "HEAD").to_bytes())


Fault = Callable[[Exchange], Any]


def _reset_before(one: Exchange) -> None:
    one.reset()


def _lost_answer(one: Exchange) -> None:
    one.ask(one.request)
    one.reset()


def _half_delivered(one: Exchange) -> None:
    """The server sees half of the body, then the end of the connection."""
    one.abandon(one.request)
    one.reset()


def _delivered_twice(one: Exchange) -> None:
    one.ask(one.request)
    one.send(one.ask(one.request).to_bytes())


def _cut(one: Exchange, *, hard: bool) -> None:
    data = one.ask(one.request).to_bytes()
    head = data.index(b"\r\n\r\n") + 4
    one.send(data[: head // 2] if hard else data[: head + (len(data) - head) // 2])
    if hard:
        one.reset()


def _shorter(one: Exchange) -> None:
    found = one.ask(one.request)
    one.send(replace(found, body=found.body[: len(found.body) // 2]).to_bytes())


def _longer(one: Exchange) -> None:
    found = one.ask(one.request)
    one.send(replace(found, body=found.body + b"\0" * 7).to_bytes())


def _flipped(one: Exchange) -> None:
    found = one.ask(one.request)
    at = len(found.body) // 2
    wrong = found.body[:at] + bytes(b ^ 1 for b in found.body[at : at + 1]) + found.body[at + 1 :]
    one.send(replace(found, body=wrong).to_bytes())


def _flipped_request(one: Exchange) -> None:
    at = len(one.request.body) // 2
    body = one.request.body[:at] + bytes(b ^ 1 for b in one.request.body[at : at + 1]) + one.request.body[at + 1 :]
    one.send(one.ask(replace(one.request, body=body)).to_bytes())


def _stalled(one: Exchange) -> None:
    """Half an answer, then nothing until the client gives up."""
    data = one.ask(one.request).to_bytes()
    one.send(data[: len(data) // 2])
    one.release.wait(UPSTREAM)


def _silent(one: Exchange) -> None:
    one.release.wait(UPSTREAM)


def _slow(one: Exchange) -> None:
    data = one.ask(one.request).to_bytes()
    step = max(1, len(data) // 16)
    for at in range(0, len(data), step):
        one.send(data[at : at + step])
        time.sleep(SLOW)


def _failed_after(one: Exchange) -> None:
    one.ask(one.request)
    one.answer(500, b"InternalError")


def _portal(one: Exchange) -> None:
    """A page of somebody else, with 200: a login at a hotel."""
    page = Response(200, "OK", (("Content-Type", "text/html"),), b"<html>Welcome! Please log in.</html>")
    one.send(replace(page, to_head=one.request.method == "HEAD").to_bytes())


FAULTS: dict[str, Fault] = {
    "reset before": _reset_before,
    "half of the request": _half_delivered,
    "lost answer": _lost_answer,
    "delivered twice": _delivered_twice,
    "reset in the answer": lambda one: _cut(one, hard=True),
    "truncated answer": lambda one: _cut(one, hard=False),
    "shorter answer": _shorter,
    "longer answer": _longer,
    "flipped answer": _flipped,
    "flipped request": _flipped_request,
    "stalled answer": _stalled,
    "no answer": _silent,
    "slow answer": _slow,
    "500": lambda one: one.answer(500, b"InternalError"),
    "500 after the deed": _failed_after,
    "503 slow down": lambda one: one.answer(503, b"SlowDown", ("Retry-After", "0")),
    "429": lambda one: one.answer(429, b"TooManyRequests"),
    "403": lambda one: one.answer(403, b"AccessDenied"),
    "garbage": lambda one: one.send(b"\x16\x03\x01 no HTTP\r\n\r\n"),
    "another page": _portal,
}
"""What may happen to a request, by name."""


class FaultProxy:
    """The proxy; a context.

    Since it was armed, `seen` requests came and `fired` of them met the fault.
    """

    def __init__(self, upstream: str) -> None:
        parts = urlsplit(upstream)
        self._upstream = (str(parts.hostname), int(parts.port or 80))
        self._listener: socket.socket | None = None
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._release = threading.Event()
        self._fault: Fault | None = None
        self._at, self._lasting, self._methods = -1, False, ""
        self.seen, self.fired, self.port = 0, 0, 0

    @property
    def endpoint(self) -> str:
        """Where clients go."""
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> FaultProxy:
        self.open()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.close()

    def open(self) -> None:
        """Listens, on the port of before if there was one."""
        listener = socket.create_server(("127.0.0.1", self.port), reuse_port=False, backlog=64)
        self.port = int(listener.getsockname()[1])
        self._listener = listener
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def close(self) -> None:
        """Listens no more: connections are refused until `open`."""
        listener, self._listener = self._listener, None
        self._release.set()
        if listener:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
            listener.close()

    def hang_up(self, one: Exchange) -> None:
        """A fault: nobody listens from now until `reopen`."""
        self.close()
        one.reset()

    def reopen(self) -> None:
        """Listens again, if it did not."""
        if self._listener is None:
            self.open()

    def arm(self, fault: str | Fault, at: int = 0, *, lasting: bool = False, methods: str = "") -> None:
        """Counts anew; request `at` (with `lasting`, all later ones too) of `methods` (all) meets `fault`."""
        with self._lock:
            self._release.set()
            self._release = threading.Event()
            self._fault = FAULTS[fault] if isinstance(fault, str) else fault
            self._at, self._lasting, self._methods = at, lasting, methods
            self.seen = self.fired = 0

    def disarm(self) -> None:
        """Passes everything on from now, counting anew."""
        self.arm("reset before", at=-1)

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, suppress(OSError, http.client.HTTPException, ValueError):
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            source = client.makefile("rb")
            while self._listener and (request := _read_request(source, client)):
                fault = self._met(request)
                if fault:
                    fault(Exchange(client, request, self._ask, self._abandon, self._release))
                    return
                client.sendall(self._ask(request).to_bytes())

    def _met(self, request: Request) -> Fault | None:
        with self._lock:
            if self._methods and request.method not in self._methods:
                return None
            here, self.seen = self.seen, self.seen + 1
            if self._at < 0 or here < self._at or (here > self._at and not self._lasting):
                return None
            self.fired += 1
            return self._fault

    def _abandon(self, request: Request) -> None:
        """Half of a request, and the line is cut."""
        self._sent(request, request.body[: len(request.body) // 2]).close()

    def _sent(self, request: Request, body: bytes) -> http.client.HTTPConnection:
        server = http.client.HTTPConnection(*self._upstream, timeout=UPSTREAM)
        server.putrequest(request.method, request.target, skip_host=True, skip_accept_encoding=True)
        for name, value in request.headers:
            server.putheader(name, value)
        server.endheaders(body or None)
        return server

    def _ask(self, request: Request) -> Response:
        server = self._sent(request, request.body)
        try:
            answer = server.getresponse()
            found = answer.read()
            head = tuple((n, v) for n, v in answer.getheaders() if n.lower() not in ("connection", "keep-alive"))
            return Response(answer.status, answer.reason, head, found, to_head=request.method == "HEAD")
        finally:
            server.close()


def _read_request(source: Any, client: socket.socket) -> Request | None:
    """The next request of a connection, whole; None at its end."""
    line = source.readline(HEADERS)
    if not line.strip():
        return None
    method, target, _ = line.decode("latin-1").split(" ", 2)
    headers = []
    while (line := source.readline(HEADERS)) not in (b"\r\n", b"\n", b""):
        name, _, value = line.decode("latin-1").partition(":")
        headers.append((name, value.strip()))
    known = {name.lower(): value for name, value in headers}
    if "100-continue" in known.get("expect", "").lower():
        client.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
    body = _chunked(source) if "chunked" in known.get("transfer-encoding", "") else b""
    if size := int(known.get("content-length", "0")):
        body = source.read(size)
    kept = [(n, v) for n, v in headers if n.lower() not in ("expect", "transfer-encoding", "content-length")]
    if body or method in ("PUT", "POST"):
        kept.append(("Content-Length", str(len(body))))
    return Request(method, target, tuple(kept), body)


def _chunked(source: Any) -> bytes:
    body = bytearray()
    while size := int(re.match(rb"[0-9A-Fa-f]+", source.readline(HEADERS))[0], 16):  # type: ignore[index]
        body += source.read(size)
        source.readline(HEADERS)
    while source.readline(HEADERS).strip():
        continue
    return bytes(body)
