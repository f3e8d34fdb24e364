"""Writes files of the workspace whole or not at all: beside, then one rename."""

from __future__ import annotations

import hashlib
import os
import platform
import tempfile
import zlib
from pathlib import Path

from registry.errors import EnvironmentFailed

SEAL = 32  # bytes of a sha256


def write_bytes(file: Path, data: bytes, *, tidy: bool = True) -> None:
    """Writes `file` durably; readers see the old bytes or the new ones.

    `tidy` removes what a process that was killed at the same work left beside it, which
    `git add` would take for a file of the user's.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        if tidy:
            _tidy(file)
        handle, beside = tempfile.mkstemp(prefix=f"{_stem(file)}{os.getpid()}-", dir=file.parent)
    except OSError as error:
        raise EnvironmentFailed(f"{file} cannot be written", why=error.strerror or str(error)) from error
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        Path(beside).chmod(0o644)
        Path(beside).replace(file)
    except BaseException as error:
        Path(beside).unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise EnvironmentFailed(f"{file} cannot be written", why=error.strerror or str(error)) from error
        raise


def _stem(file: Path) -> str:
    """How names of unfinished files begin: of which file, on which machine."""
    return f".{file.name[:40]}.{zlib.crc32(platform.node().encode()):08x}-"


def _tidy(file: Path) -> None:
    """Removes unfinished files of processes of this machine that are gone."""
    stem = _stem(file)
    with os.scandir(file.parent) as entries:
        left = [entry.path for entry in entries if entry.name.startswith(stem)]
    for path in left:
        number = path.rpartition("/")[2].removeprefix(stem).partition("-")[0]
        if number.isdecimal() and not _alive(int(number)):
            Path(path).unlink(missing_ok=True)


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def write_sealed(file: Path, data: bytes | memoryview) -> None:
    """Writes `data` behind its sha256, whole or not at all."""
    write_bytes(file, b"".join((hashlib.sha256(data).digest(), data)), tidy=False)


def read_sealed(file: Path) -> memoryview | None:
    """What `write_sealed` wrote, or None where it is missing or broken."""
    try:
        data = memoryview(file.read_bytes())
    except OSError:
        return None
    return data[SEAL:] if hashlib.sha256(data[SEAL:]).digest() == data[:SEAL] else None


def write_text(file: Path, text: str) -> None:
    """As `write_bytes`, of UTF-8 text."""
    write_bytes(file, text.encode())
