"""What a gate asks, and how two gates differ: expectations added, removed, changed, each named.

>>> old = {"rows": asked("expect_table_row_count_to_be_between", "critical", {"min_value": 80})}
>>> new = {"rows": asked("expect_table_row_count_to_be_between", "warning", {"min_value": 60})}
>>> list(changes({**old, "fail-on": {"": "warning"}}, {**new, "fail-on": {"": "critical"}}))
['fail-on "warning" → "critical"', 'rows: min_value 80 → 60, severity "critical" → "warning"']
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

Asked = Mapping[str, Mapping[str, Any]]
"""By the id of a check, or the name of a setting, what it asks: arguments, severity, type; of a setting under ""."""
LONGEST = 60  # characters of a value


def asked(kind: str, severity: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """What one expectation asks."""
    return {**arguments, "severity": severity, "type": kind}


def changes(before: Asked, after: Asked) -> Iterator[str]:
    """A line for each rule that is not the same in both, by name."""
    for name in sorted(before.keys() | after.keys()):
        old, new = before.get(name), after.get(name)
        if old is None:
            yield f"{name} added"
        elif new is None:
            yield f"{name} removed"
        elif told := _told(old, new):
            yield f"{name} {told}" if "" in old else f"{name}: {told}"


def _told(old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    """Each argument that differs, from what to what."""
    named = sorted(old.keys() | new.keys())
    pairs = [(name, _value(old, name), _value(new, name)) for name in named]
    return ", ".join(f"{name} {_cut(was)} → {_cut(now)}".lstrip() for name, was, now in pairs if was != now)


def _value(arguments: Mapping[str, Any], name: str) -> str:
    return json.dumps(arguments[name], ensure_ascii=False, sort_keys=True) if name in arguments else "none"


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
