"""Lists of terms that suites name, read strictly: a list that is missing, empty or unreadable would pass everything."""

from __future__ import annotations

from pathlib import Path

from registry.errors import ConfigError
from registry.privacy.terms import LONGEST, MOST, Matcher, TermList
from registry.workspace.lists import place_of_list


def load_terms(name: str, suite: Path) -> TermList:
    """The list `name` of the suite at `suite`; raises `ConfigError` where it holds no terms, or what is none."""
    file = place_of_list(name, suite)
    try:
        found = TermList.read(name, file.read_text("utf-8"))
    except UnicodeDecodeError as error:
        raise ConfigError(f"{file} is not UTF-8", why=str(error), hint="write it anew as UTF-8") from error
    if not found.terms:
        raise ConfigError(
            f"{file} holds no term", why="an empty list would let everything pass", hint="add terms to it"
        )
    if len(found.terms) > MOST:
        raise ConfigError(f"{file} holds {len(found.terms):,} terms", why=f"at most {MOST:,} are", hint="use two lists")
    matcher = Matcher(TermList(name, ()))
    for term, line in zip(found.terms, found.lines, strict=True):
        if len(term) > LONGEST or not matcher.reads(term):
            what = "is too long" if len(term) > LONGEST else "has no letters"
            raise ConfigError(f"{file}:{line} the term {what}", why="it could never be found", hint="mend the line")
    return found
