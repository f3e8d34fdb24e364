"""Listed terms: rows in which a term of a list stands.

>>> SPECS[0].form.kwarg("normalize").choices
('letters', 'text', 'none')
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from registry.checks import findings
from registry.checks.core import ExpectationForm
from registry.checks.kwargs import REQUIRED, Kwarg
from registry.checks.specs import Counts, Facts, Measure, Spec, Unmeasured
from registry.checks.sql import is_text, type_of
from registry.model.digest import digest_of
from registry.privacy.terms import RULES, Normalize, TermList, matcher
from registry.tables.engine import Engine
from registry.tables.keys import canonical_sql
from registry.tables.table import SPLIT

NAMED = 20  # lines of the list that observations name


@dataclass(frozen=True, slots=True)
class ListedRequest:
    """The table of what was found (`registry.checks.findings`); terms are told by their lines in the list."""

    columns: tuple[str, ...]
    terms: TermList
    normalize: Normalize
    leet: bool

    @property
    def name(self) -> str:
        """Name of the table in a session."""
        rule = [RULES, list(self.columns), self.terms.sha256, list(self.terms.lines), self.normalize, self.leet]
        return f"listed_{digest_of(rule)[:16]}"

    def make(self, engine: Engine) -> None:
        """Looks through every text."""
        types = dict(engine.columns)
        texts = [canonical_sql(name, types[name]) for name in self.columns]
        look = partial(_look, request=self)
        function = partial(findings.batches_found, columns=len(texts), look=look)
        engine.derive(self.name, findings.texts_sql(texts), function, findings.schema(), reads=self.columns)


def _look(texts: findings.Texts, request: ListedRequest) -> Iterator[tuple[str, str, str]]:
    found = matcher(request.terms, request.normalize, request.leet)
    for text, column in zip(texts, request.columns, strict=True):
        for line in found.lines(text) if text else ():
            yield column, f"line {line}", ""


def _listed(kwargs: Mapping[str, Any], facts: Facts) -> Measure | Unmeasured:
    """Rows in which a term stands; that a term stands there says nothing beyond it."""
    roles = {column.name: column.role for column in facts.schema.columns}
    texts = [name for name, kind in facts.columns.items() if (is_text(kind) or "VARCHAR" in kind) and name != SPLIT]
    named = [name for name in texts if roles.get(name) == "text"]
    columns = tuple(kwargs.get("columns") or named or (name for name in texts if name != facts.image))
    if not columns:
        return Unmeasured("no column holds texts")
    for name in columns:
        type_of(facts.columns, name)
    terms: TermList = kwargs["list"]
    most = kwargs["max_count"]
    request = ListedRequest(columns, terms, kwargs["normalize"], kwargs["leet"])
    return Measure(
        columns=columns,
        count_sql=findings.count_sql(request.name, columns, facts),
        reduce=partial(_reduce, path=terms.path),
        what="rows hold a listed term",
        threshold={"max_count": most},
        max_count=most,
        rows_sql=findings.held_sql(request.name),
        examples=findings.examples(request.name),
        keys=(request,),
        hint=f"drop the rows, or allow what is meant otherwise by a line `!term` in {terms.path}",
        witness="",
    )


def _reduce(rows: Sequence[Mapping[str, Any]], *, path: str) -> Counts:
    counts = findings.counted(rows, "terms")
    by_rows = sorted(counts.observed["terms"].items(), key=lambda one: (-one[1]["rows"], int(one[0].split()[1])))
    listed = ", ".join(f"{line} in {found['rows']:,}" for line, found in by_rows[:3])
    observed = {**counts.observed, "terms": dict(by_rows[:NAMED])}
    return replace(counts, observed=observed, note=f"of {path}: {listed}" if listed else "")


SPECS = (
    Spec(
        ExpectationForm(
            "expect_no_listed_terms",
            "No row holds a term of a list.",
            (
                Kwarg("columns", "columns", "columns looked at; by default those of role text, else all of texts"),
                Kwarg(
                    "list",
                    "list",
                    "a file of one term a line; `#` begins a comment, `!` a term within which nothing is found",
                    REQUIRED,
                ),
                Kwarg(
                    "normalize",
                    "choice",
                    "`letters`: through split Hangul, letters apart or repeated; `text`: NFKC and case-folding only",
                    "letters",
                    ("letters", "text", "none"),
                ),
                Kwarg("leet", "flag", "read digits and signs as the letters that they look like (`b4d`)", False),
                Kwarg("max_count", "count", "rows that may hold some", 0),
            ),
        ),
        _listed,
        unit="rows with a text; unexpected: those in which a term stands: Hangul, Han and kana within words, other "
        "scripts as whole words. Letters apart count where whole words are joined. Terms are told by their line in the "
        "list, whose content is part of the ruleset's digest",
        source="Unicode Standard 3.12 (conjoining jamo behaviour), UAX #15 (NFKC)",
    ),
)
