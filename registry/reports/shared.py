"""What every page begins with: the head, and the verdict of the evidence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from registry.model.evidence import STATUSES, Check, Evidence
from registry.model.facts import ReleaseFacts
from registry.model.splits import STANDARD
from registry.reports.html import value
from registry.reports.measures import FAMILIES, measure_of
from registry.reports.names import cut
from registry.reports.svg import mark
from registry.reports.text import Text


@dataclass(frozen=True, slots=True)
class Page:
    """The head of a page: `sections` are (id, title) in order."""

    name: str
    ref: str
    version: str
    kind: str
    heading: Any
    lead: Markup
    sections: Sequence[tuple[str, Any]]


def page_of(facts: ReleaseFacts, text: Text, kind: str, heading: Any, sections: Sequence[tuple[str, Any]]) -> Page:
    """The head of the page `kind` (a key of the catalogue)."""
    version = f"v{facts.version}" if facts.version else str(text("unreleased"))
    return Page(cut(facts.name), cut(facts.ref, 120), version, str(text(kind)), heading, lead_of(facts, text), sections)


def lead_of(facts: ReleaseFacts, text: Text) -> Markup:
    """Title, declared summary and the short digest of the data."""
    korean = facts.declared.text("summary_ko") if text.lang == "ko" else ""
    summary = korean or facts.declared.text("summary")
    parts = [value(facts.heading, 200)] if facts.heading != facts.name else []
    parts += [value(summary, 400)] if summary else []
    digest = facts.files.sha256
    parts.append(Markup("{} <code>sha256 {}…{}</code>").format(text("data-digest"), digest[:4], digest[-4:]))
    return Markup(" · ").join(parts)


def split_class(split: str) -> str:
    """The CSS class that draws a split: its own for the three usual ones, else a neutral one."""
    return split if split in STANDARD else "plain"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The verdict: CSS status, title, what blocks (or what passes), sentence, and (mark, count, word) a status."""

    status: str
    title: Markup
    headline: Markup
    sentence: Markup
    tally: tuple[tuple[Markup, int, Markup], ...] = ()


def verdict_of(evidence: Evidence | None, text: Text) -> Verdict:
    """The verdict of `evidence` in words; no evidence is no verdict, never a pass."""
    if evidence is None:
        return Verdict("not_measured", text("verdict.none"), text("verdict.none.sub"), Markup(""))
    counts = {status: sum(c.status == status for c in evidence.checks) for status in STATUSES}
    measured = counts["pass"] + counts["fail"] + counts["waived"]
    says = [text("verdict.measured", passed=counts["pass"], measured=measured)]
    says += [text("verdict.waived", n=counts["waived"])] if counts["waived"] else []
    says += [text("verdict.unmeasured", n=counts["not_measured"])] if counts["not_measured"] else []
    blocked = _blocked(evidence, text)
    headline, rest = (blocked, says) if blocked else (says[0], says[1:])
    tally = tuple((mark(s), counts[s], text(f"status.{s}")) for s in STATUSES if counts[s])
    return Verdict(evidence.verdict, text(f"verdict.{evidence.verdict}"), headline, Markup(" ").join(rest), tally)


def _blocked(evidence: Evidence, text: Text) -> Markup | None:
    """What blocks, by family with the number of checks; None where nothing does."""
    blocking = evidence.blocking()
    if not blocking:
        return None
    found = Counter(measure_of(check.type, check.id).family for check in blocking)
    families = [
        text("verdict.family", family=text(f"family.{name}"), n=found[name])
        if found[name] > 1
        else text(f"family.{name}")
        for name in FAMILIES
        if found[name]
    ]
    return text("verdict.blocked", checks=text.n("checks", len(blocking)), families=text.join(families))


def at_fault(samples: Sequence[Any]) -> list[str]:
    """The columns that samples of a check name, where it looks at columns and not at rows.

    >>> at_fault([{"column": "별점", "score": 1.0}, {"column": "id", "score": 0.99}]), at_fault([{"row": 3}])
    (['별점', 'id'], [])
    """
    named = [sample.get("column") for sample in samples if isinstance(sample, Mapping)]
    return list(dict.fromkeys(name for name in named if isinstance(name, str)))


def check_name(check: Check, text: Text) -> str:
    """The name of what a check measures."""
    return cut(text.pick(measure_of(check.type, check.id, check.arguments).name), 120)
