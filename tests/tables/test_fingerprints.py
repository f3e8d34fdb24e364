"""Fingerprints: every row that is in is found, few others are, and nothing else than a fingerprint is read."""

from __future__ import annotations

import hashlib
import json
import random
import zlib

import numpy as np
import pytest

from registry.errors import DataError, IntegrityError
from registry.tables.fingerprints import BINS, Fingerprint, Shingled, halves_of, pack, salted, unpack
from registry.tables.keys import normalised
from registry.tables.near.definition import similarity


def among(columns, found: Fingerprint, threshold: float = 0.72):
    """Which rows, given column by column, stand in a fingerprint, and which are near one of it."""
    texts = [normalised(column) for column in columns]
    near = np.zeros(len(texts[0]), bool)
    if len(texts) == 1:
        long = Shingled.of(texts[0])
        near[long.places] = found.alike(long, threshold)
    return found.holds(salted(halves_of(texts), found.salt)), near


SALT = b"salt of a release"
LETTERS = {"en": "etaoinshrdlucmf", "ko": [chr(0xAC00 + 29 * n) for n in range(380)]}


def texts(language: str, count: int, seed: int, words: int = 14) -> list[str]:
    draw = random.Random(f"{language}{seed}")
    stock = ["".join(draw.choices(LETTERS[language], k=draw.randint(2, 7))) for _ in range(2000)]
    return [" ".join(draw.choices(stock, k=words)) for _ in range(count)]


def edited(text: str, draw: random.Random, share: float) -> str:
    return " ".join("바뀜" + str(draw.random())[2:6] if draw.random() < share else word for word in text.split())


def of(rows: list[str], salt: bytes = SALT) -> Fingerprint:
    return Fingerprint.of([[row] for row in rows], salt)


@pytest.mark.parametrize("language", LETTERS)
def test_planted_overlap_is_found_and_other_rows_are_not(language):
    benchmark = texts(language, 2_000, 1)
    found = Fingerprint.parse(of(benchmark).to_bytes())
    exact, near = among([[text.upper().replace(" ", "\u3000") for text in benchmark]], found)
    assert exact.all() and near.all()
    draw = random.Random(2)
    changed = [(text, edited(text, draw, 0.08)) for text in benchmark]
    close = [two for one, two in changed if 0.8 <= (similarity(one, two) or 0) < 0.95]
    exact, near = among([close], found)
    assert len(close) > 200 and not exact.any() and near.mean() >= 0.95
    others = texts(language, 10_000, 3)
    exact, near = among([others], found)
    assert not exact.any() and near.mean() <= 1e-3


def test_a_row_costs_less_than_five_bytes_exactly():
    rows = [f"{n}번째 질문" for n in range(10_000)]  # too short for a sketch
    data = of(rows).to_bytes()
    assert len(data) < 4 * len(rows)
    assert among([rows], Fingerprint.parse(data))[0].all()


def test_nothing_is_read_out_of_another_salt():
    rows = texts("ko", 50, 4)
    one, other = of(rows), of(rows, b"another")
    assert not np.isin(one.keys, other.keys).any()
    assert (one.bins != other.bins)[one.bins != 0].mean() > 0.9
    assert (of(rows).to_bytes(), of(rows[::-1]).to_bytes()) == (one.to_bytes(), one.to_bytes())


def test_rows_of_several_columns_and_of_none():
    made = Fingerprint.of([["질문", "답"], [None, "답"], [None, None], ["", ""]], SALT, columns=2)
    assert (made.rows, len(made.bins)) == (2, 0)
    exact, near = among([["질문", None, None, "답"], ["답", "답", None, "질문"]], made)
    assert exact.tolist() == [True, True, False, False] and not near.any()
    empty = Fingerprint.parse(of([]).to_bytes())
    assert not among([["무엇이든", None]], empty)[0].any()


def test_only_fingerprints_are_read():
    data = pack({"test": of(texts("en", 20, 5)), "dev": of([])})
    assert list(unpack(data)) == ["dev", "test"]
    for at in range(0, len(data), 7):
        wrong = bytearray(data)
        wrong[at] ^= 0x11
        try:
            unpack(bytes(wrong))
        except IntegrityError:
            continue
    for bad in (
        b"",
        b"{}\n",
        b"[]\n",
        data[:-1],
        b"\xff" + data,
        b'{"format": "registry.fingerprints/1", "splits": 3}\n',
    ):
        with pytest.raises(IntegrityError):
            unpack(bad)


