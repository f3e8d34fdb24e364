"""Work in a process of its own, which may be killed: forked from one that has imported everything and done nothing.

A fork of the tests' own process would copy the locks of whatever threads libraries keep there.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import traceback
from collections.abc import Callable
from functools import cache
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from registry.testing.faults import KILLED, dying, operations

PRELOAD = ["tests.crash.remote", "tests.crash.workspaces", "registry.judge.judge", "registry.checks.run"]
FAILED = 70


@cache
def _context() -> Any:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOAD)
    return context


class Departing:
    """A process that does `work`; `at` and `moment` say where it ends by itself, None counts its operations."""

    def __init__(self, work: Callable[[], Any], at: int | None = None, moment: str = "") -> None:
        self._told, telling = _context().Pipe(duplex=False)
        arguments = (work, at, moment, dict(os.environ), str(Path.cwd()), telling)
        self.process = _context().Process(target=_do, args=arguments)
        self.process.start()
        telling.close()

    def kill(self) -> None:
        """Ends it now."""
        os.kill(self.process.pid, signal.SIGKILL)

    def wait(self) -> tuple[int, int]:
        """Its exit code and, of work that ended, the number of its operations."""
        try:
            count, trace = self._told.recv()
        except EOFError:
            count, trace = -1, ""
        self.process.join()
        code = int(self.process.exitcode)
        assert code in (0, KILLED, -signal.SIGKILL), trace or code
        return code, count


def _do(
    work: Callable[[], Any], at: int | None, moment: str, environment: dict[str, str], folder: str, told: Connection
) -> None:
    os.environ.update(environment)
    os.chdir(folder)
    try:
        if at is None:
            count = operations(work)
        else:
            count = -1
            with dying(at, moment):  # type: ignore[arg-type]
                work()
        told.send((count, ""))
    except BaseException:
        told.send((-1, traceback.format_exc()))
        os._exit(FAILED)
    os._exit(0)
