"""Text from data as a terminal may show it: on its line, in its direction, and as wide as it is.

>>> one_line("a\\nb\\x1b[31m\\u202e"), width("한글 ok")
('a␊b␛[31m�', 7)
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping

LONGEST = 1_000  # characters of what is said of one thing
BIDI = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_ENDS = ("Cc", "Cs", "Zl", "Zp")


def is_control(character: str) -> bool:
    """Whether a character is none to be seen: it ends a line, turns the direction of writing, or is half of one."""
    return unicodedata.category(character) in _ENDS or character in BIDI


def symbol(character: str) -> str:
    """What stands for a control character: the picture that Unicode has of it, or the replacement character."""
    return chr(0x2400 + ord(character)) if ord(character) < 32 else "\N{REPLACEMENT CHARACTER}"


def one_line(text: str) -> str:
    """`text` with its control characters shown as symbols: a name from data begins no line of its own."""
    return "".join(symbol(c) if is_control(c) else c for c in text)


def cut(text: str, most: int = LONGEST) -> str:
    """`text` of at most `most` characters: no name and no list of names pushes out what stands beside it.

    >>> cut("맛있다", 2), cut("맛있다", 3)
    ('맛…', '맛있다')
    """
    return text if len(text) <= most else f"{text[: most - 1]}…"


def spoken(value: object) -> str:
    """A value in running text: figures by four digits and in groups, what is missing as a dash.

    >>> spoken(0.0246692929), spoken(1234.5678), spoken(2054), spoken("2.0"), spoken(None), spoken({"a": [0.5, 1]})
    ('0.02467', '1,234.57', '2,054', '2.0', '–', 'a 0.5 – 1')
    """
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {spoken(item)}" for name, item in value.items())
    if isinstance(value, list | tuple):
        figures = len(value) == 2 and all(isinstance(item, int | float) for item in value)
        return (" – " if figures else ", ").join(map(spoken, value))
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "–" if value is None else str(value)
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.4g}" if abs(value) < 1 else f"{value:,.2f}".rstrip("0").rstrip(".")


def width(text: str) -> int:
    """The columns of a terminal that `text` takes: Korean letters take two."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
