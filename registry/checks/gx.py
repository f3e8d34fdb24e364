"""The one door to Great Expectations: it asks for metrics, an engine of ours answers them in one pass, it judges.

Used are `ExecutionEngine.resolve_metrics`, `registry.register_metric` and
`Validator.graph_validate`, which are public names but no documented extension points: the
version is pinned to 1.24 and `tests/checks/test_gx.py` holds one test for each. The engine
extends `ExecutionEngine` itself, never the pandas one: a metric that is not planned here would
be computed there on an empty frame and look valid; so it has no provider and is an error.
"""

from __future__ import annotations

import gc
import importlib.util
import logging
import sys
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from types import ModuleType, SimpleNamespace
from typing import Any

from registry.checks.answers import SQL_METRIC, Answers, Asked
from registry.checks.conditions import to_gx
from registry.checks.expectations import OURS
from registry.checks.figures import Outcome
from registry.checks.maps import MAPS
from registry.checks.plan import AGGREGATES, GROUPED, KNOWN
from registry.checks.specs import Measure, Spec, within
from registry.checks.suite import Expectation
from registry.errors import EnvironmentFailed, InternalError, MissingExtraError
from registry.privacy.terms import TermList

MAP_PARTS = ("unexpected_count", "unexpected_values", "filtered_row_count")


def judge(expectations: Sequence[Expectation], measures: Mapping[str, Measure], answers: Answers) -> dict[str, Outcome]:
    """The outcome of every expectation by `check_id`; `measures` holds those of our own.

    An expectation that Great Expectations loses is an error.
    """
    gx = load()
    engine = gx.OnePassEngine(answers, measures)
    outcomes: dict[str, Outcome] = {}
    with _quiet():
        configurations = []
        for expectation in expectations:
            try:
                configuration = _configuration(gx, expectation)
                configuration.to_domain_obj()  # graph_validate would end on the first that is invalid
                configurations.append(configuration)
            except Exception as error:  # (a check that GX refuses is in error; the others are judged)
                outcomes[expectation.check_id] = Outcome(False, error=_first_line(error))
        validator = gx.Validator(execution_engine=engine)
        validator.metrics_calculator.show_progress_bars = False
        settings = {"catch_exceptions": True, "result_format": "BASIC"}
        results = validator.graph_validate(configurations=configurations, runtime_configuration=settings)
    engine.answers = None  # it is part of a cycle, and would hold the session's connection until the process ends
    for result in results:
        outcomes[result.expectation_config.meta["check_id"]] = _outcome(result, answers)
    for expectation in expectations:
        outcomes.setdefault(expectation.check_id, Outcome(False, error="Great Expectations gave no result"))
    return outcomes


def _configuration(gx: Any, expectation: Expectation) -> Any:
    kwargs = {name: str(v) if isinstance(v, TermList) else v for name, v in expectation.kwargs.items()}
    condition = expectation.condition
    if condition is not None:
        kwargs["row_condition"] = gx.deserialize_row_condition(to_gx(condition))
    meta = {"check_id": expectation.check_id}
    return gx.ExpectationConfiguration(type=expectation.type, kwargs=kwargs, meta=meta)


def _outcome(result: Any, answers: Answers) -> Outcome:
    """Both shapes of `exception_info`: flat, or by the text of a metric's id."""
    info = result.exception_info or {}
    messages: list[str] = []
    if "raised_exception" in info:
        if info["raised_exception"]:
            messages = [str(info["exception_message"])]
    else:
        known = {str(found): text for found, text in answers.errors.items()}
        messages = [known.get(str(name), "a metric cannot be computed") for name in info]
    if messages:
        return Outcome(False, error=_first_line("; ".join(sorted(set(messages)))))
    return Outcome(bool(result.success), dict(result.result or {}))


def _first_line(error: object) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return " ".join(lines[:3])[:400] or type(error).__name__


@cache
def load() -> SimpleNamespace:
    """Great Expectations, imported once: the names used here, our engine, and our expectations registered."""
    try:
        with _importing(), ThreadPoolExecutor(1) as own_stack:
            gx = own_stack.submit(_names).result()
    except ImportError as error:
        raise MissingExtraError(
            "checks need an extra", why=str(error), hint="pip install 'dataset-release-registry[author]'"
        ) from error
    except SystemExit as error:  # NOTE: pyspark 4.3 takes a process without __main__.__file__ for its doctest run
        raise EnvironmentFailed(
            "importing Great Expectations ended the process",
            why="pyspark 4.2 or newer is installed without grpcio",
            hint="pip install 'pyspark>=4.0,<4.2'",
        ) from error
    gx.OnePassEngine = _engine_class(gx)
    _register_metrics(gx)
    gx.expectations = {name: _expectation_class(gx, spec) for name, spec in OURS.items()}
    return gx


