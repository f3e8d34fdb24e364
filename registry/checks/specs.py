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
from registry.checks.references import References
from registry.checks.samples import Examples
from registry.checks.sql import FLOATS, is_text, type_of
from registry.model.schema import DatasetSchema
from registry.tables.duck import quote_ident, quote_text
from registry.tables.engine import PLACE, Engine
from registry.tables.formats import IMAGES as FOLDER
from registry.tables.images import IMAGE
from registry.tables.images_hash import ImageRequest
from registry.tables.keys import BYTES, IMAGES, KeyRequest, TableRequest, is_nan
from registry.tables.table import FILE, ROW, SPLIT, Table

BESIDE = ("label", "split", "annotator", "image", "weight")  # roles that are no inputs, or know the label by right


@dataclass(frozen=True, slots=True)
class Facts:
    """What a definition may know: the schema, DuckDB types by column, split names in order, part files in order.

    `rows` are all rows; `image` is the column of an image folder's paths, or empty: its pictures are compared;
    `references` is what rules refer to beside the data, `paths` are those that the files were made of.
    """

    schema: DatasetSchema
    columns: Mapping[str, str]
    splits: tuple[str, ...]
    files: tuple[str, ...] = ()
    rows: int = 0
    image: str = ""
    references: References = field(default_factory=References)
    paths: tuple[str, ...] = ()

    @classmethod
    def of(cls, schema: DatasetSchema, table: Table, engine: Engine, references: References | None = None) -> Facts:
        """The facts of `table`, which is the one of `engine`."""
        columns = {SPLIT: "VARCHAR", **dict(engine.columns)}
        files, paths = tuple(engine.files), tuple(engine.files.values())
        image = IMAGE if table.format == FOLDER and table.root is not None else ""
        return cls(schema, columns, table.splits, files, table.rows, image, references or References(), paths)

    def role(self, role: str, given: str | None = None) -> str:
        """The column `given`, else the first of the data with `role`, else nothing."""
        found = (column.name for column in self.schema.columns_of_role(role) if column.name in self.columns)
        return given or next(found, "")

    def chosen(self, wanted: Sequence[str] | None) -> tuple[str, ...]:
        """The splits of the data among `wanted` (all if None), in the data's order."""
        return tuple(split for split in self.splits if wanted is None or split in wanted)


@dataclass(frozen=True, slots=True)
class Counts:
    """What was counted: `total` and `unexpected` in the check's unit, further figures, samples that are no rows.

    `nothing` says why the figures are no measurement, where they are none; `note` what a reader must know of them.
    """

    total: int
    unexpected: int
    observed: Mapping[str, Any] = field(default_factory=dict)
    samples: tuple[Any, ...] = ()
    nothing: str = ""
    note: str = ""

    @property
    def share(self) -> float:
        """unexpected / total; 0 where nothing was counted."""
        return self.unexpected / self.total if self.total else 0.0


Doubt = Callable[[Engine, Mapping[str, Any]], str]


@dataclass(frozen=True, slots=True)
class Measure:
    """How to measure: `count_sql` gives rows, `reduce` makes counts of them, `rows_sql` names rows found.

    The rows of `rows_sql` hold `__file` and `__row`, for a witness also `other_file` and
    `other_row`, and `similarity` where witnesses are only alike; `witness` is what samples
    call it. `keys` are the tables that must stand before. It passes while the share of
    unexpected is at most `max_share`, or their number at most `max_count`. `what` says in words
    what one unexpected unit is.
    `doubt` is asked of a failure, with its figures: why it proves nothing, or nothing.
    `examples` are sampled in place of what `rows_sql` finds.
    """

    columns: tuple[str, ...]
    count_sql: str
    reduce: Callable[[Sequence[Mapping[str, Any]]], Counts]
    what: str
    threshold: Mapping[str, Any]
    max_share: float = 0
    max_count: int = 0
    rows_sql: str | None = None
    keys: tuple[TableRequest, ...] = ()
    hint: str = ""
    witness: str = "same_as"
    doubt: Doubt | None = None
    examples: Examples | None = None


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


def within(counts: Counts, *, max_share: float, max_count: int = 0) -> bool:
    """Whether the unexpected are few enough, without the rounding of a division."""
    return counts.unexpected <= max(max_count, max_share * counts.total)


@dataclass(frozen=True, slots=True)
class Relation:
    """Where the compared values stand: what to select from, its key columns, the condition that a row has any value.

    The source has the columns of `keys`, `split`, `__file` and `__row`, and none named by data:
    a column called `n` would otherwise be taken for a count called so.
    """

    source: str
    keys: str
    present: str
    needs: tuple[TableRequest, ...] = ()


def relation(columns: Sequence[str], normalize: str, facts: Facts) -> Relation:
    """The compared values as they are (`none`), or as keys of the normalised text (`text`).

    Pictures are compared by the bytes of their files, or by their pixels.
    """
    kinds = [type_of(facts.columns, name) for name in columns]
    pictures = (ImageRequest(),) if facts.image in columns else ()
    if normalize == "text":
        request = KeyRequest(tuple(columns), facts.image if pictures else "")
        return Relation(request.name, "k1, k2", "(k1 IS NOT NULL)", (*pictures, request))
    keys = [f"k{i}" for i in range(len(columns))]
    values = [
        BYTES if name == facts.image else value_sql(name, kind) for name, kind in zip(columns, kinds, strict=True)
    ]
    named = ", ".join(f"{value} AS {key}" for value, key in zip(values, keys, strict=True))
    present = " OR ".join(_present(key, kind) for key, kind in zip(keys, kinds, strict=True))
    rows = f"data JOIN {IMAGES} USING ({FILE}, {ROW})" if pictures else "data"
    source = f"(SELECT {named}, {SPLIT}, {FILE}, {ROW} FROM {rows})"  # noqa: S608 (all names are quoted)
    return Relation(source, ", ".join(keys), f"({present})", pictures)


def _present(key: str, kind: str) -> str:
    return f"({key} IS NOT NULL AND {key} <> '')" if is_text(kind) else f"{key} IS NOT NULL"


def value_sql(name: str, kind: str) -> str:
    """A column as it is compared: NaN is missing, and so equals null."""
    quoted = quote_ident(name)
    return f"CASE WHEN NOT ({is_nan(quoted)}) THEN {quoted} END" if kind in FLOATS else quoted


def rank(splits: Sequence[str]) -> str:
    """The place of a row's split among `splits`, from 0; null for another split."""
    whens = " ".join(f"WHEN {quote_text(split)} THEN {index}" for index, split in enumerate(splits))
    return f"CASE {SPLIT} {whens} END"


def sampled(facts: Facts, most: int) -> str:
    """The condition that a row is of a sample of about `most` rows, the same in every run (Knuth 6.4, Fibonacci)."""
    if facts.rows <= most:
        return "TRUE"
    mixed = f"(({PLACE} * 7919 + {ROW}) % 2147483647) * 2654435761 % 4294967296"
    return f"({mixed} < {most * 2**32 // facts.rows})"


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
