import hashlib
import json

import pytest

from registry.content import dvc
from registry.content.fetch import file_source, materialise
from registry.errors import IntegrityError, NotFoundError
from registry.workspace.pointer import Pointer

FILES = {"a.csv": b"1", "sub/가.csv": b"2" * 100}


def md5(data):
    return hashlib.md5(data).hexdigest()


class Objects(dict):
    def put(self, data, suffix=""):
        key = md5(data) + suffix
        self[key] = data
        return key

    def __call__(self, key):
        data = self.get(key)
        return None if data is None else [data[:1], data[1:]]


def directory(objects, files=FILES):
    listing = [{"md5": objects.put(data), "relpath": path} for path, data in files.items()]
    oid = objects.put(json.dumps(listing).encode(), ".dir")
    return Pointer(None, "data/x", oid, None, None)


def test_a_directory_is_brought_whole(tmp_path):
    objects = Objects()
    place = materialise(directory(objects), tmp_path / "t", [objects])
    assert place == tmp_path / "t" / "x"
    assert {p.relative_to(place).as_posix(): p.read_bytes() for p in place.rglob("*") if p.is_file()} == FILES


def test_a_second_source_mends_what_the_first_has_wrong(tmp_path):
    good = Objects()
    pointer = directory(good)
    bad = Objects({key: b"!" + data for key, data in good.items()})
    place = materialise(pointer, tmp_path / "t", [bad, good])
    assert (place / "sub/가.csv").read_bytes() == FILES["sub/가.csv"]


def test_a_file_is_brought(tmp_path):
    objects = Objects()
    pointer = Pointer(None, "data/x.csv", objects.put(b"a,b"), None, None)
    assert materialise(pointer, tmp_path / "t", [objects]).read_bytes() == b"a,b"


@pytest.mark.parametrize("victim", ["listing", "file"])
def test_bytes_that_are_wrong_everywhere_are_never_delivered(tmp_path, victim):
    objects = Objects()
    pointer = directory(objects)
    key = pointer.md5 if victim == "listing" else md5(FILES["a.csv"])
    objects[key] = b"[]" if victim == "listing" else b"x"
    with pytest.raises(IntegrityError):
        materialise(pointer, tmp_path / "t", [objects, objects])
    assert list(tmp_path.iterdir()) == []


def test_an_object_that_nobody_has_is_named(tmp_path):
    objects = Objects()
    pointer = directory(objects)
    del objects[md5(FILES["a.csv"])]
    with pytest.raises(NotFoundError, match=r"a\.csv"):
        materialise(pointer, tmp_path / "t", [objects, file_source(lambda key: tmp_path / "cache" / key)])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("path", ["../../x", "/etc/x", "a/../../x", ".git/hooks/post-checkout", "a\\b", "", None, 3])
def test_a_hostile_listing_writes_nothing(tmp_path, path):
    objects = Objects()
    data = objects.put(b"evil")
    oid = objects.put(json.dumps([{"md5": data, "relpath": path}]).encode(), ".dir")
    with pytest.raises(IntegrityError):
        materialise(Pointer(None, "data/x", oid, None, None), tmp_path / "t" / "u", [objects])
    assert not any(p.is_file() for p in tmp_path.rglob("*"))


def test_a_lock_list_that_a_full_disk_cut_off_is_no_end(tmp_path):
    for data, left in ((b"", False), (b'{"a', False), (b"{}", True)):
        place = tmp_path / ".dvc" / "tmp"
        place.mkdir(parents=True, exist_ok=True)
        (place / "rwlock").write_bytes(data)
        dvc._mend_lock(tmp_path)
        assert (place / "rwlock").exists() is left
