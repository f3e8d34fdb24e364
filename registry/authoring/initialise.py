"""`registry init`: makes a directory a workspace. A second run changes nothing."""

from __future__ import annotations

from pathlib import Path

from registry.content import dvc
from registry.workspace import scaffold


def initialise(root: Path, *, example: bool = False) -> list[str]:
    """Makes `root` a workspace in a git repository with DVC; the paths written, relative to it."""
    written = scaffold.create(root)
    if not (root / ".dvc" / "config").exists():
        dvc.init(root)
        written.append(".dvc/")
    if example:
        written += scaffold.copy_example(root)
    return list(dict.fromkeys(written))
