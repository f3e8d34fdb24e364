"""Dataset names, versions and references.

>>> Ref.parse("reviews@^1.2").spec
'^1.2'
>>> Version.parse("v1.2").tag("reviews")
'reviews@v1.2.0'
>>> select("^1.0", [Version.parse("1.0"), Version.parse("1.4.2"), Version.parse("2.0")])
Version(major=1, minor=4, patch=2, pre=())
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import total_ordering
from typing import Any

from registry.errors import UsageError

NAME = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?\Z")
NUMBER = r"(0|[1-9]\d{0,8})"
VERSION = re.compile(rf"v?{NUMBER}(?:\.{NUMBER})?(?:\.{NUMBER})?(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?\Z", re.ASCII)
CHANNEL = NAME
RESERVED = frozenset({"auto", "major", "minor", "patch", "latest"})
MAX_NAME = 96


def is_dataset_name(text: str) -> bool:
    """Whether `text` may name a dataset: lower-case letters, digits and inner hyphens, at most 96."""
    return (
        NAME.match(text) is not None and len(text) <= MAX_NAME and text not in RESERVED and VERSION.match(text) is None
    )


def dataset_name(text: str, hint: str = "registry add PATH --name my-dataset") -> str:
    """`text`, if it is a legal dataset name; else `UsageError`."""
    if not is_dataset_name(text):
        raise UsageError(
            f"`{text}` is no dataset name",
            why="a name has lower-case letters, digits and inner hyphens, at most 96, and does not read as a version",
            hint=hint,
        )
    return text


@total_ordering
@dataclass(frozen=True, slots=True)
class Version:
    """A version by Semantic Versioning 2.0 (without build metadata)."""

    major: int
    minor: int = 0
    patch: int = 0
    pre: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Version:
        """`v1.2`, `1.2.0`, `1.2.0-rc.1`; anything else raises `UsageError`."""
        found = VERSION.match(text)
        parts = tuple(found[4].split(".")) if found and found[4] else ()
        if not found or any(p.isdigit() and len(p) > 1 and p[0] == "0" for p in parts):
            raise UsageError(
                f"`{text}` is no version", why="a version reads v1.2, 1.2.0 or 1.2.0-rc.1", hint="registry release v1.0"
            )
        return cls(int(found[1]), int(found[2] or 0), int(found[3] or 0), parts)

    @classmethod
    def is_version(cls, text: str) -> bool:
        """Whether `text` reads as a version, so that `parse` takes it."""
        try:
            cls.parse(text)
        except UsageError:
            return False
        return True

    @classmethod
    def is_canonical(cls, text: str) -> bool:
        """Whether `text` is a version as a store writes it: `1.2.0`, neither `v1.2.0` nor `1.2`."""
        return cls.is_version(text) and str(cls.parse(text)) == text

    def __str__(self) -> str:
        core = f"{self.major}.{self.minor}.{self.patch}"
        return f"{core}-{'.'.join(self.pre)}" if self.pre else core

    def tag(self, name: str) -> str:
        """The git tag of this version of dataset `name`, in GTO's grammar."""
        return f"{name}@v{self}"

    def bump(self, level: str) -> Version:
        """The next version at `level` (major, minor or patch); a pre-release is finished first."""
        if level == "major":
            done = self.pre and self.minor == 0 and self.patch == 0
            return Version(self.major if done else self.major + 1)
        if level == "minor":
            done = self.pre and self.patch == 0
            return Version(self.major, self.minor if done else self.minor + 1)
        return Version(self.major, self.minor, self.patch if self.pre else self.patch + 1)

    def _key(self) -> tuple[Any, ...]:
        # SemVer §11: numeric identifiers sort below alphanumeric ones, a release above its pre-releases.
        pre = tuple((0, int(p), "") if p.isdigit() else (1, 0, p) for p in self.pre)
        return (self.major, self.minor, self.patch, not self.pre, pre)

    def __lt__(self, other: object) -> bool:
        return self._key() < other._key() if isinstance(other, Version) else NotImplemented


@dataclass(frozen=True, slots=True)
class Ref:
    """`NAME[@SPEC]`: a dataset and which of its versions."""

    name: str
    spec: str = "latest"

    @classmethod
    def parse(cls, text: str) -> Ref:
        """Splits at the first `@`; an illegal name or spec raises `UsageError`."""
        name, at, spec = text.partition("@")
        if at and not is_spec(spec):
            raise UsageError(
                f"`{spec}` selects no version",
                why="a selection is a version, ^1.2, ~1.2, latest or a channel",
                hint=f"registry list {name}" if is_dataset_name(name) else "registry list",
            )
        return cls(dataset_name(name, "registry list"), spec if at else "latest")

    def __str__(self) -> str:
        return f"{self.name}@{self.spec}"


def is_spec(text: str) -> bool:
    """Whether `text` selects a version: exact, `^1.2`, `~1.2`, `latest` or a channel name."""
    if text[:1] in ("^", "~"):
        return VERSION.match(text[1:]) is not None
    return VERSION.match(text) is not None or CHANNEL.match(text) is not None


def select(spec: str, versions: Iterable[Version]) -> Version | None:
    """The greatest of `versions` that `spec` (exact, `^`, `~`, `latest`) admits, or None.

    Pre-releases are chosen only when `spec` names one exactly. Channels are resolved
    by the caller, who has the store.
    """
    known = sorted(set(versions))
    if VERSION.match(spec):
        wanted = Version.parse(spec)
        return wanted if wanted in known else None
    stable = [v for v in known if not v.pre]
    if spec == "latest":
        return stable[-1] if stable else None
    base = Version.parse(spec[1:])
    if spec[0] == "~":
        ceiling = Version(base.major, base.minor + 1) if "." in spec else Version(base.major + 1)
    elif base.major or spec.count(".") == 0:
        ceiling = Version(base.major + 1)
    elif base.minor or spec.count(".") == 1:
        ceiling = Version(0, base.minor + 1)
    else:
        ceiling = Version(0, 0, base.patch + 1)
    fitting = [v for v in stable if base <= v < ceiling]
    return fitting[-1] if fitting else None
