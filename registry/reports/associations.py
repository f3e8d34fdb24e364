"""Which columns go together: Pearson's r, Cramér's V and the correlation ratio η, each from 0 (or −1) to 1.

Measured on at most 50,000 rows, fewer where columns are many, chosen by a hash of the row;
the document says on how many. V is corrected for bias (Bergsma 2013, doi:10.1016/j.jkss.2012.10.002);
η is the root of the part of the variance that lies between the classes.

>>> import numpy as np
>>> x = np.arange(4.0)
>>> round(pearson(x, 2 * x), 9), ratio(np.array([0, 0, 1, 1]), np.array([1.0, 1.0, 3.0, 3.0]))
(1.0, 1.0)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from registry.reports.kinds import Measured
from registry.reports.numbers import tidy
from registry.tables.duck import Session, quote_ident
from registry.tables.table import FILE, ROW

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

CELLS = 1_000_000  # rows × columns that are looked at
ROWS = 50_000
COLUMNS = 100
PAIRS = 200  # pairs that are listed, the strongest first
LEAST = 30  # rows with both values below which nothing is said
_NUMBERS = ("integer", "number", "decimal")
_CLASSES = ("category", "boolean")
_APART = ("key", "split", "text", "image", "group")


def associations(
    session: Session, columns: Sequence[Measured], entries: Sequence[Mapping[str, Any]], rows: int
) -> dict[str, Any]:
    """The strongest pairs among numbers and categories, keys and texts apart."""
    known = [c for c in columns if _takes_part(c, entries[c.index])]
    chosen = sorted(known, key=lambda c: (c.role != "label", c.index))[:COLUMNS]
    empty = {"columns": [c.name for c in chosen], "of": len(known), "rows": 0, "pairs": []}
    if len(chosen) < 2:
        return empty
    most = min(ROWS, CELLS // len(chosen))
    values = _values(session, chosen, entries, -(-rows // most))
    pairs = [
        {"a": a.name, "b": b.name} | found
        for i, a in enumerate(chosen)
        for b in chosen[:i]
        if (found := _pair(a, b, values, entries)) is not None
    ]
    pairs.sort(key=lambda pair: (-abs(pair["value"]), pair["a"], pair["b"]))
    return empty | {"rows": len(next(iter(values.values()))), "pairs": pairs[:PAIRS]}


def _takes_part(column: Measured, entry: Mapping[str, Any]) -> bool:
    overall = entry["overall"]
    if column.role in _APART or overall["distinct"] < 2:
        return False
    return entry["kind"] in _NUMBERS or _is_classed(entry)


def _is_classed(entry: Mapping[str, Any]) -> bool:
    """Whether the values are classes: categories, and the numbers that name the classes of a label."""
    return entry["kind"] in _CLASSES or (entry["role"] == "label" and entry["kind"] == "integer" and bool(entry["top"]))


def _values(
    session: Session, columns: Sequence[Measured], entries: Sequence[Mapping[str, Any]], every: int
) -> dict[int, NDArray[np.float64]]:
    """Each column as numbers in order of rows: NaN is missing, classes are numbered in order of value."""
    import numpy as np
    import pyarrow as pa

    select = ", ".join(f"{_sql(c, classed=_is_classed(entries[c.index]))} AS v{c.index}" for c in columns)
    # NOTE: Knuth's multiplicative hash of the row's number, so that the choice hangs on no library.
    chosen = f"WHERE ({ROW} * 2654435761) % 4294967296 < {4294967296 // every}" if every > 1 else ""
    sql = f"SELECT {select} FROM data {chosen} ORDER BY split, {FILE}, {ROW}"  # noqa: S608 (names quoted)
    batches = list(session.arrow(sql))
    table = pa.Table.from_batches(batches) if batches else None
    return {
        c.index: table.column(f"v{c.index}").to_numpy().astype(np.float64) if table else np.zeros(0) for c in columns
    }


def _sql(column: Measured, *, classed: bool) -> str:
    name = quote_ident(column.name)
    if classed:
        return f"CASE WHEN {name} IS NOT NULL THEN dense_rank() OVER (ORDER BY {name})::DOUBLE ELSE 'nan'::DOUBLE END"
    if column.storage == "number":
        return f"CASE WHEN isfinite({name}) THEN CAST({name} AS DOUBLE) ELSE 'nan'::DOUBLE END"
    return f"coalesce(CAST({name} AS DOUBLE), 'nan'::DOUBLE)"


def _pair(
    a: Measured, b: Measured, values: Mapping[int, NDArray[np.float64]], entries: Sequence[Mapping[str, Any]]
) -> dict[str, Any] | None:
    import numpy as np

    x, y = values[a.index], values[b.index]
    both = ~(np.isnan(x) | np.isnan(y))
    x, y = x[both], y[both]
    if len(x) < LEAST:
        return None
    classes = [_is_classed(entries[c.index]) for c in (a, b)]
    if all(classes):
        measure, value = "cramer", cramer(x.astype(np.int64), y.astype(np.int64))
    elif any(classes):
        group, number = (x, y) if classes[0] else (y, x)
        measure, value = "eta", ratio(group.astype(np.int64), number)
    else:
        measure, value = "pearson", pearson(x, y)
    return None if value is None else {"measure": measure, "value": tidy(round(value, 6) + 0.0), "rows": len(x)}


def pearson(x: NDArray[np.float64], y: NDArray[np.float64]) -> float | None:
    """Pearson's correlation of two vectors (n,); None where one does not vary."""
    import numpy as np

    with np.errstate(over="ignore", invalid="ignore"):
        dx, dy = x - x.mean(), y - y.mean()
        scale = float(np.sqrt((dx * dx).sum()) * np.sqrt((dy * dy).sum()))
        value = float((dx * dy).sum()) / scale if scale > 0 else float("nan")
    return min(1.0, max(-1.0, value)) if np.isfinite(value) else None


def ratio(group: NDArray[np.int64], number: NDArray[np.float64]) -> float | None:
    """Correlation ratio η of numbers (n,) by class (n,); None where the numbers do not vary."""
    import numpy as np

    codes = np.unique(group, return_inverse=True)[1]
    with np.errstate(over="ignore", invalid="ignore"):
        deviation = number - number.mean()
        total = float((deviation * deviation).sum())
        sums, sizes = np.bincount(codes, deviation), np.bincount(codes)
        between = float((sums * sums / sizes).sum())
    return min(1.0, float(np.sqrt(between / total))) if total > 0 and np.isfinite(total) else None


def cramer(one: NDArray[np.int64], other: NDArray[np.int64]) -> float | None:
    """Cramér's V of two class vectors (n,), corrected for bias; None where one does not vary."""
    import numpy as np

    a, b = (np.unique(codes, return_inverse=True)[1] for codes in (one, other))
    r, k, n = int(a.max()) + 1, int(b.max()) + 1, len(a)
    if min(r, k) < 2:
        return None
    table = np.bincount(a * k + b, minlength=r * k).reshape(r, k).astype(np.float64)
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0, keepdims=True) / n
    phi = float(((table - expected) ** 2 / expected).sum()) / n
    phi = max(0.0, phi - (r - 1) * (k - 1) / (n - 1))
    rows, cols = r - (r - 1) ** 2 / (n - 1), k - (k - 1) ** 2 / (n - 1)
    return min(1.0, float(np.sqrt(phi / max(1e-12, min(rows, cols) - 1))))
