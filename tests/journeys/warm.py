"""A process in which the libraries of the command are loaded already; each command is a child that it forks.

    with Warm() as warm:
        code, out, err = warm(["list"], Path("team"), dict(os.environ), timeout=60)

Great Expectations takes more than a second to import and a journey runs the command a dozen times. A
child has a directory, an environment and outputs of its own and ends as the command ends; what it
imported is what differs from a fresh process. The journeys that are about that start the command itself.
"""

from __future__ import annotations

import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]
FIXED = ("LANG", "LC_", "OPENBLAS_", "PYTHON")
"""Beginnings of the variables that a process reads once, as it starts."""


class Warm:
    """The process; it ends with the one that started it."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.fixed = fixed(os.environ)
        self._socket = ours
        with theirs:
            environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(CHECKOUT)}
            self._process = subprocess.Popen(
                [sys.executable, __file__, str(theirs.fileno())],
                cwd=CHECKOUT,
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env=environment,
            )

    def __call__(
        self, arguments: list[str], cwd: Path, environment: dict[str, str], timeout: int
    ) -> tuple[int, str, str]:
        """The exit code, stdout and stderr of `registry ARGUMENTS`, which is killed after `timeout` seconds."""
        mine, other = socket.socketpair()
        with mine, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            with other:
                wanted = json.dumps([arguments, str(cwd), environment, timeout]).encode()
                out_err = [other.fileno(), out.fileno(), err.fileno()]
                socket.send_fds(self._socket, [str(len(wanted)).encode()], out_err)
            mine.settimeout(timeout + 10)
            mine.sendall(wanted)
            said = mine.makefile().readline()
            assert said, "the process with the libraries has ended"
            texts = []
            for file in (out, err):
                file.seek(0)
                texts.append(file.read().decode().replace("\r\n", "\n").replace("\r", "\n"))
            return int(said), texts[0], texts[1]

    def __enter__(self) -> Warm:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()
        self._process.wait(10)


def fixed(environment: os._Environ[str] | dict[str, str]) -> dict[str, str]:
    """What of an environment must be that of the process with the libraries."""
    return {name: value for name, value in environment.items() if name.startswith(FIXED) and name != "PYTHONPATH"}


def serve(requests: socket.socket) -> None:
    """Forks a child for each request until the one who asks is gone."""
    while True:
        length, numbers, _, _ = socket.recv_fds(requests, 64, 3)
        if not length:
            return
        answers, out, err = numbers
        keeper = os.fork()
        if keeper == 0:
            keep(requests, answers, out, err, int(length))
        for number in (answers, out, err):
            os.close(number)
        os.waitpid(keeper, 0)


def keep(requests: socket.socket, answers: int, out: int, err: int, length: int) -> None:
    """Starts the command and says how it ended; lets the next request be served meanwhile."""
    requests.close()
    if os.fork():
        os._exit(0)
    asked = socket.socket(fileno=answers)
    arguments, cwd, environment, timeout = json.loads(asked.makefile().read(length))
    command = os.fork()
    if command == 0:
        asked.close()
        signal.alarm(timeout)
        run(arguments, cwd, environment, out, err)
    code = os.waitstatus_to_exitcode(os.waitpid(command, 0)[1])
    asked.sendall(f"{code}\n".encode())
    os._exit(0)


def run(arguments: list[str], cwd: str, environment: dict[str, str], out: int, err: int) -> None:
    """The command, as a fresh process would find the world."""
    os.dup2(out, 1)
    os.dup2(err, 2)
    os.closerange(3, 256)
    os.chdir(cwd)
    sys.path[0] = cwd
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    sys.argv = ["registry", *arguments]
    runpy.run_module("registry", run_name="__main__", alter_sys=True)
    os._exit(0)


if __name__ == "__main__":
    import dvc.repo  # noqa: F401

    from registry.checks import gx

    gx.load()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    serve(socket.socket(fileno=int(sys.argv[1])))
