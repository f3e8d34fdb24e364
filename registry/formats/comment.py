"""A judgement as the one comment of a pull request: the scoreboard first, no value of any row.

>>> from registry.model.judgement import Judgement
>>> print(comment(Judgement(())).splitlines()[2])
## ⚠️ Nothing was judged
"""

from __future__ import annotations

from registry.formats.changes import code, escaped, markdown, marked, summary
from registry.formats.findings import Finding, alarms, failures
from registry.formats.plain import cut
from registry.model.difference import FROZEN, GRAVE, Difference
from registry.model.evidence import WEAKENED, Evidence
from registry.model.judgement import Judgement
from registry.model.scope import Scope

MARKER = "<!-- registry: the judgement of this pull request -->"
"""The first line; who posts the comment finds by it the one that it replaces."""
LONGEST = 60_000  # characters: GitHub takes 65,536
NAME = 200  # characters of a split or a column
FOLDED = "\n</details>\n"
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
    if not count:
        if judgement.scope is not None and judgement.scope.deleted:
            return f"⚠️ Declared no more: {', '.join(f'`{name}`' for name in judgement.scope.deleted)}"
        touched = judgement.verdict != "pass"
        return f"{ICONS[judgement.verdict]} {'Nothing was judged' if touched else 'No dataset was touched'}"
    unknown = sum(map(_unjudged, judgement.evidences))
    unfit = sum(evidence.verdict != "pass" for evidence in judgement.evidences) - unknown
    if not unfit and not unknown:
        fit = "The dataset is" if count == 1 else f"All {count} datasets are"
        return f"{ICONS['pass']} {fit} fit for release{_unasked(judgement.scope)}"
    unfit_of = "The dataset is" if count == 1 else f"{unfit} of {count} datasets {'is' if unfit == 1 else 'are'}"
    unknown_of = "The dataset" if count == 1 else f"{unknown} of {count} datasets"
    told = [f"{unfit_of} not fit for release"] if unfit else []
    told += [f"{unknown_of} could not be judged"] if unknown else []
    return f"{ICONS[judgement.verdict]} {', '.join(told)}{_unasked(judgement.scope)}"


def _unjudged(evidence: Evidence) -> bool:
    """Whether nothing was found that makes a dataset unfit, and something that keeps it from being judged."""
    return evidence.verdict == "error" and all(check.status != "fail" for check in evidence.blocking())


def _unasked(scope: Scope | None) -> str:
    """That datasets are declared no more, whose gate nobody asked: a new one beside them may be theirs."""
    gone = [name for name in scope.deleted if name not in scope.touched] if scope else []
    return f"; ⚠️ declared no more: {cut(', '.join(f'`{name}`' for name in gone))}" if gone else ""


def _scoreboard(judgement: Judgement) -> str:
    lines = ["| dataset | verdict | rows | blocking | warnings | change |", "|---|---|---:|---:|---:|---|"]
    for evidence in judgement.evidences:
        found, change = failures(judgement, evidence), judgement.differences.get(evidence.dataset)
        since = _since(judgement, evidence.dataset)
        loud = _marks(change) if change else ""
        lines.append(
            f"| `{evidence.dataset}` | {ICONS[evidence.verdict]} {evidence.verdict} | {_counted(evidence, change)} "
            f"| {_tally(found, 'error')} | {_tally(found, 'warning')} | {loud}{since} |"
        )
    return "\n".join(lines) + "\n"


def _since(judgement: Judgement, name: str) -> str:
    """The level of a change, since what, and the number that it demands; else what else is known of the dataset."""
    change, scope = judgement.differences.get(name), judgement.scope
    if change is not None:
        least = f": {change.least} or higher" if change.least else ""
        doubt = "⚠️ " if name in judgement.uncompared else ""
        return f"{doubt}{change.level} since {escaped(_version(change))}{least}"
    if name in judgement.uncompared:
        return "⚠️ not compared"
    if scope is not None and name in scope.renamed:
        return f"was `{scope.renamed[name]}`"
    return "new" if scope is not None and "new" in scope.touched.get(name, ()) else ""


