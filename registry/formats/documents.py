"""The JSON Schema of every document that a command prints or a release holds.

>>> schema_of("registry.error/1")["title"]
'registry.error/1'
>>> "registry.check/1" in formats()
True
"""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

from registry.errors import InternalError

PLACE = files("registry.formats") / "schemas"


def formats() -> tuple[str, ...]:
    """The names of all formats, as they stand in the documents' `format`."""
    stems = sorted(entry.name.removesuffix(".json") for entry in PLACE.iterdir() if entry.name.endswith(".json"))
    return tuple("registry.{}/{}".format(*stem.rsplit("-", 1)) for stem in stems)


def schema_of(name: str) -> dict[str, Any]:
    """The JSON Schema (2020-12) of the format `name`; an unknown one raises `InternalError`."""
    if name not in formats():
        raise InternalError(f"no JSON Schema describes {name}")
    kind, _, version = name.removeprefix("registry.").partition("/")
    found: dict[str, Any] = json.loads((PLACE / f"{kind}-{version}.json").read_text("utf-8"))
    return found
