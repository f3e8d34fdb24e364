"""What the card of the base promised to others, beside the card of a branch: a promise is not taken back in passing.

Sources and their licences, and the days until which consent and retention hold, are what the checks `terms:…`
judge by. Of two days the earlier one decides, and of sources all of both.

>>> from registry.model.process import Process
>>> def card(day, *sources):
...     return Declared(process=Process({"consent": {"until": day}}, sources))
>>> wiki = {"name": "위키", "license": "cc-by-sa-4.0"}
>>> kept, found = promised(card("2030-01-01"), card("2027-12-31", wiki))
>>> kept.process.day("consent").isoformat(), [source["name"] for source in kept.process.sources]
('2027-12-31', ['위키'])
>>> [what for what, _ in found]
['terms:source-licences', 'terms:consent']
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from registry.cards.terms import ENDS, SOURCES
from registry.model.facts import Declared


def promised(now: Declared, before: Declared) -> tuple[Declared, list[tuple[str, str]]]:
    """The card as it judges, and what was taken back: the check that judges by it, and how, in words."""
    here = {(source["name"], source.get("license")) for source in now.process.sources}
    gone = [source for source in before.process.sources if (source["name"], source.get("license")) not in here]
    found = []
    if gone:
        named = ", ".join(f"{source['name']} ({source.get('license', 'no licence')})" for source in gone)
        found.append((SOURCES, f"the card names no more as sources: {named}"))
    records = dict(now.process.records)
    for record in ENDS:
        day, old = now.process.day(record), before.process.day(record)
        if old is not None and (day is None or day > old):
            records[record] = {**records.get(record, {}), "until": old.isoformat()}
            found.append((f"terms:{record}", f"{record} until {old.isoformat()} → {_told(day)}"))
    process = replace(now.process, records=records, sources=(*now.process.sources, *gone))
    return replace(now, process=process), found


def _told(day: date | None) -> str:
    return "no day" if day is None else day.isoformat()
