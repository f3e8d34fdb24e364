"""DVC's listing of a released directory: `pull` does not need it, `dvc pull` does."""

from __future__ import annotations

import hashlib
from typing import Literal

from registry.errors import IntegrityError, NotFoundError
from registry.model.paths import MAX_PATH
from registry.model.release import Manifest
from registry.stores.base import Store
from registry.stores.layout import tree_key

ENTRY = 6 * MAX_PATH + 64  # bytes of one file in a listing at the most: every character of its path escaped
State = Literal["sound", "missing", "changed", "none"]


def state_of_listing(store: Store, manifest: Manifest) -> tuple[str, State]:
    """Key and state of the release's listing, by its md5; `none` for a release of one file."""
    md5 = str(manifest.data["dvc"]["md5"])
    if not md5.endswith(".dir"):
        return "", "none"
    key, limit = tree_key(md5), int(manifest.data["files"]) * ENTRY + 2
    digest, size = hashlib.md5(usedforsecurity=False), 0
    try:
        for chunk in store.stream(key, 0, limit + 1):
            digest.update(chunk)
            size += len(chunk)
            if size > limit:
                break
    except NotFoundError:
        return key, "missing"
    return key, "sound" if digest.hexdigest() == md5.removesuffix(".dir") else "changed"


def require_sound_listing(store: Store, manifest: Manifest) -> None:
    """Raises `IntegrityError` where the listing has other bytes: who wrote there may write elsewhere too."""
    key, state = state_of_listing(store, manifest)
    if state == "changed":
        raise IntegrityError(
            f"DVC's listing of {manifest.name}@{manifest.version} is corrupt",
            why=f"the object {key} does not have its md5",
            hint="do not use this store; whoever runs it: registry fsck --data",
            key=key,
        )