def _names() -> SimpleNamespace:
    import great_expectations.exceptions as errors
    from great_expectations.execution_engine.execution_engine import ExecutionEngine
    from great_expectations.expectations.expectation import BatchExpectation
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
    from great_expectations.expectations.metrics.metric_provider import MetricProvider
    from great_expectations.expectations.registry import get_metric_kwargs, register_metric
    from great_expectations.expectations.row_conditions import deserialize_row_condition
    from great_expectations.validator.metric_configuration import MetricConfiguration
    from great_expectations.validator.validator import Validator

    return SimpleNamespace(
        errors=errors,
        ExecutionEngine=ExecutionEngine,
        BatchExpectation=BatchExpectation,
        ExpectationConfiguration=ExpectationConfiguration,
        MetricProvider=MetricProvider,
        MetricConfiguration=MetricConfiguration,
        Validator=Validator,
        deserialize_row_condition=deserialize_row_condition,
        get_metric_kwargs=get_metric_kwargs,
        register_metric=register_metric,
    )


@contextmanager
def _importing() -> Iterator[None]:
    """A third of the import's time is garbage collection; a fifth is scipy.stats, which no check here uses.

    The import runs on a stack of its own: it leaves cycles behind that hold their frames, and
    through the frames of a caller they would hold the session's connection for good.
    """
    collecting, shown = gc.isenabled(), warnings.showwarning
    hidden = "pyspark" not in sys.modules
    if hidden:  # it would import all of Spark, for engines of its own that are not used here
        sys.modules["pyspark"] = None  # type: ignore[assignment]
    gc.collect()  # what is garbage already would be frozen too, and never end
    gc.disable()
    _lazy("scipy.stats")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of modules that are not ours
            yield
            if warnings.showwarning is not shown:  # NOTE: its validator turns warnings of the process into logs
                logging.captureWarnings(False)
    finally:
        if hidden:
            del sys.modules["pyspark"]
        gc.freeze()
        if collecting:
            gc.enable()


def _lazy(name: str) -> None:
    """Has `name` imported at the first use of an attribute, by the standard library's lazy loader."""
    if name in sys.modules or importlib.util.find_spec(name.partition(".")[0]) is None:
        return
    spec = importlib.util.find_spec(name)
    if spec is None or spec.loader is None:
        return
    spec.loader = importlib.util.LazyLoader(spec.loader)
    module: ModuleType = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    parent, _, child = name.rpartition(".")
    setattr(sys.modules[parent], child, module)  # or `from scipy import stats` would read its __spec__, and so load it


@contextmanager
def _quiet() -> Iterator[None]:
    """Its log lines repeat what the outcomes say, its warnings are not about our code."""
    log = logging.getLogger("great_expectations")
    before = log.level
    log.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        log.setLevel(before)


def _engine_class(gx: Any) -> Any:
    """`OnePassEngine`: hands Great Expectations the answers; whatever it is asked for otherwise is an error."""

    class OnePassEngine(gx.ExecutionEngine):  # type: ignore[misc]
        def __init__(self, answers: Answers, measures: Mapping[str, Measure]) -> None:
            super().__init__()
            self.answers, self.measures = answers, measures

        def resolve_metrics(
            self, metrics_to_resolve: Iterable[Any], metrics: Any = None, runtime_configuration: Any = None
        ) -> dict[Any, Any]:
            asked = sorted(metrics_to_resolve, key=lambda metric: str(metric.id))
            self.answers.find([_request(metric) for metric in asked])
            failed = [metric for metric in asked if metric.id in self.answers.errors]
            if failed:  # one error for all of them: it drops the values of this call, which are asked for again
                why = "; ".join(sorted({self.answers.errors[metric.id] for metric in failed}))
                raise gx.errors.MetricResolutionError(message=why, failed_metrics=failed)
            return {metric.id: self.answers.values[metric.id] for metric in asked}

        def get_batch_data_and_markers(self, batch_spec: Any) -> Any:
            raise InternalError("the one-pass engine holds no batches")

        def _comparison_condition_to_filter_clause(self, condition: Any) -> Any:
            raise InternalError("the one-pass engine filters by SQL")

        _nullity_condition_to_filter_clause = _comparison_condition_to_filter_clause
        _and_condition_to_filter_clause = _comparison_condition_to_filter_clause
        _or_condition_to_filter_clause = _comparison_condition_to_filter_clause

    return OnePassEngine


