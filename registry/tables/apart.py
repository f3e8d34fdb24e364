"""Reads files in a process of its own, under limits: what a hostile file can break is that process.

The process is started without a shell and without this one's secrets, in a group of its
own; it is told what to read in one JSON line and answers in JSON lines: the file it
begins with, and how it ended. Nothing it says is run or unpickled. When it takes too long
its group is ended; when it dies, the error names the file it was reading.

>>> Job(Path("/data"), FileList.of([]), None, Path("/cache")) == Job.parse(
...     Job(Path("/data"), FileList.of([]), None, Path("/cache")).line())
True
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from registry import errors
from registry.errors import DataError, InternalError, RegistryError
from registry.model.files import FileEntry, FileList
from registry.model.schema import DatasetSchema
from registry.tables.limits import MEMORY, SECONDS, Limits
from registry.tables.parquet import sweep

KEPT = ("PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "LC_CTYPE", "PYTHONHOME", "PYTHONPATH")
MEMORY_REACHED, WRITTEN_REACHED, DEPTH_REACHED = "memory", "written", "depth"
_LOOK = "look at the file before you trust it; if it is sound, "


@dataclass(frozen=True, slots=True)
class Job:
    """What to read: the arguments of `open_table`, absolute."""

    root: Path
    files: FileList
    schema: DatasetSchema | None
    cache: Path

    def line(self) -> bytes:
        """The job as one line of JSON."""
        document = {
            "root": str(self.root),
            "cache": str(self.cache),
            "files": [[entry.path, entry.size, entry.md5, entry.sha256] for entry in self.files],
            "schema": self.schema and self.schema.to_json(),
        }
        return json.dumps(document).encode() + b"\n"

    @classmethod
    def parse(cls, line: bytes) -> Job:
        """The job that `line` wrote."""
        found = json.loads(line)
        schema = found["schema"] and DatasetSchema.from_json(found["schema"])
        files = FileList(tuple(FileEntry(*entry) for entry in found["files"]))
        return cls(Path(found["root"]), files, schema, Path(found["cache"]))


def prepare_apart(job: Job, limits: Limits) -> None:
    """Vets and converts what `job` needs, in a process that ends when it is done or `limits` are reached.

    Raises the errors of `open_table`; one that reached a limit, or died, as `DataError` with its file.
    A process that died of a signal is tried once more, from where it was: what a file does to it, it does again.
    """
    if not _prepared(job, limits, again=True):
        _prepared(job, limits, again=False)


def _prepared(job: Job, limits: Limits, *, again: bool) -> bool:
    """Whether it was done; False where the process died of a signal and may be tried `again`."""
    with tempfile.TemporaryFile() as complaints:
        code, said = _run(job, limits, complaints)
        begun = next((line["begin"] for line in reversed(said) if "begin" in line), "")
        ended = next((line for line in reversed(said) if "begin" not in line), None)
        if ended is not None and "error" in ended:
            raise _error(ended)
        if ended is not None and "reached" in ended:
            raise _beyond(begun, ended["reached"], limits)
        if ended is None and (code is None or code in (-signal.SIGXCPU, -signal.SIGKILL)):
            raise _beyond(begun, "time", limits)
        if ended is None and code and code < 0 and again:
            return False
        if ended is None:
            raise _died(begun, code, complaints)
    return True


def _run(job: Job, limits: Limits, complaints: IO[bytes]) -> tuple[int | None, list[Mapping[str, Any]]]:
    """The exit code (None: it had to be ended) and what the process said."""
    task = {"memory": limits.memory, "seconds": limits.seconds, "written": limits.written}
    command = [sys.executable, "-P", "-m", "registry.tables.child", json.dumps(task)]
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=complaints,
        env=_environment(),
        start_new_session=True,
    )
    code: int | None = None
    with process:
        try:
            said, _ = process.communicate(job.line(), timeout=limits.patience)
            code = process.returncode
        except subprocess.TimeoutExpired as late:
            said = late.output or b""
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            if process.returncode:
                sweep(job.cache, process.pid)
    return code, [json.loads(line) for line in said.split(b"\n")[:-1]]


def _environment() -> dict[str, str]:
    """This process' environment without what reading files does not need: credentials, above all."""
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    home = str(Path(errors.__file__).parents[1])
    paths = [home, *filter(None, [kept.get("PYTHONPATH")])]
    steady = {"ARROW_DEFAULT_MEMORY_POOL": "system", "MALLOC_ARENA_MAX": "2", "PYTHONUTF8": "1"}
    return {**kept, **steady, "PYTHONPATH": os.pathsep.join(paths)}


def _error(said: Mapping[str, Any]) -> RegistryError:
    kind = getattr(errors, str(said["error"]), InternalError)
    found = kind if isinstance(kind, type) and issubclass(kind, RegistryError) else InternalError
    return found(said["message"], why=said["why"], hint=said["hint"], **said["fields"])


def _beyond(path: str, what: str, limits: Limits) -> DataError:
    reached, way = {
        MEMORY_REACHED: (f"{limits.memory / (1 << 30):.1f} GiB of memory", f"export {MEMORY}=8GB"),
        WRITTEN_REACHED: (f"{limits.written / (1 << 30):.1f} GiB as Parquet", "cut it into several files"),
        DEPTH_REACHED: ("the levels that a reader can follow", "flatten its values"),
        "time": (f"{limits.seconds} seconds", f"export {SECONDS}=600"),
    }[what]
    name = f"`{path}`" if path else "a file of the dataset"
    why = "so does a decompression bomb"
    return DataError(f"{name} takes more than {reached} to read", why=why, hint=_LOOK + way, path=path)


def _died(path: str, code: int | None, complaints: IO[bytes]) -> RegistryError:
    complaints.seek(0)
    words = complaints.read(100_000).decode("utf-8", "replace").strip()
    if code is not None and code < 0 and path:
        why = f"the process that read it ended with {signal.Signals(-code).name}, as over values nested without end"
        return DataError(f"`{path}` cannot be read", why=why, hint=_LOOK + "write it anew", path=path)
    return InternalError("files cannot be read in a process apart", why=words[-300:] or f"it ended with {code}")
