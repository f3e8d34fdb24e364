"""Ways to reach a person: e-mail addresses and telephone numbers.

>>> text = "hong@example.com 010-1234-5678 icon@2x.png lodash@4.17.21 02-123-4567 +44 20 7946 0958"
>>> [text[hit.start:hit.end] for hit in EMAIL.look(text)]
['hong@example.com']
>>> [text[hit.start:hit.end] for hit in PHONE.look(text)]
['010-1234-5678', '02-123-4567', '+44 20 7946 0958']
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from registry.privacy.recogniser import DIGITS, Hit, Kind, Strength, digits_of, either, named, numbers, shape

_LOCAL = re.compile(r"[A-Za-z0-9._%+'-]{1,64}\Z")
_DOMAIN = re.compile(r"@((?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+([A-Za-z]{2,24}))(?![A-Za-z0-9-])")
# Endings of files that are written behind an @ (`icon@2x.png`), and of modules (`@scope/name@next.js`).
_FILES = frozenset(
    ("png", "jpg", "jpeg", "gif", "svg", "webp", "ico", "css", "js", "mjs", "ts", "jsx", "tsx", "json", "map", "py")
)


def _addresses(text: str) -> Iterator[Hit]:
    """RFC 5321, dot-atoms only. `git@host:path` is where a repository lies; `@user@host` is a name on a server."""
    for match in _DOMAIN.finditer(text):
        found = _LOCAL.search(text, max(0, match.start() - 65), match.start())
        local = "" if found is None else found[0].lstrip(".'-%+").rstrip("'")
        if not local or match[2].lower() in _FILES or local.endswith(".") or ".." in local:
            continue
        start = match.start() - len(local)
        if (local == "git" and text.startswith(":", match.end())) or text[start - 1 : start] == "@":
            continue
        yield Hit(start, match.end(), Strength.SURE)


def _address(text: str) -> str:
    """The first letter and the top of the domain.

    >>> _address("hong@mail.example.co.kr")
    'h***@***.kr'
    """
    return f"{text[0]}***@***.{text.rpartition('.')[2]}"


EMAIL = Kind("email", ("e-mail address", "전자우편 주소"), _addresses, _address, ("@",), named("e-?mail", "메일"))

_SEPARATED = r"(?: ?[-.~·/_] ?| )"
_PHONES = named(
    "전화", "연락처", "휴대", "핸드폰", "팩스", "문의", "\\btel", "phone", "\\bcall", "\\bfax", "mobile", "\\bcell",
    "contact", "whatsapp", "☎", "📞",
)  # fmt: skip


def _mobile(match: re.Match[str]) -> Strength | None:
    if set(digits_of(match[0])[-7:]) == {"0"}:
        return None
    separated = match[2] or match[1]
    return Strength.SURE if separated or digits_of(match[0]).startswith("010") else Strength.DOUBTFUL


def _landline(match: re.Match[str]) -> Strength | None:
    if set(digits_of(match[0])[-7:]) == {"0"}:
        return None
    return Strength.SURE if match[1].strip() in ("-", ")", "~") else Strength.DOUBTFUL


def _north_american(match: re.Match[str]) -> Strength | None:
    """Areas and exchanges begin with 2 to 9 and are not N11; 800, 888 … and 900 are no person's (NANP)."""
    digits = digits_of(match[0])[-10:]
    if digits[1:3] == "11" or digits[4:6] == "11" or digits[:3] in _NO_PERSON or digits[1] == "9":
        return None
    return Strength.SURE if match[1] in ("-", ") ", ")", ")-") else Strength.DOUBTFUL


_NO_PERSON = frozenset(("800", "822", "833", "844", "855", "866", "877", "888", "900"))
# Country codes of ITU-T E.164, by their first digits; what follows has four to twelve digits more.
_CODES = re.compile(
    r"1|7|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]|21[1-368]|22[0-9]|23[0-9]|24[0-9]|25[0-8]|26[0-9]|"
    r"29[0179]|35[0-9]|37[0-8]|38[0-35-79]|42[013]|50[0-9]|59[0-9]|67[02-9]|68[0-35-9]|69[0-2]|85[02356]|88[06]|"
    r"96[0-8]|97[0-79]|99[2-68]"
)


def _international(match: re.Match[str]) -> Strength | None:
    digits = digits_of(match[0])
    code = _CODES.match(digits)
    if code is None or not 9 <= len(digits) <= 15 or len(set(digits[-6:])) == 1:
        return None
    if code[0] == "1" and (len(digits) != 11 or digits[1] in "01" or digits[4] in "01"):
        return None
    return Strength.SURE


PHONE = Kind(
    "phone",
    ("telephone number", "전화번호"),
    either(
        numbers(
            rf"(?:(?:\+82[-. ]?|82[-. ])\(?0?\)?|\(?0)1[016789](\)?{_SEPARATED}?)[0-9]{{3,4}}({_SEPARATED}?)[0-9]{{4}}",
            _mobile,
            r"01[016789]|82[-. (]{0,3}0?\)?1",
        ),
        numbers(
            rf"\(?0(?:2|3[1-3]|4[1-4]|5[1-5]|6[1-4]|70|50[2-8]?)(\) ?|{_SEPARATED}?)"
            rf"[0-9]{{3,4}}{_SEPARATED}?[0-9]{{4}}",
            _landline,
            r"0[2-7][0-9]{0,2}[ )~.·/_-]{0,3}[0-9]{3}",
        ),
        numbers(
            r"(?:\+1[-. ]?|1[-. ])?\(?[2-9][0-9]{2}(\)[- ]?|[-. ])[2-9][0-9]{2}[-. ][0-9]{4}",
            _north_american,
            r"[2-9][0-9]{2}[-. )]{1,2}[2-9][0-9]{2}[-. ]",
        ),
        numbers(r"\+(?:[0-9]{1,4})(?:[-. ]?\(?[0-9]{1,5}\)?){1,6}", _international, r"\+[0-9]"),
    ),
    shape(3),
    (DIGITS,),
    _PHONES,
)
