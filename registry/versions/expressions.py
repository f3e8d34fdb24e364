"""License expressions: several licences joined by `OR`, `AND` and parentheses (SPDX 2.3, annex D).

>>> choices("MIT OR (Apache-2.0 AND CC BY 4.0)")
(('MIT',), ('Apache-2.0', 'CC BY 4.0'))
>>> choices("MIT OR"), choices("Licence (2.0)")
((('MIT OR',),), (('Licence (2.0)',),))
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import product

MOST = 64  # choices of one expression
Choices = tuple[tuple[str, ...], ...]
_CUT = re.compile(r"(\(|\)|(?:(?<=\s)|(?<=\)))(?:or|and)(?:(?=\s)|(?=\()))", re.IGNORECASE)


def choices(expression: str) -> Choices:
    """What one may choose between, each choice the licences that apply together; what is no expression is one name."""
    tokens = [token.strip() for token in _CUT.split(expression) if token.strip()]
    whole = ((expression.strip(),),)
    try:
        found, rest = _any(tokens)
    except ValueError:
        return whole
    return whole if rest or len(found) > MOST else found


def _any(tokens: Sequence[str]) -> tuple[Choices, Sequence[str]]:
    found, rest = _all(tokens)
    while rest and rest[0].lower() == "or":
        more, rest = _all(rest[1:])
        found += more
    return found, rest


def _all(tokens: Sequence[str]) -> tuple[Choices, Sequence[str]]:
    found, rest = _one(tokens)
    while rest and rest[0].lower() == "and":
        more, rest = _one(rest[1:])
        if len(found) * len(more) > MOST:
            raise ValueError("choices")
        found = tuple((*one, *other) for one, other in product(found, more))
    return found, rest


def _one(tokens: Sequence[str]) -> tuple[Choices, Sequence[str]]:
    """A name, or what stands in parentheses."""
    if not tokens or tokens[0].lower() in (")", "or", "and"):
        raise ValueError("name")
    if tokens[0] != "(":
        return ((tokens[0],),), tokens[1:]
    found, rest = _any(tokens[1:])
    if not rest or rest[0] != ")":
        raise ValueError(")")
    return found, rest[1:]
