"""What a reader sees in a text, whatever characters it is written in; each character knows where it stood.

Full-width letters, digits of any script (Unicode category Nd), dashes and spaces of any width are
seen as their ASCII counterparts, invisible characters not at all. Everything else stays, so that
places in what is seen are places in the text, but for the invisible.

>>> text = see("０１０\\u2013１２\\u200b３４\\u3000끝")
>>> text.text, text.span(0, 8), see("plain 글").places
('010-1234 끝', (0, 9), None)
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from itertools import chain

# Hangul fillers, grapheme joiner, empty braille, inherent vowels of Khmer, the marks that select a variant of the
# character before, and the code points that Unicode keeps for what is not shown (Default_Ignorable_Code_Point).
FILLERS = frozenset("\u3164\u115f\u1160\uffa0\u034f\u2800\u180b\u180c\u180d\u180f\u17b4\u17b5\u2065")
FILLERS |= frozenset(map(chr, chain(range(0xFE00, 0xFE10), range(0xFFF0, 0xFFF9), range(0xE0000, 0xE1000))))
DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u2043\ufe58\ufe63\u30fc\u3161"
SPACES = "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
LIKE = {"\u2024": ".", "\u3002": ".", "\ufe52": ".", "\ufe55": ":", "\ufe6b": "@", "\u2215": "/", "\u223c": "~"}
KEYCAP = "\u20e3"  # around the digit before
LAST_DIGITS = 0x1FC00  # no decimal digit beyond


def is_invisible(char: str) -> bool:
    """Whether a character is not seen: a control that is no white space, category Cf, or a filler."""
    return char in FILLERS or (unicodedata.category(char) in ("Cc", "Cf") and not char.isspace())


def without_invisible(text: str) -> str:
    """The text without characters that are not seen.

    >>> without_invisible("바\\u200b보")
    '바보'
    """
    return text if text.isascii() and text.isprintable() else _invisible().sub("", text)


@cache
def _invisible() -> re.Pattern[str]:
    codes = (code for code, seen in _plain().items() if seen is None)
    return re.compile(f"[{ranges(codes, lambda code: re.escape(chr(code)))}]")


@dataclass(frozen=True, slots=True)
class Seen:
    """What is seen of a text; `places` are those of its characters, None where no character is left out."""

    text: str
    places: tuple[int, ...] | None = None

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where the characters from `start` to `end` (which are not none) stand in the text itself."""
        return (start, end) if self.places is None else (self.places[start], self.places[end - 1] + 1)


def see(text: str) -> Seen:
    """What is seen of `text`."""
    if (text.isascii() and text.isprintable()) or not _disguised().search(text):
        return Seen(text)
    plain = text.translate(_plain())
    if len(plain) == len(text):
        return Seen(plain)
    return Seen(plain, tuple(at for at, char in enumerate(text) if _plain().get(ord(char), 0) is not None))


@cache
def _plain() -> dict[int, str | None]:
    """What each disguised character is seen as; None for not at all."""
    found: dict[int, str | None] = {ord(char): "-" for char in DASHES}
    found |= {ord(char): " " for char in SPACES}
    found |= {ord(char): seen for char, seen in LIKE.items()}
    found |= {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}
    for code in range(0x80, LAST_DIGITS):
        digit = unicodedata.decimal(chr(code), None)
        if digit is not None:
            found[code] = str(int(digit))
    every = chain(range(LAST_DIGITS), range(0xE0000, 0xE1000))
    found[ord(KEYCAP)] = None
    return found | dict.fromkeys((code for code in every if is_invisible(chr(code))), None)


@cache
def _disguised() -> re.Pattern[str]:
    return re.compile(f"[{ranges(_plain(), lambda code: re.escape(chr(code)))}]")


def disguises() -> str:
    """The disguised characters as a class of RE2's, for a search that says which texts are worth a look.

    >>> disguises().startswith("\\\\x{0}-\\\\x{8}")
    True
    """
    return ranges(_plain(), lambda code: f"\\x{{{code:x}}}") + "\\x{1100}-\\x{11ff}"


def ranges(codes: Iterable[int], written: Callable[[int], str]) -> str:
    """Code points as the inside of a character class."""
    runs: list[list[int]] = []
    for code in sorted(codes):
        if runs and code == runs[-1][1] + 1:
            runs[-1][1] = code
        else:
            runs.append([code, code])
    return "".join(written(low) if low == high else f"{written(low)}-{written(high)}" for low, high in runs)
