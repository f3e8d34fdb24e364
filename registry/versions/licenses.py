"""What licences ask, by the table `licenses.toml`: which is stricter, and what may be made from what.

>>> stricter("cc0-1.0", "cc-by-nc-4.0"), stricter("mit", "cc0-1.0"), stricter("mit", "my-own")
(True, False, None)
>>> fit("cc-by-sa-4.0", "mit").allowed, fit("CC BY-SA 3.0", "cc-by-sa-4.0").allowed, fit("my-own", "mit").allowed
(False, True, None)
>>> fit("cc-by-nc-4.0", "cc-by-4.0").reason
'forbids commercial use, which cc-by-4.0 allows'
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from registry.versions.expressions import choices

TABLE = Path(__file__).with_name("licenses.toml")
# A port to the law of a country (`-kr`) or for organisations of states (`-igo`) asks the same.
_VERSION = re.compile(r"-v?(\d+(?:\.\d+)*)(?:(?P<later>-or-later|\+)|-(?:only|igo|[a-z]{2}))?\Z")


@dataclass(frozen=True, slots=True)
class Family:
    """Licences that ask the same: `asks` as the table explains it, where adaptations may go, and where it was read."""

    ids: tuple[str, ...]
    asks: frozenset[str]
    source: str
    later: tuple[int, ...] | None = None
    onward: tuple[tuple[tuple[int, ...], tuple[str, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class Licence:
    """A licence that the table knows: its id there, version (empty where it names none) and family.

    `later` is whether whoever gave it lets one take any later version instead.
    """

    id: str
    version: tuple[int, ...] = field(default=())
    later: bool = field(default=False, compare=False)
    family: Family = field(compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Fit:
    """Whether something made from a source may go under a licence; None where the table does not tell. And why."""

    allowed: bool | None
    reason: str = ""


def licence(name: str) -> Licence | None:
    """The licence called `name`, however it is spelt; None for one that is not in the table.

    >>> found = licence("CC-BY-SA-2.0-KR")
    >>> found.id, found.version, licence("cc"), licence("공공누리 제1유형").id
    ('cc-by-sa', (2, 0), None, '공공누리-제1유형')
    """
    text = re.sub(r"[\s_]+", "-", unicodedata.normalize("NFKC", name).strip().casefold())
    known = families()
    if text in known:
        return Licence(text, family=known[text])
    version = _VERSION.search(text)
    stem = text[: version.start()] if version else ""
    if not version or stem not in known:
        return None
    return Licence(stem, _numbers(version[1]), version["later"] is not None, family=known[stem])


@cache
def families() -> Mapping[str, Family]:
    """The table by id."""
    entries = tomllib.loads(TABLE.read_text("utf-8"))["family"]
    return {one: found for entry in entries for found in (_family(entry),) for one in found.ids}


def _family(entry: Mapping[str, Any]) -> Family:
    onward = tuple((_numbers(step["from"]), tuple(step["to"])) for step in entry.get("onward", ()))
    later = _numbers(entry["later"]) if "later" in entry else None
    return Family(tuple(entry["ids"]), frozenset(entry["asks"]), entry["source"], later, onward)


def _numbers(version: str) -> tuple[int, ...]:
    numbers = tuple(int(part) for part in version.split("."))
    return numbers if len(numbers) > 1 else (*numbers, 0)


def stricter(before: str, after: str) -> bool | None:
    """Whether `after` asks for more than `before`; None where the table does not tell."""
    if before == after:
        return False
    old, new = licence(before), licence(after)
    if old is None or new is None:
        return None
    asked, asks = (_forbidden(one.family.asks) for one in (old, new))
    if asks <= asked and "same-terms" in new.family.asks & old.family.asks and old.id != new.id:
        return None  # each asks for terms of its own
    return not asks <= asked


def _forbidden(asks: frozenset[str]) -> frozenset[str]:
    """What is asked and what that includes: whoever may share nothing made from it may not share it otherwise."""
    return asks | {"same-terms"} if "no-derivatives" in asks else asks


def fit(source: str, release: str) -> Fit:
    """Whether what is made from data under the licence `source` may be released under `release`.

    Every ask of the source must stand in the release's licence; an ask for the same terms is met by the
    same licence, a later version or another one that its own text names. Of a source under a choice of licences
    (`MIT OR GPL-3.0-only`) one must allow it, of licences that apply together (`AND`) each; where a release leaves
    the choice to others, each that they may choose must be allowed.

    >>> fit("mit or cc-by-nc-4.0", "mit").allowed, fit("MIT AND CC-BY-NC-4.0", "mit").allowed
    (True, False)
    >>> fit("gpl-2.0-or-later", "gpl-3.0").allowed, fit("gpl-2.0-only", "gpl-3.0").allowed
    (True, False)
    """
    given, taken = choices(source), choices(release)
    chosen = (_best(_worst(_best(_fit(one, to) for to in goal) for one in each) for each in given) for goal in taken)
    return _worst(chosen)


def _best(found: Iterable[Fit]) -> Fit:
    """The first that is allowed, else one that nobody knows of, else the first."""
    return min(found, key=lambda one: (True, None, False).index(one.allowed))


def _worst(found: Iterable[Fit]) -> Fit:
    """The first that is forbidden, else one that nobody knows of, else the first."""
    return min(found, key=lambda one: (False, None, True).index(one.allowed))


def _fit(source: str, release: str) -> Fit:
    """As `fit`, of one licence and another."""
    old, new = licence(source), licence(release)
    if old is None:
        return Fit(None, "is not in the table of licences")
    if new is None:
        return Fit(None, f"cannot be compared with {release}, which is not in the table of licences")
    asks = old.family.asks
    if "no-derivatives" in asks:
        return Fit(False, "lets nothing be shared that was made from it")
    if "non-commercial" in asks - new.family.asks:
        return Fit(False, f"forbids commercial use, which {release} allows")
    if "same-terms" in asks:
        return _same_terms(old, new, release)
    if "credit" in asks - new.family.asks:
        return Fit(False, f"asks for credit, which {release} does not")
    return Fit(True)


def _same_terms(old: Licence, new: Licence, release: str) -> Fit:
    """As `fit`, of a source that asks for its own terms."""
    if old.id == new.id:
        if old.version == new.version and (old.later or not new.later):
            return Fit(True)
        if not old.version or not new.version:
            return Fit(None, f"names no version to compare with {release}, or the other way round")
        goes_on = old.later or (old.family.later is not None and old.family.later <= old.version)
        if goes_on and old.version < new.version:
            return Fit(True)
    steps = [to for since, to in old.family.onward if old.version >= since or old.later]
    targets = [licence(one) for one in (steps[-1] if steps else ())]
    return Fit(True) if new in targets else Fit(False, f"asks for its own terms, not {release}")
