"""`CHANGELOG.md`: what each release changed in the data, and how it was mended, newest first.

>>> added = ChangeFact("rows-added", "minor", split="train", count=1200)
>>> print(entry(Release("1.1.0", "minor", (added,), "2026-11-21")), end="")
## 1.1.0 (2026-11-21)
<BLANKLINE>
Change: minor.
<BLANKLINE>
- 1,200 rows added, split <code>train</code> (minor)
<BLANKLINE>
>>> fact_line(added, "ko")
'행 1,200건 추가, 분할 <code>train</code> (minor)'
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from registry.cards.changelog_words import COUNTED, DETAILS, DONE, ENGLISH, KINDS, LEVELS, PARTS, TOLD, WORDS
from registry.cards.markdown import code, plain
from registry.model.changes import Mended
from registry.model.facts import ReleaseFacts
from registry.model.release import ChangeFact, Level

PATHS: Mapping[str, str] = {"en": ".registry/CHANGELOG.md", "ko": ".registry/CHANGELOG.ko.md"}
FIRST = "first-release"  # the fact of a release with none before it, which its entry says in a sentence
DIGITS = 12  # of a digest that a reader can compare
_SAID = re.compile(r"\A[\d,]+ rows?; ")  # a detail's own count of rows, which the line begins with
_COUNTED = re.compile(r"(rows|labels|classes|keys|columns|splits|files)[-_](.+)\Z")


@dataclass(frozen=True, slots=True)
class Release:
    """What an entry tells: the version, what its change demands, the facts, what was mended since `previous`."""

    version: str
    level: Level
    facts: tuple[ChangeFact, ...] = ()
    date: str = ""
    previous: str | None = None
    mended: tuple[Mended, ...] = ()


def changelog(facts: ReleaseFacts, history: str = "", lang: str = "en") -> str:
    """The changelog with the entry of `facts` on top of `history`, the previous release's changelog.

    An entry of the same version in `history` is replaced, so that a repeated release
    writes the same bytes. A record of a change that an older entry cites is not cited again.
    """
    version = facts.version or _say("unreleased", lang)
    kept = [old for old in entries(history) if not re.match(rf"## {re.escape(version)}(?: |\n)", old)]
    mended = tuple(one for one in facts.mended if not any(code(one.record) in old for old in kept))
    new = Release(version, facts.level, facts.changes, facts.date, facts.previous, mended)
    return join(facts.heading, [entry(new, lang), *kept], lang)


def entry(release: Release, lang: str = "en") -> str:
    """One version's entry: its heading, what the change demands, one line a fact, one line a record."""
    head = f"## {plain(release.version, 60)}" + (f" ({plain(release.date, 20)})" if release.date else "")
    level = LEVELS[release.level] if lang == "ko" else release.level
    previous = plain(release.previous, 60) if release.previous else ""
    lines = [f"- {fact_line(fact, lang)}" for fact in release.facts if fact.kind != FIRST]
    says = _say("since", lang, previous=previous, level=level) if previous else _say("change", lang, level=level)
    first = _say("first", lang) if release.level == "none" and not lines and not previous else says
    parts = [head, first, "\n".join(lines)]
    if release.mended:
        parts.append(_say("mended.since", lang, previous=previous) if previous else _say("mended", lang))
        parts.append("\n".join(f"- {mended_line(one, lang)}" for one in release.mended))
    return "\n\n".join(filter(None, parts)) + "\n\n"


def fact_line(fact: ChangeFact, lang: str = "en") -> str:
    """One fact in words, as Markdown."""
    place = [_say("of-split", lang, split=code(fact.split, 60))] if fact.split else []
    place += [_say("of-column", lang, column=code(fact.column, 60))] if fact.column else []
    detail = _SAID.sub("", fact.detail) if fact.count is not None else fact.detail
    place += [plain(detail_of(detail, lang), 300)] if detail else []
    return f"{', '.join([plain(_what(fact, lang)), *place])} ({fact.level})"


