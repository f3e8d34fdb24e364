"""The suite that a new dataset starts with: what it must not have is critical, what it should not have warns.

Each threshold stands beside the value measured on the data at hand, so that a reader can judge
it. The text loads back through `load_suite` and is meant to be edited.

>>> print(entry(Entry("expect_rows_to_be_unique", "duplicates", "warning", {"max_share": 0.01}, "3 of 90 rows")))
  - type: expect_rows_to_be_unique
    kwargs: {"max_share": 0.01}  # measured: 3 of 90 rows
    severity: warning
    meta: {check_id: duplicates}
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from registry.checks.distinct import told_apart
from registry.checks.expectations import OURS
from registry.checks.expectations.agreement import ACCEPTABLE
from registry.checks.numbers import percent
from registry.checks.sampling import inputs_of
from registry.checks.specs import Counts, Facts, Unmeasured, within
from registry.checks.sql import is_number, missing
from registry.errors import RegistryError
from registry.model.evidence import Severity
from registry.model.schema import DatasetSchema
from registry.tables.duck import Session
from registry.tables.keys import make_keys
from registry.tables.table import Table

DUPLICATES = 0.01  # share of duplicates above which a maintainer wants to know
NEAR = 0.05  # share of near-duplicates within a split from which they weigh on what is learnt
SCORE = 0.99  # balanced accuracy of one column alone from which it gives the label away
FOLLOWED = 0.95  # share of labels that are what most annotators gave
GAIN = 0.02  # of balanced accuracy, by the last doubling of the rows
NOISE = 0.05  # share of labels that a model doubts
MODELS = "By a model, and so only where the extra `quality` is installed: take the marks away to have them judged."
NORMALISED = {"normalize": "text"}
UNTOLD = "columns that only number the rows, or name their split, are not compared"
HEAD = """\
# What a release of this dataset must be, in the shape of a Great Expectations suite.
# severity: critical blocks a release, warning is shown. Every expectation: {reference}
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """One expectation of the suite, with what was measured and why it stands there.

    `allow` says that it may be unmeasured, as it is on the data at hand.
    """

    type: str
    check_id: str
    severity: Severity
    kwargs: Mapping[str, Any]
    measured: str
    why: str = ""
    allow: bool = False


def default_suite(schema: DatasetSchema, table: Table, session: Session) -> str:
    """The YAML text of a first suite for `table`, measured on it. What the schema says is not repeated here."""
    facts = Facts.of(schema, table, session)
    entries = "\n".join([*(entry(one) for one in _entries(facts, table, session)), *_by_model(facts)])
    head = HEAD.format(reference="docs/reference/expectations.md")
    return f"{head}name: {json.dumps(schema.name, ensure_ascii=False)}\nexpectations:\n{entries}\n"


def entry(one: Entry) -> str:
    """An expectation as YAML."""
    kwargs = _printable(json.dumps(dict(one.kwargs), ensure_ascii=False))
    lines = [f"  # {one.why}"] if one.why else []
    lines += [
        f"  - type: {one.type}",
        f"    kwargs: {kwargs}" + (f"  # measured: {_printable(one.measured)}" if one.measured else ""),
        f"    severity: {one.severity}",
        f"    meta: {{check_id: {one.check_id}{', when_not_measured: allow' if one.allow else ''}}}",
    ]
    return "\n".join(lines)


def _printable(text: str) -> str:
    """The text with what YAML does not admit as it is written as an escape of YAML's."""
    return "".join(char if char.isprintable() else _escape(ord(char)) for char in text)


