"""What rules refer to beside the data that is judged: the release before, and what the data is now.

The judge fills it in; a rule that needs what is not there says so.

>>> References().earlier() is None
True
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from registry.errors import InternalError

Profile = Mapping[str, Any]


def no_profile() -> Profile:
    """For rules that are read where no data is."""
    raise InternalError("the data was judged without its profile")


def _nothing() -> None:
    return None


@dataclass(frozen=True, slots=True)
class References:
    """`previous` names the release before and `earlier` gives its profile; `profile` gives that of the data.

    Both are computed at first use; what fails raises `RegistryError`, and the check is in error. None of
    `earlier` means that there is no release before, or none with a profile.
    """

    previous: str = ""
    earlier: Callable[[], Profile | None] = _nothing
    profile: Callable[[], Profile] = no_profile
