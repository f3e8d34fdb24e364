"""Metrics → values and errors, from as few statements as the plan allows; each is computed once.

>>> def run(sql):
...     if "sum" in sql:
...         raise DataError("no sum of texts")
...     return [{"m0": 3}]
>>> answers = Answers(run, {"n": "BIGINT"}, ("n",))
>>> answers.find([Asked(1, "table.row_count", {}, {}), Asked(2, "column.sum", {"column": "n"}, {})])
>>> answers.values, answers.errors
({1: 3}, {2: 'no sum of texts'})
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from registry.checks.conditions import from_gx, to_sql
from registry.checks.numbers import rounded
from registry.checks.plan import Query, Request, plan
from registry.errors import DataError, RegistryError

SQL_METRIC = "registry.sql"  # the metric of our own expectations: the rows of a statement


@dataclass(frozen=True, slots=True)
class Asked:
    """One metric as Great Expectations asks for it; `condition` is its row condition as a dictionary."""

    id: Hashable
    name: str
    domain: Mapping[str, Any]
    value: Mapping[str, Any]
    condition: Mapping[str, Any] | None = None


@dataclass(slots=True)
class Answers:
    """What is known of the metrics of one judgement.

    `run` answers a statement, `columns` are the DuckDB types of the view, `names` the columns
    of the table alone. Figures are rounded to ten significant digits before they are judged:
    a verdict that hung on the last bit of a sum would depend on the order of threads.
    """

    run: Callable[[str], list[dict[str, Any]]]
    columns: Mapping[str, str]
    names: tuple[str, ...]
    values: dict[Hashable, Any] = field(default_factory=dict)
    errors: dict[Hashable, str] = field(default_factory=dict)

    def find(self, asked: Iterable[Asked]) -> None:
        """Computes what is not known yet; a metric that cannot be computed is in `errors`."""
        requests: list[Request] = []
        for metric in asked:
            if metric.id in self.values or metric.id in self.errors:
                continue
            try:
                if metric.name == SQL_METRIC:
                    self.values[metric.id] = self.run(metric.value["sql"])
                    continue
                where = to_sql(from_gx(metric.condition), self.columns) if metric.condition else ""
                requests.append(Request(metric.id, metric.name, metric.domain, metric.value, where))
            except (RegistryError, ValueError) as error:
                self.errors[metric.id] = str(error)
        planned = plan(requests, self.columns, self.names)
        self.values.update(planned.known)
        self.errors.update(planned.errors)
        for query in planned.queries:
            self._ask(query)

    def _ask(self, query: Query) -> None:
        """One bad expression fails the whole statement: its parts are then asked singly, and only that one errs."""
        try:
            rows = self.run(query.sql)
            if len(rows) != 1:
                raise DataError(f"a statement gave {len(rows)} rows where one was expected")
            for name, found in query.answers.items():
                self.values[found] = rounded(rows[0][name])
        except RegistryError as error:
            if not query.parts:
                self.errors.update(dict.fromkeys(query.answers.values(), str(error)))
            for part in query.alone():
                self._ask(part)
