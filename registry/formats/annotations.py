"""A judgement as annotations of pull requests: GitHub's workflow commands, GitLab's code quality report.

>>> from registry.formats.findings import Finding
>>> from registry.model.judgement import Place
>>> leak = Finding("reviews", "leak", "x", "error", Place("checks/reviews.yaml", 7), "5 %\\n::error::", "drop them")
>>> command(leak)
'::error file=checks/reviews.yaml,line=7,title=reviews%3A leak::reviews: leak: 5 %25%0A::error::%0ATo mend: drop them'
"""

from __future__ import annotations

import json

from registry.formats.findings import Finding, findings
from registry.model.judgement import Judgement

COMMANDS = {"error": "error", "warning": "warning", "note": "notice"}
SEVERITIES = {"error": "blocker", "warning": "minor", "note": "info"}


def github(judgement: Judgement) -> str:
    """A workflow command for each finding, a line each."""
    return "".join(f"{command(finding)}\n" for finding in findings(judgement))


def command(finding: Finding) -> str:
    """One finding: dataset and check as its title, then what was found and what to do; no part can end the line."""
    place = finding.place
    age = f" ({finding.age})" if finding.age else ""
    title = _property(f"{finding.dataset}: {finding.id}{age}")
    where = f"file={_property(place.path)},line={place.line},title={title}"
    return f"::{COMMANDS[finding.weight]} {where}::{_data(joined(finding.message, finding.advice))}"


def joined(*parts: str) -> str:
    """The parts that are not empty, a line each."""
    return "\n".join(filter(None, parts))


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def gitlab(judgement: Judgement) -> str:
    """The report of GitLab's code quality: a JSON array."""
    entries = [
        {
            "description": joined(finding.message, finding.advice),
            "check_name": finding.kind,
            "fingerprint": finding.fingerprint,
            "severity": SEVERITIES[finding.weight],
            "location": {"path": finding.place.path, "lines": {"begin": finding.place.line}},
        }
        for finding in findings(judgement)
    ]
    return json.dumps(entries, ensure_ascii=False, indent=2) + "\n"
