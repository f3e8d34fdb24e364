"""The arguments of a check in words: those that say what was compared, bounds and columns apart.

Bounds stand beside the value as its limit, columns in the title; what is left decides what
a figure means: normalised text or not, which splits, from which similarity, of which rows.

>>> from registry.reports.text import Text
>>> found = {"arguments": {"normalize": "text", "max_share": 0.1, "splits": ["train", "test"]}, "limit": None}
>>> [str(part.striptags()) for part in arguments_of(found, Text("en"))]
['case, width and spaces ignored', 'splits train, test']
>>> [str(part.striptags()) for part in arguments_of({"arguments": {}, "limit": {"threshold": 0.8}}, Text("ko"))]
['유사도 0.8 이상']
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from markupsafe import Markup

from registry.reports.html import code, value
from registry.reports.text import Text
from registry.reports.words import WORDS

LISTED = 6  # values of a list that are named
CUT = 60  # characters of a value
# Bounds, which the limit tells; columns, which the title tells; a day, which the value tells; what has a table.
_ELSEWHERE = re.compile(
    r"(?:min|max|strict)_.+|[klt]|min|max|value|mostly|open|targets|columns?|column_\w+|label|until|condition_parser\Z"
)
_DEFAULT = {"normalize": "none", "or_equal": False, "exact_match": True, "leet": False}


def arguments_of(found: Mapping[str, Any], text: Text) -> list[Markup]:
    """The arguments of a measure of `quality.json`, in the catalogue's order, then by name."""
    limit = found["limit"] if isinstance(found["limit"], Mapping) else {}
    known = {**limit, **(found.get("arguments") or {})}
    order = {key: place for place, key in enumerate(WORDS)}
    names = sorted(known, key=lambda name: (order.get(f"arg.{name}", len(order)), name))
    return [part for name in names for part in _argument(name, known[name], text)]


def _argument(name: str, given: Any, text: Text) -> Iterator[Markup]:
    if _ELSEWHERE.fullmatch(name) or given is None or _DEFAULT.get(name, ...) == given:
        return
    one = f"arg.{name}.{given}" if isinstance(given, str | bool) else ""
    if one in WORDS:
        yield text(one)
    elif f"arg.{name}" in WORDS:
        yield text(f"arg.{name}", value=_spoken(given, text))
    else:
        yield Markup("{} {}").format(code(name), _spoken(given, text))


def _spoken(given: Any, text: Text) -> Markup:
    """A value: its parts in `code`, long lists cut and counted."""
    if isinstance(given, Mapping):
        pairs = [Markup("{} {}").format(code(key), _plan(item, text)) for key, item in given.items()]
        return _listed(pairs, text)
    if isinstance(given, list | tuple):
        return _listed([code(item) for item in given], text)
    if isinstance(given, bool):
        return text("yes" if given else "no")
    if isinstance(given, int | float):
        return value(text.stat(given))
    return code(given)


def _plan(item: Any, text: Text) -> Markup:
    """A planned share, or the range that it may lie in."""
    if isinstance(item, list | tuple):
        return value(text("range", low=text.share(item[0]), high=text.share(item[-1])))
    return value(text.share(item) if isinstance(item, float) and 0 <= item <= 1 else text.stat(item))


def _listed(parts: Sequence[Markup], text: Text) -> Markup:
    more = [text("value.more", n=len(parts) - LISTED)] if len(parts) > LISTED else []
    return text.join([*parts[:LISTED], *more])
