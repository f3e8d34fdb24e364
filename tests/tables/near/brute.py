"""The oracle: every pair of strings compared by the definition; and corpora that are hard on purpose."""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import cache

import numpy as np

from registry.tables.keys import normalise_text
from registry.tables.near.corpus import KeyBatch, spooled
from registry.tables.near.definition import EPSILON, SHORTEST, mostly_hangul, shingles
from registry.tables.near.options import Meter, NearOptions
from registry.tables.near.search import between, rows_of, within

Found = dict[int, tuple[int, float]]  # row -> its earliest witness and their similarity

LATIN = [chr(code) for code in range(ord("a"), ord("z") + 1)]
HANGUL = [chr(code) for code in range(0xAC00, 0xAC00 + 60)]
ODD = ["\0", "\U0001f600", "e\u0301", "\u1112\u1161\u11ab", "\u3164", "\u200b", "ﬁ", "ㅋ", "İ", "ς", "\u3000", "，"]


@cache
def near(one: str, other: str) -> float | None:
    """The definition, with the parts of it that repeat remembered."""
    if min(len(one), len(other)) < SHORTEST:
        return None
    k = 3 if hangul(one) or hangul(other) else 5
    a, b = pieces(one, k), pieces(other, k)
    return len(a & b) / len(a | b)


hangul, pieces = cache(mostly_hangul), cache(shingles)


def earliest(texts: Sequence[str], ranks: Sequence[int], threshold: float, *, inside: bool) -> Found:
    """For each row the first near one: of an earlier split, or (`inside`) of the same split and before it."""
    found: Found = {}
    for row, text in enumerate(texts):
        for other, candidate in enumerate(texts):
            allowed = ranks[other] == ranks[row] and other < row if inside else ranks[other] < ranks[row]
            similar = near(text, candidate) if allowed else None
            if similar is not None and similar >= threshold - EPSILON:
                found[row] = (other, similar)
                break
    return found


def search(texts: Sequence[str], ranks: Sequence[int], options: NearOptions, *, inside: bool, parts: int = 1) -> Found:
    """What the engine finds, given the rows in `parts` batches, the last first."""
    cuts = np.array_split(np.arange(len(texts)), parts)[::-1]
    batches = [KeyBatch(cut, np.asarray(ranks, np.int64)[cut], [texts[at] for at in cut]) for cut in cuts]
    with spooled(batches, options, max(ranks, default=0) + 1) as corpus:
        entries = (within if inside else between)(corpus, options, Meter(options.work_limit))
        found = rows_of(corpus, entries, copies=inside)
    pairs = zip(found.witnesses.tolist(), found.similarities.tolist(), strict=True)
    return dict(zip(found.ids.tolist(), pairs, strict=True))


def corpus(seed: int, rows: int = 70) -> tuple[list[str], list[int]]:
    """Random normalised texts and their splits: edited copies in three scripts, boilerplate, short and odd ones."""
    rng = random.Random(seed)
    letters = [LATIN, HANGUL, LATIN + HANGUL, LATIN[:2], HANGUL[:3], LATIN + ODD][seed % 6]
    template = "".join(rng.choices(letters, k=60))
    texts: list[str] = []
    for _ in range(rows):
        kind = rng.random()
        if texts and kind < 0.55:
            text = edited(rng, rng.choice(texts), letters)
        elif texts and kind < 0.65:
            text = rng.choice(texts)
        elif kind < 0.75:
            text = template + "".join(rng.choices(letters, k=rng.randint(0, 25)))
        elif kind < 0.85:
            text = " ".join("".join(rng.choices(rng.choice([LATIN, HANGUL]), k=4)) for _ in range(8))
        else:
            text = "".join(rng.choices([*letters, " "], k=rng.randint(0, 60)))
        texts.append(normalise_text(text))
    return texts, [rng.choice([0, 0, 1, 2]) for _ in texts]


def edited(rng: random.Random, text: str, letters: Sequence[str]) -> str:
    """A copy with up to four edits of a character, or a piece moved."""
    out = list(text)
    for _ in range(rng.randint(0, 4)):
        at = rng.randint(0, len(out))
        out[at : at + rng.randint(0, 1)] = rng.choice([[], [rng.choice(letters)], [" "]])
    if rng.random() < 0.1:
        at = rng.randint(0, len(out))
        out = out[at:] + out[:at]
    return "".join(out)
