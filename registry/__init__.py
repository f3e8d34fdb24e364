"""Dataset versioning and release: one judgement, of exactly the released bytes.

Names load on first use, so that `import registry` costs nothing.

>>> import registry
>>> str(registry.Ref.parse("reviews@^1.2"))
'reviews@^1.2'
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from registry.api import check as check
    from registry.api import load as load
    from registry.api import loaded as loaded
    from registry.api import pull as pull
    from registry.api import release as release
    from registry.errors import RegistryError as RegistryError
    from registry.model.names import Ref as Ref
    from registry.model.names import Version as Version
    from registry.stores import open_store as open_store

_HOME = {
    "check": "registry.api",
    "load": "registry.api",
    "loaded": "registry.api",
    "pull": "registry.api",
    "release": "registry.api",
    "RegistryError": "registry.errors",
    "Ref": "registry.model.names",
    "Version": "registry.model.names",
    "open_store": "registry.stores",
}

__all__ = ["Ref", "RegistryError", "Version", "check", "load", "loaded", "open_store", "pull", "release"]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'registry' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return __all__
