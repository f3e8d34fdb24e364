"""The reference page of expectations, written from their definitions: `python -m registry.checks.reference FILE`.

>>> "expect_splits_to_be_disjoint" in reference_page()
True
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from registry.checks.core import CORE, ExpectationForm
from registry.checks.expectations import OURS
from registry.checks.kwargs import KINDS, REQUIRED, Kwarg

HEAD = """\
# Expectations

<!-- Written by `python -m registry.checks.reference docs/reference/expectations.md`. -->

A suite (`checks/<name>.yaml`) holds expectations of two kinds: those of Great Expectations that
are proven on DuckDB, and ours. Anything else is refused before data is read.

Values are compared with columns of their own kind only: a number with numbers, a text with texts,
a date (`2024-01-31`) with dates. A missing value is a null, in a column of floats also NaN.
`row_condition` is `col("x") == "y"` with `== != < <= > >=`, `.is_in([…])`, `.is_not_in([…])`,
`.is_null()`, `.is_not_null()`, joined by `and` or by `or`; a missing value satisfies no comparison.
In regular expressions `\\w`, `\\d` and `\\s` are those of Unicode; look-around, back-references and
`\\b` are refused. A check that finds no value to look at is `not_measured`, which blocks as a failure
does, unless `meta.when_not_measured: allow` says otherwise.
"""


def reference_page() -> str:
    """The page, Markdown."""
    return "\n".join([HEAD, "## Ours\n", *map(_ours, sorted(OURS)), "## Core expectations\n", *_core()])


def _ours(name: str) -> str:
    spec = OURS[name]
    return f"{_section(spec.form)}\nCounts: {spec.unit}.\n\nSource: {spec.source}.\n"


def _core() -> Iterator[str]:
    return (_section(CORE[name]) for name in sorted(CORE))


def _section(form: ExpectationForm) -> str:
    shown = [kwarg for kwarg in form.kwargs if kwarg.kind != "parser"]
    rows = [f"| `{one.name}` | {_kind(one)} | {_default(one.default)} | {one.text} |" for one in shown]
    lines = [f"### {form.type}\n", f"{form.text}\n", "| argument | value | default | |", "|---|---|---|---|", *rows, ""]
    if form.any_of:
        lines.append(f"At least one of {_listed(form.any_of)} is needed.\n")
    if form.exactly_one:
        lines.append(f"Exactly one of {_listed(form.exactly_one)} is needed.\n")
    return "\n".join(lines)


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _kind(kwarg: Kwarg) -> str:
    if kwarg.choices:
        listed = ", ".join(f"`{choice}`" for choice in kwarg.choices)
        return listed if kwarg.kind == "choice" else f"a list of {listed}"
    return KINDS[kwarg.kind][0]


def _default(value: Any) -> str:
    if value is REQUIRED:
        return "required"
    return "" if value is None else f"`{str(value).lower() if isinstance(value, bool) else value}`"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(reference_page(), "utf-8")