_MENDED = {"drop": "dropped", "relabel": "relabelled", "mask": "masked"}


def mended_line(one: Mended, lang: str = "en") -> str:
    """One record in words, as Markdown: what was done to how many rows, by which check, why, and where it stands."""
    kind = _MENDED.get(one.kind, one.kind) + (".one" if one.rows == 1 else "")
    parts = [_say(kind, lang, n=f"{one.rows:,}") + _rows(one.splits)]
    parts += [_say("found", lang, checks=_counts(one.checks))] if one.checks else []
    parts += [_say("people", lang, people=_counts(one.people))] if one.people else []
    parts += [_say("kinds", lang, kinds=_counts(one.kinds))] if one.kinds else []
    for word in ("stratify", "time", "group"):
        column = getattr(one, word)
        parts += [_say(word, lang, column=code(column, 60))] if column else []
    parts += [_say("near", lang)] if one.near else []
    parts += [_say("folds", lang, n=str(one.folds))] if one.folds else []
    why = f": {plain(one.why, 300)}" if one.why else ""
    states = {"before": code(one.before[:DIGITS]), "after": code(one.after[:DIGITS])}
    return f"{', '.join(parts)}{why} ({_say('record', lang, record=code(one.record), **states)})"


def _rows(splits: Mapping[str, int]) -> str:
    return f" ({_counts(splits)})" if splits else ""


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{code(name, 60)} {rows:,}" for name, rows in counts.items())


def _what(fact: ChangeFact, lang: str) -> str:
    counted = _COUNTED.match(fact.kind)
    if lang == "ko":
        return _korean(fact, counted)
    if counted and fact.count is not None:
        noun = counted[1] if fact.count != 1 else {"classes": "class"}.get(counted[1], counted[1][:-1])
        return f"{fact.count:,} {noun} {counted[2].replace('-', ' ').replace('_', ' ')}"
    return kind_of(fact.kind, lang).replace("_", " ") + _number(fact)


def _number(fact: ChangeFact) -> str:
    """What a figure adds; a difference of nothing adds nothing, nor does one that the detail tells."""
    told = re.match(r"[\d,]+ (rows?\b|→)", fact.detail)
    return f": {fact.count:,}".replace("-", "\u2212") if fact.count and not told else ""


def _korean(fact: ChangeFact, counted: re.Match[str] | None) -> str:
    if counted and fact.count is not None:
        return f"{COUNTED[counted[1]]} {fact.count:,}건 {DONE.get(counted[2], counted[2])}"
    return kind_of(fact.kind, "ko") + _number(fact)


def kind_of(kind: str, lang: str) -> str:
    """What a kind of fact is called."""
    return KINDS.get(kind, kind) if lang == "ko" else ENGLISH.get(kind, kind.replace("-", " "))


def detail_of(detail: str, lang: str) -> str:
    """The detail of a fact; in Korean where it is one of those that facts are given."""
    if lang == "ko" and re.fullmatch(TOLD, detail):
        for pattern, korean in PARTS.items():
            detail = re.sub(pattern, korean, detail)
        return detail
    for pattern, korean in DETAILS.items() if lang == "ko" else ():
        if found := re.fullmatch(pattern, detail):
            return found.expand(korean)
    return detail


def _say(key: str, lang: str, **values: str) -> str:
    return WORDS[key][lang == "ko"].format(**values)


def entries(history: str) -> list[str]:
    """The entries of a changelog that `join` wrote."""
    parts = re.split(r"^(?=## )", history, flags=re.MULTILINE)
    return [part.rstrip("\n") + "\n\n" for part in parts if part.startswith("## ")]


def join(title: str, parts: Iterable[str], lang: str = "en") -> str:
    """A changelog of ready entries, newest first."""
    return f"# {_say('title', lang, title=plain(title, 200))}\n\n{''.join(parts).rstrip()}\n"
