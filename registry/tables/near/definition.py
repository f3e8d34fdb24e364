"""What a near-duplicate is, said plainly: the yardstick that the engine is held to.

Two texts are near-duplicates when the Jaccard similarity of their sets of k-character
substrings ("shingles"; Broder 1997, *On the resemblance and containment of documents*)
reaches a threshold. Texts are compared in normalised form (`registry.tables.keys`).

>>> similarity("the quick brown fox jumps", "the quick brown fox jumped")
0.8695652173913043
>>> similarity("too short", "too short") is None
True
>>> shingle_size("배송이 빠르고 포장도 꼼꼼해서 좋았어요", "the parcel came quickly and well packed")
3
"""

from __future__ import annotations

SHORTEST = 20  # code points; shorter texts are not assessed: one edit moves their similarity too far
K_TEXT, K_HANGUL = 5, 3  # characters of a shingle
EPSILON = 1e-12  # what a similarity may fall below the threshold by rounding alone

# Jamo, compatibility jamo, extended jamo A, syllables, extended jamo B (Unicode 16.0, Blocks.txt).
HANGUL = ((0x1100, 0x11FF), (0x3130, 0x318F), (0xA960, 0xA97F), (0xAC00, 0xD7A3), (0xD7B0, 0xD7FF))


def mostly_hangul(text: str) -> bool:
    """Whether more than half of the characters other than spaces are Hangul.

    >>> mostly_hangul("환불 ok"), mostly_hangul("환불 okay")
    (False, False)
    >>> mostly_hangul("환불요 ok")
    True
    """
    hangul = sum(any(low <= ord(char) <= high for low, high in HANGUL) for char in text)
    return 2 * hangul > len(text) - text.count(" ")


def shingle_size(one: str, other: str) -> int:
    """Characters of a shingle for this pair: 3 where either text is mostly Hangul, else 5."""
    return K_HANGUL if mostly_hangul(one) or mostly_hangul(other) else K_TEXT


def shingles(text: str, k: int) -> frozenset[str]:
    """The set of substrings of `k` characters."""
    return frozenset(text[at : at + k] for at in range(len(text) - k + 1))


def similarity(one: str, other: str) -> float | None:
    """Jaccard similarity of two normalised texts, from 0 to 1; None where either is too short to assess."""
    if min(len(one), len(other)) < SHORTEST:
        return None
    k = shingle_size(one, other)
    a, b = shingles(one, k), shingles(other, k)
    return len(a & b) / len(a | b)


def is_near(one: str, other: str, threshold: float) -> bool:
    """Whether two normalised texts are near-duplicates."""
    found = similarity(one, other)
    return found is not None and found >= threshold - EPSILON
