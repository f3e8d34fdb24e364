"""What is said of whole rows: repeated rows, patterns of missing values, a seeded sample."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from registry.privacy.mask import is_withheld, shown
from registry.reports.kinds import Measured
from registry.reports.numbers import share
from registry.tables.duck import Session, quote_ident, quote_text
from registry.tables.table import FILE, ROW, Table

SAMPLE = 5  # rows of a split
SEED = 7
READ = 2000  # characters of a value that are looked at for a mask
CUT = 200  # characters of a value that are shown
PATTERNS = 10
PATTERN_COLUMNS = 20


def duplicates(
    session: Session, columns: Sequence[Measured], keys: Sequence[str], splits: Sequence[str]
) -> dict[str, Any]:
    """Rows beyond the first of each group of equal rows, keys and splits apart.

    Rows whose compared values are all null or empty are left out and counted in `empty`.
    """
    compared = [c for c in columns if c.name not in keys and c.role != "split"]
    if not compared:
        return {"columns": [], "rows": None, "empty": 0, "splits": {}, "share": None}
    names = ", ".join(f"{_compared(c)} AS c{c.index}" for c in compared)
    keys = ", ".join(f"c{c.index}" for c in compared)
    blank = _all([_blank(c) for c in compared])
    within = "".join(f", count(*) FILTER (NOT blank AND split = {quote_text(s)}) AS s{i}" for i, s in enumerate(splits))
    sums = "".join(f", coalesce(sum(greatest(s{i} - 1, 0)), 0) AS s{i}" for i in range(len(splits)))
    # NOTE: equal rows have equal hashes; only the rows of a shared one are compared by value, so that
    # memory holds a hash a row and no values. Blank rows are left out by FILTER: a WHERE on a float
    # column would be answered from Parquet's statistics, which know no NaN.
    found = session.row(
        f"WITH named AS (SELECT split, {blank} AS blank, {names} FROM data), "  # noqa: S608 (all quoted)
        f"hashed AS (SELECT hash({keys}) AS h, count(*) AS n, count(*) FILTER (NOT blank) AS m FROM named GROUP BY h), "
        f"shared AS (SELECT h FROM hashed WHERE n > 1), "
        f"groups AS (SELECT count(*) FILTER (NOT blank) AS n{within} FROM named "
        f"WHERE hash({keys}) IN (SELECT h FROM shared) GROUP BY {keys}) "
        f"SELECT (SELECT coalesce(sum(m), 0) FROM hashed) AS total, "
        f"coalesce(sum(greatest(n - 1, 0)), 0) AS repeated{sums} FROM groups"
    )
    rows = session.value("SELECT count(*) FROM data")
    repeated = int(found["repeated"])
    return {
        "columns": [c.name for c in compared],
        "rows": repeated,
        "share": share(repeated, rows),
        "empty": rows - int(found["total"]),
        "splits": {split: int(found[f"s{i}"]) for i, split in enumerate(splits)},
    }


def _compared(column: Measured) -> str:
    """A column as it is compared: NaN is missing, and so equals null."""
    name = quote_ident(column.name)
    return f"CASE WHEN isfinite({name}) OR isinf({name}) THEN {name} END" if column.storage == "number" else name


def _all(terms: Sequence[str]) -> str:
    """The terms joined by AND, as a tree: DuckDB reads no chain of a thousand."""
    half = len(terms) // 2
    return terms[0] if len(terms) == 1 else f"({_all(terms[:half])} AND {_all(terms[half:])})"


def _blank(column: Measured) -> str:
    empty = f" OR CAST({quote_ident(column.name)} AS VARCHAR) = ''" if column.storage == "string" else ""
    return f"(({_compared(column)}) IS NULL{empty})"


def missing(session: Session, entries: Sequence[Mapping[str, Any]], rows: int) -> dict[str, Any]:
    """Null cells overall, the columns that have any, and the most frequent patterns over them."""
    holed = sorted((e for e in entries if e["overall"]["null"]), key=lambda e: (-e["overall"]["null"], e["name"]))
    cells = sum(e["overall"]["null"] for e in holed)
    named = holed[:PATTERN_COLUMNS]
    return {
        "cells": cells,
        "share": share(cells, rows * len(entries)),
        "columns": [e["name"] for e in holed],
        "pattern_columns": [e["name"] for e in named],
        "patterns": _patterns(session, [e["name"] for e in named], rows) if len(holed) > 1 else [],
    }


def _patterns(session: Session, names: Sequence[str], rows: int) -> list[dict[str, Any]]:
    bits = " || ".join(f"CASE WHEN {quote_ident(name)} IS NULL THEN '1' ELSE '0' END" for name in names)
    # NOTE: grouped outside, since GROUP BY takes a column of the data called `p` for the pattern.
    found = session.rows(
        f"SELECT p, count(*) AS n FROM (SELECT {bits} AS p FROM data) GROUP BY p ORDER BY n DESC, p LIMIT {PATTERNS}"  # noqa: S608
    )
    return [{"missing": [bit == "1" for bit in r["p"]], "count": r["n"], "share": share(r["n"], rows)} for r in found]


def sample(session: Session, table: Table, columns: Sequence[Measured], splits: Sequence[str]) -> list[dict[str, Any]]:
    """At most 5 rows a split, chosen by a seeded hash of path and row, values masked and cut."""
    wanted = _chosen(session, table)
    if not wanted:
        return []
    paths = {str(part.parquet): part.path for part in table.parts}
    places = ", ".join(f"({quote_text(file)}, {row})" for file, row in wanted)
    values = "".join(f", {_shown_sql(c)} AS v{c.index}" for c in columns)
    found = session.rows(
        f"SELECT split, {FILE} AS file, {ROW} AS at{values} FROM data WHERE ({FILE}, {ROW}) IN ({places})"  # noqa: S608
    )
    order = {split: index for index, split in enumerate(splits)}
    entries = [
        {"split": r["split"], "row": f"{paths[r['file']]}#{r['at']}", "values": [_value(c, r) for c in columns]}
        for r in found
        if r["split"] in order
    ]
    return sorted(entries, key=lambda e: (order[e["split"]], e["row"]))


def _chosen(session: Session, table: Table) -> list[tuple[str, int]]:
    parts = ", ".join(f"({quote_text(str(p.parquet))}, {quote_text(p.path)})" for p in table.parts)
    found = session.rows(
        f"SELECT split, arg_min({{'file': {FILE}, 'at': {ROW}}}, "  # noqa: S608 (all quoted)
        f"md5(concat(path, '#', {ROW}, ':{SEED}')), {SAMPLE}) AS rows "
        f"FROM (SELECT split, {FILE}, {ROW} FROM data) JOIN (VALUES {parts}) AS part(parquet, path) "
        f"ON parquet = {FILE} WHERE split IS NOT NULL GROUP BY split"
    )
    return sorted((place["file"], place["at"]) for row in found for place in row["rows"])


def _shown_sql(column: Measured) -> str:
    name = quote_ident(column.name)
    if column.declared and is_withheld(column.declared.classification):
        return f"CASE WHEN {name} IS NOT NULL THEN '' END"
    if column.storage == "binary":
        return f"CAST(octet_length({name}) AS VARCHAR) || ' B'"
    return f"left(CAST({name} AS VARCHAR), {READ})"


def _value(column: Measured, row: Mapping[str, Any]) -> str | None:
    value = row[f"v{column.index}"]
    if value is not None and column.declared and is_withheld(column.declared.classification):
        return "[withheld]"
    return shown(value, CUT)
