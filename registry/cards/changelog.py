"""`CHANGELOG.md`: what each release changed in the data, newest first.

>>> added = ChangeFact("rows-added", "minor", split="train", count=1200)
>>> print(entry("1.1.0", "minor", (added,), "2026-11-21"), end="")
## 1.1.0 (2026-11-21)
<BLANKLINE>
Change: minor.
<BLANKLINE>
- 1,200 rows added, split <code>train</code> (minor)
<BLANKLINE>
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from registry.cards.markdown import code, plain
from registry.model.facts import ReleaseFacts
from registry.model.release import ChangeFact, Level

_COUNTED = re.compile(r"(rows|labels|classes|keys|columns|splits|files)[-_](.+)\Z")


def changelog(facts: ReleaseFacts, history: str = "") -> str:
    """The changelog with the entry of `facts` on top of `history`, the previous release's changelog.

    An entry of the same version in `history` is replaced, so that a repeated release
    writes the same bytes.
    """
    new = entry(facts.version or "Unreleased", facts.level, facts.changes, facts.date, previous=facts.previous)
    version = facts.version or "Unreleased"
    kept = [old for old in entries(history) if not re.match(rf"## {re.escape(version)}(?: |\n)", old)]
    return join(facts.heading, [new, *kept])


def entry(
    version: str, level: Level, facts: Iterable[ChangeFact], date: str = "", *, previous: str | None = None
) -> str:
    """One version's entry: its heading, what the change demands, and one line a fact."""
    head = f"## {plain(version, 60)}" + (f" ({plain(date, 20)})" if date else "")
    lines = [f"- {fact_line(fact)}" for fact in facts]
    says = f"Change since {plain(previous, 60)}: {level}." if previous else f"Change: {level}."
    first = "First release." if level == "none" and not lines and not previous else says
    return "\n\n".join([head, first, *(["\n".join(lines)] if lines else [])]) + "\n\n"


def fact_line(fact: ChangeFact) -> str:
    """One fact in words, as Markdown."""
    counted = _COUNTED.match(fact.kind)
    if counted and fact.count is not None:
        noun = counted[1] if fact.count != 1 else {"classes": "class"}.get(counted[1], counted[1][:-1])
        what = f"{fact.count:,} {noun} {counted[2].replace('-', ' ').replace('_', ' ')}"
    else:
        what = fact.kind.replace("-", " ").replace("_", " ")
        what += f": {fact.count:,}" if fact.count is not None else ""
    place = [f"split {code(fact.split, 60)}"] if fact.split else []
    place += [f"column {code(fact.column, 60)}"] if fact.column else []
    place += [plain(fact.detail, 300)] if fact.detail else []
    return f"{', '.join([plain(what), *place])} ({fact.level})"


def entries(history: str) -> list[str]:
    """The entries of a changelog that `join` wrote."""
    parts = re.split(r"^(?=## )", history, flags=re.MULTILINE)
    return [part.rstrip("\n") + "\n\n" for part in parts if part.startswith("## ")]


def join(title: str, parts: Iterable[str]) -> str:
    """A changelog of ready entries, newest first."""
    return f"# Changelog of {plain(title, 200)}\n\n{''.join(parts).rstrip()}\n"
