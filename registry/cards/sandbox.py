"""Renders one card template in a process of its own, which can reach nothing and is ended in time.

`python -m registry.cards.sandbox` reads `{template, values, blocks}` as JSON on stdin and
writes `{text}` or `{error, line}`. The template language is Jinja's, without attributes of
Python objects, without calls but of its own filters, without other files; values are escaped
as Markdown, blocks are passed as they are. The process may use three seconds of processor and
a gigabyte of address space, and write a megabyte.

>>> render("{{ a }} {{ blocks.b }}", {"a": "*x*"}, {"b": "**y**"})
'&#42;x&#42; **y**'
>>> render("{{ ''.__class__ }}", {}, {})
Traceback (most recent call last):
...
jinja2.exceptions.SecurityError: access to attribute '__class__' of 'str' object is unsafe.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any

from registry.cards.markdown import plain

SECONDS = 3  # of processor
MEMORY = 1 << 30
LENGTH = 1 << 20  # characters of a card
FILTERS = {
    *("abs", "count", "default", "d", "dictsort", "first", "float", "groupby", "int", "items", "join", "last"),
    *("length", "list", "lower", "map", "max", "min", "reject", "rejectattr", "replace", "reverse", "round"),
    *("select", "selectattr", "sort", "string", "sum", "title", "trim", "truncate", "unique", "upper"),
}


class Block(str):
    """Ready Markdown, or a mark that stands for it: passed as it is."""

    __slots__ = ()


def render(template: str, values: Mapping[str, Any], blocks: Mapping[str, str]) -> str:
    """The text of `template`; an error of the template raises what Jinja raises, a long text `ValueError`."""
    from jinja2 import StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    environment = ImmutableSandboxedEnvironment(
        finalize=_escaped, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    environment.globals.clear()
    environment.filters = {name: known for name, known in environment.filters.items() if name in FILTERS}
    known = {**values, "blocks": {name: Block(text) for name, text in blocks.items()}}
    written, parts = 0, []
    for part in environment.from_string(template).generate(known):
        written += len(part)
        if written > LENGTH:
            raise ValueError(f"it writes more than {LENGTH:,} characters")
        parts.append(part)
    return "".join(parts)


def _escaped(value: Any) -> Any:
    from jinja2 import Undefined

    # NOTE: an undefined value must reach Jinja's own `str`, which raises.
    return value if isinstance(value, Block | Undefined) else plain("" if value is None else value, 5000)


def _confine() -> None:
    """Takes from this process what a template has no use for."""
    import resource

    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _line(error: BaseException) -> int | None:
    """The line of the template at which `error` came up."""
    import traceback

    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == "<template>"]
    return getattr(error, "lineno", None) or (lines[-1] if lines else None)


def main() -> int:
    """One template from stdin."""
    given = json.load(sys.stdin)
    answer: dict[str, Any]
    try:
        _confine()
        answer = {"text": render(given["template"], given["values"], given["blocks"])}
    except MemoryError:
        answer = {"error": "it takes too much memory", "line": None}
    except Exception as error:
        answer = {"error": str(error) or type(error).__name__, "line": _line(error)}
    sys.stdout.write(json.dumps(answer))
    return 0


if __name__ == "__main__":
    sys.exit(main())
