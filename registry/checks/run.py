"""Expectations and a table → checks. Great Expectations judges; what it gives is mapped to evidence here.

`pass` needs something measured: no value present, no row under a condition, or nothing to
compare is `not_measured`, whatever a judge says of an empty set.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from registry.checks.answers import Answers
from registry.checks.conditions import to_sql
from registry.checks.discreet import discreet
from registry.checks.expectations import OURS
from registry.checks.figures import Figures, Outcome, figures_of
from registry.checks.gx import judge
from registry.checks.maps import METRICS, domain_of, unexpected_count
from registry.checks.messages import message_of
from registry.checks.numbers import plain
from registry.checks.plan import repeated
from registry.checks.references import References
from registry.checks.samples import Found, Sampler
from registry.checks.specs import Facts, Measure, Unmeasured
from registry.checks.sql import literal, literals, missing, one_of
from registry.checks.suite import Expectation
from registry.errors import DataError, MissingExtraError, RegistryError
from registry.model.evidence import MAX_SAMPLES, Check, Status
from registry.model.schema import DatasetSchema
from registry.tables.duck import quote_ident
from registry.tables.engine import Engine
from registry.tables.keys import make_keys
from registry.tables.table import SPLIT, Table


def run_checks(
    expectations: Sequence[Expectation],
    table: Table,
    schema: DatasetSchema,
    session: Engine,
    references: References | None = None,
) -> list[Check]:
    """One check per expectation, sorted by id; a check that cannot be computed is in error, the others are judged.

    Raises `DataError` where the table has no rows: nothing measured on it would mean anything.
    """
    if table.rows == 0:
        raise DataError("the dataset has no rows", hint="registry status")
    run = _Run(session, table, schema, references)
    return sorted(run.checks(expectations), key=lambda check: check.id)


class _Run:
    """One judgement: facts of the data, the measures of our own expectations, samples."""

    def __init__(self, session: Engine, table: Table, schema: DatasetSchema, references: References | None) -> None:
        self.session = session
        self.names = tuple(name for name, _ in session.columns)
        self.columns = dict(session.columns)
        self.columns.setdefault(SPLIT, "VARCHAR")
        self.sampler = Sampler(session, table, schema)
        self.facts = Facts.of(schema, table, session, references)

    def checks(self, expectations: Sequence[Expectation]) -> list[Check]:
        settled: list[Check] = []
        measures: dict[str, Measure] = {}
        judged: list[Expectation] = []
        for expectation in expectations:
            try:
                prepared = self._prepare(expectation)
            except MissingExtraError:  # evidence must not depend on what a machine has: there is none
                raise
            except RegistryError as error:
                settled.append(_check(expectation, "error", message=str(error)))
                continue
            if isinstance(prepared, Unmeasured):
                settled.append(_check(expectation, prepared.status, message=prepared.why))
                continue
            if prepared is not None:
                measures[expectation.check_id] = prepared
            judged.append(expectation)
        answers = Answers(self.session.rows, self.columns, self.names)
        outcomes = judge(judged, measures, answers) if judged else {}
        return settled + [self._judged(one, outcomes[one.check_id], measures.get(one.check_id)) for one in judged]

    def _prepare(self, expectation: Expectation) -> Measure | Unmeasured | None:
        spec = OURS.get(expectation.type)
        if spec is None:
            return None
        defaults = {kwarg.name: kwarg.default for kwarg in spec.form.kwargs if not kwarg.required}
        measure = spec.measure({**defaults, **expectation.kwargs}, self.facts)
        if isinstance(measure, Measure):
            for request in measure.keys:
                make_keys(self.session, request)
        return measure

    def _judged(self, expectation: Expectation, outcome: Outcome, measure: Measure | None) -> Check:
        if outcome.error:
            return _check(expectation, "error", columns=_columns(expectation, measure), message=outcome.error)
        figures = figures_of(outcome, expectation, measure)
        status: Status = "pass" if outcome.success else "fail"
        try:
            if status == "fail" and not figures.nothing and measure and measure.doubt:
                counted = {**figures.observed, "unexpected": figures.unexpected}
                figures = replace(figures, nothing=measure.doubt(self.session, counted))
            samples = self._samples(expectation, figures, measure) if figures.found else ()
        except RegistryError as error:
            return _check(expectation, "error", columns=_columns(expectation, measure), message=str(error))
        return _check(
            expectation,
            "not_measured" if figures.nothing else status,
            columns=_columns(expectation, measure),
            total=figures.total,
            unexpected=figures.unexpected,
            observed=plain(figures.observed),
            threshold=plain(figures.threshold),
            samples=tuple(plain(samples)),
            message=figures.nothing or message_of(expectation, measure, figures, samples, passed=outcome.success),
        )

    def _samples(self, expectation: Expectation, figures: Figures, measure: Measure | None) -> Sequence[Any]:
        if measure is not None:
            if measure.examples is not None:
                return self.sampler.examples(measure.columns, measure.examples)
            if measure.rows_sql is None or figures.samples:
                return figures.samples[:MAX_SAMPLES]
            return self.sampler.draw(Found(measure.columns, sql=measure.rows_sql, witness=measure.witness))
        base = METRICS.get(expectation.type)
        where = to_sql(expectation.condition, self.columns) if expectation.condition else ""
        if base is not None:
            return self.sampler.draw(_rows(expectation, base, where, self.columns))
        if "distinct_values" in expectation.type:
            return self._values(expectation, where)
        return ()

    def _values(self, expectation: Expectation, where: str) -> list[dict[str, Any]]:
        """Values that occur but should not, the most frequent first; then values that should occur but do not."""
        name = expectation.kwargs["column"]
        kind, quoted = self.columns[name], quote_ident(name)
        options = literals(expectation.kwargs["value_set"], kind)
        present = " AND ".join(filter(None, (f"NOT {missing(self.columns, name)}", where)))
        found: list[dict[str, Any]] = []
        if not expectation.type.endswith("contain_set"):
            where = f"{present} AND NOT {one_of(quoted, options)}"
            sql = f"SELECT {quoted} AS value, count(*) AS n FROM data WHERE {where}"  # noqa: S608 (all parts are quoted)
            sql += f" GROUP BY ALL ORDER BY 2 DESC, 1 LIMIT {MAX_SAMPLES}"
            found = [{"value": self.sampler.shown(name, r["value"]), "rows": r["n"]} for r in self.session.rows(sql)]
        if not expectation.type.endswith("in_set"):
            found += self._absent(expectation, present)
        return found[:MAX_SAMPLES]

    def _absent(self, expectation: Expectation, present: str) -> list[dict[str, Any]]:
        name = expectation.kwargs["column"]
        values = [value for value in expectation.kwargs["value_set"] if value is not None]
        options = [literal(value, self.columns[name]) for value in values]
        quoted = quote_ident(name)
        tests = ", ".join(f"count(*) FILTER ({quoted} = {option}) AS v{i}" for i, option in enumerate(options))
        counts = self.session.row(f"SELECT {tests} FROM data WHERE {present}")  # noqa: S608 (all parts are quoted)
        return [{"value": plain(value), "rows": 0} for i, value in enumerate(values) if not counts[f"v{i}"]]


def _rows(expectation: Expectation, base: str, where: str, columns: Mapping[str, str]) -> Found:
    defaults = {kwarg.name: kwarg.default for kwarg in expectation.form.kwargs if not kwarg.required}
    kwargs = {**defaults, **expectation.kwargs}
    domain = domain_of(base, kwargs, columns)
    if base in ("column_values.unique", "compound_columns.unique"):
        names = [quote_ident(name) for name in domain.columns]
        same = " AND ".join(f"d.{name} IS NOT DISTINCT FROM repeated.k{i}" for i, name in enumerate(names))
        condition = f" WHERE {where}" if where else ""
        start = repeated(domain, where)
        sql = f"{start} SELECT __file, __row FROM data AS d SEMI JOIN repeated ON {same}{condition}"  # noqa: S608
        return Found(domain.columns, sql=sql)
    found = unexpected_count(base, domain, kwargs, columns)
    return Found(domain.columns, where=f"{where} AND {found}" if where else found)


def _columns(expectation: Expectation, measure: Measure | None) -> tuple[str, ...]:
    return measure.columns if measure else expectation.columns()


def _check(expectation: Expectation, status: Status, **rest: Any) -> Check:
    """The check; what it tells of values is discreet, whatever column they are from."""
    told: dict[str, Any] = {name: discreet(rest.pop(name)) for name in ("observed", "message") if name in rest}
    samples = tuple(discreet(rest.pop("samples", ())))
    return Check(
        id=expectation.check_id,
        type=expectation.type,
        status=status,
        severity=expectation.severity,
        may_be_unmeasured=expectation.when_not_measured == "allow",
        arguments=expectation.arguments,
        samples=samples,
        **{"columns": expectation.columns(), **told, **rest},
    )
