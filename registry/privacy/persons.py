"""Numbers that a state gives to persons and firms: Korean registration numbers, passports, licences, US SSN.

>>> [hit.strength.name for hit in RESIDENT.look("900101-1234568, 900101-1234567, 901301-1234567")]
['SURE', 'DOUBTFUL']
>>> [hit.strength.name for hit in BUSINESS.look("124-81-00998 1248100998 124-81-00999")]
['SURE', 'DOUBTFUL']
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from registry.privacy import checksums
from registry.privacy.recogniser import (
    Hit,
    Kind,
    Strength,
    always,
    digits_of,
    either,
    named,
    numbers,
    shape,
    spelt,
)

_DAY_FIRST = re.compile(r"(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])")
_GROUP = r"( ?[-~.] ?| )?"


def _registered(check: Callable[[str], bool]) -> Callable[[re.Match[str]], Strength | None]:
    """With its check digit, or born when there was none any more, a number counts; else beside a word.

    Thirteen digits without a separator are also moments in milliseconds, bar codes, and numbers
    that begin with a date: those need the word.
    """

    def judge(match: re.Match[str]) -> Strength | None:
        digits = digits_of(match[0])
        born = checksums.birth(digits)
        if born is None:
            return None
        bare = not match[1]
        if check(digits):
            other = digits[0] == "1" or _DAY_FIRST.match(digits) or _is_bar_code(digits)
            return Strength.DOUBTFUL if bare and other else Strength.SURE
        return Strength.SURE if born >= checksums.WITHOUT_CHECK and not bare else Strength.DOUBTFUL

    return judge


def _is_bar_code(digits: str) -> bool:
    """Of Korean goods (880), or an ISBN."""
    return digits.startswith(("880", "978", "979")) and checksums.ean(digits)


_PERSON = named("주민", "등록\\s?번호", "resident", "\\brrn\\b", "생년월일", "본인\\s?확인", "jumin")
_ALIEN = named("외국인", "등록\\s?번호", "foreigner", "alien", "\\bfrn\\b", "\\barc\\b", "거소")

RESIDENT = Kind(
    "resident-number",
    ("Korean resident registration number", "주민등록번호"),
    numbers(rf"[0-9]{{6}}{_GROUP}[1-4][0-9]{{6}}", _registered(checksums.resident)),
    shape(2),
    (r"[0-9]{6}[ .~-]{0,3}[1-4][0-9]{6}",),
    _PERSON,
    contested=True,
)
FOREIGNER = Kind(
    "foreigner-number",
    ("Korean foreigner registration number", "외국인등록번호"),
    numbers(rf"[0-9]{{6}}{_GROUP}[5-8][0-9]{{6}}", _registered(checksums.foreigner)),
    shape(2),
    (r"[0-9]{6}[ .~-]{0,3}[5-8][0-9]{6}",),
    _ALIEN,
    contested=True,
)


def _business(match: re.Match[str]) -> Strength | None:
    if not checksums.business(digits_of(match[0])):
        return None
    return Strength.SURE if match[1].strip() else Strength.DOUBTFUL


BUSINESS = Kind(
    "business-number",
    ("Korean business registration number", "사업자등록번호"),
    numbers(r"[0-9]{3}( ?- ?| ?)[0-9]{2}\1[0-9]{5}", _business),
    shape(3),
    (r"[0-9]{3}[ -]{0,3}[0-9]{2}[ -]{0,3}[0-9]{5}",),
    named("사업자", "business", "\\bbrn\\b", "biz"),
    contested=True,
)


def _machine_readable(text: str) -> Iterator[Hit]:
    """The second line of a passport: number, nationality, birth, sex, expiry, each with its check digit."""
    for match in _MRZ.finditer(text):
        number, check, born, born_check, expires, expires_check = match.groups()
        if all(checksums.mrz(*pair) for pair in ((number, check), (born, born_check), (expires, expires_check))):
            yield Hit(match.start(), match.end(), Strength.SURE)


_MRZ = re.compile(
    r"(?<![A-Z0-9<])([A-Z0-9<]{9})([0-9])[A-Z<]{3}([0-9]{6})([0-9])[MFX<]([0-9]{6})([0-9])[A-Z0-9<]{16}(?![A-Z0-9<])"
)
PASSPORT = Kind(
    "passport",
    ("passport number", "여권번호"),
    either(
        _machine_readable,
        numbers(r"(?:[A-Z]{1,2}[0-9]{7,8}|[A-Z][0-9]{3}[A-Z][0-9]{4}|[0-9]{9})", always(Strength.DOUBTFUL)),
    ),
    shape(1),
    (spelt("passport", "여권"), r"[0-9<]{6}[0-9][MFXmfx<][0-9]{7}"),
    named("여권", "passport"),
)

_REGION = "서울|부산|경기|강원|충북|충남|전북|전남|경북|경남|제주|대구|인천|광주|대전|울산"
LICENCE = Kind(
    "driver-licence",
    ("Korean driver's licence number", "운전면허번호"),
    either(
        numbers(r"(?:1[1-9]|2[0-8])-[0-9]{2}-[0-9]{6}-[0-9]{2}", always(Strength.DOUBTFUL)),
        numbers(rf"(?:{_REGION})[ -]?[0-9]{{2}}-[0-9]{{6}}-[0-9]{{2}}", always(Strength.DOUBTFUL)),
        numbers(r"(?:1[1-9]|2[0-8])[0-9]{10}", always(Strength.DOUBTFUL)),
    ),
    shape(2),
    (spelt("면허", "license", "licence", "driver", "운전"),),
    named("면허", "licen[cs]e", "driver", "운전"),
)

_NEVER_GIVEN = frozenset(("078051120", "219099999"))  # printed on cards that came with wallets and in a brochure


def _social(match: re.Match[str]) -> Strength | None:
    """Areas 000, 666 and from 900, group 00 and serial 0000 are not given (SSA, since 2011 at random)."""
    digits = digits_of(match[0])
    area = digits[:3]
    if area in ("000", "666") or area > "899" or digits[3:5] == "00" or digits[5:] == "0000":
        return None
    if digits in _NEVER_GIVEN or len(set(digits)) == 1:
        return None
    return Strength.SURE if match[1] == "-" else Strength.DOUBTFUL


SOCIAL = Kind(
    "us-ssn",
    ("US social security number", "미국 사회보장번호"),
    numbers(r"[0-9]{3}([- ]?)[0-9]{2}\1[0-9]{4}", _social),
    shape(0),
    (r"[0-9]{3}[- ]?[0-9]{2}[- ]?[0-9]{4}",),
    named("\\bssn", "social security", "사회보장"),
    contested=True,
)
