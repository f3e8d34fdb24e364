"""Every form that a judgement can take, by the name that a command line gives it.

>>> sorted(RENDERINGS)
['github', 'gitlab', 'json', 'junit', 'markdown', 'sarif', 'text']
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from registry.formats.annotations import github, gitlab
from registry.formats.changes import alarm_lines, summary
from registry.formats.comment import comment
from registry.formats.junit import junit
from registry.formats.plain import one_line
from registry.formats.sarif import sarif
from registry.formats.text import brief, render
from registry.model.digest import canonical
from registry.model.evidence import Evidence
from registry.model.judgement import Judgement


def _text(judgement: Judgement) -> str:
    return _each(judgement, lambda evidence: _whole(judgement, evidence))


def brief_text(judgement: Judgement) -> str:
    """The verdicts alone, what blocks, and the alarms: what stays of the text under `--quiet`."""
    return _each(judgement, lambda evidence: "\n".join([brief(evidence), *_alarms(judgement, evidence.dataset)]))


def _each(judgement: Judgement, told: Callable[[Evidence], str]) -> str:
    parts = [told(evidence) for evidence in judgement.evidences]
    if judgement.scope is not None:
        parts.insert(0, one_line(judgement.scope.describe()))
    return "\n\n".join(parts) + "\n"


def _whole(judgement: Judgement, evidence: Evidence) -> str:
    name = evidence.dataset
    lines = _alarms(judgement, name)
    if change := judgement.differences.get(name):
        lines.append(f"  change: {summary(change)}")
    if why := judgement.uncompared.get(name):
        lines.append(f"  change: not compared with the last release: {one_line(why)}")
    return render(evidence, change=lines, before=judgement.before.get(name))


def _alarms(judgement: Judgement, name: str) -> list[str]:
    change = judgement.differences.get(name)
    return alarm_lines(change) if change else []


def _json(judgement: Judgement) -> str:
    return canonical(judgement.to_json()).decode()


RENDERINGS: Mapping[str, Callable[[Judgement], str]] = {
    "text": _text,
    "json": _json,
    "markdown": comment,
    "junit": junit,
    "sarif": sarif,
    "github": github,
    "gitlab": gitlab,
}
