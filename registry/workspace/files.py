"""Writes files of the workspace whole or not at all: beside, then one rename."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

from registry.errors import EnvironmentFailed

SEAL = 32  # bytes of a sha256


def write_bytes(file: Path, data: bytes) -> None:
    """Writes `file` durably; readers see the old bytes or the new ones."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        handle, beside = tempfile.mkstemp(prefix=f".{file.name[:40]}.", dir=file.parent)
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


def write_sealed(file: Path, data: bytes | memoryview) -> None:
    """Writes `data` behind its sha256, whole or not at all."""
    write_bytes(file, b"".join((hashlib.sha256(data).digest(), data)))


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
