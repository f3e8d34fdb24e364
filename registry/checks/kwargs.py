"""Arguments of expectations: name, kind, default, and what is wrong with a value.

Core expectations and ours declare their arguments with the same value, so that one loader
validates both before Great Expectations is imported.

>>> share = Kwarg("max_share", "share", "allowed share of rows", default=0)
>>> share.problem(0.5) is None, share.problem(7)
(True, 'a number from 0 to 1')
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from registry.checks.conditions import Comparison, Junction, Nullity, from_gx, parse
from registry.checks.regex import to_re2
from registry.errors import RegistryError
from registry.model.names import Ref
from registry.privacy.terms import TermList

REQUIRED: Any = object()  # the default of an argument that must be given
EXACT = 2**53  # Great Expectations holds bounds as floats: larger integers would change


@dataclass(frozen=True, slots=True)
class Kwarg:
    """One argument. `kind` is a key of `KINDS`; `choices` closes the values of the kinds `choice` and `choices`.

    A default of `REQUIRED` means that it must be given, None that it may be absent.
    """

    name: str
    kind: str
    text: str
    default: Any = None
    choices: tuple[str, ...] = ()

    @property
    def required(self) -> bool:
        """Whether it must be given."""
        return self.default is REQUIRED

    def problem(self, value: Any) -> str | None:
        """What the value should be instead, or None where it is right."""
        if self.kind == "choice":
            return None if value in self.choices else "one of " + ", ".join(self.choices)
        if self.kind == "choices":
            known = _is_names(value) and set(value) <= set(self.choices)
            return None if known else "a list of " + ", ".join(self.choices)
        allowed, fits = KINDS[self.kind]
        return None if fits(value) else allowed


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _is_bound(value: Any) -> bool:
    if isinstance(value, str):
        return _is_date(value)
    return isinstance(value, dt.date) or (_is_number(value) and abs(value) <= EXACT)


def _is_date(text: str) -> bool:
    try:
        dt.datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= EXACT


def _is_target(value: Any) -> bool:
    return _is_count(value) and value > 0


def _is_share(value: Any) -> bool:
    return _is_number(value) and 0 <= value <= 1


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and value != "" and "\0" not in value


def _is_names(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(map(_is_name, value)) and len(set(value)) == len(value)


def _is_references(value: Any) -> bool:
    if not _is_names(value):
        return False
    try:
        return all(Ref.parse(text.partition(":")[0]) and not text.endswith(":") for text in value)
    except RegistryError:
        return False


def _is_set(value: Any) -> bool:
    return isinstance(value, list) and any(item is not None for item in value) and all(map(_is_scalar, value))


def _is_scalar(value: Any) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, (str, int, bool, dt.date, dt.time, type(None)))


def _is_table(value: Any, fits: Callable[[Any], bool]) -> bool:
    """Whether it maps values of a column to what fits; two values of one name (1 and "1") would hide each other."""
    if not isinstance(value, dict) or not value or len(set(map(str, value))) < len(value):
        return False
    return all(isinstance(key, (str, int, float, bool)) and fits(item) for key, item in value.items())


def _is_range(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(map(_is_share, value)) and value[0] <= value[1]


def _is_plan(value: Any) -> bool:
    return _is_table(value, _is_share) and abs(math.fsum(value.values()) - 1) <= 0.01


def _is_list(value: Any) -> bool:
    return isinstance(value, TermList) or _is_name(value)


def _is_regex(value: Any) -> bool:
    return isinstance(value, str) and value != ""


def is_condition(value: Any) -> bool:
    """Whether `value` is a condition: read already, or in text, or as Great Expectations writes it."""
    if isinstance(value, (Comparison, Nullity, Junction)):
        return True
    try:
        if isinstance(value, str):
            parse(value)
        else:
            from_gx(value)
    except (ValueError, AttributeError):
        return False
    return True


KINDS: Mapping[str, tuple[str, Callable[[Any], bool]]] = {
    "column": ("the name of a column", _is_name),
    "columns": ("a list of different column names", _is_names),
    "some columns": ("the name of a column, or a list of different ones", lambda v: _is_name(v) or _is_names(v)),
    "names": ("a list of different names", _is_names),
    "number": ("a number", _is_number),
    "bound": ("a number up to 2^53, or a date such as 2024-01-31", _is_bound),
    "amount": ("a number from 0", lambda value: _is_number(value) and value >= 0),
    "float": ("a number up to 2^53", lambda value: _is_number(value) and abs(value) <= EXACT),
    "coefficient": ("a number from -1 to 1", lambda value: _is_number(value) and abs(value) <= 1),
    "count": ("a whole number from 0", _is_count),
    "whole": ("a whole number from 1", _is_target),
    "share": ("a number from 0 to 1", _is_share),
    "mostly": ("a number above 0, up to 1", lambda value: _is_share(value) and value > 0),
    "ratio": ("a number from 1", lambda value: _is_number(value) and value >= 1),
    "flag": ("true or false", lambda value: isinstance(value, bool)),
    "achievement": ("a number above 0", lambda value: _is_number(value) and value > 0),
    "ranges": ("a mapping of splits to [least, greatest] share", lambda value: _is_table(value, _is_range)),
    "targets": ("a mapping of values to whole numbers above 0", lambda value: _is_table(value, _is_target)),
    "plan": ("a mapping of values to shares that add up to 1", _is_plan),
    "references": ("a list of different releases, as NAME@SPEC or NAME@SPEC:SPLIT", _is_references),
    "set": ("a list of values that is not empty", _is_set),
    "list": ("the path of a file in the workspace", _is_list),
    "regex": ("a regular expression", _is_regex),
    "condition": ('a condition such as col("split") == "test"', is_condition),
    "parser": ("great_expectations (supplied; leave it out)", lambda value: value == "great_expectations"),
}


def regex_problem(pattern: str) -> str | None:
    """Why a pattern has no equal in DuckDB's engine, or None."""
    try:
        to_re2(pattern)
    except ValueError as error:
        return str(error)
    return None
