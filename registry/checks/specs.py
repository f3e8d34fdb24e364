"""Our own expectations as small pure definitions; `registry.checks.gx` makes the GX class of each.

A definition is a form (name, arguments, text) and a function `measure` that turns arguments
and the facts of a dataset into SQL, or says why it cannot be measured. SQL is DuckDB's dialect
over the view `data`.

>>> counts = Counts(total=200, unexpected=3)
>>> counts.share, within(counts, max_share=0), within(counts, max_share=0.02)
(0.015, False, True)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from registry.checks.core import ExpectationForm
from registry.checks.sql import FLOATS, is_text, type_of
from registry.model.schema import DatasetSchema
from registry.tables.duck import quote_ident, quote_text
from registry.tables.keys import KeyRequest, is_nan
from registry.tables.table import FILE, ROW, SPLIT


@dataclass(frozen=True, slots=True)
class Facts:
    """What a definition may know: the schema, DuckDB types by column, split names in order, part files in order."""

    schema: DatasetSchema
    columns: Mapping[str, str]
    splits: tuple[str, ...]
    files: tuple[str, ...] = ()

    def chosen(self, wanted: Sequence[str] | None) -> tuple[str, ...]:
        """The splits of the data among `wanted` (all if None), in the data's order."""
        return tuple(split for split in self.splits if wanted is None or split in wanted)


@dataclass(frozen=True, slots=True)
class Counts:
    """What was counted: `total` and `unexpected` in the check's unit, further figures, samples that are no rows."""

    total: int
    unexpected: int
    observed: Mapping[str, Any] = field(default_factory=dict)
    samples: tuple[Any, ...] = ()

    @property
    def share(self) -> float:
        """unexpected / total; 0 where nothing was counted."""
        return self.unexpected / self.total if self.total else 0.0


@dataclass(frozen=True, slots=True)
class Measure:
    """How to measure: `count_sql` gives rows, `reduce` makes counts of them, `rows_sql` names rows found.

    The rows of `rows_sql` hold `__file` and `__row`, for a witness also `other_file` and
    `other_row`. `keys` are the key tables that must stand before. It passes while the share
    of unexpected is at most `max_share`. `what` says in words what one unexpected unit is.
    """

    columns: tuple[str, ...]
    count_sql: str
    reduce: Callable[[Sequence[Mapping[str, Any]]], Counts]
    what: str
    threshold: Mapping[str, Any]
    max_share: float = 0
    rows_sql: str | None = None
    keys: tuple[KeyRequest, ...] = ()
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Unmeasured:
    """Why there is nothing to measure."""

    why: str
    status: Literal["not_measured", "not_applicable"] = "not_measured"


Measurer = Callable[[Mapping[str, Any], Facts], Measure | Unmeasured]


@dataclass(frozen=True, slots=True)
class Spec:
    """An expectation of ours: its form, how it is measured, and where the method comes from."""

    form: ExpectationForm
    measure: Measurer
    unit: str
    source: str


def within(counts: Counts, *, max_share: float) -> bool:
    """Whether the unexpected are few enough, without the rounding of a division."""
    return counts.unexpected <= max_share * counts.total


@dataclass(frozen=True, slots=True)
class Relation:
    """Where the compared values stand: what to select from, its key columns, the condition that a row has any value.

    The source has the columns of `keys`, `split`, `__file` and `__row`, and none named by data:
    a column called `n` would otherwise be taken for a count called so.
    """

    source: str
    keys: str
    present: str
    request: KeyRequest | None = None

    @property
    def needs(self) -> tuple[KeyRequest, ...]:
        """Key tables to make first."""
        return (self.request,) if self.request else ()


def relation(columns: Sequence[str], normalize: str, facts: Facts) -> Relation:
    """The compared values as they are (`none`), or as keys of the normalised text (`text`)."""
    kinds = [type_of(facts.columns, name) for name in columns]
    if normalize == "text":
        request = KeyRequest(tuple(columns))
        return Relation(request.name, "k1, k2", "(k1 IS NOT NULL)", request)
    keys = [f"k{i}" for i in range(len(columns))]
    values = [_value(name, kind) for name, kind in zip(columns, kinds, strict=True)]
    named = ", ".join(f"{value} AS {key}" for value, key in zip(values, keys, strict=True))
    present = " OR ".join(_present(key, kind) for key, kind in zip(keys, kinds, strict=True))
    source = f"(SELECT {named}, {SPLIT}, {FILE}, {ROW} FROM data)"  # noqa: S608 (all names are quoted)
    return Relation(source, ", ".join(keys), f"({present})")


def _present(key: str, kind: str) -> str:
    return f"({key} IS NOT NULL AND {key} <> '')" if is_text(kind) else f"{key} IS NOT NULL"


def _value(name: str, kind: str) -> str:
    """A column as it is compared: NaN is missing, and so equals null."""
    quoted = quote_ident(name)
    return f"CASE WHEN NOT {is_nan(quoted, kind)} THEN {quoted} END" if kind in FLOATS else quoted


def rank(splits: Sequence[str]) -> str:
    """The place of a row's split among `splits`, from 0; null for another split."""
    whens = " ".join(f"WHEN {quote_text(split)} THEN {index}" for index, split in enumerate(splits))
    return f"CASE {SPLIT} {whens} END"


def place(facts: Facts) -> str:
    """The place of a row's file among the data's files in order of path, from 0."""
    return f"list_position([{', '.join(quote_text(file) for file in facts.files)}], __file)"


def by_split(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Total, unexpected and share of each split, from rows that hold `split`, `total`, `unexpected`."""
    return {
        row["split"]: {
            "total": int(row["total"]),
            "unexpected": int(row["unexpected"]),
            "share": int(row["unexpected"]) / int(row["total"]) if row["total"] else 0.0,
        }
        for row in rows
    }


def summed(rows: Sequence[Mapping[str, Any]]) -> Counts:
    """The sum over splits of rows that hold `split`, `total`, `unexpected`, `empty`, `counted`.

    Splits that are not counted (the first, between splits) give their empty rows only.
    """
    counted = [row for row in rows if row["counted"]]
    total, unexpected = (sum(int(row[name]) for row in counted) for name in ("total", "unexpected"))
    empty = sum(int(row["empty"]) for row in rows)
    observed = {"empty": empty, "share": unexpected / total if total else 0.0, "splits": by_split(counted)}
    return Counts(total, unexpected, observed)
