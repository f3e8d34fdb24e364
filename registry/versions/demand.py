"""Which version number a change demands, and which one a request means.

>>> smallest(Version.parse("1.1.0"), "minor")
Version(major=1, minor=2, patch=0, pre=())
>>> str(requested("auto", Version.parse("1.1.0"), "major"))
'2.0.0'
"""

from __future__ import annotations

from collections.abc import Iterable

from registry.errors import VersionTooLowError
from registry.model.names import Version
from registry.model.release import ChangeFact, Level

WORDS = ("auto", "major", "minor", "patch")


def smallest(previous: Version, level: Level) -> Version:
    """The least version above `previous` that a change of `level` may have."""
    return previous.bump("patch" if level == "none" else level)


def requested(text: str, previous: Version | None, level: Level) -> Version:
    """The version that `text` (a version, auto, major, minor or patch) means after `previous`."""
    if text not in WORDS:
        return Version.parse(text)
    if previous is None:
        return Version(1)
    return smallest(previous, level) if text == "auto" else previous.bump(text)


def require_enough(
    version: Version, previous: Version | None, level: Level, facts: Iterable[ChangeFact], name: str
) -> None:
    """Raises `VersionTooLowError`, with the facts, where `version` says less than the change does."""
    if previous is None:
        return
    least = smallest(previous, level)
    if Version(version.major, version.minor, version.patch) >= least:
        return
    reasons = "; ".join(describe(fact) for fact in facts if fact.level == level)
    raise VersionTooLowError(
        f"{name}@{version} is too low a number for this change",
        why=f"since {previous} it is {level}: {reasons}" if reasons else f"{previous} is released already",
        hint=f"registry release v{least} {name}",
        smallest=str(least),
        level=level,
    )


def describe(fact: ChangeFact) -> str:
    """One fact in a few words."""
    where = " ".join(filter(None, [fact.split and f"split {fact.split}", fact.column and f"column {fact.column}"]))
    return ", ".join(filter(None, [fact.kind.replace("-", " "), where, fact.detail]))
