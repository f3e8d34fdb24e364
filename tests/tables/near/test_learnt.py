"""What is remembered of an earlier version changes the cost of a search, never its answer."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.tables.keys import normalise_text
from registry.tables.near.corpus import Corpus, KeyBatch, spooled
from registry.tables.near.index import Matches
from registry.tables.near.learnt import Learnt, _ascending, recall
from registry.tables.near.options import Meter, NearOptions
from registry.tables.near.search import between, within
from tests.tables.near.brute import HANGUL, LATIN, corpus, edited

Rows = list[tuple[str, int]]
SMALL = NearOptions(block=9, chunk=7)


def batch(rows: Rows) -> KeyBatch:
    return KeyBatch(np.arange(len(rows)), np.array([rank for _, rank in rows]), [text for text, _ in rows])


def learn(some: Corpus, found: Matches) -> Learnt:
    witnesses, similarities = np.full(len(some.ranks), -1), np.zeros(len(some.ranks))
    witnesses[found.ids], similarities[found.ids] = found.witnesses, found.similarities
    return Learnt(some.digests, some.ranks, witnesses, similarities)


def same(one: Matches, other: Matches) -> bool:
    pairs = ((one.ids, other.ids), (one.witnesses, other.witnesses), (one.similarities, other.similarities))
    return all(np.array_equal(a, b) for a, b in pairs)


def removed(rng: random.Random, rows: Rows) -> None:
    del rows[rng.randrange(len(rows))]


def inserted(rng: random.Random, rows: Rows) -> None:
    text = normalise_text(edited(rng, rng.choice(rows)[0], LATIN + HANGUL))
    rows.insert(rng.randint(0, len(rows)), (text, rng.randint(0, 2)))


def relabelled(rng: random.Random, rows: Rows) -> None:
    at = rng.randrange(len(rows))
    rows[at] = (rows[at][0], rng.randint(0, 2))


def copied(rng: random.Random, rows: Rows) -> None:
    rows.insert(rng.randint(0, len(rows)), (rng.choice(rows)[0], rng.randint(0, 2)))


def moved(rng: random.Random, rows: Rows) -> None:
    rows.insert(rng.randint(0, len(rows) - 1), rows.pop(rng.randrange(len(rows))))


EDITS: tuple[Callable[[random.Random, Rows], None], ...] = (removed, inserted, relabelled, copied, moved)


@pytest.mark.parametrize("find", [between, within])
@pytest.mark.parametrize("seed", range(40))
def test_versions_after_random_edits_equal_a_search_that_knows_nothing(find, seed: int) -> None:
    rng = random.Random(seed)
    texts, ranks = corpus(seed, rows=60)
    rows: Rows = list(zip(texts, ranks, strict=True))
    learnt, used = None, 0
    for _ in range(6):
        with spooled([batch(rows)], SMALL, 3) as some:
            known = recall(learnt, some.digests, some.ranks)
            used += int((~known.anew).sum())
            found = find(some, SMALL, Meter(10**9), known)
            assert same(found, find(some, NearOptions(), Meter(10**9)))
            learnt = learn(some, found)
        for _ in range(rng.randint(0, 5)):
            rng.choice(EDITS)(rng, rows)
    assert used > 100, "nothing of the earlier versions was used"


def test_a_version_that_changed_little_costs_little() -> None:
    rng = random.Random(1)
    texts = ["".join(rng.choices(LATIN + HANGUL, k=100)) for _ in range(2000)]
    rows: Rows = [(normalise_text(text), at % 2) for at, text in enumerate(texts)]
    costs = []
    learnt = None
    for _ in range(2):
        with spooled([batch(rows)], NearOptions(), 2) as some:
            meter = Meter(10**9)
            learnt = learn(some, within(some, NearOptions(), meter, recall(learnt, some.digests, some.ranks)))
            costs.append(meter.spent)
        rows[7:9] = [(text + "!", rank) for text, rank in rows[7:9]]
    assert costs[1] * 20 < costs[0]


def test_what_is_kept_comes_back_and_what_is_broken_does_not(tmp_path: Path) -> None:
    texts, ranks = corpus(3)
    file = tmp_path / "some" / "kept"
    with spooled([batch(list(zip(texts, ranks, strict=True)))], NearOptions(), 3) as some:
        learnt = learn(some, within(some, NearOptions(), Meter(10**9)))
    assert Learnt.load(file) is None
    learnt.save(file)
    back = Learnt.load(file)
    assert back is not None
    for name in ("digests", "ranks", "witnesses", "similarities"):
        assert np.array_equal(getattr(back, name), getattr(learnt, name)), name
    data = file.read_bytes()
    for at in (0, 40, len(data) // 2, len(data) - 1):
        file.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        assert Learnt.load(file) is None
    for size in (0, 31, 32, 100):
        file.write_bytes(data[:size])
        assert Learnt.load(file) is None


@given(st.permutations(range(9)).map(np.array))
def test_the_longest_ascending_run(values: np.ndarray) -> None:
    places = _ascending(values)
    assert (np.diff(places) > 0).all() and (np.diff(values[places]) > 0).all()
    best = [1] * len(values)
    for at in range(len(values)):
        best[at] = 1 + max((best[k] for k in range(at) if values[k] < values[at]), default=0)
    assert len(places) == max(best)
