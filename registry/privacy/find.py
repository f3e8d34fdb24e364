"""Personal data in one text: every kind is looked for, what overlaps belongs to the first kind of the list.

>>> [(found.kind, found.masked) for found in find("주민번호 900101-1234567, hong@example.com")]
[('resident-number', '90****-*******'), ('email', 'h***@***.com')]
>>> find("주문번호 2024011512345678, 2024-01-15, v1.2.3.4, 12,000원")
[]
>>> [found.kind for found in find("301-0123-4567-89", label="계좌번호")]
['bank-account']
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache

from registry.privacy import accounts, contacts, network, persons
from registry.privacy.recogniser import Hit, Kind, Strength
from registry.privacy.seen import disguises, see

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        network.SECRET,
        contacts.EMAIL,
        accounts.IBAN,
        persons.RESIDENT,
        persons.FOREIGNER,
        accounts.CARD,
        contacts.PHONE,
        persons.BUSINESS,
        persons.SOCIAL,
        persons.LICENCE,
        persons.PASSPORT,
        accounts.BANK,
        network.IP,
        network.URL,
    )
}
USUAL = tuple(name for name, kind in KINDS.items() if not kind.stated)
RULES = 2  # raised when a text may be judged otherwise: what was found before is then looked for again
NEAR, AFTER = 48, 24  # characters before and after, within which a word says what a number is
CLOSE = 16  # characters between such a word and a number that it must come right before
# Words that say that a number is something else, if they come right before it.
_OTHER = re.compile(
    r"(?i)(?:주문|송장|운송장|접수|예약|상품|제품|품번|모델|시리얼|일련|버전|문서|티켓|(?<![a-z])(?:order|invoice|tracking|shipment|"
    r"booking|product|serial|model|sku|part|item|isbn(?:-1[03])?|issn|doi|lot|version|ver|build|commit|ticket|case|batch|"
    r"ref|timestamp|epoch))[_ ]?(?:번호|코드|no\.?|nr\.?|num(?:ber)?|id|code|\.)?\s*(?:[:=#(]|은|는)?\s*[#(]?\Z"
)


@dataclass(frozen=True, slots=True)
class Finding:
    """Personal data of a kind from `start` to `end` of a text, and what may be shown of it."""

    kind: str
    start: int
    end: int
    masked: str


def find(text: str, kinds: Collection[str] = USUAL, label: str = "") -> list[Finding]:
    """What `text` holds of `kinds`, in order. `label` is what the text is called, such as the name of its column."""
    return list(_found(text, kinds, label, Strength.DOUBTFUL))


def alike(text: str, label: str = "") -> list[Finding]:
    """As `find`, with whatever has the form, proven or not: what a document does not show."""
    return list(_found(text, USUAL, label, Strength.FORM))


def _found(text: str, kinds: Collection[str], label: str, least: Strength) -> Iterator[Finding]:
    seen = see(text)
    composed = _composed(seen.text)
    called = _called(label)
    taken: list[tuple[int, int, Kind]] = []
    for kind in KINDS.values():
        if kind.stated and kind.name not in kinds:
            continue
        if kind.name not in called and not any(search(composed) for search in _gates(kind.name)):
            continue
        for hit in kind.look(seen.text):
            free = all(hit.end <= start or end <= hit.start for start, end, _ in taken)
            if free and hit.strength >= least and _stands(hit, kind, seen.text, label, least):
                taken.append((hit.start, hit.end, kind))
    for start, end, kind in sorted(taken, key=lambda one: one[:2]):
        if kind.name in kinds:
            yield Finding(kind.name, *seen.span(start, end), kind.mask(seen.text[start:end]))


def _stands(hit: Hit, kind: Kind, text: str, label: str, least: Strength) -> bool:
    """Whether a hit counts: sure and not called something else, or called what it is."""
    if least is Strength.FORM and (hit.strength is not Strength.DOUBTFUL or kind.name in HIDDEN):
        return True
    before = text[max(0, hit.start - NEAR) : hit.start]
    if not before.strip() and hit.start < NEAR:
        before = f"{label}: "
    if hit.strength is Strength.SURE and not (kind.contested and _OTHER.search(before)):
        return True
    if hit.close:
        return kind.words.search(_composed(before[-CLOSE:])) is not None
    around = f"{label} {before} {text[hit.end : hit.end + AFTER]}"
    return not _OTHER.search(before) and kind.words.search(_composed(around)) is not None


HIDDEN = frozenset(("resident-number", "foreigner-number", "phone"))  # whose form says enough not to be shown


def _composed(text: str) -> str:
    return text if text.isascii() else unicodedata.normalize("NFC", text)


@cache
def _gates(name: str) -> tuple[Callable[[str], object], ...]:
    return tuple(re.compile(gate).search for gate in KINDS[name].gates)


@lru_cache
def _called(label: str) -> frozenset[str]:
    """The kinds that a label names."""
    return frozenset(name for name, kind in KINDS.items() if kind.words.search(label))


def candidates(kinds: Collection[str], label: str = "") -> str:
    """A pattern of RE2's that is found in every text in which `find` finds something; empty where any text may.

    It is found in other texts too: it says which are worth a look, and nothing else. A column whose
    name says what it holds is looked at as a whole.
    """
    wanted = [kind for kind in KINDS.values() if kind.name in kinds]
    if any(kind.words.search(label) for kind in wanted):
        return ""
    gates = sorted({gate for kind in wanted for gate in kind.gates})
    return "|".join([f"[{disguises()}]", *(f"(?:{gate})" for gate in gates)])
