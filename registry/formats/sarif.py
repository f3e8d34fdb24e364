"""A judgement as SARIF 2.1.0 (OASIS), which code scanning of GitHub and others reads.

>>> import json
>>> from registry.model.judgement import Judgement
>>> json.loads(sarif(Judgement(())))["version"]
'2.1.0'
"""

from __future__ import annotations

import json
import re
from typing import Any

from registry.model.judgement import Finding, Judgement

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def sarif(judgement: Judgement) -> str:
    """The log of one run; a result for each finding, at the line where its rule stands."""
    found = list(judgement.findings())
    rules = sorted({finding.check.type for finding in found})
    driver = {"name": "registry", "rules": [{"id": rule, "name": _camel(rule)} for rule in rules]}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(finding, rules.index(finding.check.type)) for finding in found],
    }
    document = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(document, ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def _result(finding: Finding, rule: int) -> dict[str, Any]:
    place = {"artifactLocation": {"uri": _uri(finding.place.path)}, "region": {"startLine": finding.place.line}}
    return {
        "ruleId": finding.check.type,
        "ruleIndex": rule,
        "level": finding.weight,
        # A bracket would begin a link, a brace a placeholder.
        "message": {"text": re.sub(r"([\\\[\]{}])", r"\\\1", finding.message)},
        "locations": [{"physicalLocation": place}],
        "partialFingerprints": {"datasetCheck/v1": finding.fingerprint},
    }


def _uri(path: str) -> str:
    from urllib.parse import quote

    return quote(path)


def _camel(name: str) -> str:
    return "".join(part.capitalize() for part in re.split(r"[^A-Za-z0-9]+", name)) or "Check"
