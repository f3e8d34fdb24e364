"""Values that a schema declares (classes, enumerations, bounds), each against the type of its column.

>>> fits("3", "int64"), fits(3, "int64"), fits("2024-02-30", "date32"), fits(True, "int64")
(False, True, False, False)
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Mapping
from typing import Any

from registry.schemas.fields import Path, fail
from registry.schemas.types import logical_type
from registry.workspace.yamls import Places

_COMPARABLE = ("integer", "number", "date", "timestamp", "time")
_PARSERS: Mapping[str, Callable[[str], object]] = {
    "date": datetime.date.fromisoformat,
    "timestamp": datetime.datetime.fromisoformat,
    "time": datetime.time.fromisoformat,
}
_CHOICES = ("string", "integer", "boolean", "number")


def choices(custom: tuple[Any, Path], kind: str, places: Places) -> tuple[Any, ...]:
    """A closed list of values of the type `kind`: not empty, none twice."""
    value, path = custom
    name = places.at(*path).rpartition(".")[2]
    if not isinstance(value, list) or not value:
        fail(places, path, "a list of at least one value is expected")
    if logical_type(kind) not in _CHOICES:
        fail(places, path, f"a column of type {kind} cannot have a closed list of values", allowed=_CHOICES)
    for index, one in enumerate(value):
        if not fits(one, kind):
            fail(places, (*path, index), f"{one!s:.60} is no value of the type {kind} (quote texts)")
    if len({(type(one), one) for one in value}) != len(value):
        fail(places, path, f"a {name} stands twice in the list")
    return tuple(value)


def bounds(options: Mapping[str, Any], kind: str, places: Places, path: Path) -> None:
    """Vets `minimum` … `pattern` against the type `kind`, and each pair against one another."""
    logical = logical_type(kind)
    for name in ("minimum", "maximum"):
        if name in options and (logical not in _COMPARABLE or not fits(options[name], kind)):
            fail(places, (*path, name), f"{options[name]!s:.60} is no {name} for a column of type {kind}")
    for name in ("minLength", "maxLength", "pattern"):
        if name in options and logical != "string":
            fail(places, (*path, name), f"{name} is for texts, not for a column of type {kind}")
    if "pattern" in options:
        try:
            re.compile(options["pattern"])
        except re.error as error:
            fail(places, (*path, "pattern"), f"this is no regular expression: {error}")
    for low, high in (("minimum", "maximum"), ("minLength", "maxLength")):
        if low in options and high in options and options[low] > options[high]:
            fail(places, (*path, low), f"{low} is greater than {high}")


def fits(value: Any, kind: str) -> bool:
    """Whether the YAML value stands for a value of the Arrow type name `kind`."""
    logical = logical_type(kind)
    if logical == "boolean":
        return isinstance(value, bool)
    if logical == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    if logical == "number":
        return isinstance(value, int | float) and not isinstance(value, bool)
    if not isinstance(value, str):
        return False
    parse = _PARSERS.get(logical or "")
    if parse is not None:
        try:
            parse(value)
        except ValueError:
            return False
    return True
