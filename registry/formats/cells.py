"""Cells of tables that people open in spreadsheets: none is computed by one.

>>> guarded("=1+1"), unguarded(guarded("=1+1")), unguarded(guarded("'=1")), guarded("r7")
("'=1+1", '=1+1', "'=1", 'r7')
"""

from __future__ import annotations

FORMULA = ("=", "+", "-", "@", "\t", "\r", "'")  # how what a spreadsheet would compute, or unquote, begins


def guarded(text: str) -> str:
    """The text with a quote before what would be computed."""
    return f"'{text}" if text.startswith(FORMULA) else text


def unguarded(text: str) -> str:
    """What `guarded` made, as it was; also as a spreadsheet saves it, which keeps the quote to itself."""
    return text[1:] if text.startswith("'") and text[1:].startswith(FORMULA) else text
