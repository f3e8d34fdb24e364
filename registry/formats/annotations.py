"""A judgement as annotations of pull requests: GitHub's workflow commands, GitLab's code quality report.

>>> from registry.model.evidence import Check
>>> from registry.model.judgement import Finding, Place
>>> check = Check("leak", "expect_splits_to_be_disjoint", "fail", message="5 % leaked\\n::error::")
>>> command(Finding("reviews", check, "error", Place("checks/reviews.yaml", 7)))
'::error file=checks/reviews.yaml,line=7,title=reviews%3A leak::reviews: leak: 5 %25 leaked%0A::error::'
"""

from __future__ import annotations

import json

from registry.model.judgement import Finding, Judgement

COMMANDS = {"error": "error", "warning": "warning", "note": "notice"}
SEVERITIES = {"error": "blocker", "warning": "minor", "note": "info"}


def github(judgement: Judgement) -> str:
    """A workflow command for each finding, a line each."""
    return "".join(f"{command(finding)}\n" for finding in judgement.findings())


def command(finding: Finding) -> str:
    """One finding; nothing of it can end the line or begin another command."""
    place = finding.place
    title = _property(f"{finding.dataset}: {finding.check.id}")
    where = f"file={_property(place.path)},line={place.line},title={title}"
    return f"::{COMMANDS[finding.weight]} {where}::{_data(finding.message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def gitlab(judgement: Judgement) -> str:
    """The report of GitLab's code quality: a JSON array."""
    entries = [
        {
            "description": finding.message,
            "check_name": finding.check.type,
            "fingerprint": finding.fingerprint,
            "severity": SEVERITIES[finding.weight],
            "location": {"path": finding.place.path, "lines": {"begin": finding.place.line}},
        }
        for finding in judgement.findings()
    ]
    return json.dumps(entries, ensure_ascii=False, indent=2) + "\n"
