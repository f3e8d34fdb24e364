r"""Python's regular expressions → RE2's, with Python's meaning of letters, digits and spaces, or refused.

RE2's `\w`, `\d`, `\s` and `\b` know ASCII only, so that `^\w+$` would reject every Korean word.

>>> to_re2(r"^\w+\s[^\d]$")
'^[\\p{L}\\p{N}_]+[\\s\\p{Z}\\x0b\\x1c-\\x1f\\x{85}][^\\p{Nd}]$'
>>> to_re2(r"(?<!a)b")
Traceback (most recent call last):
ValueError: `(?<!` looks around, which RE2 cannot
"""

from __future__ import annotations

import re

_INSIDE = {"w": r"\p{L}\p{N}_", "d": r"\p{Nd}", "s": r"\s\p{Z}\x0b\x1c-\x1f\x{85}", "D": r"\P{Nd}"}
_OUTSIDE = {
    **{key: f"[{_INSIDE[key]}]" for key in "wds"},
    **{key.upper(): f"[^{_INSIDE[key]}]" for key in "wds"},
    "Z": r"\z",
    "A": r"\A",
}
_REFUSED = {"(?=": "looks ahead", "(?!": "looks ahead", "(?<=": "looks around", "(?<!": "looks around"}


def to_re2(pattern: str) -> str:
    """The RE2 pattern of the same meaning; one without raises `ValueError` saying which part."""
    try:
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"`{pattern}` is no regular expression: {error}") from error
    out: list[str] = []
    inside, index = False, 0
    while index < len(pattern):
        char = pattern[index]
        if char == "\\":
            piece, index = _escape(pattern, index, inside=inside)
            out.append(piece)
            continue
        if not inside:
            _refuse(pattern, index)
        if char == "[" and not inside:
            opened = re.compile(r"\[\^?\]?").match(pattern, index)
            assert opened is not None
            out.append(opened.group().replace("]", r"\]"))
            inside, index = True, opened.end()
            continue
        inside = inside and char != "]"
        out.append(r"\[" if inside and char == "[" else char)
        index += 1
    return "".join(out)


def _refuse(pattern: str, index: int) -> None:
    for start, what in _REFUSED.items():
        if pattern.startswith(start, index):
            raise ValueError(f"`{start}` {what}, which RE2 cannot")
    for start in ("(?P=", "(?(", "(?>", "(?#"):
        if pattern.startswith(start, index):
            raise ValueError(f"`{start}` is unknown to RE2")
    if pattern[index] in "*+?}" and pattern[index + 1 : index + 2] == "+":
        raise ValueError("possessive quantifiers are unknown to RE2")


def _escape(pattern: str, index: int, *, inside: bool) -> tuple[str, int]:
    char = pattern[index + 1]
    if char in "uU":
        size = 4 if char == "u" else 8
        return f"\\x{{{pattern[index + 2 : index + 2 + size]}}}", index + 2 + size
    if char in "bB" and not inside:
        raise ValueError(rf"`\{char}` knows ASCII words only in RE2; write (?:^|[^\w]) or (?:$|[^\w])")
    if char == "b":
        return r"\x08", index + 2
    if char.isdigit():
        raise ValueError(rf"`\{char}` refers back or is octal, which RE2 cannot; write \x00 to \xff for a character")
    if char == "N":
        raise ValueError(r"`\N{…}` is unknown to RE2; write the character itself")
    if inside and char in "WS":
        raise ValueError(rf"`\{char}` within brackets has no Unicode form in RE2; write it outside, or (?s:.) for any")
    table = _INSIDE if inside else _OUTSIDE
    return table.get(char, "\\" + char), index + 2
