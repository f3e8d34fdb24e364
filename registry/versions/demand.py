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


def require_order(version: Version, released: Iterable[Version], name: str) -> None:
    """Raises `VersionTooLowError` for a version below all released ones that it could follow.

    A lower number is for mending an older line: 1.1.1 after 2.0.0, where 1.1.0 stands.
    """
    known = sorted(v for v in released if not v.pre)
    if not known or version > known[-1] or any(v.major == version.major and v < version for v in known):
        return
    raise VersionTooLowError(
        f"{name}@{version} is lower than what is released",
        why=f"{known[-1]} is released already, and nothing below {version} that it could mend",
        hint=f"registry release auto {name}",
        smallest=str(known[-1].bump("patch")),
    )


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
