r"""RE2's regular expressions → Java's, with RE2's meaning, for a search that says yes or no.

Taken are patterns as `registry.checks.regex.to_re2` writes them: valid in Python too, without
look-around and back-references. In Java `$` would match before a last line end and `.` not
before other line ends than `\n`; both are made as in RE2.

>>> to_java(r"^[\p{L}_&&]+\v.$"), to_java("(?P<year>a{,3})")
('(?du)^[\\p{L}_\\&\\&]+\\x0B.\\z', '(?du)(a\\{,3})')
"""

from __future__ import annotations

import re

_TIMES = re.compile(r"\{[0-9]+(,[0-9]*)?\}")
_NAME = re.compile(r"\(\?P<[^>]*>")
_FLAGS = re.compile(r"\(\?([a-zA-Z-]*)[:)]")
_ESCAPES = {"v": r"\x0B"}


def to_java(pattern: str) -> str:
    """The Java pattern that finds what RE2 finds: `d` takes `\\n` alone as a line end, `u` folds all of Unicode."""
    lines = any("m" in found.group(1).partition("-")[0] for found in _FLAGS.finditer(pattern))
    out: list[str] = ["(?du)"]
    inside, index = False, 0
    while index < len(pattern):
        char = pattern[index]
        step = 1
        if char == "\\":
            step = 2
            char = _ESCAPES.get(pattern[index + 1 : index + 2], pattern[index : index + 2])
        elif inside:
            inside = char != "]"
            char = "\\" + char if char in "&[" else char
        elif char == "[":
            opened = re.compile(r"\[\^?\]?").match(pattern, index)
            assert opened is not None
            step, inside = len(opened.group()), True
            char = opened.group().replace("]", r"\]")
        elif char == "$" and not lines:
            char = r"\z"
        elif char == "{" and not _TIMES.match(pattern, index):
            char = r"\{"
        elif named := _NAME.match(pattern, index):
            step, char = len(named.group()), "("
        out.append(char)
        index += step
    return "".join(out)
