"""Who acts, on which release, and when: what every entry that a steward writes carries.

>>> name, version = exact("reviews@v1.2", "registry yank")
>>> name, str(version)
('reviews', '1.2.0')
"""

from __future__ import annotations

import getpass
import os
from datetime import UTC, datetime
from pathlib import Path

from registry.errors import EnvironmentFailed, UsageError
from registry.model.names import Ref, Version


def exact(text: str, command: str) -> tuple[str, Version]:
    """Dataset and version of `NAME@V`; a range, a channel or no version raises `UsageError`."""
    ref = Ref.parse(text)
    if "@" not in text or not Version.is_version(ref.spec):
        raise UsageError(
            f"`{text}` names no single version",
            why="what is done to a release is done to one number",
            hint=f"registry list {ref.name}, then {command} {ref.name}@…",
        )
    return ref.name, Version.parse(ref.spec)


def whoami(start: Path) -> str:
    """Who acts: as git would sign around `start`, else the user of this machine."""
    from registry.workspace.git import Git

    try:
        git = Git.find(start)
        identity = git.identity() if git else ""
    except EnvironmentFailed:  # there is no git on this machine
        identity = ""
    if identity:
        return identity
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container whose user has no name
        return f"user {os.getuid()}"


def now() -> str:
    """The time, RFC 3339 in UTC, to the second."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
