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
from registry.reports.numbers import share, tidy
from registry.tables.duck import Session, quote_ident

QUANTILES = {"p01": 0.01, "p05": 0.05, "p25": 0.25, "p50": 0.5, "p75": 0.75, "p95": 0.95, "p99": 0.99}
BATCH = 40  # columns of one statement; planning time grows faster than their number
_SCRIPTS = {"hangul": r"\p{Hangul}", "latin": r"\p{Latin}", "han": r"\p{Han}", "letters": r"\p{L}"}
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
        source = source_sql(columns[start : start + BATCH])
        sql = f"SELECT {', '.join(select)} FROM {source} GROUP BY GROUPING SETS ((split), ())"  # noqa: S608
        for row in session.rows(sql):
            target = overall if row["whole"] else splits.setdefault(row["split"], {})
            target.update({key.removeprefix("m"): value for key, value in row.items()})
    splits.pop(None, None)  # type: ignore[call-overload]
    return Pass(overall, splits)


def source_sql(columns: Sequence[Measured]) -> str:
    """The rows of `data` with `v<column index>`, the number of each value, computed once."""
    names = [quote_ident(c.name) for c in columns if c.name != "split"]
    values = [f"{sql} AS v{c.index}" for c in columns if (sql := value_sql(c))]
    return f"(SELECT {', '.join(['split', *names, *values])} FROM data)"  # noqa: S608 (names quoted)


def value_sql(column: Measured) -> str | None:
    """The number that stands for a value: itself, microseconds, length in characters, elements or bytes."""
    name = quote_ident(column.name)
    if column.storage == "number":
        return f"CASE WHEN isfinite({name}) THEN CAST({name} AS DOUBLE) END"
    if column.storage in NUMERIC:
        return f"CAST({name} AS DOUBLE)"
    if column.storage in TEMPORAL:
        return f"epoch_us({name})"
    return {
        "string": f"length(nfc_normalize(CAST({name} AS VARCHAR)))",
        "list": f"len({name})",
        "binary": f"octet_length({name})",
    }.get(column.storage)


def _aggregates(column: Measured) -> Iterable[tuple[str, str]]:
    name, i = quote_ident(column.name), column.index
    value = f"v{i}" if value_sql(column) else None
    yield f"{i}_count", f"count({name})"
    yield f"{i}_distinct", f"count(DISTINCT {name})"
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


def script_mix(session: Session, columns: Sequence[Measured]) -> dict[tuple[int, str], dict[str, int]]:
    """Letters by script for each (column index, split): the third pass, over columns of prose only."""
    if not columns:
        return {}
    texts = ", ".join(f"nfc_normalize(CAST({quote_ident(c.name)} AS VARCHAR)) AS t{c.index}" for c in columns)
    sums = ", ".join(
        f"sum(length(regexp_replace(t{c.index}, '[^{letters}]+', '', 'g'))) AS {script}{c.index}"
        for c in columns
        for script, letters in _SCRIPTS.items()
    )
    rows = session.rows(f"SELECT split, {sums} FROM (SELECT split, {texts} FROM data) GROUP BY split")  # noqa: S608
    return {
        (c.index, row["split"]): {script: int(row[f"{script}{c.index}"] or 0) for script in _SCRIPTS}
        for c in columns
        for row in rows
    }


def scripts(counts: Iterable[Mapping[str, int]]) -> dict[str, Any] | None:
    """The document's entry: letters and share of each script; None of no letters."""
    known = list(counts)
    total = {script: sum(c[script] for c in known) for script in _SCRIPTS}
    letters = total.pop("letters")
    total["other"] = max(0, letters - sum(total.values()))
    shares = {name: {"letters": count, "share": share(count, letters)} for name, count in total.items()}
    return shares if letters else None


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
