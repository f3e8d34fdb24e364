"""Whether one expectation asks at least as much as another: which of its arguments ask less.

What cannot be ranked counts as asking less, for nobody can tell.

>>> from registry.checks.suite import expectations_of
>>> def leak(share, **more):
...     config = {"type": "expect_splits_to_be_disjoint", "kwargs": {"max_share": share, **more}}
...     return expectations_of([config], "")[0]
>>> slack(leak(0.1), leak(0)), slack(leak(0), leak(0.1)), slack(leak(0, normalize="text"), leak(0))
(('max_share 0 → 0.1',), (), ())
>>> slack(leak(0, columns=["text"]), leak(0))
('columns None → text',)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from registry.checks.suite import Expectation
from registry.model.evidence import SEVERITIES
from registry.privacy.find import USUAL

LESS = frozenset(
    {"max_share", "max_value", "max_imbalance_ratio", "max_divergence", "max_score", "max_held_out"}
    | {"max_generation", "max_count", "max_last_gain", "t", "threshold"}
    | {"max_difference", "min_rows"}
)
"""Arguments of which a smaller value asks more; absent, nothing is bounded."""
MORE = frozenset(
    {"min_share", "min_value", "min_entropy", "min_achievement", "min_overlap", "min_score", "mostly", "k", "l"}
    | {"min_ratio"}
)
"""Arguments of which a greater value asks more."""
FOLDED = ("none", "text", "letters")
"""Ways to normalise texts, those that see more as equal later."""
WIDER = {"expect_column_values_to_not_be_in_set", "expect_column_distinct_values_to_contain_set"}
"""Expectations whose set asks more the more it holds; of others with a set it is the fewer."""


def slack(now: Expectation, before: Expectation) -> tuple[str, ...]:
    """The arguments of `now` that ask less than those of `before`, of the same type, as `name old → new`."""
    found = [
        f"{kwarg.name} {_told(old)} → {_told(new)}"
        for kwarg in before.form.kwargs
        if (old := _value(before, kwarg.name)) != (new := _value(now, kwarg.name))
        and not _asks_as_much(before.type, kwarg.name, new, old)
    ]
    if SEVERITIES.index(now.severity) > SEVERITIES.index(before.severity):
        found.append(f"severity {before.severity} → {now.severity}")
    if now.when_not_measured != before.when_not_measured == "block":
        found.append("when_not_measured block → allow")
    return tuple(found)


def _value(expectation: Expectation, name: str) -> Any:
    default = expectation.form.kwarg(name).default
    return expectation.kwargs.get(name, default)


def _asks_as_much(kind: str, name: str, new: Any, old: Any) -> bool:
    """Whether an argument's new value, which differs from the old one, asks at least as much."""
    if name in LESS or name in MORE:
        if new is None or old is None:
            return old is None
        return _compared(new, old, name in LESS)
    rule = _RULES.get(name)
    if name == "shares" and kind == "expect_split_shares_to_be_between":
        rule = _narrower
    if name == "value_set":
        rule = _superset if kind in WIDER else _subset if kind.endswith("in_set") else None
    return rule is not None and rule(new, old)


def _compared(new: Any, old: Any, less: bool) -> bool:
    try:
        return bool(new <= old if less else new >= old)
    except TypeError:
        return False  # a number and a date


def _subset(new: Any, old: Any) -> bool:
    return all(value in old for value in new)


def _superset(new: Any, old: Any) -> bool:
    return all(value in new for value in old)


def _all_or_more(new: Any, old: Any) -> bool:
    return new is None or (old is not None and _superset(new, old))


def _narrower(new: Mapping[str, Any], old: Mapping[str, Any]) -> bool:
    return all(key in new and new[key][0] >= low and new[key][1] <= high for key, (low, high) in old.items())


def _greater(new: Mapping[str, Any], old: Mapping[str, Any]) -> bool:
    return all(key in new and new[key] >= least for key, least in old.items())


def _true(new: Any, old: Any) -> bool:
    return bool(new)


def _false(new: Any, old: Any) -> bool:
    return not new


def _folded(new: Any, old: Any) -> bool:
    return FOLDED.index(new) >= FOLDED.index(old)


def _more_terms(new: Any, old: Any) -> bool:
    """Of lists: every term of the old one, and nothing more that is allowed."""
    return set(old.terms) <= set(new.terms) and set(new.allowed) <= set(old.allowed)


def _some_or_more(new: Any, old: Any) -> bool:
    """Of columns named: all of them; which were meant where none is named, nobody can tell."""
    names = [{value} if isinstance(value, str) else set(value or ()) for value in (new, old)]
    return bool(names[1]) and names[0] >= names[1]


_RULES: Mapping[str, Callable[[Any, Any], bool]] = {
    "normalize": _folded,
    "splits": _all_or_more,
    "kinds": lambda new, old: set(new or USUAL) >= set(old or USUAL),
    "list": _more_terms,
    "leet": _true,
    "quasi_identifiers": _some_or_more,
    "sensitive": _some_or_more,
    "synthetic_values": _superset,
    "targets": _greater,
    "strict_min": _true,
    "strict_max": _true,
    "exact_match": _true,
    "or_equal": _false,
}


def _told(value: Any) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
    return text if len(text) <= 60 else f"{text[:59]}…"
