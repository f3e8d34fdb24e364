"""What evidence, differences and records may say of values: what looks like personal data is hidden in them.

A class, a rating or a key is shown as it stands, since a reader needs it; a telephone number that somebody
wrote there by mistake is not. This is the one door for all of them: whoever writes a document need not know
where its texts are from.

>>> discreet({"긍정": 3, "010-9999-1234": {"rows": 1, "confused": ["긍정", "010-9999-1234"]}})
{'긍정': 3, '010-****-****': {'rows': 1, 'confused': ['긍정', '010-****-****']}}
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count
from typing import Any

from registry.privacy.mask import mask


def discreet(value: Any) -> Any:
    """A JSON value without personal data in its texts and keys; keys that become equal are told by a number.

    >>> discreet({"a@example.com": 1, "ab@example.com": 2})
    {'a***@***.com': 1, 'a***@***.com (2)': 2}
    """
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, Mapping):
        return _keyed(value)
    if isinstance(value, (list, tuple)):
        return [discreet(item) for item in value]
    return value


def _keyed(value: Mapping[Any, Any]) -> dict[Any, Any]:
    found: dict[Any, Any] = {}
    for key, item in value.items():
        hidden = mask(key) if isinstance(key, str) else key
        if hidden in found:
            hidden = next(told for at in count(2) if (told := f"{hidden} ({at})") not in found)
        found[hidden] = discreet(item)
    return found
