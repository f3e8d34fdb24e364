"""A judgement as JUnit XML: a suite for each dataset, a case for each check.

What blocks is a failure (an error where it could not be computed); what failed and does not block
passes and says so in its output, as does a case for each grave fact of the change; what was waived or
not measured is skipped.

>>> from registry.model.judgement import Judgement
>>> junit(Judgement(())).splitlines()[1]
'<testsuites name="registry" tests="0" failures="0" errors="0" skipped="0" />'
"""

from __future__ import annotations

import re
from collections import Counter
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from registry.formats.annotations import joined
from registry.formats.findings import Finding, alarms, failures, told
from registry.model.evidence import Check, Evidence
from registry.model.judgement import Judgement, Place

_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0, production 2


def junit(judgement: Judgement) -> str:
    """The document, with an XML declaration."""
    suites = [_suite(judgement, evidence) for evidence in judgement.evidences]
    names = ("tests", "failures", "errors", "skipped")
    totals = {name: str(sum(int(suite.get(name, "0")) for suite in suites)) for name in names}
    root = Element("testsuites", {"name": "registry", **totals})
    root.extend(suites)
    indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def _suite(judgement: Judgement, evidence: Evidence) -> Element:
    found = {one.id: one for one in failures(judgement, evidence)}
    cases = [_alarm(one) for one in alarms(judgement, evidence.dataset)]
    cases += [_check(judgement, evidence, check, found.get(check.id)) for check in evidence.checks]
    counts = Counter(child.tag for case in cases for child in case)
    suite = Element(
        "testsuite",
        {
            "name": _clean(evidence.dataset),
            "tests": str(len(cases)),
            "failures": str(counts["failure"]),
            "errors": str(counts["error"]),
            "skipped": str(counts["skipped"]),
        },
    )
    suite.extend(cases)
    return suite


def _alarm(finding: Finding) -> Element:
    """A grave fact: a case that passes, for the gate lets it pass, and shouts."""
    case = _case(finding.dataset, finding.kind, finding.id, finding.place)
    SubElement(case, "system-out").text = _clean(joined(f"ALARM: {finding.what}", finding.advice))
    return case


def _check(judgement: Judgement, evidence: Evidence, check: Check, finding: Finding | None) -> Element:
    case = _case(evidence.dataset, check.type, check.id, judgement.place(evidence.dataset, check))
    if check.blocks(evidence.fail_on) and finding is not None:
        tag = "error" if check.status == "error" else "failure"
        SubElement(case, tag, {"message": _clean(finding.what), "type": check.severity}).text = _clean(_body(finding))
    elif check.status in ("fail", "error") and finding is not None:
        SubElement(case, "system-out").text = _clean(joined(f"warning: {finding.what}", finding.advice))
    elif check.status not in ("pass", "fail", "error"):
        SubElement(case, "skipped", {"message": _clean(told(check))})
    return case


def _case(dataset: str, kind: str, name: str, place: Place) -> Element:
    names = {"classname": f"{dataset}.{kind}", "name": name, "file": place.path}
    return Element("testcase", {**{key: _clean(value) for key, value in names.items()}, "line": str(place.line)})


def _body(finding: Finding) -> str:
    """Where the rule stands, how many rows, whether that is new, and what to do: what a log shows under the message."""
    rows = f"{finding.rows[0]:,} of {finding.rows[1]:,}" if finding.rows else ""
    counted = f"{rows} ({finding.age})" if rows and finding.age else rows or finding.age
    return joined(f"{finding.place.path}:{finding.place.line}", counted, finding.advice)


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("\ufffd", text)
