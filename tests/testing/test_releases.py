"""What plugin authors get: a release in one call, and servers that are cleaned up."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from registry.consume.resolve import resolve
from registry.model.files import BLOCK, FileList
from registry.model.names import Ref
from registry.stores.layout import read_files, tree_key
from registry.stores.local import LocalStore
from registry.testing.releases import Shape, entry_of, make_release
from registry.testing.servers import free_port, moto, new_bucket


def test_a_made_release_is_whole(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    files = {"a.bin": bytes(BLOCK + 1), "한글.txt": "안녕".encode()}
    made = make_release(store, "reviews", "1.0", files)
    released = resolve(store, Ref("reviews"))
    assert (released.reference, released.manifest, released.raw) == (made.reference, made.manifest, made.raw)
    listing = read_files(store, made.manifest)
    assert listing == FileList.of(entry_of(path, data) for path, data in files.items())
    assert len(listing.entries[0].blocks) == 2
    described = json.loads(store.read(tree_key(str(made.manifest.data["dvc"]["md5"]))))
    assert [item["relpath"] for item in described] == ["a.bin", "한글.txt"]


def test_making_it_twice_changes_nothing(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    make_release(store, "reviews", "1.0", {"a": b"1"})
    before = [(found.key, store.read(found.key)) for found in store.list("")]
    make_release(store, "reviews", "1.0", {"a": b"1"})
    assert [(found.key, store.read(found.key)) for found in store.list("")] == before


def test_a_release_store_is_a_dvc_remote(tmp_path: Path) -> None:
    """The unmodified `dvc` pulls the released data by its pointer."""
    files = {"train/가.csv": b"id\n1\n", "test/b.csv": b"id\n2\n", "empty": b""}
    made = make_release(LocalStore(tmp_path / "store"), "reviews", "1.0", files, Shape())
    repository = tmp_path / "repository"
    repository.mkdir()
    own = {"HOME": str(tmp_path), "DVC_NO_ANALYTICS": "1", "DVC_SITE_CACHE_DIR": str(tmp_path / "site")}

    def run(*command: str) -> None:
        subprocess.run(command, cwd=repository, env={**os.environ, **own}, check=True, capture_output=True)

    dvc = shutil.which("dvc", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    assert dvc is not None
    run("git", "init", "-q")
    run(dvc, "init", "-q")
    run(dvc, "remote", "add", "-d", "store", str(tmp_path / "store"))
    (repository / "data").mkdir()
    pointer = f"outs:\n- md5: {made.manifest.data['dvc']['md5']}\n  hash: md5\n  path: reviews\n"
    (repository / "data/reviews.dvc").write_text(pointer, "utf-8")
    run(dvc, "pull", "-q", "data/reviews.dvc")
    assert {path: (repository / "data/reviews" / path).read_bytes() for path in files} == files


def test_ports_are_free_and_differ() -> None:
    ports = {free_port() for _ in range(20)}
    assert len(ports) == 20
    assert all(1024 < port < 32768 for port in ports)


def test_a_server_ends_with_its_block(tmp_path: Path) -> None:
    pytest.importorskip("moto.server", reason="moto[server] is not installed")
    from botocore.exceptions import EndpointConnectionError

    with moto(tmp_path) as server:
        client: Any = server.client()
        new_bucket(client, "bucket")
        new_bucket(client, "bucket")
        assert "ready" in [found["Name"] for found in client.list_buckets()["Buckets"]]
        assert server.endpoint.startswith("http://127.0.0.1:")
    with pytest.raises(EndpointConnectionError):
        client.list_buckets()
    client.close()
