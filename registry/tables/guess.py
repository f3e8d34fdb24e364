"""Types of columns whose values are text: guessed only where nothing can be lost.

A column is a number, a boolean, a date or a timestamp only if every value is written in
a usual form of one; all else stays text. So `01234`, `+1`, `NA` and `yes` stay what they
are, and `1e5` where no value of the column has a decimal point.

>>> import pyarrow as pa
>>> [str(Guess().seeing(pa.array(v)).type) for v in (["1", None], ["01"], ["1", "2.5"], ["true"], ["2024-02-30"])]
['int64', 'string', 'double', 'bool', 'string']
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

_INTEGER = r"(?:0|-?[1-9][0-9]{0,18})"
# Python writes 1e-05, JavaScript 1e-8, Java 1.5E-8, SQL .5; a column is one of numbers if any has a point.
_NUMBER = r"-?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?"
_DIGITS = 17  # significant ones that any double can tell apart
_DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_TIME = r"[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?"
FORMS = {
    "int64": _INTEGER,
    "double": _NUMBER,
    "bool": "true|false|True|False",
    "date32": _DAY,
    "timestamp[us]": _DAY + _TIME,
    "timestamp[us, tz=UTC]": _DAY + _TIME + r"(?:Z|[+-][0-9]{2}:[0-9]{2})",
}  # in order of preference
_MUST_PARSE = ("int64", "date32", "timestamp[us]", "timestamp[us, tz=UTC]")


@dataclass(frozen=True, slots=True)
class Guess:
    """What all values seen so far can be; `point` says that one has a decimal point."""

    kinds: frozenset[str] = frozenset(FORMS)
    seen: bool = False
    point: bool = False

    def seeing(self, values: pa.Array) -> Guess:
        """The guess after more values: an Arrow array of strings, nulls passed over."""
        values = values.drop_null()
        if not len(values):
            return self
        kinds = frozenset(kind for kind in self.kinds if _all_are(kind, values))
        return Guess(kinds, True, self.point or ("double" in kinds and _any_matches(values, r"\.")))

    def joined(self, other: Guess) -> Guess:
        """The guess for the values of both."""
        return Guess(self.kinds & other.kinds, self.seen or other.seen, self.point or other.point)

    @property
    def type(self) -> pa.DataType:
        """The Arrow type; text where nothing was seen or nothing fits."""
        from registry.tables.types import parse_type

        fitting = [kind for kind in FORMS if kind in self.kinds and (kind != "double" or self.point)]
        return parse_type(fitting[0] if fitting and self.seen else "string")


def _all_are(kind: str, values: pa.Array) -> bool:
    import pyarrow as pa
    import pyarrow.compute as pc

    from registry.tables.types import parse_type

    if not pc.all(pc.match_substring_regex(values, rf"\A(?:{FORMS[kind]})\z")).as_py():
        return False
    if kind == "double":
        return _significant_digits(values) <= _DIGITS and _are_finite(values)
    if kind in _MUST_PARSE:
        try:
            values.cast(parse_type(kind))
        except pa.ArrowInvalid:
            return False
    return True


def _significant_digits(values: pa.Array) -> int:
    """The most that any of the numbers has."""
    import pyarrow.compute as pc

    digits = pc.replace_substring_regex(values, r"[eE].*\z|[^0-9]", "")
    return int(pc.max(pc.utf8_length(pc.utf8_ltrim(digits, "0"))).as_py())


def _are_finite(values: pa.Array) -> bool:
    """Whether no exponent leads beyond the largest double, or so near to 0 that it becomes 0."""
    import pyarrow as pa
    import pyarrow.compute as pc

    powers = values.filter(pc.match_substring_regex(values, "[eE]"))
    numbers = powers.cast(pa.float64())
    lost = pc.and_(pc.equal(numbers, 0.0), pc.match_substring_regex(powers, r"\A[^eE]*[1-9]"))
    return bool(pc.all(pc.is_finite(numbers)).as_py() is not False and not pc.any(lost).as_py())


def _any_matches(values: pa.Array, pattern: str) -> bool:
    import pyarrow.compute as pc

    return bool(pc.any(pc.match_substring_regex(values, pattern)).as_py())
