"""A judgement as JUnit XML: a suite for each dataset, a case for each check.

What blocks is a failure (an error where it could not be computed); what failed and does not block
passes and says so in its output; what was waived or not measured is skipped.

>>> from registry.model.judgement import Judgement
>>> junit(Judgement(())).splitlines()[1]
'<testsuites name="registry" tests="0" failures="0" errors="0" skipped="0" />'
"""

from __future__ import annotations

import re
from collections import Counter
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from registry.model.evidence import Check, Evidence
from registry.model.judgement import Finding, Judgement

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
    cases = [_case(judgement, evidence, check) for check in evidence.checks]
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


def _case(judgement: Judgement, evidence: Evidence, check: Check) -> Element:
    place = judgement.place(evidence.dataset, check)
    names = {"classname": f"{evidence.dataset}.{check.type}", "name": check.id, "file": place.path}
    case = Element("testcase", {**{key: _clean(value) for key, value in names.items()}, "line": str(place.line)})
    message = _clean(Finding(evidence.dataset, check, "note", place).what)
    if check.blocks(evidence.fail_on):
        tag = "error" if check.status == "error" else "failure"
        SubElement(case, tag, {"message": message, "type": check.severity}).text = _counts(check)
    elif check.status in ("fail", "error"):
        SubElement(case, "system-out").text = f"warning: {message}"
    elif check.status != "pass":
        SubElement(case, "skipped", {"message": message})
    return case


def _counts(check: Check) -> str:
    return "" if check.unexpected is None or check.total is None else f"{check.unexpected:,} of {check.total:,}"


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("\ufffd", text)
