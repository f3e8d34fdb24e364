"""Publishing beside `dvc push`, uploads beside the bare client, fsck beside a bare sha256 pass; in one run.

    python benchmarks/store.py [--files 20000] [--size 2048] [--no-s3]

Publishing is `release`'s own upload of hashed files up to the reference; `dvc push` sends
the same objects from its cache to a directory or bucket of its own. Compare the ratios.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, cast

from registry.content.hashing import hash_tree
from registry.model.files import FileList
from registry.model.names import Version
from registry.release.execute import execute
from registry.release.plan import Plan
from registry.stewardship.fsck import FsckOptions, fsck
from registry.stores import Store, StoreOptions, open_store
from registry.stores.layout import open_registry
from registry.stores.local import LocalStore
from registry.stores.s3 import S3Store
from registry.testing.releases import manifest_of
from registry.testing.servers import new_bucket, seaweed


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Wall seconds and the result."""
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def show(what: str, ours: float, theirs: float, against: str, bar: str) -> None:
    print(f"{what}: ours {ours:.2f} s, {against} {theirs:.2f} s: {theirs / ours:.2f} × as fast   bar: {bar}")


def content(number: int, size: int) -> bytes:
    block = hashlib.sha256(str(number).encode()).hexdigest().encode()
    return (block * (size // len(block) + 1))[:size]


def write_files(folder: Path, files: int, size: int) -> None:
    for number in range(files):
        path = folder / f"train/{number % 64:02}/{number:06}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content(number, size))


def plan_of(folder: Path, version: str, known: FileList | None = None) -> Plan:
    """The plan of a release of `folder`; `known` are the files of the version before."""
    snapshot = hash_tree(folder)
    manifest, documents = manifest_of("bench", Version.parse(version), snapshot.files)
    listed = frozenset((e.md5, e.sha256, e.size) for e in known or ())
    return Plan(manifest, documents, snapshot, cast(Any, None), listed)


def publish(store: Store, plan: Plan) -> tuple[float, Any]:
    open_registry(store, write=True)
    return timed(lambda: execute(plan, store))


def dvc_cache(root: Path, plan: Plan) -> Path:
    """A DVC workspace whose cache holds the objects of the plan, as `dvc add` would leave it."""
    place = root / "dvc"
    place.mkdir()
    dvc(place, "init", "-q", "--no-scm")
    for entry in plan.snapshot.files:
        target = place / ".dvc/cache" / entry.key
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(plan.snapshot.file(entry), target)
    tree = plan.snapshot.md5.removesuffix(".dir")
    listing = place / f".dvc/cache/files/md5/{tree[:2]}/{tree[2:]}.dir"
    listing.parent.mkdir(parents=True, exist_ok=True)
    listing.write_bytes(plan.tree_object or b"")
    (place / "data.dvc").write_text(f"outs:\n- md5: {tree}.dir\n  hash: md5\n  path: data\n", "utf-8")
    return place


def dvc(place: Path, *arguments: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "dvc", *arguments], cwd=place, capture_output=True, text=True, check=False,
        env={**os.environ, "DVC_NO_ANALYTICS": "1", "PYTHONDONTWRITEBYTECODE": ""},
    )  # fmt: skip
    if done.returncode:
        sys.exit(f"dvc {' '.join(arguments)} failed:\n{done.stderr}")


def local(root: Path, plan: Plan, place: Path, data: Path) -> None:
    store = LocalStore(root / "store")
    ours, _ = publish(store, plan)
    dvc(place, "remote", "add", "-d", "local", str(root / "remote"))
    theirs, _ = timed(lambda: dvc(place, "push", "-q"))
    show(f"publish {len(plan.snapshot.files):,} files to a directory", ours, theirs, "dvc push", "≥ 8")

    changed = max(1, len(plan.snapshot.files) // 100)
    for entry in plan.snapshot.files.entries[:changed]:
        (data / entry.path).write_text(secrets.token_hex(entry.size)[: entry.size])
    _, second = publish(store, plan_of(data, "1.1", plan.snapshot.files))
    share = second.uploaded_bytes / second.bytes
    print(f"v1.1 with 1 % changed: {second.uploaded_files:,} objects, {share:.2%} of the bytes, documents included")
    documents = plan_of(data, "1.2", hash_tree(data).files)
    _, third = publish(store, documents)
    print(f"v1.2 with the same data: {third.uploaded_files} objects, {third.uploaded_bytes:,} bytes, none of data")

    objects = [path for path in store.root.rglob("*") if path.is_file()]
    bare, _ = timed(lambda: [hashlib.sha256(path.read_bytes()).hexdigest() for path in objects])
    checked, report = timed(lambda: fsck(store, FsckOptions("data")))
    assert report.ok
    show(f"fsck --data of {report.objects:,} objects", checked, bare, "bare sha256", "≥ 0.8")


def large(root: Path) -> None:
    store = LocalStore(root / "large")
    folder = root / "one"
    folder.mkdir()
    (folder / "train.csv").write_text(secrets.token_hex(256 * 1024 * 1024))
    publish(store, plan_of(folder, "1.0"))
    [big] = [path for path in store.root.rglob("*") if path.is_file() and path.stat().st_size > 2**20 * 400]
    for _ in range(2):
        bare, _ = timed(lambda: hashlib.file_digest(big.open("rb"), "sha256"))
        checked, _ = timed(lambda: fsck(store, FsckOptions("data")))
    show("fsck --data of one file of 512 MB", checked, bare, "bare sha256", "≥ 0.8")


def s3(root: Path, size: int, place: Path, plan: Plan) -> None:
    with seaweed(root / "seaweed") as server:
        os.environ.update(server.environment)
        bucket = new_bucket(server.client(), "bench")
        bare_s3(f"s3://{bucket}", plan, size)
        dvc(place, "remote", "add", "-f", "-d", "s3", f"s3://{bucket}/remote")
        dvc(place, "remote", "modify", "s3", "endpointurl", server.endpoint)
        theirs, _ = timed(lambda: dvc(place, "push", "-q"))
        ours, _ = publish(open_store(f"s3://{bucket}/again"), plan)
        show(f"publish {len(plan.snapshot.files):,} files to seaweedfs", ours, theirs, "dvc push", "≥ 3")


def bare_s3(url: str, plan: Plan, size: int) -> None:
    """The same bytes through our store and through obstore alone."""
    import obstore

    bodies = [content(number, size) for number in range(len(plan.snapshot.files))]
    for kind in (open_store, lambda u: S3Store.at(u, StoreOptions())):
        store = kind(f"{url}/data-{secrets.token_hex(4)}")
        store.create("warm", b"up")
        place = cast(Any, open_store(f"{url}/bare-{secrets.token_hex(4)}"))
        prefix = place.prefix

        def ours(body: tuple[int, bytes], store: Store = store) -> bool:
            return store.create(f"o/{body[0]}", body[1])

        def bare(body: tuple[int, bytes], place: Any = place, prefix: str = prefix) -> Any:
            return obstore.put(place._place, f"{prefix}o/{body[0]}", body[1], use_multipart=False)

        with ThreadPoolExecutor(store.concurrency) as pool:
            mine, _ = timed(lambda pool=pool, ours=ours: list(pool.map(ours, enumerate(bodies))))
            theirs, _ = timed(lambda pool=pool, bare=bare: list(pool.map(bare, enumerate(bodies))))
        show(f"{len(bodies):,} small objects, {type(store).__name__}", mine, theirs, "bare obstore", "≥ 0.8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument("--s3-files", type=int, default=2_000)
    parser.add_argument("--size", type=int, default=2048)
    parser.add_argument("--no-s3", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="store-bench-") as folder:
        root = Path(folder)
        write_files(root / "data", options.files, options.size)
        plan = plan_of(root / "data", "1.0")
        local(root, plan, dvc_cache(root, plan), root / "data")
        large(root)
        if not options.no_s3:
            below = root / "s3"
            write_files(below / "data", options.s3_files, 10 * options.size)
            few = plan_of(below / "data", "1.0")
            s3(below, 10 * options.size, dvc_cache(below, few), few)


if __name__ == "__main__":
    main()
