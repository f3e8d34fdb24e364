"""The quality evaluation: a view of the evidence, never a second source.

`quality_json` is the `registry.quality/1` document; `quality_html` draws it.

>>> from registry.model.evidence import Check, DataFacts, Evidence
>>> check = Check("leak", "expect_splits_to_be_disjoint", "fail", total=10, unexpected=2, threshold={"max_share": 0})
>>> view = measure(check, fail_on="critical")
>>> view["family"], view["value"], view["limit"], view["n"], view["blocks"]
('splits', 2, {'max_share': 0}, 10, True)
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from registry.model.evidence import STATUSES, Check, Evidence
from registry.model.facts import ReleaseFacts
from registry.reports.html import code, render, value
from registry.reports.mask import shown
from registry.reports.measures import FAMILIES, measure_of
from registry.reports.numbers import share, tidy
from registry.reports.shared import page_of, verdict_of
from registry.reports.svg import mark, strip
from registry.reports.text import NONE, Text

FORMAT = "registry.quality/1"
EXAMPLES = 5  # samples shown of a failing check
_SIGNS = {"max": "≤", "min": "≥"}
CUT = 160  # characters of one sample


def quality_json(evidence: Evidence, facts: ReleaseFacts) -> dict[str, Any]:
    """The `registry.quality/1` document: verdict, tally, and every measure by family, in order of id.

    `value` is the count of unexpected units, else what was observed; `limit` the
    threshold; `n` the units; `share` their quotient; `method` one sentence in English.
    """
    measures = [measure(check, fail_on=evidence.fail_on) for check in evidence.checks]
    return {
        "format": FORMAT,
        "dataset": evidence.dataset,
        "version": facts.version,
        "verdict": evidence.verdict,
        "fail_on": evidence.fail_on,
        "data": evidence.data.to_json(),
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
    }


def measure(check: Check, *, fail_on: str) -> dict[str, Any]:
    """One check as a measure."""
    known = measure_of(check.type)
    return {
        "id": check.id,
        "type": check.type,
        "family": known.family,
        "name": known.name[0],
        "status": check.status,
        "severity": check.severity,
        "blocks": check.blocks(fail_on),
        "columns": list(check.columns),
        "value": check.unexpected if check.unexpected is not None else _plain(check.observed),
        "limit": _plain(check.threshold),
        "n": check.total,
        "share": share(check.unexpected, check.total) if check.unexpected is not None and check.total else None,
        "method": known.method[0],
        "message": check.message,
        "samples": [_plain(sample) for sample in check.samples],
        "waiver": dict(check.waiver) if check.waiver else None,
    }


def _plain(found: Any) -> Any:
    """A JSON value with its floats at 10 significant digits."""
    if isinstance(found, Mapping):
        return {str(key): _plain(item) for key, item in found.items()}
    if isinstance(found, list | tuple):
        return [_plain(item) for item in found]
    return tidy(found)


def quality_html(facts: ReleaseFacts, lang: str) -> str:
    """The quality evaluation of `facts.evidence` in `lang` (`en` or `ko`), as HTML text."""
    text, evidence = Text(lang), facts.evidence
    document = quality_json(evidence, facts) if evidence else None
    measures = [m for family in document["families"] for m in family["measures"]] if document else []
    rows = {m["id"]: _row(m, number, text) for number, m in enumerate(measures)}
    verdict = verdict_of(evidence, text)
    failing = [m for m in measures if m["blocks"]]
    minor = [m for m in measures if m["status"] in ("fail", "error") and not m["blocks"]]
    waived = [m for m in measures if m["status"] == "waived"]
    unmeasured = [m for m in measures if m["status"] in ("not_measured", "not_applicable")]
    return render(
        "quality.html.j2",
        text,
        page=page_of(facts, text, "quality", verdict.title, _sections(text, failing, minor, waived, unmeasured)),
        verdict=verdict,
        failing=[_failure(m, facts, text) for m in failing],
        minor=[_failure(m, facts, text) for m in minor],
        waived=[_failure(m, facts, text) for m in waived],
        unmeasured=[rows[m["id"]] for m in unmeasured],
        families=[_family(f, rows, text) for f in document["families"]] if document else [],
        digests=_digests(evidence, text) if evidence else [],
        statuses=[(mark(s), text(f"status.{s}"), text(f"q.mark.{s}")) for s in STATUSES],
        mark=mark,
    )


def _sections(text: Text, failing: Any, minor: Any, waived: Any, unmeasured: Any) -> list[tuple[str, Any]]:
    optional = [
        ("blocks", "q.blocks", failing),
        ("fails", "q.fails", minor),
        ("waived", "q.waived", waived),
        ("unmeasured", "q.unmeasured", unmeasured),
    ]
    sections = [("glance", text("q.glance")), *((id_, text(key)) for id_, key, found in optional if found)]
    return [*sections, ("measures", text("q.measures")), ("marks", text("q.marks")), ("digests", text("q.digests"))]


def _family(family: Mapping[str, Any], rows: Mapping[str, Any], text: Text) -> dict[str, Any]:
    measures = family["measures"]
    passed = sum(m["status"] == "pass" for m in measures)
    return {
        "name": text(f"family.{family['family']}"),
        "tally": text("q.family.tally", passed=passed, total=len(measures)),
        "rows": [rows[m["id"]] for m in measures],
    }


def _row(found: Mapping[str, Any], number: int, text: Text) -> dict[str, Any]:
    """A measure as one line: value, limit, strip, n, method."""
    known, status = measure_of(found["type"]), found["status"]
    measured = status not in ("not_measured", "not_applicable")
    about = [text.pick(known.method)] if known.method[0] else []
    about += [text("q.n", n=text.count(found["n"]))] if found["n"] is not None else []
    about += [text(f"severity.{found['severity']}"), code(found["id"])]
    return {
        "anchor": f"m-{number}",
        "status": status,
        "mark": mark(status),
        "word": text(f"status.{status}"),
        "quiet": status in ("pass", "not_applicable"),
        "name": _name(found, text),
        "value": spoken(found["value"], text) if measured else NONE,
        "limit": _limit(found, text),
        "strip": _strip(found) if measured else None,
        "about": Markup(" · ").join(about),
        "message": value(found["message"], 300) if found["message"] else "",
        "reason": value(found["message"], 300) if found["message"] else text("none"),
    }


def _name(found: Mapping[str, Any], text: Text) -> Markup:
    name = value(text.pick(measure_of(found["type"]).name))
    columns = [code(column) for column in found["columns"][:3]]
    return name + Markup(" ") + text.join(columns) if columns else name


def spoken(found: Any, text: Text) -> Markup:
    """A value or limit for people: a number, or `name value` pairs of a mapping."""
    if found is None:
        return Markup("{}").format(NONE)
    if isinstance(found, bool):
        return text("yes" if found else "no")
    if isinstance(found, Mapping):
        return text.join([_bound(str(key), item, text) for key, item in list(found.items())[:4]])
    if isinstance(found, list):
        return text.join([spoken(item, text) for item in found[:4]] + ([Markup("…")] if len(found) > 4 else []))
    return value(text.stat(found), 60) if isinstance(found, int | float) else value(found, 60)


def _bound(key: str, item: Any, text: Text) -> Markup:
    """One entry of a threshold: `max_share: 0.01` as ≤ 1.0%, others with their name."""
    sign, _, what = key.partition("_")
    number = isinstance(item, int | float) and not isinstance(item, bool)
    shown_item = value(text.share(item)) if number and what == "share" else spoken(item, text)
    if number and sign in _SIGNS:
        name = "" if what in ("share", "count", "value") else f"{what.replace('_', ' ')} "
        return Markup("{}{}\u00a0{}").format(value(name, 40) if name else "", _SIGNS[sign], shown_item)
    return Markup("{} {}").format(value(key.replace("_", " "), 40), shown_item)


def _limit(found: Mapping[str, Any], text: Text) -> Markup:
    limit = found["limit"]
    if limit is None or limit == {}:
        return text("q.no-limit")
    return text("q.limit", limit=spoken(limit, text))


def _strip(found: Mapping[str, Any]) -> Markup | None:
    """Drawn where value and limit share a scale: a share against a largest share, a count against a count."""
    limit = found["limit"]
    if not isinstance(limit, Mapping) or len(limit) != 1:
        return None
    (key, bound), css = next(iter(limit.items())), found["status"]
    if not isinstance(bound, int | float) or isinstance(bound, bool):
        return None
    if key == "max_share" and found["share"] is not None:
        return strip(found["share"], bound, css)
    if key == "max_count" and isinstance(found["value"], int):
        return strip(found["value"], bound, css)
    return None


def _failure(found: Mapping[str, Any], facts: ReleaseFacts, text: Text) -> dict[str, Any]:
    known, waiver = measure_of(found["type"]), found["waiver"] or {}
    parts = [_limit(found, text)]
    if found["share"] is not None:
        parts.insert(0, text("q.of", share=text.share(found["share"]), n=text.count(found["n"])))
    samples = found["samples"]
    command = known.mend.format(name=facts.name, id=shlex.quote(found["id"]))
    return {
        "mark": mark(found["status"], size=20),
        "word": text(f"status.{found['status']}"),
        "name": _name(found, text),
        "value": NONE if found["status"] in ("error", "not_measured") else spoken(found["value"], text),
        "about": Markup(" · ").join(parts),
        "message": value(found["message"], 300) if found["message"] else "",
        "consequence": text.pick(known.consequence) if found["status"] != "error" else "",
        "samples": [value(_sample(s), CUT) for s in samples[:EXAMPLES]],
        "cut": text("q.examples.cut", shown=min(EXAMPLES, len(samples)), total=text.count(found["value"]))
        if isinstance(found["value"], int) and found["value"] > len(samples[:EXAMPLES]) and samples
        else "",
        "next": command if found["status"] != "waived" else "",
        "waiver": [
            (text(f"q.{key}"), value(waiver[key], 200)) for key in ("reason", "owner", "expires") if key in waiver
        ],
    }


def _sample(found: Any) -> str:
    """One sample on a line, masked once more."""
    if isinstance(found, Mapping):
        line = "  ".join(f"{key}: {_flat(item)}" for key, item in found.items())
    else:
        line = _flat(found)
    return shown(line, 2000) or ""


def _flat(item: Any) -> str:
    return item if isinstance(item, str) else json.dumps(item, ensure_ascii=False, sort_keys=True)


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
