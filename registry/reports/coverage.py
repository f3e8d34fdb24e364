"""Which of the values that the schema declares occur, split by split."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from registry.privacy.mask import is_withheld, shown
from registry.reports.aggregates import NUMERIC
from registry.reports.kinds import Measured
from registry.reports.numbers import share
from registry.reports.values import declared_text
from registry.tables.duck import Session, quote_ident, quote_text

ABSENT = 20  # absent values that are named
CUT = 60  # characters of one


def coverage(session: Session, columns: Sequence[Measured], rows: Mapping[str, int]) -> list[dict[str, Any]]:
    """Of every column with declared classes or values: how many there are, and how many occur in each split.

    `rows` are those of each split, in split order; one without rows is left out.
    """
    return [_covered(session, c, declared, rows) for c in columns if (declared := _declared(c))]


def _declared(column: Measured) -> list[str]:
    values = (column.declared.classes or column.declared.enum) if column.declared else ()
    return list(dict.fromkeys(declared_text(value) for value in values))


def _covered(session: Session, column: Measured, declared: Sequence[str], rows: Mapping[str, int]) -> dict[str, Any]:
    name, read = quote_ident(column.name), session.over([column.name])
    source = f"(SELECT split, unnest({name}) AS v FROM {read})" if column.storage == "list" else read  # noqa: S608
    # Numbers compare as such, so that a declared 1 is the 1.0 of a column of floats.
    kind = "DOUBLE" if column.storage in NUMERIC else "VARCHAR"
    value = f"CAST({'v' if column.storage == 'list' else name} AS {kind})"
    listed = ", ".join(f"TRY_CAST({quote_text(one)} AS {kind})" for one in declared)
    found = session.rows(
        f"SELECT split, list_position([{listed}], {value}) AS place FROM {source} "  # noqa: S608 (all quoted)
        f"WHERE {value} IS NOT NULL GROUP BY ALL"
    )
    present = {(row["split"], declared[row["place"] - 1]) for row in found if row["place"]}
    hidden = column.declared is not None and is_withheld(column.declared.classification)
    return {
        "column": column.name,
        "role": column.role,
        "declared": len(declared),
        "splits": {
            split: _split([one for one in declared if (split, one) not in present], len(declared), hidden=hidden)
            for split, count in rows.items()
            if count
        },
    }


def _split(absent: Sequence[str], declared: int, *, hidden: bool) -> dict[str, Any]:
    return {
        "present": declared - len(absent),
        "share": share(declared - len(absent), declared),
        "absent": [] if hidden else [shown(one, CUT) for one in absent[:ABSENT]],
    }
