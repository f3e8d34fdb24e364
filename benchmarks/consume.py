"""What a consumer waits for, beside what a user would do instead, in one run.

    python benchmarks/consume.py [--megabytes 512] [--no-s3]

Bytes are those that a web server on the loopback sent; seconds are of the wall, the best of
the rounds, ours and theirs in turn. The large file is random, the store a directory or
seaweedfs on the loopback.
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

from measure import run

from registry.consume.blocks import BlockFile
from registry.consume.origin import PullOptions
from registry.consume.pull import pull
from registry.model.files import BLOCK
from registry.model.names import Ref
from registry.stores import open_store
from registry.stores.local import LocalStore
from registry.testing.releases import Shape, entry_of, make_release
from registry.testing.servers import new_bucket, seaweed
from registry.testing.web import WebServer

ROUNDS = 5
NAME = "reviews"


def timed(work: Callable[[], Any]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def best(*works: Callable[[], Any]) -> list[float]:
    """The best time of each, taken in turn."""
    rounds = [[timed(work) for work in works] for _ in range(ROUNDS)]
    return [min(times) for times in zip(*rounds, strict=True)]


def later(root: Path) -> None:
    """v1.1 after v1.0 with one file of a hundred changed, and a release of documents alone."""
    store = LocalStore(root / "store")
    first = {f"train/{n:03}.bin": secrets.token_bytes(512 * 1024) for n in range(200)}
    second = first | {f"train/{n:03}.bin": secrets.token_bytes(512 * 1024) for n in (7, 77)}
    for version, files, title in (("1.0", first, "a"), ("1.1", second, "a"), ("1.1.1", second, "b")):
        make_release(store, NAME, version, files, Shape(title=title))
    total = sum(map(len, first.values()))
    os.environ["REGISTRY_CACHE"] = str(root / "cache")
    with WebServer(root / "store") as server:
        place = open_store(server.url)
        for version, what in (("1.0", "everything"), ("1.1", "1 % changed"), ("1.1.1", "documents only")):
            before = server.sent()
            result = pull(place, Ref.parse(f"{NAME}@{version}"), root / version)
            sent = server.sent() - before
            print(f"v{version}, {what}: {result.transferred_bytes / total:.2%} of the data moved, "
                  f"{sent / total:.2%} sent in all")  # fmt: skip


def large(root: Path, size: int) -> None:
    """One large file out of a local store, beside cp and a pass of sha256."""
    store = LocalStore(root / "large")
    make_release(store, NAME, "1.0", {"train.bin": secrets.token_bytes(size)})
    [file] = [path for path in store.root.rglob("*") if path.is_file() and path.stat().st_size == size]

    def ours() -> None:
        shutil.rmtree(root / "out", ignore_errors=True)
        pull(store, Ref(NAME), root / "out")

    def copied() -> None:
        (root / "copy").unlink(missing_ok=True)
        subprocess.run(["cp", str(file), str(root / "copy")], check=True)

    def hashed() -> None:
        with file.open("rb") as stream:
            hashlib.file_digest(stream, "sha256")

    mine, cp, sha256 = best(ours, copied, hashed)
    print(f"one file of {size >> 20} MB from a directory: {mine:.2f} s, cp {cp:.2f} s, sha256 {sha256:.2f} s; "
          f"{max(cp, sha256) / mine:.2f} of the slower")  # fmt: skip


def again(root: Path) -> None:
    """`pull` of a release that is there, beyond a start of the command."""
    for count, size in ((2_000, 20_000), (20_000, 2_048), (1, 400_000_000)):
        place = root / f"again-{count}"
        files = {f"train/{n % 40:02}/{n:05}.bin": secrets.token_bytes(size) for n in range(count)}
        make_release(LocalStore(place / "store"), NAME, "1.0", files)
        start = [sys.executable, "-m", "registry", "pull", "--help"]
        there = [*start[:-1], NAME, "--store", str(place / "store"), "-o", str(place / "out")]
        run(there)
        wall = [min(run(command).wall for _ in range(ROUNDS)) for command in (there, start)]
        cpu = [min(run(command).cpu for _ in range(ROUNDS)) for command in (there, start)]
        print(f"pull of {count:,} files of {size:,} bytes that are there: {wall[0] - wall[1]:.2f} s, "
              f"{cpu[0] - cpu[1]:.2f} s of CPU, beyond {wall[1]:.2f} s of start-up")  # fmt: skip
        shutil.rmtree(place)


def streamed(root: Path, size: int) -> None:
    """One large file from seaweedfs: streamed with every block verified, pulled, and by obstore alone."""
    import obstore

    with seaweed(root / "seaweed") as server:
        os.environ.update(server.environment)
        store = cast(Any, open_store(f"s3://{new_bucket(server.client(), 'bench')}/data"))
        data = secrets.token_bytes(size)
        entry = entry_of("train.bin", data)
        make_release(store, NAME, "1.0", {"train.bin": data})

        def bare() -> None:
            answer = obstore.get(store._place, store.prefix + entry.key)
            seen = sum(len(piece) for piece in answer.stream(min_chunk_size=BLOCK))
            assert seen == size

        def blocks() -> None:
            with BlockFile(entry, lambda start, length: store.stream(entry.key, start, length + 1)) as file:
                while file.read(BLOCK):
                    pass

        def pulled() -> None:
            shutil.rmtree(root / "s3out", ignore_errors=True)
            pull(store, Ref(NAME), root / "s3out", PullOptions(keep=False))

        theirs, ours, whole = best(bare, blocks, pulled)
        print(f"{size >> 20} MB from seaweedfs: obstore {size / theirs / 1e6:.0f} MB/s, streamed and verified "
              f"{theirs / ours:.2f} of it, pulled {theirs / whole:.2f} of it")  # fmt: skip


def small(root: Path, count: int = 2_000, size: int = 20_000) -> None:
    """Many small files from seaweedfs: pulled, by obstore alone, by s3fs alone and by `dvc pull`; CPU is of all."""
    import obstore

    with seaweed(root / "seaweed-small") as server:
        os.environ.update(server.environment)
        address = f"s3://{new_bucket(server.client(), 'small')}/data"
        store = cast(Any, open_store(address))
        files = {f"train/{n % 40:02}/{n:05}.bin": secrets.token_bytes(size) for n in range(count)}
        made = make_release(store, NAME, "1.0", files)
        keys = [(path, store.prefix + entry_of(path, data).key) for path, data in files.items()]
        out = root / "small"

        def place(path: str) -> Path:
            (out / path).parent.mkdir(parents=True, exist_ok=True)
            return out / path

        def bare() -> None:
            def fetch(one: tuple[str, str]) -> None:
                place(one[0]).write_bytes(bytes(obstore.get(store._place, one[1]).bytes()))

            with ThreadPoolExecutor(store.concurrency) as pool:
                list(pool.map(fetch, keys))

        def s3fs() -> None:
            paths = [f"{store.bucket}/{key}" for _, key in keys]
            store.filesystem.get(paths, [str(place(path)) for path, _ in keys])

        def pulled() -> None:
            pull(store, Ref(NAME), out, PullOptions(keep=False))

        def kept() -> None:
            os.environ["REGISTRY_CACHE"] = str(root / "small-cache" / secrets.token_hex(4))
            pull(store, Ref(NAME), out)

        clone = dvc_clone(root / "small-dvc", address, server.endpoint, str(made.manifest.data["dvc"]["md5"]))

        def dvc() -> None:
            shutil.rmtree(clone / ".dvc/cache", ignore_errors=True)
            shutil.rmtree(clone / f"data/{NAME}", ignore_errors=True)
            run([str(Path(sys.executable).with_name("dvc")), "pull", "-q"], clone)

        command = [sys.executable, "-m", "registry", "pull", NAME, "--store", address, "-o", str(out)]
        works = {"pull": pulled, "pull, kept in the cache": kept, "obstore": bare, "s3fs": s3fs,
                 "registry pull": lambda: run(command), "dvc pull": dvc}  # fmt: skip
        rounds: dict[str, list[float]] = {name: [] for name in works}
        for _ in range(ROUNDS):
            for name, work in works.items():
                shutil.rmtree(out, ignore_errors=True)
                os.environ["REGISTRY_CACHE"] = str(root / "small-cache" / secrets.token_hex(4))
                rounds[name].append(timed(work))
        took = {name: min(times) for name, times in rounds.items()}
        print(
            f"{count:,} files of {size:,} bytes from seaweedfs: " + ", ".join(f"{k} {v:.2f} s" for k, v in took.items())
        )
        print(f"  pull: {took['obstore'] / took['pull']:.2f} of obstore, {took['s3fs'] / took['pull']:.1f} × s3fs; "
              f"as commands: {took['dvc pull'] / took['registry pull']:.1f} × dvc pull")  # fmt: skip


def dvc_clone(clone: Path, address: str, endpoint: str, md5: str) -> Path:
    """A repository with the pointer of the release, whose DVC remote is its store."""
    (clone / "data").mkdir(parents=True)
    dvc = str(Path(sys.executable).with_name("dvc"))
    for command in (["git", "init", "-q"], [dvc, "init", "-q"], [dvc, "remote", "add", "-q", "-d", "s", address],
                    [dvc, "remote", "modify", "s", "endpointurl", endpoint]):  # fmt: skip
        run(command, clone)
    (clone / f"data/{NAME}.dvc").write_text(f"outs:\n- md5: {md5}\n  hash: md5\n  path: {NAME}\n", "utf-8")
    return clone


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--megabytes", type=int, default=512)
    parser.add_argument("--no-s3", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="consume-bench-") as folder:
        root = Path(folder)
        later(root)
        large(root, options.megabytes << 20)
        again(root)
        if not options.no_s3:
            streamed(root, options.megabytes << 20)
            small(root)


if __name__ == "__main__":
    main()