def _marks(change: Difference) -> str:
    """What of a change stands in the scoreboard itself: frozen splits that changed, classes left without rows."""
    gone = any(fact.kind in GRAVE for fact in change.facts)
    return "".join(
        [*(f"🚨 frozen {code(split)}, " for split in change.thawed), *(["❗ a class without rows, "] if gone else [])]
    )


def _counted(evidence: Evidence, change: Difference | None) -> str:
    """Rows, with those that came and went."""
    if not evidence.data.sha256:
        return "not read"
    rows = change.rows if change else None
    moved = (rows.total("added"), rows.total("removed")) if rows else (0, 0)
    told = ", ".join(f"{sign}{count:,}" for sign, count in zip("+−", moved, strict=True) if count)
    return f"{evidence.data.rows:,}{f' ({told})' if told else ''}"


def _tally(found: list[Finding], weight: str) -> str:
    """How many findings of a weight, and how many of them the change brought, where that is known."""
    ours = [one for one in found if one.weight == weight]
    new = sum(one.new is True for one in ours)
    return f"{len(ours)}{f' ({new} new)' if new else ''}"


def _version(change: Difference) -> str:
    return change.before.partition("@")[2] or change.before


def _weakened(judgement: Judgement) -> list[str]:
    """That the change makes the gate weaker, of which datasets, and whose thresholds decided."""
    weaker = {one.dataset: sum(check.type == WEAKENED for check in one.checks) for one in judgement.evidences}
    named = ", ".join(f"`{name}` ({count})" for name, count in weaker.items() if count)
    said = "Each says below what decided: the base branch's version, where there is one to compare."
    return [f"> ⚠️ **Gate weakened**: {named}. {said}\n"] if named else []


def _scope(scope: Scope) -> str:
    """Which datasets the change touches; those it leaves alone are counted."""
    said = [f"`{name}` ({', '.join(parts)})" for name, parts in scope.touched.items()]
    said = said or ["no dataset that is declared" if scope.deleted else "nothing"]
    lines = [f"Touched since {escaped(scope.revision)} ({scope.commit[:12]}): {', '.join(said)}."]
    lines += [f"`{name}` was `{old}`." for name, old in scope.renamed.items()]
    lines += [f"Evidence of `{name}` is from {escaped(origin)}." for name, origin in scope.evidence.items()]
    lines += [f"Declared no more: {', '.join(f'`{name}`' for name in scope.deleted)}."] if scope.deleted else []
    if scope.untouched:
        lines.append(f"Untouched: {len(scope.untouched):,}.")
    return " ".join(lines) + "\n"


def _dataset(judgement: Judgement, evidence: Evidence) -> str:
    name, change = evidence.dataset, judgement.differences.get(evidence.dataset)
    lines = [f"### {name}", ""]
    if evidence.pointer == "stale":
        lines += ["The data differs from what the pointer in git says.", ""]
    if why := judgement.uncompared.get(name):
        known = "Not compared with the last release" if change else "What changed is not known"
        lines += [f"⚠️ **{known}**: {escaped(why)}", ""]
    lines += _loudly(judgement, name)
    if change is not None and change.facts:
        lines += [f"Change: {escaped(summary(change))}.", ""]
    lines += _findings(judgement, evidence)
    for check in (check for check in evidence.checks if check.status == "waived"):
        told = check.waiver or {}
        reason = f"{told.get('reason', '')} ({told.get('owner', '')}, until {told.get('expires', '')})"
        lines += [f"Waived: {escaped(check.id)}: {escaped(cut(reason))}", ""]
    passed = sum(check.status == "pass" for check in evidence.checks)
    lines += [f"{passed} of {len(evidence.checks)} checks passed. {_against(judgement, evidence)}".rstrip()]
    if change is not None and change.facts:
        whole = markdown(change, keys=False).rstrip("\n")
        lines += ["", "<details><summary>What changed</summary>", "", whole, "", "</details>"]
    return "\n".join(lines) + "\n"


