"""A judgement as the one comment of a pull request: the scoreboard first, no value of any row.

>>> from registry.model.judgement import Judgement
>>> print(comment(Judgement(())).splitlines()[2])
## ⚠️ Nothing was judged
"""

from __future__ import annotations

from registry.formats.changes import escaped, markdown
from registry.model.difference import Difference
from registry.model.evidence import WEAKENED, Check, Evidence
from registry.model.judgement import Judgement, weight_of
from registry.model.scope import Scope

MARKER = "<!-- registry: the judgement of this pull request -->"
"""The first line; who posts the comment finds by it the one that it replaces."""
LONGEST = 60_000  # characters: GitHub takes 65,536
MOST = 30  # findings shown of one dataset
ICONS = {"pass": "✅", "fail": "❌", "error": "⚠️"}
WEIGHTS = {"error": "❌", "warning": "⚠️", "note": "◻️"}


def comment(judgement: Judgement) -> str:
    """Markdown of at most 60,000 characters; what was cut is said."""
    parts = [f"{MARKER}\n\n## {_headline(judgement)}\n"]
    if judgement.evidences:
        parts.append(_scoreboard(judgement))
    parts += _weakened(judgement)
    if judgement.scope is not None:
        parts.append(_scope(judgement.scope))
    parts += [_dataset(judgement, evidence) for evidence in judgement.evidences]
    return _fitted(parts)


def _headline(judgement: Judgement) -> str:
    count = len(judgement.evidences)
    unfit = sum(evidence.verdict != "pass" for evidence in judgement.evidences)
    if not count:
        if judgement.scope is not None and judgement.scope.deleted:
            return f"⚠️ Declared no more: {', '.join(f'`{name}`' for name in judgement.scope.deleted)}"
        touched = judgement.verdict != "pass"
        return f"{ICONS[judgement.verdict]} {'Nothing was judged' if touched else 'No dataset was touched'}"
    if not unfit:
        return f"{ICONS['pass']} {'The dataset is' if count == 1 else f'All {count} datasets are'} fit for release"
    unfit_of = "The dataset is" if count == 1 else f"{unfit} of {count} datasets {'is' if unfit == 1 else 'are'}"
    return f"{ICONS[judgement.verdict]} {unfit_of} not fit for release"


def _scoreboard(judgement: Judgement) -> str:
    lines = ["| dataset | verdict | rows | blocking | warnings | change |", "|---|---|---:|---:|---:|---|"]
    for evidence in judgement.evidences:
        weights = [weight_of(check, evidence.fail_on) for check in evidence.checks]
        change = judgement.differences.get(evidence.dataset)
        rows = f"{evidence.data.rows:,}" if evidence.data.sha256 else "not read"
        since = f"{change.level} since {escaped(change.before.partition('@')[2] or change.before)}" if change else ""
        since = "⚠️ not compared" if evidence.dataset in judgement.uncompared else since
        lines.append(
            f"| `{evidence.dataset}` | {ICONS[evidence.verdict]} {evidence.verdict} | {rows} "
            f"| {weights.count('error')} | {weights.count('warning')} | {since} |"
        )
    return "\n".join(lines) + "\n"


def _weakened(judgement: Judgement) -> list[str]:
    """That the change makes the gate weaker, of which datasets, and whose thresholds decided."""
    weaker = {one.dataset: sum(check.type == WEAKENED for check in one.checks) for one in judgement.evidences}
    named = ", ".join(f"`{name}` ({count})" for name, count in weaker.items() if count)
    said = "The thresholds of the base branch decided; a weakening counts once it is merged on its own."
    return [f"> ⚠️ **Gate weakened**: {named}. {said}\n"] if named else []


def _scope(scope: Scope) -> str:
    """Which datasets the change touches; those it leaves alone are counted."""
    said = [f"`{name}` ({', '.join(parts)})" for name, parts in scope.touched.items()] or ["nothing"]
    lines = [f"Touched since {escaped(scope.revision)} ({scope.commit[:12]}): {', '.join(said)}."]
    lines += [f"`{name}` was `{old}`." for name, old in scope.renamed.items()]
    lines += [f"Evidence of `{name}` is from {escaped(origin)}." for name, origin in scope.evidence.items()]
    lines += [f"Declared no more: {', '.join(f'`{name}`' for name in scope.deleted)}."] if scope.deleted else []
    if scope.untouched:
        lines.append(f"Untouched: {len(scope.untouched):,}.")
    return " ".join(lines) + "\n"


def _dataset(judgement: Judgement, evidence: Evidence) -> str:
    lines = [f"### {evidence.dataset}", ""]
    findings = [one for one in judgement.findings() if one.dataset == evidence.dataset]
    if evidence.pointer == "stale":
        lines += ["The data differs from what the pointer in git says.", ""]
    if why := judgement.uncompared.get(evidence.dataset):
        lines += [f"⚠️ **What changed is not known**: not compared with the last release: {escaped(why)}", ""]
    change = judgement.differences.get(evidence.dataset)
    lines += _loudly(change) if change is not None else []
    if findings:
        lines += ["| | check | what was found | rows |", "|---|---|---|---:|"]
        lines += [
            f"| {WEIGHTS[one.weight]} | {escaped(one.check.id)} | {escaped(one.what)} | {_rows(one.check)} |"
            for one in findings[:MOST]
        ]
        if len(findings) > MOST:
            lines += ["", f"… and {len(findings) - MOST} more: `registry check {evidence.dataset}` names them."]
    waived = [check for check in evidence.checks if check.status == "waived"]
    for check in waived:
        told = check.waiver or {}
        reason = f"{told.get('reason', '')} ({told.get('owner', '')}, until {told.get('expires', '')})"
        lines += ["", f"Waived: {escaped(check.id)}: {escaped(reason)}"]
    passed = sum(check.status == "pass" for check in evidence.checks)
    lines += ["", f"{passed} of {len(evidence.checks)} checks passed."]
    if change is not None and change.facts:
        lines += [
            "",
            "<details><summary>What changed</summary>",
            "",
            markdown(change, keys=False).rstrip("\n"),
            "",
            "</details>",
        ]
    return "\n".join(lines) + "\n"


def _loudly(change: Difference) -> list[str]:
    """What makes a new major version, in front of everything: first of all what frozen splits lost."""
    facts = [fact for fact in change.facts if fact.level == "major"]
    if not facts:
        return []
    lines = [f"**Major since {escaped(change.before.partition('@')[2] or change.before)}:**", ""]
    for fact in sorted(facts, key=lambda fact: not fact.kind.startswith("frozen-"))[:MOST]:
        sign = "🚨" if fact.kind.startswith("frozen-") else "❗"
        where = ", ".join(escaped(place) for place in (fact.split, fact.column) if place)
        said = f"{fact.kind.replace('-', ' ')}{f' ({where})' if where else ''}"
        lines.append(f"- {sign} **{said}** {escaped(fact.detail)}".rstrip())
    return [*lines, ""]


def _rows(check: Check) -> str:
    return "" if check.unexpected is None or check.total is None else f"{check.unexpected:,} / {check.total:,}"


def _fitted(parts: list[str]) -> str:
    """All parts, or as many as fit and a line that says what is missing."""
    whole = "\n".join(parts)
    if len(whole) <= LONGEST:
        return whole
    end = "\n… This comment was cut here: the rest is in the report of the run (`registry check`).\n"
    kept, room = [], LONGEST - len(end)
    for part in parts:
        if len(part) + 1 > room:
            kept.append(part[: part.rfind("\n", 0, room) + 1])
            break
        kept.append(part)
        room -= len(part) + 1
    return "\n".join(kept) + end
