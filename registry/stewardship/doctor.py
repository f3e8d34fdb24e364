"""`registry doctor`: what on this machine, in this workspace and at the store stands in the way.

>>> import tempfile
>>> from registry.stores import open_store
>>> with tempfile.TemporaryDirectory() as folder:
...     [(found.id, found.state) for found in examine_store(open_store(folder))][:3]
[('store:url', 'ok'), ('store:read', 'ok'), ('store:list', 'ok')]

Each finding is `ok`, `warn` (works, but somebody should know) or `fail`.
"""

from __future__ import annotations

import os
import secrets
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from registry.consume.resolve import cache_folder
from registry.errors import DeniedError, NotFoundError, RegistryError, UsageError
from registry.stewardship.policies import ROLES, Role, policy
from registry.stores.base import Store
from registry.stores.layout import ROOT_KEY, open_registry
from registry.stores.staging import read_sweep

State = Literal["ok", "warn", "fail"]
EXTRAS = {
    "author": ("dvc", "great_expectations", "duckdb", "polars"),
    "load": ("datasets",),
    "hub": ("huggingface_hub",),
    "fast": ("obstore",),
}
ASK = "ask whoever runs the store for the policy of a releaser or steward"
NEEDS: dict[Role, tuple[str, ...]] = {
    "reader": ("store:read", "store:list"),
    "releaser": ("store:read", "store:list", "store:create", "store:create-only", "store:compare-and-swap"),
    "steward": (
        "store:read", "store:list", "store:create", "store:create-only", "store:compare-and-swap", "store:delete",
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: a stable id, its state, what was found, what to do."""

    id: str
    state: State
    what: str
    hint: str = ""

    def to_json(self) -> dict[str, str]:
        """The entry in the document."""
        return {"id": self.id, "state": self.state, "what": self.what, "hint": self.hint}


def document(findings: list[Finding], store: Store | None) -> dict[str, Any]:
    """The `registry.doctor/1` document: findings, the roles that these credentials may take, policies for S3."""
    return {
        "format": "registry.doctor/1",
        "ok": all(found.state != "fail" for found in findings),
        "findings": [found.to_json() for found in findings],
        "roles": roles_of(findings),
        "policies": policies_of(store),
    }


def roles_of(findings: list[Finding]) -> list[str]:
    """The roles whose every permission was tried and granted."""
    granted = {found.id for found in findings if found.state == "ok"}
    return [role for role in ROLES if granted >= set(NEEDS[role])]


def policies_of(store: Store | None) -> dict[str, Any]:
    """For a store on S3 the least policy for each role."""
    if store is None or not store.url.startswith("s3://"):
        return {}
    bucket, _, prefix = store.url.removeprefix("s3://").partition("/")
    return {role: policy(bucket, prefix, role) for role in ROLES}


def examine_machine() -> Iterator[Finding]:
    """Python, git, extras, the cache."""
    version = ".".join(map(str, sys.version_info[:3]))
    yield Finding("python", "ok", f"Python {version}")
    git = shutil.which("git")
    yield (
        Finding("git", "ok", f"git is {git}")
        if git
        else Finding("git", "warn", "git is not installed: nothing can be authored here", "install git")
    )
    for extra, packages in EXTRAS.items():
        missing = [name for name in packages if find_spec(name) is None]
        hint = f"pip install 'dataset-release-registry[{extra}]'" if missing else ""
        what = f"{', '.join(missing)} not installed" if missing else f"{', '.join(packages)} installed"
        yield Finding(f"extra:{extra}", "warn" if missing else "ok", what, hint)
    yield _cache()


def _cache() -> Finding:
    folder = cache_folder()
    there = next(place for place in (folder, *folder.parents) if place.exists())
    if os.access(there, os.W_OK):
        return Finding("cache", "ok", f"the cache is {folder}")
    return Finding("cache", "fail", f"the cache {folder} cannot be written", "set REGISTRY_CACHE")


def examine_workspace(start: Path) -> Iterator[Finding]:
    """The workspace around `start`, if there is one."""
    from registry.workspace.workspace import Workspace

    try:
        workspace = Workspace.find(start)
    except RegistryError as error:
        state: State = "warn" if error.code == "workspace" else "fail"
        yield Finding("workspace", state, str(error), error.hint)
        return
    names = ", ".join(workspace.datasets) or "none yet"
    yield Finding("workspace", "ok", f"{workspace.root}, datasets: {names}")
    for name, dataset in workspace.datasets.items():
        missing = [part for part in (dataset.schema, *dataset.checks, dataset.card)
                   if not (workspace.root / part).is_file()]  # fmt: skip
        if missing:
            hint = f"registry add {dataset.path}"
            yield Finding(f"dataset:{name}", "fail", f"{name} lacks {', '.join(missing)}", hint)
        else:
            yield Finding(f"dataset:{name}", "ok", f"{name} has schema, checks and card")


def examine_store(store: Store, *, write: bool = True) -> list[Finding]:
    """Tries each permission, and whether conditional writes are honoured; leaves nothing where it may delete."""
    found = [Finding("store:url", "ok", f"the store is {store.url}")]
    found.append(_tried("store:read", "objects can be read", lambda: _readable(store)))
    found.append(_tried("store:list", "objects can be listed", lambda: next(store.list("releases/"), None)))
    if not write or any(finding.state == "fail" for finding in found):
        return found
    key = f".probe/{secrets.token_hex(16)}"
    found.append(_tried("store:create", "objects can be created", lambda: store.create(key, b"first")))
    if found[-1].state == "ok":
        found += _conditions(store, key)
        found.append(_tried("store:delete", "objects can be deleted", lambda: store.delete(key), state="warn"))
    found += _upkeep(store)
    return found


def _readable(store: Store) -> None:
    open_registry(store)
    try:
        store.read(ROOT_KEY)
    except NotFoundError:
        return  # nothing was released there yet


def _conditions(store: Store, key: str) -> Iterator[Finding]:
    def create_only() -> bool:
        return not store.create(key, b"second") and store.read(key) == b"first"

    def compare_and_swap() -> bool:
        _, tag = store.read_tagged(key)
        current = store.swap(key, b"third", tag) or store.read(key) == b"third"  # the answer may have got lost
        return current and not store.swap(key, b"fourth", tag)

    yield _tried("store:create-only", "create-only writes are honoured", create_only)
    yield _tried("store:compare-and-swap", "compare-and-swap is honoured", compare_and_swap)


def _tried(name: str, what: str, work: Callable[[], Any], *, state: State = "fail") -> Finding:
    """`work` must not raise, nor return False."""
    try:
        held = work()
    except (DeniedError, UsageError) as error:  # no fault: who only reads needs no more, and the web only serves
        reads = name in NEEDS["reader"]
        hint = error.hint if reads else f"{ASK}; who only reads need not"
        return Finding(name, "fail" if reads else "warn", f"not so that {what}: {error.why or error}", hint)
    except RegistryError as error:
        return Finding(name, state, f"not so that {what}: {error.why or error}", error.hint)
    if held is False:
        hint = "choose a store that honours If-None-Match and If-Match, or --store file:PATH"
        return Finding(name, "fail", f"not so that {what}: of two releases of one version both would succeed", hint)
    return Finding(name, "ok", what)


def _upkeep(store: Store) -> Iterator[Finding]:
    """What a steward should know: a sweep that was killed, a bucket that keeps what is deleted."""
    try:
        sweep, _ = read_sweep(store)
    except RegistryError as error:
        yield Finding("store:sweep", "fail", str(error), error.hint)
        return
    if sweep.count % 2 and not sweep.running:
        yield Finding("store:sweep", "warn", f"a gc was killed at {sweep.at}", "registry gc --delete")
    if store.url.startswith("file:") and ".registry/store" in store.url:
        hint = "set `store` in registry.toml to share releases"
        yield Finding("store:place", "warn", "the store is on this machine only", hint)
    ask = getattr(store, "ask", None)
    if ask is not None:
        try:
            status = ask("get_bucket_versioning", None).get("Status")
        except RegistryError:
            return  # who may not ask need not know
        if status == "Enabled":
            hint = "a lifecycle rule that expires noncurrent versions"
            yield Finding("store:versions", "warn", "the bucket keeps what `purge` and `gc` delete", hint)
