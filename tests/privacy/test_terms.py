"""Terms of a list in texts that hide them, and texts in which they only seem to stand."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.privacy.terms import FINALS, INITIALS, VOWELS, Matcher, TermList

TERMS = TermList("욕설.txt", ("바보", "멍청이", "god", "ass", "말미잘 같은", "닭"), ("바보온달", "god of war"))
LETTERS = Matcher(TERMS).lines


def split(syllable: str) -> str:
    at = ord(syllable) - ord("가")
    return INITIALS[at // 588] + VOWELS[at % 588 // 28] + FINALS[at % 28]


@pytest.mark.parametrize(
    "text",
    ["바보", "이 바보야", "ㅂㅏㅂㅗ", "ㅂ ㅏ ㅂ ㅗ", "바 보", "바.보", "바-보!", "바\u200b보", "바\u3164보",
     "ﾊ바보",
     "바아보", "ㅂㅂㅏㅂㅗ", "바1보", "바보",
     unicodedata.normalize("NFD", "바보"), "진짜 바 보 네", "(바)(보)", "바\n보"],
)  # fmt: skip
def test_a_term_of_hangul_is_seen_through_disguise(text):
    assert LETTERS(text) == [1]


@pytest.mark.parametrize("text", ["GOD", "ｇｏｄ", "g.o.d", "g o d", "goood", "g-o-d", "god하네", "oh god!"])
def test_a_term_of_latin_letters_is_seen_through_disguise(text):
    assert LETTERS(text) == [3]


@pytest.mark.parametrize(
    "text",
    ["", "나 바 보았다", "바다보다", "바봉", "밥보", "good", "goddess", "class", "as soon", "a s s e t", "go dark",
     "바보온달", "God of War", "닥", "달걀", "g0d", "a55", "말미잘같이", "도바 보리"],
)  # fmt: skip
def test_what_only_seems_to_hold_a_term_does_not(text):
    assert LETTERS(text) == []


def test_lines_of_several_terms_the_longest_where_they_overlap():
    assert LETTERS("바보 멍청이, god") == [1, 2, 3]
    both = TermList("x", ("바보", "바보천치"))
    assert Matcher(both).lines("바보천치") == [2] and Matcher(both).lines("바보 천치") == [1]
    assert LETTERS("말미잘  같은 소리") == [5]


def test_signs_are_letters_only_where_that_is_declared():
    assert Matcher(TERMS, leet=True).lines("a55 g0d @$s") == [3, 4]
    assert Matcher(TERMS, leet=True).lines("12 goods") == []


def test_how_much_is_normalised_is_chosen():
    cases = {
        "바보": (1, 1, 1),
        "ＧＯＤ": (0, 3, 3),
        "ㅂㅏㅂㅗ": (0, 1, 1),
        "바.보": (0, 0, 1),
        "god": (3, 3, 3),
        "gods": (0, 0, 0),
    }
    for text, expected in cases.items():
        found = [Matcher(TERMS, way).lines(text) for way in ("none", "text", "letters")]
        assert found == [[line] if line else [] for line in expected], text


SYLLABLES = st.text(st.characters(min_codepoint=ord("가"), max_codepoint=ord("힣")), min_size=2, max_size=5)


@settings(max_examples=150, deadline=None)
@given(SYLLABLES, st.sampled_from(["", " ", ".", "\u200b", "~ "]), SYLLABLES)
def test_every_word_of_hangul_is_found_apart_and_split(term, between, other):
    found = Matcher(TermList("x", (term,))).lines
    assert found(between.join(term)) == [1]
    assert found(between.join("".join(map(split, term)))) == [1]
    assert found(f"{other}{term}") == [1]


@settings(max_examples=150, deadline=None)
@given(SYLLABLES, SYLLABLES)
def test_a_word_of_hangul_is_found_in_no_other_word(term, text):
    drawn_out = any(split(char).startswith("ㅇ") for char in text)
    if term not in text and not drawn_out:
        assert Matcher(TermList("x", (term,))).lines(text) == []


def test_a_list_is_read_by_line():
    text = "\ufeff# 욕설\n바보\n\n  멍청이  \n!바보온달\n바보\n"
    terms = TermList.read("욕설.txt", text)
    assert (terms.terms, terms.allowed, terms.lines) == (("바보", "멍청이"), ("바보온달",), (2, 4))
    same = TermList.read("다른.txt", "바보\n멍청이\n!바보온달")
    assert terms.sha256 == same.sha256 and str(terms) == "욕설.txt"
    assert terms.sha256 != TermList.read("욕설.txt", "바보\n멍청이").sha256


@pytest.mark.parametrize("text", ["바\u0301보", "b\u0336a\u0336d\u0336", "вре\u0301д", "b\u20dda\u20ddd\u20dd"])
def test_marks_on_letters_hide_no_term(text):
    assert Matcher(TermList("x", ("바보", "bad", "вред"))).lines(text)


def test_letters_that_an_alphabet_has_are_letters_of_their_own():
    assert not Matcher(TermList("x", ("resume", "ион"))).lines("résumé йон")
