"""Computed facts remembered between runs, by the digests of everything they depend on.

Equal inputs give equal bytes, so a remembered document is as good as a new one. The
memory lies in the workspace's cache and may be deleted at any time.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from registry.model.digest import canonical, digest_of, sha256_of
from registry.workspace.files import write_bytes


def remembered(cache: Path, kind: str, inputs: Any, compute: Callable[[], Any]) -> Any:
    """The JSON value of `kind` for `inputs`: from memory if it is there and whole, else computed and kept."""
    file = cache / kind / f"{digest_of(inputs)}.json"
    found = recall(file)
    if found is None:
        found = compute()
        keep(file, found)
    return found


def recall(file: Path) -> Any:
    """The value in `file`, or None where it is missing or broken."""
    try:
        digest, _, body = file.read_bytes().partition(b"\n")
    except OSError:
        return None
    return json.loads(body) if sha256_of(body) == digest.decode("ascii", "replace") else None


def keep(file: Path, value: Any) -> None:
    """Writes `value` with its digest, whole or not at all."""
    body = canonical(value)
    write_bytes(file, sha256_of(body).encode() + b"\n" + body)
