"""The first pass: one statement that counts and summarises every column, per split and overall.

Only aggregates whose result does not depend on the order of threads are used: counts,
minimum and maximum, exact sums, `favg` and `quantile_cont`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from registry.reports.kinds import Measured
from registry.reports.letters import READ
from registry.reports.numbers import share, tidy
from registry.tables.duck import Session, quote_ident, quote_text

QUANTILES = {"p01": 0.01, "p05": 0.05, "p25": 0.25, "p50": 0.5, "p75": 0.75, "p95": 0.95, "p99": 0.99}
BATCH = 8  # columns of one statement: planning time and memory grow with their number
TEMPORAL = ("date", "datetime", "time")
NUMERIC = ("integer", "decimal", "number")


@dataclass(frozen=True, slots=True)
class Pass:
    """Raw aggregates by split (None is the whole table), then by `<column index>_<measure>`."""

    overall: Mapping[str, Any]
    splits: Mapping[str, Mapping[str, Any]]

    def of(self, split: str | None) -> Mapping[str, Any]:
        """The aggregates of `split`; a split without rows has none."""
        return self.overall if split is None else self.splits.get(split, {})


def first_pass(session: Session, columns: Sequence[Measured]) -> Pass:
    """Runs the first pass over `data`."""
    overall: dict[str, Any] = {}
    splits: dict[str, dict[str, Any]] = {}
    for start in range(0, max(1, len(columns)), BATCH):
        select = ["split", "grouping(split) AS whole", "count(*) AS rows"]
        select += [f"{sql} AS m{key}" for c in columns[start : start + BATCH] for key, sql in _aggregates(c)]
        source = source_sql(session, columns[start : start + BATCH])
        sql = f"SELECT {', '.join(select)} FROM {source} GROUP BY GROUPING SETS ((split), ())"  # noqa: S608
        for row in session.rows(sql):
            target = overall if row["whole"] else splits.setdefault(row["split"], {})
            target.update({key.removeprefix("m"): value for key, value in row.items()})
    splits.pop(None, None)  # type: ignore[call-overload]
    for column in columns:
        _count_distinct(session, column, overall, splits)
    return Pass(overall, splits)


def _count_distinct(
    session: Session, column: Measured, overall: dict[str, Any], splits: Mapping[str, dict[str, Any]]
) -> None:
    """Distinct values overall and in each split, from one grouping: a third of what DISTINCT costs in sets."""
    name, names = quote_ident(column.name), list(splits)
    marks = "".join(f", bool_or(split = {quote_text(s)}) AS k{i}" for i, s in enumerate(names))
    counts = "".join(f", count(*) FILTER (k{i}) AS k{i}" for i in range(len(names)))
    found = session.row(
        f"SELECT count(*) AS n{counts} FROM "  # noqa: S608 (all quoted)
        f"(SELECT 1{marks} FROM {session.over([column.name])} WHERE {name} IS NOT NULL GROUP BY {name})"
    )
    overall[f"{column.index}_distinct"] = found["n"]
    for i, split in enumerate(names):
        splits[split][f"{column.index}_distinct"] = found[f"k{i}"]


def source_sql(session: Session, columns: Sequence[Measured]) -> str:
    """The rows of `data`: `r<column index>`, each value, and `v<column index>`, its number, computed once.

    No name of the data is handed on: a column called `v1` would be taken for a number of ours.
    """
    raw = [f"{quote_ident(c.name)} AS r{c.index}" for c in columns]
    values = [f"{sql} AS v{c.index}" for c in columns if (sql := value_sql(c))]
    source = session.over([c.name for c in columns])
    return f"(SELECT {', '.join(['split', *raw, *values])} FROM {source})"  # noqa: S608 (names quoted)


def value_sql(column: Measured) -> str | None:
    """The number that stands for a value: itself, microseconds, length in characters, elements or bytes."""
    name = quote_ident(column.name)
    if column.storage == "number":
        # NOTE: in a CASE, DuckDB 2.0 answers isnan, comparisons and hashes from Parquet's statistics,
        # which know no NaN; isfinite it computes.
        return f"CASE WHEN isfinite({name}) THEN CAST({name} AS DOUBLE) END"
    if column.storage in NUMERIC:
        return f"CAST({name} AS DOUBLE)"
    if column.storage in TEMPORAL:
        return f"epoch_us({name})"
    return {
        "string": _length_sql(f"CAST({name} AS VARCHAR)", composed=column.composed),
        "list": f"len({name})",
        "binary": f"octet_length({name})",
    }.get(column.storage)


def _length_sql(text: str, *, composed: bool) -> str:
    """Characters after NFC; of columns in NFC already only what lies beyond the part looked at is normalised."""
    normal = f"length(nfc_normalize({text}))"
    return f"CASE WHEN length({text}) > {READ} THEN {normal} ELSE length({text}) END" if composed else normal


def _aggregates(column: Measured) -> Iterable[tuple[str, str]]:
    i = column.index
    name, value = f"r{i}", f"v{i}" if value_sql(column) else None
    yield f"{i}_count", f"count({name})"
    if column.storage == "boolean":
        yield f"{i}_true", f"count(*) FILTER ({name})"
    if column.storage == "number":
        yield f"{i}_nan", f"count(*) FILTER (isnan({name}))"
        yield f"{i}_inf", f"count(*) FILTER (isinf({name}))"
    if column.storage == "string":
        yield f"{i}_empty", f"count(*) FILTER (CAST({name} AS VARCHAR) = '')"
    if value:
        exact = name if column.storage == "integer" else value
        yield f"{i}_min", f"min({exact})"
        yield f"{i}_max", f"max({exact})"
        yield f"{i}_mean", f"favg(CAST({value} AS DOUBLE))"
        yield f"{i}_quantiles", f"quantile_cont(CAST({value} AS DOUBLE), [{', '.join(map(str, QUANTILES.values()))}])"


def statistics(column: Measured, raw: Mapping[str, Any], std: float | None) -> dict[str, Any]:
    """The document's entry for one column in one split (or overall), from the raw aggregates."""
    rows = int(raw.get("rows", 0))
    get = {key.partition("_")[2]: raw[key] for key in raw if key.startswith(f"{column.index}_")}
    count = int(get.get("count", 0))
    entry: dict[str, Any] = {
        "rows": rows,
        "count": count,
        "null": rows - count,
        "null_share": share(rows - count, rows),
        "distinct": int(get.get("distinct", 0)),
    }
    entry |= {key: int(get[key]) for key in ("nan", "inf", "empty", "true") if key in get}
    if "true" in get:
        entry["true_share"] = share(entry["true"], count)
    if get.get("quantiles"):
        numbers = _summary(column, get, std)
        entry |= {"length": numbers} if column.storage in ("string", "list", "binary") else numbers
    return entry