def _escape(code: int) -> str:
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _entries(facts: Facts, table: Table, session: Session) -> Iterator[Entry]:
    rows = "expect_table_row_count_to_be_between"
    least = {"min_value": max(1, table.rows // 2)}
    yield Entry(rows, "rows", "critical", least, f"{table.rows:,} rows", "half of the rows gone is an accident")
    compared = _compared(facts, session)
    yield from _leakage(compared, facts, session)
    personal: dict[str, Any] = {"max_count": 0}
    yield _judged("expect_no_personal_data", "personal-data", "critical", personal, facts, session)
    given: dict[str, Any] = {**compared.told, "max_share": DUPLICATES}
    yield _judged("expect_rows_to_be_unique", "duplicates", "warning", given, facts, session)
    if facts.role("text") or facts.image:
        given = {**compared.near, "max_share": NEAR}
        yield _judged("expect_no_near_duplicates", "near-duplicates", "warning", given, facts, session)
    if answer := facts.role("label"):
        columns = [name for name in compared.told.get("columns", ()) if name != answer]
        given = {**({"columns": columns} if columns else {}), **NORMALISED, "max_share": 0}
        yield _judged("expect_duplicates_to_agree_on_label", "label-conflicts", "warning", given, facts, session)
        given = {"max_score": SCORE}
        yield _judged("expect_no_target_leakage", "target-leakage", "warning", given, facts, session)
    yield from _annotated(facts, session)
    for label in facts.schema.columns_of_role("label"):
        yield from _labelled(label.name, facts, session)
        yield from _balance(label.name, facts, session)


@dataclass(frozen=True, slots=True)
class _Compared:
    """Arguments that say what is compared, empty where the expectations' own defaults will do.

    `whole` for rows as they are, `told` for rows but for what only tells them apart, `near` for look-alikes.
    """

    whole: Mapping[str, Any]
    told: Mapping[str, Any]
    near: Mapping[str, Any]


def _compared(facts: Facts, session: Session) -> _Compared:
    """A picture is the same under another caption, and captions repeat under different pictures."""
    if facts.image and facts.role("text"):
        pictures = {"columns": [facts.image]}
        return _Compared(pictures, pictures, {"column": facts.image})
    columns = () if facts.image or facts.role("text") else told_apart(facts, session)
    return _Compared({}, {"columns": list(columns)} if columns else {}, {})


def _leakage(compared: _Compared, facts: Facts, session: Session) -> Iterator[Entry]:
    """What must not stand in two splits: rows, rows but for their spelling, groups; and, as a warning, look-alikes."""
    for name, kwargs in (("leakage-exact", compared.whole), ("leakage-normalised", {**compared.told, **NORMALISED})):
        found = _judged("expect_splits_to_be_disjoint", name, "critical", {**kwargs, "max_share": 0}, facts, session)
        yield replace(found, why=UNTOLD) if compared.told and not compared.whole and kwargs else found
    if facts.role("group"):
        yield _judged("expect_groups_not_to_cross_splits", "leakage-groups", "critical", {}, facts, session)
    if facts.role("text") or facts.image:
        kind = "expect_splits_to_have_no_near_duplicates"
        yield _judged(kind, "leakage-near", "warning", {**compared.near, "max_share": 0}, facts, session)
        if compared.near:
            given = {"column": facts.role("text"), "max_share": 0}
            yield _judged(kind, "leakage-texts", "warning", given, facts, session)


def _judged(
    kind: str, check_id: str, severity: Severity, kwargs: Mapping[str, Any], facts: Facts, session: Session
) -> Entry:
    """The entry of an expectation, with what it counts on the data."""
    found = _measure(kind, kwargs, facts, session)
    if isinstance(found, Counts) and not found.nothing:
        text = f"{found.unexpected:,} of {found.total:,} {UNITS.get(kind, 'rows')} ({percent(found.share)})"
        return Entry(kind, check_id, severity, kwargs, text)
    why = " ".join((found.nothing if isinstance(found, Counts) else found.why).split())
    unmeasured = isinstance(found, Counts) or found.status == "not_measured"
    return Entry(kind, check_id, severity, kwargs, why, allow=unmeasured)


UNITS = {"expect_no_target_leakage": "columns"}


def _annotated(facts: Facts, session: Session) -> Iterator[Entry]:
    """What annotators say: that they agree and, where each has a column, that the label follows them.

    A single column of annotators names who gave the label of a row: the group is then what was rated.
    """
    people, groups = (facts.schema.columns_of_role(role) for role in ("annotator", "group"))
    if not people or (len(people) == 1 and len(groups) != 1):
        return
    item = {"item": groups[0].name} if len(people) == 1 else {}
    kind = "expect_annotator_agreement_at_least"
    level = {"level": "interval"} if _numbers("label" if item else "annotator", facts) else {}
    kwargs: dict[str, Any] = {**item, **level, "min_value": ACCEPTABLE}
    found = _measure(kind, kwargs, facts, session)
    measured = found.note if isinstance(found, Counts) else ""
    if measured:
        yield Entry(kind, "agreement", "warning", kwargs, measured.removeprefix("measured "))
    if not item and facts.role("label") and _numbers("label", facts) == _numbers("annotator", facts):
        given = {"min_share": FOLLOWED}
        yield _judged("expect_label_to_follow_annotators", "label-follows", "warning", given, facts, session)


def _by_model(facts: Facts) -> Iterator[str]:
    """Checks by a model, as comments: each check takes seconds, and whoever judges the dataset needs the extra."""
    if isinstance(inputs_of({}, facts), Unmeasured):
        return
    yield f"  # {MODELS}"
    offered = (
        Entry("expect_label_noise_at_most", "label-noise", "warning", {"max_share": NOISE}, ""),
        Entry("expect_data_to_suffice", "sufficiency", "warning", {"max_last_gain": GAIN}, ""),
    )
    for one in offered:
        yield "\n".join(line.replace("  ", "  # ", 1) for line in entry(one).splitlines())


def _numbers(role: str, facts: Facts) -> bool:
    return is_number(facts.columns.get(facts.role(role), ""))


def _labelled(label: str, facts: Facts, session: Session) -> Iterator[Entry]:
    """Rows without a label: the schema lets them pass, since they are there."""
    sql = f"SELECT count(*) FILTER ({missing(facts.columns, label)}) AS n FROM data"  # noqa: S608 (quoted)
    if without := session.value(sql):
        found = f"{without:,} of {facts.rows:,} rows ({percent(without / facts.rows)}) have none"
        kwargs = {"column": label}
        yield Entry("expect_column_values_to_not_be_null", f"labelled-{label}", "warning", kwargs, found)


def _balance(label: str, facts: Facts, session: Session) -> Iterator[Entry]:
    """A class at half of its present least share is worth a look."""
    kind = "expect_class_balance_to_be_at_least"
    found = _measure(kind, {"column": label, "min_share": 0}, facts, session)
    if not isinstance(found, Counts) or found.observed["min_share"] is None:
        return
    least = float(found.observed["min_share"])
    kwargs = {"column": label, "min_share": _floor(least / 2)}
    yield Entry(kind, f"balance-{label}", "warning", kwargs, f"the rarest class has {percent(least)} of a split")


def _floor(share: float) -> float:
    """A share cut to two significant digits; 0.01 for none at all.

    >>> _floor(0.1666), _floor(0)
    (0.16, 0.01)
    """
    if not share:
        return 0.01
    unit = 10.0 ** (math.floor(math.log10(share)) - 1)
    return float(f"{math.floor(share / unit + 1e-9) * unit:.2g}")


def _measure(kind: str, kwargs: Mapping[str, Any], facts: Facts, session: Session) -> Counts | Unmeasured:
    """What an expectation of ours counts on the data, or why it counts nothing."""
    try:
        measure = OURS[kind].measure(kwargs, facts)
        if isinstance(measure, Unmeasured):
            return measure
        for request in measure.keys:
            make_keys(session, request)
        counts = measure.reduce(session.rows(measure.count_sql))
        if (
            counts.nothing
            or within(counts, max_share=measure.max_share, max_count=measure.max_count)
            or measure.doubt is None
        ):
            return counts
        return replace(counts, nothing=measure.doubt(session, {**counts.observed, "unexpected": counts.unexpected}))
    except RegistryError as error:
        return Unmeasured(str(error))
