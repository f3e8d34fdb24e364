"""What rules refer to beside the data that is judged: the release before, and what the data is now.

The judge fills it in; a rule that needs what is not there says so.

>>> References().earlier() is None
True
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from registry.errors import InternalError, StateError
from registry.tables.fingerprints import Fingerprint

Profile = Mapping[str, Any]


def no_profile() -> Profile:
    """For rules that are read where no data is."""
    raise InternalError("the data was judged without its profile")


def _nothing() -> None:
    return None


@dataclass(frozen=True, slots=True)
class Marked:
    """A split of another release: called `korquad@1.2.0:dev`, with its fingerprint and what names that."""

    name: str
    digest: str
    fingerprint: Fingerprint


def _unknown(reference: str) -> Sequence[Marked]:
    raise StateError(f"the release {reference} is not known here", why="the data was judged without a store")


@dataclass(frozen=True, slots=True)
class References:
    """`previous` names the release before and `earlier` gives its profile; `profile` gives that of the data.

    Both are computed at first use; what fails raises `RegistryError`, and the check is in error. None of
    `earlier` means that there is no release before, or none with a profile. `fingerprints` gives those of the
    splits that a reference such as `korquad@^1:dev` names; none where it names the dataset itself, which has no
    release yet.
    """

    previous: str = ""
    earlier: Callable[[], Profile | None] = _nothing
    profile: Callable[[], Profile] = no_profile
    fingerprints: Callable[[str], Sequence[Marked]] = _unknown
