import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import IntegrityError
from registry.model.digest import canonical
from registry.model.files import BLOCK, FileEntry, FileList

hexes = st.integers(0, 2**256 - 1)
names = st.lists(
    st.from_regex(r"\A[a-z0-9가-힣]{1,8}(/[a-z0-9가-힣]{1,8})?\.csv\Z"), unique_by=str.casefold, max_size=6
)


@st.composite
def entries(draw):
    path = draw(st.from_regex(r"\A[a-z가-힣]{1,8}\.csv\Z"))
    size = draw(st.integers(0, 3 * BLOCK))
    blocks = -(-size // BLOCK) if size > BLOCK else 0
    digest = f"{draw(hexes):064x}"
    return FileEntry(path, size, digest[:32], digest, (digest,) * blocks)


@given(st.lists(entries(), unique_by=lambda e: e.path))
def test_a_list_reads_back_and_does_not_depend_on_order(found):
    listing = FileList.of(found)
    assert FileList.parse(listing.jsonl()) == listing
    assert FileList.of(reversed(found)).sha256 == listing.sha256
    assert listing.sha256 == hashlib.sha256(listing.jsonl()).hexdigest()


LINE = {"path": "a.csv", "size": 1, "md5": "0" * 32, "sha256": "0" * 64}
BROKEN = {
    "no json": b"{\n",
    "no object": b"[]\n",
    "missing field": canonical({"path": "a.csv"}),
    "negative size": canonical({**LINE, "size": -1}),
    "size is a truth": canonical({**LINE, "size": True}),
    "size is a text": canonical({**LINE, "size": "1"}),
    "short md5": canonical({**LINE, "md5": "0"}),
    "upper-case sha256": canonical({**LINE, "sha256": "A" * 64}),
    "path is a number": canonical({**LINE, "path": 1}),
    "blocks of a small file": canonical({**LINE, "blocks": ["0" * 64]}),
    "no blocks of a large file": canonical({**LINE, "size": BLOCK + 1}),
    "hostile path": canonical({**LINE, "path": "../../x"}),
    "two of one path": canonical(LINE) * 2,
    "spaces": json.dumps(LINE).encode() + b"\n",
    "no end of line": canonical(LINE).rstrip(b"\n"),
    "unsorted": canonical({**LINE, "path": "b"}) + canonical({**LINE, "path": "a"}),
    "unknown field": canonical({**LINE, "mode": 755}),
}


@pytest.mark.parametrize("data", BROKEN.values(), ids=BROKEN)
def test_irregular_lists_are_refused(data):
    with pytest.raises(IntegrityError):
        FileList.parse(data)


@given(st.binary(max_size=200))
def test_noise_is_refused_or_empty(data):
    try:
        assert FileList.parse(data).jsonl() == data
    except IntegrityError as error:
        assert error.exit == 3
