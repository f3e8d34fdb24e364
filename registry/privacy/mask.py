"""Hides personal data: in values that a document shows, in errors that quote data, in data itself.

A mask keeps the shape, so that a reader sees what kind of value it was. In documents whatever
has the form is hidden, proven or not: a last safety for samples. In data only findings are.

>>> mask("hong@example.com 010-1234-5678 900101-1234567")
'h***@***.com 010-****-**** 90****-*******'
>>> mask("가격은 12,000원"), cover("관리 900101-1234567, 계좌 301-0123-4567-89", ("bank-account",))
('가격은 12,000원', '관리 900101-1234567, 계좌 301-****-****-**')
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from registry.privacy.find import USUAL, Finding, alike, find

WITHHELD = frozenset({"restricted", "confidential", "sensitive", "personal", "pii", "private", "secret"})


def mask(text: str, label: str = "") -> str:
    """`text`, which is called `label`, with all that looks like personal data hidden, for documents."""
    return _hidden(text, alike(text, label))


def cover(text: str, kinds: Collection[str] = USUAL, label: str = "") -> str:
    """`text` with the personal data that `find` finds in it hidden, until it finds none, for data.

    What a number is may follow from what stands beside it, so that one mask may lay another number open.
    """
    covered = _hidden(text, find(text, kinds, label))
    return text if covered == text else cover(covered, kinds, label)


def _hidden(text: str, found: Sequence[Finding]) -> str:
    for finding in reversed(found):
        text = text[: finding.start] + finding.masked + text[finding.end :]
    return text


def shown(text: str | None, limit: int) -> str | None:
    """`text` masked and cut to `limit` characters, `…` marking the cut."""
    if text is None:
        return None
    masked = mask(text)
    return masked if len(masked) <= limit else masked[: limit - 1] + "…"


def outline(value: str) -> str:
    """The shape of a value, not the value: errors may be published, data may be personal.

    >>> outline("홍길동 010-1234")
    'text of 12 characters like aaa 000-0000'
    """
    drawn = re.sub(r"[^\W\d_]", "a", re.sub(r"\d", "0", value[:20]))
    return f"text of {len(value)} characters like {drawn}{'…' if len(value) > 20 else ''}"


def is_withheld(classification: str) -> bool:
    """Whether values of a column so classified are not shown at all."""
    return classification.strip().lower() in WITHHELD