def _request(metric: Any) -> Asked:
    raw = metric.metric_domain_kwargs.get("row_condition")
    condition = raw if raw is None or isinstance(raw, dict) else raw.dict()
    domain = {name: value for name, value in metric.metric_domain_kwargs.items() if name != "row_condition"}
    return Asked(metric.id, metric.metric_name, domain, dict(metric.metric_value_kwargs), condition)


def _register_metrics(gx: Any) -> None:
    """Registers every planned metric as a leaf of our engine: no dependencies, so that all arrive in one call."""

    class Leaf(gx.MetricProvider):  # type: ignore[misc]
        @classmethod
        def get_evaluation_dependencies(cls, *args: Any, **kwargs: Any) -> dict[str, Any]:
            return {}

    maps = {f"{base}.{part}" for base in MAPS for part in MAP_PARTS}
    for name in sorted(maps | set(KNOWN) | set(AGGREGATES) | set(GROUPED)):
        try:
            keys = gx.get_metric_kwargs(name)
        except gx.errors.MetricProviderError:
            continue  # a combination that Great Expectations does not have
        _register(gx, Leaf, name, tuple(keys["metric_domain_keys"]), tuple(keys["metric_value_keys"]))
    _register(gx, Leaf, SQL_METRIC, ("batch_id",), ("sql",))


def _register(gx: Any, leaf: Any, name: str, domain: tuple[str, ...], value: tuple[str, ...]) -> None:
    gx.register_metric(
        metric_name=name,
        metric_domain_keys=domain,
        metric_value_keys=value,
        execution_engine=gx.OnePassEngine,
        metric_class=leaf,
        metric_provider=_unused,
    )


def _unused(**_: Any) -> None:
    raise InternalError("the engine answers its metrics itself")


def _expectation_class(gx: Any, spec: Spec) -> Any:
    """The Great Expectations class of one of our definitions; defining it registers it under its type."""

    def dependencies(self: Any, execution_engine: Any = None, runtime_configuration: Any = None) -> Any:
        found = gx.BatchExpectation.get_validation_dependencies(self, execution_engine, runtime_configuration)
        sql = execution_engine.measures[self.meta["check_id"]].count_sql
        metric = gx.MetricConfiguration(SQL_METRIC, {"batch_id": self.batch_id}, {"sql": sql})
        found.set_metric_configuration(SQL_METRIC, metric)
        return found

    def validate(
        self: Any, metrics: Mapping[str, Any], runtime_configuration: Any = None, execution_engine: Any = None
    ) -> dict[str, Any]:
        measure: Measure = execution_engine.measures[self.meta["check_id"]]
        counts = measure.reduce(metrics[SQL_METRIC])
        result = {
            "element_count": counts.total,
            "unexpected_count": counts.unexpected,
            "unexpected_percent": 100 * counts.share,
            "observed_value": dict(counts.observed),
            "details": {"samples": list(counts.samples), "nothing": counts.nothing, "note": counts.note},
        }
        return {"success": within(counts, max_share=measure.max_share, max_count=measure.max_count), "result": result}

    form = spec.form
    body: dict[str, Any] = {
        "__module__": __name__,
        "__doc__": f"{form.text}\n\nCounts: {spec.unit}.\nSource: {spec.source}.",
        "__annotations__": {kwarg.name: "Any" for kwarg in form.kwargs},
        **{kwarg.name: ... if kwarg.required else kwarg.default for kwarg in form.kwargs},
        "domain_keys": ("batch_id",),
        "success_keys": form.names,
        "get_validation_dependencies": dependencies,
        "_validate": validate,
    }
    name = "".join(word.capitalize() for word in form.type.split("_"))
    made = type(gx.BatchExpectation)(name, (gx.BatchExpectation,), body)
    if made.expectation_type != form.type:
        raise InternalError(f"{form.type} is registered as {made.expectation_type}")
    return made
