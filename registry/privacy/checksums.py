"""Check digits: what tells an identifier from a number that only looks like one.

>>> luhn("4111111111111111"), business("1248100998"), iban("GB29NWBK60161331926819")
(True, True, True)
>>> resident("9001011234568"), resident("9001011234567"), foreigner("9001015234563")
(True, False, False)
"""

from __future__ import annotations

from datetime import date

RESIDENT = (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)
BUSINESS = (1, 3, 7, 1, 3, 7, 1, 3)
MRZ = (7, 3, 1)
WITHOUT_CHECK = date(2020, 10, 1)  # from here on the last six digits of a new Korean number are random
LATEST = date(2035, 12, 31)  # of a birth: what is later is no date of birth (no clock decides it)
IBAN_LENGTHS = {
    "AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BR": 29, "BY": 28,
    "CH": 21, "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "DO": 28, "EE": 20, "EG": 29, "ES": 24, "FI": 18,
    "FO": 18, "FR": 27, "GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27, "GT": 28, "HR": 21, "HU": 28, "IE": 22,
    "IL": 23, "IQ": 23, "IS": 26, "IT": 27, "JO": 30, "KW": 30, "KZ": 20, "LB": 28, "LC": 32, "LI": 21, "LT": 20,
    "LU": 20, "LV": 21, "LY": 25, "MC": 27, "MD": 24, "ME": 22, "MK": 19, "MR": 27, "MT": 31, "MU": 30, "NL": 18,
    "NO": 15, "PK": 24, "PL": 28, "PS": 29, "PT": 25, "QA": 29, "RO": 24, "RS": 22, "SA": 24, "SC": 31, "SE": 24,
    "SI": 19, "SK": 24, "SM": 27, "ST": 25, "SV": 28, "TL": 23, "TN": 24, "TR": 26, "UA": 29, "VA": 22, "VG": 24,
    "XK": 20,
}  # fmt: skip


def luhn(digits: str) -> bool:
    """ISO/IEC 7812-1, annex B: every second digit from the right doubled, the sum a multiple of ten."""
    doubled = (sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    return (sum(map(int, digits[::-2])) + sum(doubled)) % 10 == 0


def resident(digits: str) -> bool:
    """The thirteenth digit of a Korean resident registration number (rules of the Resident Registration Act)."""
    return (11 - _weighted(digits, RESIDENT) % 11) % 10 == int(digits[12])


def foreigner(digits: str) -> bool:
    """The thirteenth digit of a Korean foreigner registration number: that of a resident's, and two."""
    return (13 - _weighted(digits, RESIDENT) % 11) % 10 == int(digits[12])


def birth(digits: str) -> date | None:
    """The date of birth that a Korean registration number begins with; None where there is no such day.

    The seventh digit tells the century: 1, 2 (foreigners 5, 6) for 19xx, 3, 4 (7, 8) for 20xx.
    """
    century = {"1": 1900, "2": 1900, "5": 1900, "6": 1900, "3": 2000, "4": 2000, "7": 2000, "8": 2000}.get(digits[6])
    if century is None:
        return None
    try:
        day = date(century + int(digits[:2]), int(digits[2:4]), int(digits[4:6]))
    except ValueError:
        return None
    return day if day <= LATEST else None


def business(digits: str) -> bool:
    """The tenth digit of a Korean business registration number (National Tax Service)."""
    total = _weighted(digits, BUSINESS) + sum(divmod(5 * int(digits[8]), 10))
    return digits[:3] != "000" and (10 - total % 10) % 10 == int(digits[9])


def iban(compact: str) -> bool:
    """ISO 13616: the length of its country, and the remainder 1 of ISO 7064 (mod 97-10)."""
    if IBAN_LENGTHS.get(compact[:2]) != len(compact):
        return False
    return int("".join(str(int(char, 36)) for char in compact[4:] + compact[:4])) % 97 == 1


def mrz(field: str, check: str) -> bool:
    """A check digit of a machine-readable passport (ICAO Doc 9303, part 3, 4.9).

    >>> mrz("L898902C3", "6"), mrz("740812", "2")
    (True, True)
    """
    values = (0 if char == "<" else int(char, 36) for char in field)
    return sum(value * MRZ[at % 3] for at, value in enumerate(values)) % 10 == int(check)


def ean(digits: str) -> bool:
    """The thirteenth digit of a bar code or ISBN (GS1): digits weigh one and three in turn."""
    return sum(int(digit) * (3 if at % 2 else 1) for at, digit in enumerate(digits)) % 10 == 0


def _weighted(digits: str, weights: tuple[int, ...]) -> int:
    return sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=False))
