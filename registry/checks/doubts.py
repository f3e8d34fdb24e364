"""All labels that are probably wrong, the most doubtful first, for people to decide on.

>>> KIND
'expect_label_noise_at_most'
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from registry.checks.expectations import OURS
from registry.checks.expectations.noise import SAMPLE
from registry.checks.samples import Sampler
from registry.checks.specs import Counts, Facts, Unmeasured
from registry.checks.suite import Expectation
from registry.model.schema import DatasetSchema
from registry.tables.duck import Session
from registry.tables.keys import make_keys
from registry.tables.table import Table

KIND = "expect_label_noise_at_most"


@dataclass(frozen=True, slots=True)
class Doubts:
    """`rows` of `{row, split, values, suggested, confidence}`, of `assessed` ones; `nothing` says why there are none.

    `label` is the column; `values` hold it as it is, and the features masked as evidence masks them, or `whole`.
    """

    label: str
    assessed: int
    observed: Mapping[str, Any]
    rows: tuple[Mapping[str, Any], ...]
    nothing: str = ""
    whole: bool = False


def doubts(
    session: Session, table: Table, schema: DatasetSchema, expectations: Sequence[Expectation], *, whole: bool = False
) -> Doubts:
    """Asks as the suite's check of label noise asks, or else by its defaults; `whole` tells texts in full.

    Raises `MissingExtraError` without the extra `quality`.
    """
    given = next((one.kwargs for one in expectations if one.type == KIND), {})
    facts = Facts.of(schema, table, session)
    measure = OURS[KIND].measure(given, facts)
    if isinstance(measure, Unmeasured):
        return Doubts("", 0, {}, (), measure.why)
    for request in measure.keys:
        make_keys(session, request)
    counts: Counts = measure.reduce(session.rows(measure.count_sql))
    (label,) = measure.columns
    if counts.nothing or measure.examples is None:
        return Doubts(label, 0, counts.observed, (), counts.nothing)
    features = [name for name in counts.observed["features"] if name != label]
    rows = Sampler(session, table, schema, whole=whole).examples([label, *features], measure.examples, SAMPLE)
    return Doubts(label, counts.total, counts.observed, rows, whole=whole)
