"""The engine against every pair of strings: nothing missed, nothing invented, the earliest witness."""

from __future__ import annotations

import random
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.tables.keys import normalise_text
from registry.tables.near.corpus import KeyBatch, spooled
from registry.tables.near.definition import similarity
from registry.tables.near.options import LimitReachedError, Meter, NearOptions
from registry.tables.near.search import between, rows_of, within
from tests.tables.near.brute import HANGUL, LATIN, ODD, corpus, earliest, edited, search

THRESHOLDS = (0.5, 0.7, 0.8, 0.9)


@pytest.mark.parametrize("seed", range(66))
def test_random_corpora_equal_brute_force(seed: int) -> None:
    texts, ranks = corpus(seed, rows=45)
    for threshold in THRESHOLDS:
        for inside in (False, True):
            found = search(texts, ranks, NearOptions(threshold), inside=inside)
            assert found == earliest(texts, ranks, threshold, inside=inside), (threshold, inside)


@pytest.mark.parametrize("seed", range(12))
def test_sizes_of_blocks_and_the_order_of_batches_change_nothing(seed: int) -> None:
    texts, ranks = corpus(seed)
    for inside in (False, True):
        wanted = search(texts, ranks, NearOptions(), inside=inside)
        for small in (
            NearOptions(block=7, chunk=5, events=3, extra=0),
            NearOptions(block_codes=90, chunk_codes=60, events=1, extra=12),
            NearOptions(block=1, chunk=1),
        ):
            assert search(texts, ranks, small, inside=inside, parts=4) == wanted


def test_every_band_of_similarity_is_complete() -> None:
    rng = random.Random(3)
    found, wanted = Counter[int](), Counter[int]()
    for letters in (LATIN, HANGUL):
        for _ in range(30):
            text = "".join(rng.choices(letters, k=rng.randint(40, 160)))
            copies = [edited(rng, text, letters) for _ in range(12)]
            texts, ranks = [normalise_text(some) for some in (text, *copies)], [0] + [1] * len(copies)
            wanted.update(int(near * 20) for _, near in earliest(texts, ranks, 0.8, inside=False).values())
            found.update(int(near * 20) for _, near in search(texts, ranks, NearOptions(), inside=False).values())
    assert all(wanted[band] >= 20 for band in (16, 17, 18, 19, 20)), wanted  # .80, .85, .90, .95, 1
    assert found == wanted


LETTERS = st.sampled_from([*LATIN[:4], *HANGUL[:4], " ", *filter(lambda odd: len(odd) == 1, ODD)])
TEXTS = st.lists(st.text(LETTERS, min_size=10, max_size=40).map(normalise_text), min_size=2, max_size=12)


@given(TEXTS, st.sampled_from(THRESHOLDS), st.booleans(), st.randoms(use_true_random=False))
def test_any_texts_equal_brute_force(texts: list[str], threshold: float, inside: bool, rng: random.Random) -> None:
    texts = [*texts, *(normalise_text(edited(rng, text, LATIN + HANGUL)) for text in texts)]
    ranks = [rng.randint(0, 2) for _ in texts]
    found = search(texts, ranks, NearOptions(threshold), inside=inside, parts=rng.randint(1, 3))
    assert found == earliest(texts, ranks, threshold, inside=inside)


def test_the_boundary_itself_is_near() -> None:
    one, other = "abcdefghijklmnopqrstuvwx", "abcdefghijklmnopqrstuvwxyzABC"  # 20 shingles of 25
    assert similarity(one, other) == 0.8
    assert search([one, other], [0, 1], NearOptions(0.8), inside=False) == {1: (0, 0.8)}
    assert search([one, other], [0, 1], NearOptions(0.8000001), inside=False) == {}


def test_a_text_that_turns_hangul_by_one_letter_is_compared_by_three() -> None:
    one, other = "가나다라마바사아자차 abcdefghij", "가나다라마바사아자차카 abcdefghij"
    assert search([one, other], [0, 1], NearOptions(0.7), inside=False) == {1: (0, similarity(one, other))}
    assert search([other, one], [0, 1], NearOptions(0.7), inside=False) == {1: (0, similarity(one, other))}


def test_a_million_copies_cost_no_more_than_one() -> None:
    count = 1_000_000
    batches = (
        KeyBatch(
            np.arange(at, at + 10_000),
            np.arange(at, at + 10_000) % 2,
            ["같은 문장이 백만 번이나 그대로 되풀이됩니다."] * 10_000,
        )
        for at in range(0, count, 10_000)
    )
    meter = Meter(10_000)
    with spooled(batches, NearOptions(), 2) as some:
        apart = rows_of(some, between(some, NearOptions(), meter), copies=False)
        inside = rows_of(some, within(some, NearOptions(), meter), copies=True)
    assert len(apart) == count // 2
    assert set(apart.witnesses.tolist()) == {0}
    assert len(inside) == count - 2
    assert np.array_equal(inside.witnesses, inside.ids % 2)


def test_a_later_copy_has_the_first_near_row_as_witness_not_the_first_copy() -> None:
    kept, copied = "배송이 빠르고 포장도 꼼꼼해서 좋았어요", "배송이 빠르고 포장도 꼼꼼해서 좋았어요!"
    found = search([copied, kept, copied, kept], [0, 0, 0, 0], NearOptions(), inside=True)
    assert {row: witness for row, (witness, _) in found.items()} == {1: 0, 2: 0, 3: 0}


def test_the_limit_stops_the_search_and_the_same_work_is_counted_every_time() -> None:
    texts, ranks = corpus(1)
    spent = set()
    for _ in range(3):
        meter = Meter(10**9)
        with spooled([KeyBatch(np.arange(len(texts)), np.array(ranks), texts)], NearOptions(), 3) as some:
            within(some, NearOptions(), meter)
            with pytest.raises(LimitReachedError):
                within(some, NearOptions(), Meter(meter.spent - 1))
            assert len(within(some, NearOptions(), Meter(meter.spent))) > 0
        spent.add(meter.spent)
    assert len(spent) == 1


def test_a_repetitive_text_meets_each_posting_once() -> None:
    texts = ["a" * 200_000, "a" * 30, "ab" * 50_000]
    meter = Meter(5_000_000)
    with spooled([KeyBatch(np.arange(3), np.array([0, 1, 1]), texts)], NearOptions(), 2) as some:
        found = between(some, NearOptions(), meter)
    assert (found.ids.tolist(), found.witnesses.tolist(), found.similarities.tolist()) == ([1], [0], [1.0])


def test_boilerplate_costs_in_proportion_to_rows() -> None:
    rng = random.Random(5)
    template = "".join(rng.choices(HANGUL, k=120))

    def work(count: int) -> int:
        texts = [template + "".join(rng.choices(LATIN, k=6)) for _ in range(count)]
        meter = Meter(10**9)
        with spooled([KeyBatch(np.arange(count), np.zeros(count, np.int64), texts)], NearOptions()) as some:
            assert len(within(some, NearOptions(), meter)) == count - 1
        return meter.spent

    assert work(8_000) < 10 * work(2_000)  # all pairs would be 16 times as many


def test_nothing_to_compare_is_no_error() -> None:
    for texts, ranks in (([], []), (["짧음"], [0]), (["충분히 길지만 앞선 분할이 없는 문장입니다."], [1])):
        assert search(texts, ranks, NearOptions(), inside=False) == {}
        assert search(texts, ranks, NearOptions(), inside=True) == {}
