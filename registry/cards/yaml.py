"""YAML out: front matter that no value can break out of.

Every string is written double-quoted with JSON's escapes, which YAML shares, unless
it is a plain word; so a title holding `---` or `: ` stays a title in any parser.

>>> print(front_matter({"pretty_name": "a\\n---\\nlicense: mit", "license": "mit", "rows": [1, "no"]}), end="")
---
pretty_name: "a\\n---\\nlicense: mit"
license: mit
rows:
- 1
- "no"
---
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_./+-]*(?<![./+-])\Z")
# Words that some YAML reader takes for a boolean or nothing.
_TAKEN = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null", "none", "nan", "inf"})
# Characters that JSON leaves bare but YAML forbids or takes for a line end, lone surrogates, and what cannot be seen.
_UNSAFE = re.compile("[\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufffe\uffff\ud800-\udfff]")


def front_matter(value: Mapping[str, Any]) -> str:
    """The mapping between two `---` lines, in the order of its keys."""
    return f"---\n{block(value)}---\n"


def block(value: Mapping[str, Any]) -> str:
    """Block-style YAML of a mapping of plain values."""
    return "".join(f"{line}\n" for line in _mapping(value))


def scalar(value: Any) -> str:
    """One scalar: numbers and booleans as they are, text quoted unless it is a plain word."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int | float):
        return repr(value)
    text = str(value)
    if _PLAIN.match(text) and text.lower() not in _TAKEN:
        return text
    return _UNSAFE.sub(_escape, json.dumps(text, ensure_ascii=False))


def _escape(found: re.Match[str]) -> str:
    code = ord(found[0])
    # NOTE: no YAML reader accepts a lone surrogate, written or escaped.
    return "\ufffd" if 0xD800 <= code <= 0xDFFF else f"\\u{code:04x}"


def _mapping(value: Mapping[str, Any]) -> list[str]:
    lines = []
    for key, item in value.items():
        lines += _entry(f"{scalar(key)}:", item)
    return lines


def _sequence(value: Sequence[Any]) -> list[str]:
    lines = []
    for item in value:
        nested = _mapping(item) if isinstance(item, Mapping) and item else [_inline(item)]
        lines += [f"- {nested[0]}", *(f"  {line}" for line in nested[1:])]
    return lines


def _entry(head: str, item: Any) -> list[str]:
    if isinstance(item, Mapping) and item:
        return [head, *(f"  {line}" for line in _mapping(item))]
    if isinstance(item, list | tuple) and item:
        return [head, *_sequence(item)]
    return [f"{head} {_inline(item)}"]


def _inline(item: Any) -> str:
    """Flow style: for scalars, empty collections and lists in lists."""
    if isinstance(item, Mapping):
        return "{" + ", ".join(f"{scalar(key)}: {_inline(part)}" for key, part in item.items()) + "}"
    if isinstance(item, list | tuple):
        return "[" + ", ".join(_inline(part) for part in item) + "]"
    return scalar(item)
