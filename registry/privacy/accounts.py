"""Numbers that money goes by: payment cards, IBAN, bank accounts.

>>> text = "4111 1111 1111 1111, 4111 1111 1111 1112, GB29 NWBK 6016 1331 9268 19 and GB30 NWBK 6016 1331 9268 19"
>>> [text[hit.start:hit.end] for hit in IBAN.look(text)]
['GB29 NWBK 6016 1331 9268 19']
>>> [(text[hit.start:hit.end], hit.strength.name) for hit in CARD.look(text)]
[('4111 1111 1111 1111', 'SURE'), ('4111 1111 1111 1112', 'FORM')]
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from registry.privacy import checksums
from registry.privacy.recogniser import Hit, Kind, Strength, digits_of, either, named, numbers, shape, spelt

# First digits and lengths of the schemes (ISO/IEC 7812): Visa, Mastercard, American Express, Discover, JCB,
# Diners Club, UnionPay; 9 is that of Korean domestic cards.
_SCHEMES = re.compile(
    r"(?:4(?:[0-9]{12}|[0-9]{15}|[0-9]{18})|(?:5[1-5]|222[1-9]|22[3-9][0-9]|2[3-6][0-9]{2}|27[01][0-9]|2720)[0-9]*|"
    r"3[47][0-9]{13}|(?:6011|64[4-9]|65)[0-9]*|35(?:2[89]|[3-8][0-9])[0-9]*|3(?:0[0-5]|[68][0-9])[0-9]{11}|62[0-9]*|"
    r"9[0-9]{15})\Z"
)
_GROUPS = re.compile(r"[0-9]{4}([ -])[0-9]{4}\1[0-9]{4}\1[0-9]{1,4}(?:\1[0-9]{3})?|[0-9]{4}([ -])[0-9]{6}\2[0-9]{4,5}")
_CARDS = named("카드", "card", "visa", "master", "amex", "결제", "credit", "debit")


def _card(match: re.Match[str]) -> Strength | None:
    digits = digits_of(match[0])
    grouped = _GROUPS.fullmatch(match[0]) is not None
    if len(set(digits)) == 1 or (not grouped and match[0] != digits):
        return None
    known = _SCHEMES.match(digits) and len(digits) in (13, 14, 15, 16, 19)
    if not (known and checksums.luhn(digits)):
        return Strength.FORM if grouped and len(digits) == 16 else None
    sure = grouped or (len(digits) in (15, 16) and digits[0] != "9")
    return Strength.SURE if sure else Strength.DOUBTFUL


CARD = Kind(
    "card",
    ("payment card number", "카드번호"),
    numbers(r"[0-9](?:[ -]?[0-9]){12,18}", _card),
    shape(4),
    (r"[0-9](?:[ -]?[0-9]){12}",),
    _CARDS,
    contested=True,
)

_IBAN = re.compile(r"(?<![0-9A-Za-z_])[A-Z]{2}[0-9]{2}(?=[ -]?[0-9A-Z]{4})")


def _ibans(text: str) -> Iterator[Hit]:
    """As many letters and digits as the country's numbers have, single spaces and dashes passed over."""
    for match in _IBAN.finditer(text):
        length = checksums.IBAN_LENGTHS.get(match[0][:2], 0)
        compact, at = "", match.start()
        while at < len(text) and len(compact) < length:
            if text[at] in " -" and text[at - 1] not in " -":
                at += 1
            elif text[at].isascii() and text[at].isalnum():
                compact, at = compact + text[at], at + 1
            else:
                break
        whole = at == len(text) or not (text[at].isascii() and text[at].isalnum())
        if length and whole and checksums.iban(compact.upper()):
            yield Hit(match.start(), at, Strength.SURE)


IBAN = Kind(
    "iban", ("IBAN", "국제 계좌번호 (IBAN)"), _ibans, shape(4), (r"[A-Z]{2}[0-9]{2}[ -]?[0-9A-Z]{4}",), named("iban")
)


def _account(match: re.Match[str]) -> Strength | None:
    return Strength.DOUBTFUL if 10 <= len(digits_of(match[0])) <= 14 else None


def _bare(text: str) -> Iterator[Hit]:
    """Digits without a separator, which the word must come right before, and no currency after."""
    for match in _BARE.finditer(text):
        yield Hit(match.start(), match.end(), Strength.DOUBTFUL, close=True)


_BARE = re.compile(r"(?<![0-9A-Za-z_.,])[0-9]{10,14}(?![0-9A-Za-z_]|[-.,][0-9]| ?(?:원|won|달러|KRW|USD))")
BANK = Kind(
    "bank-account",
    ("what looks like a bank account", "계좌번호로 보이는 숫자"),
    either(numbers(r"[0-9]{2,6}(?:-[0-9]{1,7}){2,3}", _account), _bare),
    shape(3),
    (spelt("계좌", "통장", "입금", "송금", "이체", "예금", "은행", "뱅크", "account", "acct", "bank"),),
    named("계좌", "통장", "입금", "송금", "이체", "예금", "은행", "뱅크", "account(?!_?id)", "\\bacct", "\\bbank\\b"),
)
