"""The arrays say what the definition says."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from registry.tables.near.definition import HANGUL, is_near, mostly_hangul, shingle_size, shingles, similarity
from registry.tables.near.texts import Texts, bitmaps, hashes

ANY = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=80)
NARROW = st.text("ab가나 \0😀", min_size=1, max_size=80)


@given(st.lists(ANY | NARROW, min_size=1, max_size=6))
def test_mostly_hangul_equals_its_definition(texts: list[str]) -> None:
    assert Texts.of(texts).mostly_hangul().tolist() == [mostly_hangul(text) for text in texts]


@given(st.lists(ANY | NARROW, min_size=1, max_size=6), st.sampled_from([3, 5]))
def test_sets_of_tokens_have_the_sizes_of_sets_of_strings(texts: list[str], k: int) -> None:
    sets = Texts.of(texts).tokens(k)
    assert sets.sizes.tolist() == [len(shingles(text, k)) for text in texts]


@given(NARROW, NARROW, st.sampled_from([3, 5]))
def test_bitmaps_bound_the_symmetric_difference(one: str, other: str, k: int) -> None:
    texts = Texts.of([one, other])
    bits = bitmaps(hashes(texts.codes, k), texts, np.arange(2), k)
    assert np.bitwise_count(bits[0] ^ bits[1]).sum() <= len(shingles(one, k) ^ shingles(other, k))


@given(NARROW, NARROW)
def test_similarity_is_symmetric(one: str, other: str) -> None:
    assert similarity(one, other) == similarity(other, one)
    assert shingle_size(one, other) == shingle_size(other, one)


def test_nineteen_characters_are_not_assessed() -> None:
    assert similarity("a" * 19, "a" * 20) is None
    assert similarity("a" * 20, "a" * 20) == 1
    assert not is_near("a" * 19, "a" * 19, 0.1)


def test_hangul_ranges_hold_syllables_and_jamo() -> None:
    inside = [char for char in "가힣ᄀㅋㆎꥠퟰ" if any(low <= ord(char) <= high for low, high in HANGUL)]
    assert "".join(inside) == "가힣ᄀㅋㆎꥠퟰ"
    assert not mostly_hangul("漢字かな交じり文")
