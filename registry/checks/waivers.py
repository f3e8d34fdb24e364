"""Waivers: findings that someone answers for until a day. The only clock of a verdict.

>>> from registry.model.evidence import Check
>>> waiver = Waiver("rows", "known, repaired in 1.3", "kim", dt.date(2026, 1, 31))
>>> found = [Check(id="rows", type="expect_rows_to_be_unique", status="fail")]
>>> apply_waivers(found, (waiver,), dt.date(2026, 1, 31))[0].status
'waived'
>>> apply_waivers(found, (waiver,), dt.date(2026, 2, 1))[0].status
'fail'
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from registry.errors import ConfigError
from registry.model.evidence import Check
from registry.workspace.yamls import Places, load_yaml

FIELDS = ("check_id", "reason", "owner", "expires", "dataset")
NEEDED = ("check_id", "reason", "owner", "expires")


@dataclass(frozen=True, slots=True)
class Waiver:
    """Who answers for a failing check, why, and through which day; `dataset` limits it to one."""

    check_id: str
    reason: str
    owner: str
    expires: dt.date
    dataset: str = ""
    path: str = ""
    line: int = 0

    def to_json(self) -> dict[str, str]:
        """Its entry in the evidence."""
        return {"reason": self.reason, "owner": self.owner, "expires": self.expires.isoformat()}


def load_waivers(path: Path) -> tuple[Waiver, ...]:
    """The waivers of a file, none where it is absent or empty; anything irregular raises `ConfigError`."""
    if not path.exists():
        return ()
    value, places = load_yaml(path)
    entries = value.get("waivers") if isinstance(value, dict) else value
    if entries is None:
        return ()
    if not isinstance(entries, list):
        raise ConfigError(f"{path} is no list of waivers", hint=f"fields of an entry: {', '.join(FIELDS)}")
    base: tuple[Any, ...] = ("waivers",) if isinstance(value, dict) else ()
    found = tuple(_waiver(entry, places, (*base, index)) for index, entry in enumerate(entries))
    seen: dict[tuple[str, str], Waiver] = {}
    for waiver in found:
        other = seen.setdefault((waiver.dataset, waiver.check_id), waiver)
        if other is not waiver:
            raise ConfigError(f"{path}:{waiver.line}: `{waiver.check_id}` is waived at line {other.line} already")
    return found


def _waiver(entry: Any, places: Places, at: tuple[Any, ...]) -> Waiver:
    if not isinstance(entry, dict):
        raise ConfigError(f"{places.at(*at)}: a waiver is a mapping", hint=f"its fields: {', '.join(FIELDS)}")
    for name in entry:
        if name not in FIELDS:
            near = get_close_matches(str(name), FIELDS, n=1)
            why = f"did you mean `{near[0]}`?" if near else f"allowed: {', '.join(FIELDS)}"
            raise ConfigError(f"{places.at(*at, name)}: unknown field `{name}`", why=why)
    for name in NEEDED:
        if entry.get(name) in (None, ""):
            raise ConfigError(f"{places.at(*at)}: a waiver needs `{name}`", hint=f"its fields: {', '.join(FIELDS)}")
    texts = {name: str(entry[name]) for name in ("check_id", "reason", "owner")}
    dataset = str(entry.get("dataset") or "")
    expires = _day(entry["expires"], places.at(*at, "expires"))
    return Waiver(**texts, expires=expires, dataset=dataset, path=places.file, line=places.line(*at, "check_id"))


def _day(value: Any, place: str) -> dt.date:
    if isinstance(value, dt.datetime):
        return value.date()
    if isinstance(value, dt.date):
        return value
    try:
        return dt.date.fromisoformat(str(value))
    except ValueError as error:
        raise ConfigError(f"{place}: {value!r} is no day", why="a day is written 2026-01-31") from error


def apply_waivers(
    checks: Iterable[Check], waivers: Sequence[Waiver], as_of: dt.date, dataset: str = "", *, strict: bool = True
) -> list[Check]:
    """The checks, with those `waived` that failed and whose waiver has not expired on `as_of`.

    A waiver of this dataset goes before one of any dataset, wherever they stand in the file.
    Errors are not waived: what could not be computed is not known. An expired waiver leaves the
    check failing and says so. A waiver of an id that no check has raises `ConfigError`, unless
    `strict` is false (a file of several datasets is checked one dataset at a time).
    """
    known = list(checks)
    general_first = sorted(waivers, key=lambda waiver: bool(waiver.dataset))
    ours = {waiver.check_id: waiver for waiver in general_first if waiver.dataset in ("", dataset) or not dataset}
    if strict:
        _refuse_unknown(ours.values(), [check.id for check in known])
    return [_applied(check, ours.get(check.id), as_of) for check in known]


def _refuse_unknown(waivers: Iterable[Waiver], ids: Sequence[str]) -> None:
    for waiver in waivers:
        if waiver.check_id not in ids:
            near = get_close_matches(waiver.check_id, ids, n=1)
            place = f"{waiver.path}:{waiver.line}: " if waiver.path else ""
            why = f"did you mean `{near[0]}`?" if near else "no check of the suites has this id"
            raise ConfigError(f"{place}a waiver names the unknown check `{waiver.check_id}`", why=why)


def _applied(check: Check, waiver: Waiver | None, as_of: dt.date) -> Check:
    if waiver is None or check.status not in ("fail", "not_measured") or check.type == "data":
        return check  # nobody can answer for data without rows
    if as_of > waiver.expires:
        ended = f"the waiver of {waiver.owner} ended on {waiver.expires.isoformat()}"
        return replace(check, message=f"{check.message}; {ended}" if check.message else ended)
    return replace(check, status="waived", waiver=waiver.to_json())
