"""A card by the user's own template: `cards/<name>.md.j2`, else `cards/_card.md.j2` for every dataset.

The template decides what the card says and in which order; the front matter stays computed,
since consumers load by it. It sees the facts as values, and the parts of the built-in card as
`blocks`, ready to place. It is rendered in a sandbox of its own (`registry.cards.sandbox`), and
what it writes is held to the rules of declared prose: no raw HTML, links of the web only.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from registry.cards.markdown import prose
from registry.errors import ConfigError
from registry.model.digest import digest_of
from registry.model.facts import ReleaseFacts
from registry.reports.quality import quality_json

PATIENCE = 30  # seconds of wall time


def fill(facts: ReleaseFacts, lang: str, blocks: Mapping[str, str]) -> str:
    """The body of the card by the template of `facts.declared`; one that cannot be rendered raises `ConfigError`."""
    values = values_of(facts, lang)
    template = facts.declared.template
    # NOTE: blocks are placed after the template's own text was made safe; no text can guess the marks.
    seed = digest_of([template, dict(blocks), values])[:24]
    marks = {name: f"block{seed}n{number}z" for number, name in enumerate(blocks)}
    text = prose(_rendered(facts, {"template": template, "values": values, "blocks": marks}), under=0)
    for name, mark in marks.items():
        text = text.replace(mark, blocks[name])
    return text.strip("\n") + "\n"


def values_of(facts: ReleaseFacts, lang: str) -> dict[str, Any]:
    """What a template may name: plain values of the facts."""
    profile = facts.profile
    quality = quality_json(facts.evidence, facts) if facts.evidence else None
    measures = [m for family in quality["families"] for m in family["measures"]] if quality else []
    told = ("id", "name", "family", "status", "severity", "measured", "n", "unexpected", "share", "message")
    columns = ("name", "type", "kind", "role", "description")
    return {
        "lang": lang,
        "name": facts.name,
        "version": facts.version,
        "previous": facts.previous,
        "title": facts.heading,
        "license": facts.license_id,
        "date": facts.date,
        "released_by": facts.released_by,
        "repository": facts.declared.text("repository") or facts.repository,
        "store": facts.store,
        "rows": facts.rows,
        "splits": [dict(split) for split in profile["splits"]],
        "columns": [
            {key: c[key] for key in columns} | {key: c["overall"][key] for key in ("null_share", "distinct")}
            for c in profile["columns"]
        ],
        "labels": list(profile["labels"]),
        "missing_share": profile["missing"]["share"],
        "repeated": {key: profile["duplicates"][key] for key in ("rows", "share")},
        "files": len(facts.files),
        "bytes": facts.files.bytes,
        "format": facts.format,
        "sha256": facts.files.sha256,
        "verdict": quality["verdict"] if quality else None,
        "checks": [{key: m[key] for key in told} for m in measures],
        "declared": {key: list(facts.declared.values(key)) for key in facts.declared.fields},
        "process": {name: dict(record) for name, record in facts.declared.process.records.items()},
        "sources": [dict(source) for source in facts.declared.process.sources],
    }


def _rendered(facts: ReleaseFacts, given: Mapping[str, Any]) -> str:
    surroundings = {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p), "PYTHONHASHSEED": "0", "PATH": ""}
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-X", "utf8", "-B", "-m", "registry.cards.sandbox"],
            input=json.dumps(given),
            env=surroundings,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise _unfit(facts, "it takes too long") from error
    if done.returncode < 0:
        raise _unfit(facts, "it takes too long or too much memory")
    if done.returncode:
        raise _unfit(facts, done.stderr.strip().rpartition("\n")[2] or f"exit {done.returncode}")
    answer = json.loads(done.stdout)
    if "error" in answer:
        raise _unfit(facts, answer["error"], answer["line"])
    return str(answer["text"])


def _unfit(facts: ReleaseFacts, why: str, line: int | None = None) -> ConfigError:
    place = facts.declared.template_file or f"the card template of {facts.name}"
    at = f"{place}:{line}" if line else place
    return ConfigError(
        f"{at} cannot be rendered", why=why[:300], hint=f"mend {at}, then registry card lint {facts.name}"
    )