def _findings(judgement: Judgement, evidence: Evidence) -> list[str]:
    """The table of what did not pass, and below it what to do about what blocks."""
    found = failures(judgement, evidence)
    if not found:
        return []
    aged = any(one.age for one in found)
    head = ["| | check | what was found | rows |", "|---|---|---|---:|"]
    lines = [f"{head[0]} |", f"{head[1]}---|"] if aged else head
    lines = [*lines, *(_row(one, aged=aged) for one in found[:MOST]), ""]
    if len(found) > MOST:
        lines += [f"… and {len(found) - MOST} more: `registry check {evidence.dataset}` names them.", ""]
    steps: dict[str, list[str]] = {}
    for one in found:
        if one.weight == "error" and one.mend:
            steps.setdefault(one.mend, []).append(one.id)
    if steps:
        told = [f"- {', '.join(map(escaped, ids))}: {marked(mend)}" for mend, ids in list(steps.items())[:MOST]]
        lines += ["To mend:", "", *told, ""]
    return lines


def _row(one: Finding, *, aged: bool) -> str:
    rows = f"{one.rows[0]:,} / {one.rows[1]:,}" if one.rows else ""
    cells = [WEIGHTS[one.weight], escaped(one.id), escaped(cut(one.what)), rows, *([one.age] if aged else [])]
    return f"| {' | '.join(cells)} |"


def _against(judgement: Judgement, evidence: Evidence) -> str:
    """What the findings are compared with, and what was mended; that nothing is known is said where it matters."""
    before = judgement.before.get(evidence.dataset)
    if before is None:
        unknown = any(one.weight != "note" for one in failures(judgement, evidence))
        return "What was found before the change is not known." if unknown else ""
    mended = before.mended(evidence)
    said = f" Mended: {', '.join(map(escaped, mended))}." if mended else ""
    return f"Compared with {escaped(before.origin)}.{said}"


def _loudly(judgement: Judgement, name: str) -> list[str]:
    """What nobody may overlook, in front of everything: first of all what frozen splits lost."""
    change, found = judgement.differences.get(name), alarms(judgement, name)
    if change is None or not found:
        return []
    splits = ", ".join(map(code, change.thawed))
    lines = (
        [f"> 🚨 **Frozen split changed: {splits}.** Scores published on it no longer compare.", ""] if splits else []
    )
    lines += [f"**Look at this first** (since {escaped(_version(change))}):", ""]
    for fact in change.grave[:MOST]:
        sign = "🚨" if fact.kind.startswith(FROZEN) else "❗"
        where = ", ".join(escaped(cut(place, NAME)) for place in (fact.split, fact.column) if place)
        said = f"{fact.kind.replace('-', ' ')}{f' ({where})' if where else ''}"
        lines.append(f"- {sign} **{said}** {escaped(cut(fact.detail))}".rstrip())
    if len(change.grave) > MOST:
        lines.append(f"- … and {len(change.grave) - MOST} more, all below")
    return [*lines, ""]


def _fitted(parts: list[str]) -> str:
    """All parts, or as many as fit and a line that says what is missing."""
    whole = "\n".join(parts)
    if len(whole) <= LONGEST:
        return whole
    end = "\n… This comment was cut here: the rest is in the report of the run (`registry check`).\n"
    kept, room = [], LONGEST - len(end) - len(FOLDED)
    for part in parts:
        if len(part) + 1 > room:
            shown = part[: part.rfind("\n", 0, room) + 1]
            kept.append(shown + FOLDED * (shown.count("<details>") - shown.count(FOLDED.strip())))
            break
        kept.append(part)
        room -= len(part) + 1
    return "\n".join(kept) + end