def _summary(column: Measured, get: Mapping[str, Any], std: float | None) -> dict[str, Any]:
    shown = _moment(column.storage) if column.storage in TEMPORAL else tidy
    quantiles = dict(zip(QUANTILES, get["quantiles"], strict=True))
    summary = {"min": shown(get["min"]), "max": shown(get["max"])}
    summary["quantiles"] = {name: shown(value) for name, value in quantiles.items()}
    if column.storage not in TEMPORAL:
        summary |= {"mean": tidy(get["mean"]), "std": tidy(std)}
    return summary


def _moment(storage: str) -> Any:
    """How microseconds since 1970 (or midnight) are written in the document."""
    return lambda value: None if value is None else moment(round(value), storage)


def moment(microseconds: int, storage: str) -> str:
    """Microseconds since 1970-01-01 UTC (of a time: since midnight) in ISO form.

    >>> moment(0, "date"), moment(90_000_000, "datetime"), moment(90_000_000, "time")
    ('1970-01-01', '1970-01-01T00:01:30', '00:01:30')
    """
    try:
        if storage == "date":
            return (date(1970, 1, 1) + timedelta(microseconds=microseconds)).isoformat()
        at = datetime(1970, 1, 1) + timedelta(microseconds=microseconds)
    except OverflowError:  # years before 1 and after 9999
        return f"{microseconds // 1_000_000}s"
    return at.time().isoformat() if storage == "time" else at.isoformat()
