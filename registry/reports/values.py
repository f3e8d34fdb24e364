"""Which values occur how often, per split: top values, classes, distances between splits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from registry.privacy.mask import is_withheld, shown
from registry.reports.kinds import Measured
from registry.reports.numbers import entropy, js_divergence, share, tidy
from registry.tables.duck import Session, quote_ident, quote_text

TOP = 20  # values listed of a column
CLASSES = 200  # values of a label column above which it is no class label
CUT = 120  # characters of a listed value


def top_values(session: Session, column: Measured, splits: Sequence[str], kind: str) -> dict[str, Any] | None:
    """The most frequent values with their counts per split, ties by value; None where that says nothing."""
    if kind not in ("category", "boolean", "string", "integer", "text"):
        return None
    rows = _counted(session, column, splits, TOP)
    if not rows or (rows[0]["n"] == 1 and len(rows) > 1):
        return None
    return _listed(rows, splits, hidden=is_withheld(column.declared.classification if column.declared else ""))


def _counted(session: Session, column: Measured, splits: Sequence[str], limit: int) -> list[dict[str, Any]]:
    name = quote_ident(column.name)
    read = session.over([column.name])
    source = f"(SELECT split, unnest({name}) AS v FROM {read})" if column.storage == "list" else read  # noqa: S608
    value = "v" if column.storage == "list" else name
    counts = ", ".join(f"count(*) FILTER (split = {quote_text(s)}) AS s{i}" for i, s in enumerate(splits))
    return session.rows(
        f"SELECT CAST({value} AS VARCHAR) AS v, count(*) AS n{', ' if counts else ''}{counts}, "  # noqa: S608
        f"count(*) OVER () AS groups FROM {source} WHERE {value} IS NOT NULL "
        f"GROUP BY {value} ORDER BY n DESC, v LIMIT {limit}"
    )


def _listed(rows: Sequence[Mapping[str, Any]], splits: Sequence[str], *, hidden: bool) -> dict[str, Any]:
    return {
        "values": [
            {
                "value": None if hidden else shown(row["v"], CUT),
                "count": row["n"],
                "splits": {split: row[f"s{i}"] for i, split in enumerate(splits)},
            }
            for row in rows
        ],
        "others": rows[0]["groups"] - len(rows),
        "withheld": hidden,
    }


def classes(
    session: Session, column: Measured, splits: Sequence[str], rows: Mapping[str, int]
) -> dict[str, Any] | None:
    """The class distribution of a label column, label by split; None for a label that is no class."""
    found = _counted(session, column, splits, CLASSES + 1)
    if len(found) > CLASSES or column.storage in ("number", "struct", "binary", "other"):
        return None
    counted = {row["v"]: row for row in found}
    declared = [declared_text(value) for value in column.declared.classes] if column.declared else []
    order = declared + [value for value in counted if value not in declared]
    if not order:
        return None
    totals = {split: sum(row[f"s{i}"] for row in found) for i, split in enumerate(splits)}
    entries = [_class(value, counted.get(value), splits, totals, declared) for value in order]
    counts = [entry["count"] for entry in entries]
    by_split = {split: [entry["splits"][split]["count"] for entry in entries] for split in splits}
    filled = [split for split in splits if totals[split]]
    return {
        "column": column.name,
        "multi": column.storage == "list",
        "classes": entries,
        "declared": bool(declared),
        "labels": sum(counts),
        "unlabelled": {split: rows[split] - totals[split] for split in splits if column.storage != "list"},
        "entropy": entropy(counts),
        "imbalance": tidy(max(counts) / min(counts)) if min(counts) else None,
        "smallest": min(range(len(counts)), key=lambda i: (counts[i], i)),
        "largest": max(range(len(counts)), key=lambda i: (counts[i], -i)),
        "divergence": {s: js_divergence(by_split[filled[0]], by_split[s]) for s in filled[1:]},
        "spread": max((entry["spread"] or 0.0 for entry in entries), default=0.0),
    }


def _class(
    value: str, row: Mapping[str, Any] | None, splits: Sequence[str], totals: Mapping[str, int], declared: Sequence[str]
) -> dict[str, Any]:
    counts = {split: row[f"s{i}"] if row else 0 for i, split in enumerate(splits)}
    shares = {split: share(counts[split], totals[split]) for split in splits}
    known = [s for s in shares.values() if s is not None]
    count = row["n"] if row else 0
    return {
        "value": shown(value, CUT),
        "count": count,
        "share": share(count, sum(totals.values())),
        "splits": {split: {"count": counts[split], "share": shares[split]} for split in splits},
        "spread": tidy(max(known) - min(known)) if len(known) > 1 else None,
        "undeclared": bool(declared) and value not in declared,
    }


def declared_text(value: object) -> str:
    """A declared class as DuckDB writes it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def divergences(
    splits: Sequence[str], histogram: Mapping[str, Any] | None, top: Mapping[str, Any] | None, counts: Mapping[str, int]
) -> dict[str, float | None]:
    """Jensen-Shannon divergence of each later split from the first that has values."""
    vectors = _vectors(splits, histogram, top, counts)
    filled = [split for split in splits if sum(vectors.get(split, ()))]
    return {split: js_divergence(vectors[filled[0]], vectors[split]) for split in filled[1:]}


def _vectors(
    splits: Sequence[str], histogram: Mapping[str, Any] | None, top: Mapping[str, Any] | None, counts: Mapping[str, int]
) -> dict[str, list[int]]:
    if top:
        listed = {split: [value["splits"][split] for value in top["values"]] for split in splits}
        return {split: [*listed[split], counts[split] - sum(listed[split])] for split in splits}
    if histogram:
        return {
            split: [histogram["below"][split], *histogram["counts"][split], histogram["above"][split]]
            for split in splits
            if split in histogram["counts"]
        }
    return {}