def _with(data: bytes, **changed: object) -> bytes:
    head, _, body = data.partition(b"\n")
    return json.dumps({**json.loads(head), **changed}).encode() + b"\n" + body


def test_forged_fingerprints_are_broken_never_empty_ones():
    """One that holds no key finds nothing, and would be a pass."""
    made = of(texts("en", 20, 5))
    data = made.to_bytes()
    nothing = zlib.compress(b"", 9)
    none = {"count": 0, "bytes": len(nothing)}
    head = json.dumps({**json.loads(data.partition(b"\n")[0]), "keys": none, "sketches": none}).encode()
    with pytest.raises(IntegrityError, match="broken"):
        Fingerprint.parse(head + b"\n" + nothing + nothing)
    for keys in (
        made.keys[::-1],
        np.append(made.keys[1:], made.keys[-1]),
        np.append(made.keys[1:], np.uint64(1 << 40)),
    ):
        with pytest.raises(IntegrityError, match="broken"):
            Fingerprint.parse(Fingerprint(1, len(keys), SALT, keys.astype(np.uint64), made.bins).to_bytes())
    with pytest.raises(IntegrityError, match="broken"):
        Fingerprint.parse(_with(data, columns=0))
    packed, size = pack({"test": made}), len(data)
    assert list(unpack(packed)) == ["test"]
    for wrong in (packed + b" ", _with(packed + data, splits=[["test", size]] * 2), _with(packed, splits=[])):
        with pytest.raises(IntegrityError, match="broken"):
            unpack(wrong)


def test_other_rules_and_bombs_are_refused():
    head, _, body = of(texts("en", 5, 6)).to_bytes().partition(b"\n")
    told = json.loads(head)
    with pytest.raises(IntegrityError, match="other rules"):
        Fingerprint.parse(json.dumps({**told, "rules": 2}).encode() + b"\n" + body)
    bomb = zlib.compress(bytes(BINS * 50_000_000 // 100), 9)
    count = {"count": 1, "bytes": len(bomb)}
    with pytest.raises(IntegrityError, match="broken"):
        Fingerprint.parse(json.dumps({**told, "keys": count, "sketches": count}).encode() + b"\n" + bomb + bomb)
    with pytest.raises(IntegrityError, match="broken"):
        huge = {"count": 10**12, "bytes": len(bomb)}
        Fingerprint.parse(json.dumps({**told, "rows": 10**12, "keys": huge}).encode() + b"\n" + bomb)
    with pytest.raises(IntegrityError, match="broken"):
        many = {"count": 5_000_000, "bytes": len(bomb)}
        Fingerprint.parse(json.dumps({**told, "rows": 6_000_000, "sketches": many}).encode() + b"\n" + body + bomb)


def test_what_could_not_be_read_back_is_not_made(monkeypatch):
    monkeypatch.setattr("registry.tables.fingerprints.SKETCHED", 3)
    with pytest.raises(DataError, match="too large for a fingerprint"):
        of(texts("ko", 5, 7))


SHIPPED = {"en": "3850385ae8eb1612", "ko": "bc6a0c433e546418"}


@pytest.mark.parametrize("language", SHIPPED)
def test_fingerprints_that_were_shipped_are_still_those_of_their_rows(language):
    """Another digest is another rule: `RULES` is raised with it, and what was shipped is refused."""
    made = of(texts(language, 40, 8) + texts(language, 40, 9, 4))
    assert hashlib.sha256(made.keys.tobytes() + made.bins.tobytes()).hexdigest()[:16] == SHIPPED[language]


@pytest.mark.parametrize("words", [4, 7, 40])
@pytest.mark.parametrize("language", LETTERS)
def test_likeness_is_found_at_every_length(language, words):
    """Of few filled bins pairs are looked up, of many triples."""
    benchmark = texts(language, 1_500, 12, words)
    draw = random.Random(words)
    letters = [(text, text[:at] + "x" + text[at + 1 :]) for text in benchmark for at in [draw.randrange(len(text))]]
    changed = letters + [(text, edited(text, draw, 0.06)) for text in benchmark]
    close = [two for one, two in changed if 0.8 <= (similarity(one, two) or 0) < 1]
    found = of(benchmark)
    assert len(close) > 100 and among([close], found)[1].mean() >= 0.95
    assert among([texts(language, 3_000, 13, words)], found)[1].mean() <= 1e-3
