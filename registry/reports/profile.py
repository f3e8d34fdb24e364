"""The profile: every number that EDA report and card show, measured once.

`profile` answers with the `registry.profile/1` document: plain JSON values, equal for
equal data at any number of threads. Ordered things are lists, so that sorting the
keys of the document loses nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from registry.model.schema import DatasetSchema
from registry.reports.aggregates import QUANTILES, Pass, first_pass, statistics
from registry.reports.associations import associations
from registry.reports.coverage import coverage
from registry.reports.histogram import MOST, Spread, second_pass
from registry.reports.kinds import Measured, kind_of, storage_of
from registry.reports.letters import Letters, letters, scripts
from registry.reports.nested import nested
from registry.reports.numbers import share
from registry.reports.pictures import pictures
from registry.reports.rows import SAMPLE, SEED, duplicates, missing, sample
from registry.reports.slices import slices
from registry.reports.tokens import tokens
from registry.reports.values import CLASSES, TOP, classes, divergences, top_values
from registry.tables.duck import Session
from registry.tables.table import Table

FORMAT = "registry.profile/1"
VERSION = 4  # of the measurements: raised when equal data gives another document


def profile(session: Session, table: Table, schema: DatasetSchema) -> dict[str, Any]:
    """Measures `table` through `session`: columns, classes, repeated rows, missing cells, a sample.

    Counts are exact. Moments are rounded to 10 significant digits. Values shown are
    masked where they look like personal data, and withheld where the schema classifies
    the column so.
    """
    columns = _measured(session, table, schema)
    spelt = letters(session, columns)
    columns = [replace(c, composed=spelt[c.index].composed) if c.index in spelt else c for c in columns]
    first = first_pass(session, columns)
    spread = second_pass(session, columns, first)
    rows = int(first.overall.get("rows", 0))
    counts = {split: int(first.of(split).get("rows", 0)) for split in table.splits}
    entries = [_column(session, column, first, spread.get(column.index), counts) for column in columns]
    _add_scripts(entries, spelt)
    words, fields = tokens(session, columns, entries, rows), nested(session, table, columns)
    for entry in entries:
        entry["words"], entry["fields"] = words.get(entry["index"]), fields.get(entry["index"], [])
    labels = [classes(session, c, table.splits, counts) for c in columns if c.role == "label"]
    known = [label for label in labels if label]
    return {
        "format": FORMAT,
        "dataset": schema.name,
        "rows": rows,
        "splits": [{"name": name, "rows": n, "share": share(n, rows)} for name, n in counts.items()],
        "without_split": rows - sum(counts.values()),
        "split_column": table.split_column,
        "columns": entries,
        "labels": known,
        "coverage": coverage(session, columns, counts),
        "slices": slices(session, columns, entries, known, table.splits),
        "duplicates": duplicates(session, columns, schema.keys, table.splits),
        "missing": missing(session, entries, rows),
        "associations": associations(session, columns, entries, rows),
        "images": pictures(session, table, table.splits),
        "sample": sample(session, table, columns, table.splits),
        "method": {
            "bins": MOST,
            "classes": CLASSES,
            "quantiles": list(QUANTILES),
            "sample_rows": SAMPLE,
            "seed": SEED,
            "top": TOP,
        },
    }


def _measured(session: Session, table: Table, schema: DatasetSchema) -> list[Measured]:
    types = dict(session.columns)
    return [
        Measured(index, name, arrow_type, storage_of(types[name]), schema.column(name))
        for index, (name, arrow_type) in enumerate(table.columns)
    ]


def _add_scripts(entries: Sequence[dict[str, Any]], spelt: Mapping[int, Letters]) -> None:
    for entry in entries:
        if entry["kind"] == "text" and entry["index"] in spelt:
            counts = spelt[entry["index"]].splits
            for split, found in counts.items():
                if split in entry["splits"]:
                    entry["splits"][split]["script"] = scripts([found])
            entry["overall"]["script"] = scripts(list(counts.values()))


def _column(
    session: Session, column: Measured, first: Pass, spread: Spread | None, rows: Mapping[str, int]
) -> dict[str, Any]:
    splits: Sequence[str] = tuple(rows)
    std = spread.std if spread else {}
    overall = statistics(column, first.overall, std.get(None))
    by_split = {split: statistics(column, first.of(split), std.get(split)) for split in splits}
    mean_length = overall.get("length", {}).get("mean")
    kind = kind_of(column, distinct=overall["distinct"], count=overall["count"], mean_length=mean_length)
    # A list of values says something where they are few; of prose only where they hardly differ.
    few = (
        overall["distinct"] <= TOP
        if kind == "text"
        else kind not in ("integer", "string")
        or overall["distinct"] <= max(TOP, overall["count"] // 2 * (kind == "string"))
    )
    top = top_values(session, column, splits, kind) if overall["count"] and few else None
    histogram = spread.histogram if spread and kind not in ("category", "boolean", "image") else None
    return {
        "index": column.index,
        "name": column.name,
        "type": column.type,
        "kind": kind if overall["count"] else "null" if overall["rows"] else kind,
        "role": column.role,
        "description": column.declared.description if column.declared else "",
        "overall": overall,
        "splits": by_split,
        "histogram": histogram,
        "top": top,
        "divergence": {}
        if column.role in ("key", "split")
        else divergences(
            splits, histogram, None if kind == "string" else top, {s: e["count"] for s, e in by_split.items()}
        ),
    }
