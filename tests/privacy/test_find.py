"""How much is found of what a labelled corpus holds, how much of what is found is so, and what is seen through."""

from __future__ import annotations

import random
import re
from collections import Counter

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.privacy.find import KINDS, USUAL, candidates, find
from registry.privacy.mask import cover, mask
from registry.privacy.seen import see
from tests.privacy.corpus import DISGUISES, NEGATIVES, POSITIVES, card, corpus, grouped, mobile, person

# Least precision and recall of each kind on the corpus; what is missed has no word that says what it is.
BARS = dict.fromkeys(KINDS, (0.995, 0.99)) | {
    "resident-number": (0.995, 0.975),  # thirteen digits in a row that begin like a moment or a bar code
    "driver-licence": (0.995, 0.80),  # beside a name alone
    "bank-account": (0.995, 0.88),  # twelve digits after the account, where the bank's short name follows
}
LINES = list(corpus())


def judged(line):
    """The kinds of one line that were found, missed, and found in error."""
    left = list(line.holds)
    hits, false = [], []
    for finding in find(line.text):
        text = line.text[finding.start : finding.end]
        right = next(
            (one for one in left if one[0] == finding.kind and text in (one[1], one[1].rstrip("\u200b"))), None
        )
        if right:
            left.remove(right)
        (hits if right else false).append(finding.kind)
    return hits, [kind for kind, _ in left], false


def test_the_corpus_is_large_and_half_of_its_kinds_of_lines_hold_nothing():
    assert len(LINES) >= 2000
    assert sum(not line.holds for line in LINES) >= 1000
    assert {kind for kind, _, _ in POSITIVES} == set(USUAL)
    assert sum(bool(re.search("[가-힣]", line.text)) for line in LINES) >= 800


def test_precision_and_recall_of_every_kind():
    hits, missed, false = Counter(), Counter(), Counter()
    for line in LINES:
        for counter, kinds in zip((hits, missed, false), judged(line), strict=True):
            counter.update(kinds)
    for kind in USUAL:
        precision, recall = BARS[kind]
        assert hits[kind] / (hits[kind] + false[kind]) >= precision, (kind, "precision", hits[kind], false[kind])
        assert hits[kind] / (hits[kind] + missed[kind]) >= recall, (kind, "recall", hits[kind], missed[kind])


@pytest.mark.parametrize("family", sorted({family for family, _ in NEGATIVES}))
def test_hard_negatives_of_another_draw_raise_no_alarm(family):
    lines = [line for line in corpus(11, 60) if line.family == f"-{family}"]
    found = [line.text for line in lines if find(line.text)]
    assert len(lines) >= 60 and len(found) <= len(lines) // 100, found


def test_every_line_with_a_finding_is_a_candidate_of_the_engine():
    """The pattern for RE2 must be found in every text in which something is found."""
    texts = [line.text for line in LINES]
    texts += [make(random.Random(5), line.text) for line in LINES[::7] for make in DISGUISES]
    for kinds in (USUAL, ("passport",), ("ip-address", "secret"), tuple(KINDS)):
        looked = pc.match_substring_regex(pa.array(texts), candidates(kinds)).to_pylist()
        assert not [text for text, seen in zip(texts, looked, strict=True) if find(text, kinds) and not seen]


INVISIBLE = "\u200b\u00ad\u3164\u2060\ufeff"
SOURCES = {
    "resident-number": lambda draw: grouped(person(draw), [6, 7], "-"),
    "phone": lambda draw: mobile(draw),
    "card": lambda draw: grouped(card(draw), [16], ""),
}


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), kind=st.sampled_from(sorted(SOURCES)), data=st.data())
def test_disguise_changes_nothing(seed, kind, data):
    """Full-width letters, other digits and dashes, and invisible characters anywhere: the same is found there."""
    plain = SOURCES[kind](random.Random(seed))
    chars = []
    for char in plain:
        chars.append(data.draw(st.sampled_from([char, chr(ord(char) + 0xFEE0) if char > " " else char])))
        chars.append(data.draw(st.sampled_from(["", "", *INVISIBLE])))
    text = f"글 {''.join(chars)} 끝"
    assert see(text).text == f"글 {plain} 끝"
    (found,) = find(text)
    assert found.kind == kind and see(text[found.start : found.end]).text.strip(INVISIBLE) == plain


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(LINES), min_size=1, max_size=4), st.sampled_from([" ", "\n", "", "/"]))
def test_what_is_covered_holds_nothing_any_more(lines, between):
    text = between.join(line.text for line in lines)
    covered = cover(text)
    assert find(covered) == [] and cover(covered) == covered
    outside = find(text)
    start = outside[0].start if outside else len(text)
    assert covered[:start] == text[:start]


def test_documents_hide_what_only_looks_like_it():
    for line in LINES:
        shown = mask(line.text)
        assert find(shown) == []
        for finding in find(line.text):
            assert line.text[finding.start : finding.end] not in shown
    assert mask("900101-1234567") == "90****-*******" and find("900101-1234567") == []


def test_new_numbers_without_a_check_digit():
    """Since October 2020: counted by form where the birth is later, beside a word where it is earlier."""
    assert [one.kind for one in find("아기 210305-3123456")] == ["resident-number"]
    assert find("930305-1123457") == []
    assert [one.kind for one in find("주민등록번호 930305-1123457")] == ["resident-number"]
    assert find("주문번호 210305-3123456") == []


def test_kinds_and_what_overlaps():
    text = "https://user:s3cretPass@host.example/?mail=a@b.example"
    assert [one.kind for one in find(text)] == ["secret", "email"]
    assert [one.kind for one in find("https://a.example/x", ("url",))] == ["url"]
    assert find("https://a.example/x") == []
    assert find("계좌 010-1234-5678", ("bank-account",)) == [], "a telephone number stays one"


@pytest.mark.parametrize(
    "text",
    [
        "010·1234·5678",
        "010/1234/5678",
        "010_1234_5678",
        "0\ufe0f\u20e31\ufe0f\u20e30\ufe0f\u20e3-1234-5678",
        "전화 02·123·4567",
    ],
)
def test_telephone_numbers_in_other_dress(text):
    assert [finding.kind for finding in find(text)] == ["phone"]
    assert pc.match_substring_regex(pa.array([text]), candidates(USUAL)).to_pylist() == [True]
    assert find(cover(text)) == []


def test_other_separators_alone_make_no_telephone_number():
    for text in ("02/123/4567", "02_123_4567", "2010/12/34 5678", "img_0101_2345_678", "3/4/2010/1234"):
        assert find(text) == []
