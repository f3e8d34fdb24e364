"""The fields that a schema file may hold, and errors that name the place and the nearest known one.

>>> from registry.workspace.yamls import parse_yaml
>>> value, places = parse_yaml("requird: true\\n", "schemas/x.yaml")
>>> vet_fields(value, places, (), ("required",))
Traceback (most recent call last):
registry.errors.ConfigError: schemas/x.yaml:1 (requird): unknown field; did you mean required?: known are required
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any, NoReturn

from registry.errors import ConfigError
from registry.workspace.yamls import Places

Path = tuple[Any, ...]

TOP = (
    "apiVersion",
    "kind",
    "id",
    "name",
    "version",
    "status",
    "domain",
    "tenant",
    "tags",
    "dataProduct",
    "description",
    "schema",
    "team",
    "support",
    "authoritativeDefinitions",
    "customProperties",
    "contractCreatedTs",
)
ENTRY = (
    "id",
    "name",
    "logicalType",
    "physicalType",
    "physicalName",
    "description",
    "businessName",
    "dataGranularityDescription",
    "tags",
    "authoritativeDefinitions",
    "properties",
    "customProperties",
)
PROPERTY = (
    "id",
    "name",
    "logicalType",
    "logicalTypeOptions",
    "physicalType",
    "physicalName",
    "required",
    "unique",
    "primaryKey",
    "primaryKeyPosition",
    "description",
    "businessName",
    "classification",
    "criticalDataElement",
    "examples",
    "tags",
    "authoritativeDefinitions",
    "items",
    "properties",
    "customProperties",
)
OPTIONS = ("minimum", "maximum", "minLength", "maxLength", "pattern")
CUSTOM = ("id", "property", "value", "description")
# Fields of the standard that state rules we would not judge: to accept them would pass them silently.
ELSEWHERE = {
    "quality": "write checks in checks/<name>.yaml",
    "enum": "write `customProperties: [{property: enum, value: […]}]`",
    "relationships": "write a check in checks/<name>.yaml",
    "slaProperties": "it says nothing about the data; leave it out",
    "servers": "the store stands in registry.toml",
    "partitioned": "splits are declared in customProperties",
}


def fail(
    places: Places, path: Path, problem: str, *, got: Any = None, allowed: Iterable[Any] = (), hint: str = ""
) -> NoReturn:
    """Raises `ConfigError` for the value at `path`: the nearest of `allowed` is suggested, all are listed."""
    known = [_shown(one) for one in allowed]
    near = get_close_matches(str(got), known, 1, 0.6) if got is not None else []
    if near:
        problem = f"{problem}; did you mean {near[0]}?"
    raise ConfigError(
        f"{places.at(*path)}: {problem}",
        why=f"known are {', '.join(known)}" if known else "",
        hint=hint or f"mend {places.file}, line {places.line(*path)}",
        file=places.file,
        line=places.line(*path),
    )


def vet_fields(value: Any, places: Places, path: Path, allowed: Iterable[str]) -> Mapping[str, Any]:
    """`value` as a mapping with no field but `allowed`."""
    if not isinstance(value, dict):
        fail(places, path, "a mapping is expected")
    known = tuple(allowed)
    for name in value:
        if name in ELSEWHERE and name not in known:
            fail(places, (*path, name), f"this field is not read here: {ELSEWHERE[name]}")
        if name not in known:
            fail(places, (*path, name), "unknown field", got=name, allowed=known)
    return value


def vet_list(value: Any, places: Places, path: Path) -> list[Any]:
    """`value` as a list; a missing one is empty."""
    if value is not None and not isinstance(value, list):
        fail(places, path, "a list is expected")
    return value or []


def custom_properties(value: Any, places: Places, path: Path, allowed: Iterable[str]) -> dict[str, tuple[Any, Path]]:
    """The `customProperties` of the mapping at `path`: name → (value, its place); names are a closed list."""
    known = tuple(allowed)
    found: dict[str, tuple[Any, Path]] = {}
    for index, entry in enumerate(vet_list(value.get("customProperties"), places, (*path, "customProperties"))):
        place = (*path, "customProperties", index)
        pair = vet_fields(entry, places, place, CUSTOM)
        name = pair.get("property")
        if name not in known:
            fail(places, (*place, "property"), f"unknown property {_shown(name)}", got=name, allowed=known)
        if name in found:
            fail(places, (*place, "property"), f"the property {name} is given twice")
        if pair.get("value") is None:
            fail(places, place, f"the property {name} has no value")
        found[str(name)] = (pair["value"], (*place, "value"))
    return found


def _shown(value: Any) -> str:
    return "true" if value is True else "false" if value is False else str(value)[:60]
