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

from registry.formats.annotations import joined
from registry.formats.findings import Finding, findings
from registry.model.judgement import Judgement

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def sarif(judgement: Judgement) -> str:
    """The log of one run; a result for each finding, at the line where its rule stands."""
    found = list(findings(judgement))
    rules = sorted({finding.kind for finding in found})
    driver = {"name": "registry", "rules": [_rule(kind) for kind in rules]}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(finding, rules.index(finding.kind)) for finding in found],
    }
    document = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(document, ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def _result(finding: Finding, rule: int) -> dict[str, Any]:
    place = {"artifactLocation": {"uri": _uri(finding.place.path)}, "region": {"startLine": finding.place.line}}
    return {
        "ruleId": finding.kind,
        "ruleIndex": rule,
        "level": finding.weight,
        "message": {"text": _plain(joined(finding.message, finding.advice))},
        "locations": [{"physicalLocation": place}],
        "partialFingerprints": {"datasetCheck/v1": finding.fingerprint},
        **({} if finding.new is None else {"properties": {"new": finding.new, "before": finding.then}}),
    }


def _rule(kind: str) -> dict[str, Any]:
    """A check's type, or a kind of change, in words."""
    words = kind.removeprefix("expect_").replace("_", " ").replace("-", " ")
    return {"id": kind, "name": _camel(kind), "shortDescription": {"text": _plain(words.capitalize())}}


def _plain(text: str) -> str:
    """Text as a message: a bracket would begin a link, a brace a placeholder."""
    return re.sub(r"([\\\[\]{}])", r"\\\1", text)


def _uri(path: str) -> str:
    from urllib.parse import quote

    return quote(path)


def _camel(name: str) -> str:
    return "".join(part.capitalize() for part in re.split(r"[^A-Za-z0-9]+", name)) or "Check"
