"""Every form that a judgement can take, by the name that a command line gives it.

>>> sorted(RENDERINGS)
['github', 'gitlab', 'json', 'junit', 'markdown', 'sarif', 'text']
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from registry.formats.annotations import github, gitlab
from registry.formats.comment import comment
from registry.formats.junit import junit
from registry.formats.sarif import sarif
from registry.formats.text import one_line, render
from registry.model.digest import canonical
from registry.model.judgement import Judgement


def _text(judgement: Judgement) -> str:
    parts = [render(evidence) for evidence in judgement.evidences]
    if judgement.scope is not None:
        parts.insert(0, one_line(judgement.scope.describe()))
    return "\n\n".join(parts) + "\n"


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
