"""What a recogniser of one kind of personal data is: where its form stands in a text, and how sure that is it.

A form that proves itself (a check digit, a prefix that nothing else has) counts by itself; one that
other numbers share counts only beside a word that says what it is, such as `계좌` or `account`; where
the word before says that it is something else, such as an order number, it needs such a word too.

>>> hit = Hit(0, 3, Strength.DOUBTFUL)
>>> words = named("면허", "licen[cs]e")
>>> bool(words.search("운전면허 번호")), bool(words.search("License:")), hit.strength >= Strength.SURE
(True, True, False)
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import IntEnum


class Strength(IntEnum):
    """How far a form alone goes: hidden where documents show values, counted beside a word, counted."""

    FORM = 1
    DOUBTFUL = 2
    SURE = 3


@dataclass(frozen=True, slots=True)
class Hit:
    """A place in a seen text whose form is that of a kind. `close` wants the word right before it."""

    start: int
    end: int
    strength: Strength
    close: bool = False


Look = Callable[[str], Iterator[Hit]]
NEVER = re.compile(r"(?!)")


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of personal data: where its forms stand, the `words` that say so, how one is masked.

    `gates` are patterns in the syntax that Python and RE2 share: a text in which none of them is found,
    and that is what it looks like, has none of this kind. A search for a pattern skips quickly what it
    cannot begin with where it begins with one class, or each of its branches with a letter.
    `stated` kinds are looked for only where they are asked for. `what` describes the kind in English and Korean.
    """

    name: str
    what: tuple[str, str]
    look: Look
    mask: Callable[[str], str]
    gates: tuple[str, ...]
    words: re.Pattern[str] = NEVER
    stated: bool = False
    contested: bool = False


Judge = Callable[[re.Match[str]], Strength | None]
BEFORE = r"(?<![0-9A-Za-z_])(?<![0-9][-.])"  # a number does not begin within a word, nor within another number
AFTER = r"(?![0-9A-Za-z_]|[-.][0-9])"
DIGITS = r"[0-9](?:[ ().+/~·_-]{0,3}[0-9]){6}"  # seven digits near one another


def named(*words: str) -> re.Pattern[str]:
    """A pattern of words that name a kind."""
    return re.compile("|".join(words), re.IGNORECASE)


def spelt(*words: str) -> str:
    """A gate of words in any case, each of whose branches begins with a letter: ten times faster than `(?i:…)`.

    >>> spelt("ip", "계좌")
    'i[Pp]|I[Pp]|계좌'
    """
    branches = []
    for word in words:
        rest = "".join(f"[{char.upper()}{char.lower()}]" if char.isascii() else char for char in word[1:])
        branches += [first + rest for first in dict.fromkeys((word[0], word[0].upper()))]
    return "|".join(branches)


def numbers(pattern: str, judge: Judge, rough: str = "") -> Look:
    """Looks for a pattern that stands by itself, and asks `judge` how far each match goes; None for not at all.

    A text in which a `rough` pattern is not found has none: it looks at nothing around, and so is faster.
    """
    compiled, roughly = re.compile(BEFORE + pattern + AFTER), re.compile(rough)

    def look(text: str) -> Iterator[Hit]:
        if not roughly.search(text):
            return
        for match in compiled.finditer(text):
            strength = judge(match)
            if strength is not None:
                yield Hit(match.start(), match.end(), strength)

    return look


def always(strength: Strength) -> Judge:
    """A judge who says the same of every match."""
    return lambda _: strength


def either(*looks: Look) -> Look:
    """All that several recognisers find."""

    def look(text: str) -> Iterator[Hit]:
        for one in looks:
            yield from one(text)

    return look


def digits_of(text: str) -> str:
    """The digits of a text.

    >>> digits_of("010-1234")
    '0101234'
    """
    return "".join(char for char in text if char in "0123456789")


def shape(keep: int) -> Callable[[str], str]:
    """Masks letters and digits but for the first `keep`; what stands between stays.

    >>> shape(3)("010-1234-5678"), shape(2)("900101-1234567")
    ('010-****-****', '90****-*******')
    """

    def masked(text: str) -> str:
        left = keep
        out = []
        for char in text:
            open_char = left > 0 or not char.isalnum()
            left -= char.isalnum()
            out.append(char if open_char else "*")
        return "".join(out)

    return masked
