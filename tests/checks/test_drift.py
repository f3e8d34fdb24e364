"""Columns that are emptied, rows that are too few, and values far beyond: drift as it is told from profiles."""

from __future__ import annotations

import datetime as dt

import pyarrow as pa
import pytest

from registry.checks.distances import MEASURES
from registry.checks.references import References
from registry.checks.run import run_checks
from registry.checks.suite import expectations_of
from registry.reports.profile import profile
from registry.tables.duck import Session
from tests.checks.tables import schema_of, table_of

BETWEEN, SINCE = "expect_no_drift_between_splits", "expect_no_drift_from_previous_release"
MANY = 1_000


def drift(tmp_path, train, test):
    """The check by every measure."""
    tmp_path.mkdir(exist_ok=True)
    table = table_of(tmp_path, {"train": pa.table(train), "test": pa.table(test)})
    schema = schema_of(table)
    configs = [{"type": BETWEEN, "kwargs": {"measure": m}, "meta": {"check_id": m}} for m in MEASURES]
    with Session(table) as session:
        references = References(profile=lambda: profile(session, table, schema))
        return {one.id: one for one in run_checks(expectations_of(configs, "s"), table, schema, session, references)}


def numbers(rows, *, every=1):
    return pa.array([float(at) if at % every == 0 else None for at in range(rows)], pa.float64())


@pytest.mark.parametrize("every", [2, MANY + 1])
def test_a_column_that_is_emptied_has_moved(tmp_path, every):
    calm = {"다른": numbers(MANY)}
    later = pa.array([float(at) if at % every == 1 else None for at in range(MANY)], pa.float64())
    checks = drift(tmp_path, {"값": numbers(MANY), **calm}, {"값": later, **calm})
    assert {check.status for check in checks.values()} == {"fail"}
    for check in checks.values():
        assert check.observed["columns"]["다른"]["test"] == 0 and check.unexpected == 1
    assert checks["ks"].observed["value"] >= 0.4


def test_categories_that_are_emptied_have_moved(tmp_path):
    names = ["가", "나"] * 500
    checks = drift(tmp_path, {"값": names}, {"값": pa.array([*names[:400], *[None] * 600])})
    assert {name: check.status for name, check in checks.items()} == {
        "psi": "fail", "js": "fail", "ks": "not_measured", "wasserstein": "not_measured",
    }  # fmt: skip


@pytest.mark.parametrize("rows", [1, 3, 10])
def test_few_rows_tell_nothing_unless_they_lie_far(tmp_path, rows):
    some = pa.array([float((7 + 37 * at) % 50) for at in range(rows)])
    for name, check in drift(tmp_path / "near", {"값": numbers(50)}, {"값": some}).items():
        assert check.status == "not_measured", name
        assert "too few" in check.message and check.observed["too_few"] == ["값"]
    far = drift(tmp_path / "far", {"값": numbers(MANY)}, {"값": [1e6 + at for at in range(40)]})
    assert {check.status for check in far.values()} == {"fail"}


@pytest.mark.parametrize(
    ("usual", "far"),
    [
        (numbers(MANY).to_pylist(), 1e12),
        ([dt.datetime(2024, 1, 1, tzinfo=dt.UTC) + dt.timedelta(hours=at) for at in range(MANY)],
         dt.datetime(9999, 1, 1, tzinfo=dt.UTC)),
        ([dt.date(2024, 1, 1) + dt.timedelta(at) for at in range(MANY)], dt.date(9999, 1, 1)),
    ],
)  # fmt: skip
def test_what_lies_far_beyond_is_seen_by_the_mover_of_earth(tmp_path, usual, far):
    checks = drift(tmp_path, {"값": usual}, {"값": [*usual[:-1], far]})
    assert checks["wasserstein"].status == "fail" and checks["wasserstein"].observed["value"] > 1
    assert {checks[name].status for name in ("psi", "js", "ks")} == {"pass"}, "one row of a thousand"


def test_a_column_that_is_emptied_since_the_release_before(tmp_path):
    seen = []
    for at, values in enumerate((numbers(MANY), pa.nulls(MANY, pa.float64()))):
        table = table_of(tmp_path, {f"train{at}": pa.table({"값": values, "다른": numbers(MANY)})})
        with Session(table) as session:
            seen.append(profile(session, table, schema_of(table)))
            if at:
                config = {"type": SINCE, "kwargs": {"measure": "js"}}
                references = References("d@1.0.0", lambda: seen[0], lambda: seen[1])
                (check,) = run_checks(expectations_of([config], "s"), table, schema_of(table), session, references)
    assert check.status == "fail" and check.observed["columns"] == {"값": {"all": 1.0}, "다른": {"all": 0.0}}
