"""The quality evaluation: a view of the evidence, never a second source.

`quality_json` is the `registry.quality/1` document; `quality_html` draws it.

>>> from registry.model.evidence import Check, DataFacts, Evidence
>>> check = Check("leak", "expect_splits_to_be_disjoint", "fail", total=10, unexpected=2, threshold={"max_share": 0})
>>> view = measure(check, fail_on="critical")
>>> view["family"], view["measured"]["value"], view["measured"]["high"], view["n"], view["blocks"]
('splits', 2, 0, 10, True)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from registry.model.evidence import STATUSES, Check, Evidence
from registry.model.facts import ReleaseFacts
from registry.reports.diversity import diversity
from registry.reports.html import code, render, value
from registry.reports.learning import agreements_of, curves_of
from registry.reports.measured import failure, group, grouped, measure_for, row, spoken, title_of, varied
from registry.reports.measures import FAMILIES, measure_of
from registry.reports.numbers import share, tidy
from registry.reports.process import PLACE as ATTACHMENTS
from registry.reports.process import lines_of
from registry.reports.readings import reading_of
from registry.reports.shared import page_of, verdict_of
from registry.reports.svg import mark, trend
from registry.reports.targets import targets_of
from registry.reports.text import NONE, Text

FORMAT = "registry.quality/1"
PAST = 11  # earlier releases that are remembered
SAID = 600  # characters shown of what a record says
CHARTS = 4  # measures drawn over releases
DECLARED = ("process", "sources")  # sections of what people state, after all that is measured
_KEY = ("splits", "balance", "labels", "duplicates", "privacy", "sufficiency", "drift")


def quality_json(evidence: Evidence, facts: ReleaseFacts) -> dict[str, Any]:
    """The `registry.quality/1` document: verdict, tally, every measure by family, and what came before.

    `measured` is value and bounds on one scale (`registry.reports.readings`), `targets` the
    planned figures, `n` the units looked at, `unexpected` those outside, `share` their
    quotient, `method` one sentence in English. `history` holds the key figures of earlier
    releases, the oldest first.
    """
    measures = [measure(check, fail_on=evidence.fail_on) for check in evidence.checks]
    return {
        "format": FORMAT,
        "dataset": evidence.dataset,
        "version": facts.version,
        "previous": facts.previous,
        "date": facts.date,
        "released_by": facts.released_by,
        "verdict": evidence.verdict,
        "fail_on": evidence.fail_on,
        "data": evidence.data.to_json(),
        "missing_share": facts.profile["missing"]["share"],
        "repeated_share": facts.profile["duplicates"]["share"],
        "ruleset": {"sha256": evidence.ruleset},
        "references": dict(evidence.references),
        "engine": evidence.engine,
        "pointer": evidence.pointer,
        "tally": {status: sum(m["status"] == status for m in measures) for status in STATUSES},
        "families": [
            {"family": family, "measures": [m for m in measures if m["family"] == family]}
            for family in FAMILIES
            if any(m["family"] == family for m in measures)
        ],
        "history": [dict(entry) for entry in facts.history],
        "process": facts.declared.process.to_json() if facts.declared.process else None,
    }


def measure(check: Check, *, fail_on: str) -> dict[str, Any]:
    """One check as a measure."""
    known, reading = measure_of(check.type, check.id, check.arguments), reading_of(check)
    return {
        "id": check.id,
        "type": check.type,
        "family": known.family,
        "name": known.name[0],
        "status": check.status,
        "severity": check.severity,
        "blocks": check.blocks(fail_on),
        "columns": list(check.columns),
        "measured": reading.to_json() if reading else None,
        "targets": [
            {"value": t.value, "planned": t.planned, "result": t.result, "achievement": t.achievement, "met": t.met}
            | {"unit": t.unit}
            for t in targets_of(check)
        ],
        "observed": _plain(check.observed),
        "limit": _plain(check.threshold),
        "arguments": _plain(check.arguments),
        "n": check.total,
        "unexpected": check.unexpected,
        "share": share(check.unexpected, check.total) if check.unexpected is not None and check.total else None,
        "method": known.method[0],
        "message": check.message,
        "samples": [_plain(sample) for sample in check.samples],
        "waiver": dict(check.waiver) if check.waiver else None,
    }


def remembered(document: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    """The history that the release after the one of `document` (its `quality.json`) tells: at most 11 releases."""
    measures = [m for family in document.get("families", ()) for m in family["measures"]]
    entry = {
        "version": document.get("version"),
        "rows": document["data"]["rows"],
        "missing_share": document.get("missing_share"),
        "repeated_share": document.get("repeated_share"),
        "measures": {m["id"]: (m.get("measured") or {}).get("value") for m in measures},
    }
    return (*document.get("history", ()), entry)[-PAST:]


def _plain(found: Any) -> Any:
    """A JSON value with its floats at 10 significant digits, and its keys in order: remembered evidence has them so."""
    if isinstance(found, Mapping):
        return {str(key): _plain(found[key]) for key in sorted(found, key=str)}
    if isinstance(found, list | tuple):
        return [_plain(item) for item in found]
    return tidy(found)


def quality_html(facts: ReleaseFacts, lang: str) -> str:
    """The quality evaluation of `facts.evidence` in `lang` (`en` or `ko`), as HTML text."""
    text, evidence = Text(lang), facts.evidence
    document = quality_json(evidence, facts) if evidence else None
    families = (
        [_family(family, facts, number, text) for number, family in enumerate(document["families"])] if document else []
    )
    measures = [m for family in document["families"] for m in family["measures"]] if document else []
    verdict = verdict_of(evidence, text)
    parts = {
        "blocks": [failure(m, facts.name, text) for m in measures if m["blocks"] and m["status"] != "not_measured"],
        "fails": [
            failure(m, facts.name, text) for m in measures if m["status"] in ("fail", "error") and not m["blocks"]
        ],
        "waived": [failure(m, facts.name, text) for m in measures if m["status"] == "waived"],
        "unmeasured": [r for f in families for r in f["rows"] if r["status"] in ("not_measured", "not_applicable")],
        "targets": [line for m in measures for line in _targets(m, text)],
        "curves": curves_of(measures, text),
        "agreements": agreements_of(measures, text),
        "history": _history(document, text) if document else None,
        "process": _process(facts, text),
        "sources": _sources(facts, text),
    }
    return render(
        "quality.html.j2",
        text,
        page=page_of(facts, text, "quality", verdict.title, _sections(text, parts)),
        verdict=verdict,
        cover=_cover(facts, text),
        families=families,
        digests=_digests(evidence, text) if evidence else [],
        statuses=[(mark(s), text(f"status.{s}"), text(f"q.mark.{s}")) for s in STATUSES],
        mark=mark,
        diversity=diversity(facts.profile, text),
        **parts,
    )


def _sections(text: Text, parts: Mapping[str, Any]) -> list[tuple[str, Any]]:
    known = [(name, text(f"q.{name}")) for name in parts if parts[name]]
    before, after = ([entry for entry in known if (entry[0] in DECLARED) is late] for late in (False, True))
    sections = [("glance", text("q.glance")), *before, ("measures", text("q.measures")), *after]
    sections.insert(len(sections) - len(after), ("diversity", text("nav.diversity")))
    return [*sections, ("marks", text("q.marks")), ("digests", text("q.digests"))]


def _family(family: Mapping[str, Any], facts: ReleaseFacts, number: int, text: Text) -> dict[str, Any]:
    measures = family["measures"]
    passed = sum(m["status"] == "pass" for m in measures)
    rows = [
        group(together, f"{number}-{place}", text)
        if len(together) > 1
        else row(together[0], f"{number}-{place}", _past(together[0]["id"], facts), text)
        for place, together in enumerate(grouped(measures))
    ]
    return {
        "name": text(f"family.{family['family']}"),
        "tally": text("q.family.tally", passed=passed, total=len(measures)),
        "rows": rows,
    }


def _past(check: str, facts: ReleaseFacts) -> list[Any]:
    return [entry["measures"].get(check) for entry in facts.history]


def _cover(facts: ReleaseFacts, text: Text) -> list[tuple[Any, Any, Any]]:
    """What was judged, of which version, when and by whom."""
    previous = text("fact.previous", version=facts.previous) if facts.previous else text("fact.first")
    number = value(facts.version) if facts.version else text("unreleased")
    checks = len(facts.evidence.checks) if facts.evidence else 0
    splits = text.n("splits", len(facts.splits))
    return [
        (text("cover.version"), number, previous),
        (text("fact.rows"), text.count(facts.rows), splits),
        (text("cover.checks"), text.count(checks), ""),
        (text("cover.date"), value(facts.date) if facts.date else NONE, text("cover.date.sub")),
        (text("cover.by"), value(_person(facts.released_by), 60) if facts.released_by else NONE, ""),
        (text("cover.license"), value(facts.license_id, 60) if facts.license_id else text("not-declared"), ""),
    ]


def _person(signature: str) -> str:
    """The name in `Name <address>`."""
    return signature.partition(" <")[0] or signature


def _targets(found: Mapping[str, Any], text: Text) -> list[dict[str, Any]]:
    """The lines of the table of planned figures."""
    return [
        {
            "name": title_of(found, text),
            "value": code(t["value"]) if t["value"] else "",
            "planned": spoken(t["planned"], t["unit"], text),
            "result": spoken(t["result"], t["unit"], text),
            "achievement": text.percent(t["achievement"]),
            "mark": mark("pass" if t["met"] else "fail"),
            "word": text("status.pass" if t["met"] else "status.fail"),
        }
        for t in found["targets"]
    ]


def _history(document: Mapping[str, Any], text: Text) -> dict[str, Any] | None:
    """Up to four key figures over releases; None for the first one."""
    past = document["history"]
    if not past:
        return None
    charts = [
        _chart(text("fact.rows"), [e["rows"] for e in past], document["data"]["rows"], "rows", text),
        _chart(text("fact.missing"), [e["missing_share"] for e in past], document["missing_share"], "share", text),
    ]
    measures = [m for f in _KEY for family in document["families"] if family["family"] == f for m in family["measures"]]
    known = {m["id"]: [e["measures"].get(m["id"]) for e in past] for m in measures if m["measured"]}
    # What moved is drawn before what stayed.
    measures = sorted(
        (m for m in measures if m["measured"]), key=lambda m: not varied([*known[m["id"]], m["measured"]["value"]])
    )
    for m in measures:
        values = known[m["id"]]
        if any(v is not None for v in values) and len(charts) < CHARTS:
            name = value(text.pick(measure_for(m).name))
            charts.append(_chart(name, values, m["measured"]["value"], m["measured"]["unit"], text, m["status"]))
    return {
        "charts": charts,
        "first": value(past[0]["version"] or ""),
        "last": value(document["version"]) if document["version"] else text("unreleased"),
    }


def _chart(name: Any, past: Sequence[Any], now: Any, unit: str, text: Text, status: str = "") -> dict[str, Any]:
    before = past[-1]
    return {
        "name": name,
        "value": spoken(now, unit, text),
        "before": text("history.before", value=spoken(before, unit, text)),
        "line": trend([*past, now], status, width="100%", height=56),
    }


def _process(facts: ReleaseFacts, text: Text) -> list[dict[str, Any]]:
    """What people recorded, a line a record; those left open say so."""
    return [
        {
            "name": line.name,
            "parts": [(key, value(said, SAID)) for key, said in line.parts],
            "file": code(f"{ATTACHMENTS}/{line.attachment.path}") if line.attachment else "",
            "sha256": line.attachment.sha256[:12] if line.attachment else "",
        }
        for line in lines_of(facts.declared.process, text)
    ]


def _sources(facts: ReleaseFacts, text: Text) -> list[list[Any]]:
    """The sources, a row each; what is left open stays a dash."""
    return [
        [value(source[key], 80) if key in source else NONE for key in ("name", "version", "license", "digest")]
        for source in facts.declared.process.sources
    ]


def _digests(evidence: Evidence, text: Text) -> Sequence[tuple[Any, Any]]:
    rows: list[tuple[Any, Any]] = [
        (text("fact.rows"), text.count(evidence.data.rows)),
        (text("fact.size"), f"{text.size(evidence.data.bytes)} · {text.n('files', evidence.data.files)}"),
        (text("q.digest.data"), code_long(evidence.data.sha256)),
        (text("q.digest.ruleset"), code_long(evidence.ruleset)),
        (text("q.digest.gate"), text(f"severity.{evidence.fail_on}")),
        (text("q.digest.engine"), code(evidence.engine)),
        (text("q.digest.pointer"), text(f"q.pointer.{evidence.pointer}")),
    ]
    references = [f"{name} {digest}" for name, digest in sorted(evidence.references.items())]
    return [*rows, *((text("q.digest.references"), code_long(line)) for line in references)]


def code_long(digest: str) -> Markup:
    """A digest in full."""
    return Markup("<code>{}</code>").format(value(digest, 200))
