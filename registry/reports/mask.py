"""Hides what looks like personal data in values that a document shows.

A mask keeps the shape, so that a reader sees what kind of value it was. It is a
last safety for samples, not a finding: findings come from the checks.

>>> mask("hong@example.com 010-1234-5678 900101-1234567")
'h***@***.com 010-****-**** 900101-*******'
>>> mask("가격은 12,000원")
'가격은 12,000원'
"""

from __future__ import annotations

import re

_DIGITS = r"(?<![0-9A-Za-z]){}(?![0-9])"
_EMAIL = re.compile(r"([A-Za-z0-9])[A-Za-z0-9._%+-]*@[A-Za-z0-9.-]*?(\.[A-Za-z]{2,24})\b")
_RESIDENT = re.compile(_DIGITS.format(r"([0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01]))([- ]?)[0-9]{7}"))
_CARD = re.compile(_DIGITS.format(r"([0-9]{4})([- ])[0-9]{4}\2[0-9]{4}\2[0-9]{4}"))
_PHONE = re.compile(_DIGITS.format(r"(\+?82[- .]?1[016789]|01[016789]|0[2-6][0-9]?)([- .]?)[0-9]{3,4}([- .]?)[0-9]{4}"))
WITHHELD = frozenset({"restricted", "confidential", "sensitive", "personal", "pii", "private", "secret"})


def mask(text: str) -> str:
    """`text` with e-mail addresses, phone, resident and card numbers hidden."""
    text = _EMAIL.sub(r"\1***@***\2", text)
    text = _RESIDENT.sub(lambda m: f"{m[1]}{m[2]}*******", text)
    text = _CARD.sub(lambda m: f"{m[1]}{m[2]}****{m[2]}****{m[2]}****", text)
    return _PHONE.sub(lambda m: f"{m[1]}{m[2]}****{m[3]}****", text)


def shown(text: str | None, limit: int) -> str | None:
    """`text` masked and cut to `limit` characters, `…` marking the cut."""
    if text is None:
        return None
    masked = mask(text)
    return masked if len(masked) <= limit else masked[: limit - 1] + "…"


def is_withheld(classification: str) -> bool:
    """Whether values of a column so classified are not shown at all."""
    return classification.strip().lower() in WITHHELD
