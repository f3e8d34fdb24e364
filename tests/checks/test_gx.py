"""The surface of Great Expectations that the door relies on, and the traps it must not fall into."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import warnings
from types import SimpleNamespace

import pytest

from registry.checks import gx as door
from registry.checks.answers import Answers
from registry.checks.expectations import OURS
from registry.checks.gx import judge, load
from registry.errors import EnvironmentFailed, MissingExtraError
from tests.checks.tables import expectation

KINDS = {"n": "BIGINT", "t": "VARCHAR", "split": "VARCHAR"}


def answered(run=None):
    return Answers(run or (lambda sql: [dict.fromkeys((f"m{i}" for i in range(99)), 1)]), KINDS, ("n", "t"))


def fresh(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True)


def test_version_is_the_pinned_one():
    load()
    import great_expectations

    assert great_expectations.__version__.startswith("1.24.")


def test_gx_itself_drops_unknown_types():
    """The trap that the loader is strict for: were it mended, the loader's own list would still hold."""
    load()
    from great_expectations.core.expectation_suite import ExpectationSuite

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import great_expectations

        great_expectations.get_context(mode="ephemeral")
        suite = ExpectationSuite(name="s", expectations=[{"type": "expect_nope", "kwargs": {}}])
    assert len(suite.expectations) == 0


def test_ours_are_registered_as_expectations_of_gx():
    load()
    from great_expectations.expectations.registry import get_expectation_impl

    for name in OURS:
        assert get_expectation_impl(name).expectation_type == name


def test_engine_is_not_the_pandas_one():
    gx = load()
    from great_expectations.execution_engine import PandasExecutionEngine

    assert not issubclass(gx.OnePassEngine, PandasExecutionEngine)


def test_a_metric_without_a_provider_is_an_error():
    """KL divergence is not planned: it must be an error, never a number computed elsewhere."""
    from registry.checks.suite import Expectation

    partition = {"values": ["a"], "weights": [1.0]}
    kwargs = {"column": "t", "partition_object": partition, "threshold": 9.0}
    unplanned = Expectation("expect_column_kl_divergence_to_be_less_than", kwargs, check_id="kl")
    fine = expectation("expect_table_row_count_to_equal", value=1)
    found = judge([unplanned, fine], {}, answered())
    assert not found["kl"].success and "No provider" in found["kl"].error
    assert found[fine.check_id].success and not found[fine.check_id].error


def test_an_invalid_expectation_leaves_the_others_judged():
    from registry.checks.suite import Expectation

    broken = Expectation("expect_column_values_to_be_between", {"column": "n"}, check_id="broken")
    fine = expectation("expect_table_row_count_to_equal", value=1)
    found = judge([broken, fine], {}, answered())
    assert found["broken"].error and not found["broken"].success
    assert found[fine.check_id].success


def test_both_shapes_of_exception_info_are_errors():
    answers = answered()
    answers.errors["('a', 'b')"] = "no sum of texts"
    nested = SimpleNamespace(exception_info={"('a', 'b')": {"num_failures": 3}}, success=False, result={})
    flat = {"raised_exception": True, "exception_message": "boom", "exception_traceback": "…"}
    assert door._outcome(nested, answers).error == "no sum of texts"
    assert door._outcome(SimpleNamespace(exception_info=flat, success=False, result={}), answers).error == "boom"
    unknown = SimpleNamespace(exception_info={"('x', 'y')": {}}, success=False, result={})
    assert door._outcome(unknown, answers).error


def test_a_lost_result_is_an_error(monkeypatch):
    gx = load()
    monkeypatch.setattr(gx.Validator, "graph_validate", lambda self, **_: [])
    one = expectation("expect_table_row_count_to_equal", value=1)
    assert "no result" in judge([one], {}, answered())[one.check_id].error


def test_pyspark_ending_the_process_is_an_error(monkeypatch):
    """pyspark 4.3 calls `sys.exit(0)` at import without `__main__.__file__`: a gate would end green, unjudged."""

    def ends():
        raise SystemExit(0)

    monkeypatch.setattr(door, "_names", ends)
    with pytest.raises(EnvironmentFailed, match="ended the process"):
        load.__wrapped__()


def test_missing_extra(monkeypatch):
    def absent():
        raise ImportError("No module named 'great_expectations'")

    monkeypatch.setattr(door, "_names", absent)
    with pytest.raises(MissingExtraError) as caught:
        load.__wrapped__()
    assert "author" in caught.value.hint


def test_importing_the_door_is_light_and_loading_is_quiet():
    done = fresh(
        """
        import sys, warnings, logging, gc
        import registry.checks.gx as door, registry.checks.run
        assert "great_expectations" not in sys.modules
        shown = warnings.showwarning
        warnings.simplefilter("error")
        door.load()
        assert warnings.showwarning is shown, "warnings of the process are not logged"
        assert gc.isenabled()
        import scipy.stats
        assert scipy.stats.norm.cdf(0) == 0.5
        from scipy.stats import norm
        print("end")
        """
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "end\n" and done.stderr == ""


def test_no_network(monkeypatch):
    import socket

    def refuse(*_, **__):
        raise AssertionError("a connection is opened")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    one = expectation("expect_table_row_count_to_equal", value=1)
    assert judge([one], {}, answered())[one.check_id].success


def test_spark_is_not_imported_for_it():
    """Great Expectations would import it where it is installed: two seconds that no check needs."""
    script = "import sys; from registry.checks.gx import load; load(); print('pyspark' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
