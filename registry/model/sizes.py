"""Sizes as people write them.

>>> parse_size("20GB"), parse_size("1.5 KiB"), parse_size("0")
(20000000000, 1536, 0)
"""

from __future__ import annotations

import re

from registry.errors import UsageError


def parse_size(text: str) -> int:
    """`20GB`, `512MiB`, `0`: bytes; anything else raises `UsageError`."""
    found = re.fullmatch(r"(\d{1,12}(?:\.\d{1,3})?)\s*(?:([kmgt])?(i)?b)?", text.strip(), re.IGNORECASE)
    if not found:
        raise UsageError(f"`{text}` is no size", why="a size reads 20GB, 512MiB or 0", hint="mend the size")
    power = " kmgt".index((found[2] or " ").lower())
    return int(float(found[1]) * (1024 if found[3] else 1000) ** power)
