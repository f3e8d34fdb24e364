"""Metrics that Great Expectations asks for → few SQL statements: pure, so that it is tested without data.

All simple aggregates under one row condition become one SELECT; each check that must group
(uniqueness) becomes one statement. A metric that cannot be expressed is in `errors`, and a
metric unknown here is an error too: nothing is ever answered by guess.

>>> wanted = [Request("a", "table.row_count", {}, {}), Request("b", "column.max", {"column": "n"}, {})]
>>> plan(wanted, {"n": "BIGINT"}).queries[0].sql
'SELECT count(*) AS m0, max("n") AS m1 FROM data'
>>> plan([Request("c", "column.sum", {"column": "t"}, {})], {"t": "VARCHAR"}).errors["c"]
'`t` is of type VARCHAR; a number is needed'
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from registry.checks.maps import MAPS, Domain, domain_of, unexpected_count
from registry.checks.sql import FLOATS, PlanError, is_number, literals, one_of, type_of
from registry.errors import RegistryError
from registry.tables.duck import quote_ident
from registry.tables.keys import is_nan

Columns = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Request:
    """One metric: an id of the caller, the name, its domain and value arguments, and its row condition in SQL."""

    id: Hashable
    name: str
    domain: Mapping[str, Any]
    value: Mapping[str, Any]
    where: str = ""


@dataclass(frozen=True, slots=True)
class Query:
    """One statement of one row; `answers` says which column answers which request."""

    sql: str
    answers: Mapping[str, Hashable]
    parts: tuple[tuple[str, str, Hashable], ...] = ()  # (expression, where, id): to retry one by one

    def alone(self) -> tuple[Query, ...]:
        """The same answers by one statement each."""
        return tuple(_select(where, [(expression, found)]) for expression, where, found in self.parts)


@dataclass(frozen=True, slots=True)
class Plan:
    """Statements to run, values known without any, and why some requests cannot be answered."""

    queries: tuple[Query, ...]
    known: Mapping[Hashable, Any] = field(default_factory=dict)
    errors: Mapping[Hashable, str] = field(default_factory=dict)


def plan(requests: Iterable[Request], columns: Columns, names: Sequence[str] | None = None) -> Plan:
    """The least statements that answer `requests` over `data` with columns of these DuckDB types.

    `names` are the columns of the table itself, where the view has more.
    """
    own = tuple(columns) if names is None else tuple(names)
    simple: dict[str, list[tuple[str, Hashable]]] = {}
    grouped: list[Query] = []
    known: dict[Hashable, Any] = {}
    errors: dict[Hashable, str] = {}
    for request in requests:
        try:
            if request.name in KNOWN or request.name.endswith(SAMPLES):
                known[request.id] = KNOWN[request.name](own) if request.name in KNOWN else []
            elif request.name in GROUPED:
                grouped.append(_grouped(request, columns))
            else:
                simple.setdefault(request.where, []).append((_expression(request, columns), request.id))
        except RegistryError as error:
            errors[request.id] = str(error)
    wide = [_select(where, parts) for where, parts in simple.items()]
    return Plan((*wide, *grouped), known, errors)


def _select(where: str, parts: list[tuple[str, Hashable]]) -> Query:
    named = ", ".join(f"{expression} AS m{i}" for i, (expression, _) in enumerate(parts))
    condition = f" WHERE {where}" if where else ""
    alone = tuple((expression, where, found) for expression, found in parts) if len(parts) > 1 else ()
    answers = {f"m{i}": found for i, (_, found) in enumerate(parts)}
    return Query(f"SELECT {named} FROM data{condition}", answers, alone)  # noqa: S608 (all parts are quoted)


def _expression(request: Request, columns: Columns) -> str:
    if request.name in AGGREGATES:
        return AGGREGATES[request.name](Aggregate(request, columns))
    base, _, kind = request.name.rpartition(".")
    if base in MAPS and kind in ("unexpected_count", "filtered_row_count"):
        domain = domain_of(base, request.domain, columns)
        if kind == "filtered_row_count":
            return f"count(*) FILTER (WHERE {domain.considered})"
        return f"count(*) FILTER (WHERE {unexpected_count(base, domain, request.value, columns)})"
    raise PlanError(f"the metric `{request.name}` is not planned on DuckDB")


@dataclass(frozen=True, slots=True)
class Aggregate:
    """An aggregate over one column; missing values (null, NaN) are left out."""

    request: Request
    columns: Columns

    @property
    def column(self) -> str:
        """Name of the column."""
        return str(self.request.domain["column"])

    @property
    def quoted(self) -> str:
        """The column in SQL."""
        return quote_ident(self.column)

    @property
    def kind(self) -> str:
        """Its DuckDB type; a missing column raises `PlanError`."""
        return type_of(self.columns, self.column)

    @property
    def number(self) -> str:
        """The column as a number; another type raises `PlanError`."""
        if not is_number(self.kind):
            raise PlanError(f"`{self.column}` is of type {self.kind}; a number is needed")
        return self.quoted

    def of(self, call: str, *conditions: str) -> str:
        """`call` over the values present."""
        present = (f"NOT {is_nan(self.quoted)}",) if self.kind in FLOATS else ()
        filters = " AND ".join((*present, *conditions))
        return f"{call} FILTER (WHERE {filters})" if filters else call

    def options(self) -> str:
        """The condition that a value is one of `value_set`."""
        return one_of(self.quoted, literals(self.request.value["value_set"], self.kind))


def _sum(a: Aggregate) -> str:
    return _or_infinite(a, a.of(f"fsum({a.number})")) if a.kind in FLOATS else a.of(f"sum({a.number})")


def _mean(a: Aggregate) -> str:
    return _or_infinite(a, a.of(f"favg(CAST({a.number} AS DOUBLE))"))


def _or_infinite(a: Aggregate, compensated: str) -> str:
    """A sum or mean; compensated ones of infinities are NaN, though those of one sign are infinite."""
    if a.kind not in FLOATS:
        return compensated
    least, most = (a.of(f"{name}({a.number})") for name in ("min", "max"))
    return f"CASE WHEN isinf({least}) OR isinf({most}) THEN {least} + {most} ELSE {compensated} END"


def _stdev(a: Aggregate) -> str:
    """Two passes: a sum of squares minus a square of the sum loses all digits of large values."""
    where = f" WHERE {a.request.where}" if a.request.where else ""
    mean = f"(SELECT {_mean(a)} FROM data{where})"  # noqa: S608 (all parts are quoted)
    squares = a.of(f"fsum(power(CAST({a.number} AS DOUBLE) - {mean}, 2))")
    return f"sqrt({squares} / nullif({a.of(f'count({a.quoted})')} - 1, 0))"


def _median(a: Aggregate) -> str:
    return a.of(f"quantile_cont(CAST({a.number} AS DOUBLE), 0.5)")


def _extreme(name: str) -> Callable[[Aggregate], str]:
    return lambda a: a.of(f"{name}({a.quoted})")


def _some(a: Aggregate, expression: str) -> str:
    """Null where no value is present: a count of nothing proves nothing."""
    return f"CASE WHEN {a.of(f'count({a.quoted})')} > 0 THEN {expression} END"


def _different(a: Aggregate) -> str:
    return _some(a, a.of(f"count(DISTINCT {a.quoted})"))


def _not_in_set(a: Aggregate) -> str:
    return _some(a, a.of(f"count(DISTINCT {a.quoted})", f"NOT {a.options()}"))


def _not_in_column(a: Aggregate) -> str:
    options = literals(a.request.value["value_set"], a.kind)
    return _some(a, f"{len(options)} - {a.of(f'count(DISTINCT {a.quoted})', a.options())}")


def _unique_share(a: Aggregate) -> str:
    return f"({_different(a)}) / CAST({a.of(f'count({a.quoted})')} AS DOUBLE)"


def _present_share(a: Aggregate) -> str:
    return f"{a.of(f'count({a.quoted})')} / CAST(nullif(count(*), 0) AS DOUBLE)"


AGGREGATES: Mapping[str, Callable[[Aggregate], str]] = {
    "table.row_count": lambda _: "count(*)",
    "column.max": _extreme("max"),
    "column.min": _extreme("min"),
    "column.mean": _mean,
    "column.median": _median,
    "column.sum": _sum,
    "column.standard_deviation": _stdev,
    "column.non_null_proportion": _present_share,
    "column.distinct_values.count": _different,
    "column.distinct_values.not_in_set.count": _not_in_set,
    "column.distinct_values.missing_from_column.count": _not_in_column,
    "column.unique_proportion": _unique_share,
}


def _nothing(_: Sequence[str]) -> list[Any]:
    """Samples are ours, drawn by key after the verdict and only where something was found."""
    return []


SAMPLES = ".unexpected_values"
KNOWN: Mapping[str, Callable[[Sequence[str]], Any]] = {
    "table.columns": lambda names: list(names),
    "table.column_count": lambda names: len(names),
    "column.distinct_values.not_in_set": _nothing,
    "column.distinct_values.missing_from_column": _nothing,
}


def repeated(domain: Domain, where: str) -> str:
    """The values that occur more than once, as `repeated(k0, …, times)`.

    Unequal hashes prove unequal values at a third of the cost of comparing them; a common hash
    is a candidate only, and the rows of candidates are grouped by value. Columns of the data
    are renamed, since one of them may be called as ours are.
    """
    quoted = ", ".join(quote_ident(name) for name in domain.columns)
    named = ", ".join(f"{quote_ident(name)} AS k{i}" for i, name in enumerate(domain.columns))
    condition = f"{domain.considered} AND {where}" if where else domain.considered
    return f"""WITH hashes AS (
  SELECT hash({quoted}) AS h FROM data WHERE {condition} GROUP BY ALL HAVING count(*) > 1
), repeated AS (
  SELECT {named}, count(*) AS times FROM data
  WHERE {condition} AND hash({quoted}) IN (SELECT h FROM hashes) GROUP BY ALL HAVING count(*) > 1
)"""  # noqa: S608 (all parts are quoted)


def _grouped(request: Request, columns: Columns) -> Query:
    domain = domain_of(request.name.removesuffix(".unexpected_count"), request.domain, columns)
    sql = f"{repeated(domain, request.where)} SELECT coalesce(sum(times), 0) AS m0 FROM repeated"  # noqa: S608
    return Query(sql, {"m0": request.id})


GROUPED = ("column_values.unique.unexpected_count", "compound_columns.unique.unexpected_count")
