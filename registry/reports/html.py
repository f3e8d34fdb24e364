"""The page shell: templates with autoescape, one style sheet, a policy that forbids the rest.

A page is one file without script, style attributes or requests. Its Content-Security-
Policy admits exactly the bytes of its own style sheet, by sha256.
"""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from registry.errors import MissingExtraError
from registry.reports.names import cut, visible
from registry.reports.text import Text

if TYPE_CHECKING:
    from jinja2 import Environment

TITLE = 300  # characters of a whole name in a tooltip


def render(template: str, text: Text, **context: Any) -> str:
    """The page `template` in the language of `text`; an undefined variable raises."""
    style = _style()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"
    page = (
        environment()
        .get_template(template)
        .render(
            t=text,
            lang=text.lang,
            style=Markup(style),  # noqa: S704 (our own file)
            policy=policy,
            code=code,
            **context,
        )
    )
    return "\n".join(line for line in page.splitlines() if line.strip()) + "\n"


def code(name: object) -> Markup:
    """A name from data: visible, cut, isolated, in `code`; the whole of a cut one in `title`."""
    text = str(name)
    short = cut(text)
    title = Markup(' title="{}"').format(cut(text, TITLE)) if short != visible(text) else ""
    return Markup("<code{}><bdi>{}</bdi></code>").format(title, short)


def value(text: object, limit: int = 120) -> Markup:
    """A value from data: visible, cut, isolated."""
    return Markup("<bdi>{}</bdi>").format(cut(str(text), limit))


@cache
def environment() -> Environment:
    """Our templates, with autoescape; `MissingExtraError` without Jinja."""
    try:
        from jinja2 import Environment, PackageLoader, StrictUndefined
    except ImportError as error:
        raise MissingExtraError(
            "reports need an extra", hint="pip install 'dataset-release-registry[author]'"
        ) from error
    return Environment(
        loader=PackageLoader("registry.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def _style() -> str:
    """The style sheet without comments and idle space; it holds no `<`."""
    text = (resources.files("registry.reports") / "templates" / "style.css").read_text("utf-8")
    lines = (re.sub(r"(?<=[:;,]) | (?=[{}])|(?<=\{) ", "", line.strip()) for line in text.splitlines())
    return "".join(line for line in lines if not line.startswith("/*")).replace(";}", "}")
