import os
import unicodedata
from functools import partial

import pytest

from registry.content import dvc
from registry.content.hashing import StatCache, dir_object
from registry.content.hashing import hash_tree as hash_vetted
from registry.errors import DataError, HostilePathError, MovedError, NotFoundError
from registry.model.files import BLOCK

hash_tree = partial(hash_vetted, vet=None)  # what files hold is the matter of test_sniff
FILES = {
    "a.csv": b"x\n",
    "empty.csv": b"",
    "crlf.csv": b"a\r\nb\r\n",
    "한글/깊은 곳/가.txt": "나다\n".encode(),
    "zeta/é.txt": b"nfc",
    "Zeta2/b.bin": bytes(range(256)) * 5000,  # over 1 MB: hashed in pieces
    "z/large.bin": b"0123456789abcdef" * (BLOCK // 16) + b"tail",  # over one block
}


def plant(root, files=FILES):
    for path, data in files.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    return root


@pytest.fixture
def workspace(tmp_path):
    import subprocess

    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    dvc.init(tmp_path)
    return tmp_path


def test_a_directory_has_the_id_that_dvc_gives_it(workspace):
    snapshot = hash_tree(plant(workspace / "data" / "reviews"))
    pointer = dvc.add(workspace, "data/reviews", snapshot)
    assert pointer.md5 == snapshot.md5
    assert dvc.cache_file(workspace, pointer.md5).read_bytes() == dir_object(snapshot.files)
    assert (pointer.size, pointer.files) == (snapshot.files.bytes, len(FILES))


def test_a_file_has_the_id_that_dvc_gives_it(workspace):
    plant(workspace / "data", {"x.csv": b"a,b\r\n1,2\r\n"})
    snapshot = hash_tree(workspace / "data" / "x.csv")
    assert dvc.add(workspace, "data/x.csv", snapshot).md5 == snapshot.md5


def test_dvc_keeps_nfd_names_that_we_refuse(workspace):
    name = unicodedata.normalize("NFD", "각.csv")
    root = plant(workspace / "data" / "x", {name: b"1"})
    with pytest.raises(HostilePathError) as caught:
        hash_tree(root)
    assert unicodedata.normalize("NFC", name) in caught.value.hint and caught.value.exit == 2


def test_blocks_cover_large_files_only(tmp_path):
    snapshot = hash_tree(plant(tmp_path / "x"))
    blocks = {entry.path: len(entry.blocks) for entry in snapshot.files}
    assert blocks["z/large.bin"] == 2 and sum(blocks.values()) == 2


@pytest.mark.parametrize("kind", ["link", "link to a folder", "broken link", "pipe"])
def test_what_is_no_plain_file_is_refused(tmp_path, kind):
    root = plant(tmp_path / "x")
    (tmp_path / "secret").write_text("key")
    odd = root / "odd"
    if kind == "pipe":
        os.mkfifo(odd)
    else:
        odd.symlink_to({"link": tmp_path / "secret", "link to a folder": tmp_path, "broken link": "nowhere"}[kind])
    with pytest.raises(HostilePathError, match="odd") as caught:
        hash_tree(root)
    assert caught.value.hint.startswith(("cp", "rm"))


def test_a_link_as_the_dataset_itself_is_refused(tmp_path):
    (tmp_path / "x").symlink_to(plant(tmp_path / "real"))
    with pytest.raises(HostilePathError):
        hash_tree(tmp_path / "x")


def test_nothing_there(tmp_path):
    with pytest.raises(NotFoundError):
        hash_tree(tmp_path / "x")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError):
        hash_tree(tmp_path / "empty")


CHANGES = {
    "edited": lambda root: (root / "a.csv").write_bytes(b"y\n"),
    "edited, times put back": lambda root: edit_and_put_times_back(root / "a.csv"),
    "added": lambda root: (root / "new.csv").write_bytes(b""),
    "removed": lambda root: (root / "a.csv").unlink(),
    "replaced by equal bytes": lambda root: replace(root / "a.csv"),
    "renamed": lambda root: (root / "a.csv").rename(root / "b.csv"),
}


def edit_and_put_times_back(file):
    state = file.stat()
    file.write_bytes(b"z\n")
    os.utime(file, ns=(state.st_atime_ns, state.st_mtime_ns))


def replace(file):
    beside = file.with_name("beside")
    beside.write_bytes(file.read_bytes())
    beside.replace(file)


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_snapshot_notices_every_change(tmp_path, change):
    root = plant(tmp_path / "x")
    snapshot = hash_tree(root)
    snapshot.check_unmoved()
    change(root)
    with pytest.raises(MovedError) as caught:
        snapshot.check_unmoved()
    assert caught.value.exit == 4


def test_the_cache_answers_for_what_did_not_change_and_for_nothing_else(tmp_path, monkeypatch):
    root = plant(tmp_path / "x")
    file = tmp_path / "stat.jsonl"
    first = hash_tree(root, cache=StatCache.load(file))
    (root / "a.csv").write_bytes(b"other")
    read = []
    from registry.content import hashing

    monkeypatch.setattr(
        hashing, "_hash_small", lambda item, vet, real=hashing._hash_small: read.append(item.path) or real(item, vet)
    )
    second = hash_tree(root, cache=StatCache.load(file))
    assert read == ["a.csv"]
    assert second.files.sha256 != first.files.sha256 == hash_tree(plant(tmp_path / "y")).files.sha256


def test_a_broken_cache_is_an_empty_one(tmp_path):
    root = plant(tmp_path / "x")
    file = tmp_path / "stat.jsonl"
    file.write_bytes(b"\xff[1,2\n")
    assert hash_tree(root, cache=StatCache.load(file)).files == hash_tree(root).files
