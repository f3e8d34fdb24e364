"""Names and values from data, made safe to look at.

Control and bidirectional characters become visible symbols, long names are cut, so
that a name can neither hide nor reorder the text around it.

>>> visible("a\\tb\\u202ec")
'a␉b⟨202E⟩c'
>>> cut("가" * 70)[-3:], len(cut("가" * 70))
('가가…', 60)
"""

from __future__ import annotations

import unicodedata

NAME = 60  # characters of a name that are shown


def visible(text: str) -> str:
    """`text` with control characters as ␀-style pictures and invisible ones as ⟨code⟩."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_visible(character) for character in text)


def _visible(character: str) -> str:
    code = ord(character)
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "␡"
    if character in "\u200c\u200d":  # joiners that scripts and emoji need
        return character
    if unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"):
        return f"⟨{code:04X}⟩"
    return character


def cut(text: str, limit: int = NAME) -> str:
    """`text` made visible and cut to `limit` characters, the last being `…`."""
    shown = visible(text)
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"
