"""What was promised to others, as checks: licences of the sources, and days until which consent and retention hold.

They hang on the card and on the day, not on the data: evidence that is remembered holds none of them, and
`--as-of` is the only clock, as for waivers.

>>> from registry.model.process import Process
>>> held = Declared(fields={"license": "mit"}, process=Process(
...     {"consent": {"until": "2027-12-31"}}, ({"name": "위키", "license": "cc-by-sa-4.0"},)))
>>> [(check.id, check.status) for check in terms(held, "", date(2027, 12, 31))]
[('terms:source-licences', 'fail'), ('terms:consent', 'pass')]
>>> terms(held, "", date(2028, 1, 1))[1].message
'consent ended on 2027-12-31'
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date

from registry.model.evidence import MAX_SAMPLES, Check
from registry.model.facts import Declared
from registry.versions.licenses import Fit, fit

TYPE = "terms"
LICENCE, SOURCES = "terms:licence", "terms:source-licences"
IDS = (LICENCE, SOURCES, "terms:consent", "terms:retention")
ENDS = {"consent": "consent ended on {day}", "retention": "the data was to be kept until {day}"}
TOLD = 3  # sources named in the message; further ones stand in the samples


def terms(declared: Declared, schema_license: str, as_of: date) -> list[Check]:
    """The checks of what a card declares; none for what it does not declare."""
    release = declared.terms or schema_license
    return [*_licence(declared, schema_license), *_licences(declared, release), *_days(declared, as_of)]


def other_licence(declared: Declared, schema_license: str) -> str:
    """How the card and the schema contradict each other about the licence; empty where they do not."""
    card, ours = declared.text("license"), schema_license.strip()
    if not card or not ours or ours.lower() in (card, declared.text("license_name").strip().lower()):
        return ""
    return f"the card says {card}, the schema {schema_license}"


def _licence(declared: Declared, schema_license: str) -> Iterator[Check]:
    if declared.text("license") and schema_license.strip():
        said = other_licence(declared, schema_license)
        yield Check(
            id=LICENCE,
            type=TYPE,
            status="fail" if said else "pass",
            total=1,
            unexpected=int(bool(said)),
            message=said,
            arguments={"license": declared.terms},
        )


def _licences(declared: Declared, release: str) -> Iterator[Check]:
    sources = declared.process.sources
    if not sources:
        return
    found = [(source, _fit(source, release)) for source in sources]
    broken = [pair for pair in found if pair[1].allowed is False]
    unknown = [pair for pair in found if pair[1].allowed is None]
    told = broken or unknown
    more = f"; and {len(told) - TOLD} more" if len(told) > TOLD else ""
    counts = {"allowed": len(found) - len(broken) - len(unknown), "forbidden": len(broken), "unknown": len(unknown)}
    yield Check(
        id=SOURCES,
        type=TYPE,
        status="fail" if broken else "not_measured" if unknown else "pass",
        total=len(found),
        unexpected=len(broken),
        observed=counts,
        samples=tuple({"source": _named(source), "why": answer.reason} for source, answer in told[TOLD:][:MAX_SAMPLES]),
        message="; ".join(f"{_named(source)} {answer.reason}" for source, answer in told[:TOLD]) + more,
        arguments={"license": release or None},
    )


def _fit(source: Mapping[str, str], release: str) -> Fit:
    if not release:
        return Fit(None, "cannot be compared: the release declares no licence")
    return fit(source["license"], release) if "license" in source else Fit(None, "declares no licence")


def _named(source: Mapping[str, str]) -> str:
    version = f" {source['version']}" if "version" in source else ""
    terms_of = f" ({source['license']})" if "license" in source else ""
    return f"`{source['name']}{version}`{terms_of}"


def _days(declared: Declared, as_of: date) -> Iterator[Check]:
    for record, ended in ENDS.items():
        day = declared.process.day(record)
        if day is not None:
            over = as_of > day
            yield Check(
                id=f"terms:{record}",
                type=TYPE,
                status="fail" if over else "pass",
                total=1,
                unexpected=int(over),
                message=ended.format(day=day.isoformat()) if over else "",
                arguments={"until": day.isoformat()},
            )
